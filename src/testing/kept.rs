//! What `snapshot` directives keep: names of files, and their texts. No text holds a time, a line
//! number or a path outside of the project.

use std::fmt::Write;

use crate::base::hash::{Set, sha256};
use crate::base::ids::RelationId;
use crate::plan::build::plan;
use crate::plan::display;
use crate::plan::sizes::Guess;
use crate::program::program::{Column, Rule};
use crate::session::answer::Cell;
use crate::session::ask::relation;
use crate::session::question::each_atom;
use crate::session::session::World;
use crate::testing::case;
use crate::testing::changes;
use crate::testing::expect::{Asked, Kept};
use crate::testing::explain::{Asking, Places, why, why_not};
use crate::testing::file::{CaseText, TestFile};
use crate::testing::judge::{Judge, Trouble, plain, tuples_of};
use crate::text::numbers::counted;

/// Lines that are kept whole.
const LINES_MAX: usize = 2_000;
/// Lines that are kept of a longer text.
const HEAD: usize = 100;
/// Letters of a part of a file's name.
const NAME_MAX: usize = 60;

/// `totals__kyiv_plus_seoul__why_total`; a number is added where a case has several of one kind.
pub(super) fn name(
    file: &TestFile,
    case: &CaseText,
    kept: &Kept,
    taken: &mut Vec<String>,
) -> String {
    let of_atom = |what: &str, asked: &Asked| {
        let text = &file.text[asked.range.clone()];
        format!("{what} {}", text.split('(').next().unwrap_or(text))
    };
    let what = match kept {
        Kept::Relations(relations) => {
            let names: Vec<&str> = relations.iter().map(|(name, _)| name.as_str()).collect();
            names.join(" ")
        }
        Kept::Why(asked) => of_atom("why", asked),
        Kept::Whynot(asked) => of_atom("whynot", asked),
        Kept::Diff => "diff".to_owned(),
        Kept::Check => "check".to_owned(),
        Kept::Plan(rule) => format!("plan {rule}"),
    };
    let plain = format!("{}__{}__{}", file.stem(), slug(&case.name), slug(&what));
    let mut name = plain.clone();
    let mut n = 1;
    while taken.contains(&name) {
        n += 1;
        name = format!("{plain}_{n}");
    }
    taken.push(name.clone());
    name
}

/// Letters and digits in lower case, with `_` for what stands between them.
#[must_use]
pub fn slug(text: &str) -> String {
    let mut out = String::new();
    for char in text.to_lowercase().chars() {
        if char.is_alphanumeric() {
            out.push(char);
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
    }
    let out: String = out.chars().take(NAME_MAX).collect();
    out.trim_end_matches('_').to_owned()
}

impl Judge<'_, '_> {
    /// The text that a snapshot keeps.
    ///
    /// # Errors
    /// Why there is none.
    pub fn kept(&mut self, kept: &Kept) -> Result<String, Trouble> {
        let text = match kept {
            Kept::Relations(names) => {
                let mut out = String::new();
                for (name, _) in names {
                    let world = self.subject.after().1;
                    let id = relation(&world.program, name).map_err(|messages| {
                        Trouble::of(messages.first().map(plain).unwrap_or_default())
                    })?;
                    if !out.is_empty() {
                        out.push('\n');
                    }
                    facts(&mut out, world, id);
                }
                out
            }
            Kept::Why(asked) => self.explained(asked, &why)?,
            Kept::Whynot(asked) => self.explained(asked, &why_not)?,
            Kept::Diff => changes::text(self.subject),
            Kept::Check => case::messages(&self.subject.warnings, self.subject.after().0.files()),
            Kept::Plan(name) => plan_of(self.subject.after().1, name)?,
        };
        Ok(shortened(&text))
    }

    fn explained(&mut self, asked: &Asked, ask: &Asking<'_>) -> Result<String, Trouble> {
        let id = self.question(asked)?;
        let found = ask(self.subject.session(), id, Places::Hidden);
        found.map_err(|messages| self.refused(id, messages))
    }
}

/// The rows of a relation as facts, below a line about it.
fn facts(out: &mut String, world: &World, id: RelationId) {
    let program = &world.program;
    let about = &program.relations[id];
    let column = |column: &Column| format!("{}: {}", column.name, column.base);
    let columns: Vec<String> = about.columns.iter().map(column).collect();
    let tuples = tuples_of(world, id);
    let n = counted(tuples.len(), "tuple");
    // A String takes whatever is written to it.
    let _ok = writeln!(out, "// {}({})  {n}", about.name, columns.join(", "));
    for tuple in tuples {
        let cells: Vec<String> =
            tuple.iter().map(|value| Cell::of(*value, &program.symbols).quoted()).collect();
        let _ok = writeln!(out, "{}({}).", about.name, cells.join(", "));
    }
}

/// How the rules of this name, or of this relation, are evaluated.
fn plan_of(world: &World, name: &str) -> Result<String, Trouble> {
    let program = &world.program;
    let is_meant = |rule: &Rule| rule.name == name || program.relations[rule.head].name == name;
    let rules: Vec<&Rule> = program.rules.iter().filter(|rule| is_meant(rule)).collect();
    if rules.is_empty() {
        let text = match program.relation(name) {
            Some(_) => format!("the relation `{name}` has no rules"),
            None => format!("no rule or relation is named “{name}”"),
        };
        return Err(Trouble::of(text));
    }
    let rows = |relation| Some(world.facts.relations[relation].rows);
    let sizes = Guess::new(program, &world.analysis, rows);
    let mut plan = plan(program, &world.analysis, &sizes);
    for stratum in &mut plan.strata {
        stratum.pipelines.retain(|pipeline| is_meant(&program.rules[pipeline.rule]));
    }
    plan.strata.retain(|stratum| !stratum.pipelines.is_empty());
    let mut read: Set<RelationId> = Set::default();
    rules.iter().for_each(|rule| {
        each_atom(&rule.body, &mut |atom| {
            read.insert(atom.relation);
        });
    });
    for (relation, orders) in program.relations.ids().zip(plan.orders.iter_mut()) {
        if !read.contains(&relation) {
            orders.clear();
        }
    }
    Ok(display::print(&plan, program).trim_end().to_owned())
}

/// A text that can be read: of a long one its head, how long it is, and its hash.
fn shortened(text: &str) -> String {
    let text = text.trim_end();
    let lines = text.lines().count();
    if lines <= LINES_MAX {
        return text.to_owned();
    }
    let head: Vec<&str> = text.lines().take(HEAD).collect();
    let hash = sha256(text.as_bytes());
    format!(
        "{}\n… {lines} lines in all, sha256 {hash}\nexpect what matters instead",
        head.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn names_of_files_are_plain() {
        assert_eq!(slug("Kyiv, plus Seoul!"), "kyiv_plus_seoul");
        assert_eq!(slug("  ä – b"), "ä_b");
    }
}
