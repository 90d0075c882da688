//! How firmly answers are said and how far they may be passed on, as columns of an answer.

use crate::base::ids::RelationId;
use crate::provenance::search::{Asked, Explainer, NoProof};
use crate::provenance::summary::summary;
use crate::session::answer::{Answer, AtomArg, Cell, Column};
use crate::session::explain::Unexplained;
use crate::session::session::Session;
use crate::session::stops;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::value::base_type::BaseType;
use crate::value::value::{Finite, Value};

/// Names of the columns: no variable is called so.
const COLUMNS: [&str; 2] = ["weakest modality", "strictest marking"];

impl Session {
    /// Adds to each row of an answer to one atom the weakest modality and the strictest marking that
    /// the best proof of the first tuple of the row rests on; empty where there is none.
    ///
    /// # Errors
    /// If the question did not have one atom only, or the search for a proof is stopped.
    pub fn add_status(&self, answer: &mut Answer) -> Result<(), Unexplained> {
        let refused = |message: Diagnostic| Unexplained::Refused(vec![message]);
        let Some(atoms) = &answer.atoms else {
            let text = "only the answers to a question with one atom have a status";
            let help = "ask for one relation: relation(\"a\", x)";
            return Err(refused(Diagnostic::new(Code::H0701, text).help(help)));
        };
        let world = self.world();
        let relation = world.program.relation(&atoms.relation);
        let relation = relation.ok_or_else(|| Unexplained::Bug("no such relation".to_owned()))?;
        let explainer = self.explainer();
        let mut status: Vec<[String; 2]> = Vec::new();
        for row in &answer.rows {
            let arg = |arg: &AtomArg| match arg {
                AtomArg::Cell(column) => self.value(&row[*column]),
                AtomArg::Constant(cell) => self.value(cell),
                AtomArg::Any => None,
            };
            let pattern: Vec<Option<Value>> = atoms.args.iter().map(arg).collect();
            status.push(self.status_of(&explainer, relation, &pattern)?);
        }
        for (at, name) in COLUMNS.into_iter().enumerate() {
            let name = name.to_owned();
            answer.columns.push(Column { name, base: BaseType::Symbol, is_date: false });
            for (row, status) in answer.rows.iter_mut().zip(&status) {
                row.push(Cell::Text(status[at].clone()));
            }
        }
        Ok(())
    }

    fn status_of(
        &self,
        explainer: &Explainer<'_>,
        relation: RelationId,
        pattern: &[Option<Value>],
    ) -> Result<[String; 2], Unexplained> {
        let stopped = |stop| {
            let message = stops::message(&stop, &self.world().program, self.options());
            Unexplained::Refused(vec![message])
        };
        let (found, _) = explainer.find(relation, pattern, &[], 1).map_err(stopped)?;
        let Some(tuple) = found.first() else { return Ok([String::new(), String::new()]) };
        let found = explainer.ask((relation, tuple), Asked::default());
        let found = found.map_err(|none| match none {
            NoProof::Absent => Unexplained::Bug("a tuple vanished".to_owned()),
            NoProof::Bug(text) => Unexplained::Bug(text),
            NoProof::Stopped(stop) => stopped(stop),
        })?;
        let summary = summary(explainer.given(), &found.proof);
        Ok([summary.modality, summary.marking].map(Option::unwrap_or_default))
    }

    fn value(&self, cell: &Cell) -> Option<Value> {
        match cell {
            Cell::Number(n) => Some(Value::Number(*n)),
            Cell::Unsigned(n) => Some(Value::Unsigned(*n)),
            Cell::Float(x) => Finite::new(*x).map(Value::Float),
            Cell::Text(text) => self.world().program.symbols.find(text).map(Value::Symbol),
        }
    }
}
