//! doorward-detect
