//! Less to do for the same tuples. Of atoms whose variables nobody reads later it is enough to know
//! that they have a match; bindings that became alike need to go on only once; where several atoms
//! bind a variable and the one in front may have very many matches, the one with the fewest gives
//! the values.

use std::mem::take;

use crate::base::ids::{Id, RelationId, VarId};
use crate::plan::ir::{Access, Column, Distinct, ExistsStep, Meet, Step, StepKind, each_access};
use crate::plan::order::never_errs;
use crate::plan::sizes::Sizes;

/// Matches that the key of a tuple must have, on average over tuples, for several ways to pay.
const HEAVY_MIN: usize = 16;

/// Steps of a block at most: blocks hold smaller ones.
const BLOCK_MAX: usize = 12;

/// The same steps, reduced. `growing` are relations that are not complete, `vars` counts the
/// variables of the rule.
#[must_use]
pub fn reduce(steps: &[Step], growing: &[RelationId], vars: usize, sizes: &dyn Sizes) -> Vec<Step> {
    let steps = semijoins(steps, (1, growing), vars);
    let steps = meets(steps, (1, growing), vars, sizes);
    distinct(&steps, growing, sizes)
}

/// Whether all relations that the steps read are complete.
fn are_complete(steps: &[Step], growing: &[RelationId]) -> bool {
    let mut complete = true;
    each_access(steps, &mut |access| complete &= !growing.contains(&access.relation));
    complete
}

/// Puts atoms of whose variables no later step reads any, and what belongs to them, in a step of
/// their own.
fn semijoins(steps: &[Step], (start, growing): (u64, &[RelationId]), vars: usize) -> Vec<Step> {
    let mut out = Vec::with_capacity(steps.len());
    let mut rest = steps;
    while let Some((first, others)) = rest.split_first() {
        let Some(len) = block(rest) else {
            out.push(first.clone());
            rest = others;
            continue;
        };
        let before = out.last().map_or(start, |step| step.rows);
        let (block, others) = rest.split_at(len);
        rest = others;
        let last = block.last().expect("a block has steps");
        let (mark, mut needed) = (VarId::new(vars), vec![false; vars]);
        let mut inner = block.to_vec();
        drop_dead(&mut inner, &mut needed, true);
        // All of it is such a block, but what follows its first step may hold smaller ones.
        let later = inner.split_off(1);
        let first = inner.first().map_or(1, |step| step.rows);
        inner.extend(semijoins(&later, (first, growing), vars + 1));
        inner.iter_mut().for_each(|step| step.live.push(mark));
        let keys = (0..vars).filter(|&var| needed[var]).map(VarId::new).collect();
        let lasting = are_complete(&inner, growing);
        let step = ExistsStep { keys, mark, steps: inner, lasting };
        let kind = StepKind::Exists(Box::new(step));
        let rows = last.rows.min(before);
        out.push(Step { kind, live: last.live.clone(), rows });
    }
    out
}

/// How many of the steps bind only what none after them reads; nothing if they cannot be cut
/// short. What may err must see every binding.
fn block(steps: &[Step]) -> Option<usize> {
    let mut new: Vec<VarId> = Vec::new();
    for (n, Step { kind, live, .. }) in steps.iter().take(BLOCK_MAX).enumerate() {
        let cuts = match kind {
            StepKind::Expand(_) => true,
            StepKind::Member(_) | StepKind::Absent(_) | StepKind::Constant(_) => n > 0,
            StepKind::Let { expr, .. } => n > 0 && never_errs(expr),
            StepKind::Filter { left, right, .. } => n > 0 && never_errs(left) && never_errs(right),
            StepKind::Test { args, .. } => n > 0 && args.iter().all(never_errs),
            StepKind::Scan(_)
            | StepKind::Range { .. }
            | StepKind::Aggregate(_)
            | StepKind::Distinct(_)
            | StepKind::Meet(_)
            | StepKind::Exists(_) => false,
        };
        if !cuts {
            return None;
        }
        kind.each_output(&mut |var| new.push(var));
        if !new.iter().any(|var| live.contains(var)) {
            return (n > 0).then_some(n + 1);
        }
    }
    None
}

