//! What conclusions rest on: least sets of sources, and what becomes of a conclusion without each.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::analysis::keys::keys;
use crate::base::hash::{Map, Set};
use crate::base::ids::{FileId, LeafId, RelationId, Table};
use crate::claims::withdraw::Broken;
use crate::provenance::instances::Instances;
use crate::provenance::lanes::LANES;
use crate::provenance::leaves::Leaves;
use crate::provenance::necessary as needs;
use crate::provenance::proof::Conclusion;
use crate::provenance::search::{Budget, Explainer};
use crate::provenance::sets::{SetId, Sets};
use crate::provenance::supports::{Member, Supports, changing, sourced};
use crate::session::ask;
use crate::session::diff::conclusions;
use crate::session::explain::Unexplained;
use crate::session::scenarios::{Effect, Scenario, Withdrawal};
use crate::session::session::{Refused, Session, World};
use crate::session::stops;
use crate::session::weighed::Units;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::value::symbols::Symbols;
use crate::value::value::{Tuple, Value, cmp_tuples};

/// What becomes of a conclusion.
#[derive(Clone, PartialEq, Debug)]
pub enum Outcome {
    /// It stays.
    Stays,
    /// It is gone.
    Lost,
    /// It has other values.
    Becomes(Tuple),
    /// There is no telling: the evaluation fails.
    Fails,
}

/// What a conclusion rests on.
#[derive(Clone, Debug)]
pub struct Support {
    /// The conclusion.
    pub conclusion: Conclusion,
    /// How many match the question.
    pub matching: usize,
    /// Least sets; nothing if there are more proofs than the budget allows.
    pub supports: Option<Supports>,
    /// Whether it has columns with values, beside those that say of what.
    pub has_values: bool,
    /// What becomes of the conclusion when only the claims are left whose origins are a set of
    /// sources, for the first sets.
    pub alone: Vec<Outcome>,
    /// For each source in whose name a claim stands what becomes of the conclusion without it.
    pub without: Vec<Without>,
}

/// What becomes of a conclusion without a source.
#[derive(Clone, PartialEq, Debug)]
pub struct Without {
    /// The source, by id.
    pub source: String,
    /// What becomes of the conclusion.
    pub outcome: Outcome,
    /// The claims that are missing then from readings that the conclusion is about.
    pub lacks: Vec<Broken>,
}

/// Conclusions that do not survive the failure of one source.
#[derive(Clone, Debug)]
pub struct Fragile {
    /// How many conclusions were looked at, by relation.
    pub conclusions: Vec<(RelationId, usize)>,
    /// Those that do not stay as they are without some origin.
    pub rows: Vec<FragileRow>,
    /// Sources without which conclusions fall that would stay without the claims whose origin they
    /// are: what passes on the claims of others.
    pub through: Vec<Through>,
}

/// A conclusion that does not survive the failure of one source.
#[derive(Clone, Debug)]
pub struct FragileRow {
    /// The conclusion.
    pub conclusion: Conclusion,
    /// Origins without which it does not stay as it is.
    pub needs: Vec<Without>,
    /// The origin that it rests on alone: without its claims it is lost, with no others it stands.
    pub single: Option<String>,
}

/// What falls without a source that passes on the claims of others, and only because it passes
/// them on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Through {
    /// The source, by id.
    pub source: String,
    /// Conclusions that are lost.
    pub lost: usize,
    /// Conclusions that have other values.
    pub changed: usize,
}

/// What a source gives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Given {
    /// The source, by id.
    pub source: String,
    /// Claims whose origin it is.
    pub claims: Vec<LeafId>,
    /// Claims of others that it passes on.
    pub passed_on: Vec<LeafId>,
    /// Conclusions that are lost without it.
    pub lost: usize,
    /// Conclusions that have other values without it.
    pub changed: usize,
}

/// A claim that counts as the word of another source than its origin.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Echo {
    /// The claim, by id.
    pub claim: String,
    /// Who says it.
    pub origin: String,
    /// Whose word it is.
    pub roots: Vec<String>,
    /// The claims that it repeats or is drawn from, by id.
    pub repeats: Vec<String>,
    /// Whether nothing that its origin says is its own word.
    pub only_echo: bool,
}

/// A source that says nothing of its own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct PassesOn {
    /// The source, by id.
    pub source: String,
    /// Whose claims it passes on, with the ids of the claims.
    pub of: Vec<(String, Vec<String>)>,
}

