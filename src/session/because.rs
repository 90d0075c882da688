//! What the conclusions in which two runs differ rest on: each change of what went in is taken
//! back alone, in the run that has it, and what depends on it is derived again: what went or came is
//! left out, a record that was edited gets the content that it has in the other run. A conclusion
//! that changes with none of them alone is shown by its proof, whose changed parts are named.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde_json::{Value as Json, json};

use crate::analysis::analysis::analyse;
use crate::base::hash::{Set, sha256};
use crate::base::ids::{RelationId, RuleId};
use crate::claims::load::{BadRecords, Options as ClaimOptions, Outside, Ungrounded};
use crate::io::find::shown;
use crate::io::input::{BadRows, Settings};
use crate::program::program::{Literal, LiteralKind};
use crate::provenance::proof::{LeafNode, Node};
use crate::provenance::search::{Budget, Explainer};
use crate::session::diff::Difference;
use crate::session::evaluate;
use crate::session::layers::same_value;
use crate::session::options::Options;
use crate::session::runs::{Cause, Item, Run, Runs, refused};
use crate::session::session::{Keep, Refused, Session, World};
use crate::session::stops;
use crate::session::whatif::{Change, Target};
use crate::text::diagnostic::{Diagnostic, Severity};
use crate::text::numbers::counted;
use crate::text::span::Span;
use crate::value::symbols::Symbols;
use crate::value::value::{Tuple, Value};

/// Changes of a run that are taken back one by one, at most: each derives everything anew.
const ALONE_MAX: usize = 200;
/// Tuples that are derived anew for that, about: of a large run fewer changes are tried.
const TUPLES_MAX: usize = 50_000_000;
/// Conclusions for which changes are taken back together.
const TOGETHER_MAX: usize = 50;
/// Times that further changes are added to those.
const STEPS: usize = 8;
/// Tuples that stood against a conclusion that are looked at.
const AGAINST: usize = 8;

/// What a conclusion that differs rests on.
#[derive(Clone, PartialEq, Debug)]
pub struct Because {
    /// The relation.
    pub relation: RelationId,
    /// The tuple.
    pub tuple: Tuple,
    /// Whether the old run has it; otherwise the new one does.
    pub is_lost: bool,
    /// Positions of changes.
    pub causes: Vec<usize>,
    /// What they come to.
    pub force: Force,
}

/// What changes come to for a conclusion.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Force {
    /// Each alone decides whether it is there.
    Alone,
    /// All together do.
    Together,
    /// They stand in its proof, or in that of what stood against it.
    Proof,
}

impl Force {
    /// In a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Together => "together",
            Self::Proof => "proof",
        }
    }
}

/// How a run is made again.
#[must_use]
pub fn again(session: &Session) -> Json {
    let Options { include, facts, input, claims, .. } = session.options();
    let names = |paths: &[PathBuf]| paths.iter().map(|path| shown(path)).collect::<Vec<_>>();
    json!({
        "programs": names(session.roots()),
        "include": names(include),
        "facts": names(facts),
        "skip_bad_rows": input.bad_rows == BadRows::Skip,
        "allow_missing": input.allow_missing,
        "lenient": claims.bad_records == BadRecords::Drop,
        "keep_ungrounded": claims.ungrounded == Ungrounded::Keep,
        "allow_outside": claims.outside == Outside::Allow,
    })
}

