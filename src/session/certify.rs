//! Certificates of conclusions: where the input stands in its files, and what is to be shown.

use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::base::hash::{Map, Set, sha256};
use crate::base::ids::FileId;
use crate::base::nearest::{alternatives, nearest};
use crate::io::find::shown;
use crate::provenance::certificate::{Level, certify, digest, leaf_line, program_lines};
use crate::provenance::derivations::{Finished, Goal};
use crate::provenance::leaves::{Leaf, LeafKind};
use crate::provenance::ordered_graph::{NoGraph, ordered_graph};
use crate::provenance::proof::{LeafRef, Proof};
use crate::provenance::search::Budget;
use crate::session::explain::equal;
use crate::session::question;
use crate::session::session::{Refused, Session, World};
use crate::session::stops;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;
use crate::text::files::Files;

/// Conclusions of atoms that are shown by their best proofs; further ones by any.
const PROVED_MAX: usize = 100;

/// What a certificate shall show.
#[derive(Default)]
pub struct Wanted {
    /// The tuples.
    pub goals: Vec<Goal>,
    /// Proofs of some of them.
    pub proofs: Vec<Proof>,
}

impl Session {
    /// The tuples of all output relations.
    ///
    /// # Errors
    /// If it is stopped.
    pub fn outputs(&self) -> Result<Wanted, Refused> {
        let program = &self.world().program;
        let mut wanted = Wanted::default();
        let mut relations: Vec<_> = program.outputs.iter().map(|output| output.relation).collect();
        relations.sort_unstable();
        relations.dedup();
        for relation in relations {
            let any = vec![None; program.relations[relation].columns.len()];
            let found = self.explainer().find(relation, &any, &[], usize::MAX);
            let (found, _) =
                found.map_err(|stop| vec![stops::message(&stop, program, self.options())])?;
            wanted.goals.extend(found.into_iter().map(|tuple| (relation, tuple)));
        }
        Ok(wanted)
    }

    /// Adds what the text of `file` names: a relation, or an atom, whose tuples are shown by their
    /// best proofs.
    ///
    /// # Errors
    /// What is wrong with it, or that it does not hold.
    pub fn want(&self, file: FileId, wanted: &mut Wanted) -> Result<(), Refused> {
        let text = self.files().get(file).text.trim().to_owned();
        let world = self.world();
        let is_name = !text.contains('(');
        let relation = world.program.relation(&text);
        if is_name && relation.is_none() {
            let known = world.program.relations.iter().map(|relation| relation.name.as_str());
            let mut message = Diagnostic::new(Code::H0701, format!("no relation `{text}`"));
            if let Some(names) = alternatives(&nearest(&text, known)) {
                message = message.help(format!("did you mean {names}?"));
            }
            return Err(vec![message]);
        }
        let explainer = self.explainer();
        let stopped = |stop| vec![stops::message(&stop, &world.program, self.options())];
        let (relation, pattern, same) = match relation {
            Some(relation) => {
                let columns = world.program.relations[relation].columns.len();
                (relation, vec![None; columns], Vec::new())
            }
            None => {
                let question = self.exact_question(file)?;
                let Some(atom) = question.atom() else {
                    let message = "only relations and single atoms can be certified";
                    return Err(vec![Diagnostic::new(Code::H0701, message)]);
                };
                (atom.relation, question::pattern(atom), equal(atom))
            }
        };
        let (found, _) = explainer.find(relation, &pattern, &same, usize::MAX).map_err(stopped)?;
        if found.is_empty() {
            let message = format!("{} does not hold", text.trim_end_matches(['.', '?']));
            return Err(vec![Diagnostic::new(Code::H0502, message)]);
        }
        for tuple in found.iter().filter(|_| !is_name).take(PROVED_MAX) {
            wanted.proofs.extend(explainer.explain(relation, tuple, Budget::default()).ok());
        }
        wanted.goals.extend(found.into_iter().map(|tuple| (relation, tuple)));
        Ok(())
    }

