//! Two runs compared: what their folders hold, by key, and what went in differently. A file that
//! went in is looked at only if it still has the hash that the run noted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map as Object, Value as Json};

use crate::base::hash::{Set, sha256};
use crate::base::ids::{FileId, Id, RelationId};
use crate::engine::facts::Facts;
use crate::engine::limits::Limits;
use crate::io::delimited;
use crate::io::find::shown;
use crate::io::library::{self, Origin};
use crate::io::map;
use crate::program::program::Program;
use crate::session::changes::Part;
use crate::session::diff::{Difference, pair};
use crate::session::options::Options;
use crate::session::session::{Refused, Session};
use crate::syntax::ast::{AnnotationArg, ItemKind};
use crate::syntax::parser::parse;
use crate::text::codes::Code;
use crate::text::diagnostic::{Diagnostic, Severity};
use crate::value::base_type::BaseType;
use crate::value::value::Tuple;

/// The name of the file that describes a run.
const RUN_FILE: &str = "hence-run.json";

/// A folder that a run has written.
#[derive(Debug)]
pub struct Run {
    folder: PathBuf,
    about: Json,
}

/// Two runs, ready to be compared.
pub struct Runs {
    /// A session that knows the relations of both, and nothing else.
    pub session: Session,
    /// Relations that only one of them has, or that have other columns: name, and what it is.
    pub apart: Vec<(String, &'static str)>,
    old: Run,
    new: Run,
}

/// Something that went in differently.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Cause {
    /// `claim c0201`, `rule “total”`, `row of e`, `document seed`.
    pub what: String,
    /// What became of it.
    pub how: How,
    /// More: the fields that were edited, the row, the sentence.
    pub detail: String,
    /// What it is in the old run and in the new one.
    pub item: (Option<Item>, Option<Item>),
}

/// Something that goes into a run.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Item {
    /// A record of claims files: its kind and name.
    Record(String, String),
    /// A row of a fact file: its relation and line.
    Row(String, String),
    /// A rule or fact of a rule file, its words with single blanks.
    Statement(String),
    /// Something that cannot be left out.
    Other,
}

/// What became of something that went in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum How {
    /// It went.
    Removed,
    /// It came.
    Added,
    /// It is another.
    Edited,
    /// It differs, and what it was cannot be read any more.
    Unreadable,
}

impl How {
    /// In a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::Added => "added",
            Self::Edited => "edited",
            Self::Unreadable => "changed",
        }
    }
}

/// The warning of an output that is not as it was written.
fn edited_since(path: &Path) -> Diagnostic {
    let mut message = refused(format!("{} has been edited since the run wrote it", shown(path)));
    message.severity = Severity::Warning;
    message.note("it has another hash than in hence-run.json; it is compared as it is now")
}

pub(super) fn refused(text: String) -> Diagnostic {
    Diagnostic::new(Code::H0306, text)
}

impl Run {
    /// Reads what a folder says of its run.
    ///
    /// # Errors
    /// If no run has written it.
    pub fn read(folder: &Path) -> Result<Self, Refused> {
        let path = folder.join(RUN_FILE);
        let help = "`hence run -D FOLDER` writes one beside the outputs";
        let bytes = map::read(&path).map_err(|error| {
            let text = format!("{} cannot be read: {error}", shown(&path));
            vec![refused(text).help(help)]
        })?;
        let about: Option<Json> = serde_json::from_slice(&bytes).ok();
        let is_run = |about: &Json| about["schema"] == "hence.run/1";
        let Some(about) = about.filter(is_run) else {
            return Err(vec![refused(format!("{} is no run of hence", shown(&path))).help(help)]);
        };
        Ok(Self { folder: folder.to_owned(), about })
    }

    /// The warning that it cannot be made again.
    pub(super) fn is_gone(&self) -> Diagnostic {
        let text = format!("the run of {} cannot be made again", shown(&self.folder));
        let mut message = refused(text);
        message.severity = Severity::Warning;
        message.note("what it read is not there as it was: what rests on it is not told in full")
    }

