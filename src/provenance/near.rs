//! [`near`]: what comes nearest to giving an atom by a rule. One literal is left out, then two, in
//! every way; every binding of the others is a near miss, unless one that leaves less unsatisfied
//! extends it. Variables that only literals left out would bind stay open, and with them the
//! literals that need their values.

use std::cell::Cell;
use std::cmp::Ordering;
use std::ops::ControlFlow;

use crate::base::hash::Set;
use crate::base::ids::{Id, RelationId, RuleId, VarId};
use crate::program::program::{Arg, Atom, Expr, Literal, LiteralKind, Rule};
use crate::provenance::proof::{Binding, Site};
use crate::provenance::solve::{Bound, Solver, binding_of, choice_of, cmp_bindings, each_bindable};
use crate::syntax::ast::CompareOp;
use crate::value::value::{Tuple, Value};

/// An atom that is asked for: values where it gives some, and columns that must be equal.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Asked {
    /// The relation.
    pub relation: RelationId,
    /// One per column; nothing where any value would do.
    pub pattern: Vec<Option<Value>>,
    /// Pairs of columns with the same variable.
    pub equal: Vec<(usize, usize)>,
}

impl Asked {
    /// Whether a tuple of the relation is meant.
    #[must_use]
    pub fn fits(&self, tuple: &[Value]) -> bool {
        let same = |(wanted, value): (&Option<Value>, &Value)| wanted.is_none_or(|w| w == *value);
        self.pattern.iter().zip(tuple).all(same)
            && self.equal.iter().all(|&(a, b)| tuple[a] == tuple[b])
    }
}

/// A rule for an atom: the literals of its body, then what its head asks for beyond them.
pub(crate) struct Case {
    pub(crate) rule: RuleId,
    pub(crate) literals: Vec<Literal>,
    /// The variables that the atom gives values.
    pub(crate) start: Bound,
    /// A literal that is never left out: it is known to hold.
    given: Option<usize>,
    /// Variables that the atom or a literal can give a value; others stand for any.
    bindable: Vec<bool>,
}

/// Why a head is not the atom: its argument in this column has another value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Apart {
    /// The rule.
    pub rule: RuleId,
    /// The column.
    pub column: usize,
    /// What the rule gives there.
    pub gives: Value,
}

impl Case {
    /// The rule with its head as the atom.
    pub(crate) fn new(id: RuleId, rule: &Rule, asked: &Asked) -> Result<Self, Apart> {
        let mut case = Self::of_rule(id, rule);
        let columns = || rule.head_args.iter().zip(&asked.pattern).enumerate();
        for (column, (arg, wanted)) in columns() {
            let Some(wanted) = *wanted else { continue };
            let known = match arg {
                Expr::Const(value) => Some(*value),
                Expr::Var(var) => Some(*case.start[var.index()].get_or_insert(wanted)),
                Expr::Call { .. } => None,
            };
            match known {
                Some(gives) if gives != wanted => return Err(Apart { rule: id, column, gives }),
                Some(_) => {}
                None => case.head(rule, arg.clone(), Expr::Const(wanted)),
            }
        }
        for &(a, b) in &asked.equal {
            let (left, right) = (rule.head_args[a].clone(), rule.head_args[b].clone());
            case.head(rule, left, right);
        }
        case.find_bindable(rule);
        Ok(case)
    }

    /// The rule, whatever its head gives.
    pub(crate) fn of_rule(id: RuleId, rule: &Rule) -> Self {
        let mut case = Self {
            rule: id,
            literals: rule.body.clone(),
            start: vec![None; rule.vars.len()],
            given: None,
            bindable: Vec::new(),
        };
        case.find_bindable(rule);
        case
    }

    /// The rule with a tuple for the atom `at` of its body; nothing if the atom does not match it.
    pub(crate) fn with(id: RuleId, rule: &Rule, at: usize, tuple: &[Value]) -> Option<Self> {
        let mut case = Self::of_rule(id, rule);
        let LiteralKind::Atom(atom) = &rule.body[at].kind else { return None };
        for (arg, value) in atom.args.iter().zip(tuple) {
            let known = match arg {
                Arg::Const(known) => *known,
                Arg::Var(var) => *case.start[var.index()].get_or_insert(*value),
            };
            if known != *value {
                return None;
            }
        }
        case.given = Some(at);
        Some(case)
    }

