//! The gateway as an authorization server, in front of a certified provider.

mod bound;
mod clients;
mod code;
mod console;
mod disk;
mod documents;
mod exchange;
mod logout;
mod provider;
pub(crate) mod scene;
mod workload;
mod zitadel;
