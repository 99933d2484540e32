//! doorward-identity