    fn find_bindable(&mut self, rule: &Rule) {
        self.bindable = self.start.iter().map(Option::is_some).collect();
        rule.body.iter().for_each(|literal| each_bindable(literal, &mut self.bindable));
    }

    /// A condition of the head.
    fn head(&mut self, rule: &Rule, left: Expr, right: Expr) {
        let kind = LiteralKind::Compare(CompareOp::Eq, left, right);
        self.literals.push(Literal { kind, span: rule.head_span });
    }
}

/// A binding under which some literals do not hold.
#[derive(Clone, Debug)]
pub(crate) struct NearMiss {
    /// The literals left out, in order.
    pub(crate) dropped: Vec<usize>,
    /// Those and the ones that need a variable which only they bind, in order.
    pub(crate) unsatisfied: Vec<usize>,
    pub(crate) bound: Bound,
}

/// How far the search for near misses of one rule went.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Reach {
    /// Ways to leave out one or two literals.
    pub ways: usize,
    /// Those that were looked at to the end.
    pub looked_at: usize,
    /// The largest number of literals of which all ways to leave out so many were looked at.
    pub complete_to: usize,
}

/// Bindings that one way to leave out literals may give.
const FOUND_MAX: usize = 2_000;
/// Tuples that one way to leave out literals may read.
const WORK_PER_WAY: usize = 50_000;

/// A way to leave out literals, with all that comes of it.
struct Way {
    dropped: Vec<usize>,
    unsatisfied: Vec<usize>,
    vars: Vec<VarId>,
    found: Vec<Bound>,
}

/// The search for one rule, a step for each number of literals left out.
pub(crate) struct Near<'s, 'a> {
    solver: &'s Solver<'a>,
    pub(crate) case: Case,
    ways: Vec<Way>,
    pub(crate) reach: Reach,
}

impl<'s, 'a> Near<'s, 'a> {
    pub(crate) fn new(solver: &'s Solver<'a>, case: Case) -> Self {
        Self { solver, case, ways: Vec::new(), reach: Reach::default() }
    }

    /// Looks at all ways to leave out `count` literals, one or two.
    pub(crate) fn leave_out(&mut self, count: usize, work: &Cell<usize>) {
        let n = self.case.literals.len();
        let mut ways: Vec<Vec<usize>> = Vec::new();
        let can_go: Vec<usize> = (0..n).filter(|at| self.case.given != Some(*at)).collect();
        for (nth, &i) in can_go.iter().enumerate() {
            match count {
                1 => ways.push(vec![i]),
                _ => ways.extend(can_go[nth + 1..].iter().map(|&j| vec![i, j])),
            }
        }
        self.reach.ways += ways.len();
        let mut all = true;
        for dropped in ways {
            let whole = self.look(dropped, work);
            self.reach.looked_at += usize::from(whole);
            all &= whole;
        }
        if all && self.reach.complete_to + 1 == count {
            self.reach.complete_to = count;
        }
    }

