//! Layer 9: why a tuple holds.

pub mod check;
pub mod empty;
pub mod instances;
pub mod lanes;
pub mod leaves;
pub mod necessary;
pub mod proof;
pub mod search;
pub mod sets;
pub mod summary;
pub mod supports;
pub mod watch;

mod assemble;
mod choose;
mod lane_rules;
mod lane_values;
mod recount;
mod slice;
mod solve;
mod tally;
