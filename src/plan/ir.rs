//! [`Plan`]: what the engine does, in order. A rule becomes one [`Pipeline`] for each of its
//! recursive atoms, which stands for the delta there, or a single one if it has none. A pipeline
//! starts from one empty binding; each [`Step`] turns a batch of bindings into another; what is
//! left at the end is emitted. A binding arises once: atoms before the delta read what is older,
//! atoms after it read all.

use crate::base::ids::{RelationId, RuleId, StratumId, Table, VarId};
use crate::program::builtins::Test;
use crate::program::program::Expr;
use crate::syntax::ast::{AggregateKind, CompareOp};
use crate::value::base_type::BaseType;
use crate::value::value::Value;

/// The plan of a program.
#[derive(Clone, Debug)]
pub struct Plan {
    /// In evaluation order.
    pub strata: Vec<StratumPlan>,
    /// Column orders that serve every access, by relation.
    pub orders: Table<RelationId, Vec<Vec<usize>>>,
}

/// The plan of a component.
#[derive(Clone, Debug)]
pub struct StratumPlan {
    /// Which.
    pub stratum: StratumId,
    /// Whether its pipelines run round after round.
    pub recursive: bool,
    /// Its relations.
    pub relations: Vec<RelationId>,
    /// In the order of the rules.
    pub pipelines: Vec<Pipeline>,
}

/// A rule with one of its recursive atoms as the delta. Without one it runs in the first round
/// only.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// The rule.
    pub rule: RuleId,
    /// The position of the delta atom in the rule's body.
    pub delta: Option<usize>,
    /// How bindings arise.
    pub steps: Vec<Step>,
    /// The relation that gets the tuples.
    pub head: RelationId,
    /// The tuples.
    pub args: Vec<Expr>,
}

/// A step over batches of bindings.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it does.
    pub kind: StepKind,
    /// Variables that later steps read, in id order; the others are dropped.
    pub live: Vec<VarId>,
    /// Bindings that it is taken to give.
    pub rows: u64,
}

/// Kinds of steps.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// All tuples of a view; the first access of a pipeline.
    Scan(Access),
    /// For each binding its matches.
    Expand(Access),
    /// Bindings that have a match.
    Member(Access),
    /// Bindings that have none.
    Absent(Access),
    /// The variable gets the value.
    Let {
        /// The variable, not bound yet.
        var: VarId,
        /// The value.
        expr: Expr,
    },
    /// Bindings for which the comparison holds.
    Filter {
        /// The comparison.
        op: CompareOp,
        /// Its left side.
        left: Expr,
        /// Its right side.
        right: Expr,
    },
    /// Bindings for which the test holds, or fails if negated.
    Test {
        /// The test.
        test: Test,
        /// Its arguments.
        args: Vec<Expr>,
        /// Whether it must fail.
        negated: bool,
    },
    /// For each binding the values of the range; if the variable is bound, bindings whose value is
    /// in it.
    Range {
        /// The variable.
        var: VarId,
        /// Whether it is bound already.
        bound: bool,
        /// From, to, and perhaps the step.
        args: Vec<Expr>,
    },
    /// For each binding the aggregate's value.
    Aggregate(Box<AggregateStep>),
    /// All bindings, or none.
    Constant(bool),
    /// Each binding once, as far as it pays to remember them.
    Distinct(Distinct),
    /// Bindings for which the steps give one at least.
    Exists(Box<ExistsStep>),
    /// For each binding the steps of one of several ways, which all give the same.
    Meet(Meet),
}

/// Bindings that differ only in what no later step reads need not go on.
#[derive(Clone, Debug)]
pub struct Distinct {
    /// The variables by which bindings differ.
    pub vars: Vec<VarId>,
    /// Whether later rounds may forget what came in earlier ones: what follows reads complete
    /// relations only, and would give the same again.
    pub lasting: bool,
}

/// Atoms and conditions of whose variables no later step needs any.
#[derive(Clone, Debug)]
pub struct ExistsStep {
    /// Variables of the binding on which it depends.
    pub keys: Vec<VarId>,
    /// A variable that numbers the bindings within the steps.
    pub mark: VarId,
    /// From bindings of the keys and the mark to those of the mark alone.
    pub steps: Vec<Step>,
    /// Whether its relations are complete, so that what it found stays true.
    pub lasting: bool,
}

/// A variable that several atoms bind. The atom with the fewest matches for a binding gives the
/// values; the others are asked whether they have them.
#[derive(Clone, Debug)]
pub struct Meet {
    /// Variables of the binding that the ways read or keep.
    pub inputs: Vec<VarId>,
    /// Each begins with an expansion.
    pub ways: Vec<Vec<Step>>,
}

/// Which tuples, and what they have to do with the binding.
#[derive(Clone, Debug)]
pub struct Access {
    /// The relation.
    pub relation: RelationId,
    /// Which of its tuples.
    pub view: View,
    /// One per column.
    pub columns: Vec<Column>,
    /// What a later step asks of a match anyway: an index may leave out tuples that fail it.
    pub only: Option<Only>,
}

/// A column of a match must be among the codes of a column of a complete relation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Only {
    /// The column of the match.
    pub column: usize,
    /// The complete relation.
    pub relation: RelationId,
    /// Its column.
    pub of: usize,
}

/// Which tuples of a relation an access means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum View {
    /// From before the last round.
    Old,
    /// From the last round.
    Delta,
    /// All.
    Full,
}

/// A column of an access.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Column {
    /// Equals a variable of the binding.
    Bound(VarId),
    /// Equals a constant.
    Const(Value),
    /// Gives a variable its value.
    New(VarId),
    /// Equals that earlier column of the same tuple.
    Repeat(usize),
    /// Whatever.
    Any,
}

