//! Relations that are named in the directives of test files, which are comments to the parser.

use std::ops::Range;
use std::slice::from_ref;

use crate::base::ids::FileId;
use crate::syntax::lexer::lex;
use crate::syntax::token::Kind;
use crate::testing::directive::Says;
use crate::testing::file::TestFile;
use crate::testing::scan::only;
use crate::text::files::Files;
use crate::text::span::Span;

/// The places of a relation in the directives of a test file, in its own text; where snapshots are
/// named after it, too.
#[must_use]
pub fn uses(test: &TestFile, name: &str) -> Vec<Span> {
    let Some((file, _)) = test.files.entries().next() else { return Vec::new() };
    let sections = test.cases.iter().map(|case| &case.section).chain([&test.shared]);
    let mut found = Vec::new();
    for directive in sections.flat_map(|section| &section.directives) {
        let is_list = matches!(directive.says, Says::Snapshot(_));
        let inner = inner(&test.text, &directive.range);
        found.extend(within(&test.text, &inner, (name, is_list), file));
    }
    found.sort_unstable();
    found
}

/// What a directive says: of a table the line above its rows.
fn inner(text: &str, range: &Range<usize>) -> Range<usize> {
    let start = (range.start + "//@".len()).min(range.end);
    let line = text[start..range.end].find('\n').map_or(range.end, |length| start + length);
    let ends = text[start..line].find("*/").map_or(line, |length| start + length);
    start..ends
}

fn within(
    text: &str,
    range: &Range<usize>,
    (name, is_list): (&str, bool),
    file: FileId,
) -> Vec<Span> {
    let mut files = Files::new();
    let text = only(text, from_ref(range));
    let tokens = lex(&text, files.add("", text.as_str())).tokens;
    let pairs = tokens.iter().zip(tokens.iter().skip(1));
    let is_meant = |kind: Kind, span: Span, next: Kind| {
        kind == Kind::Name && &text[span.range()] == name && (is_list || next == Kind::Open)
    };
    pairs
        .filter(|(token, next)| is_meant(token.kind, token.span, next.kind))
        .map(|(token, _)| Span { file, ..token.span })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::uses;
    use crate::testing::file::TestFile;

    #[test]
    fn names_in_directives() {
        let text = "//@ test \"p(1)\"\n//@ expect none p(1, \"p(\")\n\
                    /*@ expect p(x, p) where q(x)\np  1\n*/\n//@ snapshot q, p\n\
                    //@ expect count q(p) = 1\np(1, 2). // p(3)\n";
        let test = TestFile::of(Path::new("p.test.dl"), text);
        assert!(test.messages.is_empty(), "{:?}", test.messages);
        let lines: Vec<usize> = uses(&test, "p")
            .iter()
            .map(|span| text[..span.start as usize].matches('\n').count() + 1)
            .collect();
        assert_eq!(lines, [2, 3, 6]);
        assert!(uses(&test, "p").iter().all(|span| &text[span.range()] == "p"));
    }
}
