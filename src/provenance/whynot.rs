//! [`WhyNot`]: why a tuple is not there: for each rule that could give it the bindings that come
//! nearest, each with the literals that stand in the way and the values that they have.

use std::cell::Cell;
use std::ops::ControlFlow;

use crate::analysis::analysis::Analysis;
use crate::base::hash::Map;
use crate::base::ids::{Id, NodeId, RuleId, VarId};
use crate::engine::limits::{Limits, Stop};
use crate::engine::tables::Tables;
use crate::program::program::{Aggregate, Atom, Expr, Literal, LiteralKind, Program};
use crate::provenance::check::Given;
use crate::provenance::contributors::Contributions;
pub use crate::provenance::contributors::{Contributor, Contributors};
use crate::provenance::leaves::Leaves;
use crate::provenance::mirror::{exchange, exchanged};
pub use crate::provenance::near::{Apart, Asked, Reach};
use crate::provenance::near::{Case, Near, NearMiss, Stands, matches};
use crate::provenance::nearest::Nearest;
pub use crate::provenance::nearest::{NearRow, Unknown, occurs};
use crate::provenance::proof::{Binding, Conclusion, Node, Proof, RuleNode, Site};
use crate::provenance::search::{Budget, Explainer};
use crate::provenance::solve::{Bound, Solver, binding_of};
use crate::value::value::{Tuple, Value, cmp_tuples};

/// Why an atom has no tuple.
#[derive(Clone, Debug)]
pub struct WhyNot {
    /// What was asked for.
    pub asked: Asked,
    /// The rules that could give it, in the order of the text.
    pub rules: Vec<RuleReach>,
    /// Rules of the relation whose heads have another value in some column.
    pub apart: Vec<Apart>,
    /// The nearest bindings, the nearest of every rule first.
    pub misses: Vec<Miss>,
    /// The nearest stored tuples.
    pub rows: Vec<NearRow>,
    /// Values that their columns do not have.
    pub unknown: Vec<Unknown>,
    /// Number of tuples of the relation.
    pub stored: usize,
}

/// How many near misses a rule has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RuleReach {
    /// The rule.
    pub rule: RuleId,
    /// Bindings that one literal stands in the way of, and those that two do.
    pub blocked_by: [usize; 2],
    /// How far the search went.
    pub reach: Reach,
}

/// A binding that comes near.
#[derive(Clone, Debug)]
pub struct Miss {
    /// The rule.
    pub rule: RuleId,
    /// The values of its variables, as far as they are known.
    pub binding: Binding,
    /// What can be said of each literal of the body.
    pub literals: Vec<Verdict>,
    /// What stands in the way, in the order of the body, the head last.
    pub blockers: Vec<Blocker>,
    /// Other bindings that the same stands in the way of.
    pub others: usize,
    /// Bindings that are this one with variables exchanged.
    pub mirrored: usize,
}

/// What can be said of a literal under a binding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It does not.
    Fails,
    /// It depends on values that are not known.
    Open,
}

/// A literal that stands in the way.
#[derive(Clone, Debug)]
pub struct Blocker {
    /// Its position in the body; behind its end for what the head asks.
    pub at: usize,
    /// The literal; the condition that the head sets is one too.
    pub literal: Literal,
    /// In which way.
    pub obstacle: Obstacle,
    /// Where the values of its variables come from, where they were counted or added up.
    pub from: Vec<Contributors>,
}

/// In which way a literal stands in the way.
#[derive(Clone, Debug)]
pub enum Obstacle {
    /// No tuple matches.
    Missing(Box<Missing>),
    /// A tuple is there that must not be.
    Present(Box<Present>),
    /// Both sides have a value.
    Compared(Value, Value),
    /// The values of the arguments.
    Tested(Vec<Value>),
    /// The value is no member: the value, and what bounds the range.
    OutOfRange(Option<Value>, Vec<Value>),
    /// The aggregate has another value, or none; and the one that is wanted.
    Aggregated(Option<Value>, Option<Value>),
    /// An operation has no value.
    NoValue,
    /// It never holds.
    Never,
    /// It has solutions, but none with which the literals that wait for its variables hold.
    Together,
}

/// A tuple that is not there.
#[derive(Clone, Debug)]
pub struct Missing {
    /// The tuple, as far as its values are known.
    pub asked: Asked,
    /// The nearest ones that are.
    pub rows: Vec<NearRow>,
    /// Values that occur nowhere in their columns.
    pub unknown: Vec<Unknown>,
    /// Why that one is not there: all that comes near, if one asked to go so deep; else the only
    /// case that fails on one condition, if there is just one.
    pub below: Option<WhyNot>,
    /// Whether `below` is the nearest alone.
    pub is_trail: bool,
}

