//! Strata and rounds. In a round every rule of the stratum is evaluated over all tuples of earlier
//! rounds and of lower strata; what is new gets the number of the round and is seen by no rule
//! before the next. A stratum is complete when a round gives nothing new.
//!
//! A round with a binding that fails ends the evaluation when it is over. The failure that is told
//! is the first by rule, then by the values of the rule's variables in id order (those of its
//! aggregates' bodies apart), no value before any; of several literals that err for one binding
//! the first in written order, the head last. The count is that of the distinct pairs of rule and
//! binding, over all variables of the rule, unnamed ones included. A failure inside an aggregate is
//! told with the first binding of its body that fails.
//!
//! The limit of rounds is reached when a tuple would get a round beyond it; relations that would
//! get one are those that still grow.

use std::sync::Arc;

use crate::analysis::analysis::{Analysis, Stratum};
use crate::base::hash::{Map, Set};
use crate::base::ids::{RelationId, RuleId};
use crate::engine::facts::Facts;
use crate::engine::limits::{Failure, Limits, Stop};
use crate::engine::naive::body::{Binding, Problem, Searcher};
use crate::engine::naive::database::Database;
use crate::engine::tables::Tables;
use crate::program::builtins::Builtins;
use crate::program::program::{Program, Rule};
use crate::value::value::Tuple;

/// Evaluates a program without errors.
///
/// # Errors
/// If a binding fails, or a limit is reached.
#[expect(clippy::needless_pass_by_value, reason = "an engine takes its input over")]
pub fn run(
    program: &Program,
    analysis: &Analysis,
    facts: Facts,
    limits: &Limits,
) -> Result<Database, Stop> {
    debug_assert!(analysis.unbound.is_empty(), "every variable of the program is bound");
    let mut database = Database::new(program.relations.len());
    for (relation, columns) in facts.relations.entries() {
        limits.check()?;
        for row in 0..columns.rows {
            database.insert(relation, facts.row(program, relation, row), 0);
        }
    }
    let builtins = Builtins::new(Arc::clone(&program.symbols));
    for stratum in analysis.strata.iter() {
        complete(&mut database, program, stratum, (&builtins, limits))?;
    }
    Ok(database)
}

/// Round after round of one stratum.
fn complete(
    database: &mut Database,
    program: &Program,
    stratum: &Stratum,
    (builtins, limits): (&Builtins, &Limits),
) -> Result<(), Stop> {
    for round in 1.. {
        let mut found = Round::default();
        for &id in &stratum.rules {
            let rule = &program.rules[id];
            let searcher = Searcher::new(rule, database, builtins, limits);
            searcher.each(&rule.body, Binding::new(rule.vars.len()), &mut |binding, problem| {
                match problem.cloned().map_or_else(|| head(rule, binding, &searcher), Err) {
                    Ok(tuple) if database.contains(rule.head, &tuple) => {}
                    Ok(tuple) => found.add(rule.head, tuple),
                    Err(problem) => found.fail(id, binding, problem),
                }
                Ok(())
            })?;
        }
        if let Some(failure) = found.failure(program, builtins) {
            return Err(Stop::Failed(Box::new(failure)));
        }
        if found.tuples.is_empty() {
            break;
        }
        if let Some(limit) = limits.rounds_max.filter(|&limit| round > limit) {
            return Err(Stop::Rounds { limit, growing: found.growing() });
        }
        for (relation, tuple) in found.tuples {
            database.insert(relation, tuple, round);
        }
        if !stratum.recursive {
            break;
        }
    }
    Ok(())
}

fn head(rule: &Rule, binding: &Binding, searcher: &Searcher<'_>) -> Result<Tuple, Problem> {
    rule.head_args.iter().map(|arg| searcher.value(arg, binding)).collect()
}

/// What the rules of one round give.
#[derive(Default)]
struct Round {
    /// New tuples in the order found.
    tuples: Vec<(RelationId, Tuple)>,
    known: Set<(RelationId, Tuple)>,
    failing: Map<(RuleId, Binding), Problem>,
}

impl Round {
    fn add(&mut self, relation: RelationId, tuple: Tuple) {
        if self.known.insert((relation, tuple.clone())) {
            self.tuples.push((relation, tuple));
        }
    }

    fn fail(&mut self, rule: RuleId, binding: &Binding, problem: Problem) {
        self.failing.entry((rule, binding.clone())).or_insert(problem);
    }

    fn growing(&self) -> Vec<RelationId> {
        let mut growing: Vec<_> = self.tuples.iter().map(|(relation, _)| *relation).collect();
        growing.sort_unstable();
        growing.dedup();
        growing
    }

    fn failure(&self, program: &Program, builtins: &Builtins) -> Option<Failure> {
        let count = self.failing.len();
        let first = self.failing.iter().min_by(|((rule_a, a), _), ((rule_b, b), _)| {
            rule_a.cmp(rule_b).then_with(|| a.cmp_in(b, builtins.symbols()))
        });
        let ((rule, values), Problem { span, error, within }) = first?;
        let inner = |var| within.iter().find(|(of, _)| *of == var).map(|(_, value)| *value);
        let named = program.rules[*rule].vars.entries();
        let binding = named
            .filter_map(|(var, variable)| {
                Some((variable.name.clone()?, values.get(var).or_else(|| inner(var))?))
            })
            .collect();
        Some(Failure { rule: *rule, span: *span, error: error.clone(), binding, count })
    }
}
