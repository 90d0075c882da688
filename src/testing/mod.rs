//! Layer 13: tests of rule files. `NAME.test.dl` beside `NAME.dl` holds cases: facts in the rule
//! language, and directives in comments that say what must follow from them.
//!
//! The cases of test files as a test of Rust; with insta, `insta::assert_snapshot!(name, text)` in
//! place of the comparison, under a [snapshot path](api::Case::snapshots):
//!
//! ```
//! use hence::testing::cases;
//!
//! fn rules_are_as_expected() -> Result<(), String> {
//!     for case in cases("rules/c*.test.dl")? {
//!         let ran = case.run();
//!         assert!(ran.failures.is_empty(), "{}", ran.failures.join("\n"));
//!         for (name, text) in ran.snapshots {
//!             let kept = hence::testing::snapshot_text(&case.snapshots().join(name + ".snap"));
//!             assert_eq!(kept.as_deref(), Some(text.as_str()));
//!         }
//!     }
//!     Ok(())
//! }
//! rules_are_as_expected().unwrap();
//! ```

pub mod again;
pub mod api;
pub mod case;
pub mod changes;
mod compare;
pub mod coverage;
pub mod coverage_html;
pub mod coverage_text;
pub mod directive;
pub mod expect;
pub mod explain;
pub mod file;
pub mod judge;
pub mod kept;
pub mod outcome;
pub mod report;
pub mod report_json;
pub mod scan;
pub mod select;
pub mod snapshot;
pub mod suite;
pub mod table;

pub use api::{Case, Ran, cases};
pub use snapshot::body as snapshot_text;
