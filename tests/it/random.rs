//! Random programs: what an engine says of them may depend on nothing but their meaning. Shuffled
//! facts, shuffled rules and permuted bodies give the same tuples in the same rounds, or the same
//! failure; and every engine says what the specification says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;

use crate::compiled::{Outcome, compile};
use crate::generate::{Generated, Rule, generate, shuffle};

const PROGRAMS: u64 = 500;

fn seed(number: u64) -> u64 {
    const BYTES: u64 = 4096;
    (number.wrapping_mul(0x9e37_79b9) << 32) | BYTES
}

/// Calls `check` with each of the programs and a source of further choices.
pub(crate) fn each_program(mut check: impl FnMut(Generated, &mut Unstructured<'_>) -> Result<()>) {
    for number in 1..=PROGRAMS {
        arbtest(|u| {
            let program = generate(u)?;
            check(program, u)
        })
        .seed(seed(number))
        .run();
    }
}

#[test]
fn order_of_facts_and_rules_means_nothing() {
    let mut table = Table::default();
    each_program(|program, u| {
        let text = program.text();
        let expected = compile(&text).naive();
        table.add(&program, &expected);

        let mut other = program.clone();
        shuffle(&mut other.facts, u)?;
        let shuffled = other.text();
        assert_eq!(compile(&shuffled).naive(), expected, "\n{text}\nshuffled\n{shuffled}");

        shuffle(&mut other.rules, u)?;
        let shuffled = other.text();
        let found = compile(&shuffled).naive();
        // Which failure is the first depends on which rule is the first of those that fail.
        let expected = match &found {
            Outcome::Failed { rule, .. } => {
                let mut with = program;
                with.rules.sort_by_key(|other| other.name != *rule);
                compile(&with.text()).naive()
            }
            _ => expected,
        };
        assert_eq!(found, expected, "\n{text}\nshuffled\n{shuffled}");
        Ok(())
    });
    table.check();
}

/// Literals of bodies whose orders are all tried.
const ORDERED_MAX: usize = 4;

/// Programs whose bodies are put in every order; the others in a random one.
const ORDERED_PROGRAMS: usize = 40;

#[test]
fn order_of_a_body_means_nothing() {
    let (mut number, mut orders) = (0, 0);
    each_program(|program, u| {
        number += 1;
        let text = program.text();
        let expected = compile(&text).naive();
        let longest = program.rules.iter().map(|rule| rule.body.len()).max().unwrap_or(0);
        let all = (1..=longest.min(ORDERED_MAX)).product();
        let count = if number <= ORDERED_PROGRAMS { all } else { 1 };
        for nth in 0..count {
            let mut other = program.clone();
            for Rule { body, .. } in &mut other.rules {
                if count > 1 && body.len() <= ORDERED_MAX {
                    put_in_order(body, nth);
                } else {
                    shuffle(body, u)?;
                }
            }
            let permuted = other.text();
            let found = compile(&permuted).naive();
            assert!(
                is_same_but_for_order(&program, &expected, &found),
                "{found:?}\nexpected\n{expected:?}\n{text}\npermuted\n{permuted}"
            );
            orders += 1;
        }
        Ok(())
    });
    println!("{orders} orders of {number} programs");
}

/// Puts items in the `nth` of their orders.
fn put_in_order<T>(items: &mut [T], mut nth: usize) {
    for at in 0..items.len() {
        let left = items.len() - at;
        items[at..].rotate_left(nth % left);
        nth /= left;
    }
}

/// Which of the failing bindings of a rule is the first depends on the order of the variables, and
/// which of its literals is to blame on theirs; both follow the body. So the other binding has to
/// fail too, and in the same way, in a copy of the rule for this binding alone in which the right
/// literal comes first.
fn is_same_but_for_order(program: &Generated, expected: &Outcome, found: &Outcome) -> bool {
    let (
        Outcome::Failed { count, rule, .. },
        Outcome::Failed { count: n, rule: r, binding, error },
    ) = (expected, found)
    else {
        return expected == found;
    };
    let at = program.rules.iter().position(|other| other.name == *rule).unwrap();
    let wanted: BTreeSet<_> = binding.iter().collect();
    let fails_too = |first: usize| {
        let mut with = program.clone();
        let mut only = with.rules[at].clone();
        only.body[..=first].rotate_right(1);
        only.body.extend(binding.iter().map(|(name, value)| format!("{name} = {value}")));
        with.rules[at].name.push_str(" again");
        with.rules.insert(at, only);
        match compile(&with.text()).naive() {
            Outcome::Failed { rule, binding, error: e, .. } => {
                rule == *r && e == *error && binding.iter().collect::<BTreeSet<_>>() == wanted
            }
            _ => false,
        }
    };
    count == n && rule == r && (0..program.rules[at].body.len()).any(fails_too)
}

#[test]
fn engines_agree() {
    let mut number = 0;
    each_program(|program, _| {
        let text = program.text();
        let compiled = compile(&text);
        let expected = compiled.naive();
        assert_eq!(compiled.native(), expected, "native and specification\n{text}");
        for workers in [1, 2] {
            let found = compiled.tiny(workers);
            assert_eq!(
                found, expected,
                "forms that change, {workers} workers, and specification\n{text}"
            );
            let found = compiled.toy(workers);
            assert_eq!(
                found, expected,
                "toy storage, {workers} workers, and specification\n{text}"
            );
        }
        number += 1;
        for workers in [2, 3 + number % 2 * 4] {
            let found = compiled.shared(workers);
            assert_eq!(found, expected, "{workers} workers and specification\n{text}");
        }
        Ok(())
    });
}

/// Plans tried for each program.
const PLANS: u64 = 6;

#[test]
fn plans_mean_nothing() {
    let mut number = 0;
    each_program(|program, _| {
        let text = program.text();
        let compiled = compile(&text);
        let expected = compiled.naive();
        number += 1;
        for nth in 0..PLANS {
            let seed = number * PLANS + nth;
            let found = compiled.misjudged(seed, 1 + usize::from(seed.is_multiple_of(2)));
            assert_eq!(found, expected, "sizes made up from {seed}\n{text}");
        }
        Ok(())
    });
}

/// Rules whose atoms can be reduced: cycles, chains that end nowhere, parts that share nothing.
const JOINS: [&str; 9] = [
    "q(x, z) :- e(x, y), e(y, z), e(z, x).",
    "q(x, w) :- e(x, y), e(y, z), e(z, w), e(w, x).",
    "q(x, x) :- e(x, y), f(y, z), e(z, w), f(w, v), v > 1.",
    "q(x, w) :- e(x, y), f(y, z), e(z, v), f(v, w), e(w, x).",
    "q(x, z) :- e(x, _), f(_, z), e(y, w), f(w, y), !f(y, y).",
    "q(x, y) :- e(x, y), e(x, z), e(y, z), f(x, z), f(y, z).",
    "r(x, z) :- e(x, z). r(x, z) :- r(x, y), f(y, w), e(w, v), r(v, z), e(z, u), f(u, y).",
    "r(x, z) :- f(x, z). r(x, z) :- r(x, y), r(y, z), r(z, x), e(x, _), f(_, w), w != 3.",
    "q(x, n) :- e(x, y), f(y, z), e(z, x), n = count : { e(x, w), f(w, y), e(y, _) }.",
];

#[test]
fn reduced_joins_give_all_and_nothing_else() {
    let joins = JOINS.iter().cycle().take(60);
    for (number, join) in (0..).zip(joins) {
        arbtest(|u| {
            let nodes = u.int_in_range(4..=14_u32)?;
            let mut text = String::new();
            for name in ["e", "f", "q", "r"] {
                writeln!(text, ".decl {name}(x: number, y: number)").unwrap();
            }
            for name in ["e", "f"] {
                for _ in 0..u.int_in_range(8..=60)? {
                    // One node has most edges.
                    let hub = u.ratio(1, 3)?;
                    let x = if hub { 0 } else { u.int_in_range(0..=nodes)? };
                    let y = u.int_in_range(0..=nodes)?;
                    let (x, y) = if u.arbitrary()? { (x, y) } else { (y, x) };
                    writeln!(text, "{name}({x}, {y}).").unwrap();
                }
            }
            text.push_str(join);
            let compiled = compile(&text);
            let expected = compiled.naive();
            assert_eq!(compiled.native(), expected, "\n{text}");
            assert_eq!(compiled.shared(2), expected, "\n{text}");
            for seed in number..number + PLANS {
                let found = compiled.misjudged(seed, 1 + usize::from(seed.is_multiple_of(2)));
                assert_eq!(found, expected, "sizes made up from {seed}\n{text}");
            }
            Ok(())
        })
        .seed(seed(number))
        .run();
    }
}

/// Features of the programs of a run.
#[derive(Default)]
struct Table {
    programs: usize,
    with: BTreeMap<&'static str, usize>,
    nothing: usize,
}

/// What a run has to cover.
const WANTED: [&str; 23] = [
    "aggregate compared",
    "arithmetic",
    "arithmetic error",
    "comparison",
    "count",
    "disjunction",
    "endless recursion",
    "float",
    "max",
    "mean",
    "min",
    "negation",
    "nested aggregate",
    "nullary",
    "outer variable",
    "range",
    "recursion",
    "several heads",
    "several rounds",
    "string functor",
    "sum",
    "unsigned",
    "witness",
];

impl Table {
    fn add(&mut self, program: &Generated, outcome: &Outcome) {
        self.programs += 1;
        self.nothing += usize::from(derives_nothing(program, outcome));
        let came_of_it = match outcome {
            Outcome::Done(_) => "completes",
            Outcome::Failed { .. } => "arithmetic error",
            Outcome::Endless(_) => "endless recursion",
        };
        let late = outcome.last_round() > 1;
        let more = [came_of_it].into_iter().chain(late.then_some("several rounds"));
        for feature in program.features.iter().copied().chain(more) {
            *self.with.entry(feature).or_default() += 1;
        }
    }

    /// Prints the table, and fails if the programs were too much alike.
    fn check(&self) {
        let mut text = format!("{:5} programs\n", self.programs);
        for (feature, count) in &self.with {
            writeln!(text, "{count:5} {:3} % {feature}", 100 * count / self.programs).unwrap();
        }
        writeln!(text, "{:5} derive nothing", self.nothing).unwrap();
        println!("{text}");
        for feature in WANTED {
            let count = self.with.get(feature).copied().unwrap_or(0);
            assert!(100 * count >= 5 * self.programs, "{feature} is too rare\n{text}");
        }
        assert!(100 * self.nothing <= 30 * self.programs, "too many derive nothing\n{text}");
    }
}

/// Whether a program ran to its end and no rule gave anything.
fn derives_nothing(program: &Generated, outcome: &Outcome) -> bool {
    let Outcome::Done(relations) = outcome else { return false };
    program.derived.iter().all(|name| relations[name].iter().all(|(_, round)| *round == 0))
}
