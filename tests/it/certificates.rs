//! Mutated certificates: those that say something untrue are refused, all others are accepted.
//!
//! What is true is said by the specification, not by the checker: it runs the program with one
//! more relation for each rule and each aggregate, which holds all bindings of its body. A line is
//! true if its binding stands there, and a leaf if it is one of the input.

use std::collections::BTreeMap;
use std::fs;
use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::sync::Arc;

use arbtest::arbitrary::{Result as ArbitraryResult, Unstructured};
use arbtest::arbtest;
use hashbrown::{HashMap, HashSet};
use hence::analysis::analysis::analyse;
use hence::base::hash::sha256;
use hence::base::ids::{FileId, Id, RelationId, TypeId, VarId};
use hence::engine::facts::Facts;
use hence::engine::limits::Limits;
use hence::engine::naive;
use hence::engine::tables::Tables;
use hence::program::program::{
    Aggregate, Column, Expr, Literal, LiteralKind, Program, Relation, Rule,
};
use hence::provenance::certificate::Level;
use hence::session::options::Options;
use hence::session::session::{Keep, Session};
use hence::text::span::Span;
use hence::value::codes::Codes;
use hence::value::value::Value;
use hence::verify::verifier::{Verifier, verify};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

const GRAPH: &str = r#"
.decl edge(a: symbol, b: symbol)  .input edge
.decl node(a: symbol)
.decl closed(a: symbol)
.decl reach(a: symbol, b: symbol)  .output reach
.decl apart(a: symbol, b: symbol)  .output apart
.decl dead(a: symbol)  .output dead
closed("d").
node(a) :- edge(a, _).
node(b) :- edge(_, b).
reach(a, b) :- edge(a, b), !closed(b).
reach(a, c) :- reach(a, b), reach(b, c).
apart(a, b) :- node(a), node(b), a < b, !reach(a, b), !reach(b, a).
dead(a) :- node(a), !edge(a, _).
"#;

const SUMS: &str = r#"
.decl amount(who: symbol, what: symbol, n: number)  .input amount
.decl who(w: symbol)
.decl total(w: symbol, n: number, k: number)  .output total
.decl best(w: symbol, n: number)  .output best
.decl middle(x: float)  .output middle
.decl least(n: number)  .output least
.decl above(w: symbol)  .output above
who(w) :- amount(w, _, _).
total(w, n, k) :- who(w), n = sum x : { amount(w, _, x) }, k = count : { amount(w, _, _) }.
best(w, n) :- n = max x : { amount(w, _, x) }.
middle(x) :- x = mean n : { amount(_, _, n) }.
least(n) :- n = min x : { total(_, x, _) }.
above(w) :- total(w, n, _), n > 2 * m, m = min x : { total(_, x, _) }, !best(w, 100).
"#;

const TEXTS: &str = r#"
.decl word(w: symbol, x: float)  .input word
.decl long(w: symbol, n: number, t: symbol)  .output long
.decl pair(a: symbol, b: symbol, x: float)  .output pair
.decl index(n: unsigned, w: symbol)  .output index
.decl none(w: symbol)  .output none
.decl even(n: number)  .output even
long(w, n, t) :- word(w, _), n = strlen(w), n >= 3, t = cat(substr(w, 0, 2), to_string(n)).
pair(a, b, x + y) :- word(a, x), word(b, y), a < b, x * y > 0.5, !contains("z", cat(a, b)).
index(to_unsigned(n), w) :- long(w, n, _), match("[a-z]+", w).
none(w) :- word(w, x), x <= 0.0.
even(0).
even(n + 2) :- even(n), n < 10, n = range(0, 20, 2).
"#;

/// Lines, with the numbers that they have in the certificate that was written.
#[derive(Clone)]
struct Cert {
    lines: Vec<(usize, Rc<Json>)>,
}

/// A program, its certificate, and what is true of it.
struct Case {
    folder: Option<TempDir>,
    original: Cert,
    texts: Vec<String>,
    given: Rc<Verifier>,
    /// Lines of relations, facts and rules.
    program: Range<usize>,
    leaves: HashSet<String>,
    rules: Vec<Rc<Json>>,
    /// By number: rule, place in it, and the aggregate.
    aggregates: Vec<(usize, Vec<usize>, Json)>,
    truth: Truth,
}

/// What the specification says.
#[derive(Default)]
struct Truth {
    tuples: HashMap<String, HashSet<String>>,
    /// By rule: bindings, each with what it gives.
    instances: Vec<HashSet<String>>,
    /// By rule and place: bindings of an aggregate's body, by the values from outside.
    rows: HashMap<(usize, Vec<usize>), BTreeMap<String, HashSet<String>>>,
    /// Aggregates of which the rows are not known.
    unknown: HashSet<(usize, Vec<usize>)>,
}

fn cell(program: &Program, value: Value) -> Json {
    match value {
        Value::Number(n) => n.into(),
        Value::Unsigned(n) => n.into(),
        Value::Float(x) => x.to_string().into(),
        Value::Symbol(s) => program.symbols.text(s).into(),
    }
}

fn needs(body: &[Literal], exprs: &[Expr]) -> Vec<VarId> {
    let mut vars = Vec::new();
    for literal in body {
        match &literal.kind {
            LiteralKind::Absent(_) => {}
            LiteralKind::Aggregate { var, aggregate } => {
                vars.push(*var);
                vars.extend(aggregate.outer.iter().chain(&aggregate.witnesses));
            }
            _ => literal.each_var(&mut |var| vars.push(var)),
        }
    }
    exprs.iter().for_each(|expr| expr.each_var(&mut |var| vars.push(var)));
    vars.sort_unstable();
    vars.dedup();
    vars
}

