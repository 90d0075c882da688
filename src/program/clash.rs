//! The messages about types that do not fit: both sides, and the declarations they come from.

use crate::base::ids::{RelationId, TypeId};
use crate::program::draft::{Draft, Term, TermKind};
use crate::program::functors::Bases;
use crate::program::names::Names;
use crate::program::typing::{Why, WhyKind};
use crate::syntax::ast::CompareOp;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;
use crate::value::base_type::BaseType;
use crate::value::value::quote;

/// A term with the types that it may have.
#[derive(Clone, Copy)]
pub(crate) struct Side<'a> {
    pub(crate) term: &'a Term,
    pub(crate) bases: Bases,
    pub(crate) why: Option<Why>,
}

/// Where an atom stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Body,
    Head,
}

/// Two uses that do not fit.
pub(crate) enum Clash<'a> {
    /// An argument and its column.
    Column(RelationId, usize, Place, Side<'a>),
    /// The two sides of a comparison.
    Compare(CompareOp, Side<'a>, Side<'a>),
    /// An argument and what the functor, test or aggregate of that name takes.
    Operand(&'static str, Bases, Side<'a>),
    /// Two arguments that must be of one type.
    Operands(&'static str, Side<'a>, Side<'a>),
    /// A variable or term and the value that something gives it.
    Value(&'static str, Side<'a>, Side<'a>),
    /// What something gives, and a variable that cannot hold it.
    Given(&'static str, Bases, Side<'a>),
    /// `as` to a type of another base.
    As(TypeId, Side<'a>),
}

impl Clash<'_> {
    /// The message.
    pub(crate) fn report(&self, draft: &Draft, names: &Names) -> Diagnostic {
        let text = Texts { draft, names };
        match self {
            Self::Column(relation, column, place, side) => {
                text.column((*relation, *column), *place, side)
            }
            Self::Compare(op, left, right) => text.compare(*op, left, right),
            Self::Operand(name, wanted, side) => text.operand(name, *wanted, side),
            Self::Operands(name, a, b) => text.operands(name, a, b),
            Self::Value(name, var, value) => text.value(name, var, value),
            Self::Given(name, given, side) => text.given(name, *given, side),
            Self::As(ty, side) => text.as_type(*ty, side),
        }
    }
}

/// `a number`, `an unsigned`, `a number, unsigned or float`.
fn article(bases: Bases) -> String {
    let text = bases.text();
    if text.starts_with('u') { format!("an {text}") } else { format!("a {text}") }
}

/// The range of an integer type, for messages.
fn limits(base: BaseType) -> String {
    match base {
        BaseType::Number => format!("`number` is {}..{}", i64::MIN, i64::MAX),
        BaseType::Unsigned => format!("`unsigned` is 0..{}", u64::MAX),
        BaseType::Float | BaseType::Symbol => format!("`{base}`"),
    }
}

impl Side<'_> {
    /// The types that the term may have, an integer literal as the number it looks like.
    fn text(&self) -> String {
        self.shown().text()
    }

    fn shown(&self) -> Bases {
        match self.term.kind {
            TermKind::Integer(_) if self.bases.has(BaseType::Number) => {
                Bases::only(BaseType::Number)
            }
            _ => self.bases,
        }
    }
}

struct Texts<'a> {
    draft: &'a Draft,
    names: &'a Names,
}

