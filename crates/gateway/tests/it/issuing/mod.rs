//! The gateway as an authorization server, in front of a certified provider.

mod clients;
mod code;
mod exchange;
mod scene;
