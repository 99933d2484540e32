//! The gateway's own tokens, read by libraries of others: `joserfc`, and `oidc-provider` as a provider that takes them for a
//! client's assertion.

use crate::drive::{ISSUER, Own, now};
use doorward_credential::{Alg, OwnToken};
use doorward_oauth::{Turnover, keys};
use doorward_testkit::peers::{
    http::Http,
    identity::{OidcProvider, joserfc},
    installed,
};
use doorward_vocab::Template;
use serde_json::{Value, json};
use std::time::Duration;

const ALGORITHMS: [Alg; 2] = [Alg::Rs256, Alg::Es256];

fn token(own: &Own, audience: &str, subject: &str, alg: Alg) -> String {
    let subject = Template::parse(subject, &Template::OF_CALLS).unwrap();
    let says = OwnToken { audience: audience.into(), subject, alg };
    says.sign(&own.order(None)).unwrap().reveal(String::clone)
}

#[test]
fn joserfc_reads_them_over_a_turnover() {
    if !installed("tokens").unwrap() {
        return;
    }
    let turnover = Turnover { signs: Duration::from_secs(1000), overlap: Duration::from_secs(100) };
    let mut own = Own::new();
    let first = own.jwks();
    let read = |token: &str, jwks: &Value, audience: &str| joserfc::claims(token, jwks, Some(ISSUER), audience);
    for alg in ALGORITHMS {
        let token = token(&own, "sts.amazonaws.com", "agent:{agent}:for:{human}", alg);
        let claims = read(&token, &first, "sts.amazonaws.com").unwrap();
        assert_eq!((&claims["sub"], &claims["human"]), (&json!("agent:etl:for:alice"), &json!("alice")));
        // For another provider, from another issuer, changed, and cut.
        assert!(read(&token, &first, "api://AzureADTokenExchange").is_err());
        assert!(joserfc::claims(&token, &first, Some("https://other.example"), "sts.amazonaws.com").is_err());
        let (head, signature) = token.rsplit_once('.').unwrap();
        assert!(
            read(&format!("{head}.{}", signature.replace(&signature[..4], "AAAA")), &first, "sts.amazonaws.com")
                .is_err()
        );
        let (_, rest) = token.split_once('.').unwrap();
        assert!(read(&format!("eyJhbGciOiJub25lIn0.{rest}"), &first, "sts.amazonaws.com").is_err());
    }
    let old: Vec<String> = ALGORITHMS.map(|alg| token(&own, "a", "{agent}", alg)).into();
    // A next pair is published, and then signs.
    own.ring = own.ring.clone().with(&keys::draw().unwrap(), turnover, now()).unwrap();
    let both = own.jwks();
    let before: Vec<String> = ALGORITHMS.map(|alg| token(&own, "a", "{agent}", alg)).into();
    own.now = now().plus(Duration::from_secs(1001));
    let after: Vec<String> = ALGORITHMS.map(|alg| token(&own, "a", "{agent}", alg)).into();
    for (at, alg) in ALGORITHMS.iter().enumerate() {
        assert!(read(&old[at], &both, "a").is_ok() && read(&before[at], &both, "a").is_ok(), "{alg:?}");
        assert!(read(&before[at], &first, "a").is_ok(), "the new pair does not sign yet: {alg:?}");
        // Whoever kept the old set does not know the new keys.
        assert!(read(&after[at], &first, "a").is_err(), "{alg:?}");
        let header = |token: &str| token.split('.').next().unwrap().to_owned();
        assert_ne!(header(&old[at]), header(&after[at]), "{alg:?}");
    }
}

#[tokio::test]
async fn a_provider_takes_them_for_whom_they_name() {
    if !installed("a provider").unwrap() {
        return;
    }
    let (own, other) = (Own::new(), Own::new());
    for (alg, word) in [(Alg::Rs256, "RS256"), (Alg::Es256, "ES256")] {
        let client = json!({
            "client_id": ISSUER, "token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": word,
            "grant_types": ["client_credentials"], "redirect_uris": [], "response_types": [], "jwks": own.jwks(),
        });
        let op = OidcProvider::start(&json!({ "clients": [client] })).unwrap();
        let ask = async |token: String| {
            let form = [
                ("grant_type", "client_credentials"),
                ("client_id", ISSUER),
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ("client_assertion", &token),
            ];
            Http::default().post_form(&op.url("/token"), &[], &form).await.unwrap()
        };
        let good = ask(token(&own, op.issuer(), ISSUER, alg)).await;
        assert_eq!(good.status, 200, "{word}: {}", good.body);
        for (name, token) in [
            ("for somebody else", token(&own, "sts.amazonaws.com", ISSUER, alg)),
            ("about somebody else", token(&own, op.issuer(), "agent:{agent}", alg)),
            ("with another key", token(&other, op.issuer(), ISSUER, alg)),
        ] {
            let reply = ask(token).await;
            assert!(matches!(reply.status, 400 | 401), "{word}: {name}: {}", reply.body);
        }
    }
}
