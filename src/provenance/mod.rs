//! Layer 9: why a tuple holds.

pub mod almost;
pub mod certificate;
pub mod check;
pub mod derivations;
pub mod empty;
pub mod instances;
pub mod lanes;
pub mod leaves;
pub mod necessary;
pub mod ordered_graph;
pub mod proof;
pub mod search;
pub mod sets;
pub mod status;
pub mod summary;
pub mod supports;
pub mod watch;
pub mod weighing;
pub mod whynot;

mod assemble;
mod choose;
mod contributors;
mod lane_rules;
mod lane_values;
mod mirror;
mod near;
mod nearest;
mod numbered;
mod recount;
mod several;
mod slice;
mod solve;
mod tally;
mod walk;
