//! The question to AWS: who signed a request.

use crate::{
    Live,
    fetching::{self, Whence},
};
use doorward_identity::attest::aws::{AwsError, BODY, Caller, Signed};
use doorward_transport::upstream::Payload;
use doorward_vocab::Secret;
use http::HeaderName;
use url::Url;

/// The largest answer, in bytes.
const MAX: usize = 64 << 10;

/// Who signed `signed`, by the word of the STS at `sts`, which the operator chose.
///
/// # Errors
/// [`AwsError`].
pub(crate) async fn ask_sts(live: &Live, sts: &Url, signed: &Signed) -> Result<Caller, AwsError> {
    let mut sent: Vec<(HeaderName, Secret<String>)> = Vec::new();
    for (name, value) in &signed.headers {
        let header = name.parse().map_err(|_| AwsError::Header(name.clone()))?;
        sent.push((header, Secret::new(value.clone())));
    }
    let body = Payload::Form(Secret::new(BODY.to_owned()));
    let answer = fetching::ask(live, sts, Whence::Operator, Some(body), &sent, MAX).await;
    let answer = answer.map_err(AwsError::Unreachable)?;
    match answer.status.is_success() {
        true => Caller::read(&answer.body),
        false => Err(AwsError::Refused(answer.status.as_u16())),
    }
}