/// A run made again, if all that it read is there as it was.
fn made_again(run: &Run, stop: &Arc<AtomicBool>) -> Option<Session> {
    let how = &run.about()["again"];
    let paths = |field: &str| -> Option<Vec<PathBuf>> {
        let paths = how[field].as_array()?.iter();
        Some(paths.filter_map(Json::as_str).map(PathBuf::from).collect())
    };
    let is = |field: &str| how[field] == true;
    let options = Options {
        include: paths("include")?,
        facts: paths("facts")?,
        input: Settings {
            bad_rows: if is("skip_bad_rows") { BadRows::Skip } else { BadRows::Stop },
            allow_missing: is("allow_missing"),
            hashes: true,
            ..Settings::default()
        },
        claims: ClaimOptions {
            bad_records: if is("lenient") { BadRecords::Drop } else { BadRecords::Stop },
            ungrounded: if is("keep_ungrounded") { Ungrounded::Keep } else { Ungrounded::Refuse },
            outside: if is("allow_outside") { Outside::Allow } else { Outside::Refuse },
        },
        stop: Arc::clone(stop),
        ..Options::default()
    };
    let mut session = Session::new(options);
    session.run(&paths("programs")?, Keep::Input).ok()?;
    let world = session.world();
    let mut read: Vec<String> = Vec::new();
    for name in session.rule_files() {
        let (_, file) = session.files().entries().find(|(_, file)| file.name == *name)?;
        read.push(sha256(file.text.as_bytes()));
    }
    read.extend(world.loaded.iter().filter_map(|file| file.sha256.clone()));
    if let Some(claims) = &world.claims {
        read.extend(claims.files.iter().map(|file| file.sha256.clone()));
        read.extend(claims.documents.iter().map(|document| document.sha256.clone()));
    }
    let lists = ["/program/files", "/inputs", "/claims/files", "/claims/documents"];
    let files = lists.iter().flat_map(|list| run.list(list));
    let noted: Vec<&str> = files.filter_map(|file| file["sha256"].as_str()).collect();
    read.iter().eq(noted).then_some(session)
}

/// What an item is in a run.
#[derive(Default)]
struct Place {
    rules: Set<RuleId>,
    rows: Set<(RelationId, Tuple)>,
    /// What a record that was edited has in the other run.
    instead: Option<Set<(RelationId, Tuple)>>,
}

impl Place {
    fn of(session: &Session, item: &Item) -> Self {
        let world = session.world();
        let World { program, leaves, facts, .. } = world;
        let mut place = Self::default();
        match item {
            Item::Record(kind, name) => {
                let id = if kind == "claim" { name.clone() } else { format!("{kind} {name}") };
                let whole = |leaf| leaves.parts.get(&leaf).copied().unwrap_or(leaf);
                let is_own = |leaf| leaves.leaves[whole(leaf)].id == id;
                let rows = leaves.rows().filter(|(_, leaf)| is_own(*leaf));
                place.rows.extend(rows.map(|(row, _)| row.clone()));
            }
            Item::Row(relation, line) => {
                let Some(id) = program.relation(relation) else { return place };
                for row in 0..facts.relations[id].rows {
                    let tuple = facts.row(program, id, row);
                    if cells(&tuple, &program.symbols).eq(line.split('\t')) {
                        place.rows.insert((id, tuple));
                    }
                }
            }
            Item::Statement(text) => {
                let is_own = |span: Span| {
                    let written = &session.files().get(span.file).text[span.range()];
                    written.split_whitespace().eq(text.split(' '))
                };
                let rules = program.rules.entries().filter(|(_, rule)| is_own(rule.span));
                place.rules.extend(rules.map(|(id, _)| id));
                let facts = program.facts.iter().filter(|fact| is_own(fact.span));
                place.rows.extend(facts.map(|fact| (fact.relation, fact.values.clone())));
            }
            Item::Other => {}
        }
        place
    }

    fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.rows.is_empty()
    }
}

fn cells<'t>(tuple: &'t [Value], symbols: &'t Symbols) -> impl Iterator<Item = String> + 't {
    tuple.iter().map(|value| value.plain(symbols))
}

/// The tuple with the symbols of another session; nothing if it does not know them.
fn in_other(tuple: &[Value], from: &Symbols, to: &Symbols) -> Option<Tuple> {
    let value = |value: &Value| match value {
        Value::Symbol(symbol) => to.find(from.text(*symbol)).map(Value::Symbol),
        other => Some(*other),
    };
    tuple.iter().map(value).collect()
}

