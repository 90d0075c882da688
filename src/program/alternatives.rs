//! Formulas to alternatives: `;` is multiplied out, `!` goes inward to the literals.

use crate::syntax::ast::{Body, ItemSpan, Literal, Spanned};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::span::Span;

/// A literal of an alternative, perhaps under a `!` around a formula.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flat<'a> {
    pub(crate) literal: &'a Literal,
    pub(crate) span: Span,
    pub(crate) negated: bool,
}

/// Conjunctions any of which satisfies the formula.
pub(crate) type Alternatives<'a> = Vec<Vec<Flat<'a>>>;

/// How many alternatives a body may have.
const LIMIT: usize = 4096;

/// The alternatives of a body.
///
/// # Errors
/// If there are too many.
pub(crate) fn alternatives(body: &Body) -> Result<Alternatives<'_>, Box<Diagnostic>> {
    expand(body, false).map_err(|TooMany| {
        let mut diagnostic = Diagnostic::new(
            Code::H0003,
            format!("a body of more than {LIMIT} alternatives is not supported"),
        );
        if let Some(span) = span_of(body) {
            diagnostic = diagnostic.label(span, "`;` multiplies out to too many conjunctions");
        }
        Box::new(diagnostic.help("give a part of the body a relation of its own"))
    })
}

struct TooMany;

fn expand(body: &Body, negated: bool) -> Result<Alternatives<'_>, TooMany> {
    match body {
        Body::Literal(Spanned { node, span }) => {
            Ok(vec![vec![Flat { literal: node, span: *span, negated }]])
        }
        Body::Not(part, _) => expand(part, !negated),
        // Under `!` the roles of `,` and `;` change.
        Body::And(parts) if !negated => all(parts, negated),
        Body::Or(parts) if negated => all(parts, negated),
        Body::And(parts) | Body::Or(parts) => any(parts, negated),
    }
}

fn all(parts: &[Body], negated: bool) -> Result<Alternatives<'_>, TooMany> {
    let mut product: Alternatives<'_> = vec![Vec::new()];
    for part in parts {
        let factor = expand(part, negated)?;
        if let [only] = factor.as_slice() {
            product.iter_mut().for_each(|chosen| chosen.extend(only));
            continue;
        }
        if product.len() * factor.len() > LIMIT {
            return Err(TooMany);
        }
        product = product
            .iter()
            .flat_map(|chosen| {
                factor.iter().map(|more| chosen.iter().chain(more).copied().collect())
            })
            .collect();
    }
    Ok(product)
}

fn any(parts: &[Body], negated: bool) -> Result<Alternatives<'_>, TooMany> {
    let mut sum = Vec::new();
    for part in parts {
        sum.extend(expand(part, negated)?);
        if sum.len() > LIMIT {
            return Err(TooMany);
        }
    }
    Ok(sum)
}

/// From the first to the last character of a formula.
pub(crate) fn span_of(body: &Body) -> Option<Span> {
    match body {
        Body::Literal(literal) => Some(literal.span),
        Body::Not(_, ItemSpan(span)) => Some(*span),
        Body::And(parts) | Body::Or(parts) => {
            let mut spans = parts.iter().filter_map(span_of);
            let first = spans.next()?;
            Some(spans.fold(first, Span::to))
        }
    }
}
