//! Layer 4: trees to a [`Program`](program::Program): resolved, typed, normal.

mod aggregate;
mod alternatives;
mod annotations;
mod arity;
pub mod build;
pub mod builtins;
mod check;
mod clash;
mod directives;
mod draft;
mod facts;
mod finish;
mod functors;
mod grounding;
mod lower;
mod names;
mod patterns;
mod plan_hints;
pub mod program;
mod range;
mod rules;
mod scalar;
mod suggest;
mod types;
mod typing;
mod unbound;
mod upper;
