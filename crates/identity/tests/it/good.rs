use crate::forge::*;
use doorward_identity::{
    AudienceRule, ClaimMap, ClaimRule, EmailRule, Flaw, IssuerSettings, Must, Pattern, Principal, Refusal, SubjectIs,
    TypeRule, Via,
};
use doorward_vocab::Assurance;
use serde_json::{Value, json};

fn principal(settings: IssuerSettings, change: Value) -> Principal {
    ask(&door(settings), &claiming(change), now()).unwrap().get().clone()
}

#[test]
fn three_algorithms() {
    let (door, k) = (door(issuer()), keys());
    for (key, kid) in [(&k.ec, "ec"), (&k.rsa, "rsa"), (&k.ed, "ed")] {
        let token = token(key, &json!({"alg":key.alg(),"kid":kid,"typ":"JWT"}), &claims());
        let p = ask(&door, &token, now()).unwrap();
        assert_eq!((p.via, p.assurance), (Via::Jwt, Assurance::PlatformToken));
        assert_eq!((&*p.agent.id, &*p.human.as_ref().unwrap().id), ("agent-1", "u-1"));
    }
}

#[test]
fn the_current_actor_is_the_agent() {
    let p = principal(
        issuer(),
        json!({
            "act":{"sub":"spiffe://corp/agent/a","iss":"https://attest.example.com","sub_profile":"ai_agent","act":{"sub":"older"}},
            "scope":"read write","dlg":"d-81","txn":"conv-5","sid":"s-1","purpose":"tidy the inbox",
            "name":"Ada","email":"ada@example.com","email_verified":true,"groups":["eng","ops"],
        }),
    );
    assert_eq!(&*p.agent.id, "spiffe://corp/agent/a");
    assert_eq!(p.agent.issuer.as_deref(), Some("https://attest.example.com"));
    assert_eq!(p.agent.class.as_deref(), Some("ai_agent"));
    let human = p.human.as_ref().unwrap();
    assert_eq!((&*human.name, human.email.as_deref()), ("Ada", Some("ada@example.com")));
    assert_eq!(*human.groups, ["eng".into(), "ops".into()]);
    let delegation = p.delegation().unwrap();
    assert_eq!((&*delegation.id, delegation.purpose.as_deref()), ("d-81", Some("tidy the inbox")));
    assert_eq!(delegation.scopes, ["read".into(), "write".into()].into());
    assert_eq!(delegation.expires, Some(at(300)));
    assert_eq!(p.conversation_hint.as_ref().unwrap().as_str(), "conv-5");
    assert!(p.require_scopes(&["read".into()]).is_ok());
    assert_eq!(
        p.require_scopes(&["read".into(), "pay".into()]),
        Err(Refusal::InsufficientScope { needed: Box::new(["read".into(), "pay".into()]) })
    );
}

#[test]
fn a_person_is_never_called_by_an_id_alone() {
    for (change, name) in [
        (json!({"name":"Ada","preferred_username":"ada"}), "Ada"),
        (json!({"preferred_username":"ada","email":"ada@example.com","email_verified":true}), "ada"),
        (json!({"email":"ada@example.com","email_verified":true}), "ada@example.com"),
        (json!({"email":"boss@example.com"}), "u-1 at idp.example.com"),
        (json!({"sub":"ada@corp.example"}), "ada@corp.example"),
        (json!({}), "u-1 at idp.example.com"),
    ] {
        assert_eq!(&*principal(issuer(), change.clone()).human.unwrap().name, name, "{change}");
    }
}

#[test]
fn a_client_for_itself_has_no_human() {
    for change in [
        json!({"sub":"agent-1"}),
        json!({"sub":"agent-1@clients"}),
        json!({"sub":"9f-uuid","gty":"client-credentials"}),
        json!({"sub":"9f-uuid","idtyp":"app"}),
        json!({"sub":"9f-uuid","client_id":"Cron","preferred_username":"service-account-cron"}),
        json!({"sub":null}),
    ] {
        assert_eq!(principal(issuer(), change.clone()).human, None, "{change}");
    }
    let p = principal(
        IssuerSettings { subject: SubjectIs::Agent, ..issuer() },
        json!({"sub":"system:serviceaccount:ns:cron","client_id":null}),
    );
    assert_eq!((&*p.agent.id, p.human), ("system:serviceaccount:ns:cron", None));
}

