//! Agents that show evidence for a token: a role of AWS, or a machine with a TPM. What they show is about a challenge that
//! they got here, and is good once.

use super::{Call, Silence, exchange::typed, private, refuse, token::silent};
use crate::{
    attest::ask_sts,
    front::plain::json,
    live::{Machines, Roles},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use doorward_identity::{
    Attestation, KeyBinding,
    attest::{
        aws::AwsError,
        machine::Quoted,
        tpm::{AttestationKey, Challenge, TpmError},
    },
};
use doorward_oauth::{
    Code, Fault, Form,
    attested::{Admitted, Evidence, TPM, bytes},
};
use doorward_transport::serve::Body;
use doorward_vocab::{Digest, Timestamp};
use http::Response;
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};
use url::Url;

/// How long an agent may take to answer a challenge.
const AGE: Duration = Duration::from_secs(300);

/// What challenges are sealed for.
const FOR_AWS: &[u8] = b"evidence aws";
const FOR_TPM: &[u8] = b"evidence tpm";

/// What is sealed in the challenge of a signed request.
#[derive(Serialize, Deserialize)]
struct Nonce {
    drawn: [u8; 16],
    until: Timestamp,
}

/// What is sealed in the challenge of a machine.
#[derive(Serialize, Deserialize)]
struct Wrapped {
    /// The entry that knows the machine.
    trust: String,
    enrolled: Digest,
    /// The key that will sign, as its TPM names it.
    name: Vec<u8>,
    /// What only that TPM could read.
    secret: [u8; 32],
    until: Timestamp,
}

fn invalid(why: impl ToString) -> Fault {
    Fault::new(Code::InvalidGrant, why.to_string())
}

fn broken() -> Fault {
    silent(Silence)
}

