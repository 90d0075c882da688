//! What conclusions rest on, as JSON, in the formats `hence.support/1`, `hence.sources/1` and
//! `hence.sensitivity/1`: fields are only ever added.

use serde::Serialize;

use crate::base::ids::{LeafId, RelationId};
use crate::provenance::proof::Conclusion;
use crate::provenance::supports::{Least, Member};
use crate::session::scenarios::{Effect, Scenario};
use crate::session::support::{Echo, Fragile, Given, Needed, Outcome, PassesOn, Support, Without};
use crate::session::whatif::ASSUMED;
use crate::show::json::value;
use crate::show::support::assumed;
use crate::show::words::Words;
use crate::value::value::{self as values, Value};

#[derive(Serialize)]
struct Tuple {
    relation: String,
    values: Vec<serde_json::Value>,
}

#[derive(Serialize)]
struct SupportOut {
    schema: &'static str,
    tuple: Tuple,
    matching: usize,
    sources: Option<LeastOut>,
    claims: Option<LeastOut>,
    through: Vec<String>,
    about_value: bool,
    rests_on_absence: bool,
    alone: Vec<OutcomeOut>,
    without: Vec<WithoutOut>,
}

#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a field of the format")]
struct LeastOut {
    sets: Vec<Vec<MemberOut>>,
    complete: bool,
    necessary: Vec<MemberOut>,
    must_fail: Option<Vec<MemberOut>>,
    must_fail_exact: bool,
    by_runs: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum MemberOut {
    Source(String),
    Claim(String),
    Assumption(String),
    Row(Tuple),
}

#[derive(Serialize)]
struct WithoutOut {
    source: String,
    #[serde(flatten)]
    outcome: OutcomeOut,
}

#[derive(Serialize)]
struct OutcomeOut {
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    becomes: Option<Vec<serde_json::Value>>,
}

#[derive(Serialize, Default)]
struct SourcesOut {
    schema: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sources: Option<Vec<GivenOut>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fragile: Option<Vec<FragileOut>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    through: Option<Vec<ThroughOut>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    echoes: Option<Vec<EchoOut>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    only_pass_on: Option<Vec<PassesOnOut>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    necessary: Option<Vec<NeededOut>>,
}

#[derive(Serialize)]
struct PassesOnOut {
    source: String,
    of: Vec<PassedOn>,
}

#[derive(Serialize)]
struct PassedOn {
    origin: String,
    claims: Vec<String>,
}

#[derive(Serialize)]
struct NeededOut {
    tuple: Tuple,
    sources: Vec<String>,
    through: Vec<String>,
    about_value: bool,
    rests_on_absence: bool,
}

#[derive(Serialize)]
struct GivenOut {
    source: String,
    claims: Vec<String>,
    passed_on: Vec<String>,
    lost: usize,
    changed: usize,
}

#[derive(Serialize)]
struct FragileOut {
    tuple: Tuple,
    needs: Vec<WithoutOut>,
    single_source: Option<String>,
}

#[derive(Serialize)]
struct ThroughOut {
    source: String,
    lost: usize,
    changed: usize,
}

#[derive(Serialize)]
struct EchoOut {
    claim: String,
    origin: String,
    roots: Vec<String>,
    repeats: Vec<String>,
    only_echo: bool,
}

#[derive(Serialize)]
struct SensitivityOut {
    schema: &'static str,
    scenarios: Vec<ScenarioOut>,
}

#[derive(Serialize)]
struct ScenarioOut {
    without: String,
    claims: usize,
    incomplete_readings: Vec<String>,
    lost: Vec<Tuple>,
    gained: Vec<Tuple>,
    changed: Vec<ChangeOut>,
    fails: Option<String>,
}

#[derive(Serialize)]
struct ChangeOut {
    relation: String,
    old: Vec<serde_json::Value>,
    new: Vec<serde_json::Value>,
}

/// Plain data as JSON.
fn text(of: &impl Serialize) -> String {
    serde_json::to_string(of).expect("plain data is JSON")
}

struct Json<'a>(Words<'a>);

