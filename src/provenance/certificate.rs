//! [`certify`]: conclusions with all that shows them, as lines of JSON, each of which rests only on
//! earlier ones. The form is `hence.cert/1`: tests/schema/cert.schema.json says it, `verify` reads
//! it and shares nothing with what writes it here.

use serde_json::{Value as Json, json};

use crate::base::hash::{Map, Set, sha256};
use crate::base::ids::{Id, RelationId, Table, VarId};
use crate::engine::limits::{Limits, Stop};
use crate::program::program::{Aggregate, Arg, Atom, Expr, Literal, LiteralKind, Program};
use crate::provenance::derivations::{Derivation, Derivations, Finished, Goal};
use crate::provenance::proof::{LeafRef, Proof, Site};
use crate::provenance::solve::Bound;
use crate::value::symbols::Symbols;
use crate::value::value::Value;

/// What of a certificate is shown, and what is trusted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// Steps; that something is absent, and that an aggregate has all its rows, is trusted.
    Proof,
    /// Also the relations that steps negate or aggregate, in full, with all below them.
    Model,
}

impl Level {
    /// As written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Proof => "proof",
            Self::Model => "model",
        }
    }
}

/// Where a tuple of the input stands, as a certificate says it.
pub type Origin<'o> = &'o dyn Fn(&Goal, LeafRef) -> Json;

/// The lines of a certificate after its header: first those of [`program_lines`].
///
/// # Errors
/// If the limits are met.
pub fn certify(
    finished: Finished<'_>,
    (conclusions, proofs): (&[Goal], &[Proof]),
    (level, origin): (Level, Origin<'_>),
    limits: &Limits,
) -> Result<Vec<String>, Stop> {
    let program = finished.program;
    let mut derivations = Derivations::new(finished, limits);
    proofs.iter().for_each(|proof| derivations.take(proof));
    derivations.derive(conclusions.iter().cloned())?;
    let mut closed = Set::default();
    if level == Level::Model {
        closed = derivations.closed();
        for relation in program.relations.ids().filter(|id| closed.contains(id)) {
            let tuples = derivations.tuples(relation).into_iter();
            derivations.derive(tuples.map(|tuple| (relation, tuple)))?;
        }
    }
    let mut writer = Writer {
        derivations: &derivations,
        origin,
        lines: program_lines(program),
        ids: aggregate_ids(program),
        tuples: Set::default(),
        groups: Set::default(),
    };
    for stratum in finished.analysis.strata.iter() {
        let names = stratum.relations.iter().filter(|id| closed.contains(*id)).copied();
        writer.close(&names.collect::<Vec<RelationId>>());
    }
    conclusions.iter().for_each(|goal| writer.goal(goal));
    let concluded: Vec<Json> =
        conclusions.iter().map(|goal| row(program, goal.0, &goal.1)).collect();
    writer.push(&json!({ "conclusions": concluded }));
    let lines = writer.lines;
    derivations.context.solver.watch.stopped()?;
    Ok(lines)
}

/// The lines of a program: relations, facts, rules.
#[must_use]
pub fn program_lines(program: &Program) -> Vec<String> {
    let ids = aggregate_ids(program);
    let mut lines = Vec::new();
    for relation in program.relations.iter() {
        let columns = relation.columns.iter().map(|c| json!([c.name, c.base.to_string()]));
        let columns: Vec<Json> = columns.collect();
        let of = json!({"name": relation.name, "columns": columns, "input": relation.is_input});
        lines.push(json!({ "relation": of }).to_string());
    }
    for fact in &program.facts {
        let fact = row(program, fact.relation, &fact.values);
        lines.push(json!({ "fact": fact }).to_string());
    }
    for (id, rule) in program.rules.entries() {
        let vars = rule.vars.iter().map(|var| json!([var.name, var.base.to_string()]));
        let mut occurs = Table::filled(rule.vars.len(), 0);
        let mut count = |var: VarId| occurs[var] += 1;
        rule.head_args.iter().for_each(|arg| arg.each_var(&mut count));
        rule.body.iter().for_each(|literal| literal.each_var(&mut count));
        let of = Printer { program, ids: &ids, occurs };
        let args: Vec<Json> = rule.head_args.iter().map(|arg| of.expr(arg)).collect();
        let line = json!({"rule": {
            "name": rule.name,
            "vars": vars.collect::<Vec<Json>>(),
            "head": [program.relations[rule.head].name, args],
            "body": of.body(&Site::of_rule(id), &rule.body),
        }});
        lines.push(line.to_string());
    }
    lines
}

/// The leaf line of a tuple that the program does not have as a fact.
#[must_use]
pub fn leaf_line(program: &Program, goal: &Goal, leaf: LeafRef, origin: Origin<'_>) -> Json {
    json!({"leaf": {"gives": row(program, goal.0, &goal.1), "by": origin(goal, leaf)}})
}

/// The numbers of aggregates: first those of the first rule, each before what is inside of it.
fn aggregate_ids(program: &Program) -> Map<Site, usize> {
    fn number(scope: &Site, body: &[Literal], ids: &mut Map<Site, usize>) {
        for (at, literal) in body.iter().enumerate() {
            if let LiteralKind::Aggregate { aggregate, .. } = &literal.kind {
                let site = scope.inside(at);
                ids.insert(site.clone(), ids.len());
                number(&site, &aggregate.body, ids);
            }
        }
    }
    let mut ids = Map::default();
    for (id, rule) in program.rules.entries() {
        number(&Site::of_rule(id), &rule.body, &mut ids);
    }
    ids
}

/// SHA-256 of the lines of a program, each with its end.
#[must_use]
pub fn digest(lines: &[String]) -> String {
    let text: String = lines.iter().flat_map(|line| [line, "\n"]).collect();
    sha256(text.as_bytes())
}

/// A cell whose type its column tells; a float as a text, so that nothing rounds it.
fn cell(symbols: &Symbols, value: Value) -> Json {
    match value {
        Value::Number(n) => n.into(),
        Value::Unsigned(n) => n.into(),
        Value::Float(x) => x.to_string().into(),
        Value::Symbol(text) => symbols.text(text).into(),
    }
}

fn cells(symbols: &Symbols, values: &[Option<Value>]) -> Vec<Json> {
    values.iter().map(|value| value.map_or(Json::Null, |value| cell(symbols, value))).collect()
}

fn row(program: &Program, relation: RelationId, tuple: &[Value]) -> Json {
    let values: Vec<Json> = tuple.iter().map(|value| cell(&program.symbols, *value)).collect();
    json!([program.relations[relation].name, values])
}

struct Printer<'a> {
    program: &'a Program,
    ids: &'a Map<Site, usize>,
    /// How often each variable of the rule stands in it.
    occurs: Table<VarId, usize>,
}

