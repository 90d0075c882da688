//! How a rule runs for many scenarios at once: its body over relations whose last column numbers
//! the tuples, so that each binding names its premises and thereby where it holds. The value of an
//! aggregate is a premise like any other: a tuple of a relation that has the value of each group
//! in each scenario, made for the groups that the rest of the body asks for.

use crate::base::ids::{Id, RelationId, Table, VarId};
use crate::engine::limits::Stop;
use crate::engine::storage::form::Rows;
use crate::engine::storage::keys::Keys;
use crate::plan::order;
use crate::program::program::{Aggregate, Arg, Atom, Expr, Literal, LiteralKind, Rule, Variable};
use crate::provenance::lane_values::{GroupRows, fold};
use crate::provenance::lanes::{Doubtful, Lanes, Word};
use crate::provenance::numbered::{Writer, narrow};
use crate::provenance::proof::Site as Path;
use crate::syntax::ast::CompareOp;
use crate::value::base_type::BaseType;

/// A body, and where it stands.
pub(crate) struct Place<'p> {
    pub(crate) rule: &'p Rule,
    pub(crate) site: Path,
    pub(crate) body: &'p [Literal],
    /// A relation of values for these variables, with the number of the group.
    pub(crate) asked: Option<(RelationId, &'p [VarId])>,
    /// The position of the atom that reads only what is new.
    pub(crate) delta: Option<usize>,
}

/// An aggregate with the values that were asked for.
pub(crate) struct Site {
    /// Variables outside that the value depends on.
    outer: Vec<VarId>,
    /// The groups.
    groups: Keys,
    /// In the walk: groups whose rows are wanted.
    asked: RelationId,
    /// In the walk: outer values, the value, the witnesses, the number.
    values: RelationId,
    /// Where each of these holds.
    lanes: Vec<Word>,
}

/// What a body gives: columns and where each row holds.
#[derive(Default)]
pub(crate) struct Solved {
    pub(crate) columns: Vec<Vec<u32>>,
    pub(crate) lanes: Vec<Word>,
}

/// A body as a rule of the walk. Its head has first what the caller asked for, then the number of
/// each premise, then the values by which absent tuples are looked up.
struct Scope {
    rule: Rule,
    heads: usize,
    premises: Vec<Premise>,
    absents: Vec<Absent>,
}

#[derive(Clone, Copy)]
enum Premise {
    Tuple(RelationId),
    Value(usize),
}

struct Absent {
    relation: RelationId,
    doubtful: usize,
    width: usize,
}