    /// A certificate, line by line. The rows of the input have to be in memory.
    ///
    /// # Errors
    /// If it is stopped.
    pub fn certificate(&self, mut wanted: Wanted, level: Level) -> Result<Vec<String>, Refused> {
        let world = self.world();
        let World { program, analysis, leaves, .. } = world;
        let mut seen = Set::default();
        wanted.goals.retain(|goal| seen.insert(goal.clone()));
        let finished = Finished { program, analysis, tables: world.tables(), leaves };
        let places = InputPlaces::of(world, self.files());
        let origin = |goal: &Goal, leaf: LeafRef| places.origin(world, goal, leaf);
        let limits = self.options().limits();
        let found = certify(finished, (&wanted.goals, &wanted.proofs), (level, &origin), &limits);
        let lines = found.map_err(|stop| vec![stops::message(&stop, program, self.options())])?;
        let program = program_lines(program);
        let header = self.header(level, &program, Some(&places.inputs));
        Ok([header].into_iter().chain(lines).collect())
    }

    fn header(&self, level: Level, program: &[String], inputs: Option<&[Json]>) -> String {
        let header = json!({
            "schema": "hence.cert/1",
            "hence": env!("CARGO_PKG_VERSION"),
            "level": level.word(),
            "rules": digest(program),
            "programs": self.programs(),
            "inputs": inputs,
        });
        json!({ "header": header }).to_string()
    }

    /// What certificates are compared with: the header, the program, and with `inputs` every row of
    /// the input as a leaf, if it was read and is in memory.
    #[must_use]
    pub fn certified(&self, inputs: bool) -> Vec<String> {
        let world = self.world();
        let program = &world.program;
        let mut lines = program_lines(program);
        if !inputs {
            lines.insert(0, self.header(Level::Proof, &lines, None));
            return lines;
        }
        let places = InputPlaces::of(world, self.files());
        let header = self.header(Level::Proof, &lines, Some(&places.inputs));
        lines.insert(0, header);
        let facts: Set<Goal> =
            program.facts.iter().map(|fact| (fact.relation, fact.values.clone())).collect();
        let mut seen = Set::default();
        for (relation, columns) in world.facts.relations.entries() {
            for row in 0..columns.rows {
                let goal = (relation, world.facts.row(program, relation, row));
                let leaf = world.leaves.of(relation, &goal.1).map_or(LeafRef::Input, LeafRef::Row);
                let is_given = leaf != LeafRef::Input || !facts.contains(&goal);
                if is_given && seen.insert(goal.clone()) {
                    let origin = |goal: &Goal, leaf: LeafRef| places.origin(world, goal, leaf);
                    lines.push(leaf_line(program, &goal, leaf, &origin).to_string());
                }
            }
        }
        lines
    }

    /// The derivations as `CertifyingDatalog` reads them, one JSON document.
    ///
    /// # Errors
    /// If a rule has more than atoms, or it is stopped.
    pub fn ordered_graph(&self, mut wanted: Wanted) -> Result<String, Refused> {
        let world = self.world();
        let World { program, analysis, leaves, .. } = world;
        let mut seen = Set::default();
        wanted.goals.retain(|goal| seen.insert(goal.clone()));
        let finished = Finished { program, analysis, tables: world.tables(), leaves };
        let limits = self.options().limits();
        match ordered_graph(finished, (&wanted.goals, &wanted.proofs), &limits) {
            Ok(graph) => Ok(format!("{graph}\n")),
            Err(NoGraph::Stopped(stop)) => {
                Err(vec![stops::message(&stop, program, self.options())])
            }
            Err(NoGraph::Outside(rule, what)) => {
                let text = format!("rule {rule} has {what}, which the form `lean` cannot hold");
                let message = Diagnostic::new(Code::H0701, text)
                    .note("it holds rules of atoms with variables and constants, nothing else")
                    .help("certify relations below such rules, or use the form `jsonl`");
                Err(vec![message])
            }
        }
    }

