//! Judging expectations: what is asked of the session of a case, and, where the answer is another
//! one, why it is.

use std::ops::ControlFlow;

use crate::base::ids::{FileId, RelationId};
use crate::base::nearest::nearest;
use crate::program::program::{Arg, Atom, LiteralKind};
use crate::provenance::leaves::Leaf;
use crate::provenance::proof::Node;
use crate::provenance::search::Budget;
use crate::provenance::summary::summary;
use crate::provenance::supports::Member;
use crate::session::answer::{Answer, Cell};
use crate::session::explain::Unexplained;
use crate::session::question::{Question, matches, pattern};
use crate::session::session::{Refused, Session, World};
use crate::show::words::Words;
use crate::testing::case::{Subject, ask, is_meant, relocated, rendered};
use crate::testing::changes::{self, Row};
use crate::testing::compare;
use crate::testing::expect::{Asked, AtLeast, Change, Expect, Kind, Rest};
use crate::testing::explain::{Places, proof, why, why_not};
use crate::testing::file::TestFile;
use crate::testing::outcome::Proposal;
use crate::testing::scan::{Part, only};
use crate::text::codes::Code;
use crate::text::diagnostic::{Diagnostic, Severity};
use crate::text::numbers::counted;
use crate::value::value::{Tuple, cmp_tuples};

/// Lines of a proof or of near misses that a failure shows.
const LINES_MAX: usize = 16;
/// Tuples that a failure lists.
const LISTED: usize = 5;

/// What is there in place of what was expected, and why.
#[derive(Debug)]
pub struct Trouble {
    /// Line by line.
    pub lines: Vec<String>,
    /// A table as it would have to be.
    pub proposal: Option<Proposal>,
}

impl Trouble {
    /// One line.
    pub(super) fn of(line: impl Into<String>) -> Self {
        Self { lines: vec![line.into()], proposal: None }
    }

    /// And why, in lines of its own.
    pub(super) fn because(mut self, text: &str) -> Self {
        let lines: Vec<&str> = text.trim_end().lines().collect();
        self.lines.extend(lines.iter().take(LINES_MAX).map(|line| format!("  {line}")));
        if lines.len() > LINES_MAX {
            self.lines.push(format!("  … {}", counted(lines.len() - LINES_MAX, "more line")));
        }
        self
    }
}

/// Judges the directives of one case.
pub struct Judge<'j, 'b> {
    /// The file.
    pub file: &'j TestFile,
    /// The session of the case.
    pub subject: &'j mut Subject<'b>,
    /// How far floats may be off.
    pub tolerance: Option<f64>,
}

impl Judge<'_, '_> {
    /// Judges an expectation.
    ///
    /// # Errors
    /// What is there instead.
    pub fn expect(&mut self, expect: &Expect) -> Result<(), Trouble> {
        match expect {
            Expect::Holds(asked) => self.holds(asked),
            Expect::Absent(asked) => self.absent(asked),
            Expect::Count(asked, compare, n) => {
                let (found, _) = self.found(asked)?;
                if compare.holds(found.len(), *n) {
                    return Ok(());
                }
                let mut trouble = Trouble::of(format!("there are {}", found.len()));
                trouble.lines.extend(listed(&found));
                Err(trouble)
            }
            Expect::Table(asked, table) => {
                let id = self.question(asked)?;
                let answer = self.answer(id)?;
                compare::table(self, id, table, &answer)
            }
            Expect::Rests(what, asked, at_least, names) => {
                self.rests(*what, asked, (*at_least, names))
            }
            Expect::Supports(asked, at_least, sets) => self.supports(asked, *at_least, sets),
            Expect::Uses(rule, asked) => self.uses(rule, asked),
            Expect::Changes(change, asked) => self.changes(*change, asked),
            Expect::Conflict(a, b) => self.conflict(a, b),
            Expect::Message(Kind::Warn, code, text) => {
                let warnings = &self.subject.warnings;
                if warnings.iter().any(|message| is_meant(message, *code, text.as_deref())) {
                    return Ok(());
                }
                let files = self.subject.after().0.files();
                let mut trouble = Trouble::of("there is no such warning");
                trouble.lines.extend(rendered(warnings, files));
                Err(trouble)
            }
            Expect::Message(Kind::Error, ..) => {
                Err(Trouble::of("there is no error: the case runs to its end"))
            }
        }
    }

