//! Rule files with all that they include. A file is read once, however often it is named; what a
//! file includes comes before the file itself; a circle is an error that prints it.

use std::path::{Path, PathBuf};

use crate::base::hash::Set;
use crate::base::ids::FileId;
use crate::base::nearest::nearest;
use crate::io::library::{self, Origin};
use crate::syntax::ast;
use crate::syntax::parser::parse;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::files::Files;
use crate::text::span::Span;

/// A rule file.
#[derive(Clone, Debug)]
pub struct Source {
    /// Where it was found.
    pub origin: Origin,
    /// Its text.
    pub file: FileId,
    /// Its tree.
    pub tree: ast::Program,
}

/// Reads `roots` and what they include.
pub fn read(
    roots: &[PathBuf],
    include: &[PathBuf],
    files: &mut Files,
) -> (Vec<Source>, Vec<Diagnostic>) {
    let mut reader = Reader {
        include,
        files,
        done: Set::default(),
        open: Vec::new(),
        sources: Vec::new(),
        messages: Vec::new(),
    };
    for root in roots {
        reader.visit(Origin::Disk(root.clone()), None);
    }
    (reader.sources, reader.messages)
}

struct Reader<'a> {
    include: &'a [PathBuf],
    files: &'a mut Files,
    done: Set<String>,
    /// The files that are being read, outermost first.
    open: Vec<Origin>,
    sources: Vec<Source>,
    messages: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn visit(&mut self, origin: Origin, from: Option<Span>) {
        let key = origin.key();
        if let Some(start) = self.open.iter().position(|open| open.key() == key) {
            let mut names: Vec<String> = self.open[start..].iter().map(Origin::name).collect();
            names.push(origin.name());
            let circle = Diagnostic::new(Code::H0005, "these files include each other in a circle")
                .note(names.join(" -> "));
            self.messages.push(at(circle, from, "closes the circle"));
            return;
        }
        if !self.done.insert(key) {
            return;
        }
        match library::read(&origin) {
            Ok(text) => self.parse(origin, text),
            Err(reason) => {
                let code = if from.is_some() { Code::H0005 } else { Code::H0306 };
                let text = format!("{} cannot be read: {reason}", origin.name());
                self.messages.push(at(Diagnostic::new(code, text), from, "included here"));
            }
        }
    }

    fn parse(&mut self, origin: Origin, text: String) {
        if u32::try_from(text.len()).is_err() {
            let message = format!("{} is too large for a rule file (4 GiB)", origin.name());
            self.messages.push(Diagnostic::new(Code::H0306, message));
            return;
        }
        let file = self.files.add(origin.name(), text);
        let text = self.files.get(file).text.clone();
        let (tree, messages) = parse(&text, file);
        self.messages.extend(messages);
        self.open.push(origin.clone());
        for item in &tree.items {
            if let ast::ItemKind::Include { path } = &item.kind {
                self.follow(&path.node, path.span, &origin);
            }
        }
        self.open.pop();
        self.sources.push(Source { origin, file, tree });
    }

    fn follow(&mut self, path: &str, span: Span, from: &Origin) {
        let candidates = library::candidates(path, from, self.include);
        if let Some(found) = candidates.iter().find(|origin| library::exists(origin)) {
            self.visit(found.clone(), Some(span));
            return;
        }
        let looked: Vec<String> = candidates.iter().map(Origin::name).collect();
        let mut message = Diagnostic::new(Code::H0005, format!("no file {path} to include"))
            .label(span, format!("looked for {}", looked.join(", ")));
        let modules = library::modules();
        let mut names: Vec<String> = modules.iter().map(|(name, _)| (*name).to_owned()).collect();
        names.extend(beside(from));
        if let [near, ..] = nearest(path, names.iter().map(String::as_str)).as_slice() {
            let title = format!("a file of a similar name exists: {near}");
            message = message.fix(title, span, format!("\"{near}\""));
        }
        self.messages.push(message);
    }
}

/// Names of the rule files in the folder of a file.
fn beside(from: &Origin) -> Vec<String> {
    let Origin::Disk(path) = from else {
        return Vec::new();
    };
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let names = folder.read_dir().into_iter().flatten();
    let mut names: Vec<String> = names
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".dl"))
        .collect();
    names.sort();
    names
}

fn at(message: Diagnostic, span: Option<Span>, text: &str) -> Diagnostic {
    match span {
        Some(span) => message.label(span, text),
        None => message,
    }
}
