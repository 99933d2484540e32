//! Hundreds of tokens and proofs that must open nothing, made from few ideas: each is refused with 401, asks nobody for keys,
//! and leaves what is good as it was.

use crate::{chains::*, forge::*};
use doorward_identity::{Asked, Authenticator, IssuerSettings, KeySource, Presented, Refusal};
use serde_json::{Value, json};
use std::collections::HashSet;

const OTHER_ISSUER: &str = "https://other.example.com";
const KUBERNETES: &str = "https://kubernetes.example.com";

/// Who signs, by which name of a key: three issuers and a trust domain, each with a key of the same name.
struct World {
    door: Authenticator,
    other: Key,
    cluster: Key,
    mesh: Key,
    agent: Key,
}

struct Shown {
    name: String,
    token: String,
    proof: Option<String>,
}

impl World {
    fn new() -> Self {
        let (other, cluster, mesh, agent) = (Key::es256(), Key::es256(), Key::es256(), Key::es256());
        let pinned = |key: &Key| KeySource::Pinned(json!({"keys":[key.jwk("ec")]}).to_string().into_bytes().into());
        let second = IssuerSettings { keys: pinned(&other), ..IssuerSettings::new(OTHER_ISSUER, AUDIENCE) };
        let platform = IssuerSettings {
            keys: pinned(&cluster),
            audiences: Box::new([AUDIENCE.into()]),
            ..doorward_identity::Platform::Kubernetes.issuer(KUBERNETES)
        };
        let mesh_bundle = bundle(&[], &[(&mesh, "ec")]);
        let door = door_of(vec![issuer(), second, platform, domain("corp.example", mesh_bundle, &[])]);
        Self { door, other, cluster, mesh, agent }
    }

    fn show(&self, shown: &Shown) -> Result<(), Refusal> {
        let scheme = if shown.proof.is_some() { "DPoP" } else { "Bearer" };
        let header = format!("{scheme} {}", shown.token);
        let request = Some(Asked { method: "POST", path: "/mcp", proof: shown.proof.as_deref() });
        let presented = Presented { authorization: Some(&header), request, ..Presented::default() };
        self.door.authenticate(presented, now()).map(drop)
    }

    fn all(&self) -> Vec<Shown> {
        let mut all = Vec::new();
        let mut tokens = |name: &str, made: Vec<String>| {
            all.extend(made.into_iter().map(|token| Shown { name: name.to_owned(), token, proof: None }));
        };
        tokens("confused algorithms", confused());
        tokens("mixed-up issuers", self.mixed_up());
        tokens("changed claims", changed_claims());
        tokens("changed headers", changed_headers());
        tokens("forged actors", forged_actors());
        tokens("floods of key names", (0..60).map(|n| heading(json!({"kid":format!("key-{n:x}")}))).collect());
        tokens("broken texts", broken());
        all.extend(self.proofs());
        all
    }

    /// Each key under each name of an issuer and each subject that is not its own.
    fn mixed_up(&self) -> Vec<String> {
        let k = keys();
        let subjects = ["u-1", "system:serviceaccount:prod:triage", AGENT];
        let signers: [(&Key, &str, &str); 5] = [
            (&k.ec, ISSUER, "u-1"),
            (&self.other, OTHER_ISSUER, "u-1"),
            (&self.cluster, KUBERNETES, subjects[1]),
            (&self.mesh, "spiffe://corp.example", AGENT),
            (&k.foreign, "", ""),
        ];
        let mut made = Vec::new();
        for (key, own, _) in signers {
            for (_, named, subject) in signers.into_iter().filter(|s| s.1 != own && !s.1.is_empty()) {
                for suffix in ["", "/", ".evil.example"] {
                    let claims = with(claims(), json!({"iss":format!("{named}{suffix}"),"sub":subject}));
                    // A trust domain needs no `iss`: with its own key and subject, another's name says nothing.
                    if own != "spiffe://corp.example" || subject != AGENT {
                        made.push(token(key, &json!({"alg":"ES256","kid":"ec","typ":"JWT"}), &claims));
                    }
                }
            }
        }
        made
    }

