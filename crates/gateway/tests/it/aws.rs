//! Agents that prove a role of AWS, with botocore signing and moto checking.

use crate::front::Front;
use doorward_identity::attest::aws::{AwsError, AwsRules, BODY, RoleRule};
use doorward_testkit::peers::{
    identity::{AwsKeys, Moto},
    installed,
};

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

fn sign(keys: &AwsKeys, url: &str, nonce: &str, body: &str) -> Vec<(String, String)> {
    let headers = [FORM, ("X-Doorward-Audience", "gw"), ("X-Doorward-Nonce", nonce)];
    keys.sign("sts", ("POST", url), &headers, body).unwrap().headers
}

#[tokio::test]
async fn a_role_is_known_by_what_it_signs_once() {
    if !installed("AWS").unwrap() {
        return;
    }
    let aws = Moto::start().unwrap();
    let keys = aws.role("agent", "run-7", None).unwrap();
    let endpoint: url::Url = format!("{}/", aws.url()).parse().unwrap();
    let front = Front::start("").await;
    let gateway = &front.gateway;
    let role =
        |role: &str| RoleRule { agent: "etl".into(), account: "123456789012".into(), role: role.into(), session: None };
    let rules = AwsRules { audience: "gw".into(), roles: vec![role("agent")] };
    let url = endpoint.as_str();
    let nonce = gateway.aws_nonce();
    let signed = sign(&keys, url, &nonce, BODY);
    let (agent, proof) = gateway.attest_aws(&rules, &endpoint, &signed).await.unwrap();
    assert_eq!((&*agent, &*proof.posture["session"]), ("etl", "run-7"));
    // A nonce is good once, and only where it is ours.
    let attest = async |headers: &[(String, String)]| gateway.attest_aws(&rules, &endpoint, headers).await.unwrap_err();
    assert_eq!(attest(&signed).await, AwsError::Nonce);
    assert_eq!(attest(&sign(&keys, url, "made-up", BODY)).await, AwsError::Nonce);
    // Signed for another address, and over another body: what is sent is not what was signed.
    let other = sign(&keys, "http://sts.evil.example/", &gateway.aws_nonce(), BODY);
    assert_eq!(attest(&other).await, AwsError::Refused(403));
    let other = sign(&keys, url, &gateway.aws_nonce(), "Action=GetSessionToken&Version=2011-06-15");
    assert_eq!(attest(&other).await, AwsError::Refused(403));
    // The nonce of another request under the signature of this one.
    let mut moved = sign(&keys, url, &gateway.aws_nonce(), BODY);
    let fresh = gateway.aws_nonce();
    moved.iter_mut().filter(|(name, _)| name == "X-Doorward-Nonce").for_each(|(_, value)| *value = fresh.clone());
    assert_eq!(attest(&moved).await, AwsError::Refused(403));
    // Headers that the signature does not cover.
    let bare = keys.sign("sts", ("POST", url), &[FORM], BODY).unwrap().headers;
    let unsigned =
        [&bare[..], &[("X-Doorward-Audience".into(), "gw".into()), ("X-Doorward-Nonce".into(), gateway.aws_nonce())]]
            .concat();
    assert!(matches!(attest(&unsigned).await, AwsError::Unsigned(_)));
    // Another role.
    let rules = AwsRules { roles: vec![role("other")], ..rules.clone() };
    let signed = sign(&keys, url, &gateway.aws_nonce(), BODY);
    assert!(matches!(gateway.attest_aws(&rules, &endpoint, &signed).await, Err(AwsError::Unknown(_))));
}
