//! JWT-SVIDs: tokens of a trust domain.

use crate::{chains::*, forge::*};
use doorward_identity::{Authenticator, Flaw, IssuerSettings, Method, Refusal};
use doorward_vocab::Assurance;
use serde_json::{Value, json};

fn svid(key: &Key, change: Value) -> String {
    let claims = with(json!({"sub":AGENT,"aud":[AUDIENCE],"iat":NOW - 10,"exp":NOW + 300}), change);
    token(key, &json!({"alg":"ES256","kid":"jwt","typ":"JWT"}), &claims)
}

fn doors(corp: &Key, other: &Key) -> Authenticator {
    door_of(vec![
        domain("corp.example", bundle(&[], &[(corp, "jwt")]), &[]),
        domain("other.example", bundle(&[], &[(other, "jwt")]), &[]),
        issuer(),
    ])
}

#[test]
fn a_token_of_a_trust_domain_is_an_agent() {
    let (corp, other) = (Key::es256(), Key::es256());
    let door = doors(&corp, &other);
    for issuer in [json!({}), json!({"iss":"https://oidc.spire.example"}), json!({"iss":"spiffe://corp.example"})] {
        let who = ask(&door, &svid(&corp, issuer), now()).unwrap();
        assert_eq!((&*who.agent.id, who.agent.issuer.as_deref()), (AGENT, Some("spiffe://corp.example")));
        assert_eq!((who.attestation.method, who.assurance), (Method::JwtSvid, Assurance::PlatformToken));
        assert!(who.human.is_none());
    }
    let no_type = token(&corp, &json!({"alg":"ES256","kid":"jwt"}), &json!({"sub":AGENT,"aud":AUDIENCE,"exp":NOW + 9}));
    assert!(ask(&door, &no_type, now()).is_ok());
    assert_eq!(door.issuers(), [ISSUER.into()], "and nobody asks the trust domain for a token");
}

#[test]
fn tokens_that_are_none_of_the_domain() {
    use Flaw::*;
    let (corp, other) = (Key::es256(), Key::es256());
    let door = doors(&corp, &other);
    let head = |change: Value| {
        let claims = json!({"sub":AGENT,"aud":[AUDIENCE],"exp":NOW + 300});
        token(&corp, &with(json!({"alg":"ES256","kid":"jwt","typ":"JWT"}), change), &claims)
    };
    let rows = [
        ("another domain's key", svid(&other, json!({})), Refusal::Invalid(Signature)),
        (
            "a name of another domain",
            svid(&corp, json!({"sub":"spiffe://other.example/agent/triage"})),
            Refusal::Invalid(Signature),
        ),
        (
            "a name of another domain, our issuer",
            svid(&corp, json!({"iss":"spiffe://corp.example","sub":"spiffe://other.example/agent/triage"})),
            Refusal::Invalid(Subject),
        ),
        ("a provider's issuer over a domain's key", svid(&corp, json!({"iss":ISSUER})), Refusal::Invalid(KeyUnknown)),
        (
            "a domain that nobody trusts",
            svid(&corp, json!({"sub":"spiffe://evil.example/a"})),
            Refusal::Invalid(Issuer),
        ),
        ("the domain itself", svid(&corp, json!({"sub":"spiffe://corp.example"})), Refusal::Invalid(Issuer)),
        (
            "the domain itself, named as issuer",
            svid(&corp, json!({"iss":"spiffe://corp.example","sub":"spiffe://corp.example"})),
            Refusal::Invalid(Subject),
        ),
        ("no id", svid(&corp, json!({"sub":"triage","iss":"spiffe://corp.example"})), Refusal::Invalid(Subject)),
        ("no subject", svid(&corp, json!({"sub":null,"iss":"spiffe://corp.example"})), Refusal::Invalid(Subject)),
        ("an id that climbs", svid(&corp, json!({"sub":"spiffe://corp.example/a/../b"})), Refusal::Invalid(Issuer)),
        ("another audience", svid(&corp, json!({"aud":["https://other.example"]})), Refusal::Invalid(Audience)),
        (
            "another audience beside ours",
            svid(&corp, json!({"aud":[AUDIENCE,"https://other.example"]})),
            Refusal::Invalid(Audience),
        ),
        ("no audience", svid(&corp, json!({"aud":null})), Refusal::Invalid(Audience)),
        ("no end", svid(&corp, json!({"exp":null})), Refusal::Invalid(Time)),
        ("over", svid(&corp, json!({"exp":NOW - 31})), Refusal::Expired),
        ("another actor", svid(&corp, json!({"act":{"sub":"spiffe://other.example/admin"}})), Refusal::Invalid(Claim)),
        ("an access token's type", head(json!({"typ":"at+jwt"})), Refusal::Invalid(Type)),
        ("a proof's type", head(json!({"typ":"dpop+jwt"})), Refusal::Invalid(Type)),
        ("alg none", head(json!({"alg":"none"})), Refusal::Invalid(Algorithm)),
        ("alg HS256", head(json!({"alg":"HS256"})), Refusal::Invalid(Algorithm)),
        ("an unknown key", head(json!({"kid":"x"})), Refusal::Invalid(KeyUnknown)),
        ("a certificate's key", head(json!({"kid":"x509"})), Refusal::Invalid(KeyUnknown)),
    ];
    for (name, token, refusal) in rows {
        let seen = ask(&door, &token, now()).unwrap_err();
        assert_eq!(seen, refusal, "{name}");
        assert_eq!(seen.answer(None, None).status, 401);
    }
    assert!(ask(&door, &svid(&corp, json!({})), now()).is_ok());
}

#[test]
fn keys_for_something_else_sign_nothing() {
    let key = Key::es256();
    let wrong = |purpose: Value| {
        let jwk = with(key.jwk("jwt"), json!({ "use": purpose, "alg": null }));
        let bundle = json!({"keys":[jwk, with(keys().ec.jwk("other"), json!({"use":"jwt-svid"}))]}).to_string();
        ask(&door_of(vec![domain("corp.example", bundle.into(), &[])]), &svid(&key, json!({})), now())
    };
    assert!(wrong(json!("jwt-svid")).is_ok());
    for other in [json!("sig"), json!(null), json!("")] {
        assert_eq!(wrong(other).unwrap_err(), Refusal::Invalid(Flaw::KeyUnknown));
    }
    for name in ["", "Corp", "corp/x", "corp:1", "spiffe://corp", "*"] {
        assert!(IssuerSettings::trust_domain(name, Box::default()).is_none(), "{name}");
    }
}
