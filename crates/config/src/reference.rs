//! The reference says what the code says: every key has its row, every limit its default.

use crate::{
    Known, Limits, Source,
    cross::Shape,
    section::{Reading, Section},
    units,
};
use std::{path::Path, sync::Arc};
use toml::de::DeTable;

const PAGE: &str = include_str!("../../../docs/reference/configuration.md");

/// The row of `key` in the section of the page whose heading names `path`.
fn row(path: &str, key: &str) -> &'static str {
    let headings = match path {
        "" => ["## The file itself".to_owned(), String::new()],
        path => [format!("`[{path}]`"), format!("`[[{path}]]`")],
    };
    let named = |line: &str| line.starts_with('#') && headings.iter().any(|h| !h.is_empty() && line.contains(h));
    let section = PAGE.lines().skip_while(|line| !named(line)).skip(1).take_while(|line| !line.starts_with("##"));
    let mut rows = section.filter(|line| line.starts_with(&format!("| `{key}` |")));
    rows.next().unwrap_or_else(|| panic!("the reference has no row `{key}` in `[{path}]`"))
}

#[test]
fn every_key_has_its_row() {
    let text = r#"
        [listen.tls]
        [store.seal.pkcs11]
        [store.seal.tpm]
        [limits]
        [policy]
        [log]
        [approval]
        [console]
        [console.roles]
        [joined]
        [authorization]
        [[server]]
        attest = {}
        credentials = [{}]
        [[placeholder]]
        [[virtual]]
        [[credential]]
        kind = "static"
        [[credential]]
        kind = "basic"
        [[credential]]
        kind = "env"
        [[credential]]
        kind = "aws-sts"
        [[credential]]
        kind = "gcp-sts"
        [[credential]]
        kind = "azure"
        [[credential]]
        kind = "github-app"
        [[credential]]
        kind = "vault"
        [[credential]]
        kind = "jwt-svid"
        [[credential]]
        kind = "signed-jwt"
        [[credential]]
        kind = "databricks"
        [[credential]]
        kind = "client-credentials"
        [[credential]]
        kind = "token-exchange"
        [[credential]]
        kind = "jwt-bearer"
        [[credential]]
        kind = "oauth"
        [[credential]]
        kind = "id-jag"
        identity = {}
        [[trust]]
        kind = "oidc"
        claims = {}
        [[client]]
        name = "x"
        [[trust]]
        kind = "github-actions"
        [[trust]]
        kind = "azure"
        [[trust]]
        kind = "spiffe"
        [[trust]]
        kind = "mtls"
        [[trust]]
        kind = "anonymous"
        [[trust]]
        kind = "process"
        executables = [{}]
        [[trust]]
        kind = "aws-role"
        roles = [{}]
        [[trust]]
        kind = "tpm"
        machines = [{}]
        [[agent]]
        [[delegation]]
        [[on_finding]]
        [[label]]
        [[budget]]
        [[mandate]]
        [[quota]]
        [[export]]
        kind = "otlp"
        [[export]]
        kind = "webhook"
        [[export]]
        kind = "syslog"
    "#;
    let table = DeTable::parse(text).unwrap();
    let source = Arc::new(Source { name: String::new(), text: text.to_owned() });
    let known = Known::default();
    let reading = Reading::new(source, Path::new(""), &known);
    Shape::read(Section::new(&reading, String::new(), 0..0, table.get_ref()));
    let keys = reading.keys();
    assert!(keys.len() > 60, "{}", keys.len());
    for (path, key) in keys {
        row(&path, key);
    }
}

#[test]
fn every_limit_has_its_default() {
    let limits = serde_json::to_value(Limits::default()).unwrap();
    for (key, value) in limits.as_object().unwrap() {
        let shown = match value.as_u64() {
            Some(bytes) if ["request", "result", "head"].contains(&key.as_str()) => {
                format!("`\"{}\"`", units::show_size(bytes))
            }
            Some(count) => format!("`{count}`"),
            None => format!("`{value}`"),
        };
        let row = row("limits", key);
        assert!(row.starts_with(&format!("| `{key}` | {shown} |")), "the default of `{key}` is {shown}: {row}");
    }
}
