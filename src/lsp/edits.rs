//! Where a name is declared and used, and what giving it another name would change. What looks the
//! same in the rule files of the folder that are not open is found too, if it is the same.

use std::collections::BTreeMap;
use std::iter::once;
use std::path::PathBuf;

use lsp_types::{Location, Range, TextEdit, Uri, WorkspaceEdit};

use crate::base::ids::FileId;
use crate::lsp::directives;
use crate::lsp::names::{Meaning, Occurrence, at, occurrences};
use crate::lsp::places::range;
use crate::lsp::published::is_library;
use crate::lsp::workspace::{Texts, Unit, Workspace};
use crate::session::load::rule_files;
use crate::syntax::ast::ItemKind;
use crate::syntax::lexer::lex;
use crate::syntax::parser::parse;
use crate::syntax::token::Kind;
use crate::testing::file::{ENDING, TestFile};
use crate::text::files::Files;
use crate::text::span::Span;

/// Where the name at a place is declared; of an `.include` the file. Of a variable it is its first
/// place in the body.
#[must_use]
pub fn definition(workspace: &Workspace, unit: &Unit, place: Span) -> Vec<Location> {
    if let Some(file) = include(workspace, unit, place) {
        return vec![file];
    }
    let found = occurrences(&unit.texts.trees, &unit.texts.files);
    let Some(name) = at(&found, place) else { return Vec::new() };
    let mut places: Vec<Span> = match name.meaning {
        Meaning::Variable(rule, _) => {
            binding(unit, rule, name.meaning, &found).into_iter().collect()
        }
        meaning => {
            let declares = |one: &&Occurrence<'_>| one.declares && one.meaning == meaning;
            found.iter().filter(declares).map(|one| one.span).collect()
        }
    };
    places.dedup();
    places.into_iter().filter_map(|span| workspace.location(&unit.texts, span)).collect()
}

/// The file that an `.include` at this place means.
fn include(workspace: &Workspace, unit: &Unit, place: Span) -> Option<Location> {
    let texts = &unit.texts;
    let (tree, _) = parse(&texts.files.get(place.file).text, place.file);
    let path = tree.items.iter().find_map(|item| match &item.kind {
        ItemKind::Include { path } => {
            (path.span.start <= place.start && place.start <= path.span.end).then_some(path)
        }
        _ => None,
    })?;
    let origin = workspace.included(&texts.origin(place.file), &path.node)?;
    let key = PathBuf::from(origin.key());
    Some(Location::new(workspace.shown(&origin, &key)?, Range::default()))
}

/// The first place of a variable in the body of its rule, else in the head.
fn binding(
    unit: &Unit,
    rule: Span,
    variable: Meaning<'_>,
    found: &[Occurrence<'_>],
) -> Option<Span> {
    let items = unit.texts.trees.iter().flat_map(|tree| &tree.items);
    let head_end = items.filter(|item| item.span.0 == rule).find_map(|item| match &item.kind {
        ItemKind::Rule(rule) => rule.heads.last().map(|head| head.span.0.end),
        _ => None,
    })?;
    let own: Vec<Span> = found
        .iter()
        .filter(|one| one.meaning == variable && one.span.start >= rule.start)
        .map(|one| one.span)
        .collect();
    own.iter().find(|span| span.start >= head_end).or_else(|| own.first()).copied()
}

/// A place of a name.
struct Use {
    key: PathBuf,
    uri: Option<Uri>,
    range: Range,
    start: u32,
    declares: bool,
}

/// All places of the name at a place, by text and in order, each once.
fn uses(workspace: &Workspace, unit: &Unit, name: Occurrence<'_>) -> Vec<Use> {
    let mut found = Vec::new();
    let own = occurrences(&unit.texts.trees, &unit.texts.files);
    add_uses(
        &mut found,
        workspace,
        &unit.texts,
        own.iter().filter(|one| one.meaning == name.meaning),
    );
    let declared: Vec<(PathBuf, u32)> =
        found.iter().filter(|one| one.declares).map(|one| (one.key.clone(), one.start)).collect();
    if matches!(name.meaning, Meaning::Relation(_) | Meaning::Type(_)) && !declared.is_empty() {
        let mut more: Vec<Texts> = Vec::new();
        for path in beside(workspace, declared.iter().map(|(key, _)| key)) {
            more.push(workspace.texts(&path));
        }
        let closed = tests_beside(workspace, declared.iter().map(|(key, _)| key));
        let open = workspace.units().map(|(_, unit)| (unit.test.as_ref(), &unit.texts));
        let more = more.iter().map(|texts| (None, texts));
        let tests = closed.iter().map(|(test, texts)| (Some(test), texts));
        for (test, texts) in open.chain(more).chain(tests) {
            let all = occurrences(&texts.trees, &texts.files);
            let same: Vec<_> = all.iter().filter(|one| one.meaning == name.meaning).collect();
            let is_declared = |one: &&Occurrence<'_>| {
                let key = texts.key(one.span.file);
                one.declares
                    && declared.iter().any(|(other, at)| other == key && *at == one.span.start)
            };
            if same.iter().copied().any(|one| is_declared(&one)) {
                add_uses(&mut found, workspace, texts, same.into_iter());
                if let (Some(test), Meaning::Relation(name)) = (test, name.meaning) {
                    add_directives(&mut found, workspace, test, name);
                }
            }
        }
    }
    found.sort_by(|a, b| (&a.key, a.start).cmp(&(&b.key, b.start)));
    found.dedup_by(|a, b| a.key == b.key && a.start == b.start);
    found
}

