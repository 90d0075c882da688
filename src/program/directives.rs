//! `.input`, `.output`, `.printsize` and `.pragma`.

use std::path::{Component, Path, PathBuf};

use crate::base::hash::Set;
use crate::base::ids::RelationId;
use crate::program::check::Unknown;
use crate::program::names::{Names, is_direction};
use crate::program::program::FileDirective;
use crate::program::suggest::nearest;
use crate::syntax::ast::{Directive, DirectiveKind, Item, ItemKind, Name, Spanned};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;

/// Parameters that have an effect.
const KNOWN: [&str; 3] = ["IO", "filename", "name"];
/// Parameters of the dialect that hence does not follow yet.
const LATER: &[&str] = &[
    "delimiter",
    "headers",
    "rfc4180",
    "columns",
    "dbname",
    "format",
    "compress",
    "params",
    "types",
    "attributeNames",
    "rfc",
    "n",
];
/// Files that a run adds to its outputs.
const OWN_FILES: [&str; 2] = ["hence-run.json", "rejected.jsonl"];
/// Pragmas of the dialect: they steer other evaluators.
const PRAGMAS: &[&str] = &[
    "magic-transform",
    "magic-transform-exclude",
    "provenance",
    "legacy",
    "inline-exclude",
    "disable-transformers",
    "verbose",
    "jobs",
    "profile",
    "emit-statistics",
    "auto-schedule",
    "suppress-warnings",
    "libraries",
    "library-dir",
    "fact-dir",
    "output-dir",
    "show",
];

/// What the directives of a program say.
#[derive(Default)]
pub(crate) struct Directives {
    pub(crate) inputs: Vec<FileDirective>,
    pub(crate) outputs: Vec<FileDirective>,
    pub(crate) printsizes: Vec<RelationId>,
    seen: Set<(u8, RelationId, Option<String>, Option<String>)>,
}

impl Directives {
    /// Reads a directive, a declaration's qualifiers, or a pragma; other items say nothing here.
    pub(crate) fn read(
        &mut self,
        item: &Item,
        names: &Names,
        unknown: &mut Unknown,
        found: &mut Vec<Diagnostic>,
    ) {
        match &item.kind {
            ItemKind::Directive(directive) => {
                let parameters = Parameters::read(directive, found);
                for name in &directive.relations {
                    match names.relation(&name.node) {
                        Some(relation) => {
                            self.add(directive.kind, relation, &parameters, item.span.0);
                        }
                        None => unknown.add(&name.node, name.span, None),
                    }
                }
            }
            ItemKind::Relation(declaration) => {
                for word in declaration.qualifiers.iter().filter(|q| is_direction(&q.node)) {
                    let kind = match word.node.as_str() {
                        "input" => DirectiveKind::Input,
                        "output" => DirectiveKind::Output,
                        _ => DirectiveKind::Printsize,
                    };
                    for relation in declaration.names.iter().filter_map(|n| names.relation(&n.node))
                    {
                        self.add(kind, relation, &Parameters::default(), word.span);
                    }
                }
            }
            ItemKind::Pragma { key, value } => found.push(pragma(key, value.as_ref())),
            ItemKind::Type(_) | ItemKind::Rule(_) | ItemKind::Include { .. } | ItemKind::Once => {}
        }
    }

    /// Two outputs do not write one file, and none writes outside of the output folder or over
    /// what a run writes itself.
    pub(crate) fn check_outputs(&self, names: &Names, found: &mut Vec<Diagnostic>) {
        let file = |directive: &FileDirective| {
            let relation = &names.relations[directive.relation].name;
            let stem = directive.name.as_ref().unwrap_or(relation);
            directive.filename.clone().unwrap_or_else(|| format!("{stem}.csv"))
        };
        // However it is spelt: `./a//b.csv` is `a/b.csv`.
        let path = |name: &str| -> PathBuf {
            Path::new(name).components().filter(|part| *part != Component::CurDir).collect()
        };
        for (index, directive) in self.outputs.iter().enumerate() {
            let name = file(directive);
            let own = path(&name);
            let inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
            if !Path::new(&name).components().all(inside) {
                found.push(
                    Diagnostic::new(Code::H0109, format!("`{name}` leaves the output folder"))
                        .label(directive.span, "")
                        .help("give a path below the folder of -D"),
                );
            }
            if OWN_FILES.iter().any(|file| own == Path::new(file)) {
                found.push(
                    Diagnostic::new(Code::H0109, format!("a run writes `{name}` itself"))
                        .label(directive.span, "")
                        .help("give the file another name"),
                );
            }
            let same = |other: &&FileDirective| path(&file(other)) == own;
            if let Some(first) = self.outputs[..index].iter().find(same) {
                found.push(
                    Diagnostic::new(Code::H0109, format!("two outputs write `{name}`"))
                        .label(directive.span, "written again here")
                        .label(first.span, "first written here"),
                );
            }
        }
    }

