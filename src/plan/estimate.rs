//! How many bindings there are on the way through a body. Keys that a join looks up are taken to
//! be found where fewer of them are than the relation has; of what is compared or absent a fixed
//! part is taken to hold.

use std::mem::replace;

use crate::base::ids::{Id, RelationId, VarId};
use crate::plan::order::{Body, Context, keys};
use crate::program::program::{Aggregate, Arg, Atom, Expr, LiteralKind};
use crate::syntax::ast::CompareOp;

/// Values that a range is taken to have.
pub const RANGE_FANOUT: usize = 10;

/// Estimates for one body.
#[derive(Clone, Copy)]
pub struct Estimate<'a> {
    /// What is known of the rule.
    pub context: Context<'a>,
    /// The body.
    pub body: &'a Body<'a>,
}

/// How far a body has come.
#[derive(Clone, Debug)]
pub struct Reached {
    /// Bindings.
    pub rows: f64,
    /// Where the codes of each bound variable come from.
    bound: Vec<Option<Source>>,
    /// Literals other than atoms that are done.
    settled: Vec<bool>,
}

/// Where codes of a variable come from.
#[derive(Clone, Copy, Debug)]
enum Source {
    /// A column.
    Column(RelationId, usize),
    /// So many codes at most.
    Among(f64),
    /// As many as there are bindings.
    Any,
}

/// What an atom does with bindings.
#[derive(Clone, Copy, Debug)]
pub struct Fanout {
    /// Matches for a binding.
    pub mean: f64,
    /// Matches for a binding whose keys are those that most tuples have.
    pub heavy: f64,
    /// Distinct keys by which matches are looked up.
    keys: f64,
}

impl<'a> Estimate<'a> {
    /// One binding, of these variables.
    #[must_use]
    pub fn start(&self, bound: &[VarId]) -> Reached {
        let mut sources = vec![None; self.context.occurrences.len()];
        bound.iter().for_each(|var| sources[var.index()] = Some(Source::Any));
        Reached { rows: 1.0, bound: sources, settled: vec![false; self.body.literals.len()] }
    }

    /// What an atom does with the bindings.
    #[must_use]
    pub fn fanout(&self, reached: &Reached, atom: &Atom) -> Fanout {
        let is_known = |&c: &usize| match atom.args[c] {
            Arg::Var(var) => reached.bound[var.index()].is_some(),
            Arg::Const(_) => true,
        };
        let known: Vec<usize> = (0..atom.args.len()).filter(is_known).collect();
        let sizes = self.context.sizes;
        let rows = sizes.rows(atom.relation);
        let n = real(rows);
        let is_new = |arg: &Arg| match arg {
            Arg::Var(var) => reached.bound[var.index()].is_none().then_some(*var),
            Arg::Const(_) => None,
        };
        let mut new = atom.args.iter().filter_map(is_new);
        let one_is_enough = new.all(|var| self.context.occurrences[var.index()] == 1);
        if rows > 0 && known.is_empty() && one_is_enough {
            return Fanout { mean: 1.0, heavy: 1.0, keys: 1.0 };
        }
        if known.is_empty() || rows == 0 {
            return Fanout { mean: n, heavy: n, keys: 1.0 };
        }
        let all = known.len() == atom.args.len();
        let (keys, heavy) = if all {
            (n, 1.0)
        } else {
            let degrees = sizes.degrees(atom.relation, &known);
            (real(degrees.keys), real(degrees.heavy))
        };
        let asked: f64 = known
            .iter()
            .filter_map(|&c| match atom.args[c] {
                Arg::Var(var) => Some(self.codes_of(reached, var)),
                Arg::Const(_) => None,
            })
            .product();
        let most = keys.max(asked.min(reached.rows));
        if one_is_enough {
            return Fanout { mean: keys / most, heavy: 1.0, keys };
        }
        let mean = n / most;
        Fanout { mean, heavy: heavy.max(mean), keys }
    }

    /// Codes that a bound variable has.
    fn codes_of(&self, reached: &Reached, var: VarId) -> f64 {
        match reached.bound[var.index()] {
            Some(Source::Column(relation, column)) => {
                real(self.context.sizes.degrees(relation, &[column]).keys)
            }
            Some(Source::Among(codes)) => codes,
            Some(Source::Any) | None => reached.rows.max(1.0),
        }
    }

