//! doorward-benches
