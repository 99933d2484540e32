//! The SPIFFE Workload API of `go-spiffe`.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

use super::super::{cache::go, process::Running};

/// A Workload API on a Unix socket. Whoever reaches the socket gets the identities; there is no attestation.
#[derive(Debug)]
pub struct WorkloadApi {
    running: Running,
    home: TempDir,
    socket: PathBuf,
}

/// What `go-spiffe`'s own client got from a Workload API, and verified.
#[derive(Debug, Clone, Deserialize)]
pub struct Svids {
    /// The SPIFFE ID.
    pub id: String,
    /// The X509-SVID (PEM), leaf first.
    pub chain: String,
    /// Its key (PKCS #8, PEM).
    pub key: String,
    /// The JWT-SVID.
    pub jwt: String,
    /// The keys of JWT-SVIDs (JWK set).
    pub jwks: Value,
}

impl WorkloadApi {
    /// Starts one that gives these SPIFFE IDs, all of one trust domain. `lifetime` is that of SVIDs, such as `1h` or `2s`.
    ///
    /// # Errors
    /// It cannot be started, or an ID is none.
    pub fn start(ids: &[&str], lifetime: &str) -> io::Result<Self> {
        Self::start_with(ids, lifetime, None)
    }

    /// The same below an authority that is given: the files of its certificate and its key (PEM).
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_with(ids: &[&str], lifetime: &str, authority: Option<(&Path, &Path)>) -> io::Result<Self> {
        let home = tempfile::tempdir()?;
        let mut command = Command::new(go("workload_api"));
        command.args(["serve", "-lifetime", lifetime, "-dir"]).arg(home.path());
        command.args(ids.iter().flat_map(|id| ["-id", id]));
        if let Some((cert, key)) = authority {
            command.arg("-ca").arg(cert).arg("-ca-key").arg(key);
        }
        let (running, socket) = Running::start_ready(&mut command)?;
        Ok(Self { running, home, socket: PathBuf::from(socket) })
    }

    /// The path of the socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The bundle in the format of SPIFFE (JSON).
    ///
    /// # Errors
    /// The file is gone.
    pub fn bundle(&self) -> io::Result<Value> {
        serde_json::from_str(&fs::read_to_string(self.home.path().join("bundle.json"))?).map_err(io::Error::other)
    }

    /// The file of the X.509 roots (PEM). It changes when the authority does.
    #[must_use]
    pub fn roots(&self) -> PathBuf {
        self.home.path().join("bundle.pem")
    }

    /// Takes a new authority, keeps the old one in the bundle, and tells everyone who listens.
    ///
    /// # Errors
    /// The process is gone.
    pub fn rotate(&self) -> io::Result<()> {
        let before = self.bundle()?;
        let pid = i32::try_from(self.running.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.ok_or_else(|| io::Error::other("no process"))?, Signal::HUP)?;
        let start = Instant::now();
        while self.bundle()? == before {
            if start.elapsed() > Duration::from_secs(20) {
                return Err(io::Error::other("the bundle stayed as it was"));
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Has `go-spiffe`'s client fetch what there is, with a JWT-SVID for `audience`.
    ///
    /// # Errors
    /// The client got nothing, or something that it refuses.
    pub fn fetch(&self, audience: &str) -> io::Result<Svids> {
        let mut command = Command::new(go("workload_api"));
        command.arg("fetch").arg("-socket").arg(&self.socket).args(["-audience", audience]);
        let output = command.output()?;
        if !output.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        serde_json::from_slice(&output.stdout).map_err(io::Error::other)
    }
}
