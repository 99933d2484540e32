//! A server that takes signed requests alone. The keys come from moto; every signature is computed anew by botocore, with the
//! clock, the region and the body looked at, which moto does not do.

use super::{echo, seen};
use crate::{client::Client, front::Front};
use doorward_testkit::peers::{
    free_port,
    http::Http,
    identity::{Moto, joserfc},
    installed, strict_fixture,
};
use serde_json::{Value, json};
use std::time::Duration;

fn toml(server: &str, moto: &str, role: &str, region: &str) -> String {
    format!(
        "level = \"guard\"\nmode = \"observe\"\n[[server]]\nname = \"guarded\"\nurl = {server:?}\ncredential = \"role\"\n\
         [[credential]]\nname = \"role\"\nkind = \"aws-sts\"\nrole_arn = {role:?}\nregion = {region:?}\nservice = \"execute-api\"\nduration = \"1h\"\n\
         endpoint = \"{moto}/\"\nsubject = \"server:{{server}}\"\n"
    )
}

#[tokio::test]
async fn every_request_is_signed_for_its_region_and_moment() {
    if !installed("AWS").unwrap() {
        return;
    }
    let aws = Moto::start().unwrap();
    let policy =
        json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] });
    let role = aws.web_role("mcp", &policy, "unused").unwrap();
    aws.lets(100).await.unwrap();
    let guard = ["--sigv4", aws.url(), "--region", "eu-central-1", "--service", "execute-api"];
    let (_server, url) = strict_fixture(&guard).unwrap();
    let good = toml(&url, aws.url(), &role, "eu-central-1");
    let front = Front::start(&good).await;

    let answer = echo(&front, "héllo").await;
    assert!(answer["result"]["content"][0]["text"].as_str().unwrap().contains("héllo"), "{answer}");
    let legacy = Client::legacy(&front, "/mcp/guarded").await;
    let mut list = legacy.post(&legacy.text("1", "tools/list", ""), &[]).await;
    let mut text = String::new();
    while let Some(chunk) = list.chunk().await {
        text.push_str(&chunk);
    }
    assert!(text.contains("test_simple_text"), "{text}");
    let (let_in, refused) = seen(&url).await;
    assert!(let_in.len() >= 4 && let_in.iter().all(|who| who == &let_in[0]), "{let_in:?}");
    assert_eq!(refused, [""; 0]);

    // The provider finds the keys of the token where its issuer says, without an authorization server.
    let get = async |path: &str| Http::default().get(&format!("http://{}{path}", front.address)).await.unwrap();
    let document = get("/.well-known/openid-configuration").await.json().unwrap();
    assert_eq!(document["issuer"], format!("http://{}", front.address));
    let keys = Http::default().get(document["jwks_uri"].as_str().unwrap()).await.unwrap().json().unwrap();
    let kinds: Vec<&str> = keys["keys"].as_array().unwrap().iter().map(|k| k["alg"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["ES256", "RS256"]);
    assert!(
        joserfc::claims("a.b.c", &keys, None, "x").unwrap_err().to_string().contains("DecodeError"),
        "the set is read"
    );
    for nothing in
        ["/.well-known/oauth-authorization-server", "/oauth/authorize", "/.well-known/openid-configuration/x"]
    {
        assert_eq!(get(nothing).await.status, 404, "{nothing}");
    }

    // A gateway whose clock is ahead, and one that signs for another region.
    let mut told = refused.len();
    for (toml, ahead, why) in [
        (good.clone(), Duration::from_secs(20 * 60), "clock"),
        (toml(&url, aws.url(), &role, "us-east-1"), Duration::ZERO, "scope"),
    ] {
        let other = front.beside(&toml, ahead).await;
        let answer = echo(&other, "no").await;
        assert!(answer.get("result").is_none(), "{why}: {answer}");
        let (_, refused) = seen(&url).await;
        assert!(refused.len() > told && refused[told..].iter().all(|w| w == why), "{why}: {refused:?}");
        told = refused.len();
        other.stop().await;
    }
}

#[tokio::test]
async fn what_sts_refuses_reaches_no_server() {
    if !installed("AWS").unwrap() {
        return;
    }
    let aws = Moto::start().unwrap();
    let (_server, url) =
        strict_fixture(&["--sigv4", aws.url(), "--region", "eu-central-1", "--service", "execute-api"]).unwrap();
    // Nobody answers there.
    let nobody = format!("http://127.0.0.1:{}", free_port().unwrap());
    let front = Front::start(&toml(&url, &nobody, "arn:aws:iam::123456789012:role/mcp", "eu-central-1")).await;
    let answer: Value = echo(&front, "no").await;
    assert_eq!(answer["error"]["data"], "credential", "{answer}");
    let (let_in, refused) = seen(&url).await;
    assert!(let_in.is_empty() && refused.is_empty(), "{let_in:?} {refused:?}");
}
