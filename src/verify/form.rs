//! The lines of a certificate. Fields that are not listed here are refused, and so are repeated
//! ones. Rules, aggregates, variables and files are named by their positions, from 0.

use serde::Deserialize;
use serde_json::Value as Json;

use super::value::Base;

/// A line; the header is the first, then come relations, facts and rules, the program.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Content {
    Header(Header),
    Relation { name: String, columns: Vec<(String, Base)>, input: bool },
    Fact(Row),
    Rule(Rule),
    // A tuple that is given, and where: `"fact"` is in the program, all else in input files.
    Leaf { gives: Row, by: Json },
    // A tuple that a rule gives with these values of its variables (none for those that only an
    // aggregate has), from tuples and groups of earlier lines.
    Step { gives: Row, rule: usize, binding: Vec<Json> },
    // The value of an aggregate for values from around it, and every binding of its body.
    Aggregate { id: usize, outer: Vec<Json>, value: Json, rows: Vec<Vec<Json>> },
    // All tuples of these relations have been shown.
    Closed(Vec<String>),
    // What the certificate shows; the last line.
    Conclusions(Vec<Row>),
}

/// A relation and a tuple.
pub(super) type Row = (String, Vec<Json>);

/// The level says whether that a tuple is absent and a group complete is trusted (`proof`), or
/// looked up in relations that are there in full (`model`). Names and hashes (SHA-256) of rule
/// files; the hash of the lines of relations, facts and rules; names and contents of input files.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) schema: String,
    pub(super) hence: String,
    pub(super) level: String,
    pub(super) rules: String,
    pub(super) programs: Vec<(String, String)>,
    pub(super) inputs: Option<Vec<(String, Json)>>,
}

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

/// What may be anything is so only in absences.
#[derive(Deserialize, Clone, Debug)]
#[serde(rename_all = "snake_case")]
pub(super) enum Expr {
    Var(usize),
    Const(Base, Json),
    Call(String, Vec<Expr>),
    Any,
}

/// A comparison is also `match` or `contains`, with pattern or part first, or `not` these.
#[derive(Deserialize, Clone, Debug)]
#[serde(rename_all = "snake_case")]
pub(super) enum Literal {
    Atom(Atom),
    Absent(Atom),
    Compare(String, Expr, Expr),
    Range(usize, Vec<Expr>),
    Aggregate(Box<Aggregate>),
}

/// `outer` are the variables of its body that it takes from around it, `witnesses` those that it
/// gives back, with `var`.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Aggregate {
    pub(super) id: usize,
    pub(super) var: usize,
    pub(super) kind: String,
    pub(super) base: Base,
    pub(super) value: Option<Expr>,
    pub(super) body: Vec<Literal>,
    pub(super) outer: Vec<usize>,
    pub(super) witnesses: Vec<usize>,
}

impl Expr {
    pub(super) fn each_var(&self, visit: &mut dyn FnMut(usize)) {
        match self {
            Self::Var(var) => visit(*var),
            Self::Const(..) | Self::Any => {}
            Self::Call(_, args) => args.iter().for_each(|arg| arg.each_var(visit)),
        }
    }
}

impl Literal {
    /// Calls `visit` with each variable; of an aggregate only with those around it.
    pub(super) fn each_var(&self, visit: &mut dyn FnMut(usize)) {
        match self {
            Self::Atom(Atom(_, args)) | Self::Absent(Atom(_, args)) => {
                args.iter().for_each(|arg| arg.each_var(visit));
            }
            Self::Compare(_, a, b) => [a, b].iter().for_each(|arg| arg.each_var(visit)),
            Self::Range(var, args) => {
                visit(*var);
                args.iter().for_each(|arg| arg.each_var(visit));
            }
            Self::Aggregate(of) => {
                [of.var].iter().chain(&of.outer).chain(&of.witnesses).for_each(|var| visit(*var));
            }
        }
    }

    /// Calls `visit` with each relation, and whether the literal asks for its tuples.
    pub(super) fn each_relation(&self, visit: &mut dyn FnMut(&str, bool)) {
        match self {
            Self::Atom(atom) => visit(&atom.0, true),
            Self::Absent(atom) => visit(&atom.0, false),
            Self::Aggregate(of) => of
                .body
                .iter()
                .for_each(|literal| literal.each_relation(&mut |name, _| visit(name, false))),
            _ => {}
        }
    }
}
