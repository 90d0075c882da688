//! What is typed of a change or a part of a difference: names of sources, documents and claims,
//! facts to assume, rows to take out, relations and atoms to look at.

use std::ops::ControlFlow;

use crate::base::hash::Set;
use crate::base::ids::{FileId, RelationId};
use crate::base::nearest::{alternatives, nearest};
use crate::program::program::{Atom, LiteralKind, Program};
use crate::session::ask::{no_match, relation};
use crate::session::diff::Difference;
use crate::session::question::{matches, pattern};
use crate::session::session::{Refused, Session};
use crate::session::whatif::{Change, Target};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::value::value::{Tuple, Value, quote};

/// Relations, whole or in part. Nothing stands for all conclusions.
#[derive(Clone, Default, Debug)]
pub struct Part {
    atoms: Vec<(RelationId, Option<Atom>)>,
}

impl Part {
    /// Whether something was named.
    #[must_use]
    pub fn is_named(&self) -> bool {
        !self.atoms.is_empty()
    }

    /// The relations named.
    #[must_use]
    pub fn relations(&self) -> Vec<RelationId> {
        let mut relations: Vec<RelationId> = self.atoms.iter().map(|(id, _)| *id).collect();
        relations.sort_unstable();
        relations.dedup();
        relations
    }

    /// Whether a tuple is meant.
    #[must_use]
    pub fn has(&self, relation: RelationId, tuple: &[Value]) -> bool {
        let meant = |(id, atom): &(RelationId, Option<Atom>)| {
            *id == relation && atom.as_ref().is_none_or(|atom| is_of(atom, tuple))
        };
        self.atoms.is_empty() || self.atoms.iter().any(meant)
    }

    /// What a difference has of this part.
    #[must_use]
    pub fn of(&self, mut difference: Difference) -> Difference {
        for changes in &mut difference.relations {
            let id = changes.relation;
            changes.lost.retain(|tuple| self.has(id, tuple));
            changes.gained.retain(|tuple| self.has(id, tuple));
            changes.changed.retain(|(old, new)| self.has(id, old) || self.has(id, new));
        }
        difference.relations.retain(|changes| !changes.is_empty());
        difference
    }
}

/// Whether a tuple has the constants of an atom, and equal values for equal variables.
fn is_of(atom: &Atom, tuple: &[Value]) -> bool {
    let constants = pattern(atom);
    let has = |(wanted, value): (&Option<Value>, &Value)| wanted.is_none_or(|w| w == *value);
    constants.iter().zip(tuple).all(has) && matches(atom, tuple)
}

impl Session {
    /// The source, document or claim that a name stands for: an id, or `source:ID`,
    /// `document:ID`, `claim:ID`, or a label that one of them alone has.
    ///
    /// # Errors
    /// If there is none, or there are several.
    pub fn target(&self, name: &str) -> Result<Target, Refused> {
        let Some(records) = &self.base().records else {
            let text = format!("`{name}` cannot be withdrawn: there is no claims file");
            let help = "rows of fact files are taken out by an atom: see `retract`";
            return Err(vec![Diagnostic::new(Code::H0701, text).help(help)]);
        };
        let asked = name.split_once(':').and_then(|(kind, id)| match kind {
            "source" => Some(Target::Source(id.to_owned())),
            "document" => Some(Target::Document(id.to_owned())),
            "claim" => Some(Target::Claim(id.to_owned())),
            _ => None,
        });
        if let Some(target) = asked.filter(|target| records.has(target)) {
            return Ok(target);
        }
        match records.named(name).as_slice() {
            [target] => Ok(target.clone()),
            [] => match self.labelled(name).as_slice() {
                [id] => self.target(id),
                _ => Err(vec![self.unknown_target(name)]),
            },
            several => {
                let kinds: Vec<&str> = several.iter().map(Target::kind).collect();
                let ways: Vec<String> =
                    kinds.iter().map(|kind| format!("`{kind}:{name}`")).collect();
                let text = format!("`{name}` is a {}", kinds.join(" and a "));
                let help = format!("say which is meant: {}", ways.join(" or "));
                Err(vec![Diagnostic::new(Code::H0701, text).help(help)])
            }
        }
    }

    /// The ids, in order, of what has this label and can be withdrawn.
    fn labelled(&self, label: &str) -> Vec<&str> {
        let base = self.base();
        let is_it = |(_, known): &(&String, &String)| known.eq_ignore_ascii_case(label);
        let can_go =
            |id: &&str| base.records.as_ref().is_some_and(|records| !records.named(id).is_empty());
        let ids = base.leaves.labels.iter().filter(is_it).map(|(id, _)| id.as_str());
        let mut found: Vec<&str> = ids.filter(can_go).collect();
        found.sort_unstable();
        found
    }

    /// The relation of this name.
    ///
    /// # Errors
    /// If there is none: the nearest names; of a source, a document or a claim what asks of it.
    pub fn relation(&self, name: &str) -> Result<RelationId, Refused> {
        let program = &self.world().program;
        let id = name.trim_matches('"');
        relation(program, name).map_err(|unknown| match self.target(id) {
            Ok(target) => vec![no_relation(program, &target)],
            Err(_) => unknown,
        })
    }

