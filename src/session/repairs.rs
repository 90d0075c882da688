//! The smallest changes of the input that would make an atom hold: rows that are missing are
//! assumed, what stands in the way is withdrawn, what is counted gets one more like it. Every one
//! that is given out was made, and everything derived again.

use std::cmp::Reverse;

use crate::base::hash::Map;
use crate::base::ids::{LeafId, RelationId};
use crate::program::program::{Arg, LiteralKind};
use crate::provenance::leaves::LeafKind;
use crate::provenance::proof::{Conclusion, LeafRef, Node};
use crate::provenance::search::Budget;
use crate::provenance::whynot::{
    Asked, Blocker, Contributors, Effort, Miss, Missing, Obstacle, Refuter, WhyNot,
};
use crate::session::session::{Refused, Session};
use crate::session::stops;
use crate::session::whatif::{Change, Target};
use crate::syntax::ast::AggregateKind;
use crate::value::base_type::BaseType;
use crate::value::symbols::Symbols;
use crate::value::value::{Finite, Tuple, Value, cmp_tuples};

/// Changes that together make the atom hold.
#[derive(Clone, PartialEq, Debug)]
pub struct Repair {
    /// What they are.
    pub steps: Vec<Step>,
    /// The same as changes of the input.
    pub changes: Vec<Change>,
}

/// A change.
#[derive(Clone, PartialEq, Debug)]
pub enum Step {
    /// A claim is withdrawn.
    Withdraw(LeafId),
    /// A row is taken out.
    Retract(RelationId, Tuple),
    /// A row is added. Where nothing is given a name that nothing else has was tried: any value
    /// that was tried otherwise is given.
    Assume(RelationId, Vec<Option<Value>>),
    /// One more claim like this one is made, by another source, such as this one.
    OneMore(LeafId, String),
}

/// A step with its changes.
type Made = (Step, Vec<Change>);

/// Steps that together remove what stands in the way.
type Plan = Vec<Made>;

/// Repairs that are given.
const GIVEN_MAX: usize = 3;
/// Ways to deal with one obstacle that are tried.
const OPTIONS_MAX: usize = 8;
/// Input rows that are derived from again, at most, over all tries.
const ROWS_MAX: usize = 2_000_000;
/// Tries, at least and at most.
const TRIES: (usize, usize) = (2, 32);
/// Steps of one repair.
const STEPS_MAX: usize = 3;

impl Session {
    /// Changes that would make what is asked for hold, the smallest first.
    ///
    /// # Errors
    /// If the search is stopped.
    pub fn repairs(&self, refuter: &Refuter<'_>, asked: &Asked) -> Result<Vec<Repair>, Refused> {
        let effort = Effort { depth: 2, work: 200_000, ..Effort::default() };
        let whynot = refuter
            .refute(asked, effort)
            .map_err(|stop| vec![stops::message(&stop, &self.world().program, self.options())])?;
        let finder = Finder { session: self, refuter };
        let mut plans = finder.plans(&whynot);
        plans.sort_by_key(Vec::len);
        let rows = self.world().input_rows.max(1);
        let mut tries = (ROWS_MAX / rows).clamp(TRIES.0, TRIES.1);
        let mut repairs: Vec<Repair> = Vec::new();
        let mut tried: Vec<Vec<Change>> = Vec::new();
        for plan in plans {
            let (steps, changes): (Vec<Step>, Vec<Vec<Change>>) = plan.into_iter().unzip();
            let changes = changes.concat();
            let is_larger = |repair: &Repair| {
                repair.steps.iter().all(|step| steps.iter().any(|other| same(step, other)))
            };
            if tried.contains(&changes) || repairs.iter().any(is_larger) {
                continue;
            }
            if tries == 0 || repairs.len() == GIVEN_MAX {
                break;
            }
            tries -= 1;
            if self.would_hold(asked, &changes)? {
                repairs.push(Repair { steps, changes: changes.clone() });
            }
            tried.push(changes);
        }
        Ok(repairs)
    }

    /// Whether what is asked for holds after changes.
    fn would_hold(&self, asked: &Asked, changes: &[Change]) -> Result<bool, Refused> {
        let stopped =
            |refused: &Refused| self.options().limits().check().is_err() && !refused.is_empty();
        let fork = match self.fork(changes) {
            Ok(fork) => fork,
            Err(refused) if stopped(&refused) => return Err(refused),
            // An error of the evaluation: this is no way to make it hold.
            Err(_) => return Ok(false),
        };
        let limits = self.options().limits();
        let (program, tables) = (&fork.program, fork.tables());
        let refuter = Refuter::new(program, &fork.analysis, tables, &fork.leaves, &limits);
        Ok(refuter.first(asked).is_some())
    }
}

/// The relation that says who made a claim and who passed it on.
const CHAIN: &str = "claim_chain";