/// Before each expansion that would repeat its work for bindings that became alike, drops them.
fn distinct(steps: &[Step], growing: &[RelationId], sizes: &dyn Sizes) -> Vec<Step> {
    let mut out: Vec<Step> = Vec::with_capacity(steps.len());
    let mut live: Vec<VarId> = Vec::new();
    let mut is_lossy = false;
    for (at, step) in steps.iter().enumerate() {
        let repeats = matches!(
            step.kind,
            StepKind::Expand(_) | StepKind::Meet(_) | StepKind::Range { bound: false, .. }
        );
        if is_lossy && repeats {
            let lasting = are_complete(&steps[at..], growing);
            let kind = StepKind::Distinct(Distinct { vars: live.clone(), lasting });
            let rows = out.last().map_or(1, |step| step.rows);
            out.push(Step { kind, live: live.clone(), rows });
            is_lossy = false;
        }
        step.kind.each_output(&mut |var| live.push(var));
        is_lossy |= loses(step, &live, sizes);
        live.clone_from(&step.live);
        out.push(step.clone());
    }
    out
}

/// Whether bindings of these variables may be alike after a step, because it drops one that the
/// others do not determine.
fn loses(step: &Step, vars: &[VarId], sizes: &dyn Sizes) -> bool {
    let mut lost = vars.iter().filter(|var| !step.live.contains(var)).peekable();
    let access = match &step.kind {
        StepKind::Scan(access) | StepKind::Expand(access) => access,
        _ => return lost.peek().is_some(),
    };
    let var_of = |column: &Column| match column {
        Column::Bound(var) | Column::New(var) => Some(*var),
        Column::Const(_) | Column::Repeat(_) | Column::Any => None,
    };
    if lost.peek().is_none() && !access.columns.contains(&Column::Any) {
        return false;
    }
    let stays = |column: &Column| match var_of(column) {
        Some(var) => step.live.contains(&var),
        None => !matches!(column, Column::Any),
    };
    let kept: Vec<usize> =
        (0..access.columns.len()).filter(|&c| stays(&access.columns[c])).collect();
    let rows = sizes.rows(access.relation);
    let is_key = || sizes.degrees(access.relation, &kept).keys >= rows - rows / 16;
    let all_here = lost.all(|var| access.columns.iter().any(|c| var_of(c) == Some(*var)));
    kept.is_empty() || !all_here || !is_key()
}

/// Where an expansion may have very many matches for a binding and lookups of its variable follow,
/// lets each of these atoms give the values where it has the fewest.
fn meets(
    mut steps: Vec<Step>,
    (start, growing): (u64, &[RelationId]),
    vars: usize,
    sizes: &dyn Sizes,
) -> Vec<Step> {
    let mut out: Vec<Step> = Vec::with_capacity(steps.len());
    for at in 0..steps.len() {
        let before = if at == 0 { start } else { steps[at - 1].rows };
        if let StepKind::Exists(step) = &mut steps[at].kind {
            step.steps = meets(take(&mut step.steps), (before, growing), vars + 1, sizes);
        }
    }
    let mut rest = steps.as_slice();
    while let Some((first, others)) = rest.split_first() {
        let before = out.last().map_or(start, |step| step.rows);
        let Some(atoms) = meeting(rest, growing) else {
            out.push(first.clone());
            rest = others;
            continue;
        };
        let (met, others) = rest.split_at(atoms.len());
        rest = others;
        let last = met.last().expect("a meeting has steps");
        if !pays(&atoms, before, sizes) {
            out.extend_from_slice(met);
            continue;
        }
        let ways: Vec<(Vec<Step>, Vec<bool>)> = (0..atoms.len())
            .map(|of| {
                let mut needed = vec![false; vars];
                last.live.iter().for_each(|var| needed[var.index()] = true);
                let mut way = way(&atoms, of, last.rows);
                drop_dead(&mut way, &mut needed, false);
                (way, needed)
            })
            .collect();
        let is_input = |var: &usize| ways.iter().any(|(_, needed)| needed[*var]);
        let inputs = (0..vars).filter(is_input).map(VarId::new).collect();
        let ways = ways.into_iter().map(|(way, _)| way).collect();
        let kind = StepKind::Meet(Meet { inputs, ways });
        out.push(Step { kind, live: last.live.clone(), rows: last.rows });
    }
    out
}

