//! Comparing a table with the rows that are there: line by line what is as expected, what has other
//! values, what is missing and what nobody expected; and why, for the first row of each kind.

use crate::base::ids::FileId;
use crate::base::nearest::{alternatives, nearest};
use crate::session::answer::{Answer, Cell};
use crate::testing::explain::{Asking, Places, why, why_not};
use crate::testing::judge::{Judge, Trouble, filled};
use crate::testing::outcome::Proposal;
use crate::testing::table::{Table, Wanted, aligned, written};
use crate::value::base_type::BaseType;
use crate::value::value::quote;

/// Rows that are as expected are listed only if they are so few.
const EQUAL_MAX: usize = 3;

/// The rows of an answer as a table wants them.
struct Compared<'a> {
    table: &'a Table,
    answer: &'a Answer,
    /// The columns of the answer that the table has.
    at: Vec<usize>,
    /// Rows of the answer, one of each that are equal in these columns.
    rows: Vec<usize>,
    tolerance: Option<f64>,
}

impl Compared<'_> {
    fn is(&self, wanted: &[Wanted], row: usize) -> bool {
        let cells = wanted.iter().zip(&self.at);
        cells.into_iter().all(|(wanted, &at)| {
            wanted.is(&self.answer.rows[row][at], &self.answer.columns[at], self.tolerance)
        })
    }

    fn cell(&self, row: usize, at: usize) -> String {
        written(&self.answer.rows[row][at], &self.answer.columns[at])
    }

    /// How many cells are as wanted.
    fn likeness(&self, wanted: &[Wanted], row: usize) -> usize {
        let cells = wanted.iter().zip(&self.at).filter(|(wanted, at)| {
            wanted.is(&self.answer.rows[row][**at], &self.answer.columns[**at], self.tolerance)
        });
        cells.count()
    }
}

/// Compares; says what differs and why.
pub(super) fn table(
    judge: &mut Judge<'_, '_>,
    id: FileId,
    table: &Table,
    answer: &Answer,
) -> Result<(), Trouble> {
    let mut at = Vec::new();
    for (name, _) in &table.columns {
        let names = || answer.columns.iter().map(|column| column.name.as_str());
        match names().position(|known| known == name) {
            Some(column) => at.push(column),
            None => {
                let all: Vec<&str> = names().collect();
                let near = alternatives(&nearest(name, all.iter().copied()));
                let help = match near {
                    Some(near) => format!("did you mean {near}?"),
                    None => format!("columns are the variables of the atom: {}", all.join(", ")),
                };
                return Err(Trouble::of(format!("there is no column `{name}`; {help}")));
            }
        }
    }
    let mut rows: Vec<usize> = Vec::new();
    for (n, row) in answer.rows.iter().enumerate() {
        let same = |other: &usize| at.iter().all(|&at| answer.rows[*other][at] == row[at]);
        if !rows.iter().any(same) {
            rows.push(n);
        }
    }
    let compared = Compared { table, answer, at, rows, tolerance: judge.tolerance };
    let wanted = &table.rows;
    let is_wanted = |row: &usize| wanted.iter().any(|wanted| compared.is(wanted, *row));
    let is_there = |wanted: &Vec<Wanted>| compared.rows.iter().any(|row| compared.is(wanted, *row));
    if compared.rows.iter().all(is_wanted) && wanted.iter().all(is_there) {
        return Ok(());
    }
    let extra: Vec<usize> = compared.rows.iter().filter(|row| !is_wanted(row)).copied().collect();
    let missing: Vec<&Vec<Wanted>> = wanted.iter().filter(|wanted| !is_there(wanted)).collect();
    let (pairs, missing, extra) = paired(&compared, missing, extra);
    let mut trouble = Trouble { lines: lines(&compared, &pairs, &missing, &extra), proposal: None };
    let question = judge.subject.after().0.question(id).map(|(question, _)| question).ok();
    let odd = pairs.first().map(|(_, row)| *row).or_else(|| extra.first().copied());
    if let (Some(row), Some(question)) = (odd, &question) {
        let value = |name: &str| {
            let at = answer.columns.iter().position(|column| column.name == name)?;
            Some(answer.rows[row][at].quoted())
        };
        trouble = because(judge, filled(question, &value), trouble, &why);
    }
    if let (Some(wanted), Some(question)) = (missing.first(), &question) {
        let value = |name: &str| {
            let at = table.columns.iter().position(|(column, _)| column == name)?;
            let column = &answer.columns[compared.at[at]];
            match &wanted[at] {
                Wanted::Text(text) if column.base == BaseType::Symbol => Some(quote(text)),
                Wanted::Text(text) => text.parse::<f64>().ok().map(|_| text.clone()),
                Wanted::Any | Wanted::Near(_) => None,
            }
        };
        trouble = because(judge, filled(question, &value), trouble, &why_not);
    }
    trouble.proposal =
        Some(Proposal { range: table.range.clone(), text: proposed(&compared, &judge.file.text) });
    Err(trouble)
}

