//! Evidence for a token: an agent without a secret of ours shows what its platform or its machine can prove, in the place of a
//! subject token (RFC 8693 §2.1), or a statement of its platform as a grant (RFC 7523 §2.1), and gets a token for itself.

use crate::{
    Client, Code, Fault, Form, Issued, Proof, Realm, Ring, Signing,
    client::Origin,
    exchange::{Wanted, kind},
    issue::{self, confirmation},
    keys::KeyError,
    metadata::grant,
    realm::EVERYTHING,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_identity::{
    Attestation, KeyBinding,
    attest::{machine::Quoted, tpm::Registers},
};
use doorward_vocab::{Assurance, Digest, Timestamp};
use serde::Deserialize;
use serde_json::json;
use std::{borrow::Cow, collections::BTreeMap, sync::Arc};
use url::{Url, form_urlencoded};

/// A signed request of AWS, in the form that workload identity federation takes it elsewhere too: JSON with `url`, `method`
/// and `headers`, each of these with `key` and `value`.
pub const AWS: &str = "urn:ietf:params:aws:token-type:aws4_request";
/// A quote of a TPM 2.0.
pub const TPM: &str = "urn:doorward:params:oauth:token-type:tpm2-quote";

/// What an agent shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// `GetCallerIdentity`, signed.
    Aws {
        /// Where it says that it is for.
        url: Url,
        /// The headers.
        headers: Vec<(String, String)>,
    },
    /// A quote, and the challenge that it answers.
    Tpm {
        /// The challenge as it was given.
        challenge: String,
        /// The rest.
        quoted: Quoted,
    },
}

#[derive(Deserialize)]
struct Request {
    url: String,
    method: String,
    headers: Vec<Header>,
}

#[derive(Deserialize)]
struct Header {
    key: String,
    value: String,
}

#[derive(Deserialize)]
struct Quote {
    challenge: String,
    public: String,
    message: String,
    signature: String,
    registers: BTreeMap<String, String>,
}

fn bad(why: &'static str) -> Fault {
    Fault::new(Code::InvalidRequest, why)
}

/// Whether a request to the token endpoint shows evidence.
pub fn is_shown(form: &Form) -> bool {
    form.get("grant_type") == Some(grant::EXCHANGE) && matches!(form.get("subject_token_type"), Some(AWS | TPM))
}

impl Evidence {
    /// Reads the request. Nothing of it is believed yet.
    ///
    /// # Errors
    /// `invalid_request`.
    pub fn of(form: &Form) -> Result<Self, Fault> {
        if form.get("actor_token").is_some() {
            return Err(bad("evidence is of who acts; there is no `actor_token` beside it"));
        }
        if form.get("requested_token_type").is_some_and(|kind| kind != kind::ACCESS && kind != kind::JWT) {
            return Err(bad("only access tokens are given here"));
        }
        let shown = form.need("subject_token")?;
        match form.need("subject_token_type")? {
            AWS => aws(shown),
            TPM => tpm(shown),
            _ => Err(bad("`subject_token_type` is not evidence that is taken here")),
        }
    }
}

fn aws(shown: &str) -> Result<Evidence, Fault> {
    // Libraries write it percent-encoded within the form, which is encoded itself.
    let text = match shown.starts_with('{') {
        true => Cow::Borrowed(shown),
        false => decoded(shown).into(),
    };
    let form = "`subject_token` is not JSON with `url`, `method` and `headers` of a signed request";
    let request: Request = serde_json::from_str(&text).map_err(|_| bad(form))?;
    let url = Url::parse(&request.url).map_err(|_| bad(form))?;
    if request.method != "POST" {
        return Err(bad("the signed request is a POST"));
    }
    // Where it is sent the header is written anew, and the signature covers it.
    let headers = request.headers.into_iter().filter(|h| !h.key.eq_ignore_ascii_case("host"));
    Ok(Evidence::Aws { url, headers: headers.map(|h| (h.key, h.value)).collect() })
}

fn decoded(text: &str) -> String {
    let plus = text.replace('+', "%2B");
    form_urlencoded::parse(plus.as_bytes()).next().map(|(text, _)| text.into_owned()).unwrap_or_default()
}

fn tpm(shown: &str) -> Result<Evidence, Fault> {
    let form = "`subject_token` is not JSON with `challenge`, `public`, `message`, `signature` and `registers`";
    let quote: Quote = serde_json::from_str(shown).map_err(|_| bad(form))?;
    let mut registers = Registers::new();
    for (at, value) in &quote.registers {
        let number = at.parse().map_err(|_| bad("a register has no number"))?;
        let value = format!("sha256:{}", value.to_ascii_lowercase()).parse::<Digest>();
        registers.insert(number, value.map_err(|_| bad("a register is not 64 hex digits"))?);
    }
    let quoted = Quoted {
        public: bytes(&quote.public)?,
        message: bytes(&quote.message)?,
        signature: bytes(&quote.signature)?,
        registers,
    };
    Ok(Evidence::Tpm { challenge: quote.challenge, quoted })
}

/// Bytes in base64url, as JOSE writes them.
///
/// # Errors
/// `invalid_request`.
pub fn bytes(text: &str) -> Result<Vec<u8>, Fault> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| bad("write bytes in base64url, without `=`"))
}

/// An agent whose evidence holds.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// Its id, as the operator wrote it.
    pub agent: Arc<str>,
    /// What it is called by people, where somebody says so.
    pub name: Option<Arc<str>>,
    /// Who vouches for it: the entry of the operator that it fits, or the issuer of its statement.
    pub trust: Arc<str>,
    /// What was proved.
    pub attestation: Attestation,
    /// The key that the token is bound to.
    pub key: Option<KeyBinding>,
}

