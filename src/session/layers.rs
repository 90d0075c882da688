//! Layers: changes of the input that stay until they are dropped. Questions are asked of the top
//! one; each layer stands on those below it and on what was kept.

use crate::base::ids::RelationId;
use crate::program::program::Program;
use crate::session::diff::{Difference, conclusions, diff};
use crate::session::session::{Refused, Session, World};
use crate::session::stops;
use crate::session::whatif::{Change, Made};
use crate::syntax::ast::ItemKind;
use crate::text::codes::Code;
use crate::text::diagnostic::{Diagnostic, Severity};
use crate::value::symbols::Symbols;
use crate::value::value::Value;

/// Changes of the input that questions are asked under.
#[derive(Default)]
pub struct Layers {
    /// Changes that were made permanent.
    kept: Vec<Change>,
    /// The statements that made them.
    kept_by: Vec<String>,
    /// Layers that can be dropped, the lowest first.
    open: Vec<Layer>,
    /// The world below all open layers, if it is not that of the input as read.
    ground: Option<World>,
    /// The world that questions are asked of, if it is not that of the input as read.
    pub(super) top: Option<World>,
}

/// What changes come to.
#[derive(Clone, Debug)]
pub struct Effect {
    /// What was withdrawn, taken out and assumed.
    pub made: Made,
    /// What that makes different.
    pub difference: Difference,
}

/// A layer.
#[derive(Clone, Debug)]
pub struct Layer {
    /// What it changes.
    pub changes: Vec<Change>,
    /// The statement that opened it.
    pub statement: String,
}

impl Layers {
    /// Layers that can be dropped, the lowest first.
    #[must_use]
    pub fn open(&self) -> &[Layer] {
        &self.open
    }

    /// How many changes were made permanent.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.kept.len()
    }

    /// The statements whose changes were made permanent, in order.
    #[must_use]
    pub fn kept_by(&self) -> &[String] {
        &self.kept_by
    }

    /// All changes, in order.
    pub(super) fn changes(&self) -> Vec<Change> {
        let open = self.open.iter().flat_map(|layer| &layer.changes);
        self.kept.iter().chain(open).cloned().collect()
    }

    fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.open.is_empty()
    }
}

impl Session {
    /// Opens a layer; returns what it comes to.
    ///
    /// # Errors
    /// If a target is not known, or the evaluation stops; everything is as before then.
    pub fn open_layer(&mut self, layer: Layer) -> Result<Effect, Refused> {
        let fork = self.fork(&layer.changes)?;
        let effect = self.effect(self.world(), &fork, &[])?;
        let layers = self.layers_mut();
        let below = layers.top.replace(fork);
        if layers.open.is_empty() {
            layers.ground = below;
        }
        layers.open.push(layer);
        Ok(effect)
    }

