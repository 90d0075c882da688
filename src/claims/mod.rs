//! Layer 10: who said what, where, how sure.

pub mod cell;
mod check;
mod circles;
pub mod date;
mod dependents;
mod document;
mod documents;
pub mod encode;
mod fields;
mod figures;
pub mod lines;
pub mod load;
pub mod policies;
mod quotes;
pub mod record;
mod references;
pub mod relations;
mod rows;
mod scan;
mod search;
mod shape;
mod spread;
pub mod withdraw;