#[test]
fn an_address_counts_only_when_verified() {
    let email = |settings, change| principal(settings, change).human.unwrap().email;
    assert_eq!(email(issuer(), json!({"email":"a@x"})), None);
    assert_eq!(email(issuer(), json!({"email":"a@x","email_verified":"true"})), None);
    assert_eq!(email(issuer(), json!({"email":"a@x","email_verified":true})).as_deref(), Some("a@x"));
    let always = IssuerSettings { email: EmailRule::Always, ..issuer() };
    assert_eq!(email(always, json!({"email":"a@x"})).as_deref(), Some("a@x"));
}

#[test]
fn the_key_names_the_blend_and_not_the_token() {
    let key = |change| principal(issuer(), change).key;
    let base = key(json!({}));
    assert_eq!(base, key(json!({"jti":"j-2","exp":NOW + 900,"scope":"more","name":"Other"})));
    for other in [json!({"sub":"u-2"}), json!({"client_id":"agent-2"}), json!({"dlg":"d"}), json!({"sub":"agent-1"})] {
        assert_ne!(base, key(other));
    }
}

#[test]
fn settings_open_what_is_closed_by_default() {
    let among = IssuerSettings { audience_rule: AudienceRule::Among, ..issuer() };
    principal(among, json!({"aud":["account", AUDIENCE]}));
    principal(issuer(), json!({"aud":[AUDIENCE]}));

    let id_tokens = IssuerSettings { types: TypeRule::IdToken, ..issuer() };
    let token =
        token(&keys().ec, &json!({"alg":"ES256","kid":"ec"}), &with(claims(), json!({"nonce":"n","azp":"agent-1"})));
    assert!(ask(&door(id_tokens), &token, now()).is_ok());
    assert_eq!(ask(&door(issuer()), &token, now()), Err(Refusal::Invalid(Flaw::Type)));

    let strict = || door(IssuerSettings { types: TypeRule::AccessToken, ..issuer() });
    assert!(ask(&strict(), &heading(json!({"typ":"application/at+jwt"})), now()).is_ok());
    assert_eq!(ask(&strict(), &heading(json!({"typ":"JWT"})), now()), Err(Refusal::Invalid(Flaw::Type)));

    let mapped = IssuerSettings {
        claims: ClaimMap {
            agent: Some("/ext/agent".into()),
            groups: "/realm_access/roles".into(),
            ..ClaimMap::default()
        },
        ..issuer()
    };
    let p = principal(mapped, json!({"ext":{"agent":"a-9"},"realm_access":{"roles":["r"]}}));
    assert_eq!((&*p.agent.id, &*p.human.unwrap().groups), ("a-9", &["r".into()][..]));
}

#[test]
fn claims_and_scopes_that_must_be_there() {
    let rule = |claim: &str, one_of: &[&str]| ClaimRule {
        claim: claim.into(),
        must: match one_of {
            [] => Must::BePresent,
            texts => Must::Be(texts.iter().map(|s| Pattern::Exact((*s).into())).collect()),
        },
    };
    let settings = || IssuerSettings {
        required: Box::new([
            rule("tenant", &["t1", "t2"]),
            rule("roles", &["agent"]),
            rule("tid", &[]),
            rule("mfa", &["true"]),
        ]),
        required_scopes: Box::new(["mcp".into()]),
        host_scope: Some("turns".into()),
        ..issuer()
    };
    let good = json!({"tenant":"t2","roles":["x","agent"],"tid":7,"mfa":true,"scp":["mcp"]});
    assert!(!principal(settings(), good.clone()).may_open_turns());
    assert!(principal(settings(), with(good.clone(), json!({"scp":"mcp turns"}))).may_open_turns());
    let refusal = |change| ask(&door(settings()), &claiming(with(good.clone(), change)), now()).unwrap_err();
    for change in [
        json!({"tenant":"t22"}),
        json!({"tenant":["t3"]}),
        json!({"tid":null}),
        json!({"mfa":false}),
        json!({"roles":{"agent":1}}),
    ] {
        assert_eq!(refusal(change.clone()), Refusal::Invalid(Flaw::Claim), "{change}");
    }
    assert_eq!(refusal(json!({"scp":null})), Refusal::InsufficientScope { needed: Box::new(["mcp".into()]) });
}

#[test]
fn clocks_may_differ_a_little() {
    let door = door(issuer());
    assert!(ask(&door, &claiming(json!({"nbf":NOW + 20,"iat":NOW + 20})), now()).is_ok());
    let token = claiming(json!({"exp":NOW + 1}));
    assert!(ask(&door, &token, at(0)).is_ok());
    assert!(ask(&door, &token, at(30)).is_ok(), "within the skew");
    assert_eq!(ask(&door, &token, at(31)), Err(Refusal::Expired), "remembered tokens end too");
    assert!(ask(&door, &claiming(json!({"exp":(NOW as f64) + 5.5})), now()).is_ok());
}
