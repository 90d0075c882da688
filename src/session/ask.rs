//! Questions to a session, and the reason why an answer is empty.

use std::ops::ControlFlow;

use crate::base::hash::Set;
use crate::base::ids::{FileId, RelationId, TypeId};
use crate::base::nearest::{alternatives, nearest};
use crate::engine::tables::Tables;
use crate::io::sorted::Sorted;
use crate::program::program::{self, Arg, Atom, Literal, LiteralKind, Program};
use crate::provenance::summary::{cautioned, cautions, lacking};
use crate::provenance::whynot::occurs;
use crate::session::answer::{Answer, AtomArg, Atoms, Cell, Column};
use crate::session::question::{self, Question};
use crate::session::session::{Refused, Session};
use crate::session::stops;
use crate::session::undeclared;
use crate::syntax::parser::parse_question;
use crate::text::codes::Code;
use crate::text::diagnostic::{Diagnostic, Severity, has_errors};
use crate::text::numbers::grouped;
use crate::value::value::{Tuple, Value};

/// Rows between two looks at whether an answer is to stop.
const ROWS_A_LOOK: usize = 65_536;

impl Session {
    /// The answers to the question in `file`, one of this session's texts: the body of a rule, with
    /// `?-` before and `?` or `.` after it if one likes. Its named variables are the columns.
    ///
    /// # Errors
    /// What is wrong with the question, or why its evaluation stopped.
    pub fn query(&self, file: FileId) -> Result<Answer, Refused> {
        let (question, mut warnings) = self.question(file)?;
        let world = self.world();
        let (tables, symbols) = (world.tables(), &*world.program.symbols);
        let rows = question.answers(tables, &world.facts, self.options())?;
        let atoms = question.only_atom().map(|atom| atoms(&question, atom));
        let reason = rows.is_empty().then(|| self.reason(&question)).flatten();
        let cautions = question.cautions(&world.program, tables, &rows);
        warnings.retain(|message| message.code != Code::H0103 || question.is_meant(message, &rows));
        let cells = |row: Tuple| row.iter().map(|value| Cell::of(*value, symbols)).collect();
        let columns =
            question.columns().iter().map(|column| shown(&question.program, column)).collect();
        let rows = self.in_cells(rows.into_iter().map(cells))?;
        Ok(Answer { columns, rows, atoms, cautions, reason, warnings })
    }

