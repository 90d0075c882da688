//! [`Words`]: values, atoms and literals of a proof in the words of its reader: rules as written,
//! values for variables, labels for ids.

use crate::base::ids::{RelationId, RuleId, VarId};
use crate::program::builtins::Op;
use crate::program::program::{Arg, Expr, Literal, LiteralKind, Program};
use crate::provenance::check::Given;
use crate::provenance::leaves::{Evidence, Leaf};
use crate::provenance::proof::{
    AbsentNode, AggregateNode, Binding, BuiltinNode, Conclusion, LeafRef, Row, RuleNode, Site,
};
use crate::show::safe::{visible, width};
use crate::text::files::Files;
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

/// Longer titles of documents are not repeated with every quote.
const LABEL_MAX: usize = 28;

/// Where a literal's variables take their values from.
#[derive(Clone, Copy)]
enum Fill<'b> {
    /// They stand as written.
    Names,
    /// From a binding.
    Values(&'b Binding),
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

    /// A value for reading: the label of an id, else the bare text.
    #[must_use]
    pub fn label_of(&self, value: Value) -> String {
        self.label(&value.plain(&self.program().symbols))
    }

    /// The label of an id, or the id itself.
    #[must_use]
    pub fn label(&self, id: &str) -> String {
        visible(self.given.leaves.labels.get(id).map_or(id, String::as_str))
    }

    /// An atom as in a rule file; `_` where any value is meant.
    #[must_use]
    pub fn atom(&self, relation: RelationId, values: &[Option<Value>]) -> String {
        let text = |value: &Option<Value>| value.map_or_else(|| "_".to_owned(), |v| self.value(v));
        let values: Vec<String> = values.iter().map(text).collect();
        format!("{}({})", self.program().relations[relation].name, values.join(", "))
    }

    /// A tuple as in a rule file.
    #[must_use]
    pub fn tuple(&self, conclusion: &Conclusion) -> String {
        let values: Vec<Option<Value>> = conclusion.tuple.iter().map(|v| Some(*v)).collect();
        self.atom(conclusion.relation, &values)
    }

    /// The sentence of a rule for what it gives here, if it has one.
    #[must_use]
    pub fn sentence(&self, node: &RuleNode) -> Option<String> {
        let rule = &self.program().rules[node.rule];
        let say = rule.say.as_ref()?;
        let mut out = String::new();
        let mut rest = say.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let (name, next) = after.split_once('}').unwrap_or((after, ""));
            out.push_str(before);
            let named = |var: VarId| rule.vars[var].name.as_deref() == Some(name.trim());
            match node.binding.iter().find(|(var, _)| named(*var)) {
                Some((_, value)) => out.push_str(&self.label_of(*value)),
                None => out.push_str(name),
            }
            rest = next;
        }
        out.push_str(rest);
        Some(out)
    }

    /// That no such tuple is there, and how that is known.
    #[must_use]
    pub fn absence(&self, node: &AbsentNode) -> (String, &'static str) {
        let relation = &self.program().relations[node.relation];
        let is_derived = self.program().rules_of(node.relation).next().is_some();
        let how = if is_derived { "no rule gives it" } else { "none on file" };
        let first = node.pattern.first().copied().flatten();
        let text = match (relation.name.as_str(), first) {
            ("retract", Some(claim)) if !is_derived => {
                return (format!("no retraction of {} on file", self.label_of(claim)), "");
            }
            _ => format!("not {}", self.atom(node.relation, &node.pattern)),
        };
        (text, how)
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
                Some(self.atom(atom.relation, &values))
            }
            _ => None,
        };
        body.iter().filter_map(atom).collect::<Vec<_>>().join("; ")
    }

    /// A comparison, test or range with its values, and as written where that differs.
    #[must_use]
    pub fn builtin(&self, node: &BuiltinNode) -> (String, Option<String>) {
        let filled = self.literal(&node.site, Fill::Values(&node.binding));
        let named = node.binding.iter().all(|(var, _)| self.name(node.site.rule, *var).is_some());
        let written = self.literal(&node.site, Fill::Names);
        let differs = named && written != filled;
        (filled, differs.then_some(written))
    }

    /// The name of a variable as written.
    #[must_use]
    pub fn name(&self, rule: RuleId, var: VarId) -> Option<&'a str> {
        self.program().rules[rule].vars.get(var)?.name.as_deref()
    }

    fn literal(&self, site: &Site, fill: Fill<'_>) -> String {
        let Some(literal) = site.literal(self.program()) else { return String::new() };
        let expr = |expr: &Expr| self.expr(site.rule, expr, fill, 0);
        let exprs = |args: &[Expr]| args.iter().map(expr).collect::<Vec<_>>().join(", ");
        match &literal.kind {
            LiteralKind::Compare(op, left, right) => {
                format!("{} {} {}", expr(left), op.text(), expr(right))
            }
            LiteralKind::Test { test, args, negated } => {
                format!("{}{}({})", if *negated { "!" } else { "" }, test.name(), exprs(args))
            }
            LiteralKind::Range { var, args } => {
                let is = match fill {
                    Fill::Names => "=",
                    Fill::Values(_) => "is in",
                };
                format!("{} {is} range({})", expr(&Expr::Var(*var)), exprs(args))
            }
            LiteralKind::Constant(holds) => holds.to_string(),
            LiteralKind::Atom(_) | LiteralKind::Absent(_) | LiteralKind::Aggregate { .. } => {
                visible(self.files.text_of(literal.span))
            }
        }
    }

    /// An expression; in parentheses where it binds less than `around`.
    fn expr(&self, rule: RuleId, expr: &Expr, fill: Fill<'_>, around: u8) -> String {
        match expr {
            Expr::Const(value) => self.value(*value),
            Expr::Var(var) => {
                let value = match fill {
                    Fill::Values(binding) => binding.iter().find(|(v, _)| v == var),
                    Fill::Names => None,
                };
                match value {
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

    /// What a document is called beside a quote: its label, or its id if the label is long, and
    /// then the label apart.
    #[must_use]
    pub fn document(&self, id: &str) -> (String, Option<String>) {
        let label = self.label(id);
        if width(&label) <= LABEL_MAX { (label, None) } else { (visible(id), Some(label)) }
    }

    /// The quoted words and where they stand.
    #[must_use]
    pub fn quote(&self, evidence: &Evidence) -> (Option<String>, String) {
        let mut place = self.document(&evidence.document).0;
        if let Some(line) = evidence.line {
            place = format!("{place}, line {line}");
        }
        if let Some((start, end)) = evidence.span {
            place = format!("{place}, characters {start}–{end}");
        }
        if evidence.quote.is_some() && !evidence.verified {
            place = format!("{place}, not compared with the document");
        }
        (evidence.quote.as_ref().map(|quote| format!("“{}”", visible(quote))), place)
    }
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