impl Admitted {
    /// The resource that the token is for. What the agent may do there is what the operator gives it; there are no scopes of
    /// one server, but resources of one.
    ///
    /// # Errors
    /// `invalid_target`, `invalid_scope`.
    pub fn resource(&self, form: &Form, realm: &Realm) -> Result<Arc<str>, Fault> {
        if form.get("scope").is_some_and(|scope| scope.split_ascii_whitespace().any(|word| word.starts_with("mcp:"))) {
            return Err(Fault::new(Code::InvalidScope, "name one server by its `resource`"));
        }
        Ok(Wanted::of(form, &self.as_client(), realm)?.resource)
    }

    fn as_client(&self) -> Client {
        Client {
            id: self.agent.clone(),
            origin: Origin::Configured,
            name: None,
            redirects: Vec::new(),
            grants: [grant::EXCHANGE, grant::ASSERTION].map(str::to_owned).into(),
            proof: Proof::Nothing,
            owner: None,
            class: None,
            servers: None,
        }
    }

    /// How well it is proved: a platform's word is worth more where the token is bound to a key.
    fn assurance(&self) -> Assurance {
        let proved = self.attestation.assurance;
        match self.key {
            Some(_) if proved >= Assurance::PlatformToken => proved.max(Assurance::KeyBound),
            _ => proved,
        }
    }

    /// The token: RFC 9068 of an agent that acts for itself. There is no refresh token; the evidence is shown again.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn issue(
        &self,
        resource: &str,
        realm: &Realm,
        ring: &Ring,
        id: &str,
        now: Timestamp,
    ) -> Result<Issued, KeyError> {
        let ends = now.plus(realm.lifetimes.access);
        let expires = self.attestation.expires.map_or(ends, |end| end.min(ends));
        let proved = &self.attestation;
        let mut claims = json!({
            "iss": realm.issuer,
            "aud": resource,
            "sub": self.agent,
            "client_id": self.agent,
            "iat": now.secs(),
            "nbf": now.secs(),
            "exp": expires.secs(),
            "jti": id,
            "scope": EVERYTHING,
            "att": {
                "lvl": self.assurance(),
                "m": proved.method.as_str(),
                "exp": expires.secs(),
                "by": self.trust,
                "sub": proved.subject,
                "ev": proved.evidence,
                "measured": proved.measured,
                "posture": proved.posture,
            },
        });
        if let (Some(issuer), Some(att)) = (&proved.issuer, claims.get_mut("att").and_then(|att| att.as_object_mut())) {
            att.insert("iss".into(), json!(issuer));
        }
        if let Some(map) = claims.as_object_mut() {
            map.extend(self.key.as_ref().map(|key| ("cnf".to_owned(), confirmation(key))));
            map.extend(self.name.as_ref().map(|name| ("client_name".to_owned(), json!(name))));
        }
        Ok(Issued { token: ring.sign(Signing::Es256, issue::TYPE, &claims, now)?, expires })
    }

    /// The answer of the token endpoint (RFC 6749 §5.1).
    pub fn answer(&self, issued: &Issued, now: Timestamp) -> String {
        let bound = matches!(self.key, Some(KeyBinding::Jkt(_)));
        let answer = json!({
            "access_token": issued.token,
            "token_type": if bound { "DPoP" } else { "Bearer" },
            "expires_in": issued.expires.since(now).as_secs(),
            "scope": EVERYTHING,
        });
        answer.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &str, token: &str) -> Result<Evidence, Fault> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", grant::EXCHANGE);
        form.append_pair("subject_token_type", kind).append_pair("subject_token", token);
        let form = Form::parse(form.finish().as_bytes())?;
        assert!(is_shown(&form));
        Evidence::of(&form)
    }

    #[test]
    fn a_signed_request_is_read_in_both_spellings() {
        let text = r#"{"url":"https://sts.eu-west-1.amazonaws.com","method":"POST","headers":[
            {"key":"Host","value":"evil.example"},{"key":"Authorization","value":"AWS4-HMAC-SHA256 a+b"}]}"#;
        let text = text.replace('\n', "");
        let Evidence::Aws { url, headers } = read(AWS, &text).unwrap() else { panic!() };
        assert_eq!(url.host_str(), Some("sts.eu-west-1.amazonaws.com"));
        assert_eq!(headers, [("Authorization".to_owned(), "AWS4-HMAC-SHA256 a+b".to_owned())]);
        let encoded = text.bytes().fold(String::new(), |out, byte| out + &format!("%{byte:02X}"));
        assert_eq!(read(AWS, &encoded).unwrap(), Evidence::Aws { url, headers });
        for bad in [&text.replace("POST", "GET"), "{}", "%7B", "x", &text.replace("https:", "")] {
            assert_eq!(read(AWS, bad).unwrap_err().code, Code::InvalidRequest, "{bad}");
        }
    }

    #[test]
    fn a_quote_is_read_or_refused() {
        let zero = "0".repeat(64);
        let quote = |registers: serde_json::Value| {
            json!({ "challenge": "c", "public": "AA", "message": "AQ", "signature": "Ag", "registers": registers })
                .to_string()
        };
        let Evidence::Tpm { challenge, quoted } = read(TPM, &quote(json!({ "7": zero }))).unwrap() else { panic!() };
        assert_eq!((&*challenge, &*quoted.message, quoted.registers.len()), ("c", &[1][..], 1));
        for bad in
            [quote(json!({ "x": zero })), quote(json!({ "7": "00" })), quote(json!({ "256": zero })), "{}".into()]
        {
            assert_eq!(read(TPM, &bad).unwrap_err().code, Code::InvalidRequest, "{bad}");
        }
        assert!(read(TPM, &quote(json!({})).replace("\"AA\"", "\"A=\"")).is_err());
    }
}
