//! A role of AWS, with botocore signing and moto checking.

use super::{Scene, given};
use crate::{
    identity::bearer,
    issuing::scene::{Scene as Issuing, error},
};
use doorward_testkit::peers::{
    http::Reply,
    identity::{AwsKeys, Moto},
    installed,
};
use doorward_vocab::Assurance;
use serde_json::{Value, json};

const KIND: &str = "urn:ietf:params:aws:token-type:aws4_request";
const BODY: &str = "Action=GetCallerIdentity&Version=2011-06-15";
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const ACCOUNT: &str = "123456789012";

/// A gateway that asks this moto, and knows one role.
async fn scene(aws: &Moto, account: &str, role: &str, session: &str) -> Scene {
    let sts = aws.url();
    Scene::start(|_| {
        format!(
            "[[trust]]\nname = \"field\"\nkind = \"aws-role\"\nsts = \"{sts}/\"\n\
             roles = [{{ agent = \"worker\", account = \"{account}\", role = \"{role}\", session = \"{session}\" }}]\n"
        )
    })
    .await
}

impl Scene {
    async fn nonce(&self) -> String {
        let reply = self.challenge(&[]).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        reply.json().unwrap()["attestation_challenge"].as_str().unwrap().to_owned()
    }

    async fn shows(&self, url: &str, headers: &[(String, String)]) -> Reply {
        self.token(KIND, &evidence(url, headers).to_string(), None, &[]).await
    }

    async fn refused(&self, url: &str, headers: &[(String, String)]) -> (String, String) {
        let reply = self.shows(url, headers).await;
        let why = reply.json().unwrap()["error_description"].as_str().unwrap_or_default().to_owned();
        (error(&reply), why)
    }

    fn sign(&self, keys: &AwsKeys, url: &str, nonce: &str, body: &str) -> Vec<(String, String)> {
        let headers = [FORM, ("X-Doorward-Audience", &self.issuer), ("X-Doorward-Nonce", nonce)];
        keys.sign("sts", ("POST", url), &headers, body).unwrap().headers
    }
}

fn evidence(url: &str, headers: &[(String, String)]) -> Value {
    let headers: Vec<_> = headers.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
    json!({ "url": url, "method": "POST", "headers": headers })
}

#[tokio::test]
async fn a_role_gets_a_token_that_says_what_was_proved_of_it() {
    if !installed("AWS").unwrap() {
        return;
    }
    let aws = Moto::start().unwrap();
    let keys = aws.role("agent", "run-7", None).unwrap();
    let url = format!("{}/", aws.url());
    let scene = scene(&aws, ACCOUNT, "age*", "run-*").await;
    let metadata = scene.http.get(&format!("{}/.well-known/oauth-authorization-server", scene.issuer)).await.unwrap();
    assert_eq!(metadata.json().unwrap()["challenge_endpoint"], format!("{}/oauth/challenge", scene.issuer));

    let signed = scene.sign(&keys, &url, &scene.nonce().await, BODY);
    let (token, said) = given(&scene.shows(&url, &signed).await);
    assert_eq!((&said["att"]["m"], &said["att"]["lvl"]), (&json!("aws-caller-identity"), &json!(2)));
    assert_eq!(said["att"]["posture"], json!({ "account": ACCOUNT, "role": "agent", "session": "run-7" }));
    let client = scene.client(&bearer(&token));
    assert!(client.call("wipe", json!({ "path": "/x" })).await.get("result").is_some());
    let ruling = scene.front.rulings("wipe", 1).await.remove(0);
    assert_eq!((&*ruling.agent.id, &*ruling.agent.name), ("worker", "nightly"));
    assert_eq!((ruling.assurance, ruling.human), (Assurance::PlatformToken, None));
    assert_eq!(ruling.delegations.iter().map(|d| &**d).collect::<Vec<_>>(), ["nightly-work"]);
    let proof = ruling.attestation.unwrap();
    assert_eq!((&*proof.method, json!(proof.evidence)), ("aws-caller-identity", said["att"]["ev"].clone()));

    // What it shows anew continues what it began: it is the same agent.
    let session = scene.client(&bearer(&token)).open_session(json!({})).await;
    let signed = scene.sign(&keys, &url, &scene.nonce().await, BODY);
    let encoded: String = evidence(&url, &signed).to_string().bytes().map(|byte| format!("%{byte:02x}")).collect();
    let resource = format!("{}/mcp/fixture", scene.issuer);
    let (again, said) = given(&scene.token(KIND, &encoded, None, &[("resource", &resource)]).await);
    assert_ne!(again, token);
    assert_eq!(said["aud"], resource);
    let mut renewed = scene.client(&bearer(&again)).open_session(json!({})).await;
    renewed.session = session.session.clone();
    assert_eq!(renewed.call_text("echo", json!({ "text": "x" })).await, "x");
}