/// An aggregate. Its body gives every binding of all its variables once, so only the columns that
/// are read are kept; their rows repeat as often as there are bindings.
#[derive(Clone, Debug)]
pub struct AggregateStep {
    /// The position of the literal in the body that it belongs to.
    pub literal: usize,
    /// The function.
    pub kind: AggregateKind,
    /// The type of its value.
    pub base: BaseType,
    /// What it is of; nothing for `count`.
    pub value: Option<Expr>,
    /// The variable that gets the value.
    pub var: VarId,
    /// Variables outside that the body or the value depends on: a group for each choice of them.
    pub keys: Vec<VarId>,
    /// Whether the body runs once for all groups, or for the groups that are asked for.
    pub grouped: bool,
    /// Variables of the body that the enclosing body gets with a least or greatest value.
    pub witnesses: Vec<VarId>,
    /// Variables among `var` and `witnesses` that are bound already and must be equal.
    pub bound: Vec<VarId>,
    /// How the bindings of the body arise: grouped from one empty binding, else from one with the
    /// keys.
    pub steps: Vec<Step>,
}

impl Access {
    /// Columns whose values are known before the tuple is, ascending.
    #[must_use]
    pub fn known(&self) -> Vec<usize> {
        let known = |&c: &usize| matches!(self.columns[c], Column::Bound(_) | Column::Const(_));
        (0..self.columns.len()).filter(known).collect()
    }

    /// Variables that it gives a value.
    pub fn new_vars(&self) -> impl Iterator<Item = VarId> {
        self.columns.iter().filter_map(|column| match column {
            Column::New(var) => Some(*var),
            Column::Bound(_) | Column::Const(_) | Column::Repeat(_) | Column::Any => None,
        })
    }
}

impl StepKind {
    /// Calls `visit` for every variable that must be bound before the step.
    pub fn each_input(&self, visit: &mut impl FnMut(VarId)) {
        match self {
            Self::Scan(access)
            | Self::Expand(access)
            | Self::Member(access)
            | Self::Absent(access) => {
                for column in &access.columns {
                    if let Column::Bound(var) = column {
                        visit(*var);
                    }
                }
            }
            Self::Let { expr, .. } => expr.each_var(visit),
            Self::Filter { left, right, .. } => {
                left.each_var(visit);
                right.each_var(visit);
            }
            Self::Test { args, .. } => args.iter().for_each(|arg| arg.each_var(visit)),
            Self::Range { var, bound, args } => {
                if *bound {
                    visit(*var);
                }
                args.iter().for_each(|arg| arg.each_var(visit));
            }
            Self::Aggregate(step) => step.keys.iter().chain(&step.bound).copied().for_each(visit),
            Self::Distinct(distinct) => distinct.vars.iter().copied().for_each(visit),
            Self::Exists(step) => step.keys.iter().copied().for_each(visit),
            Self::Meet(meet) => meet.inputs.iter().copied().for_each(visit),
            Self::Constant(_) => {}
        }
    }

    /// Calls `visit` for every variable that the step binds.
    pub fn each_output(&self, visit: &mut impl FnMut(VarId)) {
        match self {
            Self::Scan(access) | Self::Expand(access) => access.new_vars().for_each(visit),
            Self::Let { var, .. } | Self::Range { var, bound: false, .. } => visit(*var),
            Self::Aggregate(step) => {
                step.witnesses.iter().chain([&step.var]).copied().for_each(visit);
            }
            Self::Meet(meet) => {
                if let Some(Step { kind: Self::Expand(access), .. }) =
                    meet.ways.first().and_then(|way| way.first())
                {
                    access.new_vars().for_each(visit);
                }
            }
            Self::Member(_)
            | Self::Absent(_)
            | Self::Filter { .. }
            | Self::Test { .. }
            | Self::Range { bound: true, .. }
            | Self::Distinct(_)
            | Self::Exists(_)
            | Self::Constant(_) => {}
        }
    }

    /// Steps within the step.
    pub fn inner(&self) -> impl Iterator<Item = &[Step]> {
        let (one, many): (&[Step], &[Vec<Step>]) = match self {
            Self::Aggregate(step) => (&step.steps, &[]),
            Self::Exists(step) => (&step.steps, &[]),
            Self::Meet(meet) => (&[], &meet.ways),
            _ => (&[], &[]),
        };
        [one].into_iter().filter(|steps| !steps.is_empty()).chain(many.iter().map(Vec::as_slice))
    }
}

/// Calls `visit` for every access of the steps, those of aggregates included.
pub fn each_access(steps: &[Step], visit: &mut impl FnMut(&Access)) {
    for step in steps {
        match &step.kind {
            StepKind::Scan(access)
            | StepKind::Expand(access)
            | StepKind::Member(access)
            | StepKind::Absent(access) => visit(access),
            kind => kind.inner().for_each(|steps| each_access(steps, visit)),
        }
    }
}

/// The columns by which the steps join relations, other than all columns at once: those need an
/// index.
pub fn each_signature(
    steps: &[Step],
    visit: &mut impl FnMut(RelationId, Vec<usize>, Option<Only>),
) {
    for step in steps {
        match &step.kind {
            StepKind::Expand(access) | StepKind::Member(access) | StepKind::Absent(access) => {
                let known = access.known();
                if !known.is_empty() && known.len() < access.columns.len() {
                    visit(access.relation, known, access.only);
                }
            }
            kind => kind.inner().for_each(|steps| each_signature(steps, visit)),
        }
    }
}
