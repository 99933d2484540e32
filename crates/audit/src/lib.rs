//! doorward-audit