    fn session(&mut self) -> &mut Session {
        self.subject.session()
    }

    /// The text of the session with the question. An atom with fewer arguments than columns names
    /// the columns that are meant.
    pub(super) fn question(&mut self, asked: &Asked) -> Result<FileId, Trouble> {
        let file = self.file;
        if let Some(text) = by_names(self.subject.after().1, file, asked) {
            return Ok(self.session().files_mut().add(file.name(), text));
        }
        Ok(ask(file, asked, self.session()))
    }

    /// Messages about a question, at their places in the test file.
    pub(super) fn refused(&mut self, id: FileId, messages: Refused) -> Trouble {
        let file = self.file;
        let messages = relocated(file, messages, id, self.session());
        Trouble { lines: rendered(&messages, self.session().files()), proposal: None }
    }

    fn answer(&mut self, id: FileId) -> Result<Answer, Trouble> {
        let mut answer = match self.session().query(id) {
            Ok(answer) => answer,
            Err(messages) => return Err(self.refused(id, messages)),
        };
        // A word without its quotes would stand for any value.
        answer.warnings.retain(|message| message.code == Code::H0103);
        if answer.warnings.is_empty() {
            return Ok(answer);
        }
        answer.warnings.iter_mut().for_each(|message| message.severity = Severity::Error);
        Err(self.refused(id, answer.warnings))
    }

    fn holds(&mut self, asked: &Asked) -> Result<(), Trouble> {
        let id = self.question(asked)?;
        let answer = self.answer(id)?;
        if !answer.rows.is_empty() {
            return Ok(());
        }
        if answer.atoms.is_none() {
            let reason = answer.reason.unwrap_or_else(|| "nothing is found".to_owned());
            return Err(Trouble::of(reason));
        }
        let text = why_not(self.session(), id, Places::Shown);
        let text = text.map_err(|messages| self.refused(id, messages))?;
        Err(Trouble { lines: Vec::new(), proposal: None }.because(&text))
    }

    fn absent(&mut self, asked: &Asked) -> Result<(), Trouble> {
        let (found, id) = self.found(asked)?;
        if found.is_empty() {
            return Ok(());
        }
        let mut trouble = match found.len() {
            1 => Trouble::of("it holds:"),
            n => Trouble::of(format!("{} match:", counted(n, "tuple"))),
        };
        if found.len() > 1 {
            trouble.lines.extend(listed(&found));
        }
        match why(self.session(), id, Places::Shown) {
            Ok(text) => Err(trouble.because(&text)),
            // Of several conditions there is no one proof.
            Err(_) => {
                trouble.lines.truncate(1);
                trouble.lines.extend(listed(&found));
                Err(trouble)
            }
        }
    }

    /// What a question finds, as text: for an atom whole tuples, else the values of its variables.
    fn found(&mut self, asked: &Asked) -> Result<(Vec<String>, FileId), Trouble> {
        let id = self.question(asked)?;
        let answer = self.answer(id)?;
        let resolved = self.session().question(id).map(|(question, _)| question);
        let resolved = resolved.map_err(|messages| self.refused(id, messages))?;
        let (session, world) = self.subject.after();
        if let Some(atom) = resolved.atom() {
            let words = Words { given: world.given(), files: session.files() };
            let tuples = tuples(world, atom).into_iter().map(|tuple| {
                let values: Vec<_> = tuple.iter().map(|value| Some(*value)).collect();
                words.atom(atom.relation, &values)
            });
            return Ok((tuples.collect(), id));
        }
        let row = |row: &Vec<Cell>| {
            let cells = answer.columns.iter().zip(row);
            let cells = cells.map(|(column, cell)| format!("{} = {}", column.name, cell.quoted()));
            cells.collect::<Vec<_>>().join(", ")
        };
        Ok((answer.rows.iter().map(row).collect(), id))
    }

