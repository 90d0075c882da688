//! [`Words`]: values, atoms and literals of a proof in the words of its reader: rules as written,
//! values for variables, labels for ids.

use crate::base::ids::{RelationId, RuleId, TypeId, VarId};
use crate::claims::date;
use crate::program::builtins::Op;
use crate::program::program::{Arg, Atom, Column, Expr, Literal, LiteralKind, Program};
use crate::program::sentence::fill;
use crate::provenance::check::Given;
use crate::provenance::leaves::{Evidence, Leaf};
use crate::provenance::proof::{
    AbsentNode, AggregateNode, Binding, BuiltinNode, Conclusion, LeafRef, Row, RuleNode, Site,
};
use crate::show::safe::visible;
use crate::text::files::Files;
use crate::text::numbers::grouped;
use crate::text::span::Span;
use crate::value::value::Value;

/// Names and texts that a proof speaks with.
#[derive(Clone, Copy)]
pub struct Words<'a> {
    /// Program, tables and leaves.
    pub given: Given<'a>,
    /// Texts that spans point into.
    pub files: &'a Files,
}

/// Numbers from here on are grouped in sentences. Years are not.
const GROUPED_FROM: u64 = 10_000;
/// Digits of a float in a sentence.
const DIGITS: i32 = 3;

/// Where a literal's variables take their values from.
#[derive(Clone, Copy)]
enum Fill<'b> {
    /// They stand as written.
    Names,
    /// From a binding.
    Values(&'b Binding),
    /// From a binding, days as dates.
    Dates(&'b Binding),
}

impl<'a> Words<'a> {
    fn program(&self) -> &'a Program {
        self.given.program
    }

    /// A value as in a rule file.
    #[must_use]
    pub fn value(&self, value: Value) -> String {
        visible(&value.quoted(&self.program().symbols))
    }

    /// A value as in a rule file, but a day as a date.
    fn dated(&self, value: Value, is_date: bool) -> String {
        match value {
            Value::Number(day) if is_date => date::iso(day),
            _ => self.value(value),
        }
    }

    /// A value in a sentence: the label of an id, a day as a date, a number as it is read. Exact
    /// values stand in what the sentence is about.
    fn read(&self, value: Value, (is_date, by_id): (bool, bool)) -> String {
        match value {
            Value::Number(day) if is_date => date::iso(day),
            Value::Number(n) if n.unsigned_abs() >= GROUPED_FROM => {
                let sign = if n < 0 { "-" } else { "" };
                format!("{sign}{}", grouped(n.unsigned_abs()))
            }
            Value::Unsigned(n) if n >= GROUPED_FROM => grouped(n),
            Value::Float(x) => rounded(x.get()).unwrap_or_else(|| self.value(value)),
            _ if by_id => visible(&value.plain(&self.program().symbols)),
            _ => self.label(&value.plain(&self.program().symbols)),
        }
    }

    /// The value of a variable, a day as a date.
    #[must_use]
    pub fn value_of(&self, rule: RuleId, var: VarId, value: Value) -> String {
        self.dated(value, self.is_date(rule, var))
    }

    /// Whether a variable stands for a day: in the head or in an atom.
    fn is_date(&self, rule: RuleId, var: VarId) -> bool {
        let program = self.program();
        let about = &program.rules[rule];
        let columns = &program.relations[about.head].columns;
        let in_head = columns.iter().zip(&about.head_args).any(|(column, arg)| {
            matches!(arg, Expr::Var(v) if *v == var) && program.is_date(column.ty)
        });
        in_head || in_date_column(program, &about.body, var)
    }

    /// The label of an id, or the id itself.
    #[must_use]
    pub fn label(&self, id: &str) -> String {
        visible(self.given.leaves.labels.get(id).map_or(id, String::as_str))
    }

    /// An atom as in a rule file; `_` where any value is meant.
    #[must_use]
    pub fn atom(&self, relation: RelationId, values: &[Option<Value>]) -> String {
        self.shaped(relation, values, false)
    }

    /// The same with days as dates.
    fn shaped(&self, relation: RelationId, values: &[Option<Value>], dates: bool) -> String {
        let relation = &self.program().relations[relation];
        let texts = relation.columns.iter().zip(values).map(|(column, value)| {
            let is_date = dates && self.program().is_date(column.ty);
            value.map_or_else(|| "_".to_owned(), |value| self.dated(value, is_date))
        });
        format!("{}({})", relation.name, texts.collect::<Vec<_>>().join(", "))
    }

    /// An atom as in a rule file, but with days as dates; `_` where any value is meant.
    #[must_use]
    pub fn dated_atom(&self, relation: RelationId, values: &[Option<Value>]) -> String {
        self.shaped(relation, values, true)
    }

    /// A value of a type as in a rule file, but a day as a date.
    #[must_use]
    pub fn dated_value(&self, value: Value, ty: TypeId) -> String {
        self.dated(value, self.program().is_date(ty))
    }

    /// A tuple as in a rule file, but with days as dates.
    #[must_use]
    pub fn dated_tuple(&self, conclusion: &Conclusion) -> String {
        let values: Vec<Option<Value>> = conclusion.tuple.iter().map(|v| Some(*v)).collect();
        self.shaped(conclusion.relation, &values, true)
    }

    /// What a tuple says: the sentence of its relation, else the tuple with days as dates.
    #[must_use]
    pub fn says(&self, conclusion: &Conclusion) -> String {
        let values: Vec<Option<Value>> = conclusion.tuple.iter().map(|v| Some(*v)).collect();
        self.says_atom(conclusion.relation, &values)
    }

    fn says_atom(&self, relation: RelationId, values: &[Option<Value>]) -> String {
        let say = self.program().relations[relation].words.say.as_deref();
        say.and_then(|say| self.filled(say, relation, values))
            .unwrap_or_else(|| self.shaped(relation, values, true))
    }

    /// A sentence about columns, if it needs none that may have any value.
    fn filled(
        &self,
        template: &str,
        relation: RelationId,
        values: &[Option<Value>],
    ) -> Option<String> {
        let columns = &self.program().relations[relation].columns;
        let text = |name: &str, by_id: bool| {
            let at = columns.iter().position(|column| column.name == name)?;
            let is_date = self.program().is_date(columns[at].ty);
            values[at].map(|value| self.read(value, (is_date, by_id)))
        };
        fill(template, &text, &range)
    }

    /// A tuple as in a rule file.
    #[must_use]
    pub fn tuple(&self, conclusion: &Conclusion) -> String {
        let values: Vec<Option<Value>> = conclusion.tuple.iter().map(|v| Some(*v)).collect();
        self.atom(conclusion.relation, &values)
    }

    /// The sentence for what a rule gives here: its own, or that of its relation.
    #[must_use]
    pub fn sentence(&self, node: &RuleNode) -> Option<String> {
        let rule = &self.program().rules[node.rule];
        let Some(say) = &rule.say else {
            let conclusion = &node.conclusion;
            let say = self.program().relations[conclusion.relation].words.say.as_deref()?;
            let values: Vec<Option<Value>> = conclusion.tuple.iter().map(|v| Some(*v)).collect();
            return self.filled(say, conclusion.relation, &values);
        };
        let text = |name: &str, by_id: bool| {
            let named = |var: VarId| rule.vars[var].name.as_deref() == Some(name);
            let found = node.binding.iter().find(|(var, _)| named(*var));
            let read = |(var, value): &(VarId, Value)| {
                self.read(*value, (self.is_date(node.rule, *var), by_id))
            };
            Some(found.map_or_else(|| name.to_owned(), read))
        };
        fill(say, &text, &range)
    }

    /// That no such tuple is there, and how that is known where the words do not say it.
    #[must_use]
    pub fn absence(&self, node: &AbsentNode) -> (String, &'static str) {
        let relation = &self.program().relations[node.relation];
        for template in &relation.words.absent {
            if let Some(text) = self.filled(template, node.relation, &node.pattern) {
                return (text, "");
            }
        }
        let is_derived = self.program().rules_of(node.relation).next().is_some();
        let how = if is_derived { "no rule gives it" } else { "none on file" };
        (format!("not {}", self.shaped(node.relation, &node.pattern, true)), how)
    }

    /// The atoms of an aggregate's body for a row: what is taken together.
    #[must_use]
    pub fn atoms(&self, node: &AggregateNode, row: &Row) -> String {
        let body = node.site.body(self.program()).unwrap_or_default();
        let value = |var: &VarId| {
            let found = row.binding.iter().chain(&node.outer).find(|(known, _)| known == var);
            found.map(|(_, value)| *value)
        };
        let atom = |literal: &Literal| match &literal.kind {
            LiteralKind::Atom(atom) => {
                let values: Vec<Option<Value>> = atom
                    .args
                    .iter()
                    .map(|arg| match arg {
                        Arg::Var(var) => value(var),
                        Arg::Const(value) => Some(*value),
                    })
                    .collect();
                Some(self.says_atom(atom.relation, &values))
            }
            _ => None,
        };
        body.iter().filter_map(atom).collect::<Vec<_>>().join("; ")
    }

    /// A comparison, test or range with its values, and as written where that differs.
    #[must_use]
    pub fn builtin(&self, node: &BuiltinNode) -> (String, Option<String>) {
        let filled = self.literal(&node.site, Fill::Dates(&node.binding));
        let named = node.binding.iter().all(|(var, _)| self.name(node.site.rule, *var).is_some());
        let written = self.literal(&node.site, Fill::Names);
        let differs = named && written != filled;
        (filled, differs.then_some(written))
    }

    /// The same with its values as stored.
    #[must_use]
    pub fn exact(&self, node: &BuiltinNode) -> String {
        self.literal(&node.site, Fill::Values(&node.binding))
    }

    /// The name of a variable as written.
    #[must_use]
    pub fn name(&self, rule: RuleId, var: VarId) -> Option<&'a str> {
        self.program().rules[rule].vars.get(var)?.name.as_deref()
    }

    /// A variable of an aggregate by its name or, if it has none, by the column where it stands.
    #[must_use]
    pub fn column(&self, site: &Site, var: VarId) -> String {
        if let Some(name) = self.name(site.rule, var) {
            return name.to_owned();
        }
        let aggregate = site.aggregate(self.program()).map(|(_, aggregate)| aggregate);
        let columns = aggregate.into_iter().flat_map(|of| &of.body).find_map(|literal| {
            let LiteralKind::Atom(atom) = &literal.kind else { return None };
            let at = atom.args.iter().position(|arg| *arg == Arg::Var(var))?;
            Some(self.program().relations[atom.relation].columns[at].name.clone())
        });
        columns.unwrap_or_default()
    }

    /// A literal with values for variables; those that have none stand as written.
    #[must_use]
    pub fn with_values(&self, rule: RuleId, literal: &Literal, binding: &Binding) -> String {
        self.literal_of(rule, literal, Fill::Dates(binding))
    }

    /// The head of a rule with values for variables; `_` for those that have none.
    #[must_use]
    pub fn head(&self, rule: RuleId, binding: &Binding) -> String {
        let of = &self.program().rules[rule];
        let arg = |arg: &Expr| match arg {
            Expr::Var(var) if binding.iter().all(|(known, _)| known != var) => "_".to_owned(),
            other => self.expr(rule, other, Fill::Dates(binding), 0),
        };
        let args: Vec<String> = of.head_args.iter().map(arg).collect();
        format!("{}({})", self.program().relations[of.head].name, args.join(", "))
    }

    /// A literal as written; in the words of the file where it has parts without a name.
    #[must_use]
    pub fn written(&self, rule: RuleId, literal: &Literal) -> String {
        let mut named = true;
        if let LiteralKind::Compare(..) = literal.kind {
            literal.each_var(&mut |var| named &= self.name(rule, var).is_some());
        }
        if named {
            return self.literal_of(rule, literal, Fill::Names);
        }
        visible(self.files.text_of(literal.span))
    }

    /// An expression as written.
    #[must_use]
    pub fn written_expr(&self, rule: RuleId, expr: &Expr) -> String {
        self.expr(rule, expr, Fill::Names, 0)
    }

    fn literal(&self, site: &Site, fill: Fill<'_>) -> String {
        let Some(literal) = site.literal(self.program()) else { return String::new() };
        self.literal_of(site.rule, literal, fill)
    }

    fn literal_of(&self, rule: RuleId, literal: &Literal, fill: Fill<'_>) -> String {
        let expr = |expr: &Expr| self.expr(rule, expr, fill, 0);
        let exprs = |args: &[Expr]| args.iter().map(expr).collect::<Vec<_>>().join(", ");
        let atom = |atom: &Atom| {
            let arg = |arg: &Arg| match arg {
                Arg::Var(var) => expr(&Expr::Var(*var)),
                Arg::Const(value) => self.value(*value),
            };
            let args: Vec<String> = atom.args.iter().map(arg).collect();
            format!("{}({})", self.program().relations[atom.relation].name, args.join(", "))
        };
        match &literal.kind {
            LiteralKind::Atom(positive) => atom(positive),
            LiteralKind::Absent(absent) => format!("not {}", atom(absent)),
            LiteralKind::Compare(op, left, right) => {
                format!("{} {} {}", expr(left), op.text(), expr(right))
            }
            LiteralKind::Test { test, args, negated } => {
                format!("{}{}({})", if *negated { "!" } else { "" }, test.name(), exprs(args))
            }
            LiteralKind::Range { var, args } => {
                let is = match fill {
                    Fill::Names => "=",
                    Fill::Values(_) | Fill::Dates(_) => "is in",
                };
                format!("{} {is} range({})", expr(&Expr::Var(*var)), exprs(args))
            }
            LiteralKind::Constant(holds) => holds.to_string(),
            LiteralKind::Aggregate { var, aggregate } => {
                let of = aggregate.value.as_ref().map(expr);
                let name = [Some(aggregate.kind.name().to_owned()), of];
                let name: Vec<String> = name.into_iter().flatten().collect();
                let body: Vec<String> = aggregate
                    .body
                    .iter()
                    .map(|literal| self.literal_of(rule, literal, fill))
                    .collect();
                let var = expr(&Expr::Var(*var));
                format!("{var} = {} : {{ {} }}", name.join(" "), body.join(", "))
            }
        }
    }

    /// An expression; in parentheses where it binds less than `around`.
    fn expr(&self, rule: RuleId, expr: &Expr, fill: Fill<'_>, around: u8) -> String {
        match expr {
            Expr::Const(value) => self.value(*value),
            Expr::Var(var) => {
                let value = match fill {
                    Fill::Values(binding) | Fill::Dates(binding) => {
                        binding.iter().find(|(v, _)| v == var)
                    }
                    Fill::Names => None,
                };
                match value {
                    Some((_, value)) if matches!(fill, Fill::Dates(_)) => {
                        self.value_of(rule, *var, *value)
                    }
                    Some((_, value)) => self.value(*value),
                    None => self.name(rule, *var).unwrap_or("_").to_owned(),
                }
            }
            Expr::Call { functor, args, .. } => {
                let name = functor.op.name();
                let level = level(functor.op, args.len());
                let arg = |at: usize, around: u8| self.expr(rule, &args[at], fill, around);
                let text = match (level, args.len()) {
                    (Some(level), 2) => {
                        format!("{} {name} {}", arg(0, level), arg(1, level + 1))
                    }
                    (Some(level), 1) if name == "-" => format!("-{}", arg(0, level + 1)),
                    (Some(level), 1) => format!("{name} {}", arg(0, level + 1)),
                    _ => {
                        let args: Vec<String> = (0..args.len()).map(|at| arg(at, 0)).collect();
                        return format!("{name}({})", args.join(", "));
                    }
                };
                if level.is_some_and(|level| level < around) { format!("({text})") } else { text }
            }
        }
    }

    /// `file:line` of a place.
    #[must_use]
    pub fn place(&self, span: Span) -> String {
        let at = self.files.position(span);
        format!("{}:{}", visible(&self.files.get(span.file).name), at.line)
    }

    /// The record of a leaf, if it has one.
    #[must_use]
    pub fn leaf(&self, leaf: LeafRef) -> Option<&'a Leaf> {
        match leaf {
            LeafRef::Row(id) => Some(&self.given.leaves.leaves[id]),
            LeafRef::Fact(_) | LeafRef::Input => None,
        }
    }

    /// Who says it and how: `Ukrainian officials via CNN, projected`.
    #[must_use]
    pub fn voice(&self, evidence: &Evidence) -> String {
        let mut text = self.label(&evidence.origin);
        if !evidence.conduits.is_empty() {
            let conduits: Vec<String> = evidence.conduits.iter().map(|id| self.label(id)).collect();
            text = format!("{text} via {}", conduits.join(", "));
        }
        text = format!("{text}, {}", visible(&evidence.modality));
        if evidence.polarity != "affirmed" && !evidence.polarity.is_empty() {
            text = format!("{text}, {}", visible(&evidence.polarity));
        }
        text
    }

    /// The quoted words and where they stand, after what the document is called.
    #[must_use]
    pub fn quote(&self, evidence: &Evidence, document: Option<&str>) -> (Option<String>, String) {
        let mut place: Vec<String> = document.map(str::to_owned).into_iter().collect();
        if let Some(line) = evidence.line {
            place.push(format!("line {line}"));
        }
        if let Some((start, end)) = evidence.span {
            place.push(format!("characters {start}–{end}"));
        }
        if evidence.quote.is_some() && !evidence.verified {
            place.push("not compared with the document".to_owned());
        }
        let quote = evidence.quote.as_ref().map(|quote| format!("“{}”", visible(quote)));
        (quote, place.join(", "))
    }
}

