//! Diagnostics as text: the full form with excerpts, one line each, or JSON. The only user of
//! annotate-snippets, which gets excerpts, never whole files: the lines that labels touch, blank
//! lines in place of those between, and of a very long line the part around its labels.

use std::fmt::Write;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Patch, Renderer, Snippet};
use serde_json::{Value, json};

use crate::base::ids::FileId;
use crate::text::diagnostic::{Diagnostic, Edit, Label, Severity};
use crate::text::files::{File, Files};
use crate::text::hostile::{is_hostile, stood_in};
use crate::text::span::Span;
use crate::text::wrap::wrap;

/// A longer line, in bytes, is cut around what is shown of it.
const LINE_BYTES_MAX: usize = 300;

/// What is kept of a cut line before and after a label.
const CUT_BYTES: usize = 60;

/// What stands before a note: the numbers of lines, a bar, its name.
const MARGIN: usize = 16;

/// How the full form looks.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct RenderOptions {
    /// With the colours of a terminal.
    pub color: bool,
    /// With box characters.
    pub unicode: bool,
    /// Columns of the terminal, which messages, notes and helps are to fit.
    pub width: Option<usize>,
}

/// The full form: message, excerpts with labels, notes, helps, fixes as patches. Ends with a line
/// end.
#[must_use]
pub fn render(diagnostic: &Diagnostic, files: &Files, options: RenderOptions) -> String {
    let renderer = if options.color { Renderer::styled() } else { Renderer::plain() };
    let style = if options.unicode { DecorStyle::Unicode } else { DecorStyle::Ascii };
    let renderer = renderer.decor_style(style);
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let lead =
        severity_word(diagnostic.severity).len() + diagnostic.code.text().len() + "[]: ".len();
    let title = fitted(one_line(&diagnostic.message), options.width, lead);
    let title = level.primary_title(title).id(diagnostic.code.text());
    let mut main = Group::with_title(title);
    let mut corrections = Vec::new();
    for file in files_of(diagnostic) {
        main = labelled(main, files, file, (&diagnostic.labels, &mut corrections));
    }
    for note in &diagnostic.notes {
        main = main.element(Level::NOTE.message(fitted(visible(note), options.width, MARGIN)));
    }
    for help in &diagnostic.helps {
        main = main.element(Level::HELP.message(fitted(visible(help), options.width, MARGIN)));
    }
    let mut groups = vec![main];
    for fix in &diagnostic.fixes {
        let mut group = Group::with_title(Level::HELP.secondary_title(one_line(&fix.title)));
        let mut done: Vec<FileId> = Vec::new();
        for edit in &fix.edits {
            let file = edit.span.file;
            if !done.contains(&file) {
                done.push(file);
                let primary = diagnostic.span().map(|span| span.file);
                group = patched(group, files, (file, primary), &fix.edits);
            }
        }
        groups.push(group);
    }
    let mut text = renderer.render(&groups);
    for (wrong, right) in corrections {
        text = text.replacen(&wrong, &right, 1);
    }
    text.push('\n');
    text
}

/// `file:line:column: error[H0101]: message`, without a line end.
#[must_use]
pub fn concise(diagnostic: &Diagnostic, files: &Files) -> String {
    let mut text = String::new();
    if let Some(span) = diagnostic.span() {
        write!(text, "{}: ", one_line(&files.locate(span))).expect("a string takes all text");
    }
    let severity = severity_word(diagnostic.severity);
    let message = one_line(&diagnostic.message);
    write!(text, "{severity}[{}]: {message}", diagnostic.code).expect("a string takes all text");
    text
}

