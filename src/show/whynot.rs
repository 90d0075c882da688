//! [`whynot`]: why an atom does not hold, as text: for each near miss its rule, what holds and what
//! stands in the way, with the values that decide it.

use crate::base::ids::{LeafId, RelationId};
use crate::program::program::{Expr, LiteralKind};
use crate::provenance::proof::AbsentNode;
use crate::provenance::whynot::{
    Apart, Asked, Blocker, Contributor, Contributors, Miss, Missing, NearRow, Obstacle, Present,
    Unknown, Verdict, WhyNot,
};
use crate::session::repairs::{Repair, Step};
use crate::show::safe::{unglued, visible, width, wrap};
use crate::show::words::Words;
use crate::syntax::ast::{AggregateKind, CompareOp};
use crate::text::numbers::grouped;
use crate::value::value::Value;

/// How the answer is laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WhyNotOptions {
    /// Columns of a line. Words that are wider stand out over it.
    pub width: usize,
    /// Whether rules are shown with the file and line where they stand.
    pub locations: bool,
}

impl Default for WhyNotOptions {
    fn default() -> Self {
        Self { width: 100, locations: false }
    }
}

/// The answer with its head lines.
#[must_use]
pub fn whynot(
    words: Words<'_>,
    whynot: &WhyNot,
    repairs: &[Repair],
    options: WhyNotOptions,
) -> String {
    let mut printer = Printer { words, options, out: String::new(), said: Vec::new() };
    printer.line("", &format!("{} does not hold", printer.asked(&whynot.asked)));
    printer.head("  ", whynot);
    for (at, miss) in whynot.misses.iter().enumerate() {
        printer.out.push('\n');
        printer.miss("", Some(at + 1), miss);
    }
    printer.further("  ", whynot);
    printer.repairs(repairs);
    printer.out
}

/// That an atom holds, by a tuple that is there.
#[must_use]
pub fn holds(words: Words<'_>, asked: &Asked, tuple: &[Value]) -> String {
    let printer =
        Printer { words, options: WhyNotOptions::default(), out: String::new(), said: Vec::new() };
    let values: Vec<Option<Value>> = tuple.iter().map(|value| Some(*value)).collect();
    let there = words.atom(asked.relation, &values);
    let atom = printer.asked(asked);
    if atom == there {
        return format!("{atom} holds; ask why");
    }
    format!("{atom} holds: there is {there}; ask why")
}

/// What stands in the way of a near miss, in a line.
#[must_use]
pub fn reason(words: Words<'_>, whynot: &WhyNot) -> Option<String> {
    let miss = whynot.misses.first()?;
    let [blocker] = miss.blockers.as_slice() else { return None };
    let printer =
        Printer { words, options: WhyNotOptions::default(), out: String::new(), said: Vec::new() };
    let rule = &words.given.program.rules[miss.rule];
    let text = printer.blocker(miss, blocker);
    let miss = format!("rule “{}” fails on {text}", visible(&rule.name));
    Some(miss)
}

/// A near miss in few lines: what the rule would have given, and what stands in the way.
#[must_use]
pub fn nearest(words: Words<'_>, miss: &Miss, indent: &str, width: usize) -> String {
    let options = WhyNotOptions { width, ..WhyNotOptions::default() };
    let mut printer = Printer { words, options, out: String::new(), said: Vec::new() };
    let deeper = format!("{indent}  ");
    let mut link = format!("{} fails on", words.head(miss.rule, &miss.binding));
    for blocker in &miss.blockers {
        let text = format!("{link} {}", printer.blocker(miss, blocker));
        printer.hanging(indent, &deeper, &text);
        printer.details(&deeper, miss, blocker);
        link = "and on".to_owned();
    }
    let more = miss.others + miss.mirrored;
    if more > 0 {
        let more = counted(more, "more case fails", "more cases fail");
        printer.line(&deeper, &format!("{more} on the same"));
    }
    printer.out
}

