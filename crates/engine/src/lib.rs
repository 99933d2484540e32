//! doorward-engine
