//! What is true of a program, as one Datalog program: the only place of analysis logic. The input
//! relations are the reified program, component numbers included; nothing here closes over the
//! dependencies of relations, so the work is linear in the program. In a recursive rule the
//! recursive relation stands first: crepe starts every evaluation from the first clause.

#![expect(
    clippy::disallowed_types,
    clippy::iter_over_hash_type,
    clippy::collection_is_never_read,
    reason = "code that crepe generates; what it returns is sorted below"
)]

use crepe::crepe;
use foldhash::fast::FixedState;

use crate::analysis::reify::{AtomId, DefinitionId, How, LiteralId, NameId, ScopeId};
use crate::base::ids::{OriginId, RelationId, RuleId, StratumId, VarId};
use crate::value::value::Value;

crepe! {
    // ---- the program ----

    // The rule derives the relation.
    @input pub(super) struct Head(pub RuleId, pub RelationId);
    // The relation is of the component.
    @input pub(super) struct Component(pub RelationId, pub StratumId);
    // The rule reads the relation: in a positive or negated atom, or inside an aggregate.
    @input pub(super) struct Reads(pub AtomId, pub RuleId, pub RelationId, pub How);
    // The program has facts of the relation, or an `.input` of it.
    @input pub(super) struct Filled(pub RelationId);
    // The relation is written out, or read by something that is no rule.
    @input pub(super) struct Wanted(pub RelationId);
    // The rules of a relation, counted from 0, and their number.
    @input pub(super) struct RuleOf(pub RelationId, pub u32, pub RuleId);
    @input pub(super) struct RulesOf(pub RelationId, pub u32);

    // ---- components: what is recursive, and what breaks the layers ----

    struct Within(AtomId, RuleId, How, StratumId);
    Within(atom, rule, how, component) <-
        Reads(atom, rule, relation, how), Component(relation, component),
        Head(rule, head), Component(head, component);

    @output pub(super) struct RecursiveComponent(pub StratumId);
    RecursiveComponent(component) <- Within(_, _, _, component);

    // A positive atom of the component of its rule's head.
    @output pub(super) struct Recursive(pub RuleId, pub AtomId);
    Recursive(rule, atom) <- Within(atom, rule, How::Positive, _);

    // A negated or aggregated atom of the component of its rule's head.
    @output pub(super) struct Cyclic(pub AtomId, pub StratumId);
    Cyclic(atom, component) <- Within(atom, _, how, component), (how != How::Positive);

    // ---- bound variables: a scope is the body of a rule or of an aggregate ----

    // An atom of the scope, or the scope around it, gives the variable a value.
    @input pub(super) struct Given(pub ScopeId, pub VarId);
    // The definition gives the variable a value once its inputs, so many, have one.
    @input pub(super) struct Defines(pub DefinitionId, pub ScopeId, pub VarId, pub u32);
    // An input of a definition, counted from 0.
    @input pub(super) struct Needs(pub DefinitionId, pub u32, pub ScopeId, pub VarId);
    // The scope, of this rule, mentions the variable.
    @input pub(super) struct Mentions(pub ScopeId, pub RuleId, pub VarId);

    struct Bound(ScopeId, VarId);
    Bound(scope, var) <- Given(scope, var);
    Bound(scope, var) <- Ready(definition, n), Defines(definition, scope, var, n);

    // The first n inputs of the definition are bound.
    struct Ready(DefinitionId, u32);
    Ready(definition, 0) <- Defines(definition, _, _, _);
    Ready(definition, n + 1) <-
        Ready(definition, n), Needs(definition, n, scope, var), Bound(scope, var);

    @output pub(super) struct Unbound(pub RuleId, pub VarId);
    Unbound(rule, var) <- Mentions(scope, rule, var), !Bound(scope, var);

    // ---- rules that can never fire ----

    // The literal of the rule is false whatever the data.
    @input pub(super) struct IsFalse(pub RuleId, pub LiteralId);
    // The rule compares an integer variable with a constant.
    @input pub(super) struct AtLeast(pub RuleId, pub VarId, pub i128, pub LiteralId);
    @input pub(super) struct AtMost(pub RuleId, pub VarId, pub i128, pub LiteralId);
    @input pub(super) struct Is(pub RuleId, pub VarId, pub Value, pub LiteralId);
    @input pub(super) struct IsNot(pub RuleId, pub VarId, pub Value, pub LiteralId);

    struct Derived(RelationId);
    Derived(relation) <- Head(_, relation);

    @output pub(super) struct Unfilled(pub RelationId);
    Unfilled(relation) <- Component(relation, _), !Filled(relation), !Derived(relation);

    // The two literals exclude each other, or are one that is false.
    @output pub(super) struct Excludes(pub RuleId, pub LiteralId, pub LiteralId);
    Excludes(rule, literal, literal) <- IsFalse(rule, literal);
    Excludes(rule, one, other) <-
        AtLeast(rule, var, low, one), AtMost(rule, var, high, other), (low > high);
    Excludes(rule, one, other) <- Is(rule, var, a, one), Is(rule, var, b, other), (a != b);
    Excludes(rule, one, other) <- Is(rule, var, value, one), IsNot(rule, var, value, other);

    // Recursion without a start: every rule of the component reads the component.
    @output pub(super) struct Groundless(pub StratumId);
    Groundless(component) <- RecursiveComponent(component), !Started(component);
    struct Started(StratumId);
    Started(component) <- Filled(relation), Component(relation, component);
    Started(component) <-
        Head(rule, relation), !ReadsOwn(rule), Component(relation, component);
    struct ReadsOwn(RuleId);
    ReadsOwn(rule) <- Recursive(rule, _);

    struct Empty(RelationId);
    Empty(relation) <- Unfilled(relation);
    Empty(relation) <- Groundless(component), Component(relation, component);
    Empty(relation) <- AllDead(relation, n), RulesOf(relation, n), !Filled(relation);

    @output pub(super) struct Dead(pub RuleId);
    Dead(rule) <- Empty(relation), Reads(_, rule, relation, How::Positive);
    Dead(rule) <- Excludes(rule, _, _);

    // The first n rules of the relation are dead.
    struct AllDead(RelationId, u32);
    AllDead(relation, 1) <- Dead(rule), RuleOf(relation, 0, rule);
    AllDead(relation, n + 1) <-
        AllDead(relation, n), RuleOf(relation, n, rule), Dead(rule);

    // ---- relations that nothing reads ----

    struct ReadElsewhere(RelationId);
    ReadElsewhere(relation) <-
        Reads(_, rule, relation, _), Head(rule, head), (head != relation);

    @output pub(super) struct Unread(pub RelationId);
    Unread(relation) <- Component(relation, _), !Wanted(relation), !ReadElsewhere(relation);

    // ---- recursion that makes new values ----

    // The second variable is computed from the first; by an operation that makes new values?
    @input pub(super) struct Flows(pub RuleId, pub VarId, pub VarId, pub bool);
    // An argument of the head is computed from the variable.
    @input pub(super) struct FlowsToHead(pub RuleId, pub VarId, pub u32, pub bool);
    // The positive atom mentions the variable.
    @input pub(super) struct Occurs(pub AtomId, pub RuleId, pub VarId);
    // The rule compares the variable with something, or tests it.
    @input pub(super) struct Compared(pub RuleId, pub VarId);

    // The variable carries a value of the recursive atom, or one made from it.
    struct Carries(RuleId, VarId, AtomId, bool);
    Carries(rule, var, atom, false) <- Recursive(rule, atom), Occurs(atom, _, var);
    Carries(rule, to, atom, made || makes) <-
        Carries(rule, from, atom, made), Flows(rule, from, to, makes);

    // Something keeps the variable's values within bounds.
    struct Bounded(RuleId, VarId);
    Bounded(rule, var) <- Compared(rule, var);
    Bounded(rule, var) <- Occurs(atom, rule, var), !Recursive(rule, atom);
    struct BoundedFrom(RuleId, AtomId);
    BoundedFrom(rule, atom) <- Carries(rule, var, atom, true), Bounded(rule, var);

    // The argument of the head is a new value made from a value of the recursive atom.
    @output pub(super) struct Grows(pub RuleId, pub u32, pub AtomId, pub VarId);
    Grows(rule, argument, atom, source) <-
        FlowsToHead(rule, var, argument, makes), Carries(rule, var, atom, made),
        (made || makes), Recursive(rule, atom), Occurs(atom, _, source),
        Feeds(rule, source, var), !Bounded(rule, source), !Bounded(rule, var),
        !BoundedFrom(rule, atom);

    struct Feeds(RuleId, VarId, VarId);
    Feeds(rule, var, var) <- Recursive(rule, atom), Occurs(atom, _, var);
    Feeds(rule, source, to) <- Feeds(rule, source, from), Flows(rule, from, to, _);

    // ---- variables used once ----

    // The written rule has the name at this place, inside one of the rules it stands for.
    @input pub(super) struct Names(pub OriginId, pub NameId, pub u32);

    struct NamedTwice(OriginId, NameId);
    NamedTwice(origin, name) <-
        Names(origin, name, one), Names(origin, name, other), (one != other);

    @output pub(super) struct UsedOnce(pub OriginId, pub NameId);
    UsedOnce(origin, name) <- Names(origin, name, _), !NamedTwice(origin, name);
}