/// The schema `hence.message/1`: one object. Lines and columns count from 1, columns in
/// characters; `bytes` are offsets from 0; ends are exclusive.
#[must_use]
pub fn json(diagnostic: &Diagnostic, files: &Files) -> Value {
    let labels: Vec<Value> = diagnostic
        .labels
        .iter()
        .map(|label| {
            let start = files.position(label.span);
            let end = files.position(label.span.after());
            json!({
                "file": files.get(label.span.file).name,
                "line": start.line,
                "col": start.column,
                "end_line": end.line,
                "end_col": end.column,
                "bytes": [label.span.start, label.span.end],
                "primary": label.primary,
                "text": label.text,
            })
        })
        .collect();
    let edit = |edit: &Edit| {
        json!({
            "file": files.get(edit.span.file).name,
            "bytes": [edit.span.start, edit.span.end],
            "text": edit.text,
        })
    };
    let fixes: Vec<Value> = diagnostic
        .fixes
        .iter()
        .map(|fix| {
            let edits: Vec<Value> = fix.edits.iter().map(edit).collect();
            json!({ "title": fix.title, "safe": fix.safe, "edits": edits })
        })
        .collect();
    json!({
        "schema": "hence.message/1",
        "code": diagnostic.code.text(),
        "severity": severity_word(diagnostic.severity),
        "message": diagnostic.message,
        "labels": labels,
        "notes": diagnostic.notes,
        "helps": diagnostic.helps,
        "fixes": fixes,
    })
}

fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// The files of the labels, that of the primary one first, the others in order of appearance.
fn files_of(diagnostic: &Diagnostic) -> Vec<FileId> {
    let mut files: Vec<FileId> = Vec::new();
    for label in &diagnostic.labels {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    files
}

/// A text whose hostile characters show; line ends stay.
fn visible(text: &str) -> String {
    let hidden = |char: char| is_hostile(char) && char != '\n';
    if !text.contains(hidden) {
        return text.to_owned();
    }
    let mut out = String::new();
    for char in text.chars() {
        if hidden(char) {
            out.extend(char.escape_default());
        } else {
            out.push(char);
        }
    }
    out
}

/// A text on one line.
fn one_line(text: &str) -> String {
    visible(&text.replace('\n', " "))
}

/// A text in lines that fit a terminal beside what stands before it.
fn fitted(text: String, width: Option<usize>, lead: usize) -> String {
    let Some(width) = width else { return text };
    let lines = text.lines().flat_map(|line| wrap(line, width.saturating_sub(lead).max(20)));
    lines.collect::<Vec<_>>().join("\n")
}

/// A place as rendered from an excerpt, and as it is in the file.
type Correction = (String, String);

/// Adds the excerpt of `file` with its labels.
fn labelled<'a>(
    group: Group<'a>,
    files: &'a Files,
    file: FileId,
    (labels, corrections): (&'a [Label], &mut Vec<Correction>),
) -> Group<'a> {
    let here: Vec<&Label> = labels.iter().filter(|label| label.span.file == file).collect();
    let spans: Vec<Span> = here.iter().map(|label| label.span).collect();
    let excerpt = Excerpt::new(files.get(file), &spans);
    let name = one_line(&files.get(file).name);
    let mut snippet = Snippet::source(excerpt.text.clone())
        .line_start(excerpt.first_line)
        .fold(true)
        .path(name.clone());
    for label in &here {
        let kind = if label.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        let text = one_line(&label.text);
        let annotation: Annotation<'a> = kind.span(excerpt.range(label.span));
        let annotation = if text.is_empty() { annotation } else { annotation.label(text) };
        snippet = snippet.annotation(annotation);
    }
    // The columns of a cut line are not those of the file.
    let first = here.iter().min_by_key(|label| (!label.primary, label.span));
    if let Some(label) = first.filter(|_| excerpt.cut) {
        let at = files.position(label.span);
        let before = &excerpt.text[..excerpt.place(label.span.start as usize)];
        let line = before.rfind('\n').map_or(before, |end| &before[end + 1..]);
        let wrong = line.chars().count() + 1;
        corrections.push((
            format!("{name}:{}:{wrong}", at.line),
            format!("{name}:{}:{}", at.line, at.column),
        ));
    }
    group.element(snippet)
}

