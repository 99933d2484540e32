//! Tokens of platforms, with the claims that their documentation shows.

use crate::forge::*;
use doorward_identity::{ClaimRule, Flaw, IssuerSettings, KeySource, Must, Pattern, Platform, Principal, Refusal};
use doorward_vocab::Assurance;
use serde_json::{Value, json};

fn settings(platform: Platform, rules: &[(&str, Pattern)]) -> IssuerSettings {
    let base = platform.issuer(ISSUER);
    let rules = rules.iter().map(|(claim, pattern)| ClaimRule {
        claim: platform.claim(claim).unwrap_or_else(|| (*claim).into()),
        must: Must::Be(Box::new([pattern.clone()])),
    });
    IssuerSettings {
        audiences: Box::new([AUDIENCE.into()]),
        keys: KeySource::Pinned(jwks().into()),
        required: base.required.clone().into_iter().chain(rules).collect(),
        ..base
    }
}

/// What a platform signs: no `typ` that says access token, no client.
fn issued(claims: &Value) -> String {
    let usual = json!({"iss":ISSUER,"aud":AUDIENCE,"iat":NOW - 10,"nbf":NOW - 10,"exp":NOW + 300});
    token(&keys().rsa, &json!({"typ":"JWT","alg":"RS256","kid":"rsa"}), &with(usual, claims.clone()))
}

fn exact(text: &str) -> Pattern {
    Pattern::Exact(text.into())
}

fn glob(text: &str) -> Pattern {
    Pattern::Glob(text.parse().unwrap())
}