/// A tuple that is there and must not be.
#[derive(Clone, Debug)]
pub struct Present {
    /// The first one.
    pub tuple: Conclusion,
    /// How many there are.
    pub count: usize,
    /// The last steps of its best proof, as long as each rests on one step, the last one first.
    pub by: Vec<RuleNode>,
}

/// How much is looked at and shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Effort {
    /// Tuples that may be read.
    pub work: usize,
    /// Near misses that are shown.
    pub shown: usize,
    /// How many steps down missing tuples are asked about in turn.
    pub depth: usize,
    /// How many steps further down it is told what stands in the way, while that is one thing.
    pub trail: usize,
    /// Literals that are left out, at most: 1 or 2.
    pub literals: usize,
    /// Whether near misses are shown that are further off than the nearest of their rule.
    pub all: bool,
}

/// What the proof of a tuple that stands in the way may cost; its last step is told.
const STEP_BUDGET: Budget = Budget { instances: 2_000, rows: 50 };

/// Steps that are told of a tuple that stands in the way.
const STEPS_MAX: usize = 3;

impl Default for Effort {
    fn default() -> Self {
        Self { work: 1_000_000, shown: 5, depth: 0, trail: 4, literals: 2, all: false }
    }
}

/// A near miss as it was found. Literals are counted from 0, those of the head after the body.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The rule.
    pub rule: RuleId,
    /// The values of its variables, as far as they are known.
    pub binding: Binding,
    /// The literals left out.
    pub dropped: Vec<usize>,
    /// Those that wait for variables which only the former bind.
    pub waiting: Vec<usize>,
}

/// Unsatisfied literals with the values of their variables.
type Signature = Vec<(usize, Bound)>;

/// Answers why not.
pub struct Refuter<'a> {
    pub(crate) given: Given<'a>,
    pub(crate) explainer: Explainer<'a>,
    solver: Solver<'a>,
    nearest: Nearest<'a>,
}

/// A near miss with what it is ranked by.
pub(crate) struct Ranked {
    near: NearMiss,
    rule: usize,
    missing: usize,
    /// Variables that have the value of another one.
    alike: usize,
    /// By how much the numbers miss that are compared.
    gap: u128,
    others: usize,
    mirrored: usize,
}

impl Ranked {
    pub(crate) fn size(&self) -> (usize, usize, usize, u128) {
        (self.near.unsatisfied.len(), self.alike, self.missing, self.gap)
    }

    /// The literals left out.
    pub(crate) fn dropped(&self) -> &[usize] {
        &self.near.dropped
    }
}

/// How many variables have the value of an earlier one: something is then seldom meant.
fn alike(bound: &Bound) -> usize {
    let known: Vec<Value> = bound.iter().copied().flatten().collect();
    (1..known.len()).filter(|&at| known[..at].contains(&known[at])).count()
}

impl<'a> Refuter<'a> {
    /// A refuter over what an evaluation has left behind.
    #[must_use]
    pub fn new(
        program: &'a Program,
        analysis: &'a Analysis,
        tables: &'a dyn Tables,
        leaves: &'a Leaves,
        limits: &Limits,
    ) -> Self {
        let explainer = Explainer::new(program, analysis, tables, leaves).within(limits);
        let solver = Solver::new(program, tables, limits);
        let given = explainer.given();
        Self { given, explainer, solver, nearest: Nearest::new(given) }
    }

