//! doorward-policy
