//! [`Session`]: programs, input and conclusions, and what can be asked of them. A step that fails
//! leaves the session as it was before the step; what is wrong comes back as diagnostics, whose
//! spans point into [`Session::files`].

use std::mem::{replace, take};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use crate::analysis::analysis::Analysis;
use crate::base::ids::{FileId, Id, RelationId, Table};
use crate::claims;
use crate::claims::encode::{Counts, Rest};
use crate::claims::load::{BadRecords, DocumentRead, FileRead};
use crate::claims::policies;
use crate::claims::withdraw::Records;
use crate::engine::facts::Facts;
use crate::engine::tables::Tables;
use crate::io::find::{self, Places};
use crate::io::input::{Input, Loaded};
use crate::program::facts::plain_facts;
use crate::program::program::Program;
use crate::provenance::leaves::Leaves;
use crate::session::evaluate::{self, Database};
use crate::session::judge;
use crate::session::layers::Layers;
use crate::session::load::{self, Root, Sources};
use crate::session::missing;
use crate::session::options::Options;
use crate::session::question::policy_keys;
use crate::session::stops;
use crate::session::warnings;
use crate::session::whatif::Made;
use crate::syntax::ast::{self, DirectiveKind, ItemKind};
use crate::syntax::parser::parse;
use crate::text::codes::Code;
use crate::text::diagnostic::{Diagnostic, has_errors};
use crate::text::files::Files;
use crate::text::span::Span;
use crate::value::codes::Codes;
use crate::value::symbols::Symbols;

/// Errors of a step.
pub type Refused = Vec<Diagnostic>;

/// Programs, input and conclusions.
pub struct Session {
    options: Options,
    files: Files,
    symbols: Arc<Symbols>,
    roots: Vec<PathBuf>,
    sources: Arc<Sources>,
    typed: Vec<ast::Program>,
    warnings: Vec<Diagnostic>,
    world: Option<World>,
    layers: Layers,
}

/// A program with its input and its conclusions.
pub struct World {
    /// The program.
    pub program: Program,
    /// What is true of it.
    pub analysis: Analysis,
    /// The input rows; empty after an evaluation that did not keep them.
    pub facts: Facts,
    /// The files they came from.
    pub loaded: Vec<Loaded>,
    /// What the input stands for.
    pub leaves: Leaves,
    /// Whether the lines of the rows of fact files are noted in `leaves`.
    pub placed: bool,
    /// What the claims files gave, if there were some.
    pub claims: Option<Claims>,
    /// The records of the claims files, if the input was kept.
    pub records: Option<Arc<Records>>,
    /// Which rows of `facts`, as they were read, come from claims; the others come from fact files
    /// and the program.
    pub claim_rows: Table<RelationId, Range<usize>>,
    /// How this differs from the input that was read: not at all, unless this is a fork.
    pub made: Made,
    /// Input rows, program facts included.
    pub input_rows: usize,
    /// The conclusions; nothing before the evaluation.
    pub tables: Option<Database>,
}

impl World {
    /// The conclusions.
    ///
    /// # Panics
    /// Before the evaluation.
    #[must_use]
    pub fn tables(&self) -> &(dyn Tables + Send + Sync) {
        &**self.tables.as_ref().expect("the session was evaluated")
    }
}

/// What claims files gave.
#[derive(Clone, Debug)]
pub struct Claims {
    /// Records read.
    pub records: usize,
    /// What became of them.
    pub counts: Counts,
    /// The files they came from.
    pub files: Vec<FileRead>,
    /// The documents whose texts were read.
    pub documents: Vec<DocumentRead>,
    /// Records with errors, one JSON object a line; nothing unless such records are dropped.
    pub rejected: Option<String>,
}

/// Whether the input stays in memory, for rules that are added later.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    /// It stays.
    Input,
    /// It goes into the engine.
    Nothing,
}

