//! Layer 14: processes and terminals.
