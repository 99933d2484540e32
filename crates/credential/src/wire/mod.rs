//! What OAuth providers understand. Kinds that speak with an authorization server are made of these.
//!
//! | file | story |
//! |---|---|
//! | `form` | the body of a request |
//! | `server` | an authorization server: written down, or found by discovery |
//! | `client` | who the gateway is there, and how it proves that |
//! | `key` | a private key of the operator, as PEM or JWK |
//! | `jwt` | signed tokens, made and read |
//! | `statement` | what the gateway says as an issuer: who acts, and for whom |
//! | `token` | the answer of a token endpoint |
//! | `target` | what a token must be for, and whether the one that came is |

mod client;
mod form;
pub mod jwt;
mod key;
mod server;
pub mod statement;
mod target;
mod token;

pub use client::{Client, Proof, SecretIn};
pub use form::{Form, grant, token_type};
pub use key::{KeyError, PrivateKey};
pub use server::{Metadata, OFFLINE, Server, Where, discover};
pub use target::{Accepts, Resource, Target};
pub use token::Token;