/// Every aggregate of a body with its place.
fn aggregates<'p>(
    path: &[usize],
    body: &'p [Literal],
    found: &mut Vec<(Vec<usize>, &'p Aggregate)>,
) {
    for (at, literal) in body.iter().enumerate() {
        if let LiteralKind::Aggregate { aggregate, .. } = &literal.kind {
            let path = [path, &[at]].concat();
            aggregates(&path, &aggregate.body, found);
            found.push((path, aggregate));
        }
    }
}

/// A further relation of `program` that holds the values of `args` under all bindings of `body`.
fn watch(
    program: &mut Program,
    of: &Rule,
    body: &[Literal],
    args: Vec<(Expr, Column)>,
) -> RelationId {
    let span = Span::new(FileId::new(0), 0, 0);
    let (head_args, columns): (Vec<Expr>, Vec<Column>) = args.into_iter().unzip();
    let relation = program.relations.push(Relation {
        name: format!("watch{}", program.relations.len()),
        columns,
        span,
        is_input: false,
        is_output: true,
        ..program.relations[of.head].clone()
    });
    program.rules.push(Rule { head: relation, head_args, body: body.to_vec(), ..of.clone() });
    relation
}

impl Truth {
    #[expect(clippy::too_many_lines, reason = "one thing after the other")]
    fn of(session: &Session) -> Self {
        let world = session.world();
        let mut program = world.program.clone();
        let span = Span::new(FileId::new(0), 0, 0);
        let column = |base| Column { name: "x".to_owned(), ty: TypeId::new(0), base, span };
        let mut instances = Vec::new();
        let mut groups = Vec::new();
        for (id, rule) in world.program.rules.entries() {
            let of_var = |var: VarId| (Expr::Var(var), column(rule.vars[var].base));
            let vars = needs(&rule.body, &rule.head_args);
            let heads = world.program.relations[rule.head].columns.iter();
            let heads = rule.head_args.iter().zip(heads).map(|(e, c)| (e.clone(), column(c.base)));
            let args = vars.iter().map(|var| of_var(*var)).chain(heads).collect();
            instances.push((watch(&mut program, rule, &rule.body, args), vars, rule.vars.len()));
            let mut found = Vec::new();
            aggregates(&[], &rule.body, &mut found);
            for (path, of) in found {
                let mut vars = needs(&of.body, of.value.as_slice());
                vars.retain(|var| !of.outer.contains(var));
                let args = of.outer.iter().chain(&vars).map(|var| of_var(*var)).collect();
                let relation = watch(&mut program, rule, &of.body, args);
                groups.push((id.index(), path, of.outer.len(), relation, vars, rule.vars.len()));
            }
        }
        // Some bodies do not bind what they take from outside: nothing is known of them.
        let unbound = analyse(&program).0.unbound;
        let mut truth = Self::default();
        for (rule, _) in unbound {
            let head = program.rules[rule].head;
            let lost = groups.iter().position(|group| group.3 == head).unwrap();
            let (rule, path, ..) = groups.remove(lost);
            truth.unknown.insert((rule, path));
        }
        program.rules = program
            .rules
            .iter()
            .filter(|rule| {
                let own = rule.head.index() < world.program.relations.len();
                let watched = instances.iter().any(|(relation, ..)| *relation == rule.head);
                own || watched || groups.iter().any(|group| group.3 == rule.head)
            })
            .cloned()
            .collect();
        let (analysis, _) = analyse(&program);
        let mut facts =
            Facts::of_program(&program, Arc::new(Codes::new(Arc::clone(&program.symbols))));
        for (relation, columns) in world.facts.relations.entries() {
            for row in 0..columns.rows {
                facts.push(relation, &world.facts.row(&world.program, relation, row));
            }
        }
        let tables = naive::run(&program, &analysis, facts, &Limits::default()).unwrap();
        let rows = |relation: RelationId| {
            let mut rows: Vec<Vec<Json>> = Vec::new();
            let any = vec![None; program.relations[relation].columns.len()];
            tables.select(relation, &any, &mut |tuple| {
                rows.push(tuple.iter().map(|value| cell(&program, *value)).collect());
                ControlFlow::Continue(())
            });
            rows
        };
        let full = |vars: &[VarId], values: &[Json], all: usize| {
            let mut binding = vec![Json::Null; all];
            vars.iter().zip(values).for_each(|(var, value)| binding[var.index()] = value.clone());
            binding
        };
        for (id, relation) in world.program.relations.entries() {
            let own = rows(id).into_iter().map(|row| json!(row).to_string());
            truth.tuples.insert(relation.name.clone(), own.collect());
        }
        for (relation, vars, all) in instances {
            let own = rows(relation).into_iter().map(|row| {
                let (binding, head) = row.split_at(vars.len());
                json!([full(&vars, binding, all), head]).to_string()
            });
            truth.instances.push(own.collect());
        }
        for (rule, path, outer, relation, vars, all) in groups {
            let groups = truth.rows.entry((rule, path)).or_default();
            for row in rows(relation) {
                let (outer, row) = row.split_at(outer);
                let row = json!(full(&vars, row, all)).to_string();
                groups.entry(json!(outer).to_string()).or_default().insert(row);
            }
        }
        truth
    }
}

