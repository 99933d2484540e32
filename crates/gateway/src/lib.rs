//! doorward-gateway