/// Adds what `ask` says of an atom.
fn because(
    judge: &mut Judge<'_, '_>,
    atom: Option<String>,
    trouble: Trouble,
    ask: &Asking<'_>,
) -> Trouble {
    let Some(atom) = atom else { return trouble };
    let session = judge.subject.session();
    let id = session.files_mut().add("question", atom);
    match ask(session, id, Places::Shown) {
        Ok(text) => trouble.because(&text),
        Err(_) => trouble,
    }
}

/// Expected rows with rows that are there, which have most cells in common, and at least the first;
/// and what is left of both.
type Paired<'t> = (Vec<(&'t Vec<Wanted>, usize)>, Vec<&'t Vec<Wanted>>, Vec<usize>);

fn paired<'t>(
    compared: &Compared<'_>,
    missing: Vec<&'t Vec<Wanted>>,
    mut extra: Vec<usize>,
) -> Paired<'t> {
    let (mut pairs, mut left) = (Vec::new(), Vec::new());
    for wanted in missing {
        let has_first = |row: usize| {
            let at = compared.at[0];
            let (cell, column) = (&compared.answer.rows[row][at], &compared.answer.columns[at]);
            wanted[0].is(cell, column, compared.tolerance)
        };
        let near = (0..extra.len())
            .filter(|at| has_first(extra[*at]))
            .max_by_key(|at| compared.likeness(wanted, extra[*at]));
        match near {
            Some(at) => pairs.push((wanted, extra.remove(at))),
            None => left.push(wanted),
        }
    }
    (pairs, left, extra)
}

/// The rows, aligned below the names of the columns.
fn lines(
    compared: &Compared<'_>,
    pairs: &[(&Vec<Wanted>, usize)],
    missing: &[&Vec<Wanted>],
    extra: &[usize],
) -> Vec<String> {
    let head = compared.table.columns.iter().map(|(name, _)| name.clone());
    let mut cells: Vec<Vec<String>> = vec![["".to_owned()].into_iter().chain(head).collect()];
    let row_of = |mark: &str, row: usize| -> Vec<String> {
        let cells = compared.at.iter().map(|&at| compared.cell(row, at));
        [mark.to_owned()].into_iter().chain(cells).collect()
    };
    let is_equal =
        |row: &&usize| !extra.contains(row) && pairs.iter().all(|(_, other)| other != *row);
    let equal: Vec<&usize> = compared.rows.iter().filter(is_equal).collect();
    if equal.len() <= EQUAL_MAX {
        cells.extend(equal.iter().map(|row| row_of("=", **row)));
    }
    for (wanted, row) in pairs {
        let mut line = vec!["~".to_owned()];
        for (wanted, &at) in wanted.iter().zip(&compared.at) {
            let cell: &Cell = &compared.answer.rows[*row][at];
            let found = compared.cell(*row, at);
            let column = &compared.answer.columns[at];
            if wanted.is(cell, column, compared.tolerance) {
                line.push(found);
            } else {
                line.push(format!("{} → {found}", wanted.written()));
            }
        }
        cells.push(line);
    }
    for wanted in missing {
        let texts = wanted.iter().map(Wanted::written);
        cells.push(["-".to_owned()].into_iter().chain(texts).collect());
    }
    cells.extend(extra.iter().map(|row| row_of("+", *row)));
    let mut lines = aligned(&cells);
    let others = equal.len();
    if others > EQUAL_MAX {
        lines.push(format!("=  {others} rows are as expected"));
    }
    let mut parts = Vec::new();
    if !pairs.is_empty() {
        parts.push("~ expected → found");
    }
    if !missing.is_empty() {
        parts.push("- expected, and not there");
    }
    if !extra.is_empty() {
        parts.push("+ there, and not expected");
    }
    lines.push(format!("({})", parts.join("; ")));
    lines
}

/// The table with the rows that are there. Rows that are as expected stay as they are written, in
/// their order; wildcards too.
fn proposed(compared: &Compared<'_>, text: &str) -> String {
    let head: Vec<String> = compared.table.columns.iter().map(|(name, _)| name.clone()).collect();
    let mut lines = vec![head];
    let wanted = &compared.table.rows;
    let stays = |wanted: &&Vec<Wanted>| compared.rows.iter().any(|row| compared.is(wanted, *row));
    let kept: Vec<&Vec<Wanted>> = wanted.iter().filter(stays).collect();
    lines.extend(kept.iter().map(|row| row.iter().map(Wanted::written).collect()));
    for &row in &compared.rows {
        if !kept.iter().any(|wanted| compared.is(wanted, row)) {
            lines.push(compared.at.iter().map(|&at| compared.cell(row, at)).collect());
        }
    }
    // The first line stands behind its own indentation.
    let before = &text[..compared.table.range.start];
    let indent = &before[before.trim_end_matches([' ', '\t']).len()..];
    aligned(&lines).join(&format!("\n{indent}"))
}