    fn rests(
        &mut self,
        what: Rest,
        asked: &Asked,
        (at_least, wanted): (AtLeast, &[String]),
    ) -> Result<(), Trouble> {
        let id = self.question(asked)?;
        let proof = proof(self.session(), id).map_err(|messages| self.refused(id, messages))?;
        let summary = summary(self.subject.after().1.given(), &proof);
        let (mut found, word) = match what {
            Rest::Sources => (summary.sources, "source"),
            Rest::Claims => (summary.claims, "claim"),
        };
        found.sort();
        if fits(&found, wanted, at_least) {
            return Ok(());
        }
        let lines = apart(&found, wanted, at_least);
        let n = counted(found.len(), word);
        let mut trouble = Trouble::of(format!("it rests on {n}: {{{}}}", found.join(", ")));
        trouble.lines.extend(lines);
        let text = why(self.session(), id, Places::Shown).unwrap_or_default();
        Err(trouble.because(&text))
    }

    fn supports(
        &mut self,
        asked: &Asked,
        at_least: AtLeast,
        wanted: &[Vec<String>],
    ) -> Result<(), Trouble> {
        let id = self.question(asked)?;
        let (session, world) = self.subject.after();
        let explainer = session.explainer();
        let support = match session.support(&explainer, id, Budget::default()) {
            Ok(support) => support,
            Err(Unexplained::Refused(messages)) => return Err(self.refused(id, messages)),
            Err(Unexplained::Bug(text)) => {
                return Err(Trouble::of(format!("bug in hence: {text}")));
            }
        };
        let Some(supports) = support.supports else {
            return Err(Trouble::of("there are more proofs than can be looked at"));
        };
        let member = |member: &Member| match member {
            Member::Source(id) | Member::Voice(id) => id.clone(),
            Member::Leaf(leaf) => {
                let Leaf { id, .. } = &world.leaves.leaves[*leaf];
                id.clone()
            }
            Member::Row(_, row) => {
                let values: Vec<_> = row.tuple.iter().map(|value| Some(*value)).collect();
                let words = Words { given: world.given(), files: session.files() };
                words.atom(row.relation, &values)
            }
        };
        let set = |set: &Vec<Member>| {
            let mut names: Vec<String> = set.iter().map(member).collect();
            names.sort();
            names
        };
        let mut found: Vec<Vec<String>> = supports.sources.sets.iter().map(set).collect();
        found.sort();
        if fits(&found, wanted, at_least) {
            return Ok(());
        }
        let braces = |set: &Vec<String>| format!("{{{}}}", set.join(", "));
        let shown: Vec<String> = found.iter().map(braces).collect();
        let n = counted(found.len(), "least set");
        let mut trouble = Trouble::of(format!("there are {n} of sources: {}", shown.join(" ")));
        let (found, wanted): (Vec<String>, Vec<String>) =
            (shown, wanted.iter().map(braces).collect());
        trouble.lines.extend(apart(&found, &wanted, at_least));
        if !supports.sources.complete {
            trouble.lines.push("there may be more: not all proofs were looked at".to_owned());
        }
        Err(trouble)
    }