impl Cert {
    fn parse(lines: &[String]) -> Self {
        let parse =
            |(at, line): (usize, &String)| (at + 1, Rc::new(serde_json::from_str(line).unwrap()));
        Self { lines: lines.iter().enumerate().map(parse).collect() }
    }

    fn texts(&self) -> String {
        self.lines.iter().map(|(_, line)| format!("{line}\n")).collect()
    }
}

/// Adds the aggregates of a body, each before those inside of it.
fn aggregates_in(
    (rule, path): (usize, &[usize]),
    body: &Json,
    found: &mut Vec<(usize, Vec<usize>, Json)>,
) {
    for (at, literal) in body.as_array().unwrap().iter().enumerate() {
        if let Some(of) = literal.get("aggregate") {
            let path = [path, &[at]].concat();
            found.push((rule, path.clone(), of.clone()));
            aggregates_in((rule, &path), &of["body"], found);
        }
    }
}

/// What is given, as the files are now.
fn given(path: &Path, facts: &Path) -> Rc<Verifier> {
    let mut options = Options { facts: vec![facts.to_owned()], ..Options::default() };
    options.input.hashes = true;
    let mut session = Session::new(options);
    session.load(&[path.to_owned()]).unwrap();
    session.read_input(Keep::Input).unwrap();
    session.place_rows();
    let mut given = Verifier::default();
    session.certified(true).iter().for_each(|line| given.line(line).unwrap());
    Rc::new(given)
}

fn compared(given: &Rc<Verifier>) -> Verifier {
    Verifier::new(Some(Rc::clone(given)), None)
}

fn kind(line: &Json) -> &str {
    line.as_object().unwrap().keys().next().unwrap()
}

