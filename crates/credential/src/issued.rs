use crate::Request;
use doorward_vocab::{Secret, Timestamp};

/// A credential, as its provider gave it.
#[derive(Debug)]
pub struct Issued {
    /// What opens the server.
    pub material: Material,
    /// When it ends; none: when the provider or the operator takes it back.
    pub expires: Option<Timestamp>,
    /// The scopes that were granted, where the provider says so: they may be fewer than asked for (RFC 6749 §5.1).
    pub scopes: Option<Box<[Box<str>]>>,
    /// Whose account it is at the server, for people: `alice@example.com`, `role crm-reader`.
    pub account: Option<Box<str>>,
    /// The refresh token that takes the place of the one that was used, or the first one. It is kept before the credential
    /// is used.
    pub grant: Option<Secret<String>>,
    /// What the operator should know, such as that the provider left out who acts.
    pub remark: Option<Box<str>>,
    /// What is sent when it is no longer used, so that it ends there and then. It serves this gateway alone.
    pub end: Option<Box<Request>>,
}

impl Issued {
    /// A credential of which nothing else is known.
    pub const fn new(material: Material) -> Self {
        Self { material, expires: None, scopes: None, account: None, grant: None, remark: None, end: None }
    }
    /// A token that stands for itself.
    pub const fn token(token: Secret<String>) -> Self {
        Self::new(Material::Token(token))
    }
}

/// What opens a server.
#[derive(Debug)]
pub enum Material {
    /// One secret.
    Token(Secret<String>),
    /// A name and a password (RFC 7617).
    Basic {
        /// The name.
        user: Box<str>,
        /// The password.
        password: Secret<String>,
    },
    /// Keys that sign each request (AWS Signature Version 4).
    Aws {
        /// The id of the access key.
        id: Box<str>,
        /// The secret access key.
        key: Secret<String>,
        /// The session token, with temporary keys.
        session: Option<Secret<String>>,
    },
}
