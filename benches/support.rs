//! What it costs to know on whom every conclusion rests, beside the evaluation itself:
//! `cargo bench --bench support [THOUSANDS OF CLAIMS]`; and what it costs to withdraw each of 100
//! sources of so many copies of the demo, beside one walk over all rule instances:
//! `cargo bench --bench support copies [COPIES]`.
//!
//! Seen: 2.7 to 3.2 times the run for 1 M claims of 1,000 sources; 2.6 times the walk for 89 sources
//! of 1,000 copies.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench writes its input, fails by panicking and prints"
)]

use std::collections::BTreeSet;
use std::env::args;
use std::fs::{copy, read_to_string, write};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use hence::analysis::analysis::analyse;
use hence::base::ids::{FileId, Id, RelationId};
use hence::engine::facts::Facts;
use hence::engine::limits::Limits;
use hence::engine::native;
use hence::engine::tables::Tables;
use hence::program::build::build;
use hence::program::program::Program;
use hence::provenance::instances::Instances;
use hence::provenance::necessary::{Given, necessary};
use hence::provenance::sets::{SetId, Sets};
use hence::session::options::Options;
use hence::session::session::{Keep, Session};
use hence::syntax::parser::parse;
use hence::value::codes::Codes;
use hence::value::symbols::Symbols;
use hence::value::value::Value;
use serde_json::Value as Json;

/// Sources, roots of attribution, disputes, supply chains, totals.
const PROGRAM: &str = include_str!("claims.dl");

/// How many sources there are.
const SOURCES: usize = 1000;

/// A stream of numbers that look random.
struct Numbers(u64);

impl Numbers {
    fn unit(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(self.0 >> 33).unwrap()) / f64::from(1_u32 << 31)
    }

    fn below(&mut self, n: usize) -> usize {
        self.skewed(n, 1.0)
    }

    /// Below `n`; small ones much more often.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a random index needs no precision"
    )]
    fn skewed(&mut self, n: usize, power: f64) -> usize {
        (n as f64 * self.unit().powf(power)) as usize
    }
}

struct Rows<'a> {
    program: &'a Program,
    facts: Facts,
}

impl Rows<'_> {
    fn text(&self, text: &str) -> Value {
        Value::Symbol(self.program.symbols.intern(text))
    }

    fn add(&mut self, relation: &str, row: &[Value]) {
        self.facts.push(self.program.relation(relation).unwrap(), row);
    }

    fn sources(&mut self, numbers: &mut Numbers) -> Vec<Value> {
        let sources: Vec<Value> = (0..SOURCES).map(|i| self.text(&format!("src_{i}"))).collect();
        for i in 0..SOURCES {
            if i >= 50 && numbers.unit() < 0.85 {
                let from = sources[i - 1 - numbers.below(i.min(400))];
                self.add("derived_from", &[sources[i], from]);
                if numbers.unit() < 0.1 {
                    self.add("derived_from", &[sources[i], sources[numbers.below(i)]]);
                }
            } else if numbers.unit() < 0.2 {
                self.add("official", &[sources[i]]);
            }
        }
        sources
    }

    /// Several claims speak of the same relation, subject and object.
    fn claim(&mut self, id: usize, sources: &[Value], entities: usize, numbers: &mut Numbers) {
        let number = |n: usize| Value::Number(i64::try_from(n).unwrap());
        let kind = numbers.unit();
        let (relation, subject, object) = if kind < 0.10 {
            let a = numbers.below(entities);
            let b = a - a % 200 + 199.min(a % 200 + 1 + numbers.skewed(40, 2.0));
            ("supplies", format!("firm_{a}"), format!("firm_{b}"))
        } else if kind < 0.30 {
            let unit = numbers.skewed(entities / 10, 1.3);
            ("deploys", format!("unit_{unit}"), format!("place_{}", numbers.skewed(500, 1.5)))
        } else {
            let of = ["meets", "trains", "announces", "visits", "strikes"][numbers.below(5)];
            let a = numbers.skewed(entities, 1.6);
            (of, format!("actor_{a}"), format!("actor_{}", numbers.skewed(2000, 1.6)))
        };
        let modality = match numbers.unit() {
            m if m < 0.05 => "denied",
            m if m < 0.45 => "observed",
            m if m < 0.65 => "projected",
            _ => "reported",
        };
        let low = 100 * (1 + numbers.skewed(300, 2.0));
        let high = low + 100 * numbers.below(50);
        let source = sources[numbers.skewed(SOURCES, 1.3)];
        let day = 20_250_101 + 100 * numbers.below(12) + numbers.below(28);
        let texts = [relation, &subject, &object].map(|text| self.text(text));
        let [relation, subject, object] = texts;
        let modality = self.text(modality);
        let (low, high) = (number(low), number(high));
        let row = [number(id), relation, subject, object, low, high, source, modality, number(day)];
        self.add("claim", &row);
    }
}

