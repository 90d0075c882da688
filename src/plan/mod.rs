//! Layer 6: program and analysis to a plan.
