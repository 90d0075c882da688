//! Circles: claims that supersede, restate or rest on each other, sources that speak for each
//! other, entities within each other, documents that copy each other.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::mem;

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::base::hash::Map;
use crate::claims::cell::Text;
use crate::claims::check::Check;
use crate::claims::record::{Link, Retract};
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;

/// One thing that stands on another.
#[derive(Debug)]
pub(crate) struct Edge<'a> {
    verb: &'static str,
    from: Cow<'a, str>,
    to: Cow<'a, str>,
    entry: usize,
    /// The field that says so.
    path: &'static str,
}

/// What may not go in a circle: verbs that are looked at together.
const GRAPHS: [&[&str]; 5] = [
    &["supersedes"],
    &["restates", "rests on"],
    &["speaks for"],
    &["lies within"],
    &["is a copy of"],
];

/// Records of further circles whose places a message gives.
const OTHERS_SHOWN: usize = 5;

impl<'a> Edge<'a> {
    /// An edge that a field makes, if it is given.
    pub(crate) fn new(
        verb: &'static str,
        from: &Text<'a>,
        to: Option<Text<'a>>,
        entry: usize,
        path: &'static str,
    ) -> Option<Self> {
        Some(Self { verb, from: from.0.clone(), to: to?.0, entry, path })
    }

    /// The edge that a link makes.
    pub(crate) fn of_link(link: Link<'a>, entry: usize) -> Option<Self> {
        let verb = match &*link.rel {
            "supersedes" => "supersedes",
            "restates" => "restates",
            "rests_on" => "rests on",
            _ => return None,
        };
        Self::new(verb, &link.from, Some(link.to), entry, "rel")
    }

    /// The edge that the replacement of a claim makes.
    pub(crate) fn of_retract(retract: Retract<'a>, entry: usize) -> Option<Self> {
        let by = retract.replaced_by?;
        Self::new("supersedes", &by, Some(retract.claim), entry, "replaced_by")
    }
}

impl Check<'_> {
    /// Refuses the records that make circles; each message prints one circle.
    pub(crate) fn refuse_circles(&mut self) {
        let edges = mem::take(&mut self.edges);
        for verbs in GRAPHS {
            let edges: Vec<&Edge<'_>> =
                edges.iter().filter(|edge| verbs.contains(&edge.verb)).collect();
            for members in components(&edges) {
                self.refuse_component(&members);
            }
        }
    }

    fn refuse_component(&mut self, edges: &[&Edge<'_>]) {
        let circle = shortest_circle(edges);
        let first = circle[0];
        let others: Vec<String> = circle[1..].iter().map(|e| format!("`{}`", e.from)).collect();
        let through = match others.is_empty() {
            true => String::new(),
            false => format!(" by way of {}", others.join(", ")),
        };
        let message = format!("`{}` {} itself{through}", first.from, first.verb);
        let mut diagnostic = Diagnostic::new(Code::H0418, message);
        for (i, edge) in circle.iter().enumerate() {
            let back = if i + 1 == circle.len() && i > 0 { ": back to 1" } else { "" };
            let label = format!("{}. `{}` {} `{}`{back}", i + 1, edge.from, edge.verb, edge.to);
            diagnostic = diagnostic.label(self.place(edge.entry, edge.path), label);
        }
        let mut names: Vec<&str> = circle.iter().map(|edge| &*edge.from).collect();
        names.push(&first.from);
        diagnostic = diagnostic.note(format!("circle: {}", names.join(" -> ")));
        if let Some(note) = self.others(edges, &circle) {
            diagnostic = diagnostic.note(note);
        }
        self.refuse(first.entry, diagnostic);
        for edge in edges {
            self.refuse_with(edge.entry, Code::H0418);
        }
    }

    /// Where the records are that make further circles through the names of this one.
    fn others(&self, edges: &[&Edge<'_>], circle: &[&Edge<'_>]) -> Option<String> {
        let shown: Vec<usize> = circle.iter().map(|edge| edge.entry).collect();
        let mut others: Vec<usize> = edges.iter().map(|edge| edge.entry).collect();
        others.retain(|entry| !shown.contains(entry));
        others.sort_unstable();
        others.dedup();
        let place = |&entry: &usize| {
            let span = self.entries[entry].span(self.files);
            format!("{}:{}", self.shown.get(span.file).name, self.shown.position(span).line)
        };
        let mut places: Vec<String> = others.iter().take(OTHERS_SHOWN).map(place).collect();
        if others.len() > places.len() {
            places.push(format!("{} more", others.len() - places.len()));
        }
        let places = places.join(", ");
        match others.len() {
            0 => None,
            1 => Some(format!("1 more record makes such a circle: {places}")),
            n => Some(format!("{n} more records make such circles: {places}")),
        }
    }
}

/// The edges inside each strongly connected component that has any, in the order of their names.
fn components<'e, 'a>(edges: &[&'e Edge<'a>]) -> Vec<Vec<&'e Edge<'a>>> {
    let mut graph: DiGraph<(), ()> = DiGraph::new();
    let mut nodes: Map<&str, NodeIndex> = Map::default();
    for edge in edges {
        let [from, to] = [&edge.from, &edge.to]
            .map(|name| *nodes.entry(name).or_insert_with(|| graph.add_node(())));
        graph.add_edge(from, to, ());
    }
    let mut component = vec![0; graph.node_count()];
    let all = tarjan_scc(&graph);
    for (i, members) in all.iter().enumerate() {
        members.iter().for_each(|node| component[node.index()] = i);
    }
    let mut found: Vec<Vec<&Edge<'_>>> = vec![Vec::new(); all.len()];
    for edge in edges {
        let [from, to] = [&edge.from, &edge.to].map(|name| component[nodes[&**name].index()]);
        if from == to {
            found[from].push(edge);
        }
    }
    found.retain(|edges| !edges.is_empty());
    for edges in &mut found {
        edges.sort_by_key(|edge| (&edge.from, &edge.to, edge.entry));
    }
    found.sort_by_key(|edges| &edges[0].from);
    found
}

/// A shortest circle through the first name of a component.
fn shortest_circle<'e, 'a>(edges: &[&'e Edge<'a>]) -> Vec<&'e Edge<'a>> {
    let start = &*edges[0].from;
    let mut out: Map<&str, Vec<&'e Edge<'a>>> = Map::default();
    for edge in edges {
        out.entry(&edge.from).or_default().push(edge);
    }
    let mut came_by: Map<&str, &'e Edge<'a>> = Map::default();
    let mut queue = VecDeque::from([start]);
    while let Some(name) = queue.pop_front() {
        for edge in out.get(name).into_iter().flatten() {
            if came_by.contains_key(&*edge.to) {
                continue;
            }
            came_by.insert(&edge.to, edge);
            queue.push_back(&edge.to);
        }
    }
    let mut circle = vec![came_by[start]];
    while &*circle[circle.len() - 1].from != start {
        circle.push(came_by[&*circle[circle.len() - 1].from]);
    }
    circle.reverse();
    circle
}
