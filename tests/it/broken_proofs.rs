//! The checker refuses what is no proof, and says what is wrong with it.

use crate::proofs::Case;
use hence::base::ids::{Id, NodeId, RuleId, Table, VarId};
use hence::provenance::check::check;
use hence::provenance::proof::{
    AggregateNode, BuiltinNode, LeafRef, Node, Proof, Role, RuleNode, Site,
};
use hence::value::value::Value;

const PROGRAM: &str = r#"
.decl edge(a: symbol, b: symbol)
.decl closed(a: symbol)
.decl open(a: symbol)
.decl amount(a: symbol, n: number)
.decl path(a: symbol, b: symbol)
.decl total(n: number, k: number, m: number)
.decl near(a: symbol)
edge("a", "b"). edge("b", "c"). edge("c", "a"). edge("x", "y").
amount("a", 5). amount("b", 7). amount("c", 9).
closed("x").
open("x").
open(a) :- edge(a, _), !closed(a).
path(x, y) :- edge(x, y).
path(x, z) :- path(x, y), path(y, z).
total(n, k, m) :-
    n = sum x : { amount(_, x) },
    k = count : { open(_) },
    m = max x : { amount(_, x) }.
near(a) :- open(a), amount(a, n), n + 1 < 7, n = range(0, 9).
"#;

/// Nodes as a list to break.
type Nodes = Vec<Node>;

#[track_caller]
fn refused(relation: &str, texts: &[&str], breaks: impl FnOnce(&mut Nodes), reason: &str) {
    let case = Case::of(PROGRAM);
    let proof = case.explain(relation, texts);
    let mut nodes: Nodes = proof.nodes.iter().cloned().collect();
    breaks(&mut nodes);
    let broken = Proof { nodes: nodes.into_iter().collect::<Table<NodeId, Node>>(), ..proof };
    let verdict = check(case.explainer().given(), &broken);
    let said = verdict.expect_err("what is broken is refused");
    assert!(said.contains(reason), "refused with: {said}");
}

fn rule(nodes: &mut Nodes, relation_of: impl Fn(&RuleNode) -> bool) -> &mut RuleNode {
    let found = nodes.iter_mut().find_map(|node| match node {
        Node::Rule(rule) if relation_of(rule) => Some(rule),
        _ => None,
    });
    found.unwrap()
}

fn first(nodes: &mut Nodes) -> &mut RuleNode {
    rule(nodes, |_| true)
}

fn place(nodes: &Nodes, is: impl Fn(&Node) -> bool) -> usize {
    nodes.iter().position(is).unwrap()
}

fn aggregate(nodes: &mut Nodes, nth: usize) -> &mut AggregateNode {
    let mut all = nodes.iter_mut().filter_map(|node| match node {
        Node::Aggregate(node) => Some(node),
        _ => None,
    });
    all.nth(nth).unwrap()
}

#[test]
fn bindings() {
    let number = |n| Value::Number(n);
    refused("near", &[], |n| first(n).binding[1].1 = number(6), "asks for amount(\"a\", 6)");
    refused("path", &["a", "b"], |n| first(n).binding.truncate(1), "a variable has no value");
    refused(
        "path",
        &["a", "b"],
        |n| first(n).binding.push((VarId::new(99), number(1))),
        "a variable of another rule",
    );
    refused("path", &["a", "b"], |n| first(n).binding[0].1 = number(1), "a value of another type");
    refused(
        "path",
        &["a", "c"],
        |n| {
            let node = first(n);
            let swapped = node.binding[0].1;
            node.binding[1].1 = swapped;
        },
        "does not give path(\"a\", \"c\")",
    );
}

#[test]
fn rules_and_literals() {
    refused(
        "path",
        &["a", "b"],
        |n| {
            let node = first(n);
            node.rule = RuleId::new(0);
        },
        "gives open",
    );
    refused("path", &["a", "c"], |n| first(n).premises.truncate(1), "2 literals, but 1 premises");
    refused("path", &["a", "b"], |n| first(n).premises.clear(), "1 literals, but 0 premises");
    refused("path", &["a", "c"], |n| first(n).premises.swap(0, 1), "the literal asks for");
    refused(
        "path",
        &["a", "c"],
        |n| first(n).premises[1] = NodeId::new(77),
        "a node that is not there",
    );
    // A leaf that no literal asks for.
    refused(
        "path",
        &["a", "b"],
        |n| {
            n.push(Node::Builtin(BuiltinNode {
                site: Site::of_rule(RuleId::new(0)),
                binding: Vec::new(),
                values: Vec::new(),
            }))
        },
        "is used by nothing",
    );
}

#[test]
fn circles() {
    refused("path", &["a", "c"], |n| first(n).premises[0] = NodeId::new(0), "rests on itself");
    // The same tuple a second time, resting on the first.
    refused(
        "path",
        &["a", "c"],
        |n| {
            let copy = n[0].clone();
            n.push(copy);
            let last = NodeId::new(n.len() - 1);
            rule(n, |_| true).premises[0] = last;
        },
        "shows the tuple of #1 again",
    );
}

