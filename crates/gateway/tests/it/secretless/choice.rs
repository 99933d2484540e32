//! Which credential serves whom.

use super::{carried, person, secret, server};
use crate::{client::is_refused, front::Front, identity::Provider};
use doorward_audit::Event;
use serde_json::json;

#[tokio::test]
async fn each_caller_and_tool_has_its_own_and_nobody_falls_back_on_anothers() {
    let (server, provider, folder) = (server().await, Provider::new(), tempfile::tempdir().unwrap());
    let rules = format!(
        r#"
        [[server]]
        name = "crm"
        url = "{}"
        [[server.credentials]]
        use = "admin"
        tools = ["delete_*"]
        groups = ["ops"]
        [[server.credentials]]
        use = "staff"
        groups = ["ops", "staff"]
        [[credential]]
        name = "admin"
        kind = "basic"
        user = "root"
        account = "the administrator"
        {}
        [[credential]]
        name = "staff"
        kind = "static"
        header = "x-api-key"
        {}
        "#,
        server.url(),
        secret(&folder, "admin", "Zq81-admin-password"),
        secret(&folder, "staff", "k-staff-0123456789"),
    );
    let front = Front::start_for_strangers(&(provider.trust("") + &rules)).await;
    let (ops, staff, guest) = (
        person(&front, &provider, "u-1", "ops"),
        person(&front, &provider, "u-2", "staff"),
        person(&front, &provider, "u-3", "guests"),
    );
    for client in [&ops, &staff] {
        assert!(!is_refused(&client.call("read", json!({})).await));
        assert!(!is_refused(&client.call("delete_all", json!({})).await));
    }
    let refused = guest.call("read", json!({})).await;
    assert!(is_refused(&refused) || refused.get("error").is_some(), "{refused}");
    assert_eq!(carried(&server, "read", "x-api-key"), ["k-staff-0123456789", "k-staff-0123456789"]);
    assert_eq!(carried(&server, "delete_all", "x-api-key"), ["", "k-staff-0123456789"]);
    assert_eq!(carried(&server, "delete_all", "authorization"), ["Basic cm9vdDpacTgxLWFkbWluLXBhc3N3b3Jk", ""]);
    // What agents present ends at the gateway.
    assert!(server.seen().iter().all(|s| !s.header("authorization").starts_with("Bearer")));
    let records = front.stop().await;
    let accounts: Vec<(String, Option<String>)> = records
        .iter()
        .filter_map(|r| match &r.event {
            Event::Outcome(o) => o.credential.as_ref(),
            _ => None,
        })
        .map(|worn| (worn.name.to_string(), worn.account.as_ref().map(ToString::to_string)))
        .collect();
    assert!(accounts.contains(&("admin".into(), Some("the administrator".into()))), "{accounts:?}");
    assert!(accounts.contains(&("staff".into(), None)), "{accounts:?}");
}

#[tokio::test]
async fn policies_see_which_one_it_will_be() {
    let (server, folder) = (server().await, tempfile::tempdir().unwrap());
    let policy = folder.path().join("no-admin.cedar");
    let text = "@id(\"no-admin\") forbid(principal, action == Action::\"call\", resource) when { context.credential == \"admin\" };";
    std::fs::write(&policy, text).unwrap();
    let rules = format!(
        r#"
        [policy]
        files = [{policy:?}]
        [[server]]
        name = "crm"
        url = "{}"
        [[server.credentials]]
        use = "admin"
        tools = ["delete_*"]
        [[server.credentials]]
        use = "none"
        [[credential]]
        name = "admin"
        kind = "static"
        {}
        "#,
        server.url(),
        secret(&folder, "admin", "k-admin-0123456789"),
    );
    let front = Front::start(&rules).await;
    let client = crate::client::Client::modern(&front, "/mcp/crm");
    assert!(!is_refused(&client.call("read", json!({})).await));
    assert!(is_refused(&client.call("delete_all", json!({})).await));
    assert_eq!(
        (carried(&server, "read", "authorization"), carried(&server, "delete_all", "authorization")),
        (vec![String::new()], vec![])
    );
}

#[tokio::test]
async fn a_query_carries_it_where_nothing_else_does() {
    let (server, folder) = (server().await, tempfile::tempdir().unwrap());
    let rules = format!(
        "[[server]]\nname = \"crm\"\nurl = \"{}?v=2\"\ncredential = \"key\"\n[[credential]]\nname = \"key\"\nkind = \"static\"\nquery = \"api_key\"\n{}",
        server.url(),
        secret(&folder, "key", "k/ &=012345678"),
    );
    let front = Front::start(&rules).await;
    let client = crate::client::Client::modern(&front, "/mcp/crm");
    assert!(!is_refused(&client.call("read", json!({})).await));
    assert!(
        server.seen_of("tools/call").iter().all(|s| s.path == "/mcp?v=2&api_key=k%2F+%26%3D012345678"),
        "{:?}",
        server.seen()
    );
}