/// Some value of a type, of texts one that nothing else is called.
fn any_value(base: BaseType, symbols: &Symbols) -> Value {
    match base {
        BaseType::Number => Value::Number(0),
        BaseType::Unsigned => Value::Unsigned(0),
        BaseType::Float => Finite::new(0.0).map_or(Value::Number(0), Value::Float),
        BaseType::Symbol => Value::Symbol(symbols.intern("(any)")),
    }
}

/// Whether a row is added of which some values are open.
fn is_open(step: &Step) -> bool {
    matches!(step, Step::Assume(_, pattern) if pattern.contains(&None))
}

/// Whether two steps are the same but for the source that is given as an example.
fn same(a: &Step, b: &Step) -> bool {
    match (a, b) {
        (Step::OneMore(a, _), Step::OneMore(b, _)) => a == b,
        _ => a == b,
    }
}

/// What could be changed.
struct Finder<'s, 'a> {
    session: &'s Session,
    refuter: &'s Refuter<'a>,
}

impl Finder<'_, '_> {
    /// Plans for the near misses, those of the nearest first.
    fn plans(&self, whynot: &WhyNot) -> Vec<Plan> {
        whynot.misses.iter().flat_map(|miss| self.plans_of(miss)).collect()
    }

    fn plans_of(&self, miss: &Miss) -> Vec<Plan> {
        let mut plans: Vec<Plan> = vec![Vec::new()];
        for blocker in &miss.blockers {
            let mut options = self.options(blocker);
            if miss.blockers.len() > 1 {
                // What is open in one may have to be the same in the other.
                options.retain(|plan| plan.iter().all(|(step, _)| !is_open(step)));
            }
            options.truncate(OPTIONS_MAX);
            let with = |plan: &Plan| -> Vec<Plan> {
                options.iter().map(|option| [plan.clone(), option.clone()].concat()).collect()
            };
            plans = plans.iter().flat_map(with).filter(|plan| plan.len() <= STEPS_MAX).collect();
        }
        plans
    }

    /// Ways to deal with one obstacle.
    fn options(&self, blocker: &Blocker) -> Vec<Plan> {
        match &blocker.obstacle {
            Obstacle::Missing(missing) => self.supply(missing),
            Obstacle::Present(present) => self.remove(&present.tuple),
            Obstacle::Compared(..) | Obstacle::Aggregated(..) => {
                blocker.from.iter().flat_map(|from| self.adjust(from)).collect()
            }
            Obstacle::Tested(_)
            | Obstacle::OutOfRange(..)
            | Obstacle::NoValue
            | Obstacle::Never
            | Obstacle::Together => Vec::new(),
        }
    }

    /// A missing tuple is assumed if it could be given, else what its own rules miss is supplied.
    fn supply(&self, missing: &Missing) -> Vec<Plan> {
        let program = &self.session.world().program;
        if missing.unknown.iter().any(|unknown| !unknown.near.is_empty()) {
            // It is misspelt.
            return Vec::new();
        }
        let Asked { relation, pattern, equal } = &missing.asked;
        if program.rules_of(*relation).next().is_some() {
            return missing.below.as_ref().map(|below| self.plans(below)).unwrap_or_default();
        }
        if !equal.is_empty() {
            return Vec::new();
        }
        let example = missing.rows.first().map(|row| &row.tuple);
        let tuple: Tuple = (0..pattern.len())
            .map(|at| {
                let base = program.relations[*relation].columns[at].base;
                let like = example.map(|tuple| tuple[at]);
                pattern[at].or(like).unwrap_or_else(|| any_value(base, &program.symbols))
            })
            .collect();
        // Only what was tried is said: a name that is new stays open, a number does not.
        let said = (0..pattern.len()).map(|at| {
            let is_new =
                pattern[at].is_none() && example.is_none() && matches!(tuple[at], Value::Symbol(_));
            (!is_new).then_some(tuple[at])
        });
        let step = Step::Assume(*relation, said.collect());
        vec![vec![(step, vec![Change::Assume(*relation, tuple)])]]
    }

    /// What a tuple rests on is taken away, one leaf at a time: claims first.
    fn remove(&self, tuple: &Conclusion) -> Vec<Plan> {
        let budget = Budget { instances: 2_000, rows: 50 };
        let explainer = self.refuter.explainer();
        let Ok(proof) = explainer.explain(tuple.relation, &tuple.tuple, budget) else {
            return Vec::new();
        };
        let mut found: Vec<(u8, Made)> = Vec::new();
        for node in proof.nodes.iter() {
            let Node::Leaf(leaf) = node else { continue };
            let (rank, option) = self.without(leaf.leaf, &leaf.conclusion);
            if !found.iter().any(|(_, known)| known.0 == option.0) {
                found.push((rank, option));
            }
        }
        found.sort_by_key(|(rank, _)| *rank);
        found.into_iter().map(|(_, option)| vec![option]).collect()
    }