/// What stands in the way of a near miss, each in a line.
#[must_use]
pub fn obstacles(words: Words<'_>, miss: &Miss) -> Vec<String> {
    let printer =
        Printer { words, options: WhyNotOptions::default(), out: String::new(), said: Vec::new() };
    let unglued = |blocker: &Blocker| unglued(&printer.blocker(miss, blocker));
    miss.blockers.iter().map(unglued).collect()
}

/// One of several things, or many.
fn counted(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{} {many}", grouped(n)) }
}

struct Printer<'a> {
    words: Words<'a>,
    options: WhyNotOptions,
    out: String,
    /// Values of which it was said that they are not there.
    said: Vec<Value>,
}

impl Printer<'_> {
    /// A text in as many lines as it takes, each behind the indentation.
    fn line(&mut self, indent: &str, text: &str) {
        self.hanging(indent, indent, text);
    }

    /// The same with other indentation for the lines after the first.
    fn hanging(&mut self, first: &str, rest: &str, text: &str) {
        let room = self.options.width.saturating_sub(width(rest)).max(20);
        for (at, line) in wrap(text, room).iter().enumerate() {
            self.out.push_str(if at == 0 { first } else { rest });
            self.out.push_str(line);
            self.out.push('\n');
        }
    }

    fn relation(&self, asked: &Asked) -> &str {
        &self.words.given.program.relations[asked.relation].name
    }

    /// The atom; columns that must be equal have one letter.
    fn asked(&self, asked: &Asked) -> String {
        let relation = &self.words.given.program.relations[asked.relation];
        let arg = |(column, value): (usize, &Option<Value>)| match value {
            Some(value) => self.words.value(*value),
            None => {
                let pair = asked.equal.iter().find(|(a, b)| *a == column || *b == column);
                pair.map_or_else(|| "_".to_owned(), |(a, _)| relation.columns[*a].name.clone())
            }
        };
        let args: Vec<String> = asked.pattern.iter().enumerate().map(arg).collect();
        format!("{}({})", relation.name, args.join(", "))
    }

    /// A value, with what it stands for if it is an id.
    fn labelled(&self, value: Value) -> String {
        let text = self.words.value(value);
        let plain = visible(&value.plain(&self.words.given.program.symbols));
        let label = self.words.label(&value.plain(&self.words.given.program.symbols));
        if label == plain { text } else { format!("{text} ({label})") }
    }

    /// Which rules there are, and how near they come.
    fn head(&mut self, indent: &str, whynot: &WhyNot) {
        let name = visible(self.relation(&whynot.asked));
        let is_given = whynot.rules.is_empty() && whynot.apart.is_empty();
        if is_given {
            let rows = match whynot.stored {
                0 => "and there are none".to_owned(),
                1 => "and there is one other row".to_owned(),
                n => format!("and none of the {n} rows is it"),
            };
            self.line(indent, &format!("rows of `{name}` are given, no rule adds any, {rows}"));
        } else if whynot.rules.is_empty() {
            self.line(indent, "no rule gives it:");
        } else {
            let of = |at: usize| whynot.rules.iter().map(|rule| rule.blocked_by[at]).sum();
            let (one, two): (usize, usize) = (of(0), of(1));
            let rules = counted(whynot.rules.len(), "rule", "rules");
            let near = match (one, two) {
                (0, 0) => "none comes within two conditions of it".to_owned(),
                (0, two) => {
                    let near = counted(two, "case fails", "cases fail");
                    format!("{near} on two conditions, none on only one")
                }
                (one, _) => {
                    let near = counted(one, "case fails", "cases fail");
                    format!("{near} on one condition only")
                }
            };
            self.line(indent, &format!("{rules} could give it; {near}"));
        }
        let rules: Vec<Apart> = whynot.apart.iter().take(APART_MAX).cloned().collect();
        for apart in &rules {
            self.apart(indent, &whynot.asked, apart);
        }
        if whynot.apart.len() > rules.len() {
            let more = counted(whynot.apart.len() - rules.len(), "more rule", "more rules");
            self.line(indent, &format!("{more} of `{name}` give other values"));
        }
        for unknown in &whynot.unknown {
            if is_given || !unknown.near.is_empty() || !unknown.is_known {
                self.unknown(indent, &whynot.asked, unknown);
            }
        }
        self.rows(indent, whynot.asked.relation, &whynot.rows);
    }

    fn apart(&mut self, indent: &str, asked: &Asked, apart: &Apart) {
        let program = self.words.given.program;
        let column = &program.relations[asked.relation].columns[apart.column].name;
        let name = visible(&program.rules[apart.rule].name);
        let gives = self.words.value(apart.gives);
        let wanted = asked.pattern[apart.column].map(|value| self.words.value(value));
        let text =
            format!("rule “{name}” gives {column} = {gives}, not {}", wanted.unwrap_or_default());
        self.line(indent, &text);
    }

    fn unknown(&mut self, indent: &str, asked: &Asked, unknown: &Unknown) {
        let again = self.said.contains(&unknown.value);
        self.said.push(unknown.value);
        if again {
            return;
        }
        let relation = &self.words.given.program.relations[asked.relation];
        let column = &relation.columns[unknown.column].name;
        let mut text = format!(
            "no row of `{}` has {column} = {}",
            visible(&relation.name),
            self.words.value(unknown.value)
        );
        if !unknown.near.is_empty() {
            text = format!("{text}; did you mean {}?", near(unknown));
        } else if !unknown.is_known {
            text = format!(
                "{} occurs nowhere in input or conclusions",
                self.words.value(unknown.value)
            );
        }
        self.line(indent, &text);
    }

    fn rows(&mut self, indent: &str, relation: RelationId, rows: &[NearRow]) {
        for row in rows {
            let text =
                self.words.atom(relation, &row.tuple.iter().map(|v| Some(*v)).collect::<Vec<_>>());
            self.hanging(indent, &format!("{indent}  "), &format!("nearest: {text}"));
        }
    }

    fn miss(&mut self, indent: &str, number: Option<usize>, miss: &Miss) {
        let rule = &self.words.given.program.rules[miss.rule];
        let mut text = format!("rule “{}”", visible(&rule.name));
        if self.options.locations {
            text = format!("{text}, {}", self.words.place(rule.span));
        }
        let mark = number.map_or_else(|| "-".to_owned(), |n| n.to_string());
        let inner = format!("{indent}   ");
        self.hanging(&format!("{indent}{mark:<2} "), &inner, &text);
        let values: Vec<String> = miss
            .binding
            .iter()
            .filter_map(|(var, value)| {
                let name = self.words.name(miss.rule, *var)?;
                Some(format!("{name} = {}", self.labelled(*value)))
            })
            .collect();
        let deeper = format!("{inner}  ");
        if !values.is_empty() {
            self.line(&deeper, &format!("with {}", values.join(", ")));
        }
        for (at, literal) in rule.body.iter().enumerate() {
            if let Some(blocker) = miss.blockers.iter().find(|blocker| blocker.at == at) {
                self.obstacle(&inner, miss, blocker);
                continue;
            }
            let text = self.words.with_values(miss.rule, literal, &miss.binding);
            let text = match miss.literals[at] {
                Verdict::Open => format!("? {text}: open"),
                Verdict::Holds | Verdict::Fails => format!("✓ {text}"),
            };
            self.hanging(&inner, &deeper, &text);
        }
        for blocker in miss.blockers.iter().filter(|blocker| blocker.at >= rule.body.len()) {
            self.obstacle(&inner, miss, blocker);
        }
        if miss.others > 0 {
            let others = counted(miss.others, "more case fails", "more cases fail");
            self.line(&inner, &format!("{others} on the same"));
        }
        if miss.mirrored > 0 {
            let mirrored = counted(miss.mirrored, "more case is", "more cases are");
            self.line(&inner, &format!("{mirrored} the same the other way round"));
        }
    }

    fn obstacle(&mut self, indent: &str, miss: &Miss, blocker: &Blocker) {
        let text = format!("✗ {}", self.blocker(miss, blocker));
        let deeper = format!("{indent}    ");
        self.hanging(indent, &deeper, &text);
        self.details(&deeper, miss, blocker);
    }

    /// What there is to say of an obstacle beside its line.
    fn details(&mut self, indent: &str, miss: &Miss, blocker: &Blocker) {
        match &blocker.obstacle {
            Obstacle::Missing(missing) => self.missing(indent, missing),
            Obstacle::Present(present) => {
                let sentences = present.by.iter().map_while(|by| self.words.sentence(by));
                let mut sentences: Vec<String> = sentences.collect();
                sentences.dedup();
                if !sentences.is_empty() {
                    self.line(indent, &sentences.join("; "));
                }
            }
            _ => {}
        }
        for from in &blocker.from {
            self.contributors(indent, miss, from);
        }
    }

    fn missing(&mut self, indent: &str, missing: &Missing) {
        for unknown in missing.unknown.iter().filter(|unknown| !unknown.near.is_empty()) {
            self.unknown(indent, &missing.asked, unknown);
        }
        self.rows(indent, missing.asked.relation, &missing.rows);
        if let Some(below) = missing.below.as_ref().filter(|_| missing.is_trail) {
            if let [miss, ..] = below.misses.as_slice()
                && let [blocker] = miss.blockers.as_slice()
            {
                let rule = visible(&self.words.given.program.rules[miss.rule].name);
                let text = self.blocker(miss, blocker);
                self.line(indent, &format!("rule “{rule}” fails on {text}"));
                self.details(indent, miss, blocker);
            }
        } else if let Some(below) = &missing.below {
            if below.misses.is_empty() {
                self.line(indent, "no rule comes within two conditions of it");
            }
            let deeper = format!("{indent}  ");
            for miss in &below.misses {
                self.miss(&deeper, None, miss);
            }
        }
    }

    /// What stands in the way, in words.
    fn blocker(&self, miss: &Miss, blocker: &Blocker) -> String {
        let rule = &self.words.given.program.rules[miss.rule];
        let filled = self.words.with_values(miss.rule, &blocker.literal, &miss.binding);
        if blocker.at >= rule.body.len() {
            return self.of_head(miss, blocker);
        }
        match &blocker.obstacle {
            Obstacle::Missing(missing) => {
                let how = self.how_missing(missing);
                format!("{filled}: {how}")
            }
            Obstacle::Present(present) => format!("{filled}: {}", self.present(present)),
            Obstacle::Compared(left, right) => self.compared(miss, blocker, (*left, *right)),
            Obstacle::Tested(_) => format!("{filled}: it is not so"),
            Obstacle::OutOfRange(Some(_), _) => format!("{filled}: it is not"),
            Obstacle::OutOfRange(None, _) => format!("{filled}: this range is empty"),
            Obstacle::Aggregated(value, wanted) => {
                let written = self.words.written(miss.rule, &blocker.literal);
                match (value, wanted) {
                    (None, _) => format!("{written}: there is nothing to take it from"),
                    (Some(value), Some(wanted)) if value == wanted => {
                        format!("{written}: it is {}, by other values", self.words.value(*value))
                    }
                    (Some(value), Some(wanted)) => format!(
                        "{written}: it is {}, not {}",
                        self.words.value(*value),
                        self.words.value(*wanted)
                    ),
                    (Some(value), None) => format!("{written}: it is {}", self.words.value(*value)),
                }
            }
            Obstacle::NoValue => format!("{filled}: this has no value"),
            Obstacle::Never => format!("{filled}: this never holds"),
            Obstacle::Together => {
                format!("{filled}: not together with what is marked ? below")
            }
        }
    }

    fn how_missing(&self, missing: &Missing) -> String {
        let program = self.words.given.program;
        let Asked { relation, pattern, .. } = missing.asked.clone();
        let is_derived = program.rules_of(missing.asked.relation).next().is_some();
        // The words for what is derived hold where the other conditions of its rules do, which is
        // not known here.
        if !is_derived && let (text, "") = self.words.absence(&AbsentNode { relation, pattern }) {
            return text;
        }
        let is_open = missing.asked.pattern.iter().any(Option::is_none);
        match (is_derived, is_open) {
            (true, _) => "no rule gives it",
            (false, true) => "there is no such row",
            (false, false) => "this row is not there",
        }
        .to_owned()
    }

    fn present(&self, present: &Present) -> String {
        let text = format!("there is {}", self.words.tuple(&present.tuple));
        match present.count {
            1 => text,
            n => format!("{text} and {}", counted(n - 1, "more", "more")),
        }
    }

    /// A comparison as written, and what its sides are.
    fn compared(&self, miss: &Miss, blocker: &Blocker, (a, b): (Value, Value)) -> String {
        let written = self.words.written(miss.rule, &blocker.literal);
        let LiteralKind::Compare(op, left, right) = &blocker.literal.kind else { return written };
        let side = |expr: &Expr, value: Value| {
            let name = self.words.written_expr(miss.rule, expr);
            let is_value = matches!(expr, Expr::Const(_)) || name == "_";
            (!is_value).then(|| format!("{name} is {}", self.labelled(value)))
        };
        if *op == CompareOp::Ne {
            return format!("{written}: both are {}", self.labelled(a));
        }
        let sides: Vec<String> = [side(left, a), side(right, b)].into_iter().flatten().collect();
        match sides.is_empty() {
            true => {
                format!("{written}: {} {} {}", self.words.value(a), op.text(), self.words.value(b))
            }
            false => format!("{written}: {}", sides.join(", ")),
        }
    }

    /// What the head gives instead.
    fn of_head(&self, miss: &Miss, blocker: &Blocker) -> String {
        let LiteralKind::Compare(_, left, _) = &blocker.literal.kind else { return String::new() };
        let gives = self.words.written_expr(miss.rule, left);
        match &blocker.obstacle {
            Obstacle::Compared(a, b) => format!(
                "its head gives {gives} = {}, not {}",
                self.words.value(*a),
                self.words.value(*b)
            ),
            _ => format!("its head gives {gives}, which has no value"),
        }
    }

    /// What a value was counted or added up from.
    fn contributors(&mut self, indent: &str, miss: &Miss, from: &Contributors) {
        let name = self.words.name(miss.rule, from.var).unwrap_or("it").to_owned();
        let how = match from.kind {
            AggregateKind::Count => "counts",
            AggregateKind::Sum => "adds up",
            AggregateKind::Mean => "is the mean of",
            AggregateKind::Min => "is the least of",
            AggregateKind::Max => "is the greatest of",
        };
        let mut rows: Vec<String> = from.rows.iter().map(|row| self.contributor(row)).collect();
        if from.count > rows.len() && !matches!(from.kind, AggregateKind::Min | AggregateKind::Max)
        {
            rows.push(counted(from.count - rows.len(), "more", "more"));
        }
        if rows.is_empty() {
            self.line(indent, &format!("{name} {how} nothing"));
        } else {
            let count = match (from.kind, from.count) {
                (AggregateKind::Min | AggregateKind::Max, _) => String::new(),
                (_, 1) => "only ".to_owned(),
                (_, n) => format!("{n}: "),
            };
            self.line(indent, &format!("{name} {how} {count}{}", rows.join("; ")));
        }
    }

    fn contributor(&self, row: &Contributor) -> String {
        let who: Vec<String> = row.claims.iter().map(|claim| self.who(*claim)).collect();
        let atoms: Vec<String> = row.atoms.iter().map(|atom| self.words.tuple(atom)).collect();
        let what = if who.is_empty() { atoms.join(" and ") } else { who.join(" and ") };
        match row.value {
            Some(value) => format!("{} from {what}", self.words.value(value)),
            None => what,
        }
    }

    /// A claim with the label of whose it is.
    fn who(&self, claim: LeafId) -> String {
        let leaf = &self.words.given.leaves.leaves[claim];
        let id = visible(&leaf.id);
        match &leaf.evidence {
            Some(evidence) => format!("{} ({id})", self.words.label(&evidence.origin)),
            None => id,
        }
    }

    /// What is not shown.
    fn further(&mut self, indent: &str, whynot: &WhyNot) {
        let shown: usize = whynot.misses.iter().map(|miss| 1 + miss.others + miss.mirrored).sum();
        let all: usize = whynot.rules.iter().flat_map(|rule| rule.blocked_by).sum();
        let mut lines = Vec::new();
        if all > shown {
            let more = counted(all - shown, "more case comes", "more cases come");
            lines.push(format!("{more} near, further off or like these"));
        }
        let (ways, looked_at) = whynot.rules.iter().fold((0, 0), |(ways, looked_at), rule| {
            (ways + rule.reach.ways, looked_at + rule.reach.looked_at)
        });
        if looked_at < ways {
            let text = format!(
                "the search stopped at its budget: {looked_at} of {ways} ways to leave out one or \
                 two conditions were looked at to the end"
            );
            lines.push(text);
        }
        if !lines.is_empty() {
            self.out.push('\n');
        }
        for line in lines {
            self.line(indent, &line);
        }
    }
}

