//! One file for each verb: its arguments and what it does.

pub(crate) mod add;
pub(crate) mod approvals;
pub(crate) mod approve;
pub(crate) mod check;
pub(crate) mod console;
pub(crate) mod credentials;
pub(crate) mod delegation;
pub(crate) mod list;
pub(crate) mod remove;
pub(crate) mod run;
pub(crate) mod scan;
pub(crate) mod seal;
pub(crate) mod sources;
pub(crate) mod wrap;

pub(crate) mod file;
pub(crate) mod serve;

pub(crate) use file::ConfigFile;