/// Adds the excerpt of a file with the edits in it; its name is shown if it is not `primary`.
fn patched<'a>(
    group: Group<'a>,
    files: &'a Files,
    (file, primary): (FileId, Option<FileId>),
    edits: &'a [Edit],
) -> Group<'a> {
    let edits = || edits.iter().filter(|edit| edit.span.file == file);
    let spans: Vec<Span> = edits().map(|edit| edit.span).collect();
    let excerpt = Excerpt::new(files.get(file), &spans);
    let mut snippet =
        Snippet::source(excerpt.text.clone()).line_start(excerpt.first_line).fold(true);
    for edit in edits() {
        snippet = snippet.patch(Patch::new(excerpt.range(edit.span), stood_in(&edit.text)));
    }
    if primary == Some(file) {
        group.element(snippet)
    } else {
        group.element(snippet.path(one_line(&files.get(file).name)))
    }
}

/// Lines of a file, numbered on from `first_line`: those that spans touch, empty ones between.
struct Excerpt {
    text: String,
    first_line: usize,
    /// For each piece of the file that is shown: its place in the file and where it starts in
    /// `text`.
    pieces: Vec<(Range<usize>, usize)>,
    /// Whether a line has been cut.
    cut: bool,
}

impl Excerpt {
    fn new(file: &File, spans: &[Span]) -> Self {
        let line = |offset: u32| file.position(offset as usize).line;
        let mut touched: Vec<usize> = Vec::new();
        for span in spans {
            let (first, last) = (line(span.start), line(span.end));
            touched.extend([first, last]);
            // The lines of a label over several lines are shown or folded by the renderer.
            touched.extend(first..last.min(first + 20));
        }
        touched.sort_unstable();
        touched.dedup();
        let first_line = touched.first().copied().unwrap_or(1);
        let mut excerpt = Self { text: String::new(), first_line, pieces: Vec::new(), cut: false };
        let mut next = first_line;
        for line in touched {
            for _ in next..line {
                excerpt.text.push('\n');
            }
            next = line;
            let range = shown(file, line);
            let ranges = cut(file, range.clone(), spans);
            let whole = ranges == [range.clone()];
            excerpt.cut |= !whole;
            for part in ranges {
                if !whole && part.start > range.start && !excerpt.text.ends_with('…') {
                    excerpt.text.push('…');
                }
                excerpt.pieces.push((part.clone(), excerpt.text.len()));
                excerpt.text.push_str(&stood_in(&file.text[part.clone()]));
                if part.end < range.end {
                    excerpt.text.push('…');
                }
            }
        }
        excerpt
    }

    /// Where an offset of the file is in the excerpt: outside of its pieces, at the end of the one
    /// before.
    fn place(&self, offset: usize) -> usize {
        let after = self.pieces.partition_point(|(range, _)| range.start <= offset);
        match after.checked_sub(1).map(|at| &self.pieces[at]) {
            Some((range, start)) => start + (offset - range.start).min(range.len()),
            None => 0,
        }
    }

    fn range(&self, span: Span) -> Range<usize> {
        self.place(span.start as usize)..self.place(span.end as usize)
    }
}

/// The bytes of a line that are shown: without a byte order mark and the line end.
fn shown(file: &File, line: usize) -> Range<usize> {
    let range = file.line(line);
    let mark =
        if line == 1 && file.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    range.start + mark..range.end
}

