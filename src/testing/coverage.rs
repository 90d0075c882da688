//! Coverage: which rules gave something in some case, which conditions ever made a difference, and
//! which claims some conclusion used.
//!
//! A condition made a difference if there was a binding for which all others held and it did not:
//! without it the rule would have given more. That is asked of the finished relations, with one
//! rule for each rule, and one for each condition that is turned round. Conditions whose variables
//! the others need cannot be turned round and are not counted.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::analysis::analysis::{Analysis, analyse};
use crate::base::hash::{Map, Set};
use crate::base::ids::{Id, RelationId, RuleId, VarId};
use crate::engine::facts::{Columns, Facts};
use crate::engine::limits::Stop;
use crate::program::program::{Arg, Expr, Literal, LiteralKind, Program, Rule};
use crate::session::evaluate;
use crate::session::options::Engine;
use crate::session::session::{Session, World};
use crate::syntax::ast::CompareOp;
use crate::testing::file::ENDING;
use crate::text::files::Files;
use crate::text::span::Span;

/// A rule by where it stands: file, first byte of the written rule, which of its alternatives.
type Key = (String, u32, usize);

/// What the cases try.
#[derive(Clone, Default, Debug)]
pub struct Coverage {
    /// Rules of the files under test, by where they stand.
    pub rules: BTreeMap<Key, Tried>,
    /// Claims of the inputs, by id, and whether a conclusion used them.
    pub claims: BTreeMap<String, bool>,
}

/// How a rule was tried.
#[derive(Clone, Debug)]
pub struct Tried {
    /// Its name.
    pub name: String,
    /// Its lines, from 1.
    pub lines: Range<usize>,
    /// In how many cases it gave something.
    pub fired: usize,
    /// Its conditions that can be turned round.
    pub literals: Vec<Condition>,
}

/// A condition of a rule.
#[derive(Clone, Debug)]
pub struct Condition {
    /// As written.
    pub text: String,
    /// Its line, from 1.
    pub line: usize,
    /// In how many cases it made a difference.
    pub decided: usize,
}

/// What is asked of finished relations.
struct Probe {
    program: Program,
    analysis: Analysis,
    /// By number of the rule: which rule of the case's program, and which of its literals.
    asked: Vec<(RuleId, Option<usize>)>,
}

/// What was last asked of a program.
#[derive(Default)]
pub struct Probes {
    last: Option<(Vec<Span>, Vec<String>, Probe)>,
}

impl Probes {
    fn of(&mut self, world: &World, keys: &[(RuleId, Key)]) -> &Probe {
        let spans: Vec<Span> = world.program.rules.iter().map(|rule| rule.span).collect();
        let names: Vec<String> =
            world.program.relations.iter().map(|relation| relation.name.clone()).collect();
        let is_same = self.last.as_ref().is_some_and(|(s, n, _)| *s == spans && *n == names);
        if !is_same {
            self.last = None;
        }
        &self.last.get_or_insert_with(|| (spans, names, Probe::new(world, keys))).2
    }
}

/// Rules and literals for which an answer was found.
type Found = Set<(RuleId, Option<usize>)>;

impl Coverage {
    /// Adds what a case tried.
    pub fn add(&mut self, other: Self) {
        for (key, tried) in other.rules {
            match self.rules.get_mut(&key) {
                None => {
                    self.rules.insert(key, tried);
                }
                Some(known) => {
                    known.fired += tried.fired;
                    for (known, condition) in known.literals.iter_mut().zip(tried.literals) {
                        known.decided += condition.decided;
                    }
                }
            }
        }
        for (claim, used) in other.claims {
            *self.claims.entry(claim).or_default() |= used;
        }
    }

    /// How many rules, conditions and claims were covered, of how many.
    #[must_use]
    pub fn figures(&self) -> [(usize, usize); 3] {
        let fired = self.rules.values().filter(|tried| tried.fired > 0).count();
        let conditions = || self.rules.values().flat_map(|tried| &tried.literals);
        let decided = conditions().filter(|condition| condition.decided > 0).count();
        let used = self.claims.values().filter(|used| **used).count();
        [(fired, self.rules.len()), (decided, conditions().count()), (used, self.claims.len())]
    }

    /// The share of rules and conditions that are covered, in per cent.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "no program has 2^52 rules")]
    pub fn percent(&self) -> f64 {
        let [rules, literals, _] = self.figures();
        let all = rules.1 + literals.1;
        if all == 0 { 100.0 } else { 100.0 * (rules.0 + literals.0) as f64 / all as f64 }
    }