    /// Drops the last `n` layers.
    ///
    /// # Errors
    /// If the evaluation of those that remain stops; everything is as before then.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn drop_layers(&mut self, n: usize) -> Result<(), Refused> {
        let layers = self.layers_mut();
        let left = layers.open.len().checked_sub(n).expect("the caller counts the layers");
        if left == 0 {
            layers.open.clear();
            layers.top = layers.ground.take();
            return Ok(());
        }
        let dropped = layers.open.split_off(left);
        match self.fork(&[]) {
            Ok(fork) => {
                self.layers_mut().top = Some(fork);
                Ok(())
            }
            Err(refused) => {
                self.layers_mut().open.extend(dropped);
                Err(refused)
            }
        }
    }

    /// Makes all layers permanent for this session; returns how many there were.
    pub fn keep_layers(&mut self) -> usize {
        let layers = self.layers_mut();
        let n = layers.open.len();
        for layer in layers.open.drain(..) {
            layers.kept.extend(layer.changes);
            layers.kept_by.push(layer.statement);
        }
        layers.ground = None;
        n
    }

    /// What all open layers together come to, of these relations.
    ///
    /// # Errors
    /// If it is stopped.
    pub fn effect_of_layers(&self, relations: &[RelationId]) -> Result<Effect, Refused> {
        self.effect(self.ground(), self.world(), relations)
    }

    /// What was changed between two states and what that makes different, of these relations; of
    /// all conclusions if none is given.
    ///
    /// # Errors
    /// If it is stopped.
    pub fn effect(
        &self,
        old: &World,
        new: &World,
        relations: &[RelationId],
    ) -> Result<Effect, Refused> {
        let difference = self.compared(old, new, relations)?;
        Ok(Effect { made: new.made.beyond(&old.made), difference })
    }

    /// The world below all open layers.
    #[must_use]
    pub fn ground(&self) -> &World {
        let layers = self.layers();
        if layers.open.is_empty() {
            return self.world();
        }
        layers.ground.as_ref().unwrap_or_else(|| self.base())
    }

    /// What one state differs in from another, of these relations; of all conclusions if none is
    /// given.
    ///
    /// # Errors
    /// If it is stopped.
    pub fn compared(
        &self,
        old: &World,
        new: &World,
        relations: &[RelationId],
    ) -> Result<Difference, Refused> {
        let all;
        let relations = if relations.is_empty() {
            let mut outputs = conclusions(&old.program);
            outputs.extend(self.typed_relations());
            outputs.sort_unstable();
            outputs.dedup();
            all = outputs;
            &all
        } else {
            relations
        };
        diff(old, new, relations, &self.options().limits())
            .map_err(|stop| vec![stops::message(&stop, &old.program, self.options())])
    }

    /// Relations that were declared by what was typed.
    fn typed_relations(&self) -> impl Iterator<Item = RelationId> {
        let items = self.typed_trees().iter().flat_map(|tree| &tree.items);
        let names = items.filter_map(|item| match &item.kind {
            ItemKind::Relation(declaration) => Some(&declaration.names),
            _ => None,
        });
        names.flatten().filter_map(|name| self.base().program.relation(&name.node))
    }

    /// Derives the layers anew from an input or a program that has changed.
    ///
    /// # Errors
    /// If the evaluation stops.
    pub(super) fn renew_layers(&mut self) -> Result<(), Refused> {
        if self.layers().is_empty() {
            return Ok(());
        }
        let top = self.fork(&[])?;
        let mut ground = None;
        if !self.layers().open.is_empty() && !self.layers().kept.is_empty() {
            ground = Some(self.fork_of(&self.layers().kept)?);
        }
        let layers = self.layers_mut();
        (layers.top, layers.ground) = (Some(top), ground);
        Ok(())
    }

    /// Puts the layers of another session over this one, whose program and input were read anew.
    /// If that cannot be, they are gone and a warning says why.
    pub(super) fn take_layers(&mut self, layers: &Layers, program: &Program) {
        let renamed = |changes: &[Change]| -> Result<Vec<Change>, String> {
            changes.iter().map(|change| translated(change, program, &self.base().program)).collect()
        };
        let open = layers.open.iter().map(|layer| {
            let changes = renamed(&layer.changes)?;
            Ok(Layer { changes, statement: layer.statement.clone() })
        });
        let taken = renamed(&layers.kept).and_then(|kept| {
            let open = open.collect::<Result<Vec<Layer>, String>>()?;
            let kept_by = layers.kept_by.clone();
            Ok(Layers { kept, kept_by, open, ..Layers::default() })
        });
        let failed = match taken {
            Ok(taken) => {
                *self.layers_mut() = taken;
                let text = |refused: Refused| {
                    refused.first().map(|message| message.message.clone()).unwrap_or_default()
                };
                self.renew_layers().err().map(text)
            }
            Err(reason) => Some(reason),
        };
        if let Some(reason) = failed {
            *self.layers_mut() = Layers::default();
            let text = format!("what was assumed and withdrawn is gone: {reason}");
            let mut message = Diagnostic::new(Code::H0701, text);
            message.severity = Severity::Warning;
            self.warn(message);
        }
    }
}

/// The same change of another program.
fn translated(change: &Change, old: &Program, new: &Program) -> Result<Change, String> {
    let relation = |id: RelationId| {
        let name = &old.relations[id].name;
        let found = new.relation(name).ok_or_else(|| format!("there is no relation `{name}`"))?;
        let bases = |program: &Program, id| -> Vec<_> {
            program.relations[id].columns.iter().map(|column| column.base).collect()
        };
        if bases(old, id) == bases(new, found) {
            Ok(found)
        } else {
            Err(format!("`{name}` has other columns"))
        }
    };
    let value = |value: Value| same_value(value, &old.symbols, &new.symbols);
    Ok(match change {
        Change::Without(target) => Change::Without(target.clone()),
        Change::Retract(id, pattern) => {
            let pattern = pattern.iter().map(|cell| cell.map(value)).collect();
            Change::Retract(relation(*id)?, pattern)
        }
        Change::Assume(id, tuple) => {
            Change::Assume(relation(*id)?, tuple.iter().map(|cell| value(*cell)).collect())
        }
    })
}

pub(super) fn same_value(value: Value, old: &Symbols, new: &Symbols) -> Value {
    match value {
        Value::Symbol(symbol) => Value::Symbol(new.intern(old.text(symbol))),
        other => other,
    }
}