    /// The same directive twice counts once.
    fn add(
        &mut self,
        kind: DirectiveKind,
        relation: RelationId,
        parameters: &Parameters,
        span: Span,
    ) {
        let Parameters { filename, name } = parameters.clone();
        if !self.seen.insert((kind as u8, relation, filename.clone(), name.clone())) {
            return;
        }
        let directive = FileDirective { relation, filename, name, span };
        match kind {
            DirectiveKind::Input => self.inputs.push(directive),
            DirectiveKind::Output => self.outputs.push(directive),
            DirectiveKind::Printsize => self.printsizes.push(relation),
        }
    }
}

/// The parameters that have an effect.
#[derive(Clone, Default)]
struct Parameters {
    filename: Option<String>,
    name: Option<String>,
}

impl Parameters {
    fn read(directive: &Directive, found: &mut Vec<Diagnostic>) -> Self {
        let mut parameters = Self::default();
        let mut seen: Vec<&Name> = Vec::new();
        for (key, value) in &directive.parameters {
            if let Some(first) = seen.iter().find(|first| first.node == key.node) {
                found.push(
                    Diagnostic::new(Code::H0109, format!("`{}` is given twice", key.node))
                        .label(key.span, "given again here")
                        .label(first.span, "first given here"),
                );
                continue;
            }
            seen.push(key);
            let is_printsize = directive.kind == DirectiveKind::Printsize;
            match key.node.as_str() {
                "IO" => io(value, is_printsize, found),
                "filename" | "name" if value.node.is_empty() => found.push(
                    Diagnostic::new(Code::H0109, format!("`{}` is empty", key.node))
                        .label(value.span, "a name is needed here"),
                ),
                "filename" if !is_printsize => parameters.filename = Some(value.node.clone()),
                "name" if !is_printsize => parameters.name = Some(value.node.clone()),
                _ => found.push(parameter(key, is_printsize)),
            }
        }
        parameters
    }
}

fn io(value: &Spanned<String>, is_printsize: bool, found: &mut Vec<Diagnostic>) {
    let wanted = if is_printsize { "stdout" } else { "file" };
    if !value.node.is_empty() && value.node != wanted {
        found.push(
            Diagnostic::new(Code::H0003, format!("IO={} is not supported yet", value.node))
                .label(value.span, format!("hence knows IO={wanted} here")),
        );
    }
}

fn parameter(key: &Name, is_printsize: bool) -> Diagnostic {
    let word = key.node.as_str();
    if LATER.contains(&word) {
        return Diagnostic::new(Code::H0003, format!("parameter `{word}` is not supported yet"))
            .label(key.span, "");
    }
    let diagnostic = Diagnostic::new(Code::H0109, format!("unknown parameter `{word}`"));
    if is_printsize {
        return diagnostic.label(key.span, "`.printsize` takes none");
    }
    let diagnostic = diagnostic.label(key.span, "no such parameter");
    match nearest(word, KNOWN).first() {
        Some(near) => diagnostic.fix("a parameter with a similar name exists", key.span, *near),
        None => diagnostic.note("the parameters are IO, filename and name"),
    }
}

fn pragma(key: &Spanned<String>, value: Option<&Spanned<String>>) -> Diagnostic {
    let span = value.map_or(key.span, |value| key.span.to(value.span));
    let word = key.node.as_str();
    if PRAGMAS.contains(&word) {
        return Diagnostic::new(Code::L0208, format!("pragma `{word}` has no effect"))
            .label(span, "hence evaluates without it");
    }
    let diagnostic =
        Diagnostic::new(Code::L0208, format!("unknown pragma `{}`", word.escape_debug()))
            .label(span, "it has no effect");
    match nearest(word, PRAGMAS.iter().copied()).first() {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic,
    }
}
