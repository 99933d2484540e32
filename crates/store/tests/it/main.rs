//! The store at its doors, on a real directory.

mod crash;
mod kit;
mod tamper;
mod trail;
