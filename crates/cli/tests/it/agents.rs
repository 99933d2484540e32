//! `doorward delegation` and `doorward whoami`.

use crate::place::Place;
use doorward_identity::{
    Delegation, PartyId,
    delegation::{Limits, Reach},
};
use doorward_store::{Grant, Grants, GrantsDb, PinKey, Pins, State, Unknown};
use doorward_vocab::{Effect, Timestamp};

const CONFIG: &str = r#"
public_url = "https://mcp.example.com"

[[trust]]
name     = "idp"
kind     = "oidc"
issuer   = "https://idp.example.com"
audience = ["https://mcp.example.com/mcp"]

[[agent]]
name    = "nightly"
trust   = "idp"
subject = "cron-*"
class   = "batch"
owner   = "ops@example.com"

[[delegation]]
name    = "backup"
agent   = "nightly"
owner   = "ops@example.com"
tools   = ["files/read_file"]
sinks   = 3

[assurance]
delete = 3

[[server]]
name    = "files"
command = ["mcp-files"]
"#;

fn place() -> Place {
    let place = Place::new();
    place.write("doorward.toml", CONFIG);
    let state = State::open(&place.path("state")).unwrap();
    for name in ["read_file", "delete_file"] {
        let text = format!(r#"{{"description":"Works on a file.","name":"{name}"}}"#);
        let key = PinKey::tool("files".parse().unwrap(), name);
        state.upsert_seen(&key, text.as_bytes(), Unknown::Approve, Timestamp::from_micros(1)).unwrap();
    }
    place
}

/// Ada handed to an agent what it handed on, in part.
fn grant(place: &Place) {
    let store = GrantsDb::open(&place.path("state")).unwrap();
    let party = |id: &str| PartyId { issuer: Some("https://idp.example.com".into()), id: id.into() };
    let first = Delegation {
        human: Some(party("u-1")),
        purpose: Some("tidy the inbox".into()),
        reach: Reach::servers(["files".parse().unwrap()]),
        depth: 1,
        ..Delegation::new("d-1", party("agent-7"))
    };
    let second = first.narrowed(Delegation::new("d-2", party("helper"))).unwrap();
    keep(&store, &[first, second]);
}

fn keep(store: &GrantsDb, delegations: &[Delegation]) {
    for delegation in delegations {
        let grant = Grant {
            id: delegation.id.as_ref().into(),
            parent: delegation.parent.as_deref().map(Into::into),
            until: None,
            at: Timestamp::from_micros(1),
            body: serde_json::to_vec(delegation).unwrap(),
            revoked: None,
        };
        store.grant(&grant).unwrap();
    }
}

#[test]
fn delegations_are_listed_shown_and_taken_back() {
    let empty = Place::new();
    assert_eq!(empty.run("delegation list").out, "nothing was granted yet\n");
    let place = place();
    grant(&place);
    let list = place.run("delegation list");
    for line in [
        "backup  standing  nightly alone; ops@example.com answers",
        "files/read_file",
        "d-1  in force  agent-7 at https://idp.example.com for u-1 at https://idp.example.com",
    ] {
        assert!(list.out.contains(line), "{}", list.shown());
    }
    let shown = place.run("delegation show d-1").out;
    for line in ["purpose     tidy the inbox", "hand-overs  1 more may follow", "made        d-2"] {
        assert!(shown.contains(line), "{shown}");
    }
    assert_eq!(place.run("delegation show d-9").code, 1);
    assert_eq!(place.run("delegation revoke").code, 2);

    let revoked = place.run("delegation revoke --human u-1 --json");
    assert_eq!(revoked.records()[0]["revoked"], serde_json::json!(["d-1", "d-2"]));
    assert_eq!(place.run("delegation revoke d-1").out, "nothing was in force of that\n");
    assert_eq!(place.run("delegation revoke backup j-7").out, "revoked backup\nrevoked j-7\n");
    let states = place.run("delegation list --json").records();
    assert_eq!(states.len(), 4);
    assert!(states.iter().all(|d| d["state"] == "revoked"), "{states:?}");
}

#[test]
fn four_questions_are_answered_about_an_agent() {
    let place = place();
    assert_eq!(place.run("whoami --agent stranger").code, 2);
    assert_eq!(place.run("whoami --agent nightly --server mail").code, 2);
    let told = place.run("whoami --agent nightly").out;
    for line in [
        "Which identity",
        "agent       nightly",
        "vouched for idp (oidc)",
        "assurance   2 (platform token, as a token proves: it was never seen)",
        "delegation  backup (standing): files/read_file, ops@example.com answers",
        "Which servers and tools it reaches, and which policies decide",
        "may call       read_file",
        "may not        delete_file: delegation `backup`: the delegation does not reach this",
        "by permit base:agent (agent)",
        "2 definitions are pinned",
        "Which controls validate its context",
        "`delete` needs assurance 3",
        "at most 3 calls that can change something",
    ] {
        assert!(told.contains(line), "{line}\n{told}");
    }
    // For a human it is not bound by what the configuration gives; what is grave needs a better proof.
    let record = &place.run("whoami --agent nightly --human u-1 --server files --json").records()[0];
    let tool = |name: &str| {
        let tools = record["reaches"][0]["tools"].as_array().unwrap();
        tools.iter().find(|t| t["tool"] == name).unwrap().clone()
    };
    assert_eq!(tool("read_file")["decision"], "allow");
    assert_eq!(tool("delete_file")["decision"], "challenge");
    assert_eq!(record["identity"]["configured"]["class"], "batch");
}

#[test]
fn every_delegation_of_a_chain_is_asked() {
    let place = place();
    grant(&place);
    // What was handed on reaches all that the first one does; the first one does not let anything be deleted.
    let store = GrantsDb::open(&place.path("state")).unwrap();
    let party = |id: &str| PartyId { issuer: Some("https://idp.example.com".into()), id: id.into() };
    let first = Delegation {
        human: Some(party("u-2")),
        reach: Reach::servers(["files".parse().unwrap()]),
        limits: Limits { effects: Some([Effect::Read, Effect::Search].into()), ..Limits::default() },
        depth: 1,
        ..Delegation::new("e-1", party("agent-7"))
    };
    let wide = Delegation {
        human: Some(party("u-2")),
        parent: Some("e-1".into()),
        reach: Reach::servers(["files".parse().unwrap()]),
        ..Delegation::new("e-2", party("helper"))
    };
    keep(&store, &[first, wide]);
    place.write("doorward.toml", &format!("{CONFIG}\n[[agent]]\nname = \"helper\"\nsubject = \"helper\"\n"));
    let record = &place.run("whoami --agent helper --human u-2 --server files --json").records()[0];
    let chain: Vec<_> =
        record["identity"]["chain"].as_array().unwrap().iter().map(|d| d["id"].as_str().unwrap()).collect();
    assert_eq!(chain, ["e-1", "e-2"]);
    let tools = record["reaches"][0]["tools"].as_array().unwrap();
    let tool = |name: &str| tools.iter().find(|t| t["tool"] == name).unwrap();
    assert_eq!(tool("delete_file")["decision"], "deny");
    assert!(tool("delete_file")["why"][0].as_str().unwrap().contains("delegation `e-1`"), "{tools:?}");
    let told = place.run("whoami --agent helper --human u-2 --human-group eng").out;
    assert!(told.contains("groups      eng"), "{told}");
}
