//! doorward-config