/// A claim needs its source, all else is taken for granted.
struct BySource {
    claim: RelationId,
    first: u32,
}

impl Given for BySource {
    fn is_sourced(&self, relation: RelationId) -> bool {
        relation == self.claim
    }

    fn needs(&self, relation: RelationId, tuple: &[Value], sets: &mut Sets) -> Option<SetId> {
        match tuple.get(6) {
            Some(Value::Symbol(source)) if relation == self.claim => {
                Some(sets.intern(&[source.code() - self.first]))
            }
            _ => Some(SetId::EMPTY),
        }
    }
}

fn necessary_sources(thousands: usize) {
    let (tree, messages) = parse(PROGRAM, FileId::new(0));
    assert!(messages.is_empty(), "{messages:?}");
    let symbols = Arc::new(Symbols::new());
    let (program, _) = build(&[tree], Arc::clone(&symbols));
    let (analysis, _) = analyse(&program);
    let codes = Arc::new(Codes::new(symbols));
    let facts = Facts::of_program(&program, Arc::clone(&codes));
    let mut rows = Rows { program: &program, facts };
    let mut numbers = Numbers(20_250_615);
    let sources = rows.sources(&mut numbers);
    let claims = thousands * 1000;
    for id in 0..claims {
        rows.claim(id, &sources, (claims / 20).max(1000), &mut numbers);
    }
    let limits = Limits::default();
    let facts = rows.facts;
    let start = Instant::now();
    let database = native::run(&program, &analysis, facts, &limits).unwrap();
    let run = start.elapsed().as_secs_f64();

    let start = Instant::now();
    let mut instances = Instances::new((&program, &analysis), &database, &codes, &limits).unwrap();
    let tuples = instances.goals();
    let claim = program.relation("claim").unwrap();
    let Value::Symbol(first) = sources[0] else { unreachable!() };
    let found = necessary(&mut instances, &BySource { claim, first: first.code() }).unwrap();
    let took = start.elapsed().as_secs_f64();
    println!(
        "{claims} claims of {SOURCES} sources: run {run:.2} s; necessary sources of all {tuples} tuples \
         {took:.2} s, {:.2} times the run",
        took / run
    );
    for relation in program.relations.ids() {
        let numbers = instances.numbers(relation);
        let single = numbers.clone().filter(|goal| !found.of(*goal).is_empty()).count();
        let (name, all) = (&program.relations[relation].name, database.len(relation));
        println!("{name:14} {single:8} of {all:8} need a source");
    }
}