/// What all proofs of a conclusion have in common.
#[derive(Clone, Debug)]
pub struct Needed {
    /// The conclusion.
    pub conclusion: Conclusion,
    /// Origins of claims that every proof has.
    pub sources: Vec<String>,
    /// Others that stand in the chain of some claim of every proof.
    pub through: Vec<String>,
    /// Whether it is about this value: an aggregate is below.
    pub about_value: bool,
    /// Whether something must be absent that could be there if a source were withdrawn: then this
    /// is about the proofs there are.
    pub rests_on_absence: bool,
}

/// What claims need: for the source with number n, 2n stands for its being an origin, 2n + 1 for its
/// being anywhere in the chain.
struct Voices<'s> {
    leaves: &'s Leaves,
    explainer: Explainer<'s>,
    /// What each claim needs, ascending.
    needs: Map<LeafId, Vec<u32>>,
    sourced: Table<RelationId, bool>,
}

impl<'s> Voices<'s> {
    fn of(world: &'s World, sources: &[String], explainer: Explainer<'s>) -> Self {
        let leaves = &world.leaves;
        let numbers: Map<&str, u32> = sources.iter().map(String::as_str).zip(0..).collect();
        let (mut needs, mut ids) = (Map::default(), Map::default());
        for (id, leaf) in leaves.leaves.entries() {
            let Some(evidence) = &leaf.evidence else { continue };
            let voices = evidence.conduits.iter().chain([&evidence.origin]);
            let mut of: Vec<u32> = voices.map(|id| numbers[id.as_str()] * 2 + 1).collect();
            of.push(numbers[evidence.origin.as_str()] * 2);
            of.sort_unstable();
            of.dedup();
            needs.insert(id, of);
            ids.insert(leaf.id.as_str(), id);
        }
        let sourced = sourced(&world.program, leaves);
        let mut voices = Self { leaves, explainer, needs, sourced };
        let drawn = world.records.as_ref().map(|records| records.bases()).unwrap_or_default();
        while drawn
            .iter()
            .fold(false, |grown, (claim, bases)| voices.draw(&ids, claim, bases) || grown)
        {}
        voices
    }

    /// A claim goes when all its bases are gone: adds what these have in common; says whether that
    /// was new.
    fn draw(&mut self, ids: &Map<&str, LeafId>, claim: &str, bases: &[(&str, bool)]) -> bool {
        let Some(claim) = ids.get(claim) else { return false };
        let standing: Vec<LeafId> = bases
            .iter()
            .filter(|(_, retracted)| !retracted)
            .filter_map(|(base, _)| ids.get(base).copied())
            .collect();
        let mut more: Vec<u32> = Vec::new();
        if let Some((first, others)) = standing.split_first() {
            let in_all = |member: &&u32| {
                others.iter().all(|other| self.needs[other].binary_search(member).is_ok())
            };
            more.extend(self.needs[first].iter().filter(in_all));
        } else {
            let gone = bases.iter().filter_map(|(base, _)| ids.get(base));
            gone.for_each(|base| more.extend(&self.needs[base]));
        }
        let Some(known) = self.needs.get_mut(claim) else { return false };
        let before = known.len();
        known.extend(more);
        known.sort_unstable();
        known.dedup();
        known.len() > before
    }
}

impl needs::Given for Voices<'_> {
    fn is_sourced(&self, relation: RelationId) -> bool {
        self.sourced[relation]
    }

    fn needs(&self, relation: RelationId, tuple: &[Value], sets: &mut Sets) -> Option<SetId> {
        let Some(leaf) = self.leaves.of(relation, tuple) else {
            return self.explainer.is_given(relation, tuple).then_some(SetId::EMPTY);
        };
        let leaf = self.leaves.parts.get(&leaf).copied().unwrap_or(leaf);
        Some(self.needs.get(&leaf).map_or(SetId::EMPTY, |needs| sets.intern(needs)))
    }
}