impl Session {
    /// The run without some items, or with what they are in the other run.
    fn without(&self, items: &[(&Item, &Place)]) -> Result<World, Refused> {
        let mut changes = Vec::new();
        for (item, place) in items {
            let retract = |(relation, tuple): &(RelationId, Tuple)| {
                Change::Retract(*relation, tuple.iter().copied().map(Some).collect())
            };
            match (item, &place.instead) {
                (_, Some(instead)) => {
                    changes.extend(place.rows.difference(instead).map(retract));
                    let come = instead.difference(&place.rows).cloned();
                    changes.extend(come.map(|(relation, tuple)| Change::Assume(relation, tuple)));
                }
                (Item::Record(kind, name), None) if kind == "claim" => {
                    changes.push(Change::Without(Target::Claim(name.clone())));
                }
                (_, None) => changes.extend(place.rows.iter().map(retract)),
            }
        }
        let mut world = self.fork(&changes)?;
        let rules: Set<RuleId> =
            items.iter().flat_map(|(_, place)| place.rules.iter().copied()).collect();
        if rules.is_empty() {
            return Ok(world);
        }
        for rule in rules {
            let rule = &mut world.program.rules[rule];
            rule.body.push(Literal { kind: LiteralKind::Constant(false), span: rule.span });
        }
        world.analysis = analyse(&world.program).0;
        let World { program, analysis, facts, .. } = &world;
        let limits = self.options().limits();
        let tables =
            evaluate::run(self.options().engine, program, analysis, facts.clone(), &limits)
                .map_err(|stop| vec![stops::message(&stop, program, self.options())])?;
        world.tables = Some(tables);
        Ok(world)
    }
}

/// A run with what the changes are in it.
struct Side<'r> {
    session: Session,
    /// Names of relations and symbols of tuples that are asked for.
    runs: &'r Runs,
    places: BTreeMap<usize, (Item, Place)>,
}

/// What a proof has.
#[derive(Default)]
struct Parts {
    changes: BTreeSet<usize>,
    absent: Vec<(RelationId, Vec<Option<Value>>)>,
}

impl<'r> Side<'r> {
    fn of(session: Session, runs: &'r Runs, causes: &[Cause], is_old: bool) -> Self {
        let item = |cause: &Cause| {
            if is_old { cause.item.0.clone() } else { cause.item.1.clone() }
        };
        let items = causes.iter().enumerate().filter_map(|(at, cause)| Some((at, item(cause)?)));
        let places = items.map(|(at, item)| {
            let place = Place::of(&session, &item);
            (at, (item, place))
        });
        let places = places.filter(|(_, (_, place))| !place.is_empty()).collect();
        Self { session, runs, places }
    }

    /// The rows that records which were edited have here, for another run.
    fn rows_for(&self, other: &Side<'_>) -> BTreeMap<usize, Set<(RelationId, Tuple)>> {
        let own = &self.session.world().program;
        let their = &other.session.world().program;
        let row = |(relation, tuple): &(RelationId, Tuple)| {
            let id = their.relation(&own.relations[*relation].name)?;
            let value = |value: &Value| same_value(*value, &own.symbols, &their.symbols);
            Some((id, tuple.iter().map(value).collect::<Tuple>()))
        };
        let edited = self.places.iter().filter(|(at, (item, _))| {
            matches!(item, Item::Record(..)) && other.places.contains_key(at)
        });
        edited.map(|(at, (_, place))| (*at, place.rows.iter().filter_map(row).collect())).collect()
    }

    fn take(&mut self, rows: BTreeMap<usize, Set<(RelationId, Tuple)>>) {
        for (at, rows) in rows {
            if let Some((_, place)) = self.places.get_mut(&at) {
                place.instead = Some(rows);
            }
        }
    }

    /// How often the run may be derived anew.
    fn runs_max(&self) -> usize {
        let world = self.session.world();
        let relations = world.program.relations.entries();
        let tuples: usize = relations.map(|(id, _)| world.tables().len(id)).sum();
        (TUPLES_MAX / tuples.max(1)).clamp(1, ALONE_MAX)
    }

    fn goal(&self, relation: RelationId, tuple: &[Value]) -> Option<(RelationId, Tuple)> {
        let program = &self.runs.session.world().program;
        let own = &self.session.world().program;
        let id = own.relation(&program.relations[relation].name)?;
        Some((id, in_other(tuple, &program.symbols, &own.symbols)?))
    }

