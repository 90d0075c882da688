//! What a typed line means. Commands start with a dot and may be cut to a unique prefix; everything
//! else is a question, a rule or a declaration of the language.

use crate::syntax::cursor::outline;

/// A command of the prompt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verb {
    /// `.why`
    Why,
    /// `.whynot`
    Whynot,
    /// `.without`
    Without,
    /// `.assume`
    Assume,
    /// `.retract`
    Retract,
    /// `.diff`
    Diff,
    /// `.drop`
    Drop,
    /// `.keep`
    Keep,
    /// `.layers`
    Layers,
    /// `.support`
    Support,
    /// `.sources`
    Sources,
    /// `.sensitivity`
    Sensitivity,
    /// `.unused`
    Unused,
    /// `.conflicts`
    Conflicts,
    /// `.rels`
    Rels,
    /// `.schema`
    Schema,
    /// `.rules`
    Rules,
    /// `.load`
    Load,
    /// `.reload`
    Reload,
    /// `.facts`
    Facts,
    /// `.format`
    Format,
    /// `.rows`
    Rows,
    /// `.all`
    All,
    /// `.to`
    To,
    /// `.export`
    Export,
    /// `.timer`
    Timer,
    /// `.read`
    Read,
    /// `.history`
    History,
    /// `.set`
    Set,
    /// `.echo`
    Echo,
    /// `.bail`
    Bail,
    /// `.unload`
    Unload,
    /// `.paste`
    Paste,
    /// `.graph`
    Graph,
    /// `.check`
    Check,
    /// `.test`
    Test,
    /// `.record`
    Record,
    /// `.stats`
    Stats,
    /// `.profile`
    Profile,
    /// `.steps`
    Steps,
    /// `.save`
    Save,
    /// `.edit`
    Edit,
    /// `.shell`
    Shell,
    /// `.help`
    Help,
    /// `.quit`
    Quit,
}

/// A command as `.help` shows it.
#[derive(Debug)]
pub struct About {
    /// Which one.
    pub verb: Verb,
    /// Its name with the dot.
    pub name: &'static str,
    /// What follows the name.
    pub args: &'static str,
    /// What it does, in a line.
    pub does: &'static str,
    /// More, with an example.
    pub more: &'static str,
}

