//! Layer 13: answers as text and JSON.
