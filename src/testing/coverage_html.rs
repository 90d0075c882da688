//! Coverage as one HTML page: the lines of the rule files, with what no case tries.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::testing::coverage::{Coverage, Tried};
use crate::testing::coverage_text::line;
use crate::testing::report_json::xml;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:70em;\
padding:0 1em;color-scheme:light dark}pre{font-size:13px;overflow-x:auto}\
pre span{display:block;padding-left:.5em;border-left:.3em solid transparent}\
.hit{border-color:#4a8}.idle{border-color:#b80;background:#b802}\
.none{border-color:#c33;background:#c332}small{color:GrayText;padding-left:2em}\
td,th{text-align:left;padding-right:2em}";

/// What is known of a line.
#[derive(Default)]
struct Line {
    /// Whether a rule stands here, and whether one here gave something.
    fired: Option<bool>,
    /// What is to be said of it.
    notes: Vec<String>,
}

/// The page; `text` gives the text of a rule file.
#[must_use]
pub fn page(coverage: &Coverage, text: &dyn Fn(&str) -> Option<String>) -> String {
    let mut files: BTreeMap<&str, Vec<&Tried>> = BTreeMap::new();
    for ((file, _, _), tried) in &coverage.rules {
        files.entry(file).or_default().push(tried);
    }
    let title = xml(&format!("{} ({:.0} %)", line(coverage), coverage.percent().floor()));
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n<h1>{title}</h1>\n\
         <p>Green: a rule that gave something in some case. Red: one that gave nothing. Yellow: a \
         condition that never made a difference; without it every case would come to the same.</p>\n\
         <table>\n<tr><th>File</th><th>Rules</th><th>Conditions</th></tr>\n"
    );
    for (at, (file, rules)) in files.iter().enumerate() {
        let fired = rules.iter().filter(|tried| tried.fired > 0).count();
        let conditions = || rules.iter().flat_map(|tried| &tried.literals);
        let decided = conditions().filter(|condition| condition.decided > 0).count();
        // A String takes whatever is written to it.
        let _ok = writeln!(
            out,
            "<tr><td><a href=\"#f{at}\">{}</a></td><td>{fired}/{}</td><td>{decided}/{}</td></tr>",
            xml(file),
            rules.len(),
            conditions().count()
        );
    }
    out.push_str("</table>\n");
    for (at, (file, rules)) in files.iter().enumerate() {
        let _ok = write!(out, "<h2 id=\"f{at}\">{}</h2>\n<pre>", xml(file));
        let text = text(file).unwrap_or_default();
        let about = lines(rules);
        for (number, line) in (1..).zip(text.lines()) {
            let nothing = Line::default();
            out.push_str(&shown(number, line, about.get(&number).unwrap_or(&nothing)));
        }
        out.push_str("</pre>\n");
    }
    let idle: Vec<&str> =
        coverage.claims.iter().filter(|(_, used)| !**used).map(|(id, _)| id.as_str()).collect();
    if !idle.is_empty() {
        let idle = xml(&idle.join(", "));
        let _ok = writeln!(out, "<p>Claims that no conclusion of a case used: {idle}</p>");
    }
    out.push_str("</html>\n");
    out
}

/// What is known of the lines of a file.
fn lines(rules: &[&Tried]) -> BTreeMap<usize, Line> {
    let mut lines: BTreeMap<usize, Line> = BTreeMap::new();
    for tried in rules {
        for number in tried.lines.clone() {
            let fired = &mut lines.entry(number).or_default().fired;
            *fired = Some(fired.unwrap_or(false) || tried.fired > 0);
        }
        if tried.fired == 0 {
            let notes = &mut lines.entry(tried.lines.start).or_default().notes;
            notes.push(format!("rule “{}” gave nothing", tried.name));
            continue;
        }
        for condition in tried.literals.iter().filter(|condition| condition.decided == 0) {
            let notes = &mut lines.entry(condition.line).or_default().notes;
            notes.push(format!("`{}` never made a difference", condition.text));
        }
    }
    lines
}

fn shown(number: usize, text: &str, line: &Line) -> String {
    let class = match line.fired {
        None => "",
        Some(false) => " class=\"none\"",
        Some(true) if line.notes.is_empty() => " class=\"hit\"",
        Some(true) => " class=\"idle\"",
    };
    let notes = match line.notes.as_slice() {
        [] => String::new(),
        notes => format!("<small>{}</small>", xml(&notes.join("; "))),
    };
    format!("<span{class}>{number:>4}  {}{notes}</span>", xml(text))
}
