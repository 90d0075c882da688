//! [`Answer`]: the rows that a question gives, as plain data.

use crate::text::diagnostic::Diagnostic;
use crate::value::base_type::BaseType;
use crate::value::symbols::Symbols;
use crate::value::value::{Finite, Value, quote};

/// A cell of an answer.
#[derive(Clone, PartialEq, Debug)]
pub enum Cell {
    /// A signed integer.
    Number(i64),
    /// An unsigned integer.
    Unsigned(u64),
    /// A finite float.
    Float(f64),
    /// A text.
    Text(String),
}

impl Cell {
    /// The cell of a value.
    #[must_use]
    pub fn of(value: Value, symbols: &Symbols) -> Self {
        match value {
            Value::Number(n) => Self::Number(n),
            Value::Unsigned(n) => Self::Unsigned(n),
            Value::Float(x) => Self::Float(x.get()),
            Value::Symbol(symbol) => Self::Text(symbols.text(symbol).to_owned()),
        }
    }

    /// As in a facts file: texts bare.
    #[must_use]
    pub fn plain(&self) -> String {
        match self {
            Self::Number(n) => n.to_string(),
            Self::Unsigned(n) => n.to_string(),
            Self::Float(x) => Finite::new(*x).map_or_else(|| x.to_string(), |x| x.to_string()),
            Self::Text(text) => text.clone(),
        }
    }

    /// As in a rule file: texts quoted.
    #[must_use]
    pub fn quoted(&self) -> String {
        match self {
            Self::Text(text) => quote(text),
            other => other.plain(),
        }
    }
}

/// A column of an answer: a variable of the question, or a column of a relation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub base: BaseType,
    /// Whether its numbers are days, which people read as dates.
    pub is_date: bool,
}

/// How the rows of an answer read as atoms.
#[derive(Clone, PartialEq, Debug)]
pub struct Atoms {
    /// The relation's name.
    pub relation: String,
    /// Its arguments.
    pub args: Vec<AtomArg>,
}

/// An argument of such an atom.
#[derive(Clone, PartialEq, Debug)]
pub enum AtomArg {
    /// The cell of this column of the answer.
    Cell(usize),
    /// The same for every row.
    Constant(Cell),
    /// Anything: `_`.
    Any,
}

impl Answer {
    /// The atom that row `row`, from 0, stands for.
    #[must_use]
    pub fn atom(&self, row: usize) -> Option<String> {
        let Atoms { relation, args } = self.atoms.as_ref()?;
        let row = self.rows.get(row)?;
        let arg = |arg: &AtomArg| match arg {
            AtomArg::Cell(column) => row[*column].quoted(),
            AtomArg::Constant(cell) => cell.quoted(),
            AtomArg::Any => "_".to_owned(),
        };
        let args: Vec<String> = args.iter().map(arg).collect();
        Some(format!("{relation}({})", args.join(", ")))
    }
}

/// Rows in the order of their values, without repeats.
#[derive(Clone, PartialEq, Debug)]
pub struct Answer {
    /// Columns; none for a question without variables.
    pub columns: Vec<Column>,
    /// Rows.
    pub rows: Vec<Vec<Cell>>,
    /// If the question has one atom, with or without conditions: how rows read as atoms, to ask why.
    pub atoms: Option<Atoms>,
    /// What to know of the things in the rows before they are used.
    pub cautions: Vec<String>,
    /// For an answer without rows: the nearest reason.
    pub reason: Option<String>,
    /// What is doubtful about the question.
    pub warnings: Vec<Diagnostic>,
}