/// Every command, in the order of `.help`.
pub const COMMANDS: &[About] = &[
    About {
        verb: Verb::Why,
        name: ".why",
        args: "[OPTION…] [ATOM | ROW | #N]",
        does: "shows the proof of an answer",
        more: "ROW counts the rows of the last answer from 1; without anything its \
               first row is explained. #N is a step of the proof shown last.\n\
               --by WHAT       the proof with the least of: assumptions, sources, claims, height, \
               groups\n\
               --all, --top N  lists all proofs, or the best N\n\
               --diff N M      what two proofs of that list have not in common\n\
               --depth N       opens no step that has N steps above it\n\
               --expand WHAT   opens what is hidden, opaque or too deep: a relation, a rule, #N\n\
               --full          shows every step\n\
               --budget N, --rows N   looks at more derivations, lists more rows of a sum\n  \
               .why 3\n  .why reach(\"a\", \"c\")\n  .why --all reach(\"a\", \"c\")\n  .why #4",
    },
    About {
        verb: Verb::Whynot,
        name: ".whynot",
        args: "[OPTIONS] ATOM",
        does: "shows why an atom does not hold",
        more: "What comes nearest, and what stands in the way. --depth N asks of what is missing in \
               turn why it is not there, N steps down; --top N shows N near misses; --all shows \
               also those that are further off than others of their rule.\n  \
               .whynot reach(\"a\", \"c\")\n  .whynot --depth 2 reach(\"a\", _)",
    },
    About {
        verb: Verb::Without,
        name: ".without",
        args: "NAME…",
        does: "withdraws claims and shows what changes",
        more: "Every claim goes that has the source anywhere in its chain, or stands in the \
               document, and then every claim whose bases are all gone. Questions are answered \
               without them until `.drop`. An id that several things have is written source:ID, \
               document:ID or claim:ID; a label stands in quotes.\n  .without c1504\n  \
               .without source:cnn\n  .without \"Jenny Town\"",
    },
    About {
        verb: Verb::Assume,
        name: ".assume",
        args: "FACT, …",
        does: "adds facts and shows what changes",
        more: "Until `.drop`; proofs call them assumed. No file is touched.\n  \
               .assume policy(\"approx_slack\", \"20\")",
    },
    About {
        verb: Verb::Retract,
        name: ".retract",
        args: "ATOM, …",
        does: "takes rows out of the input and shows what changes",
        more: "All rows that match go, until `.drop`.\n  .retract opposed(_, \"russia\")",
    },
    About {
        verb: Verb::Diff,
        name: ".diff",
        args: "[RELATION | ATOM…]",
        does: "shows what all layers together change",
        more: "With a name or an atom all rows of it, else what is written out.\n  .diff total\n  \
               .diff total(\"r3\", _, _, _)",
    },
    About {
        verb: Verb::Drop,
        name: ".drop",
        args: "[N]",
        does: "undoes the last layer, or the last N",
        more: "  .drop 2",
    },
    About {
        verb: Verb::Keep,
        name: ".keep",
        args: "",
        does: "makes the layers permanent for this session",
        more: "What is withdrawn and assumed then stays, also after `.reload`.\n  .keep",
    },
    About {
        verb: Verb::Layers,
        name: ".layers",
        args: "",
        does: "lists what is withdrawn, assumed and taken out",
        more: "The last one is undone by `.drop`.\n  .layers",
    },
    About {
        verb: Verb::Support,
        name: ".support",
        args: "[ATOM | ROW] [--claims] [--full]",
        does: "shows which sources are enough, and which are needed",
        more: "With --claims it lists sets of claims and assumptions instead of sources, with \
               --full all of them.\n  .support 1\n  .support reach(\"a\", \"c\") --claims",
    },
    About {
        verb: Verb::Sources,
        name: ".sources",
        args: "[ATOM | ROW | --fragile | --necessary | --echo]",
        does: "shows who says what conclusions rest on",
        more: "Without anything it lists the sources. --fragile lists conclusions that do not \
               survive the failure of one origin, --necessary what all proofs of each conclusion \
               have in common, --echo claims that only repeat another source and so count once: \
               as the relations origin(claim, source), root(claim, source) and basis(claim, claim) \
               say. Relations may follow, and --full lists everything.\n  .sources total(\"r1\", _, _)\n  .sources --fragile total",
    },
    About {
        verb: Verb::Sensitivity,
        name: ".sensitivity",
        args: "[RELATION…] [--full]",
        does: "shows what changes without each source",
        more: "Of the relations that are written out, or of those named.\n  .sensitivity total",
    },
    About {
        verb: Verb::Unused,
        name: ".unused",
        args: "[RELATION…]",
        does: "shows claims and rules that no conclusion used",
        more: "Conclusions are what is written out, or the rows of the relations named. What \
               came nearest to a use is first, with the condition that failed.\n  .unused\n  .unused total corroborated",
    },
    About {
        verb: Verb::Conflicts,
        name: ".conflicts",
        args: "[RELATION | ATOM]",
        does: "shows which claims cannot both be right",
        more: "Both with their figures and words, why, and what changes without each. Of relations \
               marked //@ conflict(a, b).\n  .conflicts\n  .conflicts against(\"c0201\", _, _)",
    },
    About {
        verb: Verb::Rels,
        name: ".rels",
        args: "[PATTERN]",
        does: "lists relations with their sizes",
        more: "PATTERN is a part of the name; `*` stands for anything.\n  .rels claim*",
    },
    About {
        verb: Verb::Schema,
        name: ".schema",
        args: "[RELATION]",
        does: "shows columns, types and comments",
        more: "  .schema total",
    },
    About {
        verb: Verb::Rules,
        name: ".rules",
        args: "[RELATION | N]",
        does: "lists rules, or shows one in full",
        more: "Without anything one line a rule; with a relation its rules in full; with a number \
               that rule.\n  .rules total\n  .rules 12",
    },
    About {
        verb: Verb::Load,
        name: ".load",
        args: "FILE…",
        does: "adds rule files",
        more: "  .load more.dl",
    },
    About {
        verb: Verb::Reload,
        name: ".reload",
        args: "",
        does: "reads all rule and fact files again",
        more: "Rules typed at the prompt stay. If something is in error, all stays as it was.\n  \
               .reload",
    },
    About {
        verb: Verb::Facts,
        name: ".facts",
        args: "PATH",
        does: "adds a folder of facts or a claims file",
        more: "Every file is then read again.\n  .facts more/facts\n  .facts claims.jsonl",
    },
    About {
        verb: Verb::Unload,
        name: ".unload",
        args: "FILE…",
        does: "takes rule files, folders or claims files out again",
        more: "Everything else is then read again.\n  .unload more.dl",
    },
    About {
        verb: Verb::Paste,
        name: ".paste",
        args: "",
        does: "reads the lines up to `.end` as a part of a rule file",
        more: "There a fact is a fact, which alone would be a question.\n  \
               .paste\n  vote(\"ann\", 3). vote(\"bob\", 4).\n  .end",
    },
    About {
        verb: Verb::Save,
        name: ".save",
        args: "FILE",
        does: "writes rules typed here, and layers, into a file",
        more: "A file that ends in .dl is a rule file: rules, and what was assumed as facts. Any \
               other has the statements, for `.read`, with `.retract` and `.without` too. A file \
               that `.save` has not written is left alone.\n  .save mine.dl\n  .save work.txt",
    },
    About {
        verb: Verb::Graph,
        name: ".graph",
        args: "[RELATION]",
        does: "shows what a relation depends on, or all strata",
        more: "Indented under each relation is what its rules read: `!` if it must be absent, `{}` \
               if it is counted or added up.\n  .graph total\n  .graph",
    },
    About {
        verb: Verb::Steps,
        name: ".steps",
        args: "RULE",
        does: "shows how a rule is evaluated",
        more: "By the number of `.rules`, the name of the rule, or its relation.\n  .steps 3\n  \
               .steps total",
    },
    About {
        verb: Verb::Stats,
        name: ".stats",
        args: "",
        does: "shows how many tuples there are, and how much memory they take",
        more: "The largest relations first, indexes included.\n  .stats",
    },
    About {
        verb: Verb::Profile,
        name: ".profile",
        args: "[N]",
        does: "derives everything once more and shows what each rule costs",
        more: "The rules that take longest first, or the first N of them: time, rounds, rows that \
               scans, joins and ranges gave, new tuples, and bindings whose tuple was there \
               already. With `.format json` as a document of all rounds.\n  .profile\n  .profile 5",
    },
    About {
        verb: Verb::Check,
        name: ".check",
        args: "",
        does: "judges the rule files and their input as they are now",
        more: "As `hence check` does; what was typed here was judged when it was typed.\n  .check",
    },
    About {
        verb: Verb::Test,
        name: ".test",
        args: "[FILE]",
        does: "runs the tests beside the rules",
        more: "Those of NAME.test.dl beside each rule file that is loaded, or of FILE; nothing is \
               written. `hence test` does more.\n  .test\n  .test rules/totals.dl",
    },
    About {
        verb: Verb::Record,
        name: ".record",
        args: "NAME",
        does: "keeps the last question and its answer as a test",
        more: "As a case of NAME.test.dl beside the rules, with its input, what was typed here and \
               what was withdrawn or assumed. Read it: it says what is, not what should be.\n  \
               .record two voices for the crossing",
    },
    About {
        verb: Verb::Format,
        name: ".format",
        args: "[table | csv | tsv | json | jsonl | md | facts]",
        does: "sets how answers are printed",
        more: "Without anything it says which one is set.\n  .format jsonl",
    },
    About {
        verb: Verb::Rows,
        name: ".rows",
        args: "[N]",
        does: "sets how many rows of a table are shown",
        more: "0 for all. A terminal gets 40 if nothing was set, a pipe gets all.\n  .rows 100",
    },
    About {
        verb: Verb::All,
        name: ".all",
        args: "",
        does: "shows the last answer again, with all its rows",
        more: "However many `.rows` says.\n  .all",
    },
    About {
        verb: Verb::To,
        name: ".to",
        args: "[FILE | '|COMMAND' | -]",
        does: "sends answers into a file or a program",
        more: "All that would be on standard output, until `.to -`; answers in the form that \
               `.format` says. What was in the file is gone. In a pipe programs are started only \
               with --shell.\n  .format csv\n  .to answers.csv\n  total?\n  .to '|sort -r'\n  .to -",
    },
    About {
        verb: Verb::Export,
        name: ".export",
        args: "RELATION FILE",
        does: "writes a relation into a file",
        more: "In the form that the ending names: .csv, .tsv, .json, .jsonl, .md, .dl, .txt.\n  \
               .export total total.csv",
    },
    About {
        verb: Verb::Timer,
        name: ".timer",
        args: "[on | off]",
        does: "tells the time that every statement takes",
        more: "  .timer on",
    },
    About {
        verb: Verb::Read,
        name: ".read",
        args: "FILE",
        does: "does the statements of a file, as if typed",
        more: "Questions, commands, rules. With `.bail on` the first that fails ends it. `.load` \
               takes rule files.\n  .read questions.txt",
    },
    About {
        verb: Verb::History,
        name: ".history",
        args: "[N]",
        does: "lists the last statements typed",
        more: "What starts with a space is not kept.\n  .history 50",
    },
    About {
        verb: Verb::Set,
        name: ".set",
        args: "[SETTING [VALUE]]",
        does: "shows all settings, or sets one",
        more: "format, rows, timer, echo, bail, to: as the commands of these names do.\n  .set\n  \
               .set rows 100",
    },
    About {
        verb: Verb::Echo,
        name: ".echo",
        args: "[on | off]",
        does: "repeats every statement before its answer",
        more: "For transcripts of statements from a pipe or a file.\n  .echo on",
    },
    About {
        verb: Verb::Bail,
        name: ".bail",
        args: "[on | off]",
        does: "ends at the first statement that fails",
        more: "Of statements from a pipe or a file; on unless --no-bail was given.\n  .bail off",
    },
    About {
        verb: Verb::Edit,
        name: ".edit",
        args: "",
        does: "opens the last statement in an editor, and does what comes back",
        more: "In $VISUAL, $EDITOR or vi; at a terminal.\n  .edit",
    },
    About {
        verb: Verb::Shell,
        name: ".shell",
        args: "COMMAND",
        does: "does a command of the shell",
        more: "In a pipe only with --shell.\n  .shell ls facts",
    },
    About {
        verb: Verb::Help,
        name: ".help",
        args: "[COMMAND]",
        does: "lists commands, or explains one",
        more: "  .help .why",
    },
    About {
        verb: Verb::Quit,
        name: ".quit",
        args: "[CODE]",
        does: "leaves",
        more: "Ctrl-D does too, and asks if something is not saved. CODE is the exit code.\n  \
               .quit\n  .quit 2",
    },
];

