//! doorward-transport
