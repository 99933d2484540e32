//! The gateway as an authorization server, in front of a certified provider.

mod clients;
mod code;
mod documents;
mod exchange;
mod scene;