struct Case {
    platform: Platform,
    claims: Value,
    /// What the operator asks for.
    rules: Vec<(&'static str, Pattern)>,
    id: &'static str,
    name: &'static str,
    posture: Vec<(&'static str, &'static str)>,
    measured: Vec<(&'static str, &'static str)>,
    /// Changes of the claims after which the rules must not hold.
    off: Vec<Value>,
}

fn cases() -> Vec<Case> {
    vec![
        Case {
            platform: Platform::Kubernetes,
            claims: json!({"sub":"system:serviceaccount:prod:triage","kubernetes.io":{"namespace":"prod",
                "node":{"name":"n1","uid":"u3"},"pod":{"name":"triage-7","uid":"u2"},
                "serviceaccount":{"name":"triage","uid":"u1"},"warnafter":NOW}}),
            rules: vec![("namespace", exact("prod")), ("sub", glob("system:serviceaccount:prod:*"))],
            id: "system:serviceaccount:prod:triage",
            name: "prod/triage",
            posture: vec![("namespace", "prod"), ("service_account", "triage"), ("pod", "triage-7"), ("node", "n1")],
            measured: vec![],
            off: vec![
                json!({"kubernetes.io":{"namespace":"prod2"}}),
                json!({"kubernetes.io":null}),
                json!({"sub":"system:serviceaccount:prod2:triage"}),
                json!({"sub":"system:serviceaccount:prod:"}),
                json!({"namespace":"prod","kubernetes.io":{"namespace":"dev"}}),
            ],
        },
        Case {
            platform: Platform::GithubActions,
            claims: json!({"sub":"repo:acme/site:ref:refs/heads/main","repository":"acme/site","repository_owner":"acme",
                "repository_id":"74","repository_owner_id":"65","ref":"refs/heads/main","ref_type":"branch","actor":"ada",
                "workflow":"deploy","job_workflow_ref":"acme/site/.github/workflows/deploy.yml@refs/heads/main",
                "event_name":"push","sha":"f1d2","job_workflow_sha":"e3","run_id":"9","runner_environment":"github-hosted",
                "repository_visibility":"private"}),
            rules: vec![
                ("repository", exact("acme/site")),
                ("ref", glob("refs/heads/*")),
                ("sub", glob("repo:acme/site:ref:refs/heads/*")),
            ],
            id: "repo:acme/site:ref:refs/heads/main",
            name: "acme/site/deploy",
            posture: vec![("repository", "acme/site"), ("ref", "refs/heads/main"), ("event", "push"), ("actor", "ada")],
            measured: vec![("commit", "f1d2"), ("workflow_commit", "e3")],
            off: vec![
                json!({"repository":"acme/site2"}),
                json!({"repository":"evil/acme/site"}),
                json!({"repository":"Acme/site"}),
                json!({"repository":null}),
                json!({"ref":"refs/pull/7/merge"}),
                json!({"ref":"refs/heads/a/b"}),
                json!({"ref":"x/refs/heads/main"}),
                json!({"sub":"repo:acme/site:pull_request"}),
                json!({"sub":"repo:acme/site:environment:x:ref:refs/heads/main"}),
                json!({"sub":"repo:acme/site-evil:ref:refs/heads/main"}),
            ],
        },
        Case {
            platform: Platform::Gitlab,
            claims: json!({"sub":"project_path:acme/site:ref_type:branch:ref:main","namespace_id":"72","namespace_path":"acme",
                "project_id":"20","project_path":"acme/site","user_login":"ada","pipeline_source":"push","ref":"main",
                "ref_type":"branch","ref_protected":"true","environment":"prod","environment_protected":"true",
                "deployment_tier":"production","runner_environment":"gitlab-hosted","sha":"714a","ci_config_sha":"714b","job_id":"8"}),
            rules: vec![("project_path", exact("acme/site")), ("ref_protected", exact("true"))],
            id: "project_path:acme/site:ref_type:branch:ref:main",
            name: "acme/site/prod",
            posture: vec![("namespace", "acme"), ("project", "acme/site"), ("tier", "production")],
            measured: vec![("commit", "714a"), ("workflow_commit", "714b")],
            off: vec![
                json!({"project_path":"acme/site/fork"}),
                json!({"ref_protected":"false"}),
                json!({"ref_protected":"TRUE"}),
                json!({"ref_protected":null}),
            ],
        },
        Case {
            platform: Platform::Gcp,
            claims: json!({"sub":"1124","azp":"1124","email":"bot@acme.iam.gserviceaccount.com","email_verified":true,
                "google":{"compute_engine":{"project_id":"acme","project_number":739419398126_u64,"zone":"us-west1-a",
                "instance_id":"152986662232938449","instance_name":"vm1"}}}),
            rules: vec![("email", exact("bot@acme.iam.gserviceaccount.com")), ("project", exact("acme"))],
            id: "1124",
            name: "bot@acme.iam.gserviceaccount.com",
            posture: vec![("project", "acme"), ("project_number", "739419398126"), ("zone", "us-west1-a")],
            measured: vec![],
            off: vec![
                json!({"email":"bot@acme.iam.gserviceaccount.com.evil.example"}),
                json!({"email":"Bot@acme.iam.gserviceaccount.com"}),
                json!({"google":{"compute_engine":{"project_id":"acme-2"}}}),
            ],
        },
        Case {
            platform: Platform::Azure,
            claims: json!({"sub":"0b5c","oid":"0b5c","tid":"72f9","appid":"6d3a","appidacr":"2","idtyp":"app","ver":"1.0",
                "xms_mirid":"/subscriptions/s/resourcegroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/bot"}),
            rules: vec![
                ("oid", exact("0b5c")),
                (
                    "identity",
                    glob(
                        "/subscriptions/s/resourcegroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/*",
                    ),
                ),
            ],
            id: "0b5c",
            name: "0b5c",
            posture: vec![("tenant", "72f9"), ("application", "6d3a"), ("object", "0b5c")],
            measured: vec![],
            off: vec![
                json!({"oid":"0b5d"}),
                json!({"scp":"user_impersonation"}),
                json!({"xms_mirid":"/subscriptions/other/resourcegroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/bot"}),
            ],
        },
        Case {
            platform: Platform::Aws,
            claims: json!({"sub":"arn:aws:iam::123456789012:role/Triage","jti":"x","https://sts.amazonaws.com/":{
                "aws_account":"123456789012","source_region":"us-east-1","org_id":"o-abc","ou_path":"o-a/r-b/ou-c/",
                "lambda_source_function_arn":"arn:aws:lambda:us-east-1:123456789012:function:f"}}),
            rules: vec![("sub", glob("arn:aws:iam::123456789012:role/*")), ("organization", exact("o-abc"))],
            id: "arn:aws:iam::123456789012:role/Triage",
            name: "arn:aws:iam::123456789012:role/Triage",
            posture: vec![("account", "123456789012"), ("region", "us-east-1"), ("organization", "o-abc")],
            measured: vec![],
            off: vec![
                json!({"sub":"arn:aws:iam::123456789012:role/path/Triage"}),
                json!({"sub":"arn:aws:iam::123456789013:role/Triage"}),
                json!({"https://sts.amazonaws.com/":{"org_id":"o-abcd"}}),
                json!({"org_id":"o-abc","https://sts.amazonaws.com/":null}),
            ],
        },
        Case {
            platform: Platform::Terraform,
            claims: json!({"sub":"organization:acme:project:Site:workspace:prod:run_phase:apply",
                "terraform_organization_id":"org-1","terraform_organization_name":"acme","terraform_project_id":"prj-1",
                "terraform_project_name":"Site","terraform_workspace_id":"ws-1","terraform_workspace_name":"prod",
                "terraform_run_id":"run-3","terraform_run_phase":"apply"}),
            rules: vec![
                ("organization", exact("acme")),
                ("sub", glob("organization:acme:project:*:workspace:prod:run_phase:apply")),
            ],
            id: "organization:acme:project:Site:workspace:prod:run_phase:apply",
            name: "acme/prod",
            posture: vec![("organization", "acme"), ("workspace", "prod"), ("phase", "apply")],
            measured: vec![],
            off: vec![
                json!({"terraform_organization_name":"acme2"}),
                json!({"sub":"organization:acme:project:a:workspace:prod:workspace:prod:run_phase:apply"}),
                json!({"sub":"organization:acme:project:Site:workspace:prod:run_phase:plan"}),
            ],
        },
    ]
}

#[test]
fn tokens_of_platforms_are_agents_with_facts() {
    for case in cases() {
        let door = door(settings(case.platform, &case.rules));
        let p: Principal = ask(&door, &issued(&case.claims), now()).unwrap().get().clone();
        let what = case.platform;
        assert_eq!((&*p.agent.id, &*p.agent.name), (case.id, case.name), "{what:?}");
        assert_eq!((p.human, p.assurance), (None, Assurance::PlatformToken), "{what:?}");
        for (facts, seen) in [(&case.posture, &p.attestation.posture), (&case.measured, &p.attestation.measured)] {
            for (name, value) in facts {
                assert_eq!(seen.get(*name).map(|v| &**v), Some(*value), "{what:?}: {name}");
            }
        }
        for change in &case.off {
            let refusal = ask(&door, &issued(&with(case.claims.clone(), change.clone())), now()).unwrap_err();
            assert_eq!(refusal, Refusal::Invalid(Flaw::Claim), "{what:?}: {change}");
        }
    }
}

#[test]
fn entra_has_two_issuers_for_one_tenant_and_neither_is_the_other() {
    let tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    let (v1, v2) =
        (format!("https://sts.windows.net/{tenant}/"), format!("https://login.microsoftonline.com/{tenant}/v2.0"));
    let of = |issuer: &str| IssuerSettings { issuer: issuer.into(), ..settings(Platform::Azure, &[]) };
    let both = doorward_identity::Settings { issuers: vec![of(&v1), of(&v2)], ..Default::default() };
    let door = doorward_identity::Authenticator::new(both).unwrap();
    let issuer = |iss: &str| ask(&door, &issued(&json!({"sub":"0b5c","iss":iss})), now());
    assert!(issuer(&v1).is_ok() && issuer(&v2).is_ok());
    for other in [
        v1.trim_end_matches('/').to_owned(),
        v2.clone() + "/",
        v2.replace("/v2.0", ""),
        v2.replace(tenant, "common"),
        v1.replace("72f9", "72f8"),
    ] {
        assert_eq!(issuer(&other).unwrap_err(), Refusal::Invalid(Flaw::Issuer), "{other}");
    }
}

#[test]
fn claims_of_a_sign_in() {
    use doorward_identity::ClaimMap;
    let claims = || ClaimMap { human: "/ext/uid".into(), risk: Some("risk".into()), ..ClaimMap::default() };
    let door = || door(IssuerSettings { claims: claims(), ..issuer() });
    let who = |change: Value| ask(&door(), &claiming(change), now()).map(|p| p.human.clone().unwrap());
    let human = who(json!({"ext":{"uid":"e-7"},"risk":70})).unwrap();
    assert_eq!((&*human.id, human.login.unwrap().risk), ("e-7", Some(70)));
    for (word, risk) in [("none", 0), ("low", 25), ("Medium", 50), ("high", 100)] {
        assert_eq!(who(json!({"ext":{"uid":"e-7"},"risk":word})).unwrap().login.unwrap().risk, Some(risk));
    }
    for bad in [json!(101), json!(-1), json!(0.5), json!("unknown"), json!([]), json!(null)] {
        let seen = who(json!({"ext":{"uid":"e-7"},"risk":bad}));
        assert!(bad.is_null() && seen.is_ok() || seen == Err(Refusal::Invalid(Flaw::Claim)), "{bad}");
    }
}