    /// What the case of an evaluated session tries. `probes` keeps what is the same for cases of
    /// one program.
    #[must_use]
    pub fn of(session: &Session, probes: &mut Probes) -> Self {
        let world = session.world();
        let files = session.files();
        let mut coverage = Self::default();
        let keys = keys(&world.program, files);
        let probe = probes.of(world, &keys);
        let asked: Found = probe.asked.iter().copied().collect();
        let found = ask(session, probe);
        for (id, key) in &keys {
            let rule = &world.program.rules[*id];
            let line = |offset: u32| files.get(rule.span.file).position(offset as usize).line;
            let turned = turned(rule).into_iter();
            let turned = turned.filter(|(at, _)| asked.contains(&(*id, Some(*at))));
            let conditions = turned.map(|(at, _)| {
                let span = rule.body[at].span;
                let text = files.text_of(span).split_whitespace().collect::<Vec<_>>().join(" ");
                let decided = usize::from(found.contains(&(*id, Some(at))));
                Condition { text, line: line(span.start), decided }
            });
            let tried = Tried {
                name: rule.name.clone(),
                lines: line(rule.span.start)..line(rule.span.end.max(1) - 1) + 1,
                fired: usize::from(found.contains(&(*id, None))),
                literals: conditions.collect(),
            };
            coverage.rules.insert(key.clone(), tried);
        }
        if world.claims.is_some()
            && let Ok((idle, all)) = session.idle_claims()
        {
            let idle: Set<String> = idle.into_iter().collect();
            coverage.claims = all
                .into_iter()
                .map(|id| {
                    let used = !idle.contains(&id);
                    (id, used)
                })
                .collect();
        }
        coverage
    }
}

/// The rules that are under test: those of files, but not of the library and of test files.
fn keys(program: &Program, files: &Files) -> Vec<(RuleId, Key)> {
    let mut seen: Map<(String, u32), usize> = Map::default();
    let mut keys = Vec::new();
    for (id, rule) in program.rules.entries() {
        let name = &files.get(rule.span.file).name;
        if name.starts_with("lib:") || name.ends_with(ENDING) {
            continue;
        }
        let n = seen.entry((name.clone(), rule.span.start)).or_default();
        keys.push((id, (name.clone(), rule.span.start, *n)));
        *n += 1;
    }
    keys
}

/// The conditions of a rule that can be turned round, each turned round.
fn turned(rule: &Rule) -> Vec<(usize, LiteralKind)> {
    let mut found = Vec::new();
    for (at, literal) in rule.body.iter().enumerate() {
        let kind = match &literal.kind {
            LiteralKind::Atom(atom) if is_filter(rule, at) => LiteralKind::Absent(atom.clone()),
            LiteralKind::Absent(atom) => LiteralKind::Atom(atom.clone()),
            LiteralKind::Compare(op, left, right) if !binds(rule, at) => {
                LiteralKind::Compare(op.negated(), left.clone(), right.clone())
            }
            LiteralKind::Test { test, args, negated } => {
                LiteralKind::Test { test: *test, args: args.clone(), negated: !negated }
            }
            LiteralKind::Atom(_)
            | LiteralKind::Compare(..)
            | LiteralKind::Range { .. }
            | LiteralKind::Aggregate { .. }
            | LiteralKind::Constant(_) => continue,
        };
        found.push((at, kind));
    }
    found
}

/// Variables that the positive atoms, ranges and aggregates of a rule bind, without literal `but`,
/// and those that follow from them by `=`.
fn bound(rule: &Rule, but: usize) -> Set<VarId> {
    let mut bound: Set<VarId> = Set::default();
    let others = || rule.body.iter().enumerate().filter(|(at, _)| *at != but);
    for (_, literal) in others() {
        match &literal.kind {
            LiteralKind::Atom(atom) => bound.extend(atom.vars()),
            LiteralKind::Range { var, .. } => {
                bound.insert(*var);
            }
            LiteralKind::Aggregate { var, aggregate } => {
                bound.insert(*var);
                bound.extend(&aggregate.witnesses);
            }
            _ => {}
        }
    }
    loop {
        let before = bound.len();
        for (_, literal) in others() {
            let LiteralKind::Compare(CompareOp::Eq, left, right) = &literal.kind else { continue };
            for (one, other) in [(left, right), (right, left)] {
                let mut is_known = true;
                other.each_var(&mut |var| is_known &= bound.contains(&var));
                if let (true, Expr::Var(var)) = (is_known, one) {
                    bound.insert(*var);
                }
            }
        }
        if bound.len() == before {
            return bound;
        }
    }
}