impl Session {
    /// A session without a program.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            options,
            files: Files::new(),
            symbols: Arc::new(Symbols::new()),
            roots: Vec::new(),
            sources: Arc::default(),
            typed: Vec::new(),
            warnings: Vec::new(),
            world: None,
            layers: Layers::default(),
        }
    }

    /// Reads rule files with all that they include, and resolves them.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn load(&mut self, roots: &[PathBuf]) -> Result<(), Refused> {
        let roots: Vec<Root> = roots.iter().cloned().map(Root::File).collect();
        self.load_roots(&roots)
    }

    /// The same, with texts in place of some files.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn load_roots(&mut self, roots: &[Root]) -> Result<(), Refused> {
        let include = &self.options.include;
        let (sources, mut messages) = load::read_roots(roots, include, &mut self.files);
        let world = self.build(&sources.trees, &mut messages);
        if self.world.is_none() {
            // Which files were read is worth knowing also if they are in error.
            Arc::make_mut(&mut self.sources).names.clone_from(&sources.names);
        }
        self.finish(messages)?;
        let path = |root: &Root| match root {
            Root::File(path) | Root::Text(path, _) => path.clone(),
        };
        self.roots = roots.iter().map(path).collect();
        self.sources = Arc::new(sources);
        self.world = Some(world);
        Ok(())
    }

    /// Reads rule files and keeps of them the declarations that are sound, with what they say of
    /// input: enough to judge that, whatever the rules are like.
    pub fn load_declarations(&mut self, roots: &[Root]) {
        let include = &self.options.include;
        let (mut sources, mut messages) = load::read_roots(roots, include, &mut self.files);
        for tree in &mut sources.trees {
            tree.items.retain(|item| match &item.kind {
                ItemKind::Relation(_) | ItemKind::Type(_) => true,
                ItemKind::Directive(directive) => directive.kind == DirectiveKind::Input,
                _ => false,
            });
        }
        loop {
            let errors = messages.iter().filter(|message| message.is_error());
            let wrong: Vec<Span> = errors.filter_map(Diagnostic::span).collect();
            let mut dropped = 0;
            for tree in &mut sources.trees {
                let before = tree.items.len();
                tree.items.retain(|item| !wrong.iter().any(|span| item.span.0.contains(*span)));
                dropped += before - tree.items.len();
            }
            if dropped == 0 && self.world.is_some() {
                break;
            }
            messages.clear();
            self.world = Some(self.build(&sources.trees, &mut messages));
        }
        self.sources = Arc::new(sources);
    }

    /// Resolves and analyses rule files. The world is good only if there is no error.
    fn build(&self, trees: &[ast::Program], messages: &mut Vec<Diagnostic>) -> World {
        let symbols = Arc::clone(&self.symbols);
        let (program, analysis) = judge::resolve(trees, symbols, &self.files, messages);
        let facts = Facts::of_program(&program, Arc::new(Codes::new(Arc::clone(&self.symbols))));
        World {
            program,
            analysis,
            facts,
            loaded: Vec::new(),
            leaves: Leaves::default(),
            placed: false,
            claims: None,
            records: None,
            claim_rows: Table::new(),
            made: Made::default(),
            input_rows: 0,
            tables: None,
        }
    }

    /// Sorts messages out: warnings are kept, errors refuse the step.
    fn finish(&mut self, mut messages: Vec<Diagnostic>) -> Result<(), Refused> {
        judge::settle(&mut messages, &self.files);
        if has_errors(&messages) {
            return Err(messages);
        }
        self.warnings.extend(messages);
        Ok(())
    }

    /// Reads fact files and claims. What the rows stand for is noted only if the input is kept.
    ///
    /// # Errors
    /// What is wrong with them.
    ///
    /// # Panics
    /// Before rule files are loaded.
    pub fn read_input(&mut self, keep: Keep) -> Result<(), Refused> {
        let places = (self.options.facts.as_slice(), self.options.facts_by);
        let misplaced = find::misplaced(places, self.options.input.allow_missing);
        self.finish(misplaced)?;
        let places = self.places();
        let limits = self.options.limits();
        let world = self.world.as_mut().expect("rule files are loaded first");
        let (paths, options) = (&places.claims, self.options.claims);
        let loaded = claims::load::load_within(paths, options, &mut self.files, &limits)
            .map_err(|stop| vec![stops::message(&stop, &world.program, &self.options)])?;
        let filled = claims::relations::relations();
        let World { program, facts, leaves, .. } = world;
        let mut input = Input {
            program,
            places: &places,
            settings: self.options.input,
            limits: &limits,
            files: &mut self.files,
            diagnostics: Vec::new(),
            loaded: Vec::new(),
        };
        let unfilled = match (loaded.is_given, self.options.input.allow_missing) {
            (false, false) => missing::unfilled(program, &places),
            _ => Vec::new(),
        };
        let is_filled = |relation: RelationId| {
            let name = program.relations[relation].name.as_str();
            unfilled.contains(&relation)
                || loaded.is_given && filled.iter().any(|(filled, _)| *filled == name)
        };
        let read = input.read(facts, &is_filled);
        let Input { mut diagnostics, loaded: files, .. } = input;
        if !unfilled.is_empty() {
            diagnostics.push(missing::no_claims(program, &unfilled, &places));
        } else {
            diagnostics.extend(missing::idle(program, &self.options.facts, &files));
        }
        if let Err(stop) = read {
            diagnostics.push(stops::message(&stop, program, &self.options));
        }
        diagnostics.extend(loaded.diagnostics.iter().cloned());
        if loaded.is_given {
            diagnostics.extend(policies::warnings(&loaded, Some(&policy_keys(program))));
        }
        if !has_errors(&diagnostics) {
            let leaves = (keep == Keep::Input).then_some(leaves);
            let all = Rest { loaded: &loaded, without: None };
            let rows = |facts: &Facts| facts.relations.iter().map(|columns| columns.rows).collect();
            let before: Vec<usize> = rows(facts);
            match claims::encode::encode_within(all, program, facts, leaves, &limits) {
                Ok((counts, more)) => {
                    diagnostics.extend(more);
                    let records = loaded.records;
                    let drops = options.bad_records == BadRecords::Drop;
                    let rejected = drops.then(|| loaded.rejected_lines());
                    let (files, documents) = (loaded.files.clone(), loaded.documents.clone());
                    let claims = Claims { records, counts, files, documents, rejected };
                    world.claims = loaded.is_given.then_some(claims);
                    let after: Vec<usize> = rows(facts);
                    world.claim_rows = before.into_iter().zip(after).map(|(a, b)| a..b).collect();
                }
                Err(stop) => diagnostics.push(stops::message(&stop, program, &self.options)),
            }
        }
        if keep == Keep::Input && loaded.is_given {
            world.records = Some(Arc::new(Records::new(loaded)));
        }
        world.loaded = files;
        world.input_rows = world.facts.relations.iter().map(|columns| columns.rows).sum();
        self.finish(diagnostics)
    }

    /// The places in which input is looked for: those of the options, or the current folder.
    pub(super) fn places(&self) -> Places {
        if self.options.facts.is_empty() {
            return find::places(&[PathBuf::from(".")]);
        }
        find::places(&self.options.facts)
    }

    /// Derives everything.
    ///
    /// # Errors
    /// If the evaluation stops before its end.
    ///
    /// # Panics
    /// Before rule files are loaded.
    pub fn evaluate(&mut self, keep: Keep) -> Result<(), Refused> {
        let world = self.world.as_mut().expect("rule files are loaded first");
        let facts = match keep {
            Keep::Input => world.facts.clone(),
            Keep::Nothing => {
                let empty = Facts::of_program(&world.program, Arc::clone(&world.facts.codes));
                replace(&mut world.facts, empty)
            }
        };
        let World { program, analysis, .. } = &*world;
        let limits = self.options.limits();
        let derived = evaluate::run(self.options.engine, program, analysis, facts, &limits);
        let with_warnings = derived.and_then(|tables| {
            let more = warnings::of_conclusions(program, &*tables, &limits)?;
            Ok((tables, more))
        });
        match with_warnings {
            Ok((tables, more)) => {
                self.warnings.extend(more);
                world.tables = Some(tables);
                Ok(())
            }
            Err(stop) => Err(vec![stops::message(&stop, program, &self.options)]),
        }
    }

    /// Loads, reads and evaluates.
    ///
    /// # Errors
    /// What is wrong with the rule files or the input, or why the evaluation stopped.
    pub fn run(&mut self, roots: &[PathBuf], keep: Keep) -> Result<(), Refused> {
        self.load(roots)?;
        self.read_input(keep)?;
        self.evaluate(keep)
    }

    /// The same files read anew, with other options and roots, rules typed in between included.
    ///
    /// # Errors
    /// What is wrong; this session stays as it is, apart from its files.
    pub fn again(&mut self, options: Options, roots: &[PathBuf]) -> Result<(), Refused> {
        let mut next = Self::new(options);
        // Spans of typed rules point into the old files.
        next.files = self.files.clone();
        next.typed.clone_from(&self.typed);
        let result = next.run_with_typed(roots);
        match result {
            Ok(()) => {
                if let Some(old) = &self.world {
                    next.take_layers(&self.layers, &old.program);
                }
                *self = next;
                Ok(())
            }
            Err(refused) => {
                self.files = next.files;
                Err(refused)
            }
        }
    }

    fn run_with_typed(&mut self, roots: &[PathBuf]) -> Result<(), Refused> {
        let (sources, mut messages) = load::read(roots, &self.options.include, &mut self.files);
        self.sources = Arc::new(sources);
        let world = self.build(&self.trees(), &mut messages);
        self.finish(messages)?;
        self.roots = roots.to_vec();
        self.world = Some(world);
        self.read_input(Keep::Input)?;
        self.evaluate(Keep::Input)
    }

    /// Adds typed rules to the program and derives everything again, from the input in memory.
    ///
    /// # Errors
    /// What is wrong; everything is as before then.
    ///
    /// # Panics
    /// Before rule files are loaded.
    pub fn add(&mut self, tree: ast::Program) -> Result<(), Refused> {
        let mut trees = self.trees();
        trees.push(tree.clone());
        let mut messages = Vec::new();
        let mut next = self.build(&trees, &mut messages);
        let file = tree.items.first().map(|item| item.span.0.file);
        // The rest of the program was judged when it was loaded.
        messages
            .retain(|message| message.is_error() || message.span().map(|span| span.file) == file);
        if has_errors(&messages) {
            messages.retain(Diagnostic::is_error);
            return Err(messages);
        }
        let old = self.world.as_ref().expect("rule files are loaded first");
        let mut facts = old.facts.clone();
        for (relation, columns) in next.facts.relations.entries() {
            if facts.relations.get(relation).is_none() {
                facts.relations.push(columns.clone());
            }
        }
        let known = old.program.facts.len();
        for fact in &next.program.facts[known..] {
            if fact.relation.index() < old.program.relations.len() {
                facts.push(fact.relation, &fact.values);
            }
        }
        next.facts = facts;
        next.loaded.clone_from(&old.loaded);
        next.leaves = old.leaves.clone();
        next.claims.clone_from(&old.claims);
        next.records.clone_from(&old.records);
        next.claim_rows.clone_from(&old.claim_rows);
        next.placed = old.placed;
        next.input_rows = next.facts.relations.iter().map(|columns| columns.rows).sum();
        let limits = self.options.limits();
        let engine = self.options.engine;
        match evaluate::run(engine, &next.program, &next.analysis, next.facts.clone(), &limits) {
            Ok(tables) => next.tables = Some(tables),
            Err(stop) => return Err(vec![stops::message(&stop, &next.program, &self.options)]),
        }
        self.typed.push(tree);
        let old = self.world.replace(next);
        if let Err(refused) = self.renew_layers() {
            self.typed.pop();
            self.world = old;
            return Err(refused);
        }
        self.warnings.extend(messages);
        Ok(())
    }

    /// A session of its own with the same program and input, and with the facts in `file`, one of
    /// the texts of this one, besides. It is not evaluated. Nothing if `file` holds anything but
    /// plain facts of this program, or something is wrong with them.
    #[must_use]
    pub fn with_facts(&self, file: FileId) -> Option<Self> {
        let old = self.base();
        let (tree, messages) = parse(&self.files.get(file).text, file);
        if has_errors(&messages) {
            return None;
        }
        let found = plain_facts(&old.program, &tree)?;
        let mut facts = old.facts.clone();
        found.iter().for_each(|fact| facts.push(fact.relation, &fact.values));
        let mut program = old.program.clone();
        program.facts.extend(found);
        let input_rows = facts.relations.iter().map(|columns| columns.rows).sum();
        let world = World {
            program,
            analysis: old.analysis.clone(),
            facts,
            loaded: old.loaded.clone(),
            leaves: old.leaves.clone(),
            placed: old.placed,
            claims: old.claims.clone(),
            records: old.records.clone(),
            claim_rows: old.claim_rows.clone(),
            made: Made::default(),
            input_rows,
            tables: None,
        };
        Some(Self {
            options: self.options.clone(),
            files: self.files.clone(),
            symbols: Arc::clone(&self.symbols),
            roots: self.roots.clone(),
            sources: Arc::clone(&self.sources),
            typed: self.typed.clone(),
            warnings: Vec::new(),
            world: Some(world),
            layers: Layers::default(),
        })
    }

    /// The trees of all rule files and typed rules.
    #[must_use]
    pub fn trees(&self) -> Vec<ast::Program> {
        self.sources.trees.iter().chain(&self.typed).cloned().collect()
    }

    /// Number of typed additions.
    #[must_use]
    pub fn typed(&self) -> usize {
        self.typed.len()
    }

    /// What was typed, in order.
    pub(super) fn typed_trees(&self) -> &[ast::Program] {
        &self.typed
    }

    /// Names of the rule files read, in order.
    #[must_use]
    pub fn rule_files(&self) -> &[String] {
        &self.sources.names
    }

    /// The rule files named by the caller.
    #[must_use]
    pub fn roots(&self) -> &[PathBuf] {
        &self.roots
    }

    /// The world of the input that was read, and the one on top of it, if there is one.
    pub(super) fn worlds_mut(&mut self) -> (&mut World, Option<&mut World>) {
        let base = self.world.as_mut().expect("rule files are loaded first");
        (base, self.layers.top.as_mut())
    }

    /// What the caller decided.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The texts that messages point into.
    #[must_use]
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// The texts, to add one that was typed.
    pub fn files_mut(&mut self) -> &mut Files {
        &mut self.files
    }

    /// The program with its input and conclusions: those of the top layer, if there is one.
    ///
    /// # Panics
    /// Before rule files are loaded.
    #[must_use]
    pub fn world(&self) -> &World {
        self.layers.top.as_ref().unwrap_or_else(|| self.base())
    }

    /// The program with its input, if rule files were loaded.
    #[must_use]
    pub fn world_if_any(&self) -> Option<&World> {
        self.world.as_ref()
    }

    /// Changes of the input that questions are asked under.
    #[must_use]
    pub fn layers(&self) -> &Layers {
        &self.layers
    }

    /// The same, to change.
    pub(super) fn layers_mut(&mut self) -> &mut Layers {
        &mut self.layers
    }

    /// Says something with the next warnings.
    pub(super) fn warn(&mut self, message: Diagnostic) {
        self.warnings.push(message);
    }

    /// The program with the input that was read.
    ///
    /// # Panics
    /// Before rule files are loaded.
    #[must_use]
    pub fn base(&self) -> &World {
        self.world.as_ref().expect("rule files are loaded first")
    }

    /// The warnings since the last call that matter to one who asks: what nothing reads may be
    /// asked for.
    pub fn take_warnings_of_questions(&mut self) -> Vec<Diagnostic> {
        let mut warnings = self.take_warnings();
        warnings.retain(|message| message.code != Code::L0202);
        warnings
    }

    /// The warnings since the last call.
    pub fn take_warnings(&mut self) -> Vec<Diagnostic> {
        take(&mut self.warnings)
    }
}