impl Session {
    /// What all proofs of each conclusion of these relations, or of all that are written out, have
    /// in common: one walk over all rule instances, however many sources there are.
    ///
    /// # Errors
    /// If there are no claims, or it is stopped.
    pub fn necessary(&self, relations: &[RelationId]) -> Result<Vec<Needed>, Refused> {
        let relations = self.concluded(relations)?;
        let world = self.world();
        let sources = self.sources();
        let voices = Voices::of(world, &sources, self.explainer());
        let limits = self.options().limits();
        let of = (&world.program, &world.analysis);
        let stopped = |stop| vec![stops::message(&stop, &world.program, self.options())];
        let mut instances =
            Instances::new(of, world.tables(), &world.facts.codes, &limits).map_err(stopped)?;
        let known = needs::necessary(&mut instances, &voices).map_err(stopped)?;
        let mut found = Vec::new();
        for relation in relations {
            let mut of_relation: Vec<Needed> = Vec::new();
            for goal in instances.numbers(relation) {
                let (mut roots, mut any) = (Vec::new(), Vec::new());
                for &member in known.of(goal) {
                    let to = if member % 2 == 0 { &mut roots } else { &mut any };
                    to.push(sources[member as usize / 2].clone());
                }
                any.retain(|voice| !roots.contains(voice));
                of_relation.push(Needed {
                    conclusion: Conclusion { relation, tuple: instances.tuple(relation, goal) },
                    sources: roots,
                    through: any,
                    about_value: known.rests_on_aggregate(goal),
                    rests_on_absence: known.rests_on_absence(goal),
                });
            }
            let symbols = &world.program.symbols;
            of_relation
                .sort_by(|a, b| cmp_tuples(&a.conclusion.tuple, &b.conclusion.tuple, symbols));
            found.extend(of_relation);
        }
        Ok(found)
    }

    /// Sources that are no claim's origin and pass on the claims of others.
    #[must_use]
    pub fn passing_on(&self) -> Vec<PassesOn> {
        let leaves = || self.world().leaves.leaves.iter();
        let evidence = || leaves().filter_map(|leaf| Some((&leaf.id, leaf.evidence.as_ref()?)));
        let mut found = Vec::new();
        for source in self.sources() {
            if evidence().any(|(_, evidence)| evidence.origin == source) {
                continue;
            }
            let mut of: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for (claim, evidence) in evidence() {
                if evidence.conduits.contains(&source) {
                    of.entry(evidence.origin.clone()).or_default().push(claim.clone());
                }
            }
            let of = of.into_iter().map(|(origin, mut claims)| {
                claims.sort();
                (origin, claims)
            });
            found.push(PassesOn { source, of: of.collect() });
        }
        found
    }

    /// What the first tuple that the atom in `file` matches rests on.
    ///
    /// # Errors
    /// What is wrong with the atom, or that it does not hold, or why the search stopped.
    pub fn support(
        &self,
        explainer: &Explainer<'_>,
        file: FileId,
        budget: Budget,
    ) -> Result<Support, Unexplained> {
        let (conclusion, matching) = self.first_match(explainer, file)?;
        let world = self.world();
        let sourced = sourced(&world.program, &world.leaves);
        let units = Units::of(self, explainer, conclusion.relation);
        let units = units.map_err(Unexplained::Refused)?;
        let given = |relation| sourced[relation] || units.has(relation);
        let changing = changing(&world.program, &given);
        let tuple = (conclusion.relation, &*conclusion.tuple);
        let mut supports = explainer.supports(tuple, &changing, budget).map_err(|stop| {
            let message = stops::message(&stop, &world.program, self.options());
            Unexplained::Refused(vec![message])
        })?;
        if let Some(supports) = supports.as_mut().filter(|s| s.aggregates || s.absences) {
            // What there would be with less cannot be read off the proofs there are.
            let sources = self.weighed_sources(&conclusion, &supports.sources);
            supports.sources = sources.map_err(Unexplained::Refused)?;
            let of = (&units, supports.counted.as_slice());
            let claims = self.weighed_claims(&conclusion, of, &supports.claims);
            supports.claims = claims.map_err(Unexplained::Refused)?;
        }
        let withdrawals: Vec<Withdrawal> =
            self.sources().into_iter().map(Withdrawal::Source).collect();
        let scenarios =
            self.scenarios(&withdrawals, &[conclusion.relation]).map_err(Unexplained::Refused)?;
        let without = |scenario: &Scenario| {
            let of = Outcomes::of(scenario);
            let outcome = of.outcome(conclusion.relation, &conclusion.tuple);
            let symbols = &world.program.symbols;
            let lacks = lacking(&scenario.readings, &conclusion.tuple, symbols);
            Without { source: of.source.to_owned(), outcome, lacks }
        };
        let without = scenarios.iter().map(without).collect();
        let alone = self.alone_enough(&conclusion, supports.as_ref());
        let alone = alone.map_err(Unexplained::Refused)?;
        let columns = conclusion.tuple.len();
        let has_values = keys(&world.program)[conclusion.relation].len() < columns;
        Ok(Support { conclusion, matching, supports, has_values, alone, without })
    }

