//! Layer 11: the one API: rule files and input in, answers and explanations out.

pub mod answer;
pub mod ask;
pub mod because;
pub mod certify;
pub mod changes;
pub mod conflicts;
pub mod diff;
pub mod evaluate;
pub mod explain;
pub mod judge;
pub mod layers;
pub mod load;
pub mod missing;
pub mod options;
pub mod profile;
pub mod question;
pub mod repairs;
pub mod scenarios;
pub mod runs;
pub mod session;
pub mod status;
pub mod stops;
pub mod support;
pub mod typed;
pub mod undeclared;
pub mod unused;
pub mod warnings;
mod weighed;
pub mod whatif;
pub mod whynot;

mod patterns;
