//! [`Slice`]: what a proof may be made of, found backwards from a goal: tuples and values of
//! aggregates, and for each the ways to show it. Works on finished tables alone. Goals are
//! numbered in canonical order, and the budget counts rule instances, so that the same question
//! gives the same slice whatever the engine and the order of the input.

use std::cell::Cell;
use std::cmp::Ordering;
use std::ops::ControlFlow;
use std::rc::Rc;

use crate::analysis::analysis::Analysis;
use crate::base::hash::Map;
use crate::base::ids::{GoalId, Id, LeafId, RelationId, RuleId, Table, VarId};
use crate::engine::limits::Stop;
use crate::program::program::{Aggregate, Arg, Literal, LiteralKind, Program};
use crate::provenance::leaves::{LeafKind, Leaves};
use crate::provenance::proof::{Binding, LeafRef, Site};
use crate::provenance::solve::{Bound, Group, Solver, binding_of, choice_of, cmp_bindings};
use crate::syntax::ast::AggregateKind;
use crate::value::value::{Tuple, Value};

/// What is to be shown.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Goal {
    /// A tuple.
    Tuple(RelationId, Tuple),
    /// The value of an aggregate for these outer values and these witnesses.
    Value { site: Site, outer: Box<[Value]>, choice: Box<[Value]> },
}

/// A way to show a goal: all its premises together.
#[derive(Debug)]
pub(crate) struct Way {
    pub(crate) step: Step,
    /// Distinct goals, in id order.
    pub(crate) premises: Vec<GoalId>,
    /// What a leaf costs.
    pub(crate) tokens: Vec<u32>,
}

/// What a way does.
#[derive(Debug)]
pub(crate) enum Step {
    /// The tuple is given.
    Leaf(LeafRef),
    /// A rule with values for its variables.
    Rule(RuleId, Bound),
    /// All rows of an aggregate.
    Rows,
    /// One row of min or max.
    Witness(usize),
    /// Nothing is shown: the budget is used up.
    Cut,
}

/// What a proof is charged for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Token {
    /// An assumption: a leaf, a fact, or an input row by its goal.
    Assumption(LeafRef, Option<GoalId>),
    /// The origin of a claim, by the first leaf that has it.
    Source(LeafId),
    /// A claim.
    Claim(LeafId),
}

/// Where a search looks.
pub(crate) struct Context<'a> {
    pub(crate) program: &'a Program,
    pub(crate) analysis: &'a Analysis,
    pub(crate) leaves: &'a Leaves,
    pub(crate) solver: Solver<'a>,
    rules_of: Table<RelationId, Vec<RuleId>>,
    facts: Map<(RelationId, Tuple), usize>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        program: &'a Program,
        analysis: &'a Analysis,
        leaves: &'a Leaves,
        solver: Solver<'a>,
    ) -> Self {
        let mut rules_of = Table::filled(program.relations.len(), Vec::new());
        for (id, rule) in program.rules.entries() {
            rules_of[rule.head].push(id);
        }
        let mut facts = Map::default();
        for (at, fact) in program.facts.iter().enumerate() {
            let first = facts.entry((fact.relation, fact.values.clone())).or_insert(at);
            if program.facts[*first].assumed && !fact.assumed {
                *first = at;
            }
        }
        Self { program, analysis, leaves, solver, rules_of, facts }
    }

    /// What gives the tuple, if it is given, and whether that is free, claimed or assumed.
    pub(crate) fn leaf(&self, relation: RelationId, tuple: &Tuple) -> Option<(LeafRef, LeafKind)> {
        let key = (relation, tuple.clone());
        let row = self.leaves.rows.get(&key).map(|&id| (id, self.leaves.leaves[id].kind));
        let fact = self.facts.get(&key).map(|&at| (at, self.program.facts[at].assumed));
        match (row, fact) {
            (Some((_, LeafKind::Assumption)) | None, Some((at, false))) => {
                Some((LeafRef::Fact(at), LeafKind::Definition))
            }
            (Some((id, kind)), _) => Some((LeafRef::Row(id), kind)),
            (None, Some((at, true))) => Some((LeafRef::Fact(at), LeafKind::Assumption)),
            (None, None) => {
                let round = self.solver.tables.round_of(relation, tuple);
                let given = round.map_or(self.rules_of[relation].is_empty(), |round| round == 0);
                given.then_some((LeafRef::Input, LeafKind::Assumption))
            }
        }
    }
}