    pub(super) fn about(&self) -> &Json {
        &self.about
    }

    pub(super) fn list(&self, pointer: &str) -> &[Json] {
        self.about.pointer(pointer).and_then(Json::as_array).map_or(&[], Vec::as_slice)
    }

    /// `.decl` lines for the outputs, by relation.
    fn declarations(&self) -> Result<BTreeMap<String, String>, Refused> {
        let mut found = BTreeMap::new();
        for output in self.list("/outputs") {
            let name = text(output, "relation");
            let Some(columns) = output["columns"].as_array() else {
                let text =
                    format!("{}: the run was written by an older hence", shown(&self.folder));
                return Err(vec![refused(text).help("run it again")]);
            };
            let column = |column: &Json| {
                let ty = if column["date"] == true { "Day" } else { text(column, "type") };
                format!("{}: {ty}", text(column, "name"))
            };
            let columns: Vec<String> = columns.iter().map(column).collect();
            found.insert(name.to_owned(), format!(".decl {name}({})", columns.join(", ")));
        }
        Ok(found)
    }

    /// The columns that tell the rows of a relation apart.
    fn key(&self, relation: &str) -> Vec<usize> {
        let output = self.list("/outputs").iter().find(|one| text(one, "relation") == relation);
        let key = output.and_then(|output| output["key"].as_array());
        let number = |n: &Json| n.as_u64().and_then(|n| usize::try_from(n).ok());
        key.map_or_else(Vec::new, |key| key.iter().filter_map(number).collect())
    }

    /// The rows of an output.
    fn rows(
        &self,
        (program, relation): (&Program, RelationId),
        facts: &mut Facts,
        limits: &Limits,
    ) -> Result<Option<Diagnostic>, Refused> {
        let about = &program.relations[relation];
        let name = self.list("/outputs").iter().find(|one| text(one, "relation") == about.name);
        let path = self.folder.join(name.map_or("", |one| text(one, "file")));
        let bytes = map::read(&path)
            .map_err(|error| vec![refused(format!("{} cannot be read: {error}", shown(&path)))])?;
        let bases: Vec<BaseType> = about.columns.iter().map(|column| column.base).collect();
        let into = &mut facts.relations[relation];
        let read =
            delimited::read(&delimited::Part::whole(&bytes), &bases, &facts.codes, limits, into);
        if read.is_ok_and(|outcome| outcome.bad_lines.is_empty()) {
            let noted = name.and_then(|one| one["sha256"].as_str());
            let same = noted.is_none_or(|noted| noted == sha256(&bytes));
            return Ok((!same).then(|| edited_since(&path)));
        }
        Err(vec![refused(format!("{} is not what the run wrote", shown(&path)))])
    }
}

fn text<'j>(json: &'j Json, field: &str) -> &'j str {
    json[field].as_str().unwrap_or_default()
}

impl Runs {
    /// Two runs, by their folders.
    ///
    /// # Errors
    /// If one is none.
    pub fn read(old: &Path, new: &Path, options: Options) -> Result<Self, Refused> {
        let (old, new) = (Run::read(old)?, Run::read(new)?);
        let (before, after) = (old.declarations()?, new.declarations()?);
        let mut program = "//@ date\n.type Day <: number\n".to_owned();
        let mut apart = Vec::new();
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for name in names {
            match (before.get(name), after.get(name)) {
                (Some(a), Some(b)) if a == b => program.push_str(&format!("{a}\n")),
                (Some(_), Some(_)) => apart.push((name.clone(), "has other columns")),
                (Some(_), None) => apart.push((name.clone(), "is written no longer")),
                _ => apart.push((name.clone(), "was not written")),
            }
        }
        let mut session = Session::new(options);
        session.load(&[])?;
        let file = session.files_mut().add("relations of both runs", program);
        session.add_typed(file)?;
        Ok(Self { session, apart, old, new })
    }

    pub(super) fn old(&self) -> &Run {
        &self.old
    }

