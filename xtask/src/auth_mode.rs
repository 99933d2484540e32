//! The suite's scenarios of authorization, with the gateway as the client that is looked at: its own OAuth code finds the
//! authorization server, registers, sends a person there and uses what they grant.
//!
//! The suite starts this program as a client. It starts a gateway with the suite's server as a server and the credential
//! that the scenario is about, and a driver that makes calls and opens the addresses that they are answered with.

use std::{
    env,
    fmt::Write as _,
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::Command,
};

use serde_json::Value;

use crate::{
    Outcome, Verdict,
    conformance::{Gateway, Options, Tally},
    process::build,
    suite, workspace,
};

/// Scenarios that the gateway does not pass as a client, each with its reason.
const EXCEPTIONS: &[(&str, &str)] = &[
    (
        "auth/enterprise-managed-authorization",
        "the suite hands over a person's identity token; the gateway takes one from the person's own sign-in, or that it can verify, and this provider signs nobody in and publishes no keys",
    ),
    ("auth/dpop", NO_PROOFS),
    ("auth/dpop-nonce", NO_PROOFS),
];

/// Not part of what a revision requires.
const NO_PROOFS: &str =
    "the gateway proves no key to servers: their tokens are a bearer's, and kept where no agent sees them";

/// The one document about a client that the suite knows.
const DOCUMENT: &str = "https://conformance-test.local/client-metadata.json";

/// Runs every scenario of authorization of every revision that the options ask for.
pub(crate) fn check(options: &Options, tally: &mut Tally) -> Result<(), String> {
    let gateway = options.gateway.clone().map_or_else(|| build("doorward", "doorward"), Ok)?;
    let this = env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    let level = options.level.as_deref().unwrap_or("watch");
    let client =
        format!("{} conformance --authorized --gateway {} --level {level} --url", this.display(), gateway.display());
    for revision in options.revisions() {
        let wanted = |name: &String| options.scenario.as_ref().is_none_or(|only| only == name);
        let scenarios = suite::client_scenarios(revision)?;
        let (mut good, mut bad, mut known) = (0, Vec::new(), Vec::new());
        for scenario in scenarios.iter().filter(|name| name.starts_with("auth/") && wanted(name)) {
            let passes = |report: &suite::Report| report.failed() == 0 && report.passed() > 0;
            let mut report = suite::run_client(&client, revision, scenario)?;
            if !passes(&report) && exception(scenario).is_none() {
                println!("conformance: {scenario} ({revision}) runs a second time");
                report = suite::run_client(&client, revision, scenario)?;
            }
            match (passes(&report), exception(scenario)) {
                (true, None) => good += 1,
                (true, Some(_)) => {
                    bad.push((scenario.clone(), vec!["passes, and is listed as one that cannot".to_owned()]))
                }
                (false, Some(reason)) => known.push((scenario.clone(), reason)),
                (false, None) => {
                    let complaints = report.0.values().flat_map(|s| s.complaints.clone()).collect();
                    bad.push((scenario.clone(), complaints));
                }
            }
        }
        println!(
            "conformance: the gateway as a client that authorizes, {revision}: {good} scenarios pass, {} fail, {} cannot",
            bad.len(),
            known.len()
        );
        for (scenario, complaints) in &bad {
            println!("  ✗ {scenario}");
            complaints.iter().for_each(|complaint| println!("      {complaint}"));
        }
        known.iter().for_each(|(scenario, reason)| println!("  - {scenario}: {reason}"));
        tally.passed += good;
        tally.failed += bad.len();
    }
    Ok(())
}

/// What the suite starts as a client.
pub(crate) fn authorized(options: &Options) -> Outcome {
    let [url] = options.urls.as_slice() else { return Err("`--authorized` needs one `--url`".to_owned()) };
    let scenario = env::var("MCP_CONFORMANCE_SCENARIO").unwrap_or_default();
    let context: Value = match env::var("MCP_CONFORMANCE_CONTEXT") {
        Ok(text) => serde_json::from_str(&text).map_err(|error| format!("the context of the suite: {error}"))?,
        Err(_) => Value::Null,
    };
    let gateway = Gateway::start_with(options, url, |folder| {
        let credential = credential(&scenario, &context, url, folder)?;
        Ok(format!("credential = \"account\"\n\n[[credential]]\nname = \"account\"\n{credential}"))
    })?;
    let driver = workspace::peers().join("node/consents.mjs");
    match Command::new(workspace::node()).arg(driver).arg(&gateway.url).status() {
        Ok(status) if status.success() => Ok(Verdict::Pass),
        Ok(_) => Ok(Verdict::Fail),
        Err(error) => Err(format!("cannot start the driver: {error}")),
    }
}

/// The credential that a scenario is about, as the configuration writes it.
fn credential(scenario: &str, context: &Value, url: &str, folder: &Path) -> Result<String, String> {
    let text = |key: &str| context.get(key).and_then(Value::as_str);
    let kept = |name: &str, what: &str| {
        let file = folder.join(name);
        fs::write(&file, what).map_err(|error| format!("cannot write `{}`: {error}", file.display()))?;
        Ok::<_, String>(file)
    };
    let stated = text("valid_jwt");
    let own = stated.is_some() || scenario.starts_with("auth/client-credentials");
    let kind = match (stated, own) {
        (Some(_), _) => "jwt-bearer",
        (None, true) => "client-credentials",
        (None, false) => "oauth",
    };
    let mut out = format!("kind = \"{kind}\"\n");
    let described = (scenario == "auth/basic-cimd").then_some(DOCUMENT);
    if let Some(client) = text("client_id").or(described) {
        let _ = writeln!(out, "client_id = {client:?}");
    }
    // A person goes where the server says; for an account of its own the operator writes that down.
    let issuer = if own { Some(issuer(url)?) } else { text("issuer").map(str::to_owned) };
    if let Some(issuer) = issuer {
        let _ = writeln!(out, "issuer = {issuer:?}");
    }
    let secrets = [("client_secret", "client_secret"), ("private_key_pem", "client_key"), ("valid_jwt", "assertion")];
    for (key, setting) in secrets {
        if let Some(value) = text(key) {
            let _ = writeln!(out, "{setting} = {{ file = {:?} }}", kept(key, value)?);
        }
    }
    Ok(out)
}

/// The authorization server that a server names (RFC 9728), read as an operator would.
fn issuer(url: &str) -> Result<String, String> {
    let bad = |why: String| format!("the metadata of the suite's server: {why}");
    let rest = url.strip_prefix("http://").ok_or_else(|| bad("no plain address".to_owned()))?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(host).map_err(|error| bad(error.to_string()))?;
    let ask = format!(
        "GET /.well-known/oauth-protected-resource/{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"
    );
    let mut answer = String::new();
    stream.write_all(ask.as_bytes()).map_err(|error| bad(error.to_string()))?;
    stream.read_to_string(&mut answer).map_err(|error| bad(error.to_string()))?;
    let body = answer.find('{').and_then(|at| answer.get(at..)).unwrap_or_default();
    let end = body.rfind('}').map_or(0, |at| at + 1);
    let document: Value =
        serde_json::from_str(body.get(..end).unwrap_or_default()).map_err(|error| bad(error.to_string()))?;
    let named = document.pointer("/authorization_servers/0").and_then(Value::as_str);
    named.map(str::to_owned).ok_or_else(|| bad("it names nobody".to_owned()))
}

fn exception(scenario: &str) -> Option<&'static str> {
    EXCEPTIONS.iter().find(|(name, _)| *name == scenario).map(|(_, reason)| *reason)
}
