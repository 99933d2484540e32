//! The configuration of Doorward: TOML text with source positions in, checked [`Settings`] out.
//!
//! Whatever is wrong with a file is told in one run, each mistake with its line, a caret and what would be right.
//! `doorward check` and every start run this same code. What a room needs is a plain sub-struct of [`Settings`];
//! only this room knows how the file spells it.
//!
//! ```
//! use doorward_config::{Known, Settings};
//! let text = "level = 'guard'\n[[server]]\nname = 'files'\ncommand = ['mcp-files', '/data']\n";
//! let loaded = Settings::parse("doorward.toml", text, &Known::default()).unwrap();
//! assert_eq!(loaded.settings.servers[0].name.as_str(), "files");
//!
//! let report = Settings::parse("doorward.toml", "levle = 'guard'", &Known::default()).unwrap_err();
//! assert!(report.to_string().contains("did you mean `level`?"));
//! ```
//!
//! Invariant: this room makes no rulings and opens no sockets; it reads the files that the configuration names.

mod settings;

mod cross;
mod load;
mod section;
mod value;

mod nearest;
mod report;
mod secretish;
mod source;

/// What can be told about a command line without starting it.
pub mod command;
/// Changes to a file that leave every other byte as it is: comments, order and spacing belong to the operator.
pub mod edit;
mod files;
mod held;
/// Where the configuration is.
pub mod paths;
mod secret;
mod units;

#[cfg(test)]
mod reference;

pub use doorward_vocab::Glob;
pub use files::expand;
pub use held::{hold, variable};
pub use load::Loaded;
pub use nearest::nearest;
pub use report::{Gravity, Mistake, Paint, Report};
pub use secret::{SecretError, SecretRef};
pub use secretish::name as is_secret_name;
pub use section::Known;
pub use settings::*;
pub use source::Source;