    /// Proofs for a good token, each with one thing wrong; and good proofs for tokens that are not.
    fn proofs(&self) -> Vec<Shown> {
        let mut all = Vec::new();
        for key in [&self.agent, &Key::rs256(), &Key::eddsa()] {
            let bearing = bound(key);
            let mut put = |name: String, token: &str, proof: String| {
                all.push(Shown { name, token: token.to_owned(), proof: Some(proof) });
            };
            let wrong = [
                ("htm", vec![json!("GET"), json!("post"), json!("POST "), json!(null), json!(["POST"]), json!(1)]),
                (
                    "htu",
                    ["", "/mcp", "/mcp/", "/MCP", "/mcp/files", "//mcp", "/mcp%2F", "/mcp;x"]
                        .iter()
                        .map(|path| {
                            json!(format!("{}{path}", if *path == "/mcp" { "https://evil.example" } else { OWN }))
                        })
                        .chain([json!(null), json!({}), json!("gw.example.com/mcp"), json!("data:x")])
                        .collect(),
                ),
                (
                    "iat",
                    vec![
                        json!(NOW - 91),
                        json!(NOW + 31),
                        json!(0),
                        json!(-1),
                        json!("now"),
                        json!(null),
                        json!(1e300),
                    ],
                ),
                ("jti", vec![json!(""), json!(null), json!(1), json!({}), json!("j".repeat(300))]),
                (
                    "ath",
                    vec![
                        json!(null),
                        json!(""),
                        json!("AAAA"),
                        json!(b64([0; 32])),
                        json!(b64([0; 33])),
                        json!(bearing),
                    ],
                ),
                ("nonce", vec![json!(1), json!([]), json!({})]),
            ];
            for (claim, values) in wrong {
                for value in values {
                    put(format!("{claim} {value}"), &bearing, proof(key, &bearing, "j", json!({claim: value})));
                }
            }
            let stranger = Key::es256();
            put("a stranger's proof".into(), &bearing, proof(&stranger, &bearing, "j", json!({})));
            put("no bound token".into(), &claiming(json!({})), proof(key, &claiming(json!({})), "j", json!({})));
            for flaw in [json!({"exp":NOW - 31}), json!({"aud":"x"}), json!({"iss":"x"}), json!({"nbf":NOW + 61})] {
                let bad = claiming(with(json!({"cnf":{"jkt":thumbprint(key)}}), flaw));
                put("a proof for a bad token".into(), &bad, proof(key, &bad, "j", json!({})));
            }
            let typed =
                |typ: Value| token(key, &with(proof_header(key), json!({"typ":typ})), &proof_claims(&bearing, "j"));
            for typ in [json!("jwt"), json!("at+jwt"), json!("application/dpop+jwt"), json!(null), json!(1)] {
                put(format!("a proof of type {typ}"), &bearing, typed(typ));
            }
        }
        all
    }
}

fn confused() -> Vec<String> {
    let k = keys();
    let rsa = k.rsa.jwk("rsa");
    let secrets = [
        rsa["n"].as_str().unwrap().as_bytes().to_vec(),
        rsa.to_string().into_bytes(),
        k.ec.jwk("ec").to_string().into_bytes(),
        k.ed.jwk("ed")["x"].as_str().unwrap().as_bytes().to_vec(),
        jwks(),
        b"secret".to_vec(),
        vec![0],
    ];
    let mut made = Vec::new();
    for secret in secrets {
        for alg in ["HS256", "HS384", "HS512", "none", "ES256"] {
            for kid in ["ec", "rsa", "oct"] {
                let key = Key::Hmac(secret.clone());
                made.push(token(&key, &json!({"alg":alg,"kid":kid,"typ":"at+jwt"}), &claims()));
            }
        }
    }
    for (key, kid) in [(&k.ec, "ec"), (&k.rsa, "rsa"), (&k.ed, "ed")] {
        for alg in ["ES256", "RS256", "PS256", "EdDSA", "ES512", "ES256K", "RS1", "A128KW", "dir"] {
            if alg != key.alg() {
                made.push(token(key, &json!({"alg":alg,"kid":kid,"typ":"at+jwt"}), &claims()));
            }
        }
    }
    made
}

