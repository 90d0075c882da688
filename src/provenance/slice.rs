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
use crate::provenance::leaves::{LeafKind, Leaves, RowRef};
use crate::provenance::proof::{Binding, LeafRef, Least, Site};
use crate::provenance::solve::{Bound, Group, Order, Solver, binding_of, choice_of, cmp_bindings};
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
    /// An independence group, if these are what there should be least of.
    Group(u32),
}

/// Where a search looks.
pub(crate) struct Context<'a> {
    pub(crate) program: &'a Program,
    pub(crate) analysis: &'a Analysis,
    pub(crate) leaves: &'a Leaves,
    pub(crate) solver: Solver<'a>,
    /// What a proof should have least of.
    pub(crate) least: Cell<Least>,
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
        let least = Cell::default();
        Self { program, analysis, leaves, solver, least, rules_of, facts }
    }

    /// What gives the tuple, if it is given, and whether that is free, claimed or assumed.
    pub(crate) fn leaf(
        &self,
        relation: RelationId,
        tuple: &[Value],
    ) -> Option<(LeafRef, LeafKind)> {
        let row = self.leaves.of(relation, tuple).map(|id| (id, self.leaves.leaves[id].kind));
        let key = RowRef { relation, tuple };
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

impl Context<'_> {
    /// The independence groups of a claim: those that `root_group` gives it or, if that has none,
    /// its origin.
    fn groups_of(&self, claim: LeafId) -> Vec<String> {
        let leaf = &self.leaves.leaves[claim];
        let symbols = &self.program.symbols;
        let mut groups = Vec::new();
        let relation = self.program.relation("root_group");
        let relation = relation.filter(|&id| self.program.relations[id].columns.len() == 2);
        if let (Some(relation), Some(id)) = (relation, symbols.find(&leaf.id)) {
            let pattern = [Some(Value::Symbol(id)), None];
            self.solver.tables.select(relation, &pattern, &mut |tuple| {
                groups.push(tuple[1].plain(symbols));
                ControlFlow::Continue(())
            });
        }
        groups.sort();
        if groups.is_empty() {
            groups.extend(leaf.evidence.as_ref().map(|evidence| evidence.origin.clone()));
        }
        groups
    }
}

/// Goals and the ways to show them.
pub(crate) struct Slice<'c, 'a> {
    pub(crate) context: &'c Context<'a>,
    pub(crate) goals: Table<GoalId, Rc<Goal>>,
    pub(crate) ways: Table<GoalId, Vec<Way>>,
    pub(crate) tokens: Vec<Token>,
    /// What a proof should have least of.
    pub(crate) least: Least,
    /// Whether some ways were left out.
    pub(crate) is_truncated: bool,
    ids: Map<Rc<Goal>, GoalId>,
    token_ids: Map<Token, u32>,
    sources: Map<&'a str, LeafId>,
    groups: Map<String, u32>,
}

/// Tuples read, at most, for each rule instance of the budget.
const WORK_PER_INSTANCE: usize = 64;

/// Tuples read, at most, for one goal on the way down the rounds.
const WORK_OF_GOAL: usize = 1 << 24;

/// Instances that are compared for one goal on the way down the rounds.
const COMPARED_MAX: usize = 64;

/// Rows of aggregates that are shown in all, for each that is shown of one.
const GROUPS_OF_ROWS: usize = 4;

/// Goals that a whole slice may have, however few of them can be shown in several ways.
const GOALS_MAX: usize = 100_000;

/// What may still be looked at.
struct Left {
    /// Ways beyond the first of a goal.
    choices: usize,
    rows: usize,
    work: Cell<usize>,
}

impl<'c, 'a> Slice<'c, 'a> {
    fn new(context: &'c Context<'a>) -> Self {
        Self {
            context,
            least: context.least.get(),
            goals: Table::new(),
            ways: Table::new(),
            tokens: Vec::new(),
            is_truncated: false,
            ids: Map::default(),
            token_ids: Map::default(),
            sources: Map::default(),
            groups: Map::default(),
        }
    }

