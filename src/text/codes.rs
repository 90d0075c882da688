//! Every code once: number, default severity, title, and the paragraph of `hence explain CODE`.
//! H00 syntax, H01 names and types, H02 rules as a whole, H03 data files, H04 claims and quotes,
//! H05 evaluation, H06 limits, H07 commands, H08 tests; L02, L03 and L04 warn of rules, data and claims.

use std::fmt;

use crate::text::diagnostic::Severity;

macro_rules! codes {
    ($($name:ident $text:literal $severity:ident $title:literal $about:literal;)*) => {
        /// A stable message code.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Code {
            $(#[doc = $title] $name,)*
        }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// As printed, for example `H0101`.
            #[must_use]
            pub fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Error or warning by default.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            /// A few words.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// A paragraph: what it means and what to do.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self { $(Self::$name => $about,)* }
            }
        }
    };
}

codes! {
    H0001 "H0001" Error "syntax error"
        "The text does not follow the grammar. The message says what was expected and what was found; reading goes on after it, so one run shows every such place.";
    H0002 "H0002" Error "input ended inside a statement"
        "The text ends before the statement is complete, most often for want of a full stop or a closing bracket or quote.";
    H0003 "H0003" Error "not supported yet"
        "The dialect has this construct, hence does not read it yet. It is refused by name, never misread or ignored.";
    H0004 "H0004" Error "a literal that cannot be read"
        "A number, string or character that the language does not have: a number out of range, an unknown escape, a stray character.";
    H0005 "H0005" Error "an included file cannot be read"
        "The file named by .include was looked for beside the including file, in each -I folder, and in the library; or files include each other in a circle, which the message prints.";
    H0101 "H0101" Error "unknown relation"
        "No .decl gives this relation. The message offers the nearest declared name.";
    H0102 "H0102" Error "wrong number of arguments"
        "An atom must give one argument for every column of the relation; `_` stands for a value that does not matter.";
    H0103 "H0103" Error "a variable where a constant was meant"
        "A bare word is a variable. To mean the symbol, put it in quotes.";
    H0104 "H0104" Error "types do not fit"
        "A value of one type is used where another is needed. Types follow from the declared columns; the message shows where each came from.";
    H0105 "H0105" Error "declared twice"
        "A relation or a type has two declarations. The message shows both.";
    H0106 "H0106" Error "unknown type"
        "No .type gives this name. The built-in types are number, unsigned, float and symbol.";
    H0107 "H0107" Error "unknown functor"
        "No built-in functor has this name, or it takes another number of arguments. User-defined functors are not supported.";
    H0108 "H0108" Error "a type that cannot be"
        "A type is defined by itself, or a union mixes different base types.";
    H0109 "H0109" Error "unknown directive parameter"
        "A parameter of .input, .output or .printsize is unknown, or its value cannot be used.";
    H0201 "H0201" Error "a variable that nothing binds"
        "Every variable must be bound by a positive atom of the body, or by = with a bound expression; not by negation, by a comparison, or inside an aggregate.";
    H0202 "H0202" Error "a variable of an aggregate used outside"
        "A variable that is bound only inside an aggregate is not visible outside of it; only min and max hand out witnesses.";
    H0203 "H0203" Error "a relation depends on its own negation or aggregate"
        "Through a cycle of rules the relation would have to be complete before it can be computed. The message prints the cycle; break it at a negated or aggregated literal.";
    H0204 "H0204" Error "not a fact"
        "A fact must consist of constants; a variable in it has no value.";
    H0205 "H0205" Error "a hint that cannot be followed"
        "A .plan hint must name every body atom of the rule exactly once.";
    H0206 "H0206" Error "an annotation that cannot be read"
        "A comment that starts with //@ is an annotation: on a rule name(\"…\"), say(\"…\"); allow(L…) on a rule, a declaration or a pragma; on a fact assume; on a declaration say(\"…\"), absent(\"…\"), conflict(a, b), caution(a); on a type of numbers date. Placeholders are variables of the rule or columns of the relation, {a..b} for a range, {a.id} for an id without its label.";
    H0301 "H0301" Error "a bad row in a facts file"
        "A cell does not hold a value of its column's type, or the row has too few or too many columns. The message names file, line, column and column name, and counts the bad rows of the file. --bad-rows skip goes on without them.";
    H0302 "H0302" Error "no facts file"
        "An input relation has no file in any -F folder and no claims file fills it. Name the folder or the claims file with -F; --allow-missing takes a missing file as one without rows.";
    H0303 "H0303" Error "a date that cannot be read"
        "Dates are EDTF: 2025, 2025-06, 2025-06-30, a period as two of these with /, an open end as .., an unspecified digit as X, ~ and ? for approximate and uncertain, seasons 21 to 24.";
    H0304 "H0304" Error "a number out of range"
        "Numbers are 64-bit: -9223372036854775808..9223372036854775807, unsigned 0..18446744073709551615. Nothing wraps around.";
    H0305 "H0305" Error "text that is not UTF-8"
        "Files are UTF-8. The message gives the offset of the first byte that is not.";
    H0306 "H0306" Error "a file that cannot be read or written"
        "The operating system refused; the message gives the path and its reason.";
    H0401 "H0401" Error "claim id given twice"
        "Ids are unique over the whole run. An exact repeat is only a warning.";
    H0402 "H0402" Error "quote not in the document"
        "The words of a quote must stand in the document, character for character.";
    H0403 "H0403" Error "span outside the document"
        "A span counts code points from 0, the end not included: 0 <= start < end <= length.";
    H0404 "H0404" Error "unknown document"
        "A claim names a document that no document record gives.";
    H0405 "H0405" Error "not a claims record"
        "A line of a claims file must be one JSON object whose type is one of the record types.";
    H0406 "H0406" Error "a field is missing"
        "The record type requires this field.";
    H0407 "H0407" Error "unknown word for a field"
        "The field takes one of a fixed list of words.";
    H0408 "H0408" Error "a chain that cannot be"
        "A chain lists who said it, first speaker first, then those who passed it on: at least one, no repeat, each a declared source.";
    H0409 "H0409" Error "bounds that cannot be"
        "An amount needs at least one bound, lo not above hi; a confidence lies between its limits.";
    H0410 "H0410" Error "an amount without a unit"
        "Every quantity names its unit: eleven thousand soldiers are not eleven civilians.";
    H0411 "H0411" Error "a number written as text"
        "Numbers are JSON numbers, without quotes and separators.";
    H0412 "H0412" Error "a quote that stands in several places"
        "The quote occurs more than once and its span does not say which; give prefix or suffix.";
    H0413 "H0413" Error "a quote that differs in dashes, quotes, spaces or case"
        "The quote equals the document only after such differences are folded. Copy the passage as it stands.";
    H0414 "H0414" Error "a conditional claim without its condition"
        "A claim of modality conditional says under which condition, in the field if.";
    H0415 "H0415" Error "undeclared source"
        "A source that no source record gives. --lenient declares it and counts.";
    H0416 "H0416" Error "undeclared entity"
        "An entity that no entity record gives. --lenient declares it and counts.";
    H0417 "H0417" Error "a link or reading of something unknown"
        "A link, grade, retraction or reading names a claim that no record gives.";
    H0418 "H0418" Error "records that rest on each other in a circle"
        "Links supersedes, restates and rests_on may not go in a circle, nor may the parents of sources, the wholes of entities and the copies of documents. The message prints the circle.";
    H0419 "H0419" Error "a document that is not what it was"
        "The document's text does not have the hash of its record.";
    H0420 "H0420" Error "a document's text is missing"
        "Without the text no quote can be checked. Give path or text, or take the quotes unverified with --ungrounded keep.";
    H0421 "H0421" Error "a path that leaves its folder"
        "A document's path is relative to its claims file and stays in that folder unless --allow-outside.";
    H0422 "H0422" Error "an id that cannot be"
        "An id has 1 to 64 letters, digits or _ . : -";
    H0423 "H0423" Error "a record given twice"
        "Two records of this type have the same id and different contents.";
    H0424 "H0424" Error "a claims file of another format"
        "The header line names a format or a version that this hence does not read.";
    H0425 "H0425" Error "a field with a value of another kind"
        "The field takes a value of another JSON type.";
    H0426 "H0426" Error "a fraction of something counted whole"
        "An amount is a whole number, unless the policy fractional_unit names its unit.";
    H0501 "H0501" Error "arithmetic error"
        "A division by zero, an overflow, a float that is not a number, or a conversion that fails, for a binding that satisfies every other literal of the rule. Nothing wraps and nothing is dropped.";
    H0502 "H0502" Error "a conclusion that is not there"
        "The atom that was asked about was not derived.";
    H0503 "H0503" Error "a recursion that looks endless"
        "The number of rounds reached --max-rounds.";
    H0601 "H0601" Error "stopped by a limit"
        "The limit of the message was reached; outputs are untouched.";
    H0602 "H0602" Error "interrupted"
        "The run was stopped by Ctrl-C or a signal; outputs are untouched.";
    H0701 "H0701" Error "a command that cannot be"
        "The command or one of its arguments is unknown.";
    H0801 "H0801" Error "a test that cannot be read"
        "A test file NAME.test.dl holds statements of the language and directives in comments: //@ facts \"PATH\", //@ test \"NAME\", //@ skip \"REASON\", //@ tolerance 1e-9, //@ without claim ID, //@ assume FACT, //@ expect … and //@ snapshot …; a table stands in /*@ expect ATOM … */. What stands above the first //@ test holds for every case.";
    L0201 "L0201" Warning "a rule that can never fire"
        "A relation of its body has no rules, no facts and no input, or a comparison never holds, or two of them exclude each other.";
    L0202 "L0202" Warning "a relation that nothing reads"
        "It is neither written out nor used by another rule.";
    L0203 "L0203" Warning "a variable used once"
        "It may be a slip of the pen; write _ if the value does not matter.";
    L0204 "L0204" Warning "recursion that makes new values"
        "The rule computes a new value from its own relation and nothing bounds it: it may never end.";
    L0205 "L0205" Warning "an aggregate over no rows"
        "Over no rows count and sum give 0; min, max and mean give nothing, so the rule does not fire.";
    L0206 "L0206" Warning "a relation that nothing fills"
        "It has no rules, no facts and no input.";
    L0207 "L0207" Warning "a pattern that cannot be read"
        "The regular expression is wrong; match gives no row.";
    L0208 "L0208" Warning "a hint without effect"
        "The pragma or qualifier is known and changes nothing here.";
    L0209 "L0209" Warning "a modality or marking that a conclusion loses"
        "The rule reads a relation with a column `modality` or `marking`, neither looks at it nor passes it on, and its own relation is written out without it: a reader takes for said what was only expected, or passes on what is marked.";
    L0210 "L0210" Warning "an allow that allows nothing"
        "The rule or declaration below it gives no such warning, so `//@ allow` would only hide one that comes later. Warnings that only a run gives (L0205, L0207) are not looked at, since other input may give them.";
    L0211 "L0211" Warning "a comparison that always holds"
        "Both sides are the same, or another comparison of the rule leaves nothing for it to exclude. Something else may have been meant.";
    L0212 "L0212" Warning "a product of relations"
        "Two atoms share no variable, directly or through other literals, and the head takes something from both: every row of the one meets every row of the other.";
    L0213 "L0213" Warning "a total over any unit"
        "A sum or mean takes its values from rows whose unit may differ, so that it adds what does not add up. Take the unit from outside of the aggregate, or name it.";
    L0214 "L0214" Warning "a total over any subject"
        "A sum or mean takes its values from rows that need not be of one thing: figures of claims of which nothing asks what they are about, or rows of any subject. Two reports of the same soldiers are then twice the soldiers. Ask for the event, the subject or the reading.";
    L0301 "L0301" Warning "a text that the file format cannot hold"
        "Cells of an output file are apart by tabs and rows by line ends. A text that holds one of them is written with \\t, \\n or \\r in its place, and counted.";
    L0302 "L0302" Warning "a folder that fills nothing"
        "A folder named with -F has no claims.jsonl and none of the fact files that the program reads: it may be the wrong folder.";
    L0401 "L0401" Warning "a record repeated"
        "The same record is given twice with the same contents; it counts once.";
    L0402 "L0402" Warning "a quote that moved"
        "The quote stands in exactly one other place; the span is corrected in memory.";
    L0403 "L0403" Warning "a span in other units"
        "The span fits as UTF-8 bytes or UTF-16 units, not as code points; it is corrected in memory.";
    L0404 "L0404" Warning "a hedge that is not in the sentence"
        "Hedges are words of the quote or of its sentence.";
    L0405 "L0405" Warning "an unknown field"
        "It is kept as attr(id, key, value).";
    L0406 "L0406" Warning "an observation from the future"
        "What is observed, documented or stated lies after the document's date.";
    L0407 "L0407" Warning "said after the document"
        "The time of the statement lies after the document's date.";
    L0408 "L0408" Warning "a head count without an event"
        "A claim with an amount that names no event cannot be protected from counting twice. Units that measure and do not count, as the years of an age, are named by the policy measured_unit.";
    L0409 "L0409" Warning "declared by use"
        "A source or entity without a record was declared because --lenient is on.";
    L0410 "L0410" Warning "rival readings of one passage"
        "A reading uses two claims of one alt group; at most one of them can count.";
    L0411 "L0411" Warning "a claim without words"
        "The claim quotes nothing, so no words of its document show it.";
    L0412 "L0412" Warning "records dropped"
        "--lenient goes on without records that have errors and without what rests on them; each is listed.";
    L0413 "L0413" Warning "an amount that is not in the quote"
        "The quote has figures in digits, and a bound of the amount is none of them, nor a sum, a difference or a product of them. If the words give it otherwise, name these words in amount.text; number words and figures inside the bounds raise no warning.";
    L0414 "L0414" Warning "a policy that nothing reads"
        "No rule reads a policy with this key, so the decision changes nothing; the key may be misspelt.";
    L0415 "L0415" Warning "approximate figures taken as exact"
        "Claims say that their figures are approximate, and no policy approx_slack says by how many percent they are widened. A policy of 0 takes them as they stand.";
    L0416 "L0416" Warning "a unit in singular and plural"
        "Figures of two units are never added or compared. Two claims name units that are one in the singular and in the plural, so theirs do not meet.";
}

