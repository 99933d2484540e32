//! The kinds of credentials, one file each.

mod fixed;

pub use fixed::Fixed;
