//! Agents with a role of AWS: nonces for them to sign, and the question to AWS.

use crate::Gateway;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use doorward_identity::{
    Attestation,
    attest::aws::{AwsError, AwsRules, BODY, Caller},
};
use doorward_transport::{
    egress::Trust,
    upstream::{Fetch, Payload, fetch},
};
use doorward_vocab::Secret;
use http::HeaderName;
use moka::sync::Cache;
use std::{sync::Arc, time::Duration};
use url::Url;

/// How long an agent may take to sign a nonce.
const AGE: Duration = Duration::from_secs(300);
const PATIENCE: Duration = Duration::from_secs(10);

/// Nonces that were given out and not used yet.
#[derive(Debug)]
pub(crate) struct AwsNonces(Cache<String, ()>);

impl Default for AwsNonces {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(100_000).time_to_live(AGE).build())
    }
}

impl Gateway {
    /// A nonce for a request that an agent signs; it is good for one, for five minutes.
    pub fn aws_nonce(&self) -> String {
        let bytes = [self.entropy.draw(), self.entropy.draw()].concat();
        let nonce = BASE64_URL_SAFE_NO_PAD.encode(bytes);
        self.aws_nonces.0.insert(nonce.clone(), ());
        nonce
    }

    /// Who signed `headers`, by the word of the STS at `endpoint`, which the operator chose; with the agent's id.
    ///
    /// # Errors
    /// [`AwsError`]. Where anything but the signature is wrong, nothing was sent.
    pub async fn attest_aws(
        &self,
        rules: &AwsRules,
        endpoint: &Url,
        headers: &[(String, String)],
    ) -> Result<(Arc<str>, Attestation), AwsError> {
        let signed = rules.check(headers)?;
        // Taken before it is sent: of two that come at once, one gets it.
        self.aws_nonces.0.remove(&signed.nonce).ok_or(AwsError::Nonce)?;
        let mut sent: Vec<(HeaderName, Secret<String>)> = Vec::new();
        for (name, value) in &signed.headers {
            let header = name.parse().map_err(|_| AwsError::Header(name.clone()))?;
            sent.push((header, Secret::new(value.clone())));
        }
        let live = self.live.load_full();
        let request = Fetch {
            url: endpoint,
            trust: Trust::Configured,
            payload: Some(Payload::Form(Secret::new(BODY.to_owned()))),
            headers: &sent,
            limit: 64 << 10,
            deadline: PATIENCE,
        };
        let answer = fetch(&live.egress, request).await.map_err(|e| AwsError::Unreachable(e.to_string()))?;
        if !answer.status.is_success() {
            return Err(AwsError::Refused(answer.status.as_u16()));
        }
        rules.judge(&signed, &Caller::read(&answer.body)?, self.clock.now())
    }
}