    fn holds(&self, world: &World, of: &Because) -> bool {
        let goal = self.goal(of.relation, &of.tuple);
        goal.is_some_and(|(id, tuple)| world.tables().contains(id, &tuple))
    }

    fn without(&self, changes: &BTreeSet<usize>) -> Result<World, Refused> {
        let items = changes.iter().map(|at| &self.places[at]);
        self.session.without(&items.map(|(item, place)| (item, place)).collect::<Vec<_>>())
    }

    /// What the best proof of a tuple has, in a world of this run.
    fn parts(&self, world: &World, (relation, tuple): (RelationId, &[Value])) -> Parts {
        let mut parts = Parts::default();
        let World { program, analysis, leaves, .. } = world;
        let explainer = Explainer::new(program, analysis, world.tables(), leaves)
            .within(&self.session.options().limits());
        let Ok(proof) = explainer.explain(relation, tuple, Budget::default()) else {
            return parts;
        };
        let (mut rows, mut rules) = (Set::default(), Set::default());
        for node in proof.nodes.iter() {
            match node {
                Node::Rule(node) => drop(rules.insert(node.rule)),
                Node::Leaf(LeafNode { conclusion, .. }) => {
                    rows.insert((conclusion.relation, conclusion.tuple.clone()));
                }
                Node::Absent(node) => parts.absent.push((node.relation, node.pattern.clone())),
                Node::Builtin(_) | Node::Aggregate(_) | Node::Cut(_) => {}
            }
        }
        let is_used = |place: &Place| {
            !place.rules.is_disjoint(&rules) || place.rows.iter().any(|row| rows.contains(row))
        };
        let used = self.places.iter().filter(|(_, (_, place))| is_used(place));
        parts.changes.extend(used.map(|(at, _)| *at));
        parts
    }

    /// Changes that take a conclusion of this run away only together: those of its proof, then those
    /// of a proof that is left without them, and so on; and whether they do.
    fn together(&self, of: &Because) -> Result<(BTreeSet<usize>, bool), Refused> {
        let mut all = BTreeSet::new();
        let Some((relation, tuple)) = self.goal(of.relation, &of.tuple) else {
            return Ok((all, false));
        };
        let mut left: Option<World> = None;
        for _ in 0..STEPS {
            let world = left.as_ref().unwrap_or_else(|| self.session.world());
            let before = all.len();
            all.extend(self.parts(world, (relation, &tuple)).changes);
            if all.len() == before {
                return Ok((all, false));
            }
            let world = self.without(&all)?;
            if !world.tables().contains(relation, &tuple) {
                return Ok((all, true));
            }
            left = Some(world);
        }
        Ok((all, false))
    }