    /// Runs the first least sets of sources by themselves: where something must be absent, fewer
    /// claims may be less than enough.
    fn alone_enough(
        &self,
        conclusion: &Conclusion,
        supports: Option<&Supports>,
    ) -> Result<Vec<Outcome>, Refused> {
        let sets = supports.iter().flat_map(|supports| &supports.sources.sets);
        let source = |member: &Member| match member {
            Member::Source(id) | Member::Voice(id) => Some(id.clone()),
            Member::Leaf(_) | Member::Row(..) => None,
        };
        let sources = |set: &Vec<Member>| set.iter().filter_map(source).collect();
        let withdrawals: Vec<Withdrawal> =
            sets.take(LANES - 1).map(|set| Withdrawal::AllBut(sources(set))).collect();
        if withdrawals.is_empty() || self.sources().is_empty() {
            return Ok(Vec::new());
        }
        let scenarios = self.scenarios(&withdrawals, &[conclusion.relation])?;
        let outcome = |scenario: &Scenario| {
            Outcomes::of(scenario).outcome(conclusion.relation, &conclusion.tuple)
        };
        Ok(scenarios.iter().map(outcome).collect())
    }

    /// What each source gives, and what falls without it of these relations; of all conclusions if
    /// none is given.
    ///
    /// # Errors
    /// If there are no claims, or it is stopped.
    pub fn sources_given(&self, relations: &[RelationId]) -> Result<Vec<Given>, Refused> {
        let relations = self.concluded(relations)?;
        let withdrawals: Vec<Withdrawal> =
            self.sources().into_iter().map(Withdrawal::Source).collect();
        let scenarios = self.scenarios(&withdrawals, &relations)?;
        Ok(scenarios.iter().map(|scenario| self.given(scenario)).collect())
    }

    fn given(&self, scenario: &Scenario) -> Given {
        let source = scenario.withdrawal.source();
        let (mut claims, mut passed_on) = (Vec::new(), Vec::new());
        for (id, leaf) in self.world().leaves.leaves.entries() {
            match &leaf.evidence {
                Some(evidence) if evidence.origin == source => claims.push(id),
                Some(evidence) if evidence.conduits.iter().any(|c| c == source) => {
                    passed_on.push(id);
                }
                _ => {}
            }
        }
        let [changed, lost, _] = scenario.counts();
        Given { source: source.to_owned(), claims, passed_on, lost, changed }
    }

