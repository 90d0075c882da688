//! Layer 12: answers as text and JSON.

pub mod answer;
pub mod conflicts;
pub mod difference;
pub mod facts;
pub mod ids;
pub mod json;
pub mod list;
pub mod messages;
pub mod profile;
pub mod proofs_diff;
pub mod runs;
pub mod safe;
pub mod schema;
pub mod support;
pub mod support_json;
pub mod table;
pub mod tree;
pub mod unused;
pub mod whynot;
pub mod whynot_json;
pub mod words;
mod tree_head;
mod tree_rows;
