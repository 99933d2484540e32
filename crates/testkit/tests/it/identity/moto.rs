//! moto, asked by whoever was handed a request that botocore signed.

use doorward_testkit::peers::{
    http::Http,
    identity::{Moto, SignedRequest},
    installed,
};
use serde_json::json;

const BODY: &str = "Action=GetCallerIdentity&Version=2011-06-15";
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");

async fn send(request: &SignedRequest) -> (u16, String) {
    let reply = Http::default().send(request.request().unwrap()).await.unwrap();
    (reply.status, reply.body)
}

#[tokio::test]
async fn a_signed_request_says_who_the_caller_is_and_no_other_does() {
    if !installed("AWS").unwrap() {
        return;
    }
    let aws = Moto::start().unwrap();
    let keys = aws.role("agent", "run-7", None).unwrap();
    let signed = |headers: &[(&str, &str)]| {
        keys.sign("sts", ("POST", &format!("{}/", aws.url())), &[&[FORM], headers].concat(), BODY).unwrap()
    };
    let (status, body) = send(&signed(&[("X-Audience", "gw"), ("X-Nonce", "n-1")])).await;
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("assumed-role/agent/run-7"), "{body}");

    let mut other_nonce = signed(&[("X-Audience", "gw"), ("X-Nonce", "n-1")]);
    other_nonce
        .headers
        .iter_mut()
        .filter(|(name, _)| name == "X-Nonce")
        .for_each(|(_, value)| *value = "n-2".to_owned());
    let mut other_body = signed(&[]);
    other_body.body = BODY.replace("GetCallerIdentity", "GetSessionToken");
    let mut other_token = signed(&[]);
    let token = other_token.headers.iter_mut().find(|(name, _)| name == "X-Amz-Security-Token").unwrap();
    token.1 = token.1.replace('A', "B");
    for request in [other_nonce, other_body, other_token] {
        let (status, body) = send(&request).await;
        assert_eq!(status, 403, "{body}");
    }
}

#[tokio::test]
async fn a_policy_is_obeyed() {
    if !installed("AWS").unwrap() {
        return;
    }
    let aws = Moto::start().unwrap();
    let allowed = json!({ "Effect": "Allow", "Action": ["s3:ListAllMyBuckets"], "Resource": "*" });
    let policy = json!({ "Version": "2012-10-17", "Statement": [allowed] });
    let keys = aws.role("reader", "run-8", Some(&policy)).unwrap();
    let ask = async |method: &str, path: &str| {
        let url = format!("{}{path}", aws.url());
        send(&keys.sign("s3", (method, &url), &[("X-Amz-Content-SHA256", EMPTY)], "").unwrap()).await
    };
    let (status, body) = ask("GET", "/").await;
    assert_eq!(status, 200, "{body}");
    let (status, body) = ask("PUT", "/bucket").await;
    assert_eq!(status, 403, "{body}");
    assert!(body.contains("AccessDenied"), "{body}");
}

/// SHA-256 of nothing, which S3 wants as a header.
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