    fn uses(&mut self, rule: &str, asked: &Asked) -> Result<(), Trouble> {
        let id = self.question(asked)?;
        let proof = proof(self.session(), id).map_err(|messages| self.refused(id, messages))?;
        let (session, world) = self.subject.after();
        let name = |id| {
            let rule = &world.program.rules[id];
            let file = &session.files().get(rule.span.file).name;
            let file = file.rsplit(['/', ':']).next().unwrap_or(file);
            (format!("{file}:{}", rule.name), rule.name.clone())
        };
        let is_meant = |(whole, short): &(String, String)| whole == rule || short == rule;
        let mut used: Vec<(String, String)> = Vec::new();
        for node in proof.nodes.iter() {
            if let Node::Rule(node) = node {
                used.push(name(node.rule));
            }
        }
        if used.iter().any(is_meant) {
            return Ok(());
        }
        used.sort();
        used.dedup();
        let mut all = world.program.rules.ids().map(name);
        let first = if all.any(|known| is_meant(&known)) {
            format!("no step by the rule “{rule}”; the proof has steps by")
        } else {
            let names: Vec<String> = world.program.rules.iter().map(|r| r.name.clone()).collect();
            let wanted = rule.rsplit_once(':').map_or(rule, |(_, name)| name);
            match nearest(wanted, names.iter().map(String::as_str)).first() {
                Some(near) => format!("no rule is named “{rule}”; did you mean “{near}”? Used are"),
                None => format!("no rule is named “{rule}”; the proof has steps by"),
            }
        };
        let mut trouble = Trouble::of(first);
        trouble.lines.extend(used.into_iter().map(|(whole, _)| format!("  {whole}")));
        Err(trouble)
    }

    fn changes(&mut self, change: Change, asked: &Asked) -> Result<(), Trouble> {
        let id = self.question(asked)?;
        let (session, _) = self.subject.after();
        let question = session.question(id).map(|(question, _)| question);
        let question = question.map_err(|messages| self.refused(id, messages))?;
        let Some(atom) = question.atom() else {
            return Err(Trouble::of("only a single atom can change, be gained or lost"));
        };
        let found = changes::of_relation(self.subject, atom.relation);
        let has = |row: &Row| changes::is_of(row, self.subject.after().1, atom);
        let is_met = match change {
            Change::Gained => found.gained.iter().any(has),
            Change::Lost => found.lost.iter().any(has),
            Change::Changed => found.changed.iter().any(|(old, new)| has(new) || has(old)),
        };
        if is_met {
            return Ok(());
        }
        let name = &self.subject.after().1.program.relations[atom.relation].name;
        let mut lines = changes::lines(name, &found);
        if lines.is_empty() {
            lines.push(format!("nothing changes in `{name}`"));
        } else {
            lines.truncate(LINES_MAX);
            lines.insert(0, format!("what changes in `{name}` is"));
        }
        Err(Trouble { lines, proposal: None })
    }

    fn conflict(&mut self, a: &str, b: &str) -> Result<(), Trouble> {
        let (_, world) = self.subject.after();
        let program = &world.program;
        let text = |value| Cell::of(value, &program.symbols).plain();
        let (mut names, mut with) = (Vec::new(), Vec::new());
        for (id, relation) in program.relations.entries() {
            let Some(columns) = relation.words.conflict else { continue };
            names.push(relation.name.as_str());
            for tuple in tuples_of(world, id) {
                let (x, y) = (text(tuple[columns.own]), text(tuple[columns.other]));
                if (x == a && y == b) || (x == b && y == a) {
                    return Ok(());
                }
                if [&x, &y].into_iter().any(|id| id == a || id == b) {
                    with.push(format!("  {} {x} {y}", relation.name));
                }
            }
        }
        if names.is_empty() {
            let text = "no relation says what is in conflict: mark one with //@ conflict(a, b)";
            return Err(Trouble::of(text));
        }
        let mut trouble = Trouble::of(format!("no row of {} says so", names.join(", ")));
        if !with.is_empty() {
            trouble.lines.push("in conflict are".to_owned());
            trouble.lines.extend(with.into_iter().take(LISTED));
        }
        Err(trouble)
    }
}

/// All tuples of a relation, in the order of the language.
pub(super) fn tuples_of(world: &World, relation: RelationId) -> Vec<Tuple> {
    let mut found: Vec<Tuple> = Vec::new();
    let any = vec![None; world.program.relations[relation].columns.len()];
    world.tables().select(relation, &any, &mut |tuple| {
        found.push(tuple.into());
        ControlFlow::Continue(())
    });
    found.sort_unstable_by(|a, b| cmp_tuples(a, b, &world.program.symbols));
    found
}

