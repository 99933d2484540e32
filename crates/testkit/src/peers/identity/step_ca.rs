//! `step-ca` with one provisioner, which takes ID tokens.

use std::{fs, io, path::PathBuf, process::Command};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::{
    cache::go,
    http::{Http, Reply},
    process::Running,
};

/// Who may have a certificate, and what it looks like.
#[derive(Debug, Clone, Copy)]
pub struct StepCaOptions<'a> {
    /// The issuer of ID tokens. It must be up when the authority starts.
    pub issuer: &'a str,
    /// The audience of ID tokens.
    pub client: &'a str,
    /// One of step-ca's X.509 templates. None: a client certificate for `spiffe://corp.example/human/SUB`.
    pub template: Option<&'a str>,
    /// The lifetime of certificates, such as `10m` or `2s`. None: 10 minutes.
    pub lifetime: Option<&'a str>,
}

/// A certificate authority on loopback, with a root and an intermediate of its own.
#[derive(Debug)]
pub struct StepCa {
    _running: Running,
    home: TempDir,
    url: String,
    http: Http,
}

impl StepCa {
    /// Makes an authority and starts it.
    ///
    /// # Errors
    /// It cannot be started, or the issuer does not answer.
    pub fn start(options: &StepCaOptions<'_>) -> io::Result<Self> {
        let home = tempfile::tempdir()?;
        let mut command = Command::new(go("step_ca"));
        command.arg("-dir").arg(home.path()).args(["-client", options.client]);
        command.args(["-discovery", &format!("{}/.well-known/openid-configuration", options.issuer)]);
        command.args(options.template.into_iter().flat_map(|template| ["-template", template]));
        command.args(options.lifetime.into_iter().flat_map(|lifetime| ["-lifetime", lifetime]));
        let (running, url) = Running::start_ready(&mut command)?;
        let http = Http::trusting(&fs::read_to_string(home.path().join("root.pem"))?)?;
        Ok(Self { _running: running, home, url, http })
    }

    /// Where it is: `https` below its own root.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The file of its root (PEM).
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.home.path().join("root.pem")
    }

    /// Asks for a certificate: `csr` is a signing request (PEM), `token` an ID token. The reply has the fields `crt`
    /// and `ca` (PEM), or says why not.
    ///
    /// # Errors
    /// The authority is gone.
    pub async fn sign(&self, csr: &str, token: &str) -> io::Result<Reply> {
        let body: Value = json!({ "csr": csr, "ott": token });
        self.http.post_json(&format!("{}/1.0/sign", self.url), &body).await
    }
}