    /// What the answers speak of.
    #[must_use]
    pub fn given(&self) -> Given<'a> {
        self.given
    }

    /// What proves tuples.
    #[must_use]
    pub fn explainer(&self) -> &Explainer<'a> {
        &self.explainer
    }

    /// The first tuple that is asked for, if one is there.
    #[must_use]
    pub fn first(&self, asked: &Asked) -> Option<Tuple> {
        let symbols = &self.given.program.symbols;
        let mut first: Option<Tuple> = None;
        self.given.tables.select(asked.relation, &asked.pattern, &mut |tuple| {
            let less = |known: &Tuple| cmp_tuples(tuple, known, symbols).is_lt();
            if asked.fits(tuple) && first.as_ref().is_none_or(less) {
                first = Some(tuple.into());
            }
            ControlFlow::Continue(())
        });
        first
    }

    /// Why no tuple is there that is asked for.
    ///
    /// # Errors
    /// If the search is stopped.
    pub fn refute(&self, asked: &Asked, effort: Effort) -> Result<WhyNot, Stop> {
        self.refute_below(asked, effort, &mut Vec::new())
    }

    /// All near misses of every rule, in the order of the rules.
    ///
    /// # Errors
    /// If the search is stopped.
    pub fn near_misses(&self, asked: &Asked, effort: Effort) -> Result<Vec<Listed>, Stop> {
        let (mut nears, _) = self.search(asked, effort)?;
        let mut all = Vec::new();
        for near in &mut nears {
            let vars: Vec<VarId> = (0..near.case.start.len()).map(VarId::new).collect();
            for NearMiss { dropped, mut unsatisfied, bound } in near.misses() {
                unsatisfied.retain(|at| !dropped.contains(at));
                let binding = binding_of(&vars, &bound);
                all.push(Listed { rule: near.case.rule, binding, dropped, waiting: unsatisfied });
            }
        }
        Ok(all)
    }

    /// The searches of all rules that could give the atom, and the rules that cannot.
    fn search(
        &self,
        asked: &Asked,
        effort: Effort,
    ) -> Result<(Vec<Near<'_, 'a>>, Vec<Apart>), Stop> {
        let (mut nears, mut apart) = (Vec::new(), Vec::new());
        for (id, rule) in self.given.program.rules_of(asked.relation) {
            match Case::new(id, rule, asked) {
                Ok(case) => nears.push(Near::new(&self.solver, case)),
                Err(other) => apart.push(other),
            }
        }
        let work = Cell::new(effort.work);
        for count in 1..=effort.literals {
            nears.iter_mut().for_each(|near| near.leave_out(count, &work));
        }
        self.solver.watch.stopped()?;
        Ok((nears, apart))
    }

    fn refute_below(
        &self,
        asked: &Asked,
        effort: Effort,
        above: &mut Vec<Asked>,
    ) -> Result<WhyNot, Stop> {
        let (mut nears, apart) = self.search(asked, effort)?;
        let mut rules = Vec::new();
        let mut ranked: Vec<Ranked> = Vec::new();
        for (at, near) in nears.iter_mut().enumerate() {
            let misses = near.misses();
            let mut blocked_by = [0, 0];
            misses.iter().for_each(|miss| blocked_by[miss.dropped.len() - 1] += 1);
            rules.push(RuleReach { rule: near.case.rule, blocked_by, reach: near.reach });
            ranked.extend(self.ranked(at, &near.case, misses));
        }
        above.push(asked.clone());
        let mut misses = Vec::new();
        for ranked in chosen(ranked, effort) {
            misses.push(self.miss(&nears[ranked.rule].case, &ranked, effort, above)?);
        }
        above.pop();
        let nearest = &self.nearest;
        let whynot = WhyNot {
            asked: asked.clone(),
            rules,
            apart,
            misses,
            rows: nearest.rows(asked),
            unknown: nearest.unknown(asked),
            stored: self.given.tables.len(asked.relation),
        };
        self.solver.watch.stopped()?;
        Ok(whynot)
    }

    /// The near misses of a rule, those together that the same stands in the way of, and without
    /// mirror images.
    pub(crate) fn ranked(&self, rule: usize, case: &Case, misses: Vec<NearMiss>) -> Vec<Ranked> {
        let exchange = exchange(&self.given.program.rules[case.rule]);
        let mut images: Map<Bound, usize> = Map::default();
        let mut places: Map<Signature, usize> = Map::default();
        let mut ranked: Vec<Ranked> = Vec::new();
        for near in misses {
            if let Some(&at) = images.get(&near.bound)
                && ranked[at].near.dropped.len() == near.dropped.len()
            {
                ranked[at].mirrored += 1;
                continue;
            }
            let signature: Signature = near
                .unsatisfied
                .iter()
                .map(|&at| {
                    let mut values = Vec::new();
                    case.literals[at].each_var(&mut |var| values.push(near.bound[var.index()]));
                    (at, values)
                })
                .collect();
            let place = places.get(&signature).copied();
            if let Some(exchange) = &exchange {
                let image = exchanged(&near.bound, exchange);
                if image != near.bound {
                    images.entry(image).or_insert(place.unwrap_or(ranked.len()));
                }
            }
            if let Some(at) = place {
                ranked[at].others += 1;
                continue;
            }
            places.insert(signature, ranked.len());
            let is_missing = |at: &&usize| matches!(case.literals[**at].kind, LiteralKind::Atom(_));
            let missing = near.dropped.iter().filter(is_missing).count();
            let alike = alike(&near.bound);
            let gap = self.gap(case, &near);
            ranked.push(Ranked { near, rule, missing, alike, gap, others: 0, mirrored: 0 });
        }
        ranked.sort_by_key(|one| (one.near.dropped.len(), one.size()));
        ranked
    }

    /// By how much integers miss in the comparisons left out.
    fn gap(&self, case: &Case, near: &NearMiss) -> u128 {
        let wide = |expr: &Expr| match self.solver.eval(expr, &near.bound) {
            Some(Value::Number(n)) => Some(i128::from(n)),
            Some(Value::Unsigned(n)) => Some(i128::from(n)),
            _ => None,
        };
        let of = |at: &usize| match &case.literals[*at].kind {
            LiteralKind::Compare(_, left, right) => Some(wide(left)?.abs_diff(wide(right)?)),
            _ => None,
        };
        near.dropped.iter().filter_map(of).sum()
    }

    pub(crate) fn miss(
        &self,
        case: &Case,
        ranked: &Ranked,
        effort: Effort,
        above: &mut Vec<Asked>,
    ) -> Result<Miss, Stop> {
        let rule = &self.given.program.rules[case.rule];
        let NearMiss { unsatisfied, bound, dropped } = &ranked.near;
        let verdict = |at: usize| {
            if !unsatisfied.contains(&at) {
                return Verdict::Holds;
            }
            match case.state(&self.solver, at, bound) {
                Stands::Open if !dropped.contains(&at) => Verdict::Open,
                Stands::Yes => Verdict::Holds,
                Stands::Open | Stands::No => Verdict::Fails,
            }
        };
        let literals: Vec<Verdict> = (0..rule.body.len()).map(verdict).collect();
        let mut blockers = Vec::new();
        for &at in unsatisfied {
            let stands = case.state(&self.solver, at, bound);
            if !dropped.contains(&at) && stands != Stands::No {
                continue;
            }
            let obstacle = self.obstacle(case, (at, stands), bound, (effort, above))?;
            let mut from = Vec::new();
            if !matches!(obstacle, Obstacle::Missing(_) | Obstacle::Present(..)) {
                from = Contributions::new(self, case, bound).of(at);
            }
            let literal = case.literals[at].clone();
            blockers.push(Blocker { at, literal, obstacle, from });
        }
        let vars: Vec<VarId> = rule.vars.ids().collect();
        let binding = binding_of(&vars, bound);
        let Ranked { others, mirrored, .. } = *ranked;
        Ok(Miss { rule: case.rule, binding, literals, blockers, others, mirrored })
    }

    fn obstacle(
        &self,
        case: &Case,
        (at, stands): (usize, Stands),
        bound: &Bound,
        (effort, above): (Effort, &mut Vec<Asked>),
    ) -> Result<Obstacle, Stop> {
        let value = |expr: &Expr| self.solver.eval(expr, bound);
        let values = |args: &[Expr]| args.iter().map(value).collect::<Option<Vec<Value>>>();
        let literal = &case.literals[at];
        if stands == Stands::Open && !matches!(literal.kind, LiteralKind::Atom(_)) {
            return Ok(Obstacle::Together);
        }
        Ok(match &literal.kind {
            LiteralKind::Atom(atom) => {
                Obstacle::Missing(Box::new(self.missing(atom, bound, effort, above)?))
            }
            LiteralKind::Absent(atom) => self.present(atom, bound),
            LiteralKind::Compare(_, left, right) => match (value(left), value(right)) {
                (Some(left), Some(right)) => Obstacle::Compared(left, right),
                _ => Obstacle::NoValue,
            },
            LiteralKind::Test { args, .. } => {
                values(args).map_or(Obstacle::NoValue, Obstacle::Tested)
            }
            LiteralKind::Range { var, args } => match values(args) {
                Some(args) => Obstacle::OutOfRange(bound[var.index()], args),
                None => Obstacle::NoValue,
            },
            LiteralKind::Aggregate { var, aggregate } => {
                let group = self.group(case, at, aggregate, bound);
                Obstacle::Aggregated(group, bound[var.index()])
            }
            LiteralKind::Constant(_) => Obstacle::Never,
        })
    }

    fn group(&self, case: &Case, at: usize, aggregate: &Aggregate, bound: &Bound) -> Option<Value> {
        self.solver.group(&Site::of_rule(case.rule).inside(at), aggregate, bound).value
    }

    fn missing(
        &self,
        atom: &Atom,
        bound: &Bound,
        effort: Effort,
        above: &mut Vec<Asked>,
    ) -> Result<Missing, Stop> {
        let equal = (0..atom.args.len()).filter_map(|i| {
            let earlier = atom.args[..i].iter().position(|other| *other == atom.args[i])?;
            Solver::pattern(atom, bound)[i].is_none().then_some((earlier, i))
        });
        let asked = Asked {
            relation: atom.relation,
            pattern: Solver::pattern(atom, bound),
            equal: equal.collect(),
        };
        let nearest = &self.nearest;
        let is_derived = self.given.program.rules_of(atom.relation).next().is_some();
        let there = self.first(&asked).is_some();
        let is_trail = effort.depth == 0;
        let below = if is_derived && !there && !above.contains(&asked) {
            self.below(&asked, effort, above)?
        } else {
            None
        };
        let rows = if there { Vec::new() } else { nearest.rows(&asked) };
        Ok(Missing { rows, unknown: nearest.unknown(&asked), asked, below, is_trail })
    }

    /// Why a missing tuple is not there, as far down as one asked, or the nearest alone.
    fn below(
        &self,
        asked: &Asked,
        effort: Effort,
        above: &mut Vec<Asked>,
    ) -> Result<Option<WhyNot>, Stop> {
        if let Some(depth) = effort.depth.checked_sub(1) {
            let (work, shown) = (effort.work / 4, effort.shown.min(2));
            return self
                .refute_below(asked, Effort { depth, work, shown, ..effort }, above)
                .map(Some);
        }
        let Some(trail) = effort.trail.checked_sub(1) else { return Ok(None) };
        let less = Effort { trail, work: effort.work / 4, shown: 1, literals: 1, ..effort };
        let below = self.refute_below(asked, less, above)?;
        // Of many cases one alone would tell nothing.
        let cases: usize = below.rules.iter().map(|rule| rule.blocked_by[0]).sum();
        let told = below.misses.first().map(|miss| 1 + miss.others + miss.mirrored);
        Ok(Some(below).filter(|_| told == Some(cases)))
    }

    /// The first tuple that a negated atom meets, and how many there are.
    fn present(&self, atom: &Atom, bound: &Bound) -> Obstacle {
        let symbols = &self.given.program.symbols;
        let mut found: Vec<Tuple> = Vec::new();
        let pattern = Solver::pattern(atom, bound);
        self.given.tables.select(atom.relation, &pattern, &mut |tuple| {
            if matches(atom, tuple) {
                found.push(tuple.into());
            }
            self.solver.watch.tick(1)
        });
        let count = found.len();
        let first = found.into_iter().min_by(|a, b| cmp_tuples(a, b, symbols));
        let Some(tuple) = first else { return Obstacle::Never };
        let proof = self.explainer.explain(atom.relation, &tuple, STEP_BUDGET).ok();
        let by = proof.map(|proof| last_steps(&proof)).unwrap_or_default();
        let tuple = Conclusion { relation: atom.relation, tuple };
        Obstacle::Present(Box::new(Present { tuple, count, by }))
    }

    pub(crate) fn solver(&self) -> &Solver<'a> {
        &self.solver
    }
}

