use crate::{
    Failure,
    wire::{Client, Metadata, Resource},
};
use doorward_vocab::{Secret, Timestamp};
use serde_json::Value;
use std::fmt;

/// What is wanted of a provider. It is made for one fetch; what is fetched may serve many calls.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// What it is for, and for whom.
    pub call: Call<'a>,
    /// A token about the human that may be exchanged: what the agent presented, or what the human's own provider gave.
    pub subject: Option<Subject<'a>>,
    /// What the human granted at the provider before.
    pub grant: Option<Granted<'a>>,
    /// Signs as the gateway.
    pub signer: &'a dyn Signer,
    /// The moment.
    pub now: Timestamp,
    /// A name that is good for this order alone, as `jti` and session names want one.
    pub fresh: &'a str,
}

/// A call, as far as its credential depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The operator's name for the server.
    pub server: &'a str,
    /// The resource identifier of the server (RFC 8707 §2): what a token must be for.
    pub resource: &'a str,
    /// The tool that is called; none for what is no call.
    pub tool: Option<&'a str>,
    /// The scopes, narrowed to the call where the operator says how. Empty: what the provider gives by itself.
    pub scopes: &'a [Box<str>],
    /// Who acts.
    pub agent: Agent<'a>,
    /// Who acted before, and handed over: the nearest first.
    pub before: &'a [Agent<'a>],
    /// For whom; none for an autonomous run.
    pub human: Option<Human<'a>>,
    /// The delegation that it acts under.
    pub delegation: Option<&'a str>,
    /// The conversation. A credential that serves many calls may name another one.
    pub conversation: Option<&'a str>,
}

/// The agent of an order.
#[derive(Clone, Copy, Debug)]
pub struct Agent<'a> {
    /// Its id at its issuer.
    pub id: &'a str,
    /// Who vouches for it.
    pub issuer: Option<&'a str>,
}

/// The human of an order.
#[derive(Clone, Copy, Debug)]
pub struct Human<'a> {
    /// The stable id at the issuer.
    pub id: &'a str,
    /// Who vouches for the person.
    pub issuer: &'a str,
    /// The address, where the issuer verified it.
    pub email: Option<&'a str>,
}

/// What a human granted in a browser.
#[derive(Clone, Copy, Debug)]
pub struct Granted<'a> {
    /// The refresh token.
    pub refresh: &'a Secret<String>,
    /// Where it is used.
    pub server: &'a Metadata,
    /// As whom, where the gateway registered itself there.
    pub client: Option<&'a Client>,
    /// What was named as `resource`.
    pub resource: &'a Resource,
}

/// A token about a human.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The token.
    pub token: &'a Secret<String>,
    /// Its type, as a token exchange names it (RFC 8693 §3).
    pub kind: &'static str,
}

/// An algorithm of signatures (RFC 7518 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Alg {
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256, where nothing else is taken.
    Rs256,
}

/// The gateway as an issuer that others trust: one published key set for all of them.
pub trait Signer: fmt::Debug + Send + Sync {
    /// Its `iss`.
    fn issuer(&self) -> &str;
    /// A signed token with `claims` (RFC 7515 §7.1).
    ///
    /// # Errors
    /// [`Failure::Misconfigured`] where the gateway has no such key.
    fn sign(&self, alg: Alg, typ: &str, claims: &Value) -> Result<Secret<String>, Failure>;
}
