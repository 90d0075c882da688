//! Every program of this folder, in every mode, against one expectation.

fn main() {}
