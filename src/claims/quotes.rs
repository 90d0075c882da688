//! Quotes: each stands in its document at its code points, or the claim is refused with what is
//! there instead. A span in other units, or a quote that moved to one other place, is mended.

use std::ops::Range;

use crate::claims::cell::Text;
use crate::claims::check::Check;
use crate::claims::document::DocumentText;
use crate::claims::documents::{Documents, Evidence};
use crate::claims::fields::Fault;
use crate::claims::lines::Grounding;
use crate::claims::load::Ungrounded;
use crate::claims::record::Claim;
use crate::claims::search::{Place, Wanted, find, folded, invisible, sentence, visible};
use crate::text::codes::Code;
use crate::text::diagnostic::{Diagnostic, Edit, Fix};
use crate::text::span::Span;

/// Places of an ambiguous quote that a message lists.
const LISTED: usize = 3;
/// Characters of a document that a note shows.
const SHOWN: usize = 60;

impl<'a> Check<'a> {
    /// Checks the quote of a claim and notes where it stands.
    pub(crate) fn ground(
        &mut self,
        entry: usize,
        claim: &Claim<'a>,
        documents: &mut Documents<'a>,
    ) {
        let Some(quote) = claim.quote.as_ref().filter(|quote| !quote.is_empty()) else {
            if claim.quote.is_none() && claim.span.is_none() {
                self.warn_of_silence(entry, claim);
            }
            return;
        };
        let span = claim.span.map(|span| span.map(|at| usize::try_from(at).unwrap_or(usize::MAX)));
        let span = span.map(|[start, end]| (start, end)).filter(|(start, end)| start < end);
        let Some(evidence) = documents.by_id.get_mut(&claim.doc.0) else {
            return self.require_span(entry, claim, None);
        };
        let Some(text) = &evidence.text else {
            if evidence.missing.is_some() {
                evidence.quoting += 1;
                self.take_unverified(entry, span);
            }
            return self.require_span(entry, claim, None);
        };
        let given = |field: &'_ Option<Text<'a>>| field.as_ref().map_or("", |f| f).to_owned();
        let (prefix, suffix) = (given(&claim.prefix), given(&claim.suffix));
        let wanted = Wanted { quote, span, prefix: &prefix, suffix: &suffix };
        if documents.folded.as_ref().is_none_or(|(id, _)| *id != claim.doc.0) {
            documents.folded = Some((claim.doc.0.clone(), None));
        }
        let folded = &mut documents.folded.as_mut().expect("it was just made").1;
        let place = find(text, wanted, folded);
        self.judge(entry, claim, (evidence, span), &place);
    }

    /// A claim without a quote and a span.
    fn warn_of_silence(&mut self, entry: usize, claim: &Claim<'_>) {
        if self.options.ungrounded == Ungrounded::Refuse {
            let message = format!("claim {} quotes no words", &*claim.id);
            let fault = Fault::new(Code::L0411, "id", message)
                .label("neither `quote` nor `span`")
                .help("give the words, or take such claims knowingly with --ungrounded keep");
            self.warn(entry, fault);
        }
    }

    fn take_unverified(&mut self, entry: usize, span: Option<(usize, usize)>) {
        if self.options.ungrounded == Ungrounded::Refuse {
            self.refuse_with(entry, Code::H0420);
        } else if let Some((start, end)) = span {
            let narrow = |at| u32::try_from(at).unwrap_or(u32::MAX);
            let (start, end) = (narrow(start), narrow(end));
            let grounding = Grounding { start, end, line: 0, verified: false };
            self.entries[entry].grounding = Some(grounding);
        }
    }

    /// A quote without a span, where `found` may say what it is.
    fn require_span(&mut self, entry: usize, claim: &Claim<'_>, found: Option<(usize, usize)>) {
        if claim.span.is_some() {
            return;
        }
        let fault = Fault::new(Code::H0406, "quote", "field `span` is missing")
            .label("where does it stand?");
        let Some((start, end)) = found else { return self.fault(entry, fault) };
        let quote = self.place(entry, "quote");
        let behind = Span { start: quote.end, ..quote };
        let diagnostic = self
            .diagnostic(entry, fault.help(format!("it stands at [{start}, {end}]")))
            .mend("write where the quote stands", behind, format!(", \"span\": [{start}, {end}]"));
        self.refuse(entry, diagnostic);
    }

