//! [`Rows`]: rows on their way from records into the input relations of a program, and the leaf
//! that they stand for.

use crate::base::hash::Map;
use crate::base::ids::{LeafId, RelationId};
use crate::claims::relations::{Filled, relations};
use crate::engine::facts::Facts;
use crate::program::program::Program;
use crate::provenance::leaves::{Leaf, LeafKind, Leaves};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::value::base_type::BaseType;
use crate::value::symbols::Symbols;
use crate::value::value::{Finite, Value};

/// A cell of a row.
#[derive(Clone, Copy)]
pub(crate) enum Cell<'a> {
    Text(&'a str),
    Number(i64),
    Float(Finite),
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Cell<'_> {
    fn from(n: i64) -> Self {
        Self::Number(n)
    }
}

impl From<Finite> for Cell<'_> {
    fn from(x: Finite) -> Self {
        Self::Float(x)
    }
}

/// Where the rows go.
pub(crate) struct Rows<'a> {
    /// The input relation of each relation of [`Filled`], if the program has it.
    targets: Vec<Option<RelationId>>,
    symbols: &'a Symbols,
    facts: &'a mut Facts,
    pub(crate) leaves: Option<&'a mut Leaves>,
    leaf: Option<LeafId>,
    /// Rows by relation.
    pub(crate) counts: Vec<usize>,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(
        targets: Vec<Option<RelationId>>,
        symbols: &'a Symbols,
        facts: &'a mut Facts,
        leaves: Option<&'a mut Leaves>,
    ) -> Self {
        let counts = vec![0; targets.len()];
        Self { targets, symbols, facts, leaves, leaf: None, counts }
    }

    /// Whether anything reads rows of this relation.
    pub(crate) fn wants(&self, relation: Filled) -> bool {
        self.targets[relation as usize].is_some()
    }

    /// Whether anything reads rows of relation number `i` of [`relations`].
    pub(crate) fn is_read(&self, i: usize) -> bool {
        self.targets[i].is_some()
    }

    /// The rows that follow stand for what `leaf` gives.
    pub(crate) fn begin(&mut self, leaf: impl FnOnce() -> Leaf) {
        self.leaf = self.leaves.as_mut().map(|leaves| leaves.leaves.push(leaf()));
    }

    /// The rows that follow stand for what `leaf` gives, as a part of what was begun before.
    pub(crate) fn begin_part(&mut self, leaf: impl FnOnce() -> Leaf) {
        let whole = self.leaf;
        self.begin(leaf);
        if let (Some(leaves), Some(whole), Some(part)) = (&mut self.leaves, whole, self.leaf) {
            leaves.parts.insert(part, whole);
        }
    }

    /// The name that proofs print for an id; the first given.
    pub(crate) fn label(&mut self, id: &str, label: &str) {
        self.add(Filled::Label, &[id.into(), label.into()]);
        if let Some(leaves) = &mut self.leaves
            && !leaves.labels.contains_key(id)
        {
            leaves.labels.insert(id.to_owned(), label.to_owned());
        }
    }

    /// Adds a row.
    pub(crate) fn add(&mut self, relation: Filled, cells: &[Cell<'_>]) {
        self.counts[relation as usize] += 1;
        let Some(target) = self.targets[relation as usize] else { return };
        let mut row = [Value::Number(0); 5];
        for (value, cell) in row.iter_mut().zip(cells) {
            *value = match *cell {
                Cell::Text(text) => Value::Symbol(self.symbols.intern(text)),
                Cell::Number(n) => Value::Number(n),
                Cell::Float(x) => Value::Float(x),
            };
        }
        let row = &row[..cells.len()];
        self.facts.push(target, row);
        if let (Some(leaves), Some(leaf)) = (&mut self.leaves, self.leaf) {
            leaves.offer((target, row.into()), leaf, |kind, known| cost(kind) < cost(known));
        }
    }

    /// Adds a row, if the field is given.
    pub(crate) fn maybe<'c>(
        &mut self,
        relation: Filled,
        id: &str,
        field: Option<impl Into<Cell<'c>>>,
    ) {
        if let Some(field) = field {
            self.add(relation, &[id.into(), field.into()]);
        }
    }

    /// Adds a row of `attr`, if the field is given.
    pub(crate) fn attr(&mut self, id: &str, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.add(Filled::Attr, &[id.into(), key.into(), value.into()]);
        }
    }
}

/// Which of several leaves of one tuple stands for it: the least.
fn cost(kind: LeafKind) -> u8 {
    match kind {
        LeafKind::Claim => 0,
        LeafKind::Record => 1,
        LeafKind::Definition => 2,
        LeafKind::Assumption => 3,
    }
}

/// The input relations that claims fill; those with other columns are errors.
pub(crate) fn targets(program: &Program) -> (Vec<Option<RelationId>>, Vec<Diagnostic>) {
    let by_name: Map<&str, RelationId> = program
        .relations
        .entries()
        .filter(|(_, relation)| relation.is_input)
        .map(|(id, relation)| (relation.name.as_str(), id))
        .collect();
    let mut diagnostics = Vec::new();
    let targets = relations().iter().map(|(name, columns)| {
        let id = *by_name.get(name)?;
        let relation = &program.relations[id];
        let found = relation.columns.iter().map(|column| column.base);
        if found.eq(columns.iter().map(|(_, base)| *base)) {
            return Some(id);
        }
        let declared = relation.columns.iter().map(|column| (&*column.name, column.base));
        let message = format!("`{name}` has other columns than the claims that fill it");
        diagnostics.push(
            Diagnostic::new(Code::H0104, message)
                .label(relation.span, format!("declared {}", signature(name, declared)))
                .note(format!("claims fill {}", signature(name, columns.iter().copied())))
                .help("declare it so, or give the relation another name"),
        );
        None
    });
    (targets.collect(), diagnostics)
}

/// `claim_lo(c: symbol, n: number)`.
fn signature<'a>(name: &str, columns: impl Iterator<Item = (&'a str, BaseType)>) -> String {
    let columns: Vec<String> = columns.map(|(name, base)| format!("{name}: {base}")).collect();
    format!("{name}({})", columns.join(", "))
}