    /// Rows of an answer, unless they are stopped: there may be millions of them.
    fn in_cells(
        &self,
        rows: impl ExactSizeIterator<Item = Vec<Cell>>,
    ) -> Result<Vec<Vec<Cell>>, Refused> {
        let limits = self.options().limits();
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            if all.len() % ROWS_A_LOOK == 0 {
                let stopped =
                    |stop| vec![stops::message(&stop, &self.world().program, self.options())];
                limits.check().map_err(stopped)?;
            }
            all.push(row);
        }
        Ok(all)
    }

    /// The question in `file`, resolved.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn question(&self, file: FileId) -> Result<(Question, Vec<Diagnostic>), Refused> {
        let text = &self.files().get(file).text;
        let (body, messages) = parse_question(text, file);
        if has_errors(&messages) {
            return Err(messages);
        }
        Question::resolve(&self.world().program, &body).map_err(|mut messages| {
            undeclared::name_modules(&mut messages, self.files());
            messages
        })
    }

    /// The question in `file`, resolved; a bare word in it is refused, since it would stand for any
    /// value and the answer would be about something else.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn exact_question(&self, file: FileId) -> Result<Question, Refused> {
        let (question, mut doubts) = self.question(file)?;
        doubts.retain(|message| message.code == Code::H0103);
        if doubts.is_empty() {
            return Ok(question);
        }
        doubts.iter_mut().for_each(|message| message.severity = Severity::Error);
        Err(doubts)
    }

    /// All rows of a relation.
    ///
    /// # Errors
    /// If it is stopped.
    pub fn rows(&self, relation: RelationId) -> Result<Answer, Refused> {
        let world = self.world();
        let program = &world.program;
        let limits = self.options().limits();
        let sorted = Sorted::of(world.tables(), program, relation, &limits)
            .map_err(|stop| vec![stops::message(&stop, program, self.options())])?;
        let about = &program.relations[relation];
        let columns: Vec<Column> =
            about.columns.iter().map(|column| shown(program, column)).collect();
        let cells = |row: usize| -> Vec<Cell> {
            sorted.row(row).map(|value| Cell::of(value, &program.symbols)).collect()
        };
        let rows = self.in_cells((0..sorted.len()).map(cells))?;
        let cautions = self.cautions_of(&[relation]);
        let args = (0..columns.len()).map(AtomArg::Cell).collect();
        let atoms = Atoms { relation: about.name.clone(), args };
        let reason = rows.is_empty().then(|| nothing_in(program, relation));
        let warnings = Vec::new();
        Ok(Answer { columns, rows, atoms: Some(atoms), cautions, reason, warnings })
    }

    /// What to know of the things in the rows of relations before they are used.
    #[must_use]
    pub fn cautions_of(&self, relations: &[RelationId]) -> Vec<String> {
        let world = self.world();
        let program = &world.program;
        let types = cautioned(program);
        let mut named: Set<(TypeId, Value)> = Set::default();
        for &relation in relations.iter().filter(|_| !types.is_empty()) {
            let columns = &program.relations[relation].columns;
            let any = vec![None; columns.len()];
            named.extend(lacking(program, world.tables(), (relation, &any)));
            if !columns.iter().any(|column| types.contains(&column.ty)) {
                continue;
            }
            world.tables().select(relation, &any, &mut |row| {
                let cells = columns.iter().map(|column| column.ty).zip(row.iter().copied());
                named.extend(cells.filter(|(ty, _)| types.contains(ty)));
                ControlFlow::Continue(())
            });
        }
        // `cautions` sorts them.
        let named: Vec<(TypeId, Value)> = named.into_iter().collect();
        cautions(program, world.tables(), &named)
    }

    /// Why a question has no answer: the first of its conditions, in the order written, after
    /// which nothing is left.
    fn reason(&self, question: &Question) -> Option<String> {
        let world = self.world();
        let tables = world.tables();
        let [rule] = question.program.rules.as_slice() else {
            return None;
        };
        if let Some(atom) = question.atom() {
            return Some(no_match(&self.world().program, tables, atom));
        }
        let mut before = None;
        for end in 1..=rule.body.len() {
            let Some(part) = question.beginning(end) else {
                continue;
            };
            let rows = part.answers(tables, &world.facts, self.options()).ok()?;
            if rows.is_empty() {
                let literal = &rule.body[end - 1];
                return Some(self.failing(literal, before));
            }
            before = Some(rows.len());
        }
        None
    }

    fn failing(&self, literal: &Literal, before: Option<usize>) -> String {
        let text = self.files().text_of(literal.span).trim();
        let tables = self.world().tables();
        if let LiteralKind::Atom(atom) = &literal.kind
            && before.is_none_or(|_| !any(tables, atom))
        {
            return no_match(&self.world().program, tables, atom);
        }
        match before {
            Some(1) => format!("`{text}` does not hold for the one binding of what stands before"),
            Some(n) => format!(
                "`{text}` holds for none of the {} bindings of what stands before",
                grouped(n)
            ),
            None => format!("`{text}` holds for nothing"),
        }
    }
}

/// A column of an answer.
fn shown(program: &Program, column: &program::Column) -> Column {
    let is_date = program.is_date(column.ty);
    Column { name: column.name.clone(), base: column.base, is_date }
}

/// How the rows of a question with one atom read as atoms.
fn atoms(question: &Question, atom: &Atom) -> Atoms {
    let program = &question.program;
    let rule = program.rules.iter().next().expect("a question has a rule");
    let arg = |arg: &Arg| match arg {
        Arg::Const(value) => AtomArg::Constant(Cell::of(*value, &program.symbols)),
        Arg::Var(var) => {
            let name = rule.vars[*var].name.as_deref();
            let column = question.columns().iter().position(|column| Some(&*column.name) == name);
            column.map_or(AtomArg::Any, AtomArg::Cell)
        }
    };
    let args = atom.args.iter().map(arg).collect();
    Atoms { relation: program.relations[atom.relation].name.clone(), args }
}