    fn judge(
        &mut self,
        entry: usize,
        claim: &Claim<'a>,
        (evidence, span): (&mut Evidence, Option<(usize, usize)>),
        place: &Place,
    ) {
        let Some(text) = &evidence.text else { return };
        let bytes = match place {
            Place::Exact(bytes) | Place::Units(_, bytes) | Place::Moved(bytes) => bytes.clone(),
            Place::Several(places) => {
                let fault = several(claim, text, places, span);
                return self.fault(entry, fault);
            }
            Place::Folded(_) | Place::Nowhere(_) => {
                return self.refuse_words(entry, claim, evidence, place);
            }
        };
        let (start, end) = text.points_of(&bytes);
        let length = text.length;
        if claim.span.is_none() {
            return self.require_span(entry, claim, Some((start, end)));
        }
        if span.is_none() {
            // What is no span at all has been said.
            return;
        }
        if let Place::Moved(_) = place
            && let Some((_, claimed)) = span.filter(|(_, end)| *end > length)
        {
            let message = format!("the span ends at {claimed}, after the end of `{}`", &*claim.doc);
            let fault = Fault::new(Code::H0403, "span", message)
                .label(format!("the document has {length} code points"))
                .help(format!("the quote stands at [{start}, {end}]"));
            let diagnostic = self.diagnostic(entry, fault).mend(
                "write where the quote stands",
                self.place(entry, "span"),
                format!("[{start}, {end}]"),
            );
            return self.refuse(entry, diagnostic);
        }
        let narrow = |at| u32::try_from(at).expect("documents have less than 4 GiB");
        self.entries[entry].grounding = Some(Grounding {
            start: narrow(start),
            end: narrow(end),
            line: narrow(text.line_of(bytes.start)),
            verified: true,
        });
        let fault = mended(claim, text, place, (start, end));
        self.check_hedges(entry, claim, text, &bytes);
        if let Some(fault) = fault {
            let place = self.place(entry, "span");
            let diagnostic = self.diagnostic(entry, fault);
            let title = "write the span in code points";
            self.diagnostics.push(diagnostic.mend(title, place, format!("[{start}, {end}]")));
        }
    }

    /// Refuses a claim whose words are not in the document.
    fn refuse_words(
        &mut self,
        entry: usize,
        claim: &Claim<'a>,
        evidence: &mut Evidence,
        place: &Place,
    ) {
        let file = evidence.show(self.shown);
        let (Some(text), Some(file)) = (&evidence.text, file) else { return };
        let quote: &str = claim.quote.as_deref().unwrap_or_default();
        let quoted = self.place(entry, "quote");
        let (code, passage) = match place {
            Place::Folded(at) => (Code::H0413, Some(at)),
            Place::Nowhere(at) => (Code::H0402, at.as_ref()),
            _ => return,
        };
        let what = match code {
            Code::H0413 => "differs from document",
            _ => "is not in document",
        };
        let message = format!("the quote of claim {} {what} `{}`", &*claim.id, &*claim.doc);
        let mut diagnostic = Diagnostic::new(code, message);
        let Some(passage) = passage else {
            diagnostic = diagnostic.label(quoted, "no passage is similar");
            if let Some(note) = holds(claim, text) {
                diagnostic = diagnostic.note(note);
            }
            return self.refuse(entry, diagnostic);
        };
        let words = &text.text[passage.clone()];
        let first = first_difference(quote, words);
        let at = self.inside(quoted, &first.0).unwrap_or(quoted);
        let there = passage.start + first.1.start..passage.start + first.1.end;
        diagnostic = diagnostic.label(at, named(&quote[first.0], "the quote ends here")).label(
            Span::new(file, there.start, there.end),
            named(&text.text[there], "the passage goes on here"),
        );
        let (start, end) = text.points_of(passage);
        let note = match code {
            Code::H0413 => {
                "they differ in dashes, quotes, spaces, case or invisible marks".to_owned()
            }
            _ => {
                let changes = strsim::levenshtein(&shorten(quote, 400), &shorten(words, 400));
                let s = if changes == 1 { "" } else { "s" };
                format!("the nearest passage differs in {changes} character{s}: {}", shown(words))
            }
        };
        diagnostic = diagnostic.note(note).note(format!(
            "the passage stands at code points {start}..{end}, bytes {}..{}",
            passage.start, passage.end
        ));
        let mut edits = vec![Edit { span: quoted, text: json(words) }];
        if claim.span.is_some() {
            let (span, text) = (self.place(entry, "span"), format!("[{start}, {end}]"));
            let is_right = claim.span.is_some_and(|span| format!("{span:?}") == text);
            edits.extend((!is_right).then_some(Edit { span, text }));
        }
        edits.sort_by_key(|edit| edit.span);
        // Another passage may be meant than the nearest one.
        let safe = code == Code::H0413;
        diagnostic.fixes.push(Fix {
            title: "copy the passage as it stands".to_owned(),
            edits,
            safe,
        });
        self.refuse(entry, diagnostic);
    }

