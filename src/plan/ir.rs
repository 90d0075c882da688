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
            Self::Constant(_) => {}
        }
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
            StepKind::Aggregate(aggregate) => each_access(&aggregate.steps, visit),
            StepKind::Let { .. }
            | StepKind::Filter { .. }
            | StepKind::Test { .. }
            | StepKind::Range { .. }
            | StepKind::Constant(_) => {}
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
            StepKind::Aggregate(aggregate) => each_signature(&aggregate.steps, visit),
            StepKind::Scan(_)
            | StepKind::Let { .. }
            | StepKind::Filter { .. }
            | StepKind::Test { .. }
            | StepKind::Range { .. }
            | StepKind::Constant(_) => {}
        }
    }
}