#[test]
fn premises_and_leaves() {
    let is_leaf = |node: &Node| matches!(node, Node::Leaf(_));
    refused(
        "path",
        &["a", "b"],
        |n| {
            let at = place(n, is_leaf);
            if let Node::Leaf(leaf) = &mut n[at] {
                leaf.conclusion.tuple.swap(0, 1);
            }
        },
        "the literal asks for edge(\"a\", \"b\")",
    );
    refused(
        "path",
        &["a", "b"],
        |n| {
            let at = place(n, is_leaf);
            if let Node::Leaf(leaf) = &mut n[at] {
                leaf.leaf = LeafRef::Fact(2);
            }
        },
        "is not given by this leaf",
    );
    refused(
        "path",
        &["a", "b"],
        |n| {
            let at = place(n, is_leaf);
            let conclusion = n[at].conclusion().unwrap().clone();
            n[at] = Node::Cut(conclusion);
        },
        // What is left out is not charged for: a proof may not hide behind its budget.
        "though the proof is whole",
    );
    // A conclusion that is there, and not by this binding.
    refused(
        "path",
        &["a", "b"],
        |n| first(n).conclusion.tuple.swap(0, 1),
        "does not give path(\"b\", \"a\")",
    );
}

#[test]
fn absence() {
    let is_absent = |node: &Node| matches!(node, Node::Absent(_));
    refused(
        "open",
        &["a"],
        |n| {
            let at = place(n, is_absent);
            if let Node::Absent(absent) = &mut n[at] {
                absent.pattern[0] = None;
            }
        },
        "the literal asks for no closed",
    );
    // The absent tuple is there: open("x"), a fact, by the rule for open("a").
    let case = Case::of(PROGRAM);
    let mut proof = case.explain("open", &["a"]);
    let x = Value::Symbol(case.program.symbols.find("x").unwrap());
    let y = Value::Symbol(case.program.symbols.find("y").unwrap());
    for id in proof.nodes.ids() {
        match &mut proof.nodes[id] {
            Node::Rule(node) => {
                node.conclusion.tuple[0] = x;
                node.binding[0].1 = x;
                node.binding[1].1 = y;
            }
            Node::Leaf(node) => {
                node.conclusion.tuple = Box::new([x, y]);
                node.leaf = LeafRef::Fact(3);
            }
            Node::Absent(node) => node.pattern[0] = Some(x),
            _ => {}
        }
    }
    let said = check(case.explainer().given(), &proof).unwrap_err();
    assert!(said.contains("closed(\"x\") is there"), "{said}");
}

#[test]
fn operations() {
    let is_builtin = |node: &Node| matches!(node, Node::Builtin(_));
    refused(
        "near",
        &[],
        |n| {
            let at = place(n, is_builtin);
            if let Node::Builtin(node) = &mut n[at] {
                node.values[0] = Value::Number(5);
            }
        },
        "the values are not those of the literal",
    );
    refused(
        "near",
        &[],
        |n| {
            let at = place(n, is_builtin);
            if let Node::Builtin(node) = &mut n[at] {
                node.binding[0].1 = Value::Number(4);
            }
        },
        "the binding is not that of the rule",
    );
    refused(
        "near",
        &[],
        |n| {
            let at = place(n, is_builtin);
            if let Node::Builtin(node) = &mut n[at] {
                node.site.path[0] = 0;
            }
        },
        "another literal",
    );
}

#[test]
fn aggregates() {
    refused("total", &[], |n| aggregate(n, 0).rows.truncate(2), "1 contributors are missing");
    refused(
        "total",
        &[],
        |n| {
            let rows = &mut aggregate(n, 0).rows;
            let again = rows[0].clone();
            rows.push(again);
        },
        "a row that the body does not have",
    );
    refused("total", &[], |n| aggregate(n, 0).value = Value::Number(20), "not the value of");
    refused(
        "total",
        &[],
        |n| aggregate(n, 0).rows[0].value = Some(Value::Number(8)),
        "a row with another value",
    );
    refused(
        "total",
        &[],
        |n| {
            let sum = aggregate(n, 0);
            sum.value = Value::Number(20);
            let node = first(n);
            node.binding[0].1 = Value::Number(20);
            node.conclusion.tuple[0] = Value::Number(20);
        },
        "is not in its relation",
    );
    refused("total", &[], |n| aggregate(n, 2).rows.swap(0, 1), "not a witness and a runner");
    refused("total", &[], |n| aggregate(n, 2).rows[1].role = Role::Witness, "but 0 premises");
    refused("total", &[], |n| aggregate(n, 2).others = 0, "1 others, not 0");
    refused(
        "total",
        &[],
        |n| {
            let site = aggregate(n, 1).site.clone();
            aggregate(n, 0).site = site;
        },
        "another aggregate",
    );
}

#[test]
fn costs() {
    let case = Case::of(PROGRAM);
    let proof = case.explain("path", &["a", "c"]);
    let mut wrong = proof.clone();
    wrong.cost.height += 1;
    let said = check(case.explainer().given(), &wrong).unwrap_err();
    assert!(said.contains("the proof says"), "{said}");
    check(case.explainer().given(), &proof).unwrap();
}