/// The parts of a line that are shown: all of it, or what is near a span if it is very long.
fn cut(file: &File, line: Range<usize>, spans: &[Span]) -> Vec<Range<usize>> {
    if line.len() <= LINE_BYTES_MAX {
        return vec![line];
    }
    let mut parts: Vec<Range<usize>> = Vec::new();
    let mut ends: Vec<usize> = spans
        .iter()
        .flat_map(|span| [span.start as usize, span.end as usize])
        .filter(|end| (line.start..=line.end).contains(end))
        .collect();
    ends.sort_unstable();
    for end in ends {
        let start = file.text.floor_char_boundary(end.saturating_sub(CUT_BYTES).max(line.start));
        let stop = file.text.ceil_char_boundary((end + CUT_BYTES).min(line.end));
        match parts.last_mut() {
            Some(last) if last.end >= start => last.end = stop,
            _ => parts.push(start..stop),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::codes::Code;

    fn place(files: &Files, file: FileId, needle: &str) -> Span {
        let start = files.get(file).text.find(needle).expect("the text has it");
        Span::new(file, start, start + needle.len())
    }

    fn plain(diagnostic: &Diagnostic, files: &Files) -> String {
        render(diagnostic, files, RenderOptions::default())
    }

    /// One label at `needle` in a text of that name.
    fn at(text: &str, needle: &str) -> (Files, Diagnostic) {
        let mut files = Files::new();
        let file = files.add("t.dl", text);
        let span = place(&files, file, needle);
        (files, Diagnostic::new(Code::H0001, "wrong").label(span, "here"))
    }

    #[test]
    fn labels_notes_and_fixes_in_two_files() {
        let mut files = Files::new();
        let rules = files.add("rules/totals.dl", "\n\nbig(c) :- claim_lo(c, n), n > \"10k\".\n");
        let claims = files.add("rules/claims.dl", ".decl claim_lo(c: ClaimId, n: number)\n");
        let text = place(&files, rules, "\"10k\"");
        let diagnostic = Diagnostic::new(Code::H0104, "`n` is a number, compared with a symbol")
            .label(text, "expected number, found symbol")
            .label(place(&files, claims, "number"), "because column `n` is declared number")
            .note("numbers have no unit")
            .help("leave out the `k`")
            .fix("write the number", text, "10000");
        insta::assert_snapshot!(plain(&diagnostic, &files), @r#"
        error[H0104]: `n` is a number, compared with a symbol
         --> rules/totals.dl:3:31
          |
        3 | big(c) :- claim_lo(c, n), n > "10k".
          |                               ^^^^^ expected number, found symbol
          |
         ::: rules/claims.dl:1:31
          |
        1 | .decl claim_lo(c: ClaimId, n: number)
          |                               ------ because column `n` is declared number
          |
          = note: numbers have no unit
          = help: leave out the `k`
        help: write the number
          |
        3 - big(c) :- claim_lo(c, n), n > "10k".
        3 + big(c) :- claim_lo(c, n), n > 10000.
          |
        "#);
        assert_eq!(
            concise(&diagnostic, &files),
            "rules/totals.dl:3:31: error[H0104]: `n` is a number, compared with a symbol"
        );
        let value = json(&diagnostic, &files);
        assert_eq!(value["schema"], "hence.message/1");
        assert_eq!(value["labels"][0]["line"], 3);
        assert_eq!(value["labels"][0]["end_col"], 36);
        assert_eq!(value["labels"][1]["bytes"], json!([30, 36]));
        assert_eq!(value["fixes"][0]["edits"][0]["text"], "10000");
    }

    #[test]
    fn carets_stand_below_what_they_mean() {
        // A tab shows as four columns, a combining accent as none, an emoji as two; a mark that
        // turns the writing direction, and a line separator, are shown as a replacement.
        let text = "\u{feff}a\te\u{301}\u{200f}\u{2028}😀 X\u{1b}[31m\r\nlast";
        let (files, diagnostic) = at(text, "X");
        assert_eq!(
            plain(&diagnostic, &files),
            "error[H0001]: wrong\n --> t.dl:1:9\n  |\n1 | a    e\u{301}\u{fffd}\u{fffd}😀 X\u{241b}[31m\n  \
             |            ^ here\n"
        );
    }

    #[test]
    fn a_line_of_a_megabyte_is_cut_around_its_labels() {
        let text = format!("p({} WORD {}).\n", "ü, ".repeat(200_000), "x, ".repeat(200_000));
        let (files, diagnostic) = at(&text, "WORD");
        let shown = plain(&diagnostic, &files);
        assert!(shown.contains(" --> t.dl:1:600004\n"), "{shown}");
        assert!(shown.len() < 1_000, "{shown}");
        let lines: Vec<Vec<char>> = shown.lines().map(|line| line.chars().collect()).collect();
        let caret = lines[4].iter().position(|&char| char == '^').expect("there is a caret");
        assert_eq!(lines[3][caret..caret + 4], ['W', 'O', 'R', 'D']);
        let whole = Diagnostic::new(Code::H0001, "all")
            .label(Span::new(files_first(&files), 0, text.len()), "");
        assert!(plain(&whole, &files).len() < 2_000);
    }

    fn files_first(files: &Files) -> FileId {
        files.entries().next().expect("there is a file").0
    }

    #[test]
    fn ends_of_texts_have_places() {
        for (text, start) in [("", 0), ("p(1)", 4), ("p(1)\n", 5), ("p(1)\r\n", 6), ("\u{feff}", 3)]
        {
            let mut files = Files::new();
            let file = files.add("t.dl", text);
            let span = Span::new(file, start, start);
            let diagnostic = Diagnostic::new(Code::H0002, "ended").label(span, "here");
            let shown = plain(&diagnostic.clone().fix("add it", span, "."), &files);
            assert!(shown.contains("^ here"), "{text:?}: {shown}");
            assert_eq!(json(&diagnostic, &files)["labels"][0]["bytes"], json!([start, start]));
        }
    }

    #[test]
    fn no_text_and_no_place_does_harm() {
        arbtest::arbtest(|bytes| {
            let pieces = [
                "a", "\t", "\n", "\r\n", "\r", "ü", "😀", "\u{2028}", "\u{202e}", "\0", "e\u{301}",
            ];
            let long = "x".repeat(LINE_BYTES_MAX);
            let mut text = String::new();
            for _ in 0..bytes.int_in_range(0..=30)? {
                text.push_str(if bytes.ratio(1, 15)? { &long } else { bytes.choose(&pieces)? });
            }
            let mut files = Files::new();
            let file = files.add("t", text.as_str());
            let mut diagnostic = Diagnostic::new(Code::H0001, "wrong");
            for _ in 0..bytes.int_in_range(1..=3)? {
                let mut end = || Ok(text.floor_char_boundary(bytes.int_in_range(0..=text.len())?));
                let (a, b) = (end()?, end()?);
                let span = Span::new(file, a.min(b), a.max(b));
                diagnostic = diagnostic.label(span, "here");
                if diagnostic.fixes.is_empty() {
                    diagnostic = diagnostic.fix("mend", span, "new");
                }
            }
            let shown = plain(&diagnostic, &files);
            assert!(shown.contains("here"), "{shown}");
            assert!(json(&diagnostic, &files).is_object());
            Ok(())
        })
        .budget_ms(1_000);
    }

    #[test]
    fn a_message_is_one_line_whatever_it_quotes() {
        let (files, mut diagnostic) = at("x", "x");
        diagnostic.message = "a\nb\u{1b}[0m".to_owned();
        assert_eq!(concise(&diagnostic, &files), "t.dl:1:1: error[H0001]: a b\\u{1b}[0m");
        assert!(plain(&diagnostic, &files).starts_with("error[H0001]: a b\\u{1b}[0m\n"));
        let nowhere = Diagnostic::new(Code::H0306, "no place");
        assert_eq!(concise(&nowhere, &files), "error[H0306]: no place");
        assert_eq!(plain(&nowhere, &files), "error[H0306]: no place\n");
    }
}