impl Case {
    fn of(program: &str, facts: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.dl");
        fs::write(&path, program).unwrap();
        for (name, text) in facts {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let facts = folder.path().to_owned();
        Self::new(&path, &facts, &[], Some(folder))
    }

    fn demo() -> Self {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let (rules, facts) =
            (package.join("rules/deployment.dl"), package.join("facts/deployment"));
        Self::new(&rules, &facts, &["admission", "anonymous_only"], None)
    }

    fn new(path: &Path, facts: &Path, goals: &[&str], folder: Option<TempDir>) -> Self {
        let mut options = Options { facts: vec![facts.to_owned()], ..Options::default() };
        options.input.hashes = true;
        let mut session = Session::new(options);
        session.run(&[path.to_owned()], Keep::Input).unwrap();
        session.place_rows();
        let mut wanted = session.outputs().unwrap();
        if !goals.is_empty() {
            wanted = Default::default();
            for goal in goals {
                let file = session.files_mut().add("goal", *goal);
                session.want(file, &mut wanted).unwrap();
            }
        }
        let texts = session.certificate(wanted, Level::Model).unwrap();
        let given = given(path, facts);
        verify(&texts.join("\n"), compared(&given)).unwrap();
        let original = Cert::parse(&texts);
        let of_program = |line: &Json| matches!(kind(line), "relation" | "fact" | "rule");
        let end = original.lines.iter().rposition(|(_, line)| of_program(line)).unwrap() + 1;
        let leaves = original.lines.iter().filter(|(_, line)| kind(line) == "leaf");
        let leaves = leaves.map(|(_, line)| line.to_string()).collect();
        let truth = Truth::of(&session);
        let rules = original.lines.iter().filter(|(_, line)| kind(line) == "rule");
        let rules: Vec<Rc<Json>> = rules.map(|(_, line)| Rc::new(line["rule"].clone())).collect();
        let mut aggregates = Vec::new();
        for (at, rule) in rules.iter().enumerate() {
            aggregates_in((at, &[]), &rule["body"], &mut aggregates);
        }
        let program = 1..end;
        Self { folder, original, texts, given, program, leaves, rules, aggregates, truth }
    }

    /// Whether the checker accepts.
    fn accepts(&self, cert: &Cert) -> Result<(), String> {
        let mut verifier = compared(&self.given);
        for (id, line) in &cert.lines {
            if Rc::ptr_eq(line, &self.original.lines[id - 1].1) {
                verifier.line(&self.texts[id - 1])?;
            } else {
                verifier.line(&line.to_string())?;
            }
        }
        verifier.finish().map(drop)
    }

    /// Whether everything that is said is so; nothing if that is not known.
    fn is_true(&self, cert: &Cert) -> Option<bool> {
        let program = cert.lines.get(self.program.clone());
        if cert.lines[0] != self.original.lines[0]
            || program != self.original.lines.get(self.program.clone())
        {
            return Some(false);
        }
        let mut said = HashSet::new();
        let mut closed: HashSet<String> = HashSet::new();
        let mut shown: HashMap<String, HashSet<String>> = HashMap::new();
        for (at, (_, line)) in cert.lines.iter().enumerate().skip(self.program.end) {
            let of = &line[kind(line)];
            let right = match kind(line) {
                "leaf" | "step" => {
                    let Some(name) = of["gives"][0].as_str() else { return Some(false) };
                    let right = !closed.contains(name) && self.shows(&shown, &closed, line);
                    let tuple = of["gives"][1].to_string();
                    right && shown.entry(name.to_owned()).or_default().insert(tuple)
                }
                "aggregate" => {
                    said.insert(json!([of["id"], of["outer"]]).to_string())
                        && self.group(&closed, of)?
                }
                "closed" => {
                    let names = of.as_array().unwrap().iter().map(|name| name.as_str());
                    let Some(names) =
                        names.map(|name| Some(name?.to_owned())).collect::<Option<Vec<String>>>()
                    else {
                        return Some(false);
                    };
                    let right = names.iter().all(|name| {
                        let none = HashSet::new();
                        !closed.contains(name)
                            && self.truth.tuples.get(name) == Some(shown.get(name).unwrap_or(&none))
                            && self.reads(name).iter().all(|(read, positive)| {
                                closed.contains(read) || *positive && names.contains(read)
                            })
                    });
                    closed.extend(names);
                    right
                }
                "conclusions" => {
                    let is_shown = |one: &Json| {
                        let tuples = one[0].as_str().and_then(|name| shown.get(name));
                        tuples.is_some_and(|tuples| tuples.contains(&one[1].to_string()))
                    };
                    at + 1 == cert.lines.len()
                        && of
                            .as_array()?
                            .iter()
                            .all(|one| said.insert(one.to_string()) && is_shown(one))
                }
                _ => false,
            };
            if !right {
                return Some(false);
            }
        }
        Some(cert.lines.last().is_some_and(|(_, line)| kind(line) == "conclusions"))
    }

    /// Relations that the rules of a relation read, and whether positively.
    fn reads(&self, name: &str) -> Vec<(String, bool)> {
        let mut found = Vec::new();
        for (_, line) in &self.original.lines[self.program.clone()] {
            if line["rule"]["head"][0] == name {
                relations(&line["rule"]["body"], false, &mut found);
            }
        }
        found
    }

    fn shows(
        &self,
        shown: &HashMap<String, HashSet<String>>,
        closed: &HashSet<String>,
        line: &Json,
    ) -> bool {
        let Some(step) = line.get("step") else { return self.leaves.contains(&line.to_string()) };
        let at = step["rule"].as_u64().and_then(|at| usize::try_from(at).ok());
        let Some((at, rule)) = at.and_then(|at| Some((at, self.rules.get(at)?))) else {
            return false;
        };
        let key = json!([step["binding"], step["gives"][1]]).to_string();
        let mut read = Vec::new();
        relations(&rule["body"], false, &mut read);
        rule["head"][0] == step["gives"][0]
            && self.truth.instances[at].contains(&key)
            && read.iter().all(|(name, positive)| *positive || closed.contains(name))
            && rule["body"].as_array().unwrap().iter().all(|literal| {
                let Some(atom) = literal.get("atom") else { return true };
                let value = |arg: &Json| match arg.get("var") {
                    Some(var) => {
                        step["binding"][usize::try_from(var.as_u64().unwrap()).unwrap()].clone()
                    }
                    None => arg["const"][1].clone(),
                };
                let tuple: Vec<Json> = atom[1].as_array().unwrap().iter().map(value).collect();
                let tuples = shown.get(atom[0].as_str().unwrap());
                tuples.is_some_and(|tuples| tuples.contains(&json!(tuple).to_string()))
            })
    }

    fn group(&self, closed: &HashSet<String>, of: &Json) -> Option<bool> {
        let same = |(_, line): &&(usize, Rc<Json>)| {
            let own = &line["aggregate"];
            ["id", "outer"].iter().all(|field| own[field] == of[field])
        };
        let id = of["id"].as_u64().and_then(|id| usize::try_from(id).ok());
        let Some((rule, at, aggregate)) = id.and_then(|id| self.aggregates.get(id)) else {
            return Some(false);
        };
        let mut read = Vec::new();
        relations(aggregate, true, &mut read);
        if !read.iter().all(|(name, _)| closed.contains(name)) {
            return Some(false);
        }
        let place = (*rule, at.clone());
        if self.truth.unknown.contains(&place) {
            return None;
        }
        let none = HashSet::new();
        let wanted = self.truth.rows[&place].get(&of["outer"].to_string()).unwrap_or(&none);
        let rows = of["rows"].as_array()?;
        let own: HashSet<String> = rows.iter().map(Json::to_string).collect();
        let right = own == *wanted && own.len() == rows.len();
        // The value follows from the rows; it is known of those that the original has.
        match self.original.lines.iter().find(same) {
            Some((_, line)) => Some(right && line["aggregate"]["value"] == of["value"]),
            None => (!right).then_some(false),
        }
    }
}

fn relations(body: &Json, inside: bool, found: &mut Vec<(String, bool)>) {
    let body = body.get("body").unwrap_or(body);
    for literal in body.as_array().unwrap() {
        match kind(literal) {
            "atom" => found.push((literal["atom"][0].as_str().unwrap().to_owned(), !inside)),
            "absent" => found.push((literal["absent"][0].as_str().unwrap().to_owned(), false)),
            "aggregate" => relations(&literal["aggregate"], true, found),
            _ => {}
        }
    }
}

// ---- mutations ----

type Choice<T> = ArbitraryResult<T>;

/// Every scalar of a line but those that have mutations of their own.
fn scalars<'j>(json: &'j mut Json, found: &mut Vec<&'j mut Json>) {
    match json {
        Json::Array(list) => list.iter_mut().for_each(|one| scalars(one, found)),
        Json::Object(map) => {
            let fields =
                map.iter_mut().filter(|(key, _)| !matches!(key.as_str(), "rule" | "by" | "hence"));
            fields.for_each(|(_, one)| scalars(one, found));
        }
        scalar => found.push(scalar),
    }
}