/// What the rules above decide, each relation sorted.
#[derive(Debug)]
pub(super) struct Findings {
    pub(super) recursive_components: Vec<StratumId>,
    pub(super) recursive: Vec<(RuleId, AtomId)>,
    pub(super) cyclic: Vec<(AtomId, StratumId)>,
    pub(super) unbound: Vec<(RuleId, VarId)>,
    pub(super) unfilled: Vec<RelationId>,
    pub(super) excludes: Vec<(RuleId, LiteralId, LiteralId)>,
    pub(super) groundless: Vec<StratumId>,
    pub(super) dead: Vec<RuleId>,
    pub(super) unread: Vec<RelationId>,
    pub(super) grows: Vec<(RuleId, u32, AtomId, VarId)>,
    pub(super) used_once: Vec<(OriginId, NameId)>,
}

/// Runs the rules. What crepe returns has no order; here it gets one.
pub(super) fn decide(tuples: Crepe) -> Findings {
    let (
        recursive_components,
        recursive,
        cyclic,
        unbound,
        unfilled,
        excludes,
        groundless,
        dead,
        unread,
        grows,
        used_once,
    ) = tuples.run_with_hasher::<FixedState>();
    Findings {
        recursive_components: sorted(recursive_components, |RecursiveComponent(a)| a),
        recursive: sorted(recursive, |Recursive(a, b)| (a, b)),
        cyclic: sorted(cyclic, |Cyclic(a, b)| (a, b)),
        unbound: sorted(unbound, |Unbound(a, b)| (a, b)),
        unfilled: sorted(unfilled, |Unfilled(a)| a),
        excludes: sorted(excludes, |Excludes(a, b, c)| (a, b, c)),
        groundless: sorted(groundless, |Groundless(a)| a),
        dead: sorted(dead, |Dead(a)| a),
        unread: sorted(unread, |Unread(a)| a),
        grows: sorted(grows, |Grows(a, b, c, d)| (a, b, c, d)),
        used_once: sorted(used_once, |UsedOnce(a, b)| (a, b)),
    }
}

fn sorted<T, U: Ord>(tuples: impl IntoIterator<Item = T>, key: impl Fn(T) -> U) -> Vec<U> {
    let mut sorted: Vec<_> = tuples.into_iter().map(key).collect();
    sorted.sort_unstable();
    sorted
}