/// The atoms of an expansion by one variable and of the lookups of this variable that follow, each
/// as an expansion.
fn meeting(steps: &[Step], growing: &[RelationId]) -> Option<Vec<Access>> {
    let (Step { kind: StepKind::Expand(first), .. }, others) = steps.split_first()? else {
        return None;
    };
    let mut new = first.new_vars();
    let (Some(var), None) = (new.next(), new.next()) else { return None };
    let is_whole = |access: &Access| {
        let plain = |column: &Column| !matches!(column, Column::Any | Column::Repeat(_));
        access.only.is_none()
            && access.columns.iter().all(plain)
            && !growing.contains(&access.relation)
    };
    let lookups = others.iter().map_while(|step| match &step.kind {
        StepKind::Member(access) => {
            let of = access.columns.iter().filter(|c| **c == Column::Bound(var)).count();
            (of == 1 && is_whole(access)).then(|| {
                let mut access = access.clone();
                for column in access.columns.iter_mut().filter(|c| **c == Column::Bound(var)) {
                    *column = Column::New(var);
                }
                access
            })
        }
        _ => None,
    });
    let atoms: Vec<Access> = [first.clone()].into_iter().chain(lookups).collect();
    (atoms.len() > 1 && is_whole(first)).then_some(atoms)
}

/// Whether the first atom may have so many matches that another with fewer is worth its index.
fn pays(atoms: &[Access], before: u64, sizes: &dyn Sizes) -> bool {
    let heavy = sizes.degrees(atoms[0].relation, &atoms[0].known()).heavy;
    let before = usize::try_from(before).unwrap_or(usize::MAX);
    let index: usize = atoms.iter().map(|access| sizes.rows(access.relation)).sum();
    heavy >= HEAVY_MIN && before.saturating_mul(heavy) > index
}

/// One atom gives the values, the others are asked.
fn way(atoms: &[Access], of: usize, rows: u64) -> Vec<Step> {
    let step = |kind| Step { kind, live: Vec::new(), rows };
    let ask = |access: &Access| {
        let mut access = access.clone();
        for column in &mut access.columns {
            if let Column::New(var) = *column {
                *column = Column::Bound(var);
            }
        }
        step(StepKind::Member(access))
    };
    let others = atoms.iter().enumerate().filter(|(at, _)| *at != of);
    [step(StepKind::Expand(atoms[of].clone()))]
        .into_iter()
        .chain(others.map(|(_, access)| ask(access)))
        .collect()
}

/// Says for every step what later steps need, and forgets what none does: `needed` is what is read
/// after the last. Where an atom then gives nothing new, and repeated bindings do not matter, it
/// only asks whether there is a match.
pub fn drop_dead(steps: &mut [Step], needed: &mut [bool], repeats_are_equal: bool) {
    for step in steps.iter_mut().rev() {
        step.live = (0..needed.len()).filter(|&var| needed[var]).map(VarId::new).collect();
        match &mut step.kind {
            StepKind::Scan(access) | StepKind::Expand(access) => {
                forget(access, needed);
                access.new_vars().for_each(|var| needed[var.index()] = false);
                let no_new = access
                    .columns
                    .iter()
                    .all(|column| !matches!(column, Column::New(_) | Column::Repeat(_)));
                if no_new && repeats_are_equal {
                    step.kind = StepKind::Member(access.clone());
                }
            }
            StepKind::Member(access) | StepKind::Absent(access) => forget(access, needed),
            StepKind::Let { var, .. } | StepKind::Range { var, bound: false, .. } => {
                needed[var.index()] = false;
            }
            StepKind::Aggregate(aggregate) => {
                let mut inner = vec![false; needed.len()];
                aggregate.keys.iter().chain(&aggregate.witnesses).for_each(|var| {
                    inner[var.index()] = true;
                });
                aggregate.value.iter().for_each(|value| {
                    value.each_var(&mut |var| inner[var.index()] = true);
                });
                drop_dead(&mut aggregate.steps, &mut inner, false);
                aggregate.witnesses.iter().chain([&aggregate.var]).for_each(|var| {
                    needed[var.index()] = false;
                });
            }
            StepKind::Exists(_) | StepKind::Meet(_) | StepKind::Distinct(_) => {
                step.kind.each_output(&mut |var| needed[var.index()] = false);
            }
            StepKind::Range { bound: true, .. }
            | StepKind::Filter { .. }
            | StepKind::Test { .. }
            | StepKind::Constant(_) => {}
        }
        step.kind.each_input(&mut |var| needed[var.index()] = true);
    }
}

/// New variables that nobody reads become "any".
fn forget(access: &mut Access, needed: &[bool]) {
    for c in 0..access.columns.len() {
        if let Column::New(var) = access.columns[c]
            && !needed[var.index()]
            && !access.columns.contains(&Column::Repeat(c))
        {
            access.columns[c] = Column::Any;
        }
    }
}