impl Printer<'_> {
    fn constant(&self, value: Value) -> Json {
        json!({"const": [value.base().to_string(), cell(&self.program.symbols, value)]})
    }

    fn expr(&self, expr: &Expr) -> Json {
        match expr {
            Expr::Var(var) => json!({"var": var.index()}),
            Expr::Const(value) => self.constant(*value),
            Expr::Call { functor, args, .. } => {
                json!({"call": [functor.op.name(), self.exprs(args)]})
            }
        }
    }

    fn exprs(&self, exprs: &[Expr]) -> Vec<Json> {
        exprs.iter().map(|expr| self.expr(expr)).collect()
    }

    fn atom(&self, atom: &Atom, is_absent: bool) -> Json {
        let arg = |arg: &Arg| match arg {
            Arg::Var(var) if is_absent && self.occurs[*var] == 1 => json!("any"),
            Arg::Var(var) => json!({"var": var.index()}),
            Arg::Const(value) => self.constant(*value),
        };
        let args: Vec<Json> = atom.args.iter().map(arg).collect();
        json!([self.program.relations[atom.relation].name, args])
    }

    fn body(&self, scope: &Site, body: &[Literal]) -> Vec<Json> {
        body.iter().enumerate().map(|(at, literal)| self.literal(scope, at, literal)).collect()
    }

    fn literal(&self, scope: &Site, at: usize, literal: &Literal) -> Json {
        match &literal.kind {
            LiteralKind::Atom(atom) => json!({"atom": self.atom(atom, false)}),
            LiteralKind::Absent(atom) => json!({"absent": self.atom(atom, true)}),
            LiteralKind::Compare(op, a, b) => {
                json!({"compare": [op.text(), self.expr(a), self.expr(b)]})
            }
            LiteralKind::Test { test, args, negated } => {
                let op = format!("{}{}", if *negated { "not " } else { "" }, test.name());
                json!({"compare": [op, self.expr(&args[0]), self.expr(&args[1])]})
            }
            LiteralKind::Range { var, args } => json!({"range": [var.index(), self.exprs(args)]}),
            LiteralKind::Aggregate { var, aggregate } => {
                let Aggregate { kind, value, base, body, outer, witnesses, .. } = aggregate;
                let site = scope.inside(at);
                json!({"aggregate": {
                    "id": self.ids[&site],
                    "var": var.index(),
                    "kind": kind.name(),
                    "base": base.to_string(),
                    "value": value.as_ref().map(|value| self.expr(value)),
                    "body": self.body(&site, body),
                    "outer": outer.iter().map(|var| var.index()).collect::<Vec<_>>(),
                    "witnesses": witnesses.iter().map(|var| var.index()).collect::<Vec<_>>(),
                }})
            }
            LiteralKind::Constant(holds) => {
                let zero = self.constant(Value::Number(0));
                json!({"compare": [if *holds { "=" } else { "!=" }, zero, zero]})
            }
        }
    }
}