/// What may follow the name of a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Takes {
    /// Nothing that can be completed.
    Nothing,
    /// An atom.
    Atom,
    /// An atom, or a row of the last answer.
    Row,
    /// Relations, or an atom.
    Part,
    /// Relations.
    Relation,
    /// Sources, documents, claims.
    Name,
    /// A file or a folder.
    File,
    /// A relation, and then a file.
    Export,
    /// A command.
    Command,
    /// A form of answers.
    Format,
    /// `on` or `off`.
    Switch,
}

impl Verb {
    /// What may follow it.
    #[must_use]
    pub fn takes(self) -> Takes {
        match self {
            Self::Why | Self::Support | Self::Sources => Takes::Row,
            Self::Whynot | Self::Assume | Self::Retract => Takes::Atom,
            Self::Diff | Self::Unused | Self::Conflicts => Takes::Part,
            Self::Sensitivity
            | Self::Rels
            | Self::Schema
            | Self::Rules
            | Self::Graph
            | Self::Steps => Takes::Relation,
            Self::Without => Takes::Name,
            Self::Load
            | Self::Unload
            | Self::Facts
            | Self::To
            | Self::Read
            | Self::Save
            | Self::Test => Takes::File,
            Self::Export => Takes::Export,
            Self::Timer | Self::Echo | Self::Bail => Takes::Switch,
            Self::Help => Takes::Command,
            Self::Format => Takes::Format,
            Self::Drop
            | Self::Keep
            | Self::Layers
            | Self::Reload
            | Self::Rows
            | Self::All
            | Self::Paste
            | Self::History
            | Self::Set
            | Self::Check
            | Self::Stats
            | Self::Profile
            | Self::Record
            | Self::Edit
            | Self::Shell
            | Self::Quit => Takes::Nothing,
        }
    }

