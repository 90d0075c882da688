//! Diagnostics as text. The only user of annotate-snippets.
