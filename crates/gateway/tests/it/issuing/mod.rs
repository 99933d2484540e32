//! The gateway as an authorization server, in front of a certified provider.

mod code;
mod scene;