impl Call<'_> {
    /// What evidence must be about.
    pub(super) async fn challenge(&self, body: &Bytes) -> Response<Body> {
        let form = if body.is_empty() { Ok(Form::default()) } else { self.form(body) };
        let answer = match form {
            // RSA takes long enough to give way to others.
            Ok(form) if form.get("subject_token_type") == Some(TPM) => self.wrapped(&form),
            Ok(_) => self.nonce(),
            Err(fault) => Err(fault),
        };
        match answer {
            Ok(answer) => private(json(200, answer.to_string().into())),
            Err(fault) => refuse(&fault),
        }
    }

    /// What a signed request must hold.
    fn nonce(&self) -> Result<serde_json::Value, Fault> {
        let nonce = Nonce { drawn: self.gateway.entropy.draw(), until: self.gateway.clock.now().plus(AGE) };
        Ok(serde_json::json!({ "attestation_challenge": self.sealed(&nonce, FOR_AWS)?, "expires_in": AGE.as_secs() }))
    }

    /// A secret for one machine and the key that it will sign with.
    fn wrapped(&self, form: &Form) -> Result<serde_json::Value, Fault> {
        let now = self.gateway.clock.now();
        let endorsement = bytes(form.need("endorsement")?)?;
        let signer = AttestationKey::read(&bytes(form.need("public")?)?).map_err(invalid)?;
        let mut refused = TpmError::Unknown;
        let known = self.authority.attesting.machines.iter().find_map(|entry| {
            let found = entry.rules.machine(&endorsement, now).map_err(|why| refused = why).ok()?;
            Some((entry, found))
        });
        let Some((Machines { trust, .. }, machine)) = known else { return Err(invalid(refused)) };
        let draw = || self.draw_bytes();
        let (secret, seed) = (draw(), draw());
        let challenge = Challenge::new(&machine.endorsement, &signer.name, &secret, &seed).map_err(invalid)?;
        let wrapped = Wrapped {
            trust: trust.to_string(),
            enrolled: machine.enrolled,
            name: signer.name,
            secret,
            until: now.plus(AGE),
        };
        Ok(serde_json::json!({
            "attestation_challenge": self.sealed(&wrapped, FOR_TPM)?,
            "credential": URL_SAFE_NO_PAD.encode(challenge.to_file()),
            "expires_in": AGE.as_secs(),
        }))
    }

    fn draw_bytes(&self) -> [u8; 32] {
        let (a, b): ([u8; 16], [u8; 16]) = (self.gateway.entropy.draw(), self.gateway.entropy.draw());
        let mut all = [0; 32];
        let (first, second) = all.split_at_mut(16);
        first.copy_from_slice(&a);
        second.copy_from_slice(&b);
        all
    }

    fn sealed(&self, what: &impl Serialize, bound: &[u8]) -> Result<String, Fault> {
        let plain = serde_json::to_vec(what).map_err(|_| broken())?;
        self.gateway.parking.sealer().seal(&plain, bound).ok_or_else(broken)
    }

    fn unsealed<T: for<'a> Deserialize<'a>>(&self, challenge: &str, bound: &[u8]) -> Option<T> {
        let plain = self.gateway.parking.sealer().open(challenge, bound)?;
        serde_json::from_slice(&plain).ok()
    }

    /// Whether a challenge is answered for the first time, and in time. It is used up by asking.
    async fn is_fresh(&self, challenge: &str, until: Timestamp) -> Result<bool, Fault> {
        if until <= self.gateway.clock.now() {
            return Ok(false);
        }
        let once = format!("evidence\n{}", Digest::of(challenge.as_bytes()));
        self.gateway.first_time(&once, until).await.map_err(silent)
    }

    /// A token for evidence (RFC 8693 §2.1, with evidence as the subject token).
    pub(super) async fn by_evidence(&self, form: &Form, key: Option<KeyBinding>) -> Result<String, Fault> {
        let (trust, (agent, attestation)) = match Evidence::of(form)? {
            Evidence::Aws { url, headers } => Box::pin(self.signed(&url, &headers)).await?,
            Evidence::Tpm { challenge, quoted } => self.quoted(&challenge, &quoted, key).await?,
        };
        let admitted = Admitted { agent, name: None, trust, attestation, key };
        let resource = admitted.resource(form, &self.authority.realm)?;
        Ok(typed(&self.admitted(&admitted, &resource).await?))
    }

    /// The token of an agent that proved itself.
    pub(super) async fn admitted(&self, admitted: &Admitted, resource: &str) -> Result<String, Fault> {
        let Admitted { agent, trust, attestation, .. } = admitted;
        tracing::info!(agent = &**agent, trust = &**trust, subject = &*attestation.subject, "attested");
        let ring = self.gateway.ring().await.map_err(silent)?;
        let (id, now) = (format!("t_{}", self.draw()), self.gateway.clock.now());
        let issued = admitted
            .issue(resource, &self.authority.realm, &ring, &id, now)
            .map_err(|e| Fault::new(Code::ServerError, e.to_string()))?;
        Ok(admitted.answer(&issued, now))
    }

    /// Who signed, by the word of the STS that the operator wrote down. The agent names one of these, and no other.
    async fn signed(
        &self,
        url: &Url,
        headers: &[(String, String)],
    ) -> Result<(Arc<str>, (Arc<str>, Attestation)), Fault> {
        let entries: Vec<&Roles> = self.authority.attesting.roles.iter().filter(|entry| entry.sts == *url).collect();
        let mut refused = invalid("no rule is for this STS");
        let mut asked = None;
        for Roles { trust, sts, rules } in entries {
            let signed = match rules.check(headers) {
                Ok(signed) => signed,
                Err(why) => {
                    refused = invalid(why);
                    continue;
                }
            };
            let caller = match asked.take() {
                Some(caller) => caller,
                None => {
                    let nonce =
                        self.unsealed::<Nonce>(&signed.nonce, FOR_AWS).ok_or_else(|| invalid(AwsError::Nonce))?;
                    if !self.is_fresh(&signed.nonce, nonce.until).await? {
                        return Err(invalid(AwsError::Nonce));
                    }
                    ask_sts(self.live, sts, &signed).await.map_err(|why| match why {
                        AwsError::Unreachable(why) => {
                            tracing::warn!("STS cannot be asked: {why}");
                            Fault::new(Code::TemporarilyUnavailable, "AWS cannot be asked now")
                        }
                        why => invalid(why),
                    })?
                }
            };
            match rules.judge(&signed, &caller, self.gateway.clock.now()) {
                Ok(proved) => return Ok((trust.clone(), proved)),
                Err(why) => refused = invalid(why),
            }
            asked = Some(caller);
        }
        Err(refused)
    }

    /// What a machine says of itself, about the secret that only it could read.
    async fn quoted(
        &self,
        challenge: &str,
        quoted: &Quoted,
        key: Option<KeyBinding>,
    ) -> Result<(Arc<str>, (Arc<str>, Attestation)), Fault> {
        let wrapped: Wrapped = self.unsealed(challenge, FOR_TPM).ok_or_else(|| invalid(TpmError::Nonce))?;
        if !self.is_fresh(challenge, wrapped.until).await? {
            return Err(invalid("the challenge is over, or was answered before"));
        }
        let entry = self.authority.attesting.machines.iter().find(|entry| *entry.trust == *wrapped.trust);
        let Machines { trust, rules } = entry.ok_or_else(|| invalid(TpmError::Unknown))?;
        let asked = (&wrapped.enrolled, &*wrapped.name, &wrapped.secret[..]);
        let proved = rules.judge(asked, quoted, key, self.gateway.clock.now()).map_err(invalid)?;
        Ok((trust.clone(), proved))
    }
}
