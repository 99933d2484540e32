use super::{Guard, GuardError, GuardSettings, Refusal};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, Version};

fn settings(listen: &str) -> GuardSettings {
    GuardSettings {
        listen: listen.parse().unwrap(),
        public_url: None,
        allowed_hosts: Vec::new(),
        allowed_origins: Vec::new(),
        max_target: 100,
    }
}

fn check(guard: &Guard, target: &str, headers: &[(&str, &str)]) -> Result<(), Refusal> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    guard.check(&target.parse::<Uri>().unwrap(), Version::HTTP_11, &map)
}

fn host(guard: &Guard, host: &str) -> Result<(), Refusal> {
    check(guard, "/mcp", &[("host", host)])
}

#[test]
fn loopback_names_with_our_port_are_ours() {
    let guard = Guard::new(&settings("127.0.0.1:8787")).unwrap();
    for ours in ["localhost:8787", "LOCALHOST:8787", "127.0.0.1:8787", "[::1]:8787"] {
        assert_eq!(host(&guard, ours), Ok(()), "{ours}");
    }
    for foreign in [
        "localhost",
        "localhost:80",
        "localhost:8788",
        "evil.example:8787",
        "localhost.evil.example:8787",
        "127.0.0.1.nip.io:8787",
        "evil.example",
        "localhost.:8787",
        "127.1:8787",
        "0.0.0.0:8787",
        "[::ffff:127.0.0.1]:8787",
    ] {
        assert_eq!(host(&guard, foreign), Err(Refusal::ForeignHost), "{foreign}");
    }
    for none in
        ["", ":8787", "localhost:", "localhost:x", "localhost:99999999", "user@localhost:8787", "a b", "[::1", "a/b"]
    {
        assert_eq!(host(&guard, none), Err(Refusal::NoHost), "{none}");
    }
    assert_eq!(check(&guard, "/mcp", &[]), Err(Refusal::NoHost));
}

#[test]
fn the_public_name_and_configured_names_are_ours() {
    let mut settings = settings("0.0.0.0:8443");
    settings.public_url = Some("https://mcp.example.com/".parse().unwrap());
    settings.allowed_hosts = vec!["Gateway.internal".into(), "pinned.internal:9000".into(), "[2001:DB8::1]".into()];
    let guard = Guard::new(&settings).unwrap();
    for ours in [
        "mcp.example.com",
        "mcp.example.com:443",
        "gateway.internal",
        "gateway.internal:1234",
        "pinned.internal:9000",
        "[2001:db8::1]:5",
        "localhost:8443",
    ] {
        assert_eq!(host(&guard, ours), Ok(()), "{ours}");
    }
    for foreign in ["mcp.example.com:8443", "pinned.internal", "0.0.0.0:8443", "example.com"] {
        assert_eq!(host(&guard, foreign), Err(Refusal::ForeignHost), "{foreign}");
    }
}

#[test]
fn target_and_host_must_agree() {
    let guard = Guard::new(&settings("127.0.0.1:8787")).unwrap();
    let localhost = ("host", "localhost:8787");
    assert_eq!(check(&guard, "http://localhost:8787/mcp", &[localhost]), Ok(()));
    assert_eq!(check(&guard, "http://evil.example/mcp", &[localhost]), Err(Refusal::NoHost));
    assert_eq!(check(&guard, "http://localhost:8787/mcp", &[]), Err(Refusal::NoHost), "HTTP/1.1 needs a host field");
    let target: Uri = "http://localhost:8787/mcp".parse().unwrap();
    assert_eq!(guard.check(&target, Version::HTTP_2, &HeaderMap::new()), Ok(()), "HTTP/2 has an authority instead");
}

#[test]
fn origins_are_ours_or_absent() {
    let mut settings = settings("127.0.0.1:8787");
    settings.public_url = Some("https://mcp.example.com:8443/base".parse().unwrap());
    settings.allowed_origins = vec!["https://app.example.com".into(), "vscode-webview://panel".into()];
    let guard = Guard::new(&settings).unwrap();
    let origin = |origin| check(&guard, "/mcp", &[("host", "localhost:8787"), ("origin", origin)]);
    for ours in [
        "http://localhost:8787",
        "https://localhost:8787",
        "http://127.0.0.1:8787",
        "http://[::1]:8787",
        "https://mcp.example.com:8443",
        "https://app.example.com",
        "vscode-webview://panel",
    ] {
        assert_eq!(origin(ours), Ok(()), "{ours}");
    }
    for foreign in [
        "null",
        "",
        "http://evil.example",
        "http://localhost",
        "http://localhost:6274",
        "http://localhost:8787.evil.example",
        "https://mcp.example.com",
        "http://app.example.com",
        "https://app.example.com/",
        "https://app.example.com http://localhost:8787",
    ] {
        assert_eq!(origin(foreign), Err(Refusal::ForeignOrigin), "{foreign}");
    }
}

#[test]
fn headers_that_decide_stand_once() {
    let guard = Guard::new(&settings("127.0.0.1:8787")).unwrap();
    for name in
        ["Host", "Origin", "Authorization", "Mcp-Session-Id", "Mcp-Param-Region", "MCP-Protocol-Version", "DPoP"]
    {
        let value = if name == "Origin" { "http://localhost:8787" } else { "localhost:8787" };
        let twice = [("host", "localhost:8787"), (name, value), (name, value)];
        let twice = if name == "Host" { &twice[1..] } else { &twice[..] };
        let refusal = check(&guard, "/mcp", twice).unwrap_err();
        assert!(matches!(refusal, Refusal::Doubled(_)), "{name}: {refusal}");
        assert_eq!(refusal.status(), 400);
    }
    let harmless = [("host", "localhost:8787"), ("accept", "a/b"), ("accept", "c/d")];
    assert_eq!(check(&guard, "/mcp", &harmless), Ok(()));
}

#[test]
fn targets_are_bounded() {
    let guard = Guard::new(&settings("127.0.0.1:8787")).unwrap();
    let long = format!("/{}", "a".repeat(100));
    assert_eq!(check(&guard, &long, &[("host", "localhost:8787")]), Err(Refusal::TargetTooLong));
}

#[test]
fn settings_that_mean_nothing_are_refused() {
    for bad in ["", "a b", "http://x", "x:y", "x/", "*.example.com", "[::1"] {
        let settings = GuardSettings { allowed_hosts: vec![bad.into()], ..settings("127.0.0.1:1") };
        assert_eq!(Guard::new(&settings).unwrap_err(), GuardError::Host(bad.into()));
    }
    for bad in
        ["", "*", "null", "app.example.com", "https://x/path", "https://x/", "https://u@x", "https://x?q", "file:///"]
    {
        let settings = GuardSettings { allowed_origins: vec![bad.into()], ..settings("127.0.0.1:1") };
        assert_eq!(Guard::new(&settings).unwrap_err(), GuardError::Origin(bad.into()));
    }
}