    /// Warns of hedges that are not in the sentence of the quote.
    fn check_hedges(
        &mut self,
        entry: usize,
        claim: &Claim<'_>,
        text: &DocumentText,
        quote: &Range<usize>,
    ) {
        if claim.hedges.is_empty() {
            return;
        }
        let range = sentence(&text.text, quote);
        let words = folded(&text.text[range.clone()]);
        for (i, hedge) in claim.hedges.iter().enumerate() {
            if words.contains(folded(hedge).trim()) && !hedge.trim().is_empty() {
                continue;
            }
            let message = format!("`{}` is not in the sentence of the quote", &**hedge);
            let fault = Fault::new(Code::L0404, format!("hedges.{i}"), message)
                .label("not there")
                .note(format!("the sentence: {}", shown(text.text[range.clone()].trim())));
            self.warn(entry, fault);
        }
    }
}

/// The warning of a span that was corrected.
fn mended(
    claim: &Claim<'_>,
    text: &DocumentText,
    place: &Place,
    (start, end): (usize, usize),
) -> Option<Fault> {
    let name = &*claim.id;
    match place {
        Place::Units(units, _) => {
            let message = format!("the span of claim {name} counts {units}");
            let fault = Fault::new(Code::L0403, "span", message);
            Some(fault.label(format!("in code points it is {start}..{end}")))
        }
        Place::Moved(_) => {
            let message = format!("the quote of claim {name} stands elsewhere");
            let fault = Fault::new(Code::L0402, "span", message)
                .label(format!("it stands at {start}..{end}"));
            Some(match holds(claim, text) {
                Some(note) => fault.note(note),
                None => fault,
            })
        }
        Place::Exact(_) | Place::Several(_) | Place::Folded(_) | Place::Nowhere(_) => None,
    }
}

fn several(
    claim: &Claim<'_>,
    text: &DocumentText,
    places: &[Range<usize>],
    span: Option<(usize, usize)>,
) -> Fault {
    let listed: Vec<String> = places
        .iter()
        .take(LISTED)
        .map(|place| {
            let (start, end) = text.points_of(place);
            format!("{start}..{end} in line {}", text.line_of(place.start))
        })
        .collect();
    let more = match places.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let label = match span {
        Some((start, end)) => format!("it does not stand at {start}..{end}"),
        None => "and has no span".to_owned(),
    };
    let message = format!("the quote of claim {} stands in {} places", &*claim.id, places.len());
    Fault::new(Code::H0412, "quote", message)
        .label(label)
        .note(format!("it stands at {}{more}", listed.join(", ")))
        .help("correct the span, or give the words around the quote in `prefix` and `suffix`")
}