impl Json<'_> {
    fn values(&self, tuple: &[Value]) -> Vec<serde_json::Value> {
        tuple.iter().map(|v| value(*v, &self.0.given.program.symbols)).collect()
    }

    fn relation(&self, relation: RelationId) -> String {
        self.0.given.program.relations[relation].name.clone()
    }

    fn tuple(&self, conclusion: &Conclusion) -> Tuple {
        Tuple {
            relation: self.relation(conclusion.relation),
            values: self.values(&conclusion.tuple),
        }
    }

    fn ids(&self, leaves: &[LeafId]) -> Vec<String> {
        leaves.iter().map(|leaf| self.0.given.leaves.leaves[*leaf].id.clone()).collect()
    }

    /// The row that a leaf is, if nothing is written of it anywhere.
    fn assumed(&self, id: LeafId) -> Option<Conclusion> {
        let is_assumed = self.0.given.leaves.leaves[id].id == ASSUMED;
        is_assumed.then(|| assumed(self.0, id)).flatten()
    }

    fn member(&self, member: &Member) -> MemberOut {
        match member {
            Member::Source(id) | Member::Voice(id) => MemberOut::Source(id.clone()),
            Member::Leaf(id) => {
                let leaf = &self.0.given.leaves.leaves[*id];
                match leaf.evidence {
                    Some(_) => MemberOut::Claim(leaf.id.clone()),
                    None => match self.assumed(*id) {
                        Some(row) => MemberOut::Row(self.tuple(&row)),
                        None => MemberOut::Assumption(leaf.id.clone()),
                    },
                }
            }
            Member::Row(_, conclusion) => MemberOut::Row(self.tuple(conclusion)),
        }
    }

    fn members(&self, members: &[Member]) -> Vec<MemberOut> {
        members.iter().map(|member| self.member(member)).collect()
    }

    fn least(&self, least: &Least) -> LeastOut {
        LeastOut {
            sets: least.sets.iter().map(|set| self.members(set)).collect(),
            complete: least.complete,
            necessary: self.members(&least.necessary),
            must_fail: least.must_fail.as_ref().map(|members| self.members(members)),
            must_fail_exact: least.exact,
            by_runs: least.by_runs,
        }
    }

    fn without(&self, without: &Without) -> WithoutOut {
        let outcome = self.outcome(&without.outcome);
        WithoutOut { source: without.source.clone(), outcome }
    }

    fn outcome(&self, outcome: &Outcome) -> OutcomeOut {
        let (outcome, becomes) = match outcome {
            Outcome::Stays => ("stays", None),
            Outcome::Lost => ("lost", None),
            Outcome::Becomes(new) => ("changed", Some(self.values(new))),
            Outcome::Fails => ("fails", None),
        };
        OutcomeOut { outcome, becomes }
    }
}

/// What a conclusion rests on.
#[must_use]
pub fn support(words: Words<'_>, support: &Support) -> String {
    let json = Json(words);
    let supports = support.supports.as_ref();
    let through = supports.iter().flat_map(|s| &s.through).filter_map(|member| match member {
        Member::Voice(id) | Member::Source(id) => Some(id.clone()),
        Member::Leaf(_) | Member::Row(..) => None,
    });
    text(&SupportOut {
        schema: "hence.support/1",
        tuple: json.tuple(&support.conclusion),
        matching: support.matching,
        sources: supports.map(|supports| json.least(&supports.sources)),
        claims: supports.map(|supports| json.least(&supports.claims)),
        through: through.collect(),
        about_value: support.has_values && supports.is_some_and(|supports| supports.aggregates),
        rests_on_absence: supports.is_some_and(|supports| supports.absences),
        alone: support.alone.iter().map(|outcome| json.outcome(outcome)).collect(),
        without: support.without.iter().map(|without| json.without(without)).collect(),
    })
}