    /// The conclusions of these relations, or of all that are written out, that do not survive the
    /// failure of one source.
    ///
    /// # Errors
    /// If there are no claims, or it is stopped.
    pub fn fragile(&self, relations: &[RelationId]) -> Result<Fragile, Refused> {
        let relations = self.concluded(relations)?;
        let sources = self.sources();
        let leaves = &self.world().leaves.leaves;
        let is_origin = |source: &&String| {
            leaves.iter().any(|leaf| leaf.evidence.as_ref().is_some_and(|e| e.origin == **source))
        };
        let origins: Vec<&String> = sources.iter().filter(is_origin).collect();
        let all = |kind: fn(String) -> Withdrawal| origins.iter().map(move |s| kind((*s).clone()));
        let but = |source: String| Withdrawal::AllBut(vec![source]);
        let whole = sources.iter().cloned().map(Withdrawal::Source);
        let withdrawals: Vec<Withdrawal> =
            all(Withdrawal::Origin).chain(all(but)).chain(whole).collect();
        let scenarios = self.scenarios(&withdrawals, &relations)?;
        let outcomes: Vec<Outcomes<'_>> = scenarios.iter().map(Outcomes::of).collect();
        let (by_origin, rest) = outcomes.split_at(origins.len());
        let (alone, whole) = rest.split_at(origins.len());
        let mut rows: Vec<FragileRow> = Vec::new();
        for conclusion in touched(&scenarios[..origins.len()]) {
            let without = |of: &Outcomes<'_>| Without {
                source: of.source.to_owned(),
                outcome: of.outcome(conclusion.relation, &conclusion.tuple),
                lacks: Vec::new(),
            };
            let needs: Vec<Without> =
                by_origin.iter().map(without).filter(|w| w.outcome != Outcome::Stays).collect();
            let stands = |source: &str| {
                let of = alone.iter().find(|of| of.source == source);
                of.is_some_and(|of| without(of).outcome == Outcome::Stays)
            };
            let single = match needs.as_slice() {
                [Without { source, outcome: Outcome::Lost, .. }] if stands(source) => {
                    Some(source.clone())
                }
                _ => None,
            };
            rows.push(FragileRow { conclusion, needs, single });
        }
        let symbols = &self.world().program.symbols;
        rows.sort_by(|a, b| {
            let (a, b) = (&a.conclusion, &b.conclusion);
            let by_relation = a.relation.cmp(&b.relation);
            by_relation.then_with(|| cmp_tuples(&a.tuple, &b.tuple, symbols))
        });
        let through = whole.iter().map(|of| through(of, by_origin));
        let through = through.filter(|through| through.lost + through.changed > 0).collect();
        let len = |relation: &RelationId| (*relation, self.world().tables().len(*relation));
        Ok(Fragile { conclusions: relations.iter().map(len).collect(), rows, through })
    }

    /// What changes of these relations, or of all that are written out, without each source.
    ///
    /// # Errors
    /// If there are no claims, or it is stopped.
    pub fn sensitivity(&self, relations: &[RelationId]) -> Result<Vec<Scenario>, Refused> {
        let relations = self.concluded(relations)?;
        let withdrawals: Vec<Withdrawal> =
            self.sources().into_iter().map(Withdrawal::Source).collect();
        self.scenarios(&withdrawals, &relations)
    }

    fn concluded(&self, relations: &[RelationId]) -> Result<Vec<RelationId>, Refused> {
        if self.sources().is_empty() {
            let (text, help) = if self.base().leaves.leaves.iter().any(|one| one.evidence.is_some())
            {
                ("all claims are withdrawn, and so there are no sources", "`.drop` takes that back")
            } else {
                let help = "name a claims file or its folder with -F";
                ("there are no claims, and so no sources", help)
            };
            return Err(vec![Diagnostic::new(Code::H0701, text).help(help)]);
        }
        Ok(match relations {
            [] => conclusions(&self.world().program),
            given => given.to_vec(),
        })
    }

    /// Claims that count as the word of another source than their origin, as the relations
    /// `origin`, `root` and `basis` of the rules say.
    ///
    /// # Errors
    /// If the program does not have these relations.
    pub fn echoes(&self) -> Result<Vec<Echo>, Refused> {
        let origins = self.pairs("origin")?;
        let roots = self.pairs("root")?;
        let bases = self.pairs("basis")?;
        let of = |pairs: &[(String, String)], claim: &str| -> Vec<String> {
            let start = pairs.partition_point(|(c, _)| c.as_str() < claim);
            let same = pairs[start..].iter().take_while(|(c, _)| c == claim);
            same.map(|(_, other)| other.clone()).collect()
        };
        let mut echoes: Vec<Echo> = Vec::new();
        let mut own: Set<&str> = Set::default();
        for (claim, origin) in &origins {
            let roots = of(&roots, claim);
            if roots.is_empty() || roots.contains(origin) {
                own.insert(origin);
                continue;
            }
            let (claim, origin) = (claim.clone(), origin.clone());
            let repeats = of(&bases, &claim);
            echoes.push(Echo { claim, origin, roots, repeats, only_echo: false });
        }
        for echo in &mut echoes {
            echo.only_echo = !own.contains(echo.origin.as_str());
        }
        echoes.sort();
        Ok(echoes)
    }

    /// The rows of a relation of two texts, sorted.
    fn pairs(&self, name: &str) -> Result<Vec<(String, String)>, Refused> {
        let world = self.world();
        let program = &world.program;
        let relation = ask::relation(program, name).map_err(|mut messages| {
            let help = "echoes are read from origin(claim, source), root(claim, source) and \
                        basis(claim, claim), which attribution.dl of the library gives";
            messages.iter_mut().for_each(|message| message.helps.push(help.to_owned()));
            messages
        })?;
        let mut pairs = Vec::new();
        let any = vec![None; program.relations[relation].columns.len()];
        world.tables().select(relation, &any, &mut |tuple: &[Value]| {
            if let [a, b] = tuple {
                pairs.push((a.plain(&program.symbols), b.plain(&program.symbols)));
            }
            ControlFlow::Continue(())
        });
        pairs.sort();
        Ok(pairs)
    }
}

