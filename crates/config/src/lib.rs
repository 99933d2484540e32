//! The configuration of Doorward: TOML text with source positions in, checked [`Settings`] out.
//!
//! Whatever is wrong with a file is told in one run, each mistake with its line, a caret and what would be right.
//! `doorward check` and every start run this same code. What a room needs is a plain sub-struct of [`Settings`];
//! only this room knows how the file spells it.
//!
//! Invariant: this room makes no rulings and opens no sockets; it reads the files that the configuration names.

mod glob;
mod secret;
mod settings;
mod units;

pub use glob::Glob;
pub use secret::{SecretError, SecretRef};
pub use settings::*;