/// Another value, often of the same type.
fn other(value: &Json, pool: &[Json], u: &mut Unstructured<'_>) -> Choice<Json> {
    Ok(match (value, u.int_in_range(0..=3)?) {
        (Json::Number(n), 0 | 1) if n.is_i64() => {
            json!(n.as_i64().unwrap().wrapping_add(u.int_in_range(-2..=2)?))
        }
        (Json::String(text), 0) => json!(format!("{text}{}", u.choose(&["x", "0", " "])?)),
        (Json::String(text), 1) => json!(text.get(1..).unwrap_or("y")),
        (Json::Bool(b), _) => json!(!b),
        _ => u.choose(pool)?.clone(),
    })
}

const KINDS: [&str; 14] = [
    "value",
    "rule id",
    "another's binding",
    "another's tuple",
    "group row dropped",
    "group row repeated",
    "line dropped",
    "line repeated",
    "line moved",
    "rule text",
    "hash",
    "conclusions",
    "leaf's place",
    "two values",
];

/// A mutated certificate.
#[expect(clippy::too_many_lines, reason = "one case for each kind of mutation")]
fn mutate(case: &Case, kind_of: &str, pool: &[Json], u: &mut Unstructured<'_>) -> Choice<Cert> {
    let mut cert = case.original.clone();
    let (first, end) = (case.program.end, cert.lines.len());
    let any = |u: &mut Unstructured<'_>| u.int_in_range(first..=end - 1);
    let of_kind = |cert: &Cert, wanted: &[&str]| -> Vec<usize> {
        let all = cert.lines.iter().enumerate();
        all.filter(|(_, (_, line))| wanted.contains(&kind(line))).map(|(at, _)| at).collect()
    };
    match kind_of {
        "value" | "two values" => {
            for _ in 0..if kind_of == "value" { 1 } else { 2 } {
                let at = any(u)?;
                let mut found = Vec::new();
                scalars(Rc::make_mut(&mut cert.lines[at].1), &mut found);
                if !found.is_empty() {
                    let chosen = u.choose_index(found.len())?;
                    *found[chosen] = other(found[chosen], pool, u)?;
                }
            }
        }
        "rule id" => {
            let at = *u.choose(&of_kind(&cert, &["step", "aggregate"]))?;
            let of = Rc::make_mut(&mut cert.lines[at].1).as_object_mut().unwrap();
            for (name, of) in of {
                let field = if name == "step" { "rule" } else { "id" };
                of[field] = json!(u.int_in_range(0..=case.rules.len())?);
            }
        }
        "another's binding" | "another's tuple" => {
            let steps = of_kind(&cert, &["step"]);
            let (at, from) = (*u.choose(&steps)?, *u.choose(&steps)?);
            let field = if kind_of == "another's tuple" { "gives" } else { "binding" };
            let other = cert.lines[from].1["step"][field].clone();
            Rc::make_mut(&mut cert.lines[at].1)["step"][field] = other;
        }
        "group row dropped" | "group row repeated" => {
            let groups = of_kind(&cert, &["aggregate"]);
            if let Ok(&at) = u.choose(&groups) {
                let others = &cert.lines[*u.choose(&groups)?].1["aggregate"]["rows"];
                let other = u.choose(others.as_array().unwrap()).ok().cloned();
                let rows = Rc::make_mut(&mut cert.lines[at].1)["aggregate"]["rows"]
                    .as_array_mut()
                    .unwrap();
                if kind_of == "group row repeated" {
                    rows.extend(other);
                } else if !rows.is_empty() {
                    rows.remove(u.choose_index(rows.len())?);
                }
            }
        }
        "line dropped" => drop(cert.lines.remove(any(u)?)),
        "line repeated" => {
            let line = cert.lines[any(u)?].clone();
            cert.lines.insert(any(u)?, line);
        }
        "line moved" => {
            let line = cert.lines.remove(any(u)?);
            let to = u.int_in_range(first..=end - 1)?;
            cert.lines.insert(to, line);
        }
        "rule text" => {
            let at = *u.choose(&of_kind(&cert, &["rule", "fact", "relation"]))?;
            let mut found = Vec::new();
            match Rc::make_mut(&mut cert.lines[at].1)
                .as_object_mut()
                .unwrap()
                .iter_mut()
                .next()
                .unwrap()
            {
                (name, of) if name == "rule" => {
                    of.as_object_mut()
                        .unwrap()
                        .iter_mut()
                        .for_each(|(_, of)| scalars(of, &mut found));
                }
                (_, of) => scalars(of, &mut found),
            }
            let chosen = u.choose_index(found.len())?;
            *found[chosen] = other(found[chosen], pool, u)?;
            // Whoever forges a rule also forges its hash.
            let program = cert.lines[case.program.clone()].iter();
            let text: String = program.map(|(_, line)| format!("{line}\n")).collect();
            Rc::make_mut(&mut cert.lines[0].1)["header"]["rules"] = json!(sha256(text.as_bytes()));
        }
        "hash" => {
            let mut found: Vec<&mut Json> = Vec::new();
            scalars(Rc::make_mut(&mut cert.lines[0].1), &mut found);
            found.retain(|one| one.as_str().is_some_and(|text| text.len() == 64));
            let chosen = u.choose_index(found.len() + 1)?;
            match found.get_mut(chosen) {
                Some(hash) => **hash = json!(sha256(hash.as_str().unwrap().as_bytes())),
                None => Rc::make_mut(&mut cert.lines[0].1)["header"]["rules"] = json!(sha256(b"")),
            }
        }
        "conclusions" => {
            let at = cert.lines.len() - 1;
            let tuple = (*cert.lines[any(u)?].1).clone();
            let list = Rc::make_mut(&mut cert.lines[at].1)["conclusions"].as_array_mut().unwrap();
            let chosen = u.choose_index(list.len())?;
            match u.int_in_range(0..=2)? {
                0 => list.push(list[chosen].clone()),
                1 => drop(list.remove(chosen)),
                _ => {
                    list[chosen] = tuple[kind(&tuple)]
                        .get("gives")
                        .cloned()
                        .unwrap_or_else(|| json!(["x", []]))
                }
            }
        }
        _ => {
            let at = *u.choose(&of_kind(&cert, &["leaf"]))?;
            let from =
                cert.lines[*u.choose(&of_kind(&case.original, &["leaf"]))?].1["leaf"]["by"].clone();
            let by = &mut Rc::make_mut(&mut cert.lines[at].1)["leaf"]["by"];
            let mut found = Vec::new();
            match u.int_in_range(0..=1)? {
                0 => *by = from,
                _ => {
                    scalars(by, &mut found);
                    let chosen = u.choose_index(found.len())?;
                    *found[chosen] = other(found[chosen], pool, u)?;
                }
            }
        }
    }
    Ok(cert)
}

