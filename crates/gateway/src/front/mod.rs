//! The doors: where clients and operators come in.

pub mod console;
pub mod http;
mod outlive;
pub mod stdio;
mod turns;
