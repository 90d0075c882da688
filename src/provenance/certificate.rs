//! [`certify`]: conclusions with all that shows them, as lines of JSON, each of which names only
//! earlier ones. The form is `hence.cert/1`: tests/schema/cert.schema.json says it, `verify` reads
//! it and shares nothing with what writes it here.

use serde_json::{Value as Json, json};

use crate::base::hash::{Map, Set, sha256};
use crate::base::ids::{Id, RelationId};
use crate::engine::limits::{Limits, Stop};
use crate::program::program::{Aggregate, Arg, Atom, Expr, Literal, LiteralKind, Program};
use crate::provenance::derivations::{Derivation, Derivations, Finished, Goal};
use crate::provenance::proof::{LeafRef, Proof, Site};
use crate::provenance::solve::Bound;
use crate::value::symbols::Symbols;
use crate::value::value::{Tuple, Value};

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
        tuples: Map::default(),
        absent: Map::default(),
        groups: Map::default(),
    };
    for stratum in finished.analysis.strata.iter() {
        let names = stratum.relations.iter().filter(|id| closed.contains(*id)).copied();
        writer.close(&names.collect::<Vec<RelationId>>());
    }
    conclusions.iter().for_each(|goal| writer.goal(goal));
    let concluded: Vec<Json> = conclusions
        .iter()
        .map(|goal| json!([writer.tuples[goal], row(program, goal.0, &goal.1)]))
        .collect();
    writer.push(&json!({ "conclusions": concluded }));
    let lines = writer.lines;
    derivations.context.solver.watch.stopped()?;
    Ok(lines)
}

/// The lines of a program: relations, facts, rules.
#[must_use]
pub fn program_lines(program: &Program) -> Vec<String> {
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
    for rule in program.rules.iter() {
        let vars = rule.vars.iter().map(|var| json!([var.name, var.base.to_string()]));
        let of = Printer { program };
        let args: Vec<Json> = rule.head_args.iter().map(|arg| of.expr(arg)).collect();
        let line = json!({"rule": {
            "name": rule.name,
            "vars": vars.collect::<Vec<Json>>(),
            "head": [program.relations[rule.head].name, args],
            "body": of.body(&rule.body),
        }});
        lines.push(line.to_string());
    }
    lines
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

    fn atom(&self, atom: &Atom) -> Json {
        let arg = |arg: &Arg| match arg {
            Arg::Var(var) => json!({"var": var.index()}),
            Arg::Const(value) => self.constant(*value),
        };
        let args: Vec<Json> = atom.args.iter().map(arg).collect();
        json!([self.program.relations[atom.relation].name, args])
    }

    fn body(&self, body: &[Literal]) -> Vec<Json> {
        body.iter().map(|literal| self.literal(literal)).collect()
    }

    fn literal(&self, literal: &Literal) -> Json {
        match &literal.kind {
            LiteralKind::Atom(atom) => json!({"atom": self.atom(atom)}),
            LiteralKind::Absent(atom) => json!({"absent": self.atom(atom)}),
            LiteralKind::Compare(op, a, b) => {
                json!({"compare": [op.text(), self.expr(a), self.expr(b)]})
            }
            LiteralKind::Test { test, args, negated } => {
                json!({"test": [test.name(), !negated, self.expr(&args[0]), self.expr(&args[1])]})
            }
            LiteralKind::Range { var, args } => json!({"range": [var.index(), self.exprs(args)]}),
            LiteralKind::Aggregate { var, aggregate } => {
                let Aggregate { kind, value, base, body, outer, witnesses, .. } = aggregate;
                json!({"aggregate": {
                    "var": var.index(),
                    "kind": kind.name(),
                    "base": base.to_string(),
                    "value": value.as_ref().map(|value| self.expr(value)),
                    "body": self.body(body),
                    "outer": outer.iter().map(|var| var.index()).collect::<Vec<_>>(),
                    "witnesses": witnesses.iter().map(|var| var.index()).collect::<Vec<_>>(),
                }})
            }
            LiteralKind::Constant(holds) => json!({"constant": holds}),
        }
    }
}

struct Writer<'w, 'a> {
    derivations: &'w Derivations<'a>,
    origin: Origin<'w>,
    /// All lines but the header.
    lines: Vec<String>,
    /// The lines of tuples, absences and groups, as they count with the header.
    tuples: Map<Goal, usize>,
    absent: Map<(RelationId, Vec<Option<Value>>), usize>,
    groups: Map<(Site, Vec<Option<Value>>), usize>,
}

