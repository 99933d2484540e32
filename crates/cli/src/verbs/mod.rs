//! One file for each verb: its arguments and what it does.

pub(crate) mod add;
pub(crate) mod approve;
pub(crate) mod check;
pub(crate) mod list;
pub(crate) mod remove;

mod file;

pub(crate) use file::ConfigFile;