struct Writer<'w, 'a> {
    derivations: &'w Derivations<'a>,
    origin: Origin<'w>,
    /// All lines but the header.
    lines: Vec<String>,
    ids: Map<Site, usize>,
    /// The tuples and groups that have lines.
    tuples: Set<Goal>,
    groups: Set<(usize, Vec<Option<Value>>)>,
}

impl Writer<'_, '_> {
    fn program(&self) -> &Program {
        self.derivations.context.program
    }

    fn push(&mut self, line: &Json) {
        self.lines.push(line.to_string());
    }

    /// All tuples of relations that depend on each other, and that there are no more.
    fn close(&mut self, relations: &[RelationId]) {
        if relations.is_empty() {
            return;
        }
        for &relation in relations {
            for tuple in self.derivations.tuples(relation) {
                self.goal(&(relation, tuple));
            }
        }
        let names: Vec<&str> =
            relations.iter().map(|&id| self.program().relations[id].name.as_str()).collect();
        let line = json!({ "closed": names });
        self.push(&line);
    }

    /// A tuple, after all that it needs.
    fn goal(&mut self, goal: &Goal) {
        let mut stack = vec![(goal.clone(), false)];
        while let Some((goal, ready)) = stack.pop() {
            if self.tuples.contains(&goal) {
                continue;
            }
            if ready {
                let line = self.tuple(&goal);
                self.push(&line);
                self.tuples.insert(goal);
            } else {
                let premises = self.derivations.premises(&self.derivations.of[&goal]);
                stack.push((goal, true));
                stack.extend(premises.into_iter().rev().map(|premise| (premise, false)));
            }
        }
    }

    fn tuple(&mut self, goal: &Goal) -> Json {
        let derivations = self.derivations;
        let program = derivations.context.program;
        match &derivations.of[goal] {
            Derivation::Leaf(leaf) => leaf_line(program, goal, *leaf, self.origin),
            Derivation::Rule(rule, bound) => {
                self.groups(&Site::of_rule(*rule), &program.rules[*rule].body, bound);
                json!({"step": {
                    "gives": row(program, goal.0, &goal.1),
                    "rule": rule.index(),
                    "binding": cells(&program.symbols, bound),
                }})
            }
        }
    }

    /// The lines of the aggregates of a body, each after those inside of it.
    fn groups(&mut self, scope: &Site, body: &[Literal], bound: &Bound) {
        for (at, literal) in body.iter().enumerate() {
            if let LiteralKind::Aggregate { var, aggregate } = &literal.kind {
                self.group(&scope.inside(at), (*var, aggregate), bound);
            }
        }
    }

    fn group(&mut self, site: &Site, (var, aggregate): (VarId, &Aggregate), bound: &Bound) {
        let id = self.ids[site];
        let outer: Vec<Option<Value>> =
            aggregate.outer.iter().map(|var| bound[var.index()]).collect();
        if !self.groups.insert((id, outer.clone())) {
            return;
        }
        let derivations = self.derivations;
        let symbols = &derivations.context.program.symbols;
        let mut rows = Vec::new();
        for row in derivations.rows(site, bound) {
            self.groups(site, &aggregate.body, &row);
            let mut own = row;
            aggregate.outer.iter().for_each(|var| own[var.index()] = None);
            rows.push(cells(symbols, &own));
        }
        let line = json!({"aggregate": {
            "id": id,
            "outer": cells(symbols, &outer),
            "value": bound[var.index()].map(|value| cell(symbols, value)),
            "rows": rows,
        }});
        self.push(&line);
    }
}