    /// Everything below `goal`; nothing if beside the first way to show each of the tuples there
    /// are more than `budget` others.
    ///
    /// # Errors
    /// If the search is stopped.
    pub(crate) fn full(
        context: &'c Context<'a>,
        goal: Goal,
        budget: usize,
    ) -> Result<Option<Self>, Stop> {
        let mut slice = Self::new(context);
        slice.goal(goal);
        let mut left = Left {
            choices: budget,
            rows: context.solver.rows_max().saturating_mul(GROUPS_OF_ROWS),
            work: Cell::new(budget.saturating_add(GOALS_MAX).saturating_mul(WORK_PER_INSTANCE)),
        };
        let mut at = 0;
        while at < slice.goals.len() {
            let ways = slice.all_ways(GoalId::new(at), &mut left);
            context.solver.watch.stopped()?;
            let Some(ways) = ways.filter(|_| at < GOALS_MAX.max(budget)) else {
                return Ok(None);
            };
            slice.ways.push(ways);
            at += 1;
        }
        Ok(Some(slice))
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
    ) -> Result<Self, Stop> {
        let mut slice = Self::new(context);
        slice.goal(goal);
        slice.is_truncated = true;
        let mut at = 0;
        while at < slice.goals.len() {
            let id = GoalId::new(at);
            let is_tuple = matches!(*slice.goals[id], Goal::Tuple(..));
            let cut = is_tuple && at >= goals_max;
            let way = if cut { slice.cut(id) } else { slice.lowest_way(id) };
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
        let goal = Rc::new(goal);
        let id = self.goals.push(Rc::clone(&goal));
        self.ids.insert(goal, id);
        id
    }

    /// The id of a goal of this slice.
    pub(crate) fn id_of(&self, goal: &Goal) -> Option<GoalId> {
        self.ids.get(goal).copied()
    }

    /// All ways to show a goal; nothing if there are more than may be looked at.
    fn all_ways(&mut self, id: GoalId, left: &mut Left) -> Option<Vec<Way>> {
        let goal = Rc::clone(&self.goals[id]);
        let (relation, tuple) = match &*goal {
            Goal::Tuple(relation, tuple) => (*relation, tuple),
            Goal::Value { site, outer, choice } => {
                let ways = self.value_ways(site, (outer, choice), &mut left.rows);
                return (left.rows > 0).then_some(ways);
            }
        };
        let mut ways = Vec::new();
        if let Some((leaf, kind)) = self.context.leaf(relation, tuple) {
            ways.push(self.leaf_way(id, leaf, kind));
        }
        let context = self.context;
        for &rule in &context.rules_of[relation] {
            let first = usize::from(ways.is_empty());
            for bound in self.instances(rule, tuple, (first, left))? {
                ways.push(self.rule_way(rule, bound));
            }
        }
        Some(ways)
    }

    /// The instances of a rule for a tuple, in canonical order; nothing if they are more than may
    /// be looked at, `free` ones apart.
    fn instances(
        &self,
        rule: RuleId,
        tuple: &Tuple,
        (free, left): (usize, &mut Left),
    ) -> Option<Vec<Bound>> {
        let mut found: Vec<Bound> = Vec::new();
        let solver = &self.context.solver;
        solver.instances((rule, tuple), Order::Stored, &left.work, &mut |bound| {
            if found.len() >= free {
                if left.choices == 0 {
                    left.work.set(0);
                    return ControlFlow::Break(());
                }
                left.choices -= 1;
            }
            found.push(bound.clone());
            ControlFlow::Continue(())
        });
        if left.work.get() == 0 {
            return None;
        }
        if found.len() > 1 {
            let vars: Vec<_> = self.context.program.rules[rule].vars.ids().collect();
            found.sort_by_cached_key(|bound| Canonical(binding_of(&vars, bound), solver));
        }
        Some(found)
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
                let mut tokens: Vec<u32> = source.into_iter().collect();
                tokens.push(self.token(Token::Claim(claim)));
                if self.least == Least::Groups {
                    for group in context.groups_of(claim) {
                        let next = u32::try_from(self.groups.len()).expect("fewer than claims");
                        let group = *self.groups.entry(group).or_insert(next);
                        tokens.push(self.token(Token::Group(group)));
                    }
                }
                tokens
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

    /// The outer values of the aggregate at a site.
    pub(crate) fn bound_of(&self, site: &Site, outer: &[Value]) -> Bound {
        let mut bound: Bound = vec![None; self.context.program.rules[site.rule].vars.len()];
        if let Some((_, aggregate)) = site.aggregate(self.context.program) {
            put_all(&aggregate.outer, outer, &mut bound);
        }
        bound
    }

    /// The aggregate at a site with the rows for the outer values.
    pub(crate) fn group(&self, site: &Site, outer: &[Value]) -> (&'a Aggregate, Rc<Group>, Bound) {
        let (_, aggregate) = site.aggregate(self.context.program).expect("the site of a goal");
        let bound = self.bound_of(site, outer);
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
            self.is_truncated |= group.count > group.rows.len();
            *left = left.saturating_sub(group.rows.len());
            for row in &group.rows {
                put(&row.binding, &mut bound);
                self.premises(site, &aggregate.body, &bound, &mut premises);
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
        let Goal::Tuple(relation, tuple) = &*Rc::clone(&self.goals[id]) else { return cut };
        match self.context.leaf(*relation, tuple) {
            Some((leaf, kind)) => self.leaf_way(id, leaf, kind),
            None => cut,
        }
    }

    /// The way whose premises of the goal's own component are of the lowest rounds.
    fn lowest_way(&mut self, id: GoalId) -> Way {
        let goal = Rc::clone(&self.goals[id]);
        let (relation, tuple) = match &*goal {
            Goal::Tuple(relation, tuple) => (*relation, tuple),
            Goal::Value { site, outer, choice } => {
                let mut one = 0;
                let ways = self.value_ways(site, (outer, choice), &mut one);
                // A value has a way, unless the walk to it was stopped.
                return ways.into_iter().next().unwrap_or_else(|| self.cut(id));
            }
        };
        if let Some((leaf, kind)) = self.context.leaf(relation, tuple) {
            return self.leaf_way(id, leaf, kind);
        }
        let context = self.context;
        let Some(round) = context.solver.tables.round_of(relation, tuple) else {
            return self.cut(id);
        };
        let mut best: Option<(u32, RuleId, Bound)> = None;
        for &rule in &context.rules_of[relation] {
            // Below lower components nothing is to be chosen; the first instance will do.
            let is_recursive = !context.analysis.recursive[rule].is_empty();
            let mut compared = 0;
            let work = Cell::new(WORK_OF_GOAL);
            context.solver.instances((rule, tuple), Order::Canonical, &work, &mut |bound| {
                let below = best.as_ref().map_or(round, |best| best.0);
                let highest = self.highest_round(rule, bound, below);
                if highest < below {
                    best = Some((highest, rule, bound.clone()));
                }
                compared += 1;
                let has_enough = !is_recursive || compared >= COMPARED_MAX || highest == 0;
                if has_enough && best.is_some() {
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            });
            if best.as_ref().is_some_and(|best| best.0 == 0) {
                break;
            }
        }
        match best {
            Some((_, rule, bound)) => self.rule_way(rule, bound),
            None => self.cut(id),
        }
    }

    /// The highest round among premises of the head's own component, or `limit` if it is no lower.
    fn highest_round(&self, rule: RuleId, bound: &Bound, limit: u32) -> u32 {
        let context = self.context;
        let rule = &context.program.rules[rule];
        let stratum = context.analysis.stratum_of[rule.head];
        let mut highest = 0;
        for literal in &rule.body {
            let LiteralKind::Atom(atom) = &literal.kind else { continue };
            if context.analysis.stratum_of[atom.relation] != stratum {
                continue;
            }
            let tuple = tuple_of(&atom.args, bound);
            let round = tuple.and_then(|t| context.solver.tables.round_of(atom.relation, &t));
            highest = highest.max(round.unwrap_or(u32::MAX));
            if highest >= limit {
                return limit;
            }
        }
        highest
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

/// Gives variables their values.
fn put_all(vars: &[VarId], values: &[Value], bound: &mut Bound) {
    for (var, value) in vars.iter().zip(values) {
        bound[var.index()] = Some(*value);
    }
}

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
