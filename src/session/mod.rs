//! Layer 12: the one API.