fn add_uses<'o, 't: 'o>(
    found: &mut Vec<Use>,
    workspace: &Workspace,
    texts: &Texts,
    names: impl Iterator<Item = &'o Occurrence<'t>>,
) {
    for one in names {
        let key = texts.key(one.span.file);
        found.push(Use {
            key: key.to_owned(),
            uri: workspace.uri(key).filter(|_| !is_library(key)),
            range: range(&texts.files, one.span),
            start: one.span.start,
            declares: one.declares,
        });
    }
}

/// Adds the places in the directives of a test file.
fn add_directives(found: &mut Vec<Use>, workspace: &Workspace, test: &TestFile, name: &str) {
    let key = test.path.canonicalize().unwrap_or_else(|_| test.path.clone());
    for span in directives::uses(test, name) {
        found.push(Use {
            uri: workspace.uri(&key),
            key: key.clone(),
            range: range(&test.files, span),
            start: span.start,
            declares: false,
        });
    }
}

/// Test files in the folders of these that no editor holds, with what they say.
fn tests_beside<'k>(
    workspace: &Workspace,
    keys: impl Iterator<Item = &'k PathBuf>,
) -> Vec<(TestFile, Texts)> {
    let mut tests: Vec<PathBuf> = keys
        .filter(|key| !is_library(key) && key.is_absolute())
        .filter_map(|key| key.parent()?.read_dir().ok())
        .flat_map(|folder| folder.flatten().map(|entry| entry.path()))
        .filter(|path| path.to_str().is_some_and(|path| path.ends_with(ENDING)))
        .filter(|path| workspace.buffer(path).is_none())
        .collect();
    tests.sort();
    tests.dedup();
    tests.iter().filter_map(|path| workspace.test(path)).collect()
}

/// Rule files in the folders of these that no program has read.
fn beside<'k>(workspace: &Workspace, keys: impl Iterator<Item = &'k PathBuf>) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = keys
        .filter(|key| !is_library(key))
        .filter_map(|key| Some(key.parent()?.to_owned()))
        .collect();
    folders.extend(workspace.buffers().filter_map(|(key, _)| Some(key.parent()?.to_owned())));
    folders.retain(|folder| folder.is_absolute());
    folders.sort();
    folders.dedup();
    let paths = folders
        .iter()
        .flat_map(|folder| rule_files(folder).into_iter().map(move |name| folder.join(name)));
    paths
        .filter(|path| workspace.units().all(|(_, unit)| unit.texts.file(path).is_none()))
        .collect()
}

