//! The doors: where clients and operators come in.

pub mod console;
mod host;
pub mod http;
pub(crate) mod legacy;
mod modern;
pub(crate) mod oauth;
mod outlive;
mod pipe;
mod plain;
mod reading;
mod reports;
mod route;
pub(crate) mod sse;
pub mod stdio;
mod streams;
pub(crate) mod survey;
mod turns;
mod who;