fn changed_claims() -> Vec<String> {
    let mut made = Vec::new();
    let auds = [
        "",
        "*",
        "https://gw.example.com",
        "https://gw.example.com/",
        "https://gw.example.com/mcp/",
        "HTTPS://gw.example.com/mcp",
        "https://gw.example.com/mcp?x",
        "https://gw.example.com:443/mcp",
        "http://gw.example.com/mcp",
        "gw.example.com/mcp",
        "mcp",
        "doorward",
    ];
    made.extend(auds.iter().map(|aud| claiming(json!({ "aud": aud }))));
    made.extend(auds.iter().map(|aud| claiming(json!({ "aud": [AUDIENCE, aud] }))));
    for time in [json!("1"), json!(-5), json!(true), json!([]), json!({}), json!(1e300)] {
        made.extend(["exp", "nbf", "iat"].map(|claim| claiming(json!({claim: time}))));
    }
    for past in [0, 1, NOW - 31, NOW - 3600, NOW - 31_536_000] {
        made.push(claiming(json!({ "exp": past })));
    }
    for ahead in [NOW + 61, NOW + 3600, u64::MAX] {
        made.extend(["nbf", "iat"].map(|claim| claiming(json!({claim: ahead}))));
    }
    for odd in [
        json!(1),
        json!([]),
        json!({}),
        json!(""),
        json!("a\u{0}b"),
        json!("a\nb"),
        json!("x".repeat(600)),
        json!(false),
    ] {
        made.extend(["sub", "client_id"].map(|claim| claiming(json!({claim: odd}))));
    }
    for cnf in [
        json!({}),
        json!([]),
        json!("x"),
        json!({"jkt":1}),
        json!({"jkt":""}),
        json!({"kid":"ec"}),
        json!({"x5t#S256":"x"}),
        json!({"jkt":b64([1; 32])}),
        json!({"x5t#S256":b64([1; 32])}),
        json!({"jkt":b64([1; 32]),"kid":"ec"}),
    ] {
        made.push(claiming(json!({ "cnf": cnf })));
    }
    made
}

fn changed_headers() -> Vec<String> {
    let types = [
        "dpop+jwt",
        "logout+jwt",
        "secevent+jwt",
        "oauth-id-jag+jwt",
        "jose",
        "JOSE+JSON",
        "at",
        "jwt+at",
        "text/html",
        "wimse-id+jwt",
    ];
    let mut made: Vec<_> = types.iter().map(|typ| heading(json!({ "typ": typ }))).collect();
    for member in ["crit", "b64", "jwk", "enc", "zip", "cty"] {
        for value in [json!([]), json!(false), json!("x"), json!({"kty":"oct","k":"AAAA"})] {
            made.push(heading(json!({member: value})));
        }
    }
    for kid in [
        json!(null),
        json!(""),
        json!(1),
        json!(["ec"]),
        json!("EC"),
        json!(" ec"),
        json!("ec "),
        json!("../ec"),
        json!("ec' OR 1=1"),
    ] {
        made.push(heading(json!({ "kid": kid })));
    }
    made
}

fn forged_actors() -> Vec<String> {
    let deep = |n: usize| (0..n).fold(json!({"sub":"a"}), |inner, _| json!({"sub":"a","act":inner}));
    let mut made: Vec<_> = (4..12).map(|n| claiming(json!({"act":deep(n)}))).collect();
    for act in [
        json!("a"),
        json!(1),
        json!([]),
        json!({}),
        json!({"sub":""}),
        json!({"sub":1}),
        json!({"iss":ISSUER}),
        json!({"sub":["a"]}),
        json!({"sub":"a","iss":1}),
        json!({"sub":"a\u{7f}"}),
        json!({"sub":"a","act":"b"}),
        json!({"sub":"a","act":{}}),
        json!({"sub":"a","act":{"sub":null}}),
        json!([{"sub":"a"}]),
    ] {
        made.push(claiming(json!({ "act": act })));
    }
    for may in [json!("a"), json!({}), json!({"sub":1}), json!([])] {
        made.push(claiming(json!({ "may_act": may })));
    }
    made
}

fn broken() -> Vec<String> {
    let good = claiming(json!({}));
    let mut made: Vec<_> =
        (0..good.len()).step_by(17).map(|at| good[..at].to_owned()).filter(|t| !t.is_empty()).collect();
    let parts: Vec<&str> = good.split('.').collect();
    made.push(format!("{}.{}.{}", parts[1], parts[0], parts[2]));
    made.push(format!("{}.{}", good, parts[2]));
    made.push(format!("{}..{}", parts[0], parts[2]));
    made
}

#[test]
fn hundreds_of_hostile_tokens_and_proofs_open_nothing() {
    let world = World::new();
    let good = claiming(json!({}));
    assert!(ask(&world.door, &good, now()).is_ok(), "the base is good");
    let all = world.all();
    let distinct: HashSet<(&str, Option<&str>)> = all.iter().map(|s| (&*s.token, s.proof.as_deref())).collect();
    assert!(distinct.len() >= 500, "only {}", distinct.len());
    for shown in &all {
        let refusal = world.show(shown).expect_err(&shown.name);
        assert_eq!(refusal.answer(None, None).status, 401, "{}: {refusal}: {}", shown.name, shown.token);
    }
    assert!(ask(&world.door, &good, now()).is_ok());
    let bearing = bound(&world.agent);
    let proof = proof(&world.agent, &bearing, "j", json!({}));
    assert!(show(&world.door, &bearing, Some(&proof), now()).is_ok(), "none of them used up its id");
}