fn any(tables: &dyn Tables, atom: &Atom) -> bool {
    let mut found = false;
    tables.select(atom.relation, &question::pattern(atom), &mut |tuple| {
        found = question::matches(atom, tuple);
        if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    found
}

/// Why no tuple matches an atom.
#[must_use]
pub(crate) fn no_match(program: &Program, tables: &dyn Tables, atom: &Atom) -> String {
    let relation = &program.relations[atom.relation];
    if tables.len(atom.relation) == 0 {
        return nothing_in(program, atom.relation);
    }
    let n = grouped(tables.len(atom.relation));
    let constants: Vec<(usize, Value)> = atom
        .args
        .iter()
        .enumerate()
        .filter_map(|(i, arg)| match arg {
            Arg::Const(value) => Some((i, *value)),
            Arg::Var(_) => None,
        })
        .collect();
    for (column, value) in &constants {
        let mut pattern = vec![None; atom.args.len()];
        pattern[*column] = Some(*value);
        if count(tables, atom.relation, &pattern) == 0 {
            let name = &relation.columns[*column].name;
            let none = match tables.len(atom.relation) {
                1 => "the only tuple of".to_owned(),
                _ => format!("none of the {n} tuples of"),
            };
            let has = if tables.len(atom.relation) == 1 { "does not have" } else { "has" };
            let given = value.quoted(&program.symbols);
            let text = format!("{none} `{}` {has} {name} = {given}", relation.name);
            return match near_value(program, tables, atom.relation, *column, *value) {
                Some(near) => format!("{text}; did you mean {near}?"),
                None => text,
            };
        }
    }
    match constants.len() {
        0 => format!("no tuple of `{}` has the same value in these columns", relation.name),
        _ => format!(
            "each value occurs in `{}`, but none of its {n} tuples has them together",
            relation.name
        ),
    }
}

fn nothing_in(program: &Program, relation: RelationId) -> String {
    let about = &program.relations[relation];
    let rules = program.rules_of(relation).count();
    let why = match (rules, about.is_input) {
        (0, true) => "its input has no row",
        (0, false) => "it has no rule, no fact and no input",
        (1, _) => "its rule finds nothing",
        _ => "none of its rules finds anything",
    };
    format!("`{}` has no tuple: {why}", about.name)
}

fn count(tables: &dyn Tables, relation: RelationId, pattern: &[Option<Value>]) -> usize {
    let mut n = 0;
    tables.select(relation, pattern, &mut |_| {
        n += 1;
        ControlFlow::Continue(())
    });
    n
}

/// A text of the column that is nearest to `value`.
fn near_value(
    program: &Program,
    tables: &dyn Tables,
    relation: RelationId,
    column: usize,
    value: Value,
) -> Option<String> {
    /// Tuples that are looked at.
    const LOOKED_AT: usize = 100_000;
    let Value::Symbol(wanted) = value else {
        return None;
    };
    if occurs(program, tables, wanted) {
        return None;
    }
    let mut texts: Vec<&str> = Vec::new();
    let mut seen = 0;
    let any = vec![None; program.relations[relation].columns.len()];
    tables.select(relation, &any, &mut |tuple| {
        if let Value::Symbol(symbol) = tuple[column] {
            texts.push(program.symbols.text(symbol));
        }
        seen += 1;
        if seen < LOOKED_AT { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    texts.sort_unstable();
    texts.dedup();
    let near = nearest(program.symbols.text(wanted), texts);
    let quoted: Vec<String> = near.iter().map(|text| format!("{text:?}")).collect();
    let quoted: Vec<&str> = quoted.iter().map(String::as_str).collect();
    alternatives(&quoted).map(|text| text.replace('`', ""))
}

/// The relation named `name`, or a message with the nearest names.
///
/// # Errors
/// If there is none.
pub fn relation(program: &Program, name: &str) -> Result<RelationId, Refused> {
    program.relation(name).ok_or_else(|| {
        let names = program.relations.iter().map(|relation| relation.name.as_str());
        let text = format!("unknown relation `{name}`");
        if let Some(help) = undeclared::module_of(name) {
            return vec![Diagnostic::new(Code::H0101, text).help(help)];
        }
        let text = match alternatives(&nearest(name, names)) {
            Some(near) => format!("{text}; did you mean {near}?"),
            None => text,
        };
        vec![Diagnostic::new(Code::H0101, text)]
    })
}
