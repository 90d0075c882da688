//! `.plan` hints: for a version of the rule, the order of its positive atoms.

use crate::program::alternatives::Alternatives;
use crate::program::names::count;
use crate::syntax::ast::{Literal, PlanHint};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;

/// The hints with positions from 0, among the positive atoms.
pub(crate) fn read(
    hints: &[PlanHint],
    alternatives: &Alternatives<'_>,
    found: &mut Vec<Diagnostic>,
) -> Vec<(u32, Vec<usize>)> {
    let mut plan: Vec<(u32, Vec<usize>)> = Vec::new();
    for (index, hint) in hints.iter().enumerate() {
        let version = hint.version.node;
        if let Some(first) = hints[..index].iter().find(|first| first.version.node == version) {
            found.push(
                Diagnostic::new(Code::H0205, format!("version {version} is planned twice"))
                    .label(hint.version.span, "planned again here")
                    .label(first.version.span, "first planned here"),
            );
            continue;
        }
        match order(hint, alternatives) {
            Ok(order) => plan.push((version, order)),
            Err(diagnostic) => found.push(*diagnostic),
        }
    }
    plan
}

fn order(hint: &PlanHint, alternatives: &Alternatives<'_>) -> Result<Vec<usize>, Box<Diagnostic>> {
    let [flats] = alternatives.as_slice() else {
        return Err(Box::new(
            Diagnostic::new(Code::H0205, "a rule with alternatives cannot be planned")
                .label(hint.version.span, "this hint does not say which alternative it orders")
                .help("write the alternatives as rules of their own"),
        ));
    };
    let n = flats
        .iter()
        .filter(|flat| match flat.literal {
            Literal::Atom(_) => !flat.negated,
            Literal::Absent(_) => flat.negated,
            _ => false,
        })
        .count();
    let atoms = count(n, "positive atom");
    let mut order = Vec::with_capacity(n);
    for place in &hint.order {
        let index = usize::try_from(place.node).ok().and_then(|place| place.checked_sub(1));
        let Some(index) = index.filter(|index| *index < n) else {
            return Err(Box::new(
                Diagnostic::new(Code::H0205, format!("the rule has no atom {}", place.node))
                    .label(place.span, format!("the body has {atoms}, counted from 1")),
            ));
        };
        if order.contains(&index) {
            return Err(Box::new(
                Diagnostic::new(Code::H0205, format!("atom {} is named twice", place.node))
                    .label(place.span, "each atom stands in the order exactly once"),
            ));
        }
        order.push(index);
    }
    if order.len() != n {
        let missing: Vec<_> =
            (0..n).filter(|i| !order.contains(i)).map(|i| (i + 1).to_string()).collect();
        return Err(Box::new(
            Diagnostic::new(
                Code::H0205,
                format!("the hint leaves out atom {}", missing.join(", ")),
            )
            .label(
                hint.order.last().map_or(hint.version.span, |last| hint.version.span.to(last.span)),
                format!("the body has {atoms}"),
            ),
        ));
    }
    if usize::try_from(hint.version.node).is_ok_and(|version| version >= n.max(1)) {
        return Err(Box::new(
            Diagnostic::new(Code::H0205, format!("the rule has no version {}", hint.version.node))
                .label(
                    hint.version.span,
                    format!("versions count recursive atoms from 0; the body has {atoms}"),
                ),
        ));
    }
    Ok(order)
}