/// Mutates so many times, and compares what the checker says with what is true.
fn mutations(case: &Case, count: u64) -> BTreeMap<&'static str, [usize; 2]> {
    let mut pool = Vec::new();
    for (_, line) in &case.original.lines[case.program.start..] {
        let mut line = (**line).clone();
        let mut found = Vec::new();
        scalars(&mut line, &mut found);
        pool.extend(found.into_iter().map(|scalar| scalar.clone()));
    }
    let mut table: BTreeMap<&'static str, [usize; 2]> = BTreeMap::new();
    assert_eq!(case.is_true(&case.original), Some(true));
    let has_groups = case.original.lines.iter().any(|(_, line)| kind(line) == "aggregate");
    let fits = |kind_of: &&&str| has_groups || !kind_of.starts_with("group");
    let kinds: Vec<&'static str> = KINDS.iter().filter(fits).copied().collect();
    for number in 0..count {
        let kind_of = kinds[usize::try_from(number).unwrap() % kinds.len()];
        let mut mutated = None;
        arbtest(|u| {
            mutated = Some(mutate(case, kind_of, &pool, u)?);
            Ok(())
        })
        .seed((number.wrapping_mul(0x9e37_79b9) << 32) | 512)
        .run();
        let Some(cert) = mutated else { continue };
        let said = case.accepts(&cert);
        let Some(expected) = case.is_true(&cert) else { continue };
        if said.is_ok() != expected {
            let changed = cert.lines.iter().filter(|line| !case.original.lines.contains(line));
            let changed: Vec<String> = changed.map(|(id, line)| format!("{id}: {line}")).collect();
            let kept: HashSet<usize> = cert.lines.iter().map(|(id, _)| *id).collect();
            let lost = case.original.lines.iter().filter(|(id, _)| !kept.contains(id));
            let lost: Vec<String> = lost.map(|(_, line)| format!("without {line}")).collect();
            panic!(
                "{kind_of} #{number}: true is {expected}, but {said:?}\n{}\n{}",
                changed.join("\n"),
                lost.join("\n")
            );
        }
        table.entry(kind_of).or_default()[usize::from(expected)] += 1;
    }
    table
}

fn report(name: &str, case: &Case, count: u64) {
    let table = mutations(case, count);
    println!("{name}: {} lines", case.original.lines.len());
    for (kind, [refused, accepted]) in &table {
        println!("{refused:6} refused {accepted:6} accepted  {kind}");
    }
    let refused: usize = table.values().map(|of| of[0]).sum();
    assert!(refused * 2 > usize::try_from(count).unwrap(), "few mutations change the meaning");
}

#[test]
fn mutated_graphs() {
    let edges = "a\tb\nb\tc\nc\td\nb\te\n";
    report("graph", &Case::of(GRAPH, &[("edge.facts", edges)]), 3400);
}

#[test]
fn mutated_sums() {
    let amounts = "ann\tx\t3\nann\ty\t5\nbob\tx\t7\ncid\tx\t7\ncid\tz\t12\n";
    report("sums", &Case::of(SUMS, &[("amount.facts", amounts)]), 3400);
}

#[test]
fn mutated_texts() {
    let words = "abc\t0.5\nde\t2.25\nfghi\t-1\nz9z\t1e300\n";
    report("texts", &Case::of(TEXTS, &[("word.facts", words)]), 3200);
}

#[test]
fn mutated_demo() {
    report("demo", &Case::demo(), 56);
}

#[test]
fn every_line_is_what_the_schema_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schema/cert.schema.json");
    let schema = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let words = [("word.facts", "abc\t0.5\nde\t2.25\n")];
    let amounts = [("amount.facts", "ann\tx\t3\n")];
    let mut kinds: Vec<String> = Vec::new();
    for case in [Case::of(TEXTS, &words), Case::of(SUMS, &amounts), Case::demo()] {
        for (id, line) in &case.original.lines {
            let errors: Vec<String> = validator.iter_errors(line).map(|e| e.to_string()).collect();
            assert!(errors.is_empty(), "line {id}: {errors:#?}");
            kinds.push(kind(line).to_owned());
        }
    }
    kinds.sort();
    kinds.dedup();
    assert_eq!(kinds.len(), 9, "every kind of line is there: {kinds:?}");
}