/// The tuples that an atom matches, in the order of the language.
fn tuples(world: &World, atom: &Atom) -> Vec<Tuple> {
    let mut found: Vec<Tuple> = Vec::new();
    world.tables().select(atom.relation, &pattern(atom), &mut |tuple| {
        if matches(atom, tuple) {
            found.push(tuple.into());
        }
        ControlFlow::Continue(())
    });
    found.sort_unstable_by(|a, b| cmp_tuples(a, b, &world.program.symbols));
    found
}

fn listed(found: &[String]) -> Vec<String> {
    let mut lines: Vec<String> =
        found.iter().take(LISTED).map(|tuple| format!("  {tuple}")).collect();
    if found.len() > LISTED {
        lines.push(format!("  … {} more", found.len() - LISTED));
    }
    lines
}

fn fits<T: PartialEq>(found: &[T], wanted: &[T], at_least: AtLeast) -> bool {
    let has_all = wanted.iter().all(|one| found.contains(one));
    has_all && (at_least == AtLeast::More || found.len() == wanted.len())
}

/// What is missing, and what is too much.
fn apart(found: &[String], wanted: &[String], at_least: AtLeast) -> Vec<String> {
    let only = |one: &[String], other: &[String]| -> Vec<String> {
        one.iter().filter(|name| !other.contains(name)).cloned().collect()
    };
    let mut lines = Vec::new();
    let (missing, more) = (only(wanted, found), only(found, wanted));
    if !missing.is_empty() {
        lines.push(format!("missing: {}", missing.join(", ")));
    }
    if !more.is_empty() && at_least == AtLeast::Exactly {
        lines.push(format!("not expected: {}", more.join(", ")));
    }
    lines
}

/// The question with all columns, if it is an atom whose arguments are names of some of its
/// relation's columns.
fn by_names(world: &World, file: &TestFile, asked: &Asked) -> Option<String> {
    let part = Part::new(&file.text, asked.range.clone());
    let (name, rest) = part.word();
    let relation = &world.program.relations[world.program.relation(name.as_str())?];
    let end = rest.as_str().find(')')?;
    let given = rest.as_str()[..end].strip_prefix('(')?;
    let given: Vec<&str> = given.split(',').map(str::trim).collect();
    let names: Vec<&str> = relation.columns.iter().map(|column| column.name.as_str()).collect();
    if given.len() == names.len() || !given.iter().all(|name| names.contains(name)) {
        return None;
    }
    let args: Vec<&str> =
        names.iter().map(|name| if given.contains(name) { *name } else { "_" }).collect();
    let after = rest.from(end + 1).as_str();
    let after =
        after.strip_prefix("where").map_or_else(|| after.to_owned(), |text| format!(",{text}"));
    let mut text = only(&file.text[..part.start], &[]);
    text.push_str(&format!("{}({}){after}", name.as_str(), args.join(", ")));
    Some(text)
}

/// The first atom of a question, with values for some of its variables as they are written in
/// rules, and `_` for the others.
pub(super) fn filled(
    question: &Question,
    value: &dyn Fn(&str) -> Option<String>,
) -> Option<String> {
    let [rule] = question.program.rules.as_slice() else { return None };
    let atom = rule.body.iter().find_map(|literal| match &literal.kind {
        LiteralKind::Atom(atom) => Some(atom),
        _ => None,
    })?;
    let arg = |arg: &Arg| match arg {
        Arg::Const(value) => value.quoted(&question.program.symbols),
        Arg::Var(var) => {
            let name = rule.vars[*var].name.as_deref();
            name.and_then(value).unwrap_or_else(|| "_".to_owned())
        }
    };
    let args: Vec<String> = atom.args.iter().map(arg).collect();
    Some(format!("{}({})", question.program.relations[atom.relation].name, args.join(", ")))
}

/// A single message as trouble.
pub(super) fn plain(message: &Diagnostic) -> String {
    message.message.clone()
}