    fn unknown_target(&self, name: &str) -> Diagnostic {
        let text = format!("no source, document or claim `{name}`");
        let message = Diagnostic::new(Code::H0701, text);
        let Some(records) = &self.base().records else { return message };
        let id = name.split_once(':').map_or(name, |(_, id)| id);
        let labelled = self.labelled(id);
        let ids = records.sources().chain(records.documents()).chain(records.claims());
        let near = if labelled.is_empty() { nearest(id, ids) } else { labelled };
        match alternatives(&near) {
            Some(near) => message.help(format!("did you mean {near}?")),
            None => message.help("a source, document or claim is named by its id or its label"),
        }
    }

    /// The rows that the facts in `file` add: atoms of constants.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn assumptions(&self, file: FileId) -> Result<Vec<Change>, Refused> {
        let mut changes = Vec::new();
        for atom in self.atoms(file, "assumed")? {
            let constants = pattern(&atom);
            let tuple: Option<Tuple> = constants.into_iter().collect();
            let Some(tuple) = tuple else {
                let name = &self.world().program.relations[atom.relation].name;
                let text = format!("a fact of `{name}` to assume has only constants");
                return Err(vec![
                    Diagnostic::new(Code::H0204, text)
                        .help("give every column a value; texts stand in quotes"),
                ]);
            };
            changes.push(Change::Assume(atom.relation, tuple));
        }
        Ok(changes)
    }

    /// The rows that the atoms in `file` take out of the input.
    ///
    /// # Errors
    /// What is wrong with them, or that there is no such row.
    pub fn retractions(&self, file: FileId) -> Result<Vec<Change>, Refused> {
        let mut changes = Vec::new();
        for atom in self.atoms(file, "taken out")? {
            let rows = self.input_rows(&atom);
            if rows.is_empty() {
                return Err(vec![self.nothing_to_take(&atom)]);
            }
            let constants = pattern(&atom);
            let all = |tuple: &Tuple| matches(&atom, tuple);
            let plain = Change::Retract(atom.relation, constants);
            if atom.vars().collect::<Set<_>>().len() == atom.vars().count() {
                changes.push(plain);
            } else {
                let exact = rows.iter().filter(|tuple| all(tuple)).map(|tuple| {
                    Change::Retract(atom.relation, tuple.iter().copied().map(Some).collect())
                });
                changes.extend(exact);
            }
        }
        Ok(changes)
    }

    /// Rows of the input that an atom stands for.
    fn input_rows(&self, atom: &Atom) -> Vec<Tuple> {
        let world = self.world();
        let rows = 0..world.facts.relations[atom.relation].rows;
        let rows = rows.map(|row| world.facts.row(&world.program, atom.relation, row));
        rows.filter(|tuple| is_of(atom, tuple)).collect()
    }

    fn nothing_to_take(&self, atom: &Atom) -> Diagnostic {
        let world = self.world();
        let relation = &world.program.relations[atom.relation];
        let mut derived = false;
        world.tables().select(atom.relation, &pattern(atom), &mut |tuple| {
            derived = matches(atom, tuple);
            if derived { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if derived {
            let text = format!("`{}` is a conclusion here: no row of it was given", relation.name);
            return Diagnostic::new(Code::H0701, text)
                .help("withdraw what it rests on: `why` shows it");
        }
        let text = format!("no such row of `{}` to take out", relation.name);
        Diagnostic::new(Code::H0701, text).note(no_match(&world.program, world.tables(), atom))
    }

    /// The relation, or the atom, in `file`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn part(&self, files: &[FileId]) -> Result<Part, Refused> {
        let mut part = Part::default();
        for &file in files {
            let text = self.files().get(file).text.trim().trim_end_matches(['.', '?']).to_owned();
            if text.contains('(') {
                for atom in self.atoms(file, "looked at")? {
                    part.atoms.push((atom.relation, Some(atom)));
                }
            } else {
                part.atoms.push((self.relation(&text)?, None));
            }
        }
        Ok(part)
    }

    /// The atoms in `file`.
    fn atoms(&self, file: FileId, what: &str) -> Result<Vec<Atom>, Refused> {
        let question = self.exact_question(file)?;
        only_atoms(&question.program).ok_or_else(|| {
            let text = format!("only atoms can be {what}");
            let help = "write relation(\"a\", 1), several apart by commas";
            vec![Diagnostic::new(Code::H0701, text).help(help)]
        })
    }
}

/// That an id is given where a relation or an atom belongs, and what asks of it.
fn no_relation(program: &Program, target: &Target) -> Diagnostic {
    let (kind, id) = (target.kind(), target.id());
    let message = Diagnostic::new(Code::H0701, format!("`{id}` is a {kind}, no relation"));
    let marked = program.relations.iter().find_map(|one| Some((one, one.words.conflict?)));
    let message = match (target, marked) {
        (Target::Claim(_), Some((relation, conflict))) => {
            let column = |at| if at == conflict.own { quote(id) } else { "_".to_owned() };
            let columns: Vec<String> = (0..relation.columns.len()).map(column).collect();
            let atom = format!("{}({})", relation.name, columns.join(", "));
            message.help(format!("what disputes it is {atom}"))
        }
        _ => message,
    };
    message.help(format!(
        "what rests on it shows when it goes: `.without {id}`, or `hence whatif … --without {id}`"
    ))
}

/// The atoms of a question that is made of nothing else.
fn only_atoms(question: &Program) -> Option<Vec<Atom>> {
    let [rule] = question.rules.as_slice() else { return None };
    let atom = |kind: &LiteralKind| match kind {
        LiteralKind::Atom(atom) => Some(atom.clone()),
        _ => None,
    };
    rule.body.iter().map(|literal| atom(&literal.kind)).collect()
}
