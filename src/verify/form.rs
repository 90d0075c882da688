//! The lines of a certificate. Fields that are not listed here are refused, and so are repeated
//! ones. Lines count from 1; a line names earlier ones by their numbers.

use serde::Deserialize;
use serde_json::Value as Json;

use super::value::Base;

/// A line that was read.
#[derive(Deserialize, Debug)]
#[serde(transparent)]
pub struct Line(pub(super) Content);

impl Line {
    /// Reads a line.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }
}

#[derive(Deserialize, Debug)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Content {
    /// What the certificate is about; the first line.
    Header(Header),
    /// The program: its relations, facts and rules.
    Relation {
        name: String,
        columns: Vec<(String, Base)>,
        input: bool,
    },
    Fact(Row),
    Rule(Rule),
    /// A tuple that is given.
    Leaf {
        gives: Row,
        by: Origin,
    },
    /// A tuple that a rule gives with these values of its variables (none for those that only an
    /// aggregate or absence has), by the lines of its atoms, absences and aggregates, in order.
    Step {
        gives: Row,
        rule: usize,
        binding: Vec<Json>,
        premises: Vec<usize>,
    },
    /// The value of an aggregate: where in the rule it stands, as a position in the body, then
    /// positions in bodies of aggregates; and every binding of its body with its premises.
    Aggregate {
        rule: usize,
        at: Vec<usize>,
        outer: Vec<Json>,
        value: Json,
        rows: Vec<Member>,
    },
    /// No such tuple is in the relation, whatever stands where there is nothing.
    Absent(Row),
    /// All tuples of these relations have been shown.
    Closed(Vec<String>),
    /// What the certificate shows, and in which lines; the last line.
    Conclusions(Vec<(usize, Row)>),
}

pub(super) type Member = (Vec<Json>, Vec<usize>);

/// A relation and a tuple.
#[derive(Deserialize, Debug)]
pub(super) struct Row(pub(super) String, pub(super) Vec<Json>);

/// Names and hashes (SHA-256) of rule files; the hash of the lines of relations, facts and rules.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) schema: String,
    #[serde(rename = "hence")]
    pub(super) _hence: String,
    pub(super) level: Level,
    pub(super) rules: String,
    pub(super) programs: Vec<(String, String)>,
    pub(super) inputs: Vec<File>,
}

/// Whether that a tuple is absent and a group complete is trusted, or looked up in relations that
/// are there in full.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "snake_case")]
pub(super) enum Level {
    Proof,
    Model,
}

/// An input file; `without` are lines that were left out.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) sha256: String,
    pub(super) holds: Holds,
    pub(super) without: Vec<usize>,
}

/// So many rows of a relation, so many records, or the text of the document with this id.
#[derive(Deserialize, Clone, PartialEq, Eq, Debug)]
#[serde(rename_all = "snake_case")]
pub(super) enum Holds {
    Rows(String, usize),
    Claims(usize),
    Document(String),
}

/// Expressions name variables by their positions.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) vars: Vec<(Option<String>, Base)>,
    pub(super) head: Atom,
    pub(super) body: Vec<Literal>,
}

#[derive(Deserialize, Clone, Debug)]
pub(super) struct Atom(pub(super) String, pub(super) Vec<Expr>);

#[derive(Deserialize, Clone, Debug)]
#[serde(rename_all = "snake_case")]
pub(super) enum Expr {
    Var(usize),
    Const(Base, Json),
    Call(String, Vec<Expr>),
}

/// A test is `match` or `contains`, with whether it shall hold, pattern or part, and text.
#[derive(Deserialize, Clone, Debug)]
#[serde(rename_all = "snake_case")]
pub(super) enum Literal {
    Atom(Atom),
    Absent(Atom),
    Compare(String, Expr, Expr),
    Test(String, bool, Expr, Expr),
    Range(usize, Vec<Expr>),
    Aggregate(Box<Aggregate>),
    Constant(bool),
}

/// `outer` are the variables of its body that it takes from around it, `witnesses` those that it
/// gives back, with `var`.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Aggregate {
    pub(super) var: usize,
    pub(super) kind: String,
    pub(super) base: Base,
    pub(super) value: Option<Expr>,
    pub(super) body: Vec<Literal>,
    pub(super) outer: Vec<usize>,
    pub(super) witnesses: Vec<usize>,
}

/// What gives a tuple: the fact of a line, a line of an input file (by its position in the header,
/// from 0) with a claim and the code points of its quote, or its use as a source or entity.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Origin {
    Fact(usize),
    Row(usize, usize),
    Claim { file: usize, line: usize, id: String, quote: Option<(String, usize, usize)> },
    Record(usize, usize),
    Declared(()),
}

impl Expr {
    pub(super) fn each_var(&self, visit: &mut dyn FnMut(usize)) {
        match self {
            Self::Var(var) => visit(*var),
            Self::Const(..) => {}
            Self::Call(_, args) => args.iter().for_each(|arg| arg.each_var(visit)),
        }
    }
}

impl Literal {
    /// Calls `visit` with each occurrence of a variable; of what is inside of an aggregate only
    /// with those that it shares with its surroundings, unless `deep`.
    pub(super) fn each_var(&self, deep: bool, visit: &mut dyn FnMut(usize)) {
        match self {
            Self::Atom(Atom(_, args)) | Self::Absent(Atom(_, args)) => {
                args.iter().for_each(|arg| arg.each_var(visit));
            }
            Self::Compare(_, a, b) | Self::Test(_, _, a, b) => {
                [a, b].iter().for_each(|arg| arg.each_var(visit));
            }
            Self::Range(var, args) => {
                visit(*var);
                args.iter().for_each(|arg| arg.each_var(visit));
            }
            Self::Aggregate(of) if deep => {
                visit(of.var);
                of.value.iter().for_each(|value| value.each_var(visit));
                of.body.iter().for_each(|literal| literal.each_var(true, visit));
            }
            Self::Aggregate(of) => {
                [of.var].iter().chain(&of.outer).chain(&of.witnesses).for_each(|var| visit(*var));
            }
            Self::Constant(_) => {}
        }
    }

    /// Calls `visit` with each relation, and whether the literal asks for its tuples.
    pub(super) fn each_atom<'l>(&'l self, visit: &mut dyn FnMut(&'l Atom, bool)) {
        match self {
            Self::Atom(atom) => visit(atom, true),
            Self::Absent(atom) => visit(atom, false),
            Self::Aggregate(of) => {
                of.body
                    .iter()
                    .for_each(|literal| literal.each_atom(&mut |atom, _| visit(atom, false)));
            }
            _ => {}
        }
    }
}