impl Writer<'_, '_> {
    fn program(&self) -> &Program {
        self.derivations.context.program
    }

    fn push(&mut self, line: &Json) -> usize {
        self.lines.push(line.to_string());
        self.lines.len() + 1
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
            if self.tuples.contains_key(&goal) {
                continue;
            }
            if ready {
                let line = self.tuple(&goal);
                let line = self.push(&line);
                self.tuples.insert(goal, line);
            } else {
                let premises = self.derivations.premises(&self.derivations.of[&goal]);
                stack.push((goal, true));
                stack.extend(premises.into_iter().rev().map(|premise| (premise, false)));
            }
        }
    }

    fn tuple(&mut self, goal: &Goal) -> Json {
        let gives = row(self.program(), goal.0, &goal.1);
        let derivations = self.derivations;
        let program = derivations.context.program;
        let (relations, facts) = (program.relations.len(), program.facts.len());
        match &derivations.of[goal] {
            Derivation::Leaf(LeafRef::Fact(at)) => {
                json!({"leaf": {"gives": gives, "by": {"fact": relations + at + 2}}})
            }
            Derivation::Leaf(leaf) => {
                json!({"leaf": {"gives": gives, "by": (self.origin)(goal, *leaf)}})
            }
            Derivation::Rule(rule, bound) => {
                let body = &program.rules[*rule].body;
                let premises = self.premises(&Site::of_rule(*rule), body, bound);
                json!({"step": {
                    "gives": gives,
                    "rule": relations + facts + rule.index() + 2,
                    "binding": cells(&program.symbols, bound),
                    "premises": premises,
                }})
            }
        }
    }

    /// The lines of the atoms, absences and aggregates of a body.
    fn premises(&mut self, scope: &Site, body: &[Literal], bound: &Bound) -> Vec<usize> {
        let mut premises = Vec::new();
        for (at, literal) in body.iter().enumerate() {
            match &literal.kind {
                LiteralKind::Atom(atom) => {
                    let tuple: Option<Tuple> = pattern(atom, bound).into_iter().collect();
                    let goal = (atom.relation, tuple.expect("a whole binding"));
                    premises.push(self.tuples[&goal]);
                }
                LiteralKind::Absent(atom) => premises.push(self.absence(atom, bound)),
                LiteralKind::Aggregate { aggregate, .. } => {
                    premises.push(self.group(&scope.inside(at), aggregate, bound));
                }
                _ => {}
            }
        }
        premises
    }

    fn absence(&mut self, atom: &Atom, bound: &Bound) -> usize {
        let key = (atom.relation, pattern(atom, bound));
        if let Some(line) = self.absent.get(&key) {
            return *line;
        }
        let name = &self.program().relations[atom.relation].name;
        let line = json!({"absent": [name, cells(&self.program().symbols, &key.1)]});
        let line = self.push(&line);
        self.absent.insert(key, line);
        line
    }

    fn group(&mut self, site: &Site, aggregate: &Aggregate, bound: &Bound) -> usize {
        let outer: Vec<Option<Value>> =
            aggregate.outer.iter().map(|var| bound[var.index()]).collect();
        let key = (site.clone(), outer);
        if let Some(line) = self.groups.get(&key) {
            return *line;
        }
        let derivations = self.derivations;
        let (var, _) = site.aggregate(derivations.context.program).expect("an aggregate is there");
        let mut rows = Vec::new();
        for row in derivations.rows(site, bound) {
            let premises = self.premises(site, &aggregate.body, &row);
            let mut own = row;
            aggregate.outer.iter().for_each(|var| own[var.index()] = None);
            rows.push(json!([cells(&self.program().symbols, &own), premises]));
        }
        let program = self.program();
        let symbols = &program.symbols;
        let first_rule = program.relations.len() + program.facts.len() + 2;
        let line = json!({"aggregate": {
            "rule": first_rule + site.rule.index(),
            "at": site.path,
            "outer": cells(symbols, &key.1),
            "value": bound[var.index()].map(|value| cell(symbols, value)),
            "rows": rows,
        }});
        let line = self.push(&line);
        self.groups.insert(key, line);
        line
    }
}

fn pattern(atom: &Atom, bound: &Bound) -> Vec<Option<Value>> {
    let value = |arg: &Arg| match arg {
        Arg::Var(var) => bound[var.index()],
        Arg::Const(value) => Some(*value),
    };
    atom.args.iter().map(value).collect()
}