/// Copies of the demo's records under other names, with 100 sources in all.
fn copied(copies: usize, folder: &Path) {
    let facts = Path::new(env!("CARGO_MANIFEST_DIR")).join("facts/deployment");
    let text = read_to_string(facts.join("claims.jsonl")).unwrap();
    let records: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names = |kinds: &[&str]| -> BTreeSet<String> {
        let of = records.iter().filter(|r| kinds.contains(&r["type"].as_str().unwrap()));
        of.filter_map(|record| record["id"].as_str()).map(str::to_owned).collect()
    };
    let mut own = names(&["claim", "reading"]);
    own.extend(records.iter().filter_map(|record| record["event"].as_str()).map(str::to_owned));
    let mut sources = names(&["source"]);
    // Named by the document, of which there is one.
    sources.remove("jh");
    sources.remove("cnn");
    let mut out = String::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for copy in 0..copies {
        for record in &records {
            let renamed = match record["type"].as_str() {
                Some("document") => record.clone(),
                _ => renamed(record, &|name| match name {
                    _ if own.contains(name) => Some(format!("{name}_{copy}")),
                    _ if sources.contains(name) => Some(format!("{name}_{}", copy % 4)),
                    _ => None,
                }),
            };
            let line = renamed.to_string();
            if matches!(record["type"].as_str(), Some("claim" | "reading" | "link"))
                || seen.insert(line.clone())
            {
                out.push_str(&line);
                out.push('\n');
            }
        }
    }
    write(folder.join("claims.jsonl"), out).unwrap();
    copy(facts.join("brief.txt"), folder.join("brief.txt")).unwrap();
}

fn renamed(value: &Json, name: &dyn Fn(&str) -> Option<String>) -> Json {
    match value {
        Json::String(text) => name(text).unwrap_or_else(|| text.clone()).into(),
        Json::Array(items) => items.iter().map(|item| renamed(item, name)).collect(),
        Json::Object(fields) => {
            let fixed = ["quote", "type", "text", "label", "predicate"];
            let field = |(key, value): (&String, &Json)| {
                let value =
                    if fixed.contains(&&**key) { value.clone() } else { renamed(value, name) };
                (key.clone(), value)
            };
            fields.iter().map(field).collect()
        }
        other => other.clone(),
    }
}

/// What is asked of the copies: who stands behind what, and on how many voices events rest.
const ASKED: &str = "
.include \"corroboration.dl\"
.output live
.output root
.output corroborated
.output single_source
.output independent_groups
.output figure_support
.output rep
";

/// Nothing is needed: for a walk by itself.
struct Nothing;

impl Given for Nothing {
    fn is_sourced(&self, _: RelationId) -> bool {
        false
    }

    fn needs(&self, _: RelationId, _: &[Value], _: &mut Sets) -> Option<SetId> {
        Some(SetId::EMPTY)
    }
}

fn sensitivity(copies: usize) {
    let folder = tempfile::tempdir().unwrap();
    copied(copies, folder.path());
    let program = folder.path().join("asked.dl");
    write(&program, ASKED).unwrap();
    let options = Options { facts: vec![folder.path().to_owned()], ..Options::default() };
    let mut session = Session::new(options);
    session.load(&[program]).unwrap();
    session.read_input(Keep::Input).unwrap();
    let start = Instant::now();
    session.evaluate(Keep::Input).unwrap();
    let run = start.elapsed().as_secs_f64();

    let world = session.world();
    let limits = Limits::default();
    let start = Instant::now();
    let of = (&world.program, &world.analysis);
    let codes = &world.facts.codes;
    let mut instances = Instances::new(of, world.tables(), codes, &limits).unwrap();
    necessary(&mut instances, &Nothing).unwrap();
    let slice = start.elapsed().as_secs_f64();

    let start = Instant::now();
    let scenarios = session.sensitivity(&[]).unwrap();
    let took = start.elapsed().as_secs_f64();
    let [changed, lost, gained] = scenarios.iter().fold([0; 3], |sum, scenario| {
        let counts = scenario.counts();
        [sum[0] + counts[0], sum[1] + counts[1], sum[2] + counts[2]]
    });
    println!(
        "{copies} copies of the demo, {} claims, {} sources: run {run:.2} s, one walk over all \
         instances {slice:.2} s; every source withdrawn in turn {took:.2} s, {:.2} times the walk \
         ({lost} lost, {gained} gained, {changed} changed)",
        world.claims.as_ref().unwrap().counts.claims,
        scenarios.len(),
        took / slice
    );
}

fn main() {
    let number = args().filter_map(|arg| arg.parse::<usize>().ok()).next().unwrap_or(1000);
    if args().any(|arg| arg == "copies") { sensitivity(number) } else { necessary_sources(number) }
}
