//! The npm package `oidc-provider`, with users, clients and resources of the test's choice.

use std::{io, process::Command};

use serde_json::{Value, json};

use super::super::{
    cache::{node, script},
    http::Http,
    process::Running,
};

/// An OpenID provider on loopback. Ask [`super::super::installed`] first.
#[derive(Debug)]
pub struct OidcProvider {
    running: Running,
    issuer: String,
    http: Http,
}

/// What becomes of the keys that a rotation replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldKeys {
    /// They stay published, as in a rotation that was planned.
    Keep,
    /// They are gone, as after a theft.
    Forget,
}

impl OidcProvider {
    /// Starts it. `peers/node/oidc/provider.mjs` lists the options; `{}` gives the users `alice` and `bob` (password
    /// `correct horse`), the resource `https://mcp.example/mcp`, and no clients.
    ///
    /// # Errors
    /// It cannot be started, or refuses the options; what it says is on standard error.
    pub fn start(options: &Value) -> io::Result<Self> {
        let mut command = Command::new(node());
        command.arg(script("node/oidc_provider.mjs")).args(["--port", "0", "--options", &options.to_string()]);
        let (running, issuer) = Running::start_ready(&mut command)?;
        Ok(Self { running, issuer, http: Http::default() })
    }

    /// The issuer, without a slash at its end.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The URL of a path below the issuer, such as `/token`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    /// The process, to look at or to kill.
    pub fn process(&mut self) -> &mut Running {
        &mut self.running
    }

    /// The issuer of tokens that [`Self::mint`] makes with `"issuer": name`: it has discovery and keys of its own, and
    /// stands for a platform that attests workloads.
    #[must_use]
    pub fn workload_issuer(&self, name: &str) -> String {
        self.url(&format!("/workload/{name}"))
    }

    /// Test control: signs a JWT with these `claims` as they are. More fields: `header`; `key` (`ES256`, `RS256`,
    /// `stranger`, `none`, `hmac-public`); `issuer`, the name of a workload issuer. `iss`, `iat` and `exp` are filled in
    /// where they are missing and left out where they are null.
    ///
    /// # Errors
    /// The provider is gone.
    pub async fn mint(&self, token: &Value) -> io::Result<String> {
        let made = self.control("mint", token).await?;
        let text = made.get("token").and_then(Value::as_str);
        text.map(str::to_owned).ok_or_else(|| io::Error::other(format!("no token: {made}")))
    }

    /// Test control: signs with new keys from now on.
    ///
    /// # Errors
    /// The provider is gone.
    pub async fn rotate(&self, old: OldKeys) -> io::Result<()> {
        let old = if old == OldKeys::Keep { "keep" } else { "forget" };
        self.control("rotate", &json!({ "old": old })).await.map(drop)
    }

    /// Test control: the next `times` requests to `path` wait `delay` milliseconds, and fail with `status` and `body`
    /// where these are given.
    ///
    /// # Errors
    /// The provider is gone.
    pub async fn trouble(&self, fault: &Value) -> io::Result<()> {
        self.control("fault", fault).await.map(drop)
    }

    /// Test control: what was asked of it so far. `requests` counts by method and path, `granted` and `refused` by the
    /// grant at the token endpoint.
    ///
    /// # Errors
    /// The provider is gone.
    pub async fn counts(&self) -> io::Result<Value> {
        self.http.get(&self.url("/test-control/counts")).await?.json()
    }

    async fn control(&self, what: &str, body: &Value) -> io::Result<Value> {
        let reply = self.http.post_json(&self.url(&format!("/test-control/{what}")), body).await?;
        if reply.status != 200 {
            return Err(io::Error::other(format!("{what}: {} {}", reply.status, reply.body)));
        }
        reply.json()
    }
}