    pub(super) fn new_run(&self) -> &Run {
        &self.new
    }

    /// What the second run has otherwise, of a part; and which outputs are not as they were written.
    ///
    /// # Errors
    /// If a file of theirs cannot be read.
    pub fn difference(&self, part: &Part) -> Result<(Difference, Vec<Diagnostic>), Refused> {
        let world = self.session.world();
        let program = &world.program;
        let limits = self.session.options().limits();
        let asked = part.relations();
        let mut difference = Difference::default();
        let mut warnings = Vec::new();
        for relation in program.relations.ids() {
            if part.is_named() && !asked.contains(&relation) {
                continue;
            }
            let mut read = |run: &Run| -> Result<Set<Tuple>, Refused> {
                let mut facts = Facts::of_program(program, Arc::clone(&world.facts.codes));
                warnings.extend(run.rows((program, relation), &mut facts, &limits)?);
                let rows = 0..facts.relations[relation].rows;
                Ok(rows.map(|row| facts.row(program, relation, row)).collect())
            };
            let (old, new) = (read(&self.old)?, read(&self.new)?);
            let lost: Vec<Tuple> = old.difference(&new).cloned().collect();
            let gained: Vec<Tuple> = new.difference(&old).cloned().collect();
            if !lost.is_empty() || !gained.is_empty() {
                let key = self.new.key(&program.relations[relation].name);
                difference.relations.push(pair((relation, key), lost, gained, &program.symbols));
            }
        }
        Ok((part.of(difference), warnings))
    }

    /// What went in differently; files are found where the runs read them, or among `others`.
    #[must_use]
    pub fn causes(&self, others: &[PathBuf]) -> Vec<Cause> {
        let mut causes = Vec::new();
        let both = |pointer: &str| (self.old.list(pointer), self.new.list(pointer));
        let find = |file: &Json| readable(file, others);
        records(both("/claims/files"), &find, &mut causes);
        facts(both("/inputs"), &find, &mut causes);
        rules(both("/program/files"), &find, &mut causes);
        let (old, new) = both("/claims/documents");
        for document in new {
            let id = text(document, "id");
            let before = old.iter().find(|other| text(other, "id") == id);
            if before.is_some_and(|before| before["sha256"] != document["sha256"]) {
                let (what, how) = (format!("document {id}"), How::Edited);
                let detail = "its text is another".to_owned();
                causes.push(Cause { what, how, detail, item: (None, None) });
            }
        }
        causes.sort();
        causes
    }
}

/// The text of a file of a run, if it is still what the run read.
fn readable(file: &Json, others: &[PathBuf]) -> Option<String> {
    let name = text(file, "file");
    if let Some(module) = name.strip_prefix("lib:") {
        let text = library::read(&Origin::Library(module.to_owned())).ok()?;
        return (sha256(text.as_bytes()) == file["sha256"].as_str()?).then(|| text.to_string());
    }
    let own = PathBuf::from(name);
    let mut paths = [own].into_iter().chain(others.iter().cloned());
    paths.find_map(|path| {
        let bytes = map::read(&path).ok()?;
        (Some(sha256(&bytes).as_str()) == file["sha256"].as_str())
            .then(|| String::from_utf8_lossy(&bytes).into_owned())
    })
}

/// Files that only one of two runs read; equal ones are left out.
fn apart<'j>(old: &'j [Json], new: &'j [Json]) -> (Vec<&'j Json>, Vec<&'j Json>) {
    let only = |one: &'j [Json], other: &'j [Json]| -> Vec<&'j Json> {
        one.iter()
            .filter(|file| other.iter().all(|known| known["sha256"] != file["sha256"]))
            .collect()
    };
    (only(old, new), only(new, old))
}