/// The last steps of a proof, as long as each rests on one other step.
fn last_steps(proof: &Proof) -> Vec<RuleNode> {
    let mut steps: Vec<RuleNode> = Vec::new();
    let mut next = Some(NodeId::new(0));
    while let Some(id) = next.take()
        && let Node::Rule(node) = &proof.nodes[id]
        && steps.len() < STEPS_MAX
    {
        let is_step = |id: &&NodeId| matches!(proof.nodes[**id], Node::Rule(_));
        let mut below = node.premises.iter().filter(is_step);
        next = below.next().copied().filter(|_| below.next().is_none());
        steps.push(node.clone());
    }
    steps
}

/// The near misses that are shown: the nearest of every rule, then others that are as near as the
/// nearest of their rule, or all; the nearest first.
fn chosen(mut ranked: Vec<Ranked>, effort: Effort) -> Vec<Ranked> {
    let mut nearest: Map<usize, usize> = Map::default();
    for one in &ranked {
        let least = nearest.entry(one.rule).or_insert(one.near.dropped.len());
        *least = (*least).min(one.near.dropped.len());
    }
    ranked.retain(|one| effort.all || nearest[&one.rule] == one.near.dropped.len());
    let mut seen: Map<usize, usize> = Map::default();
    let mut keyed: Vec<(usize, usize, Ranked)> = ranked
        .into_iter()
        .map(|one| {
            let turn = seen.entry(one.rule).or_insert(0);
            *turn += 1;
            (usize::from(*turn > 1), one.near.dropped.len(), one)
        })
        .collect();
    keyed.sort_by_key(|(turn, literals, one)| (*turn, *literals, one.size()));
    keyed.truncate(effort.shown);
    keyed.sort_by_key(|(_, literals, one)| (*literals, one.rule, one.size()));
    keyed.into_iter().map(|(_, _, one)| one).collect()
}