#[test]
fn lines_are_read_strictly() {
    let case = Case::of(GRAPH, &[("edge.facts", "a\tb\n")]);
    for (at, text) in case.texts.iter().enumerate() {
        let (start, rest) = text.split_at(1);
        for broken in [
            format!("{start}\"more\":1,{rest}"),
            text.replacen("\":{\"", "\":{\"more\":1,\"", 1),
            text[..text.len() - 1].to_owned(),
            format!("{text} {text}"),
        ] {
            let mut verifier = Verifier::default();
            case.texts[..at].iter().for_each(|line| verifier.line(line).unwrap());
            let said = verifier.line(&broken).err().unwrap_or_default();
            assert!(broken == *text || said.contains(" at line 1 column "), "{broken}: {said}");
        }
    }
    let mut verifier = Verifier::default();
    verifier.line(&case.texts[0]).unwrap();
    let step = r#"{"step":{"gives":["p",[]],"rule":1,"rule":1,"binding":[]}}"#;
    assert!(verifier.line(step).unwrap_err().contains("duplicate field"), "repeated fields");
}

#[test]
fn a_file_that_has_changed_is_refused() {
    let case = Case::of(GRAPH, &[("edge.facts", "a\tb\nb\tc\n")]);
    let folder = case.folder.as_ref().unwrap().path();
    fs::write(folder.join("edge.facts"), "a\tb\nb\td\n").unwrap();
    let now = given(&folder.join("p.dl"), folder);
    let (line, reason) = verify(&case.texts.join("\n"), compared(&now)).unwrap_err();
    let same = reason.starts_with("input files are not those of the header: ");
    assert!(line == 1 && same && reason.ends_with("edge.facts"), "{line}: {reason}");
}

#[test]
fn a_certificate_without_an_input_row_is_refused_only_with_the_input() {
    let case = Case::of(GRAPH, &[("edge.facts", "a\tb\nc\td\n")]);
    let same =
        |(_, line): &&(usize, Rc<Json>)| line["leaf"]["gives"] == json!(["edge", ["c", "d"]]);
    let id = case.original.lines.iter().find(same).unwrap().0;
    let mut cert = case.original.clone();
    // All that rests on the row goes with it.
    let rests = |json: &Json| {
        let text = json.to_string();
        text.contains("\"c\"") || text.contains("\"d\"")
    };
    cert.lines.retain(|(own, line)| {
        own != &id && (*own <= case.program.end || kind(line) == "conclusions" || !rests(line))
    });
    let fact = case.original.lines.iter().find(|(_, line)| line["leaf"]["by"] == "fact").unwrap();
    cert.lines.insert(case.program.end, fact.clone());
    let last = Rc::make_mut(&mut cert.lines.last_mut().unwrap().1);
    last["conclusions"].as_array_mut().unwrap().retain(|one| !rests(one));
    let text = cert.texts();
    let said = verify(&text, Verifier::default()).unwrap();
    assert!(said.contains("not compared with files"), "{said}");
    let (_, reason) = verify(&text, compared(&case.given)).unwrap_err();
    assert_eq!(reason, "edge(c, d) is missing");
}

/// Runs hence in the folder of a case: exit code and what it prints.
fn hence(case: &Case, args: &[&str]) -> (i32, String) {
    let folder = case.folder.as_ref().unwrap().path();
    let output =
        Command::new(env!("CARGO_BIN_EXE_hence")).args(args).current_dir(folder).output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(printed).unwrap())
}

#[cfg(unix)]
#[test]
fn a_pipe_is_written_and_not_read() {
    let case = Case::of(GRAPH, &[("edge.facts", "a\tb\nb\tc\n")]);
    let plain = hence(&case, &["cert", "p.dl", "-F", "."]);
    assert_eq!(plain.0, 0);
    assert_eq!(hence(&case, &["cert", "p.dl", "-F", ".", "-o", "/dev/stdout"]), plain);
}

#[test]
fn written_and_verified_from_the_shell() {
    let case = Case::of(GRAPH, &[("edge.facts", "a\tb\nb\tc\n")]);
    assert_eq!(hence(&case, &["cert", "p.dl", "-F", ".", "-o", "c"]), (0, String::new()));
    assert_eq!(hence(&case, &["cert", "p.dl", "-F", ".", "-o", "c"]), (0, String::new()));
    let (code, said) = hence(&case, &["cert", "p.dl", "-F", ".", "-o", "p.dl"]);
    assert!(code == 2 && said.contains("a file that is no certificate"), "{said}");
    let (code, said) = hence(&case, &["verify", "c", "p.dl", "-F", "."]);
    assert!(code == 0 && said.contains("as in the header: 1 input files, 1 rule files"), "{said}");
    fs::write(case.folder.as_ref().unwrap().path().join("edge.facts"), "a\tb\n").unwrap();
    let (code, said) = hence(&case, &["verify", "c", "p.dl", "-F", "."]);
    let start = "refused: c:1: input files are not those of the header: edge.facts";
    assert!(code == 1 && said.starts_with(start), "{said}");
    let (code, said) = hence(&case, &["verify", "c", "-F", "."]);
    assert!(code == 2 && said.contains("-F is given without rule files"), "{said}");
    let (code, said) = hence(&case, &["verify", "nothing"]);
    assert!(code == 2 && said.contains("nothing cannot be read"), "{said}");
    let (code, said) = hence(&case, &["cert", "p.dl", "-F", ".", "reach(\"z\", _)"]);
    assert!(code == 1 && said.contains("does not hold"), "{said}");
}