/// Whether all variables of an atom are bound by the other literals, or occur nowhere else in the
/// body.
fn is_filter(rule: &Rule, at: usize) -> bool {
    let LiteralKind::Atom(atom) = &rule.body[at].kind else { return false };
    let known = bound(rule, at);
    let mut elsewhere: Set<VarId> = Set::default();
    for (_, literal) in rule.body.iter().enumerate().filter(|(other, _)| *other != at) {
        literal.each_var(&mut |var| {
            elsewhere.insert(var);
        });
    }
    let twice = |var: VarId| atom.args.iter().filter(|arg| **arg == Arg::Var(var)).count() > 1;
    let mut vars = atom.vars();
    let is_alone = rule.body.len() == 1;
    !is_alone && vars.all(|var| known.contains(&var) || !elsewhere.contains(&var) && !twice(var))
}

/// Whether a comparison gives a variable its value.
fn binds(rule: &Rule, at: usize) -> bool {
    let known = bound(rule, at);
    let mut is_known = true;
    rule.body[at].each_var(&mut |var| is_known &= known.contains(&var));
    !is_known
}

impl Probe {
    fn new(world: &World, keys: &[(RuleId, Key)]) -> Self {
        let mut program = world.program.clone();
        program.facts.clear();
        let mut rules: Vec<Rule> = Vec::new();
        let mut asked = Vec::new();
        for (id, _) in keys {
            let rule = &world.program.rules[*id];
            let mut add = |body: Vec<Literal>, at: Option<usize>| {
                let mut about = program.relations[rule.head].clone();
                about.columns.clear();
                let head = program.relations.push(about);
                let (head_args, plan) = (Vec::new(), Vec::new());
                let mut turned = Rule { head, head_args, body, plan, ..rule.clone() };
                if let Some(LiteralKind::Absent(atom)) = at.map(|at| &turned.body[at].kind) {
                    // What occurs nowhere else stands for any value there.
                    let known = bound(rule, at.unwrap_or(usize::MAX));
                    let free: Vec<VarId> = atom.vars().filter(|var| !known.contains(var)).collect();
                    free.into_iter().for_each(|var| turned.vars[var].name = None);
                }
                rules.push(turned);
                asked.push((*id, at));
            };
            add(rule.body.clone(), None);
            for (at, kind) in turned(rule) {
                let mut body = rule.body.clone();
                body[at].kind = kind;
                add(body, Some(at));
            }
        }
        loop {
            program.rules = rules.iter().cloned().collect();
            let (analysis, _) = analyse(&program);
            if analysis.unbound.is_empty() {
                return Self { program, analysis, asked };
            }
            // Without what the condition bound the others cannot be asked.
            let is_open: Set<usize> = analysis.unbound.iter().map(|(id, _)| id.index()).collect();
            let mut at = 0..;
            rules.retain(|_| at.next().is_none_or(|at| !is_open.contains(&at)));
            let mut at = 0..;
            asked.retain(|_| at.next().is_none_or(|at| !is_open.contains(&at)));
        }
    }

    /// The same with one rule.
    fn only(&self, at: usize) -> Self {
        let mut program = self.program.clone();
        let rule = self.program.rules.iter().nth(at).expect("it is one of its rules").clone();
        program.rules = [rule].into_iter().collect();
        let (analysis, _) = analyse(&program);
        Self { program, analysis, asked: vec![self.asked[at]] }
    }
}

/// Which of the rules of a probe find something in the finished relations.
fn ask(session: &Session, probe: &Probe) -> Found {
    match run(session, probe) {
        Ok(found) => found,
        // Turned round, a condition may let a division by zero through: that is a difference too.
        Err(_) => {
            let each = 0..probe.asked.len();
            each.filter_map(|at| {
                let one = probe.only(at);
                let found = run(session, &one);
                let is_there =
                    found.as_ref().map_or_else(|_| one.asked[0].1.is_some(), |f| !f.is_empty());
                is_there.then_some(one.asked[0])
            })
            .collect()
        }
    }
}

fn run(session: &Session, probe: &Probe) -> Result<Found, Stop> {
    let world = session.world();
    let limits = session.options().limits();
    let codes = Arc::clone(&world.facts.codes);
    let mut facts = Facts::of_program(&probe.program, codes);
    for (id, relation) in world.program.relations.entries() {
        let (rows, columns) =
            world.tables().columns(id, relation.columns.len(), &world.facts.codes);
        facts.relations[id] = Columns { rows, columns };
    }
    // Unbound variables are no error here: what cannot be turned round was left out before.
    debug_assert!(probe.analysis.unbound.is_empty(), "{:?}", probe.analysis.unbound);
    let tables = evaluate::run(Engine::Native, &probe.program, &probe.analysis, facts, &limits)?;
    let mut found = Found::default();
    for (rule, asked) in probe.program.rules.iter().zip(&probe.asked) {
        let head: RelationId = rule.head;
        if tables.len(head) > 0 {
            found.insert(*asked);
        }
    }
    Ok(found)
}