/// What each source gives.
#[must_use]
pub fn sources(words: Words<'_>, given: &[Given]) -> String {
    let json = Json(words);
    let one = |given: &Given| GivenOut {
        source: given.source.clone(),
        claims: json.ids(&given.claims),
        passed_on: json.ids(&given.passed_on),
        lost: given.lost,
        changed: given.changed,
    };
    let sources = Some(given.iter().map(one).collect());
    text(&SourcesOut { schema: SOURCES, sources, ..SourcesOut::default() })
}

const SOURCES: &str = "hence.sources/1";

/// Conclusions that do not survive the failure of one source.
#[must_use]
pub fn fragile(words: Words<'_>, fragile: &Fragile) -> String {
    let json = Json(words);
    let rows = fragile.rows.iter().map(|row| FragileOut {
        tuple: json.tuple(&row.conclusion),
        needs: row.needs.iter().map(|without| json.without(without)).collect(),
        single_source: row.single.clone(),
    });
    let through = fragile.through.iter().map(|through| ThroughOut {
        source: through.source.clone(),
        lost: through.lost,
        changed: through.changed,
    });
    let (fragile, through) = (Some(rows.collect()), Some(through.collect()));
    text(&SourcesOut { schema: SOURCES, fragile, through, ..SourcesOut::default() })
}

/// Claims that count as the word of another source.
#[must_use]
pub fn echoes(echoes: &[Echo], passing: &[PassesOn]) -> String {
    let one = |echo: &Echo| EchoOut {
        claim: echo.claim.clone(),
        origin: echo.origin.clone(),
        roots: echo.roots.clone(),
        repeats: echo.repeats.clone(),
        only_echo: echo.only_echo,
    };
    let passes_on = |passing: &PassesOn| {
        let of = passing.of.iter();
        let passed =
            of.map(|(origin, claims)| PassedOn { origin: origin.clone(), claims: claims.clone() });
        PassesOnOut { source: passing.source.clone(), of: passed.collect() }
    };
    let echoes = Some(echoes.iter().map(one).collect());
    let only_pass_on = Some(passing.iter().map(passes_on).collect());
    text(&SourcesOut { schema: SOURCES, echoes, only_pass_on, ..SourcesOut::default() })
}

/// What all proofs of each conclusion have in common.
#[must_use]
pub fn necessary(words: Words<'_>, needed: &[Needed]) -> String {
    let json = Json(words);
    let one = |needed: &Needed| NeededOut {
        tuple: json.tuple(&needed.conclusion),
        sources: needed.sources.clone(),
        through: needed.through.clone(),
        about_value: needed.about_value,
        rests_on_absence: needed.rests_on_absence,
    };
    let necessary = Some(needed.iter().map(one).collect());
    text(&SourcesOut { schema: SOURCES, necessary, ..SourcesOut::default() })
}

/// What changes without each source.
#[must_use]
pub fn sensitivity(words: Words<'_>, scenarios: &[Scenario]) -> String {
    let json = Json(words);
    let one = |scenario: &Scenario| {
        let mut out = ScenarioOut {
            without: scenario.withdrawal.source().to_owned(),
            claims: scenario.claims,
            incomplete_readings: scenario.readings.iter().map(|b| b.reading.clone()).collect(),
            lost: Vec::new(),
            gained: Vec::new(),
            changed: Vec::new(),
            fails: None,
        };
        match &scenario.effect {
            Effect::Fails(message) => out.fails = Some(message.message.clone()),
            Effect::Changes(difference) => {
                for changes in &difference.relations {
                    let name = json.relation(changes.relation);
                    let tuple = |tuple: &values::Tuple| Tuple {
                        relation: name.clone(),
                        values: json.values(tuple),
                    };
                    out.lost.extend(changes.lost.iter().map(tuple));
                    out.gained.extend(changes.gained.iter().map(tuple));
                    out.changed.extend(changes.changed.iter().map(|(old, new)| ChangeOut {
                        relation: name.clone(),
                        old: json.values(old),
                        new: json.values(new),
                    }));
                }
            }
        }
        out
    };
    let scenarios = scenarios.iter().map(one).collect();
    text(&SensitivityOut { schema: "hence.sensitivity/1", scenarios })
}