/// The texts of files; those that cannot be read any more are causes of their own.
fn texts(
    files: &[&Json],
    find: &dyn Fn(&Json) -> Option<String>,
    causes: &mut Vec<Cause>,
) -> Option<Vec<String>> {
    let mut all = Some(Vec::new());
    for file in files {
        match find(file) {
            Some(text) => {
                if let Some(texts) = &mut all {
                    texts.push(text);
                }
            }
            None => {
                all = None;
                causes.push(Cause {
                    what: text(file, "file").to_owned(),
                    how: How::Unreadable,
                    detail: "what it was is not there any more: --was FILE says where it is"
                        .to_owned(),
                    item: (None, None),
                });
            }
        }
    }
    all
}

/// Records of claims files that differ.
fn records(
    (old, new): (&[Json], &[Json]),
    find: &dyn Fn(&Json) -> Option<String>,
    causes: &mut Vec<Cause>,
) {
    let (old, new) = apart(old, new);
    let (Some(old), Some(new)) = (texts(&old, find, causes), texts(&new, find, causes)) else {
        return;
    };
    let parsed = |texts: &[String]| -> BTreeMap<(String, String), Object<String, Json>> {
        let lines = texts.iter().flat_map(|text| text.lines());
        let record = |line: &str| {
            let object: Object<String, Json> = serde_json::from_str(line).ok()?;
            let word = |field: &str| object.get(field).and_then(Json::as_str).map(str::to_owned);
            let kind = word("type")?;
            let name = match kind.as_str() {
                "link" => format!("{} {} {}", word("from")?, word("rel")?, word("to")?),
                "retract" => word("claim")?,
                "policy" => word("key")?,
                "grade" => word("claim").or_else(|| word("source"))?,
                _ => word("id").unwrap_or_default(),
            };
            Some(((kind, name), object))
        };
        lines.filter_map(record).collect()
    };
    let (old, new) = (parsed(&old), parsed(&new));
    for ((kind, name), record) in &old {
        let what = format!("{kind} {name}");
        let item = || Some(Item::Record(kind.clone(), name.clone()));
        match new.get(&(kind.clone(), name.clone())) {
            None => {
                let (how, detail) = (How::Removed, quote(record));
                causes.push(Cause { what, how, detail, item: (item(), None) });
            }
            Some(after) if after != record => {
                let (how, detail) = (How::Edited, edited(record, after));
                causes.push(Cause { what, how, detail, item: (item(), item()) });
            }
            Some(_) => {}
        }
    }
    for ((kind, name), record) in &new {
        if !old.contains_key(&(kind.clone(), name.clone())) {
            let what = format!("{kind} {name}");
            let item = (None, Some(Item::Record(kind.clone(), name.clone())));
            causes.push(Cause { what, how: How::Added, detail: quote(record), item });
        }
    }
}

/// The words of a record, after who speaks.
fn quote(record: &Object<String, Json>) -> String {
    let who = record.get("chain").and_then(|chain| chain[0]["who"].as_str());
    let quote = record.get("quote").and_then(Json::as_str).map(|quote| format!("“{quote}”"));
    match (who, quote) {
        (Some(who), Some(quote)) => format!("{who}: {quote}"),
        (who, quote) => quote.or_else(|| who.map(str::to_owned)).unwrap_or_default(),
    }
}

/// `amount.hi 30000 → 26000`, for every field that differs.
fn edited(old: &Object<String, Json>, new: &Object<String, Json>) -> String {
    let mut parts = Vec::new();
    fields("", &Json::Object(old.clone()), &Json::Object(new.clone()), &mut parts);
    parts.join(", ")
}

fn fields(path: &str, old: &Json, new: &Json, parts: &mut Vec<String>) {
    if old == new {
        return;
    }
    if let (Json::Object(a), Json::Object(b)) = (old, new) {
        let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
        for name in names {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let of = |object: &Object<String, Json>| object.get(name).cloned().unwrap_or_default();
            fields(&path, &of(a), &of(b), parts);
        }
        return;
    }
    let word = |value: &Json| match value {
        Json::Null => "nothing".to_owned(),
        other => other.to_string(),
    };
    parts.push(format!("{path} {} → {}", word(old), word(new)));
}