    /// What the proof of a conclusion of this run needs absent, as far as the other run has it: the
    /// changes in its proofs there.
    fn against(&self, of: &Because, other: &Side<'_>) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let Some((relation, tuple)) = self.goal(of.relation, &of.tuple) else { return found };
        let (own, world) = (&self.session.world().program, other.session.world());
        for (relation, pattern) in self.parts(self.session.world(), (relation, &tuple)).absent {
            let Some(id) = world.program.relation(&own.relations[relation].name) else { continue };
            let known: Vec<Value> = pattern.iter().flatten().copied().collect();
            let Some(known) = in_other(&known, &own.symbols, &world.program.symbols) else {
                continue;
            };
            let mut known = known.iter().copied();
            let pattern: Vec<Option<Value>> =
                pattern.iter().map(|value| value.and_then(|_| known.next())).collect();
            let mut tuples: Vec<Tuple> = Vec::new();
            world.tables().select(id, &pattern, &mut |tuple| {
                tuples.push(tuple.into());
                if tuples.len() < AGAINST {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            });
            for tuple in tuples {
                found.extend(other.parts(world, (id, &tuple)).changes);
            }
        }
        found
    }
}

impl Runs {
    /// What each conclusion that differs rests on, and warnings of runs that cannot be made again
    /// because what they read is not there as it was.
    ///
    /// # Errors
    /// If it is stopped.
    pub fn because(
        &self,
        difference: &Difference,
        causes: &[Cause],
    ) -> Result<(Vec<Because>, Vec<Diagnostic>), Refused> {
        let mut found = conclusions(difference);
        if found.is_empty() || causes.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let side = |run: &Run, is_old| {
            let session = made_again(run, &self.session.options().stop)?;
            Some(Side::of(session, self, causes, is_old))
        };
        let mut sides = [side(self.old(), true), side(self.new_run(), false)];
        if let [Some(old), Some(new)] = &mut sides {
            let (for_new, for_old) = (old.rows_for(new), new.rows_for(old));
            old.take(for_old);
            new.take(for_new);
        }
        let mut warnings = Vec::new();
        for (side, run) in sides.iter().zip([self.old(), self.new_run()]) {
            if side.is_none() {
                warnings.push(run.is_gone());
            }
        }
        let mut untried = 0;
        for (side, is_old) in sides.iter().zip([true, false]) {
            let Some(side) = side else { continue };
            let most = side.runs_max();
            untried += side.places.len().saturating_sub(most);
            for &at in side.places.keys().take(most) {
                let world = side.without(&BTreeSet::from([at]))?;
                for of in &mut found {
                    // Alone it takes away what this run has, or brings what the other one has.
                    if side.holds(&world, of) != (of.is_lost == is_old) && !of.causes.contains(&at)
                    {
                        of.causes.push(at);
                    }
                }
            }
        }
        let [old, new] = &sides;
        let runs_max = sides.iter().flatten().map(Side::runs_max).min().unwrap_or(0);
        let together_max = TOGETHER_MAX.min(runs_max);
        let left = found.iter().filter(|of| of.causes.is_empty()).count();
        for of in found.iter_mut().filter(|of| of.causes.is_empty()).take(together_max) {
            let (own, other) = if of.is_lost { (old, new) } else { (new, old) };
            let Some(own) = own else { continue };
            let (mut changes, decide) = own.together(of)?;
            of.force = if decide { Force::Together } else { Force::Proof };
            if let (true, Some(other)) = (changes.is_empty(), other) {
                changes = own.against(of, other);
            }
            of.causes.extend(changes);
        }
        let unasked = left.saturating_sub(together_max);
        let is_whole = untried == 0 && unasked == 0;
        if !is_whole {
            warnings.push(in_part(untried, unasked));
        }
        // That no change has a part in a conclusion is only said if all were tried.
        let is_told = |of: &Because| is_whole && if of.is_lost { old } else { new }.is_some();
        found.retain(|of| !of.causes.is_empty() || is_told(of));
        found.iter_mut().for_each(|of| of.causes.sort_unstable());
        Ok((found, warnings))
    }
}

/// That not everything was tried.
fn in_part(untried: usize, unasked: usize) -> Diagnostic {
    let mut message = refused("what decides on the conclusions is told in part".to_owned());
    message.severity = Severity::Warning;
    if untried > 0 {
        message = message.note(format!(
            "{} not taken back alone, which would derive everything anew each time",
            counted(untried, "change") + if untried == 1 { " was" } else { " were" }
        ));
    }
    if unasked > 0 {
        message = message.note(format!(
            "{} with none of the changes alone; whether with several was not asked",
            counted(unasked, "conclusion") + if unasked == 1 { " changes" } else { " change" }
        ));
    }
    message
}

/// The conclusions that differ, nothing said of them yet; of one that changed both rows.
fn conclusions(difference: &Difference) -> Vec<Because> {
    let mut found = Vec::new();
    for changes in &difference.relations {
        let of = |is_lost| {
            move |tuple: &Tuple| Because {
                relation: changes.relation,
                tuple: tuple.clone(),
                is_lost,
                causes: Vec::new(),
                force: Force::Alone,
            }
        };
        let (old, new): (Vec<Tuple>, Vec<Tuple>) = changes.changed.iter().cloned().unzip();
        found.extend(old.iter().chain(&changes.lost).map(of(true)));
        found.extend(new.iter().chain(&changes.gained).map(of(false)));
    }
    found
}
