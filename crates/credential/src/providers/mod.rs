//! The kinds of credentials, one file each.

mod aws_sts;
mod fixed;

pub use aws_sts::AwsSts;
pub use fixed::Fixed;