impl Withdrawal {
    /// The source, by id; the first of several.
    #[must_use]
    pub fn source(&self) -> &str {
        match self {
            Self::Source(source) | Self::Origin(source) => source,
            Self::AllBut(sources) => sources.first().map_or("", String::as_str),
        }
    }
}

impl Scenario {
    /// How many conclusions were changed, lost, gained.
    #[must_use]
    pub fn counts(&self) -> [usize; 3] {
        match &self.effect {
            Effect::Changes(difference) => difference.counts(),
            Effect::Fails(_) => [0; 3],
        }
    }
}

/// Readings among these that stand in a tuple.
#[must_use]
pub fn lacking(readings: &[Broken], tuple: &[Value], symbols: &Symbols) -> Vec<Broken> {
    let is_named = |broken: &&Broken| {
        tuple.iter().any(|value| match value {
            Value::Symbol(symbol) => symbols.text(*symbol) == broken.reading,
            Value::Number(_) | Value::Unsigned(_) | Value::Float(_) => false,
        })
    };
    readings.iter().filter(is_named).cloned().collect()
}

/// What becomes of a conclusion in a scenario.
pub(super) fn outcome(scenario: &Scenario, conclusion: &Conclusion) -> Outcome {
    Outcomes::of(scenario).outcome(conclusion.relation, &conclusion.tuple)
}

/// What becomes of each conclusion in a scenario.
struct Outcomes<'s> {
    source: &'s str,
    fails: bool,
    /// Those that do not stay; with what comes in the place of those that change.
    gone: Map<(RelationId, &'s [Value]), Option<&'s Tuple>>,
}

impl<'s> Outcomes<'s> {
    fn of(scenario: &'s Scenario) -> Self {
        let mut gone = Map::default();
        if let Effect::Changes(difference) = &scenario.effect {
            for changes in &difference.relations {
                let relation = changes.relation;
                gone.extend(changes.lost.iter().map(|lost| ((relation, &**lost), None)));
                let changed = changes.changed.iter();
                gone.extend(changed.map(|(old, new)| ((relation, &**old), Some(new))));
            }
        }
        let fails = matches!(scenario.effect, Effect::Fails(_));
        Self { source: scenario.withdrawal.source(), fails, gone }
    }

    fn outcome(&self, relation: RelationId, tuple: &[Value]) -> Outcome {
        match self.gone.get(&(relation, tuple)) {
            _ if self.fails => Outcome::Fails,
            None => Outcome::Stays,
            Some(None) => Outcome::Lost,
            Some(Some(new)) => Outcome::Becomes((*new).clone()),
        }
    }
}

/// Conclusions that do not stay as they are in some scenario.
fn touched(scenarios: &[Scenario]) -> Vec<Conclusion> {
    let mut seen: Set<(RelationId, Tuple)> = Set::default();
    let mut touched = Vec::new();
    for scenario in scenarios {
        let Effect::Changes(difference) = &scenario.effect else { continue };
        for changes in &difference.relations {
            let old = changes.changed.iter().map(|(old, _)| old).chain(&changes.lost);
            for tuple in old {
                let conclusion = Conclusion { relation: changes.relation, tuple: tuple.clone() };
                if seen.insert((changes.relation, tuple.clone())) {
                    touched.push(conclusion);
                }
            }
        }
    }
    touched
}

/// What falls without a source and does not fall without the claims whose origin it is.
fn through(of: &Outcomes<'_>, by_origin: &[Outcomes<'_>]) -> Through {
    let own = by_origin.iter().find(|own| own.source == of.source);
    let mut through = Through { source: of.source.to_owned(), lost: 0, changed: 0 };
    for ((relation, tuple), new) in &of.gone {
        if own.is_none_or(|own| own.outcome(*relation, tuple) == Outcome::Stays) {
            match new {
                None => through.lost += 1,
                Some(_) => through.changed += 1,
            }
        }
    }
    through
}