/// Rows of fact files that differ.
fn facts(
    (old, new): (&[Json], &[Json]),
    find: &dyn Fn(&Json) -> Option<String>,
    causes: &mut Vec<Cause>,
) {
    let relations: BTreeSet<&str> =
        old.iter().chain(new).map(|file| text(file, "relation")).collect();
    for relation in relations {
        let of = |files: &[Json]| -> Vec<Json> {
            files.iter().filter(|file| text(file, "relation") == relation).cloned().collect()
        };
        let (before, after) = (of(old), of(new));
        let (before, after) = apart(&before, &after);
        let (Some(before), Some(after)) =
            (texts(&before, find, causes), texts(&after, find, causes))
        else {
            continue;
        };
        let rows = |texts: &[String]| -> BTreeSet<String> {
            texts.iter().flat_map(|text| text.lines()).map(str::to_owned).collect()
        };
        let (before, after) = (rows(&before), rows(&after));
        let what = format!("row of {relation}");
        let cause = |how, row: &String| {
            let detail = row.replace('\t', ", ");
            let item = Some(Item::Row(relation.to_owned(), row.clone()));
            let item = if how == How::Removed { (item, None) } else { (None, item) };
            Cause { what: what.clone(), how, detail, item }
        };
        causes.extend(before.difference(&after).map(|row| cause(How::Removed, row)));
        causes.extend(after.difference(&before).map(|row| cause(How::Added, row)));
    }
}

/// Rules, facts and declarations that differ.
fn rules(
    (old, new): (&[Json], &[Json]),
    find: &dyn Fn(&Json) -> Option<String>,
    causes: &mut Vec<Cause>,
) {
    let (old, new) = apart(old, new);
    let (Some(old), Some(new)) = (texts(&old, find, causes), texts(&new, find, causes)) else {
        return;
    };
    let (old, new) = (items(&old), items(&new));
    let only = |one: &[(String, String)], other: &[(String, String)]| -> Vec<(String, String)> {
        one.iter().filter(|item| !other.contains(item)).cloned().collect()
    };
    let (gone, mut come) = (only(&old, &new), only(&new, &old));
    for (what, before) in gone {
        match come.iter().position(|(other, _)| *other == what) {
            Some(at) => {
                let (_, after) = come.remove(at);
                let detail = format!("{before}  →  {after}");
                let item = (Some(Item::Statement(before)), Some(Item::Statement(after)));
                causes.push(Cause { what, how: How::Edited, detail, item });
            }
            None => {
                let item = (Some(Item::Statement(before.clone())), None);
                causes.push(Cause { what, how: How::Removed, detail: before, item });
            }
        }
    }
    causes.extend(come.into_iter().map(|(what, after)| Cause {
        what,
        how: How::Added,
        detail: after.clone(),
        item: (None, Some(Item::Statement(after))),
    }));
}

/// What statements are called, and their texts in one line.
fn items(texts: &[String]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for text in texts {
        let (tree, _) = parse(text, FileId::new(0));
        for item in &tree.items {
            let words: Vec<&str> = text[item.span.0.range()].split_whitespace().collect();
            let name = item.annotations.iter().find(|one| one.name.node == "name");
            let name = name.and_then(|name| name.args.first()).map(|arg| match &arg.node {
                AnnotationArg::Word(word) | AnnotationArg::Text(word) => format!(" “{word}”"),
            });
            let what = match &item.kind {
                ItemKind::Rule(rule) => {
                    let kind = if rule.body.is_none() { "fact of" } else { "rule of" };
                    let head = rule.heads.first().map_or("", |head| head.name.node.as_str());
                    format!("{kind} {head}{}", name.unwrap_or_default())
                }
                ItemKind::Relation(decl) => {
                    let names: Vec<&str> =
                        decl.names.iter().map(|name| name.node.as_str()).collect();
                    format!("declaration of {}", names.join(", "))
                }
                _ => "directive".to_owned(),
            };
            found.push((what, words.join(" ")));
        }
    }
    found
}
