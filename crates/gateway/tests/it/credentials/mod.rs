//! Credentials that are fetched when a call needs them, from certified providers, for servers that check them.

mod client;
mod exchange;
mod login;
mod person;
mod scene;
mod zitadel;