/// Where the name at a place is used, and with `declaration` where it is declared.
#[must_use]
pub fn references(
    workspace: &Workspace,
    unit: &Unit,
    place: Span,
    declaration: bool,
) -> Vec<Location> {
    let found = occurrences(&unit.texts.trees, &unit.texts.files);
    let Some(name) = at(&found, place) else { return Vec::new() };
    let uses = uses(workspace, unit, name);
    let wanted = uses.into_iter().filter(|one| declaration || !one.declares);
    wanted.filter_map(|one| Some(Location::new(one.uri?, one.range))).collect()
}

/// The name at a place, if it can be given another.
///
/// # Errors
/// Why it cannot.
pub fn renamed(workspace: &Workspace, unit: &Unit, place: Span) -> Result<(Range, String), String> {
    let found = occurrences(&unit.texts.trees, &unit.texts.files);
    let name = at(&found, place).ok_or("no name stands here")?;
    allowed(workspace, unit, name)
        .map(|_| (range(&unit.texts.files, name.span), name.meaning.name().to_owned()))
}

fn allowed(workspace: &Workspace, unit: &Unit, name: Occurrence<'_>) -> Result<Vec<Use>, String> {
    let text = name.meaning.name();
    let is_declared = matches!(name.meaning, Meaning::Variable(..));
    if matches!(name.meaning, Meaning::Builtin(_)) {
        return Err(format!("`{text}` is a word of the language"));
    }
    let uses = uses(workspace, unit, name);
    if let Some(fixed) = uses.iter().find(|one| one.uri.is_none()) {
        let file = fixed.key.display().to_string();
        let module = file.rsplit(['/', ':']).next().unwrap_or(&file);
        let what = if fixed.declares { "is declared" } else { "is used" };
        return Err(format!("`{text}` {what} in {module}, a module of the library"));
    }
    if !is_declared && uses.iter().all(|one| !one.declares) {
        return Err(match name.meaning {
            Meaning::Type(_) if unit.program.types.iter().any(|ty| ty.name == text) => {
                format!("`{text}` is a built-in type")
            }
            _ => format!("nothing declares the {} `{text}`", name.meaning.noun()),
        });
    }
    Ok(uses)
}

/// The edits that give the name at a place another one.
///
/// # Errors
/// Why it cannot have it.
pub fn rename(
    workspace: &Workspace,
    unit: &Unit,
    place: Span,
    new: &str,
) -> Result<WorkspaceEdit, String> {
    let found = occurrences(&unit.texts.trees, &unit.texts.files);
    let name = at(&found, place).ok_or("no name stands here")?;
    let uses = allowed(workspace, unit, name)?;
    if !is_name(new) {
        return Err(format!("`{new}` cannot be a name"));
    }
    let texts = workspace.units().map(|(_, unit)| &unit.texts);
    for texts in texts.chain(once(&unit.texts)) {
        let all = occurrences(&texts.trees, &texts.files);
        let mut others = all.iter().filter(|one| one.meaning.is_beside(name.meaning));
        let is_own = |file: FileId| texts.key(file) == unit.texts.key(place.file);
        let taken = others.any(|one| {
            let local = matches!(one.meaning, Meaning::Variable(..) | Meaning::Column(..));
            one.meaning.name() == new
                && name.meaning.name() != new
                && (!local || is_own(one.span.file))
        });
        if taken {
            return Err(format!("there is a {} `{new}` already", name.meaning.noun()));
        }
    }
    let mut changes: BTreeMap<Uri, Vec<TextEdit>> = BTreeMap::new();
    for one in uses {
        let uri = one.uri.ok_or("a module of the library cannot be changed")?;
        changes.entry(uri).or_default().push(TextEdit::new(one.range, new.to_owned()));
    }
    Ok(WorkspaceEdit { changes: Some(changes.into_iter().collect()), ..WorkspaceEdit::default() })
}

/// Whether a text can be a name.
fn is_name(text: &str) -> bool {
    let file = Files::new().add("", text);
    let lexed = lex(text, file);
    let is_whole = |span: Span| span.range() == (0..text.len());
    lexed.diagnostics.is_empty()
        && matches!(lexed.tokens.as_slice(), [name, end]
            if name.kind == Kind::Name && end.kind == Kind::End && is_whole(name.span))
}