    /// Looks at one way; false if it was not looked at to the end.
    fn look(&mut self, dropped: Vec<usize>, total: &Cell<usize>) -> bool {
        let (solver, case) = (self.solver, &self.case);
        let literals = &case.literals;
        let left = (0..literals.len()).filter(|at| !dropped.contains(at)).collect();
        let arranged = solver.arrange(literals, left, &self.case.start);
        let share = WORK_PER_WAY.min(total.get());
        if self.reads_too_much(&arranged.order, share) {
            return false;
        }
        let work = Cell::new(share);
        let mut found: Vec<Bound> = Vec::new();
        let scope = Site::of_rule(self.case.rule);
        let start = self.case.start.clone();
        solver.walk((&scope, literals, &arranged.order), start, &work, &mut |bound| {
            if dropped.iter().all(|&at| case.state(solver, at, bound) != Stands::Yes) {
                found.push(bound.clone());
            }
            if found.len() < FOUND_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        let whole = work.get() > 0 && found.len() < FOUND_MAX;
        total.set(total.get().saturating_sub(share - work.get()));
        let known = |var: &VarId| arranged.known[var.index()];
        let vars = (0..arranged.known.len()).map(VarId::new).filter(known).collect();
        let mut unsatisfied = arranged.pending;
        unsatisfied.extend(&dropped);
        unsatisfied.sort_unstable();
        self.ways.push(Way { dropped, unsatisfied, vars, found });
        whole
    }

    /// Whether a literal would read a whole relation that is larger than what may be read.
    fn reads_too_much(&self, order: &[usize], share: usize) -> bool {
        let mut known: Vec<bool> = self.case.start.iter().map(Option::is_some).collect();
        order.iter().any(|&at| {
            let literal = &self.case.literals[at];
            let whole = match &literal.kind {
                LiteralKind::Atom(atom) => {
                    let open = |arg: &Arg| matches!(arg, Arg::Var(var) if !known[var.index()]);
                    atom.args.iter().all(open)
                        && self.solver.tables.len(atom.relation) >= share.max(1)
                }
                _ => false,
            };
            literal.each_var(&mut |var| known[var.index()] = true);
            whole
        })
    }

    /// The near misses found, without those that another one extends with less unsatisfied: fewest
    /// literals left out first, then fewest unsatisfied, then in the order of the language.
    pub(crate) fn misses(&mut self) -> Vec<NearMiss> {
        for at in 0..self.ways.len() {
            let extended = self.extended(at);
            self.ways[at].found.retain(|bound| !extended.contains(bound));
        }
        let mut misses = Vec::new();
        for Way { dropped, unsatisfied, found, .. } in &self.ways {
            misses.extend(found.iter().map(|bound| NearMiss {
                dropped: dropped.clone(),
                unsatisfied: unsatisfied.clone(),
                bound: bound.clone(),
            }));
        }
        let vars: Vec<VarId> = (0..self.case.start.len()).map(VarId::new).collect();
        let binding = |miss: &NearMiss| -> Binding { binding_of(&vars, &miss.bound) };
        let size = |miss: &NearMiss| (miss.dropped.len(), miss.unsatisfied.len());
        misses.sort_by(|a, b| {
            let by_values = || cmp_bindings(&binding(a), &binding(b), self.solver);
            size(a).cmp(&size(b)).then_with(by_values).then_with(|| a.dropped.cmp(&b.dropped))
        });
        misses
    }

    /// What other ways, with less unsatisfied, extend of the bindings of this one. A way that was
    /// itself thinned out before has lost only what others extend.
    fn extended(&self, at: usize) -> Set<Bound> {
        let way = &self.ways[at];
        let mut extended = Set::default();
        for (other_at, other) in self.ways.iter().enumerate() {
            let less = match other.unsatisfied.len().cmp(&way.unsatisfied.len()) {
                Ordering::Less => true,
                Ordering::Equal => (other.dropped.len(), other_at) < (way.dropped.len(), at),
                Ordering::Greater => false,
            };
            let is_within =
                other.unsatisfied.iter().all(|literal| way.unsatisfied.contains(literal));
            if !less || !is_within || !way.vars.iter().all(|var| other.vars.contains(var)) {
                continue;
            }
            for bound in &other.found {
                let mut part: Bound = vec![None; bound.len()];
                way.vars.iter().for_each(|var| part[var.index()] = bound[var.index()]);
                extended.insert(part);
            }
        }
        extended
    }
}

/// What can be said of a literal under a binding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stands {
    /// It holds.
    Yes,
    /// It does not, whatever the open variables are.
    No,
    /// It depends on open variables.
    Open,
}

impl Case {
    /// What can be said of the literal `at`.
    pub(crate) fn state(&self, solver: &Solver<'_>, at: usize, bound: &Bound) -> Stands {
        let literal = &self.literals[at];
        let is_open = |var: VarId| bound[var.index()].is_none();
        let verdict = |holds: bool| if holds { Stands::Yes } else { Stands::No };
        let values = |args: &[Expr]| -> Result<Vec<Value>, Stands> {
            args.iter().map(|arg| value_of(solver, arg, bound)).collect()
        };
        match &literal.kind {
            LiteralKind::Atom(atom) => match first_match(solver, atom, bound) {
                None => Stands::No,
                Some(_) if atom.vars().any(is_open) => Stands::Open,
                Some(_) => Stands::Yes,
            },
            LiteralKind::Absent(atom) => match first_match(solver, atom, bound) {
                None => Stands::Yes,
                Some(_) if atom.vars().any(|var| is_open(var) && self.bindable[var.index()]) => {
                    Stands::Open
                }
                Some(_) => Stands::No,
            },
            LiteralKind::Compare(op, left, right) => {
                let both = (value_of(solver, left, bound), value_of(solver, right, bound));
                match both {
                    (Ok(a), Ok(b)) => verdict(op.holds(a.cmp_in(b, solver.builtins.symbols()))),
                    (Err(Stands::Open), _) | (_, Err(Stands::Open)) => Stands::Open,
                    _ => Stands::No,
                }
            }
            LiteralKind::Test { test, args, negated } => match values(args) {
                Ok(values) => verdict(solver.builtins.holds(*test, &values) != *negated),
                Err(stands) => stands,
            },
            LiteralKind::Range { var, args } => match values(args) {
                Ok(args) => range(solver, bound[var.index()], &args),
                Err(stands) => stands,
            },
            LiteralKind::Aggregate { var, aggregate } => {
                if aggregate.outer.iter().any(|var| is_open(*var)) {
                    return Stands::Open;
                }
                let group = solver.group(&Site::of_rule(self.rule).inside(at), aggregate, bound);
                let Some(value) = group.value else { return Stands::No };
                if bound[var.index()].is_some_and(|known| known != value) {
                    return Stands::No;
                }
                let fits =
                    |row: &Binding| {
                        let choice = choice_of(aggregate, row);
                        aggregate.witnesses.iter().zip(choice).all(|(var, value)| {
                            bound[var.index()].is_none_or(|known| known == value)
                        })
                    };
                let rows = group.rows.iter().filter(|row| row.value == Some(value));
                if !aggregate.witnesses.is_empty() && !rows.map(|row| &row.binding).any(fits) {
                    return Stands::No;
                }
                let open = is_open(*var) || aggregate.witnesses.iter().any(|var| is_open(*var));
                if open { Stands::Open } else { Stands::Yes }
            }
            LiteralKind::Constant(holds) => verdict(*holds),
        }
    }
}

/// The value of an expression; else whether it waits for one, or has none.
fn value_of(solver: &Solver<'_>, expr: &Expr, bound: &Bound) -> Result<Value, Stands> {
    let mut is_open = false;
    expr.each_var(&mut |var| is_open |= bound[var.index()].is_none());
    if is_open { Err(Stands::Open) } else { solver.eval(expr, bound).ok_or(Stands::No) }
}

/// Membership in a range, or whether the range has a member.
fn range(solver: &Solver<'_>, member: Option<Value>, args: &[Value]) -> Stands {
    // A range without values has no member.
    if let Some(member) = member {
        let found = solver.builtins.in_range(member, args, &mut || solver.watch.tick(1));
        return if found == Ok(true) { Stands::Yes } else { Stands::No };
    }
    let mut any = false;
    drop(solver.builtins.range(args, &mut |_| {
        any = true;
        ControlFlow::Break(())
    }));
    if any { Stands::Open } else { Stands::No }
}

/// A tuple that matches an atom, equal values for equal variables included.
pub(crate) fn first_match(solver: &Solver<'_>, atom: &Atom, bound: &Bound) -> Option<Tuple> {
    let pattern = Solver::pattern(atom, bound);
    let whole: Option<Tuple> = pattern.iter().copied().collect();
    if let Some(tuple) = whole {
        return solver.tables.contains(atom.relation, &tuple).then_some(tuple);
    }
    let mut found: Option<Tuple> = None;
    solver.tables.select(atom.relation, &pattern, &mut |tuple| {
        if matches(atom, tuple) {
            found = Some(tuple.into());
            return ControlFlow::Break(());
        }
        solver.watch.tick(1)
    });
    found
}

/// Whether a tuple has equal values for equal variables.
pub(crate) fn matches(atom: &Atom, tuple: &[Value]) -> bool {
    atom.args.iter().enumerate().all(|(i, arg)| {
        let earlier = atom.args[..i].iter().position(|other| other == arg);
        matches!(arg, Arg::Const(_)) || earlier.is_none_or(|j| tuple[j] == tuple[i])
    })
}
