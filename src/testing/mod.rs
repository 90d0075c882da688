//! Layer 13: tests of rule files. `NAME.test.dl` beside `NAME.dl` holds cases: facts in the rule
//! language, and directives in comments that say what must follow from them.

pub mod case;
pub mod changes;
mod compare;
pub mod directive;
pub mod expect;
pub mod explain;
pub mod file;
pub mod judge;
pub mod kept;
pub mod outcome;
pub mod report;
pub mod scan;
pub mod select;
pub mod snapshot;
pub mod suite;
pub mod table;