/// Goals and the ways to show them.
pub(crate) struct Slice<'c, 'a> {
    pub(crate) context: &'c Context<'a>,
    pub(crate) goals: Table<GoalId, Goal>,
    pub(crate) ways: Table<GoalId, Vec<Way>>,
    pub(crate) tokens: Vec<Token>,
    /// Rows of an aggregate that are explained; further ones are only counted.
    pub(crate) rows_max: usize,
    /// Whether some ways were left out.
    pub(crate) is_truncated: bool,
    ids: Map<Goal, GoalId>,
    token_ids: Map<Token, u32>,
    sources: Map<&'a str, LeafId>,
}

/// The part of the budget that one goal may use up, so that something is left for what is below.
const SHARE_OF_GOAL: usize = 16;

/// Tuples read for one goal, at most, for each rule instance of the budget.
const WORK_PER_INSTANCE: usize = 64;

impl<'c, 'a> Slice<'c, 'a> {
    fn new(context: &'c Context<'a>, budget: usize) -> Self {
        Self {
            context,
            rows_max: budget,
            goals: Table::new(),
            ways: Table::new(),
            tokens: Vec::new(),
            is_truncated: false,
            ids: Map::default(),
            token_ids: Map::default(),
            sources: Map::default(),
        }
    }

    /// Everything below `goal`, up to `budget` rule instances.
    ///
    /// # Errors
    /// If the search is stopped.
    pub(crate) fn full(context: &'c Context<'a>, goal: Goal, budget: usize) -> Result<Self, Stop> {
        let mut slice = Self::new(context, budget);
        slice.goal(goal);
        let mut left = budget;
        let work = Cell::new(budget.saturating_mul(WORK_PER_INSTANCE));
        let mut at = 0;
        while at < slice.goals.len() {
            let id = GoalId::new(at);
            let ways = slice.all_ways(id, (budget, &mut left), &work);
            context.solver.watch.stopped()?;
            slice.ways.push(ways);
            at += 1;
        }
        slice.is_truncated = slice.is_truncated || left == 0 || work.get() == 0;
        Ok(slice)
    }

    /// One way for each goal below `goal`, down the rounds: always a proof if rounds are kept and
    /// there are at most `goals_max` goals, though seldom the best.
    ///
    /// # Errors
    /// If the search is stopped.
    pub(crate) fn down_the_rounds(
        context: &'c Context<'a>,
        goal: Goal,
        goals_max: usize,
        budget: usize,
    ) -> Result<Self, Stop> {
        let mut slice = Self::new(context, budget);
        slice.goal(goal);
        slice.is_truncated = true;
        let mut at = 0;
        while at < slice.goals.len() {
            let id = GoalId::new(at);
            let is_tuple = matches!(slice.goals[id], Goal::Tuple(..));
            let cut = is_tuple && at >= goals_max;
            let way = if cut { slice.cut(id) } else { slice.lowest_way(id, budget) };
            context.solver.watch.stopped()?;
            slice.ways.push(vec![way]);
            at += 1;
        }
        Ok(slice)
    }

    /// The id of a goal, made if it is new.
    fn goal(&mut self, goal: Goal) -> GoalId {
        if let Some(id) = self.ids.get(&goal) {
            return *id;
        }
        let id = self.goals.push(goal.clone());
        self.ids.insert(goal, id);
        id
    }

    /// The id of a goal of this slice.
    pub(crate) fn id_of(&self, goal: &Goal) -> Option<GoalId> {
        self.ids.get(goal).copied()
    }

    fn all_ways(
        &mut self,
        id: GoalId,
        (budget, left): (usize, &mut usize),
        work: &Cell<usize>,
    ) -> Vec<Way> {
        let (relation, tuple) = match self.goals[id].clone() {
            Goal::Tuple(relation, tuple) => (relation, tuple),
            Goal::Value { site, outer, choice } => {
                return self.value_ways(&site, (&outer, &choice), left);
            }
        };
        let mut ways = Vec::new();
        let most = budget.div_ceil(SHARE_OF_GOAL);
        if let Some((leaf, kind)) = self.context.leaf(relation, &tuple) {
            ways.push(self.leaf_way(id, leaf, kind));
            if matches!(kind, LeafKind::Record | LeafKind::Definition) {
                return ways;
            }
        }
        let context = self.context;
        for &rule in &context.rules_of[relation] {
            let limit = most.saturating_sub(ways.len()).min(*left);
            let found = self.instances(rule, &tuple, limit, work);
            self.is_truncated |= found.len() == limit;
            for bound in found {
                *left = left.saturating_sub(1);
                ways.push(self.rule_way(rule, bound));
            }
        }
        ways
    }