    /// Its options.
    #[must_use]
    pub fn options(self) -> &'static [&'static str] {
        match self {
            Self::Why => &[
                "--all", "--budget", "--by", "--depth", "--diff", "--expand", "--full", "--rows",
                "--top",
            ],
            Self::Whynot => &["--all", "--depth", "--top"],
            Self::Support => &["--claims", "--full"],
            Self::Sources => &["--echo", "--fragile", "--full", "--necessary"],
            Self::Sensitivity => &["--full"],
            _ => &[],
        }
    }
}

/// What ends the lines after `.paste`.
pub const PASTE_END: &str = ".end";

/// Directives of the language, which also start with a dot.
pub const DIRECTIVES: &[&str] = &[
    ".decl",
    ".type",
    ".input",
    ".output",
    ".printsize",
    ".limitsize",
    ".comp",
    ".init",
    ".override",
    ".functor",
    ".pragma",
    ".plan",
    ".lattice",
    ".include",
    ".once",
    ".number_type",
    ".symbol_type",
];

/// A statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Statement<'a> {
    /// Nothing but blanks and comments.
    Nothing,
    /// A command with what follows its name.
    Command(Verb, &'a str),
    /// A command that is not known: what was typed, and the names it may mean.
    Unknown(&'a str, Vec<&'static str>),
    /// A question, as typed. The flag tells that it has the form of a fact.
    Question(&'a str, bool),
    /// A rule, a declaration or a directive.
    Program(&'a str),
}

/// What `text` means.
#[must_use]
pub fn read(text: &str) -> Statement<'_> {
    let text = text.trim();
    let code = outline(text);
    let bare = code.trim();
    if bare.is_empty() {
        return Statement::Nothing;
    }
    let word_end = text.find(|c: char| c.is_whitespace()).unwrap_or(text.len());
    let (word, rest) = text.split_at(word_end);
    if matches!(text, "." | "?") {
        return Statement::Unknown(text, Vec::new());
    }
    if word.starts_with('.') && !DIRECTIVES.contains(&word) {
        return match named(word).as_slice() {
            [about] => Statement::Command(about.verb, rest.trim()),
            several => Statement::Unknown(word, several.iter().map(|about| about.name).collect()),
        };
    }
    if word.starts_with('.') || (code.contains(":-") && !bare.starts_with("?-")) {
        return Statement::Program(text);
    }
    let asked = bare.trim_end_matches('.').trim_end().ends_with('?');
    let fact = bare.ends_with('.') && !asked && !bare.starts_with("?-") && bare.contains('(');
    Statement::Question(text, fact)
}

/// The commands that `word` may mean: the one of that name, or all that start with it. `.w` is
/// `.why` and `.h` is `.help`.
#[must_use]
pub fn named(word: &str) -> Vec<&'static About> {
    let word = match word {
        ".w" => ".why",
        ".h" => ".help",
        other => other,
    };
    if let Some(exact) = COMMANDS.iter().find(|about| about.name == word) {
        return vec![exact];
    }
    COMMANDS.iter().filter(|about| word.len() > 1 && about.name.starts_with(word)).collect()
}