impl Lanes<'_> {
    /// What a body gives for these expressions, and where.
    pub(crate) fn solve(&mut self, place: &Place<'_>, head: Vec<Expr>) -> Result<Solved, Stop> {
        let mut sites: Vec<Option<usize>> = vec![None; place.body.len()];
        while let Some(at) = next_aggregate(place, &sites) {
            sites[at] = Some(self.ask(place, &sites, at)?);
        }
        let every = vec![true; place.body.len()];
        let scope = self.scope(place, &sites, &every, head)?;
        self.run(&scope)
    }

    /// Makes the values of the aggregate at `at` for all groups that the rest of the body asks for.
    fn ask(
        &mut self,
        place: &Place<'_>,
        sites: &[Option<usize>],
        at: usize,
    ) -> Result<usize, Stop> {
        let LiteralKind::Aggregate { var, aggregate } = &place.body[at].kind else {
            unreachable!("the position of an aggregate");
        };
        let id = self.site(place, at, *var, aggregate)?;
        let bound = bound(place, sites);
        let usable: Vec<bool> =
            place.body.iter().zip(sites).map(|(l, site)| is_usable(l, *site, &bound)).collect();
        let outer = self.sites[id].outer.clone();
        let head = outer.iter().map(|var| Expr::Var(*var)).collect();
        let scope = self.scope(place, sites, &usable, head)?;
        let asked = self.run(&scope)?;
        let site = &mut self.sites[id];
        let before = site.groups.count();
        // The number of the group around it comes first.
        let first = usize::from(place.asked.is_some());
        let columns: Vec<&[u32]> = asked.columns[first..].iter().map(Vec::as_slice).collect();
        site.groups.number(Rows { len: asked.lanes.len(), columns: &columns }, &mut Vec::new());
        let new = before..site.groups.count();
        if new.is_empty() {
            return Ok(id);
        }
        let mut columns = vec![Vec::with_capacity(new.len()); outer.len()];
        for group in new.clone() {
            let key = site.groups.key(group);
            columns.iter_mut().zip(key).for_each(|(column, code)| column.push(*code));
        }
        columns.push((narrow(new.start)..narrow(new.end)).collect());
        let asked = site.asked;
        self.walk.refill(asked, new.len(), columns)?;
        let inner = Place {
            rule: place.rule,
            site: place.site.inside(at),
            body: &aggregate.body,
            asked: Some((asked, &outer)),
            delta: None,
        };
        let value = aggregate.value.iter().cloned();
        let witnesses = aggregate.witnesses.iter().map(|var| Expr::Var(*var));
        let rows = self.solve(&inner, value.chain(witnesses).collect())?;
        let vars = &place.rule.vars;
        let value_base = aggregate.value.as_ref().map(|value| base_of(value, vars));
        let rows = GroupRows { first: new.start, count: new.len(), rows: &rows, value_base };
        let values = fold(aggregate, &rows, (self.walk.builtins(), self.walk.codes()), self.all);
        let Some(values) = values else {
            self.unknown = self.all;
            return Ok(id);
        };
        self.store(id, &values.columns, values.lanes)?;
        Ok(id)
    }

    /// Adds values of groups: the group's number, the value, the witnesses.
    fn store(&mut self, id: usize, values: &[Vec<u32>], lanes: Vec<Word>) -> Result<(), Stop> {
        let site = &mut self.sites[id];
        let mut columns = vec![Vec::with_capacity(lanes.len()); site.outer.len()];
        for &group in &values[0] {
            let key = site.groups.key(group as usize);
            columns.iter_mut().zip(key).for_each(|(column, code)| column.push(*code));
        }
        let first = narrow(site.lanes.len());
        let numbers: Vec<u32> = (first..first + narrow(lanes.len())).collect();
        let slices: Vec<&[u32]> =
            columns.iter().chain(&values[1..]).chain([&numbers]).map(Vec::as_slice).collect();
        self.walk.insert(site.values, Rows { len: lanes.len(), columns: &slices })?;
        site.lanes.extend(lanes);
        Ok(())
    }

    /// The aggregate at a place, made when it is first met.
    fn site(
        &mut self,
        place: &Place<'_>,
        at: usize,
        var: VarId,
        aggregate: &Aggregate,
    ) -> Result<usize, Stop> {
        let path = place.site.inside(at);
        if let Some(known) = self.site_ids.get(&path) {
            return Ok(*known);
        }
        let outer = order::keys(aggregate);
        let base = |var: &VarId| place.rule.vars[*var].base;
        let keys = || outer.iter().map(base);
        let number = [BaseType::Number];
        let asked: Box<[BaseType]> = keys().chain(number).collect();
        let targets = [var].into_iter().chain(aggregate.witnesses.iter().copied());
        let values: Box<[BaseType]> =
            keys().chain(targets.map(|var| base(&var))).chain(number).collect();
        let empty = |bases: &[BaseType]| vec![Vec::new(); bases.len()];
        let columns = empty(&asked);
        let asked = self.walk.relation(asked, 0, columns)?;
        let columns = empty(&values);
        let values = self.walk.relation(values, 0, columns)?;
        let groups = Keys::new(outer.len());
        self.sites.push(Site { outer, groups, asked, values, lanes: Vec::new() });
        self.site_ids.insert(path, self.sites.len() - 1);
        Ok(self.sites.len() - 1)
    }

    /// The body, as far as `usable` says, as a rule of the walk.
    fn scope(
        &mut self,
        place: &Place<'_>,
        sites: &[Option<usize>],
        usable: &[bool],
        mut head: Vec<Expr>,
    ) -> Result<Scope, Stop> {
        let mut writer = Writer { vars: place.rule.vars.clone(), body: Vec::new() };
        let (mut premises, mut numbers) = (Vec::new(), Vec::new());
        let (mut absents, mut lookups) = (Vec::new(), Vec::new());
        if let Some((asked, vars)) = place.asked {
            let args = vars.iter().map(|var| Arg::Var(*var)).collect();
            head.insert(0, Expr::Var(writer.numbered(asked, args, place.rule.span)));
        }
        let occurrences = place.rule.occurrences();
        for (at, literal) in place.body.iter().enumerate().filter(|(at, _)| usable[*at]) {
            match &literal.kind {
                LiteralKind::Atom(atom) => {
                    let relation = if place.delta == Some(at) {
                        self.relations[atom.relation].delta.expect("a round has a delta")
                    } else {
                        self.full(atom.relation)?
                    };
                    let number = writer.numbered(relation, atom.args.clone(), literal.span);
                    numbers.push(Expr::Var(number));
                    premises.push(Premise::Tuple(atom.relation));
                }
                LiteralKind::Aggregate { var, aggregate } => {
                    let Some(id) = sites[at] else { continue };
                    let site = &self.sites[id];
                    let targets = [*var].into_iter().chain(aggregate.witnesses.iter().copied());
                    let args = site.outer.iter().copied().chain(targets).map(Arg::Var).collect();
                    let number = writer.numbered(site.values, args, literal.span);
                    numbers.push(Expr::Var(number));
                    premises.push(Premise::Value(id));
                }
                LiteralKind::Absent(atom) => {
                    let relation = self.certain(atom.relation)?;
                    let kind = LiteralKind::Absent(Atom { relation, args: atom.args.clone() });
                    writer.body.push(Literal { kind, span: literal.span });
                    if let Some((absent, values)) = self.absent(atom, &occurrences) {
                        absents.push(absent);
                        lookups.extend(values);
                    }
                }
                _ => writer.body.push(literal.clone()),
            }
        }
        let heads = head.len();
        head.extend(numbers);
        head.extend(lookups);
        let Writer { vars, body } = writer;
        let rule = Rule { head_args: head, body, vars, plan: Vec::new(), ..place.rule.clone() };
        Ok(Scope { rule, heads, premises, absents })
    }

    /// How to find out where an atom has a match, if it has some here and not there.
    fn absent(
        &mut self,
        atom: &Atom,
        occurrences: &Table<VarId, usize>,
    ) -> Option<(Absent, Vec<Expr>)> {
        let (mut columns, mut values) = (Vec::new(), Vec::new());
        for (column, arg) in atom.args.iter().enumerate() {
            match arg {
                Arg::Var(var) if occurrences[*var] == 1 => {}
                Arg::Var(var) => {
                    columns.push(column);
                    values.push(Expr::Var(*var));
                }
                Arg::Const(value) => {
                    columns.push(column);
                    values.push(Expr::Const(*value));
                }
            }
        }
        let doubtful = self.doubtful(atom.relation, &columns)?;
        Some((Absent { relation: atom.relation, doubtful, width: columns.len() }, values))
    }

    /// Runs a scope; rows that hold nowhere are left out.
    fn run(&mut self, scope: &Scope) -> Result<Solved, Stop> {
        let Self { walk, relations, sites, all, .. } = self;
        let mut solved = Solved { columns: vec![Vec::new(); scope.heads], lanes: Vec::new() };
        let mut lanes: Vec<Word> = Vec::new();
        let erred = walk.run(&scope.rule, &mut |rows| {
            lanes.clear();
            lanes.resize(rows.len, *all);
            let mut at = scope.heads;
            for premise in &scope.premises {
                let known = match premise {
                    Premise::Tuple(relation) => &relations[*relation].lanes,
                    Premise::Value(site) => &sites[*site].lanes,
                };
                let numbers = &rows.columns[at][..rows.len];
                lanes.iter_mut().zip(numbers).for_each(|(l, n)| *l &= known[*n as usize]);
                at += 1;
            }
            for Absent { relation, doubtful, width } in &scope.absents {
                let Doubtful { keys, lanes: known, .. } = &relations[*relation].doubtful[*doubtful];
                let columns = &rows.columns[at..at + width];
                let mut row = 0;
                keys.find(Rows { len: rows.len, columns }, |number| {
                    lanes[row] &= number.map_or(Word::MAX, |number| !known[number as usize]);
                    row += 1;
                });
                at += width;
            }
            for (to, from) in solved.columns.iter_mut().zip(rows.columns) {
                let kept = from.iter().zip(&lanes).filter(|(_, lanes)| **lanes != 0);
                to.extend(kept.map(|(code, _)| *code));
            }
            solved.lanes.extend(lanes.iter().filter(|lanes| **lanes != 0));
            Ok(())
        })?;
        if erred {
            self.unknown = self.all;
        }
        Ok(solved)
    }
}