    /// At most `limit` instances of a rule for a tuple, in canonical order.
    fn instances(
        &self,
        rule: RuleId,
        tuple: &Tuple,
        limit: usize,
        work: &Cell<usize>,
    ) -> Vec<Bound> {
        let mut found: Vec<Bound> = Vec::new();
        if limit == 0 {
            return found;
        }
        self.context.solver.instances(rule, tuple, work, &mut |bound| {
            found.push(bound.clone());
            if found.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        let vars: Vec<_> = self.context.program.rules[rule].vars.ids().collect();
        let solver = &self.context.solver;
        found.sort_by_cached_key(|bound| Canonical(binding_of(&vars, bound), solver));
        found
    }

    fn leaf_way(&mut self, id: GoalId, leaf: LeafRef, kind: LeafKind) -> Way {
        let tokens = match (kind, leaf) {
            (LeafKind::Record | LeafKind::Definition, _) => Vec::new(),
            (LeafKind::Claim, LeafRef::Row(claim)) => {
                let context = self.context;
                let evidence = context.leaves.leaves[claim].evidence.as_ref();
                let source = evidence.map(|evidence| {
                    let first = *self.sources.entry(&evidence.origin).or_insert(claim);
                    self.token(Token::Source(first))
                });
                source.into_iter().chain([self.token(Token::Claim(claim))]).collect()
            }
            (LeafKind::Assumption | LeafKind::Claim, _) => {
                let row = matches!(leaf, LeafRef::Input).then_some(id);
                vec![self.token(Token::Assumption(leaf, row))]
            }
        };
        Way { step: Step::Leaf(leaf), premises: Vec::new(), tokens }
    }

    fn token(&mut self, token: Token) -> u32 {
        let tokens = &mut self.tokens;
        *self.token_ids.entry(token).or_insert_with(|| {
            tokens.push(token);
            u32::try_from(tokens.len() - 1).expect("fewer tokens than goals")
        })
    }

    fn rule_way(&mut self, rule: RuleId, bound: Bound) -> Way {
        let context = self.context;
        let mut premises = Vec::new();
        let scope = Site::of_rule(rule);
        self.premises(&scope, &context.program.rules[rule].body, &bound, &mut premises);
        premises.sort_unstable();
        premises.dedup();
        Way { step: Step::Rule(rule, bound), premises, tokens: Vec::new() }
    }

    /// The goals of a body for values of its variables.
    fn premises(&mut self, scope: &Site, body: &[Literal], bound: &Bound, to: &mut Vec<GoalId>) {
        for (at, literal) in body.iter().enumerate() {
            if let Some(goal) = goal_of(scope, at, literal, bound) {
                to.push(self.goal(goal));
            }
        }
    }

    /// The aggregate at a site with the rows for the outer values.
    pub(crate) fn group(&self, site: &Site, outer: &[Value]) -> (&'a Aggregate, Rc<Group>, Bound) {
        let (_, aggregate) = site.aggregate(self.context.program).expect("the site of a goal");
        let vars = self.context.program.rules[site.rule].vars.len();
        let mut bound: Bound = vec![None; vars];
        for (var, value) in aggregate.outer.iter().zip(outer) {
            bound[var.index()] = Some(*value);
        }
        let group = self.context.solver.group(site, aggregate, &bound);
        (aggregate, group, bound)
    }

    fn value_ways(
        &mut self,
        site: &Site,
        (outer, choice): (&[Value], &[Value]),
        left: &mut usize,
    ) -> Vec<Way> {
        let (aggregate, group, mut bound) = self.group(site, outer);
        if !matches!(aggregate.kind, AggregateKind::Min | AggregateKind::Max) {
            let mut premises = Vec::new();
            self.is_truncated |= group.rows.len() > self.rows_max;
            for row in group.rows.iter().take(self.rows_max) {
                put(&row.binding, &mut bound);
                self.premises(site, &aggregate.body, &bound, &mut premises);
                *left = left.saturating_sub(1);
            }
            premises.sort_unstable();
            premises.dedup();
            return vec![Way { step: Step::Rows, premises, tokens: Vec::new() }];
        }
        let mut ways = Vec::new();
        for (at, row) in group.rows.iter().enumerate() {
            let fits = row.value == group.value && *choice == choice_of(aggregate, &row.binding);
            if !fits || (*left == 0 && !ways.is_empty()) {
                continue;
            }
            *left = left.saturating_sub(1);
            put(&row.binding, &mut bound);
            let mut premises = Vec::new();
            self.premises(site, &aggregate.body, &bound, &mut premises);
            premises.sort_unstable();
            premises.dedup();
            ways.push(Way { step: Step::Witness(at), premises, tokens: Vec::new() });
        }
        ways
    }

    fn cut(&mut self, id: GoalId) -> Way {
        let cut = Way { step: Step::Cut, premises: Vec::new(), tokens: Vec::new() };
        match self.goals[id].clone() {
            Goal::Tuple(relation, tuple) => match self.context.leaf(relation, &tuple) {
                Some((leaf, kind)) => self.leaf_way(id, leaf, kind),
                None => cut,
            },
            Goal::Value { .. } => cut,
        }
    }

    /// The way whose premises of the goal's own component are of the lowest rounds.
    fn lowest_way(&mut self, id: GoalId, budget: usize) -> Way {
        let (relation, tuple) = match self.goals[id].clone() {
            Goal::Tuple(relation, tuple) => (relation, tuple),
            Goal::Value { site, outer, choice } => {
                let mut one = 0;
                let ways = self.value_ways(&site, (&outer, &choice), &mut one);
                // A value has a way, unless the walk to it was stopped.
                return ways.into_iter().next().unwrap_or_else(|| self.cut(id));
            }
        };
        let given = self.context.leaf(relation, &tuple);
        let Some(round) = self.context.solver.tables.round_of(relation, &tuple) else {
            return self.cut(id);
        };
        if let Some((leaf, kind)) = given {
            return self.leaf_way(id, leaf, kind);
        }
        let work = Cell::new(budget.saturating_mul(WORK_PER_INSTANCE));
        let context = self.context;
        let mut best: Option<(u32, RuleId, Bound)> = None;
        for &rule in &context.rules_of[relation] {
            // Below lower components nothing is to be chosen; the first instance will do.
            let is_recursive = !context.analysis.recursive[rule].is_empty();
            let limit = if is_recursive { budget } else { 1 };
            for bound in self.instances(rule, &tuple, limit, &work) {
                let highest = self.highest_round(rule, &bound);
                let limit = best.as_ref().map_or(round, |best| best.0);
                if highest < limit {
                    best = Some((highest, rule, bound));
                }
            }
        }
        match best {
            Some((_, rule, bound)) => self.rule_way(rule, bound),
            None => self.cut(id),
        }
    }

    /// The highest round among premises of the head's own component.
    fn highest_round(&self, rule: RuleId, bound: &Bound) -> u32 {
        let context = self.context;
        let rule = &context.program.rules[rule];
        let stratum = context.analysis.stratum_of[rule.head];
        let round = |literal: &Literal| match &literal.kind {
            LiteralKind::Atom(atom) if context.analysis.stratum_of[atom.relation] == stratum => {
                let tuple = tuple_of(&atom.args, bound)?;
                Some(context.solver.tables.round_of(atom.relation, &tuple).unwrap_or(u32::MAX))
            }
            _ => None,
        };
        rule.body.iter().filter_map(round).max().unwrap_or(0)
    }
}

/// Orders bindings as the language orders values.
struct Canonical<'s, 'a>(Binding, &'s Solver<'a>);

impl Ord for Canonical<'_, '_> {
    fn cmp(&self, other: &Self) -> Ordering {
        cmp_bindings(&self.0, &other.0, self.1)
    }
}

impl PartialOrd for Canonical<'_, '_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Canonical<'_, '_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Canonical<'_, '_> {}

/// Puts values into a binding.
pub(crate) fn put(values: &[(VarId, Value)], bound: &mut Bound) {
    for (var, value) in values {
        bound[var.index()] = Some(*value);
    }
}

/// The tuple that an atom's arguments give.
pub(crate) fn tuple_of(args: &[Arg], bound: &Bound) -> Option<Tuple> {
    let value = |arg: &Arg| match arg {
        Arg::Var(var) => bound[var.index()],
        Arg::Const(value) => Some(*value),
    };
    args.iter().map(value).collect()
}

/// What a literal asks to be shown, if it asks for a goal of its own.
pub(crate) fn goal_of(scope: &Site, at: usize, literal: &Literal, bound: &Bound) -> Option<Goal> {
    match &literal.kind {
        LiteralKind::Atom(atom) => {
            let tuple = tuple_of(&atom.args, bound).expect("a whole binding");
            Some(Goal::Tuple(atom.relation, tuple))
        }
        LiteralKind::Aggregate { aggregate, .. } => {
            let values = |vars: &[_]| binding_of(vars, bound).into_iter().map(|(_, v)| v).collect();
            let (outer, choice) = (values(&aggregate.outer), values(&aggregate.witnesses));
            Some(Goal::Value { site: scope.inside(at), outer, choice })
        }
        LiteralKind::Absent(_)
        | LiteralKind::Compare(..)
        | LiteralKind::Test { .. }
        | LiteralKind::Range { .. }
        | LiteralKind::Constant(_) => None,
    }
}
