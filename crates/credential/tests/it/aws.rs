//! Keys of a role from moto, and requests that they sign. moto checks signatures, session tokens and the policies of the
//! role; it looks neither at the token nor at the clock, the region or the policy of the session.

use crate::drive::{Own, now, run};
use doorward_credential::{Alg, Material, OwnToken, Signable, Sigv4, providers::AwsSts};
use doorward_testkit::peers::{
    http::{Http, Reply},
    identity::Moto,
    installed,
};
use doorward_vocab::{ByName, Secret, Template};
use http::{HeaderMap, Method};
use serde_json::json;
use std::time::Duration;
use url::Url;

fn provider(endpoint: &str, role_arn: String) -> AwsSts {
    AwsSts {
        endpoint: endpoint.parse().unwrap(),
        role_arn: role_arn.into(),
        duration: Duration::from_secs(900),
        session_policy: ByName::default(),
        policy_arns: [].into(),
        own: OwnToken {
            audience: "sts.amazonaws.com".into(),
            subject: Template::parse("agent:{agent}:server:{server}", &Template::OF_CALLS).unwrap(),
            alg: Alg::Rs256,
        },
    }
}

/// A request to moto, signed; `change` is what somebody does to it on the way.
struct Sent<'a> {
    keys: &'a Sigv4,
    method: Method,
    url: String,
    body: &'a str,
}

impl Sent<'_> {
    async fn with(&self, change: impl Fn(&mut HeaderMap, &mut String, &mut String)) -> Reply {
        let (mut url, mut body, mut headers) = (self.url.clone(), self.body.to_owned(), HeaderMap::new());
        let parsed: Url = url.parse().unwrap();
        let host = format!("{}:{}", parsed.host_str().unwrap(), parsed.port().unwrap());
        headers.insert("host", host.parse().unwrap());
        headers.insert("content-type", "text/plain".parse().unwrap());
        let request = Signable { method: &self.method, url: &parsed, headers: &headers, body: body.as_bytes() };
        for (name, value) in self.keys.sign(request, now()).unwrap() {
            headers.insert(name, value.reveal(|v| v.parse().unwrap()));
        }
        change(&mut headers, &mut url, &mut body);
        let mut request = http::Request::builder().method(self.method.clone()).uri(url).body(body).unwrap();
        *request.headers_mut() = headers;
        Http::default().send(request).await.unwrap()
    }
}

#[tokio::test]
async fn keys_of_a_role_open_what_its_policy_says() {
    if !installed("AWS").unwrap() {
        return;
    }
    let aws = Moto::start().unwrap();
    let bucket = ["arn:aws:s3:::reports", "arn:aws:s3:::reports/*"];
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetObject"], "Resource": bucket }] });
    let arn = aws.web_role("mcp", &policy, "reports").unwrap();
    aws.lets(1).await.unwrap();
    let (own, endpoint) = (Own::new(), format!("{}/", aws.url()));
    let provider = provider(&endpoint, arn);
    let order = own.order(Some("get_object"));
    let issued = run(&provider, &order).await.unwrap();
    assert!(issued.account.as_deref().unwrap().ends_with(":assumed-role/mcp/etl@d-81"), "{issued:?}");
    let life = issued.expires.unwrap().since(now());
    assert!(life <= Duration::from_secs(901) && life > Duration::from_secs(800), "{life:?}");
    let Material::Aws { id, key, session } = issued.material else { panic!("no keys") };
    let keys = Sigv4 { id, key, session, region: "us-east-1".into(), service: "s3".into() };
    let sent = |method, path: &str, body| Sent { keys: &keys, method, url: format!("{}{path}", aws.url()), body };

    let list = sent(Method::GET, "/reports?list-type=2&prefix=he%20llo%2F~", "");
    let same = |_: &mut HeaderMap, _: &mut String, _: &mut String| {};
    let reply = list.with(same).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let reply = sent(Method::GET, "/reports/hello.txt", "").with(same).await;
    assert_eq!((reply.status, &*reply.body), (200, "hello"));
    // What the role may not do.
    let put = sent(Method::PUT, "/reports/other.txt", "mine");
    let reply = put.with(same).await;
    assert!(reply.status == 403 && reply.body.contains("AccessDenied"), "{}", reply.body);

    // What somebody changed on the way.
    let refused = async |name: &str, code: &str, reply: Reply| {
        assert!(
            matches!(reply.status, 400 | 403) && reply.body.contains(code),
            "{name}: {} {}",
            reply.status,
            reply.body
        );
    };
    let mismatch = "SignatureDoesNotMatch";
    let reply = put.with(|headers, _, body| {
        *body = "yours".to_owned();
        let digest = doorward_vocab::Digest::of(b"yours").to_string();
        headers.insert("x-amz-content-sha256", digest.trim_start_matches("sha256:").parse().unwrap());
    });
    refused("another body, with its digest", mismatch, reply.await).await;
    refused("another query", mismatch, list.with(|_, url, _| url.push_str("&a=b")).await).await;
    let moment = list.with(|headers, _, _| {
        headers.insert("x-amz-date", "20260101T000000Z".parse().unwrap());
    });
    refused("another moment", mismatch, moment.await).await;
    let region = list.with(|headers, _, _| {
        let moved = headers["authorization"].to_str().unwrap().replace("us-east-1", "eu-west-1");
        headers.insert("authorization", moved.parse().unwrap());
    });
    refused("another region", mismatch, region.await).await;
    let session = list.with(|headers, _, _| {
        headers.insert("x-amz-security-token", "another".parse().unwrap());
    });
    refused("another session", "InvalidToken", session.await).await;

    // Another role's key under this id.
    let forged = Sigv4 {
        id: keys.id.clone(),
        key: Secret::new("wJalrXUtnFEMI".to_owned()),
        session: keys.session.as_ref().map(|s| s.reveal(|s| Secret::new(s.clone()))),
        region: "us-east-1".into(),
        service: "s3".into(),
    };
    let reply = Sent { keys: &forged, method: Method::GET, url: list.url.clone(), body: "" }.with(same).await;
    refused("another key", mismatch, reply).await;
}