    /// Names and hashes of the rule files.
    fn programs(&self) -> Vec<Json> {
        let hash = |name: &String| {
            let text = self.files().entries().find(|(_, file)| file.name == *name);
            json!([name, text.map(|(_, file)| sha256(file.text.as_bytes()))])
        };
        self.rule_files().iter().map(hash).collect()
    }
}

/// Where the input stands.
struct InputPlaces {
    /// The files, as the header says them.
    inputs: Vec<Json>,
    /// File and line of rows of fact files.
    rows: Map<Goal, (usize, usize)>,
    /// Positions of claims files.
    claims: Map<FileId, usize>,
}

impl InputPlaces {
    fn of(world: &World, files: &Files) -> Self {
        let mut places = Self { inputs: Vec::new(), rows: Map::default(), claims: Map::default() };
        for file in &world.loaded {
            let at = places.inputs.len();
            for index in 0..file.rows {
                let tuple = world.facts.row(&world.program, file.relation, file.first_row + index);
                places.rows.entry((file.relation, tuple)).or_insert((at, file.line(index)));
            }
            let relation = &world.program.relations[file.relation].name;
            let holds = json!({"rows": [relation, file.rows]});
            places.file(&shown(&file.path), &file.sha256, &holds, &file.bad_lines);
        }
        let Some(claims) = &world.claims else { return places };
        let rejected = claims.rejected.as_deref().unwrap_or("");
        let rejected: Vec<Json> =
            rejected.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        for file in &claims.files {
            let own = |line: &&Json| line["file"] == file.file.as_str();
            let without: Vec<&Json> =
                rejected.iter().filter(own).map(|line| &line["line"]).collect();
            let same = files.entries().filter(|(_, text)| text.name == file.file);
            let at = places.inputs.len();
            places.claims.extend(same.map(|(id, _)| (id, at)));
            let holds = json!({"claims": file.records});
            places.file(&file.file, &file.sha256, &holds, &without);
        }
        for document in &claims.documents {
            let Some(file) = &document.file else { continue };
            let holds = json!({"document": document.id});
            places.file(file, &document.sha256, &holds, &[0; 0]);
        }
        places
    }

    fn file(
        &mut self,
        name: &str,
        sha256: &impl Serialize,
        holds: &Json,
        without: &[impl Serialize],
    ) {
        self.inputs.push(json!([
            name,
            {"sha256": sha256, "holds": holds, "without": without},
        ]));
    }

    fn origin(&self, world: &World, goal: &Goal, leaf: LeafRef) -> Json {
        if let LeafRef::Fact(_) = leaf {
            return json!("fact");
        }
        let record = match leaf {
            LeafRef::Row(id) => Some(&world.leaves.leaves[id]),
            LeafRef::Fact(_) | LeafRef::Input => None,
        };
        let from_claims = record.and_then(|leaf| Some((leaf, self.place(leaf)?)));
        match (from_claims, self.rows.get(goal)) {
            (Some((leaf, (file, line))), _) if leaf.kind == LeafKind::Claim => {
                let evidence = leaf.evidence.as_ref().filter(|evidence| evidence.verified);
                let quote = evidence.and_then(|evidence| {
                    let (start, end) = evidence.span?;
                    Some(json!([evidence.document, start, end]))
                });
                json!({"claim": {"file": file, "line": line, "id": leaf.id, "quote": quote}})
            }
            (Some((_, (file, line))), _) => json!({"record": [file, line]}),
            (None, Some((file, line))) => json!({"row": [file, line]}),
            (None, None) => json!("declared"),
        }
    }

    /// File and line of a record.
    fn place(&self, leaf: &Leaf) -> Option<(usize, usize)> {
        let file = self.claims.get(&leaf.span?.file)?;
        let (_, line) = leaf.place.rsplit_once(':')?;
        Some((*file, line.parse().ok()?))
    }
}