/// Two ends of a range.
fn range(from: String, to: String) -> String {
    // Both ends are written in the same way.
    if from.contains(',') || to.contains(',') {
        let even = |end: String| end.parse::<u64>().map_or(end, grouped);
        return format!("{} to {}", even(from), even(to));
    }
    format!("{from} to {to}")
}

/// Whether a variable stands in a column of days, inside aggregates too.
fn in_date_column(program: &Program, body: &[Literal], var: VarId) -> bool {
    body.iter().any(|literal| match &literal.kind {
        LiteralKind::Aggregate { aggregate, var: value, .. } => {
            let is_value = *value == var
                && matches!(&aggregate.value, Some(Expr::Var(inner))
                    if in_date_column(program, &aggregate.body, *inner));
            is_value || in_date_column(program, &aggregate.body, var)
        }
        kind => kind.atom().is_some_and(|atom| {
            let columns = &program.relations[atom.relation].columns;
            let stands = |(column, arg): (&Column, &Arg)| {
                matches!(arg, Arg::Var(v) if *v == var) && program.is_date(column.ty)
            };
            columns.iter().zip(&atom.args).any(stands)
        }),
    })
}

/// A float to three digits, if it is neither very large nor very small.
fn rounded(x: f64) -> Option<String> {
    let size = x.abs();
    if !(1e-4..1e6).contains(&size) {
        return None;
    }
    // At most 6 and at least -4, so nothing is lost.
    #[expect(clippy::cast_possible_truncation, reason = "a small whole number")]
    let before = size.log10().floor() as i32 + 1;
    let places = usize::try_from(DIGITS - before).unwrap_or(0);
    let text = format!("{x:.places$}");
    if places > 0 {
        return Some(text.trim_end_matches('0').trim_end_matches('.').to_owned());
    }
    let (sign, digits) = text.strip_prefix('-').map_or(("", &*text), |digits| ("-", digits));
    let whole = digits.parse::<u64>().ok().filter(|n| *n >= GROUPED_FROM);
    Some(whole.map_or_else(|| text.clone(), |n| format!("{sign}{}", grouped(n))))
}

/// How tightly an operator binds; nothing for functors written as calls.
fn level(op: Op, args: usize) -> Option<u8> {
    match op {
        Op::Lor => Some(1),
        Op::Lxor => Some(2),
        Op::Land => Some(3),
        Op::Bor => Some(4),
        Op::Bxor => Some(5),
        Op::Band => Some(6),
        Op::Bshl | Op::Bshr | Op::Bshru => Some(7),
        Op::Add | Op::Sub => Some(8),
        Op::Mul | Op::Div | Op::Rem => Some(9),
        Op::Pow => Some(10),
        Op::Neg | Op::Bnot | Op::Lnot => Some(11),
        Op::Min | Op::Max | Op::Cat | Op::Strlen | Op::Substr => None,
        Op::ToNumber | Op::ToUnsigned | Op::ToFloat | Op::ToText => None,
    }
    .filter(|_| args <= 2)
}
