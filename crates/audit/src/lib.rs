//! The trail: what is recorded, how it is made tamper-evident, and how that is verified.

mod receipt;

pub use receipt::Receipt;
