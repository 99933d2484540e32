//! The store at its doors, on a real directory.

mod crash;
mod index;
mod kit;
mod tamper;
mod trail;
