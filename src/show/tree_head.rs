//! The lines above a proof: what it rests on, how certain that is, and what stands against it.

use crate::base::hash::Map;
use crate::provenance::proof::Quality;
use crate::provenance::status::Ends;
use crate::provenance::summary::{Dispute, Summary};
use crate::show::safe::{GLUE, visible, width};
use crate::show::tree::View;
use crate::show::words::Words;
use crate::text::numbers::grouped;

/// Longer labels of documents are not repeated with every quote.
const LABEL_MAX: usize = 28;

/// What a proof rests on and what is to be known of it, in some lines without indentation.
pub(super) fn head(
    words: Words<'_>,
    summary: &Summary,
    (quality, view): (Quality, &View<'_>),
) -> Vec<String> {
    let mut lines = vec![rests_on(summary, quality, view.id.as_deref())];
    let mut marks = Vec::new();
    marks.extend(summary.modality.as_ref().map(|m| format!("weakest modality {}", visible(m))));
    let firmer = |ends: &Option<Ends>, own: &Option<String>| {
        let least = ends.as_ref().and_then(|ends| ends.least.clone());
        least.filter(|least| own.as_ref().is_some_and(|own| own != least))
    };
    if let Some(least) = view.all.and_then(|all| firmer(&all.modality, &summary.modality)) {
        marks.push(format!("another proof needs nothing weaker than {}", visible(&least)));
    }
    marks.extend(summary.marking.as_ref().map(|m| format!("strictest marking {}", visible(m))));
    if let Some(least) = view.all.and_then(|all| firmer(&all.marking, &summary.marking)) {
        marks.push(format!("another proof needs nothing stricter than {}", visible(&least)));
    }
    if !summary.through.is_empty() {
        let through: Vec<String> = summary.through.iter().map(|id| words.label(id)).collect();
        marks.push(format!("all reported through {}", through.join(" and ")));
    }
    if !marks.is_empty() {
        lines.push(marks.join(" · "));
    }
    lines.extend(summary.cautions.iter().map(|caution| format!("caution: {}", visible(caution))));
    let disputes = disputes(words, &summary.disputes);
    if !disputes.is_empty() {
        lines.push(disputes.join(" · "));
    }
    for id in &summary.documents {
        let label = words.label(id);
        if width(&label) > LABEL_MAX {
            lines.push(format!("from “{label}” (document {})", visible(id)));
        }
    }
    if !summary.unverified.is_empty() {
        lines.push(format!("quotes not compared: {}", visible(&summary.unverified.join(", "))));
    }
    lines
}

/// What stands against the claims of a proof; whoever says it, unless it is who made the claim.
fn disputes(words: Words<'_>, disputes: &[Dispute]) -> Vec<String> {
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    for dispute in disputes {
        let mut by = words.label(&dispute.by);
        if let (Some(origin), false) = (&dispute.by_origin, dispute.is_one_source) {
            by = format!("{by}, {}", words.label(origin));
        }
        let (start, by) = match &dispute.how {
            Some(how) => (format!("{}: {} ", words.label(&dispute.claim), visible(how)), by),
            None => {
                let by = format!("{by} ({})", dispute.relation);
                (format!("{} disputed by ", words.label(&dispute.claim)), by)
            }
        };
        match lines.last_mut().filter(|(known, _)| *known == start) {
            Some((_, others)) => others.push(by),
            None => lines.push((start, vec![by])),
        }
    }
    lines.into_iter().map(|(start, by)| format!("{start}{}", by.join("; "))).collect()
}

/// What the documents of a proof are called beside quotes: by their labels, of long ones by the
/// beginning, or the id if that is not plain. The only one, if its label is long, is named above.
pub(super) fn documents(words: Words<'_>, summary: &Summary) -> Map<String, String> {
    let short = |label: &str| {
        let mut cut = String::new();
        for word in label.split(' ') {
            if width(&cut) + 1 + width(word) > LABEL_MAX {
                break;
            }
            cut = format!("{cut} {word}").trim_start().to_owned();
        }
        format!("{cut}…")
    };
    let names: Vec<(String, String)> = summary
        .documents
        .iter()
        .map(|id| match words.label(id) {
            label if width(&label) <= LABEL_MAX => (id.clone(), label),
            label => (id.clone(), short(&label)),
        })
        .collect();
    let is_alone = |name: &str| names.iter().filter(|(_, other)| other == name).count() == 1;
    names
        .iter()
        .filter(|(_, name)| names.len() > 1 || !name.ends_with('…'))
        .map(|(id, name)| {
            let is_plain = is_alone(name) && *name != "…";
            (id.clone(), if is_plain { name.clone() } else { visible(id) })
        })
        .collect()
}

fn rests_on(summary: &Summary, quality: Quality, id: Option<&str>) -> String {
    let parts = [
        (summary.claims.len(), "claim"),
        (summary.sources.len(), "source"),
        (summary.documents.len(), "document"),
        (summary.assumptions.len() + summary.inputs, "assumption"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{}{GLUE}{what}{}", grouped(*n), if *n == 1 { "" } else { "s" }))
        .collect();
    let parts = if parts.is_empty() {
        "the rules and definitions alone".to_owned()
    } else {
        parts.join(", ")
    };
    let at_least = if summary.is_cut { "at least " } else { "" };
    let quality = match quality {
        Quality::Best => "best proof",
        Quality::Good => "a good proof, the search stopped at its budget",
    };
    let id = id.map(|id| format!(" {id}")).unwrap_or_default();
    format!("rests on {at_least}{parts} ({quality}{id})")
}
