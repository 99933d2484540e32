use super::{Form, Metadata, PrivateKey, Server};
use crate::{Alg, Failure, Keeper, Order, Request};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use doorward_vocab::Secret;
use http::header::AUTHORIZATION;
use serde_json::json;
use std::path::PathBuf;
use url::form_urlencoded::byte_serialize;

/// How long a proof may be used, in seconds.
const PROOF: u64 = 120;
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Who the gateway is at an authorization server.
#[derive(Debug)]
pub struct Client {
    /// Its `client_id`.
    pub id: Box<str>,
    /// How it proves that.
    pub proof: Proof,
}

/// How a client proves who it is.
#[derive(Debug)]
pub enum Proof {
    /// Not at all: a public client.
    Nothing,
    /// By a secret.
    Secret(Box<dyn Keeper>, SecretIn),
    /// By an assertion that a key of the operator signs (`private_key_jwt`, RFC 7523 §2.2).
    Key(Box<PrivateKey>),
    /// By an assertion of the gateway. With a subject the server trusts the gateway as an issuer, and it says whom it vouches
    /// for; without one the server knows the gateway's keys as those of the client.
    Gateway {
        /// The `sub`.
        subject: Option<Box<str>>,
    },
    /// By a certificate in TLS (RFC 8705 §2): the files of the certificates and their key.
    Certificate(PathBuf, PathBuf),
}

/// Where a secret goes (RFC 6749 §2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretIn {
    /// Where the server says that it takes it; into the header where it says nothing.
    Either,
    /// Into the header.
    Header,
    /// Into the form.
    Form,
}

impl Client {
    /// The request with which this client sends `form` to the token endpoint of `server`.
    ///
    /// # Errors
    /// [`Failure::Misconfigured`] where nothing can be signed.
    pub fn request(&self, mut form: Form, server: &Metadata, order: &Order<'_>) -> Result<Request, Failure> {
        let mut header = None;
        let mut certificate = None;
        match &self.proof {
            Proof::Secret(secret, place) => {
                let posts = match place {
                    SecretIn::Either => server.posts_secret,
                    SecretIn::Header => false,
                    SecretIn::Form => true,
                };
                let secret = &secret.show()?;
                if posts {
                    form.add("client_id", &self.id).secret("client_secret", secret);
                } else {
                    header = Some(basic(&self.id, secret));
                }
            }
            Proof::Nothing => {
                form.add("client_id", &self.id);
            }
            Proof::Key(key) => {
                let assertion = key.sign("JWT", &self.claims(&self.id, &self.id, server, order))?;
                self.assert(&mut form, &assertion);
            }
            Proof::Gateway { subject } => {
                let claims = match subject {
                    Some(subject) => self.claims(order.signer.issuer(), subject, server, order),
                    None => self.claims(&self.id, &self.id, server, order),
                };
                let assertion = order.signer.sign(Alg::Es256, "JWT", &claims)?;
                self.assert(&mut form, &assertion);
            }
            Proof::Certificate(chain, key) => {
                form.add("client_id", &self.id);
                certificate = Some((chain.clone(), key.clone()));
            }
        }
        let mut request = Request::form(server.token.clone(), form.done()).named(server.named);
        request.certificate = certificate;
        Ok(match header {
            Some(value) => request.header(AUTHORIZATION, value),
            None => request,
        })
    }

    /// Whether it needs the gateway's signature.
    pub const fn needs_signature(&self) -> bool {
        matches!(self.proof, Proof::Gateway { .. })
    }

    fn assert(&self, form: &mut Form, assertion: &Secret<String>) {
        form.add("client_id", &self.id);
        form.add("client_assertion_type", ASSERTION).secret("client_assertion", assertion);
    }

    /// RFC 7523 §3. The server is named by its issuer alone, where that is known: one server must not be able to use at another
    /// one what it was sent (draft-ietf-oauth-rfc7523bis §4).
    fn claims(&self, issuer: &str, subject: &str, server: &Metadata, order: &Order<'_>) -> serde_json::Value {
        let now = order.now.secs();
        json!({
            "iss": issuer, "sub": subject, "aud": server.name(), "jti": format!("{}-client", order.fresh),
            "iat": now, "exp": now.saturating_add(PROOF),
        })
    }
}

/// RFC 6749 §2.3.1: both halves are form-encoded first.
fn basic(id: &str, secret: &Secret<String>) -> Secret<String> {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    secret.reveal(|secret| {
        Secret::new(format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret)))))
    })
}

/// The gateway as a client of one authorization server.
impl Server {
    /// What `form` asks of the token endpoint, and what follows.
    ///
    /// # Errors
    /// As [`Client::request`].
    pub fn ask<'a>(
        &'a self,
        order: &'a Order<'a>,
        form: Form,
        then: impl FnOnce(super::Token) -> Result<crate::Step<'a>, Failure> + Send + 'a,
    ) -> Result<crate::Step<'a>, Failure> {
        self.at.found(order.now, move |server| {
            let request = self.client.request(form, &server, order)?;
            Ok(request.then(move |answer| then(super::Token::read(answer, order.now)?)))
        })
    }
}