impl Printer<'_> {
    /// What would make it hold.
    fn repairs(&mut self, repairs: &[Repair]) {
        if repairs.is_empty() {
            return;
        }
        self.out.push('\n');
        self.line("", "it would hold if (each checked by a run on the changed input)");
        for (at, repair) in repairs.iter().enumerate() {
            let steps: Vec<String> = repair.steps.iter().map(|step| self.step(step)).collect();
            let letter = char::from(b'a' + u8::try_from(at % 26).unwrap_or_default());
            let text = steps.join(", and ");
            self.hanging(&format!("  {letter}  "), "     ", &text);
        }
    }

    fn step(&self, step: &Step) -> String {
        let leaves = &self.words.given.leaves.leaves;
        match step {
            Step::Withdraw(claim) => format!("{} were withdrawn", self.claim_of(*claim)),
            Step::Retract(relation, tuple) => {
                let values: Vec<Option<Value>> = tuple.iter().map(|v| Some(*v)).collect();
                format!("{} were not there", self.words.atom(*relation, &values))
            }
            Step::Assume(relation, pattern) => {
                format!("{} were there", self.words.atom(*relation, pattern))
            }
            Step::OneMore(like, source) => {
                let id = visible(&leaves[*like].id);
                let source = self.words.label(source);
                format!("another source said the same as {id}, for example {source}")
            }
        }
    }

    /// A claim by its id, and whose it is.
    fn claim_of(&self, claim: LeafId) -> String {
        let leaf = &self.words.given.leaves.leaves[claim];
        let id = visible(&leaf.id);
        match &leaf.evidence {
            Some(evidence) => {
                format!("claim {id} of {}", self.words.label(&evidence.origin))
            }
            None => format!("claim {id}"),
        }
    }
}

/// Rules with other values that are named.
const APART_MAX: usize = 5;

/// The values that are nearest by spelling.
fn near(unknown: &Unknown) -> String {
    let near: Vec<String> =
        unknown.near.iter().map(|text| format!("\"{}\"", visible(text))).collect();
    near.join(" or ")
}