#[test]
fn a_bare_word_is_no_goal() {
    let case = Case::of(".decl p(a: symbol)\n.output p\np(\"alice\"). p(\"bob\").\n", &[]);
    let (code, said) = hence(&case, &["cert", "p.dl", "p(alice)"]);
    assert!(code == 2 && said.contains("`alice` is a variable here"), "{said}");
}

#[test]
fn claims_files_of_one_name_are_told_apart() {
    let program = ".include \"claims.dl\"\n.decl on(c: Claim)\n.output on
on(c) :- claim(c, _, _, _, _).";
    let claim = |id: &str| {
        format!(
            r#"{{"type": "claim", "id": "{id}", "doc": "d", "span": [0, 3], "quote": "One", "chain": [{{"who": "s", "act": "said"}}], "subject": "a", "predicate": "b", "object": "o", "modality": "stated"}}"#
        )
    };
    let first = r#"{"type": "document", "id": "d", "text": "One."}
{"type": "source", "id": "s"}
{"type": "entity", "id": "a"}
{"type": "entity", "id": "o"}
"#;
    // In one line of the two files stand c10 and c1.
    let (one, two) = (format!("{first}{}\n", claim("c10")), format!("\n\n\n\n{}\n", claim("c1")));
    let case = Case::of(program, &[("claims.jsonl", &one)]);
    let folder = case.folder.as_ref().unwrap().path();
    fs::create_dir(folder.join("two")).unwrap();
    fs::write(folder.join("two/claims.jsonl"), two).unwrap();
    let facts = ["-F", ".", "-F", "two"];
    let cert = [&["cert", "p.dl", "-o", "c"][..], &facts].concat();
    assert_eq!(hence(&case, &cert), (0, String::new()));
    let (code, said) = hence(&case, &[&["verify", "c", "p.dl"][..], &facts].concat());
    assert!(code == 0 && said.contains("as in the header"), "{said}");
}

#[test]
fn which_event_a_claim_is_about_may_be_an_analysts_word() {
    let program = ".include \"claims.dl\"\n.decl on(c: Claim, e: Event)\n.output on
on(c, e) :- claim_event(c, e).";
    let brief = "One.\n";
    let claims = r#"{"type": "document", "id": "d", "path": "d.txt"}
{"type": "source", "id": "s"}
{"type": "entity", "id": "a"}
{"type": "entity", "id": "o"}
{"type": "claim", "id": "c", "doc": "d", "span": [0, 3], "quote": "One", "chain": [{"who": "s", "act": "said"}], "subject": "a", "predicate": "b", "object": "o", "modality": "stated", "event": "e", "event_by": "analyst"}
"#;
    let case = Case::of(program, &[("d.txt", brief), ("claims.jsonl", claims)]);
    assert_eq!(hence(&case, &["cert", "p.dl", "-F", ".", "-o", "c"]), (0, String::new()));
    let (code, said) = hence(&case, &["verify", "c", "p.dl", "-F", "."]);
    assert!(code == 0 && said.contains("as in the header"), "{said}");
}

#[test]
fn an_ordered_graph_names_what_comes_before_in_the_order_of_the_rule() {
    let rules = ".decl e(a: symbol, b: symbol) .input e
.decl r(a: symbol, b: symbol) .output r
r(a, b) :- e(a, b).
r(a, c) :- r(a, b), e(b, c).";
    let case = Case::of(rules, &[("e.facts", "a\tb\nb\tc\n")]);
    let args = ["cert", "p.dl", "-F", ".", "r(\"a\", \"c\")", "--format", "lean"];
    let (code, said) = hence(&case, &args);
    let graph: Json = serde_json::from_str(&said).unwrap();
    let atom = |symbol: &str, kind: &str, a: &str, b: &str| json!({"symbol": symbol, "terms": [{(kind): a}, {(kind): b}]});
    let ground = |symbol: &str, a: &str, b: &str| atom(symbol, "constant", a, b);
    let open = |symbol: &str, a: &str, b: &str| atom(symbol, "variable", a, b);
    assert_eq!(code, 0);
    assert_eq!(
        graph,
        json!({
            "graph": {"edges": [
                {"label": ground("e", "a", "b"), "predecessors": []},
                {"label": ground("r", "a", "b"), "predecessors": [0]},
                {"label": ground("e", "b", "c"), "predecessors": []},
                {"label": ground("r", "a", "c"), "predecessors": [1, 2]},
            ]},
            "program": [
                {"head": ground("e", "a", "b"), "body": []},
                {"head": ground("e", "b", "c"), "body": []},
                {"head": open("r", "?0", "?1"), "body": [open("e", "?0", "?1")]},
                {"head": open("r", "?0", "?1"), "body": [open("r", "?0", "?2"), open("e", "?2", "?1")]},
            ],
        })
    );
    let case = Case::of(GRAPH, &[("edge.facts", "a\tb\n")]);
    let (code, said) = hence(&case, &["cert", "p.dl", "-F", ".", "apart", "--format", "lean"]);
    assert!(code == 1 || said.contains("which the form `lean` cannot hold"), "{said}");
    let (code, said) = hence(&case, &["cert", "p.dl", "-F", ".", "reach", "--format", "lean"]);
    assert!(code == 2 && said.contains("rule reach#1 has a negation"), "{said}");
}