/// What stands at the span of a claim.
fn holds(claim: &Claim<'_>, text: &DocumentText) -> Option<String> {
    let [start, end] = claim.span?.map(|at| usize::try_from(at).ok());
    let (start, end) = (start?, end?);
    match text.bytes_of(start, end.max(start)) {
        Some(bytes) => Some(format!("{start}..{end} holds {}", shown(&text.text[bytes]))),
        None => Some(format!(
            "{start}..{end} ends after the document: it has {} code points",
            text.length
        )),
    }
}

/// The first characters that differ, in each; empty where one ends.
fn first_difference(a: &str, b: &str) -> (Range<usize>, Range<usize>) {
    let equal = a.chars().zip(b.chars()).take_while(|(a, b)| a == b);
    let at: usize = equal.map(|(c, _)| c.len_utf8()).sum();
    let end = |text: &str| {
        let mut rest = text[at..].char_indices().skip(1);
        let letter = rest.find(|(_, c)| !is_combining(*c)).map_or(text.len() - at, |(end, _)| end);
        at + letter
    };
    (at..end(a), at..end(b))
}

/// Whether a character joins the one before it: the marks of decomposed letters.
fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}')
}

/// A character with its marks as `U+2013 EN DASH here`, or `end`.
fn named(text: &str, end: &str) -> String {
    let Some(c) = text.chars().next() else { return end.to_owned() };
    if !text.is_ascii() && c.is_alphanumeric() {
        let codes: Vec<String> = text.chars().map(|c| format!("U+{:04X}", u32::from(c))).collect();
        return format!("`{text}` as {} here", codes.join(" "));
    }
    let name = match c {
        '-' => "HYPHEN-MINUS",
        '‐' => "HYPHEN",
        '–' => "EN DASH",
        '—' => "EM DASH",
        '\u{2212}' => "MINUS SIGN",
        '\'' => "APOSTROPHE",
        '"' => "QUOTATION MARK",
        '‘' => "LEFT SINGLE QUOTATION MARK",
        '’' => "RIGHT SINGLE QUOTATION MARK",
        '“' => "LEFT DOUBLE QUOTATION MARK",
        '”' => "RIGHT DOUBLE QUOTATION MARK",
        ' ' => "SPACE",
        '\n' => "LINE FEED",
        '\r' => "CARRIAGE RETURN",
        '\t' => "TAB",
        '\u{A0}' => "NO-BREAK SPACE",
        '\u{202F}' => "NARROW NO-BREAK SPACE",
        '\u{2028}' => "LINE SEPARATOR",
        '\u{AD}' => "SOFT HYPHEN",
        '\u{200B}' => "ZERO WIDTH SPACE",
        '\u{200E}' => "LEFT-TO-RIGHT MARK",
        '\u{200F}' => "RIGHT-TO-LEFT MARK",
        '\u{FEFF}' => "BYTE ORDER MARK",
        c if is_combining(c) => "a combining mark",
        c if c.is_alphanumeric() || c.is_ascii_punctuation() => return format!("`{c}` here"),
        _ => "",
    };
    let space = if name.is_empty() { "" } else { " " };
    format!("U+{:04X}{space}{name} here", u32::from(c))
}

/// Words of a document in a note: in quotes, shortened, with marks that show nothing escaped.
fn shown(words: &str) -> String {
    let more = if words.chars().nth(SHOWN).is_some() { "…" } else { "" };
    format!("\"{}{more}\"", visible(&shorten(words, SHOWN)))
}

fn shorten(text: &str, length: usize) -> String {
    text.chars().take(length).collect()
}

/// `text` as a JSON string, with marks that show nothing as escapes.
fn json(text: &str) -> String {
    let plain = serde_json::to_string(text).expect("a string is JSON");
    let mut out = String::with_capacity(plain.len());
    for c in plain.chars() {
        if invisible(c) || matches!(c, '\u{2028}' | '\u{2029}') {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}