/// Whether a text ends inside a comment.
#[must_use]
pub fn in_comment(text: &str) -> bool {
    // What closes a comment shows in the outline unless there is one to close.
    outline(&format!("{text}\n*/")) != format!("{}\n*/", outline(text))
}

/// Whether a question is the bare name of a relation.
#[must_use]
pub fn is_word(text: &str) -> bool {
    let word = text.trim().trim_end_matches(['.', '?']);
    !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "_.?".contains(c))
}

/// Whether a question over several lines must go on: it starts with `?-` and has no end yet.
#[must_use]
pub fn goes_on(text: &str) -> bool {
    let code = outline(text);
    let code = code.trim();
    code.starts_with("?-") && !code.ends_with(['.', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &Statement<'_>) {
        assert_eq!(&read(text), expected, "{text:?}");
    }

    #[test]
    fn statements() {
        check("  // nothing", &Statement::Nothing);
        check(".w 3", &Statement::Command(Verb::Why, "3"));
        check(".q", &Statement::Command(Verb::Quit, ""));
        check(".h why", &Statement::Command(Verb::Help, "why"));
        check(
            ".re",
            &Statement::Unknown(".re", vec![".retract", ".rels", ".reload", ".record", ".read"]),
        );
        check(".nope x", &Statement::Unknown(".nope", vec![]));
        check(" . ", &Statement::Unknown(".", vec![]));
        check("?", &Statement::Unknown("?", vec![]));
        check(".decl a(x: number)", &Statement::Program(".decl a(x: number)"));
        check("a(x) :- b(x).", &Statement::Program("a(x) :- b(x)."));
        check("a(\":-\")", &Statement::Question("a(\":-\")", false));
        check("?- a(x), b(x).", &Statement::Question("?- a(x), b(x).", false));
        check("a(1).", &Statement::Question("a(1).", true));
        check("total", &Statement::Question("total", false));
    }

    #[test]
    fn every_command_has_an_example_of_itself() {
        for about in COMMANDS {
            let examples: Vec<&str> =
                about.more.lines().filter_map(|line| line.strip_prefix("  ")).collect();
            let is_it = |line: &&str| matches!(read(line), Statement::Command(verb, _) if verb == about.verb);
            assert!(examples.iter().any(is_it), "{}: {examples:?}", about.name);
            for line in examples {
                assert!(
                    !matches!(read(line), Statement::Unknown(..)) || line == PASTE_END,
                    "{}: {line}",
                    about.name
                );
            }
        }
    }

    #[test]
    fn a_question_mark_or_a_stop_ends_a_long_question() {
        assert!(goes_on("?- a(x),"));
        assert!(goes_on("?- a(\"x.\")"));
        assert!(!goes_on("?- a(x)."));
        assert!(!goes_on("?- a(x)?"));
        assert!(!goes_on("a(x)"));
    }
}
