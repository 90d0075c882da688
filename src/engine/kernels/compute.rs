//! Arithmetic and comparison of whole columns.
