//! Layer 11: who said what, where, how sure.