impl Texts<'_> {
    /// `` `n` ``, `` `"10k"` ``, `this expression`.
    fn name(&self, term: &Term) -> String {
        match &term.kind {
            TermKind::Var(var) if self.draft.vars[*var].name.is_some() => {
                format!("`{}`", self.draft.var_name(*var))
            }
            TermKind::Var(_) => "this expression".to_owned(),
            TermKind::Integer(n) => format!("`{n}`"),
            TermKind::Unsigned(n) => format!("`{n}u`"),
            TermKind::Float(x) => format!("`{x}`"),
            TermKind::Text(text) => format!("`{}`", quote(text)),
            TermKind::Call { name, .. } => format!("the value of `{name}`"),
            TermKind::As { .. } => "the value of `as`".to_owned(),
        }
    }

    /// The column that a variable without a name stands for: an expression was written there.
    fn stands_for(&self, side: &Side<'_>) -> Option<(RelationId, usize)> {
        match (side.term.var(), side.why) {
            (Some(var), Some(Why { kind: WhyKind::Column(relation, column), .. }))
                if self.draft.vars[var].name.is_none() =>
            {
                Some((relation, column))
            }
            _ => None,
        }
    }

    /// Shows where the types of a side come from, unless the side itself says it.
    fn because(&self, diagnostic: Diagnostic, side: &Side<'_>) -> Diagnostic {
        let Some(why) = side.why else { return diagnostic };
        let elsewhere = !is_inside(why.span, side.term.span);
        let name = self.name(side.term);
        match why.kind {
            WhyKind::Column(relation, column) => {
                let declared = &self.names.relations[relation].columns[column];
                diagnostic.label(
                    self.names.type_span(relation, column),
                    format!(
                        "because column `{}` is declared {}",
                        declared.name, self.names.types.table[declared.ty].name
                    ),
                )
            }
            WhyKind::Functor(functor) if elsewhere => diagnostic
                .label(why.span, format!("{name} is {} because of `{functor}` here", side.text())),
            WhyKind::Aggregate(kind) if elsewhere => diagnostic.label(
                why.span,
                format!("{name} is {} because of `{}` here", side.text(), kind.name()),
            ),
            WhyKind::As(ty) if elsewhere => diagnostic
                .label(why.span, format!("{name} is `{}` here", self.names.types.table[ty].name)),
            WhyKind::Literal if elsewhere => {
                diagnostic.label(why.span, format!("{name} is {} here", side.text()))
            }
            _ => diagnostic,
        }
    }

    fn column(
        &self,
        (relation, column): (RelationId, usize),
        place: Place,
        side: &Side<'_>,
    ) -> Diagnostic {
        let declared = &self.names.relations[relation];
        let (relation_name, column_name) = (&declared.name, &declared.columns[column].name);
        let wanted = declared.columns[column].base;
        let declaration = self.names.type_span(relation, column);
        let because = format!(
            "because column `{column_name}` is declared {}",
            self.names.types.table[declared.columns[column].ty].name
        );
        if let Some(diagnostic) = out_of_range(side.term, Bases::only(wanted)) {
            return diagnostic.label(declaration, because);
        }
        let name = self.name(side.term);
        let found = article(side.shown());
        let takes = match place {
            Place::Body => "holds",
            Place::Head => "takes",
        };
        let message = format!(
            "{name} is {found}, but column `{column_name}` of `{relation_name}` {takes} {}",
            article(Bases::only(wanted))
        );
        let mut diagnostic = Diagnostic::new(Code::H0104, message)
            .label(side.term.span, format!("expected {wanted}, found {}", side.text()))
            .label(declaration, because);
        if let Some(Why { span, kind: WhyKind::Column(..) }) = side.why
            && !is_inside(span, side.term.span)
        {
            let what = if self.stands_for(side).is_some() { "this" } else { &name };
            diagnostic = diagnostic.label(span, format!("{what} is {} here", side.text()));
        }
        let diagnostic = self.because(diagnostic, side);
        self.remedy(diagnostic, side, Bases::only(wanted))
    }

    fn compare(&self, op: CompareOp, left: &Side<'_>, right: &Side<'_>) -> Diagnostic {
        // The side with a declaration behind it says what is expected.
        let is_constant = |side: &Side<'_>| {
            matches!(
                side.term.kind,
                TermKind::Integer(_)
                    | TermKind::Float(_)
                    | TermKind::Text(_)
                    | TermKind::Unsigned(_)
            )
        };
        let (known, odd) =
            if is_constant(left) && !is_constant(right) { (right, left) } else { (left, right) };
        if let Some(column) = self.stands_for(known) {
            return self.column(column, Place::Body, odd);
        }
        if let Some(diagnostic) = out_of_range(odd.term, known.bases) {
            let diagnostic = diagnostic
                .label(known.term.span, format!("{} is {}", self.name(known.term), known.text()));
            return self.because(diagnostic, known);
        }
        let name = self.name(known.term);
        let message = match op {
            CompareOp::Eq => format!(
                "{name} is {}, set equal here to {}",
                article(known.shown()),
                article(odd.shown())
            ),
            _ => format!(
                "{name} is {}, compared here with {}",
                article(known.shown()),
                article(odd.shown())
            ),
        };
        let (expected, found) = (known.text(), odd.text());
        let diagnostic = Diagnostic::new(Code::H0104, message)
            .label(odd.term.span, format!("expected {expected}, found {found}"))
            .label(known.term.span, format!("{name} is {expected}"));
        let diagnostic = self.because(self.because(diagnostic, known), odd);
        self.either(diagnostic, known, odd)
    }

    fn operand(&self, functor: &str, wanted: Bases, side: &Side<'_>) -> Diagnostic {
        let message = format!(
            "`{functor}` takes {}, but {} is {}",
            article(wanted),
            self.name(side.term),
            article(side.shown())
        );
        let diagnostic = Diagnostic::new(Code::H0104, message)
            .label(side.term.span, format!("expected {}, found {}", wanted.text(), side.text()));
        let diagnostic = self.because(diagnostic, side);
        self.remedy(diagnostic, side, wanted)
    }

    fn operands(&self, functor: &str, a: &Side<'_>, b: &Side<'_>) -> Diagnostic {
        if let Some(diagnostic) =
            out_of_range(b.term, a.bases).or_else(|| out_of_range(a.term, b.bases))
        {
            return diagnostic;
        }
        let message = format!(
            "`{functor}` takes values of one type, but {} is {} and {} is {}",
            self.name(a.term),
            article(a.shown()),
            self.name(b.term),
            article(b.shown())
        );
        let diagnostic = Diagnostic::new(Code::H0104, message)
            .label(b.term.span, format!("expected {}, found {}", a.text(), b.text()))
            .label(a.term.span, format!("{} is {}", self.name(a.term), a.text()));
        let diagnostic = self.because(self.because(diagnostic, a), b);
        self.either(diagnostic, a, b)
    }

    fn value(&self, functor: &str, var: &Side<'_>, value: &Side<'_>) -> Diagnostic {
        if let Some(column) = self.stands_for(var) {
            return self.column(column, Place::Body, value);
        }
        let message = format!(
            "{} is {}, but `{functor}` gives {} here",
            self.name(var.term),
            article(var.shown()),
            article(value.shown())
        );
        let diagnostic = Diagnostic::new(Code::H0104, message)
            .label(var.term.span, format!("{} is {}", self.name(var.term), var.text()))
            .label(value.term.span, format!("this is {}", value.text()));
        self.because(self.because(diagnostic, var), value)
    }

    fn given(&self, functor: &str, given: Bases, side: &Side<'_>) -> Diagnostic {
        if let Some((relation, column)) = self.stands_for(side) {
            let declared = &self.names.relations[relation];
            let message = format!(
                "`{functor}` gives {}, but column `{}` of `{}` holds {}",
                article(given),
                declared.columns[column].name,
                declared.name,
                article(side.bases)
            );
            let diagnostic = Diagnostic::new(Code::H0104, message)
                .label(side.term.span, format!("expected {}, found {}", side.text(), given.text()));
            return self.because(diagnostic, side);
        }
        let name = self.name(side.term);
        let message = format!(
            "{name} is {}, but `{functor}` gives {}",
            article(side.shown()),
            article(given)
        );
        let diagnostic = Diagnostic::new(Code::H0104, message)
            .label(side.term.span, format!("expected {}, found {}", side.text(), given.text()));
        self.because(diagnostic, side)
    }

    fn as_type(&self, ty: TypeId, side: &Side<'_>) -> Diagnostic {
        let wanted = self.names.types.table[ty].base;
        if let Some(diagnostic) = out_of_range(side.term, Bases::only(wanted)) {
            return diagnostic;
        }
        let message = format!(
            "`as` does not convert {} to {}",
            article(side.shown()),
            article(Bases::only(wanted))
        );
        let diagnostic = Diagnostic::new(Code::H0104, message)
            .label(side.term.span, format!("{} is {}", self.name(side.term), side.text()))
            .note("`as` changes the declared type of a value, never the value");
        let diagnostic = self.because(diagnostic, side);
        self.remedy(diagnostic, side, Bases::only(wanted))
    }

    /// What makes two sides fit: an integer becomes a float rather than the reverse, which loses.
    fn either(&self, diagnostic: Diagnostic, known: &Side<'_>, odd: &Side<'_>) -> Diagnostic {
        let float = Bases::only(BaseType::Float);
        if odd.bases == float && known.bases.and(Bases::INTEGER) == known.bases {
            self.remedy(diagnostic, known, float)
        } else {
            self.remedy(diagnostic, odd, known.bases)
        }
    }

    /// What makes the side fit, if one change does.
    fn remedy(&self, diagnostic: Diagnostic, side: &Side<'_>, wanted: Bases) -> Diagnostic {
        let mut options = wanted.iter();
        let (Some(to), None) = (options.next(), options.next()) else { return diagnostic };
        match (&side.term.kind, to) {
            (TermKind::Text(text), BaseType::Symbol) => {
                diagnostic.mend("write it as a text", side.term.span, quote(text))
            }
            (TermKind::Text(text), BaseType::Number) if text.parse::<i64>().is_ok() => {
                diagnostic.mend("write the number without quotes", side.term.span, text)
            }
            (TermKind::Text(text), BaseType::Unsigned) if text.parse::<u64>().is_ok() => {
                diagnostic.mend("write the number without quotes", side.term.span, text)
            }
            (TermKind::Text(text), to) => match meant(text, to) {
                Some(number) => diagnostic.fix(
                    format!("if {number} is meant, write it so"),
                    side.term.span,
                    number,
                ),
                None => diagnostic,
            },
            (TermKind::Integer(n), BaseType::Symbol) => {
                diagnostic.fix("write it as a text", side.term.span, quote(&n.to_string()))
            }
            (TermKind::Unsigned(n), BaseType::Number) if i64::try_from(*n).is_ok() => {
                diagnostic.mend("write it without the `u`", side.term.span, n.to_string())
            }
            (TermKind::Var(var), to) if self.draft.vars[*var].name.is_some() => {
                let name = self.draft.var_name(*var);
                let functor = match to {
                    BaseType::Number => "to_number",
                    BaseType::Unsigned => "to_unsigned",
                    BaseType::Float => "to_float",
                    BaseType::Symbol => "to_string",
                };
                diagnostic.help(format!("`{functor}({name})` converts it"))
            }
            _ => diagnostic,
        }
    }
}