    /// Goes on with an atom.
    pub fn atom(&self, reached: &mut Reached, atom: &Atom) -> Fanout {
        let fanout = self.fanout(reached, atom);
        reached.rows *= fanout.mean;
        let known = |arg: &&Arg| match arg {
            Arg::Var(var) => reached.bound[var.index()].is_some(),
            Arg::Const(_) => true,
        };
        let is_single = atom.args.iter().filter(known).count() == 1;
        for (column, arg) in atom.args.iter().enumerate() {
            let Arg::Var(var) = arg else { continue };
            let source = &mut reached.bound[var.index()];
            match source {
                None => *source = Some(Source::Column(atom.relation, column)),
                // Only codes that both have are left.
                Some(_) if is_single && atom.args.len() > 1 => {
                    *source = Some(Source::Among(fanout.keys));
                }
                Some(_) => {}
            }
        }
        fanout
    }

    /// Goes on with every condition and definition that can be decided now.
    pub fn settle(&self, reached: &mut Reached) {
        let mut again = true;
        while again {
            again = false;
            for (at, literal) in self.body.literals.iter().enumerate() {
                if !reached.settled[at] && self.is_ready(reached, &literal.kind) {
                    self.literal(reached, at);
                    again = true;
                }
            }
        }
    }

    fn is_ready(&self, reached: &Reached, kind: &LiteralKind) -> bool {
        let is_bound = |var: VarId| reached.bound[var.index()].is_some();
        let all = |expr: &Expr| {
            let mut all = true;
            expr.each_var(&mut |var| all &= is_bound(var));
            all
        };
        match kind {
            LiteralKind::Atom(_) | LiteralKind::Range { .. } => false,
            LiteralKind::Constant(_) => true,
            LiteralKind::Absent(atom) => {
                atom.vars().all(|var| is_bound(var) || self.context.occurrences[var.index()] == 1)
            }
            LiteralKind::Compare(op, left, right) => {
                let defines = |one: &Expr, other: &Expr| {
                    *op == CompareOp::Eq && matches!(one, Expr::Var(_)) && all(other)
                };
                (all(left) && all(right)) || defines(left, right) || defines(right, left)
            }
            LiteralKind::Test { args, .. } => args.iter().all(all),
            LiteralKind::Aggregate { aggregate, .. } => {
                keys(aggregate).iter().all(|&var| is_bound(var))
            }
        }
    }

    /// Goes on with a literal that is no atom.
    pub fn literal(&self, reached: &mut Reached, at: usize) {
        if replace(&mut reached.settled[at], true) {
            return;
        }
        let part = match &self.body.literals[at].kind {
            LiteralKind::Atom(_) => 1.0,
            LiteralKind::Constant(holds) => f64::from(u8::from(*holds)),
            LiteralKind::Absent(_) | LiteralKind::Test { .. } => 0.5,
            LiteralKind::Compare(op, left, right) => self.compare(reached, (*op, left, right)),
            LiteralKind::Range { var, .. } => {
                let is_new = reached.bound[var.index()].is_none();
                reached.bound[var.index()].get_or_insert_with(|| Source::Among(real(RANGE_FANOUT)));
                if is_new { real(RANGE_FANOUT) } else { 0.5 }
            }
            LiteralKind::Aggregate { var, aggregate } => aggregated(reached, *var, aggregate),
        };
        reached.rows *= part;
    }

    fn compare(&self, reached: &mut Reached, (op, left, right): (CompareOp, &Expr, &Expr)) -> f64 {
        for (one, other) in [(left, right), (right, left)] {
            if let Expr::Var(var) = one
                && reached.bound[var.index()].is_none()
            {
                reached.bound[var.index()] = Some(match other {
                    Expr::Const(_) => Source::Among(1.0),
                    Expr::Var(other) => Source::Among(self.codes_of(reached, *other)),
                    Expr::Call { .. } => Source::Any,
                });
                return 1.0;
            }
        }
        match op {
            CompareOp::Eq => 0.1,
            CompareOp::Ne => 0.9,
            CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge => 0.4,
        }
    }
}

fn aggregated(reached: &mut Reached, var: VarId, aggregate: &Aggregate) -> f64 {
    let is_new = reached.bound[var.index()].is_none();
    for var in aggregate.witnesses.iter().chain([&var]) {
        reached.bound[var.index()].get_or_insert(Source::Any);
    }
    if is_new { 1.0 } else { 0.1 }
}

/// A count as a number to reckon with.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "an estimate needs no precision")]
pub fn real(n: usize) -> f64 {
    n as f64
}

/// A number of bindings, rounded up.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "too large a number becomes the largest; none is negative"
)]
pub fn count(rows: f64) -> u64 {
    rows.ceil() as u64
}