    /// A leaf is taken out: with how likely it is that someone would.
    fn without(&self, leaf: LeafRef, given: &Conclusion) -> (u8, Made) {
        let row = || {
            let pattern = given.tuple.iter().map(|value| Some(*value)).collect();
            let step = Step::Retract(given.relation, given.tuple.clone());
            (step, vec![Change::Retract(given.relation, pattern)])
        };
        match leaf {
            LeafRef::Row(id) => {
                let leaf = &self.session.world().leaves.leaves[id];
                match leaf.kind {
                    LeafKind::Claim => {
                        let change = Change::Without(Target::Claim(leaf.id.clone()));
                        (1, (Step::Withdraw(id), vec![change]))
                    }
                    LeafKind::Assumption => (0, row()),
                    LeafKind::Record => (2, row()),
                    LeafKind::Definition => (3, row()),
                }
            }
            LeafRef::Input => (0, row()),
            LeafRef::Fact(_) => (3, row()),
        }
    }

    /// What is counted or added up gets one more like it, or one less.
    fn adjust(&self, from: &Contributors) -> Vec<Plan> {
        let mut plans = Vec::new();
        if !matches!(from.kind, AggregateKind::Count | AggregateKind::Sum) {
            return plans;
        }
        let mut claims: Vec<LeafId> = from.rows.iter().flat_map(|row| row.claims.clone()).collect();
        claims.dedup();
        for row in &from.rows {
            if let [claim] = row.claims.as_slice() {
                plans.extend(self.one_more(*claim, &claims));
                break;
            }
        }
        if claims.is_empty() {
            plans.extend(self.one_more_row(from));
        }
        for claim in claims {
            let id = self.session.world().leaves.leaves[claim].id.clone();
            let change = Change::Without(Target::Claim(id));
            plans.push(vec![(Step::Withdraw(claim), vec![change])]);
        }
        plans
    }

    /// One more claim with the content of `like`, by each source that has made none of `others`.
    fn one_more(&self, like: LeafId, others: &[LeafId]) -> Vec<Plan> {
        let world = self.session.world();
        let leaves = &world.leaves;
        let origin = |id: LeafId| leaves.leaves[id].evidence.as_ref().map(|e| e.origin.as_str());
        let Some(own) = origin(like) else { return Vec::new() };
        let heard: Vec<&str> = others.iter().filter_map(|id| origin(*id)).collect();
        // Whoever is heard most is the likeliest to say one thing more.
        let mut claims: Map<&str, usize> = Map::default();
        for source in leaves.leaves.ids().filter_map(origin) {
            *claims.entry(source).or_default() += 1;
        }
        let mut sources: Vec<&str> = claims.keys().copied().collect();
        sources.retain(|source| !heard.contains(source));
        sources.sort_unstable_by_key(|source| (Reverse(claims[source]), *source));
        let symbols = &world.program.symbols;
        let id = &leaves.leaves[like].id;
        let renamed = symbols.intern(&format!("{id}, again"));
        let mut rows: Vec<&(RelationId, Tuple)> =
            leaves.rows().filter(|(_, leaf)| *leaf == like).map(|(row, _)| row).collect();
        rows.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| cmp_tuples(&a.1, &b.1, symbols)));
        let change = |source: &str| -> Vec<Change> {
            let source = symbols.intern(source);
            let row = |(relation, tuple): &&(RelationId, Tuple)| {
                let is_chain = world.program.relations[*relation].name == CHAIN;
                let other = |value: &Value| match value {
                    Value::Symbol(is) if symbols.text(*is) == id => Value::Symbol(renamed),
                    Value::Symbol(is) if is_chain && symbols.text(*is) == own => {
                        Value::Symbol(source)
                    }
                    value => *value,
                };
                Change::Assume(*relation, tuple.iter().map(other).collect())
            };
            rows.iter().map(row).collect()
        };
        let plan = |source: &&str| -> Plan {
            vec![(Step::OneMore(like, (*source).to_owned()), change(source))]
        };
        sources.iter().map(plan).collect()
    }

    /// One more row like the first that is counted, if it was given: with other texts where only
    /// the aggregate looks.
    fn one_more_row(&self, from: &Contributors) -> Option<Plan> {
        let program = &self.session.world().program;
        let row = from.rows.first()?;
        let (_, aggregate) = from.site.aggregate(program)?;
        let [Conclusion { relation, tuple }] = row.atoms.as_slice() else { return None };
        let atom = aggregate.body.iter().find_map(|literal| match &literal.kind {
            LiteralKind::Atom(atom) => Some(atom),
            _ => None,
        })?;
        if program.rules_of(*relation).next().is_some() {
            return None;
        }
        let is_local = |arg: &Arg| matches!(arg, Arg::Var(var) if aggregate.local.contains(var));
        let mut pattern: Vec<Option<Value>> = tuple.iter().map(|value| Some(*value)).collect();
        let mut like = tuple.clone();
        for (at, arg) in atom.args.iter().enumerate() {
            if is_local(arg) && matches!(tuple[at], Value::Symbol(_)) {
                pattern[at] = None;
                like[at] = any_value(tuple[at].base(), &program.symbols);
            }
        }
        let step = Step::Assume(*relation, pattern);
        Some(vec![(step, vec![Change::Assume(*relation, like)])])
    }
}