/// Examples of every code: `=== CODE`, then on each side, wrong and right, a text.
static EXAMPLES: &str = include_str!("examples.txt");

/// A text with what is wrong, or the same text put right.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Example {
    /// Whether the code is given for it.
    pub is_wrong: bool,
    /// The command to run on it; nothing for `hence check`.
    pub command: Option<&'static str>,
    /// Files by their names; the first has none of its own.
    pub files: Vec<(Option<&'static str>, String)>,
}

impl Code {
    /// What gives the code and what does not, in pairs.
    #[must_use]
    pub fn examples(self) -> Vec<Example> {
        let mut found: Vec<Example> = Vec::new();
        let sections = EXAMPLES.split("=== ").filter_map(|one| one.split_once('\n'));
        let (_, section) =
            sections.into_iter().find(|(code, _)| *code == self.text()).unwrap_or(("", ""));
        for line in section.lines() {
            let last = found.last_mut().and_then(|example| example.files.last_mut());
            match (line.strip_prefix("--- "), last) {
                (Some(head), _) if head.starts_with("file ") => {
                    if let Some(example) = found.last_mut() {
                        example.files.push((head.strip_prefix("file "), String::new()));
                    }
                }
                (Some(head), _) => {
                    let is_wrong = head.starts_with("wrong");
                    let command = head.split_once(": ").map(|(_, command)| command);
                    found.push(Example { is_wrong, command, files: vec![(None, String::new())] });
                }
                (None, Some((_, text))) => text.extend([line, "\n"]),
                (None, None) => {}
            }
        }
        found
    }

    /// The code printed as `text`, in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.text().eq_ignore_ascii_case(text))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