#[tokio::test]
async fn what_is_not_this_role_here_and_now_gets_nothing() {
    if !installed("AWS").unwrap() {
        return;
    }
    let aws = Moto::start().unwrap();
    let keys = aws.role("agent", "run-7", None).unwrap();
    let url = format!("{}/", aws.url());
    let good = scene(&aws, ACCOUNT, "agent", "run-7").await;
    let used = good.sign(&keys, &url, &good.nonce().await, BODY);
    given(&good.shows(&url, &used).await);
    let invalid = |got: (String, String), why: &str| {
        assert!(got.0 == "invalid_grant" && got.1.contains(why), "{why}: {got:?}");
    };
    // A nonce is good once, and only where it is ours.
    invalid(good.refused(&url, &used).await, "nonce");
    invalid(good.refused(&url, &good.sign(&keys, &url, "made-up", BODY)).await, "nonce");
    // Signed for another address, and over another body: what is sent is not what was signed.
    let elsewhere = good.sign(&keys, "http://sts.evil.example/", &good.nonce().await, BODY);
    invalid(good.refused(&url, &elsewhere).await, "status 403");
    let other = "Action=GetSessionToken&Version=2011-06-15";
    invalid(good.refused(&url, &good.sign(&keys, &url, &good.nonce().await, other)).await, "status 403");
    // Where it is sent is not the agent's to say.
    let signed = good.sign(&keys, &url, &good.nonce().await, BODY);
    for place in ["http://sts.evil.example/", &format!("{url}x"), &url.replace("127.0.0.1", "127.0.0.2")] {
        invalid(good.refused(place, &signed).await, "no rule is for this STS");
    }
    given(&good.shows(&url, &signed).await);
    // The nonce of another request under the signature of this one, and headers that it does not cover.
    let with = |headers: &[(String, String)], nonce: String| -> Vec<(String, String)> {
        let fresh = |(name, value): &(String, String)| match name.as_str() {
            "X-Doorward-Nonce" => (name.clone(), nonce.clone()),
            _ => (name.clone(), value.clone()),
        };
        headers.iter().map(fresh).collect()
    };
    invalid(good.refused(&url, &with(&signed, good.nonce().await)).await, "status 403");
    let bare = keys.sign("sts", ("POST", &url), &[FORM], BODY).unwrap().headers;
    let own = [("X-Doorward-Audience", good.issuer.clone()), ("X-Doorward-Nonce", good.nonce().await)];
    let own = own.map(|(name, value)| (name.to_owned(), value));
    invalid(good.refused(&url, &[&bare[..], &own].concat()).await, "does not cover");
    // For somebody else.
    let audience = [FORM, ("X-Doorward-Audience", "https://other.example"), ("X-Doorward-Nonce", &good.nonce().await)];
    let signed = keys.sign("sts", ("POST", &url), &audience, BODY).unwrap().headers;
    invalid(good.refused(&url, &signed).await, "another audience");
    // With another key than the role's.
    let stranger = AwsKeys { secret: "x".repeat(40), ..keys.clone() };
    invalid(good.refused(&url, &good.sign(&stranger, &url, &good.nonce().await, BODY)).await, "status 403");
    // No client is needed, and none stands in for evidence.
    let broken = good.token(KIND, "{}", None, &[("client_id", "worker")]).await;
    assert_eq!(error(&broken), "invalid_request");
    let actor = [("actor_token", "x"), ("actor_token_type", "urn:ietf:params:oauth:token-type:jwt")];
    assert_eq!(error(&good.token(KIND, "{}", None, &actor).await), "invalid_request");

    // Who is not written down is nobody, however well it is proved.
    for (account, role, session) in
        [(ACCOUNT, "other", "*"), (ACCOUNT, "agen", "*"), (ACCOUNT, "agent", "run-8"), ("210987654321", "*", "*")]
    {
        let scene = scene(&aws, account, role, session).await;
        let signed = scene.sign(&keys, &url, &scene.nonce().await, BODY);
        invalid(scene.refused(&url, &signed).await, "no rule knows");
        // And a challenge of one gateway is nothing at another.
        invalid(scene.refused(&url, &scene.sign(&keys, &url, &good.nonce().await, BODY)).await, "nonce");
    }
}

#[tokio::test]
async fn no_evidence_is_taken_where_nobody_configured_it() {
    let Some(scene) = Issuing::start("").await else { return };
    let metadata = scene.http.get(&scene.url("/.well-known/oauth-authorization-server")).await.unwrap();
    assert!(metadata.json().unwrap().get("challenge_endpoint").is_none());
    assert_eq!(scene.http.post_form(&scene.url("/oauth/challenge"), &[], &[]).await.unwrap().status, 404);
    for kind in [KIND, "urn:doorward:params:oauth:token-type:tpm2-quote"] {
        let form = [("grant_type", super::EXCHANGE), ("subject_token_type", kind), ("subject_token", "{}")];
        assert!(matches!(error(&scene.token(&form).await).as_str(), "invalid_client" | "invalid_request"));
    }
}