/// The first aggregate without values that the rest of the body can ask for.
fn next_aggregate(place: &Place<'_>, sites: &[Option<usize>]) -> Option<usize> {
    let open: Vec<usize> = (0..place.body.len())
        .filter(|&at| {
            matches!(place.body[at].kind, LiteralKind::Aggregate { .. }) && sites[at].is_none()
        })
        .collect();
    if open.is_empty() {
        return None;
    }
    let bound = bound(place, sites);
    let is_ready = |at: &usize| match &place.body[*at].kind {
        LiteralKind::Aggregate { aggregate, .. } => {
            order::keys(aggregate).iter().all(|var| bound[var.index()])
        }
        _ => false,
    };
    let ready = open.into_iter().find(is_ready);
    Some(ready.expect("an aggregate's outer variables are bound by what does not need it"))
}

/// Variables that atoms, known aggregates, equations and ranges bind.
fn bound(place: &Place<'_>, sites: &[Option<usize>]) -> Vec<bool> {
    let mut bound = vec![false; place.rule.vars.len()];
    let bind = |var: VarId, bound: &mut Vec<bool>| bound[var.index()] = true;
    for var in place.asked.iter().flat_map(|(_, vars)| vars.iter()) {
        bind(*var, &mut bound);
    }
    loop {
        let before = bound.clone();
        for (literal, site) in place.body.iter().zip(sites) {
            match &literal.kind {
                LiteralKind::Atom(atom) => atom.vars().for_each(|var| bind(var, &mut bound)),
                LiteralKind::Aggregate { var, aggregate } if site.is_some() => {
                    bind(*var, &mut bound);
                    aggregate.witnesses.iter().for_each(|var| bind(*var, &mut bound));
                }
                LiteralKind::Compare(CompareOp::Eq, left, right) => {
                    for (side, other) in [(left, right), (right, left)] {
                        if let Expr::Var(var) = side
                            && all_bound(other, &bound)
                        {
                            bind(*var, &mut bound);
                        }
                    }
                }
                LiteralKind::Range { var, args } if args.iter().all(|a| all_bound(a, &bound)) => {
                    bind(*var, &mut bound);
                }
                _ => {}
            }
        }
        if bound == before {
            return bound;
        }
    }
}

fn all_bound(expr: &Expr, bound: &[bool]) -> bool {
    let mut all = true;
    expr.each_var(&mut |var| all &= bound[var.index()]);
    all
}

/// Whether a literal can be used with what is bound.
fn is_usable(literal: &Literal, site: Option<usize>, bound: &[bool]) -> bool {
    match &literal.kind {
        LiteralKind::Atom(_) | LiteralKind::Constant(_) => true,
        LiteralKind::Aggregate { .. } => site.is_some(),
        LiteralKind::Compare(_, left, right) => all_bound(left, bound) && all_bound(right, bound),
        LiteralKind::Test { args, .. } => args.iter().all(|arg| all_bound(arg, bound)),
        LiteralKind::Range { var, args } => {
            bound[var.index()] && args.iter().all(|arg| all_bound(arg, bound))
        }
        // It only takes bindings away, and its variables may occur nowhere else.
        LiteralKind::Absent(_) => false,
    }
}

/// The type of an expression's value.
fn base_of(expr: &Expr, vars: &Table<VarId, Variable>) -> BaseType {
    match expr {
        Expr::Var(var) => vars[*var].base,
        Expr::Const(value) => value.base(),
        Expr::Call { functor, .. } => functor.result,
    }
}