/// Whether `part` lies within `whole`: a label there would say it twice.
fn is_inside(part: Span, whole: Span) -> bool {
    part.file == whole.file && whole.start <= part.start && part.end <= whole.end
}

/// The number that a text with separators or a suffix seems to mean: `10k`, `1,500`, `2 M`.
fn meant(text: &str, base: BaseType) -> Option<String> {
    let digits: String = text
        .chars()
        .filter(|c| !matches!(c, ',' | '_' | ' ' | '\'' | '\u{a0}' | '\u{202f}'))
        .collect();
    let (digits, zeros) = match digits.char_indices().last()? {
        (at, 'k' | 'K') => (&digits[..at], "000"),
        (at, 'm' | 'M') => (&digits[..at], "000000"),
        _ => (digits.as_str(), ""),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = format!("{digits}{zeros}");
    let fits = match base {
        BaseType::Number => number.parse::<i64>().is_ok(),
        BaseType::Unsigned | BaseType::Float => number.parse::<u64>().is_ok(),
        BaseType::Symbol => false,
    };
    fits.then_some(number)
}

/// An integer that is too great or too small for each of the types wanted.
fn out_of_range(term: &Term, wanted: Bases) -> Option<Diagnostic> {
    let TermKind::Integer(n) = term.kind else { return None };
    let base = wanted.and(Bases::INTEGER).iter().next()?;
    if wanted.has(BaseType::Float) {
        return None;
    }
    let fits = match base {
        BaseType::Number => i64::try_from(n).is_ok(),
        _ => u64::try_from(n).is_ok(),
    };
    if fits {
        return None;
    }
    let diagnostic = Diagnostic::new(Code::H0304, format!("{n} does not fit `{base}`"))
        .label(term.span, limits(base));
    Some(if n > 0 { diagnostic.help("a float holds it, rounded") } else { diagnostic })
}
