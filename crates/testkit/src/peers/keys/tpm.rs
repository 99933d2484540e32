use super::super::{
    cache::{present, spared},
    process::Running,
};
use std::{
    io::{self, Read, Write},
    os::unix::net::UnixStream,
    path::PathBuf,
    process::Command,
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// One TPM with state of its own, behind a Unix socket. Ask [`TpmSocket::installed`] first.
#[derive(Debug)]
pub struct TpmSocket {
    _running: Running,
    home: TempDir,
}

impl TpmSocket {
    /// Whether the program is there. Says on standard error why `what` is skipped when it is not.
    ///
    /// # Errors
    /// It is missing, a run requires it, and the machine could have it.
    pub fn installed(what: &str) -> io::Result<bool> {
        present(what, &[PathBuf::from("/usr/bin/swtpm")], spared("tpm"))
    }

    /// Makes a TPM and switches it on.
    ///
    /// # Errors
    /// The program refuses, or is not ready within ten seconds.
    pub fn start() -> io::Result<Self> {
        let home = tempfile::tempdir()?;
        let mut swtpm = Command::new("/usr/bin/swtpm");
        swtpm.args(["socket", "--tpm2", "--flags", "not-need-init,startup-clear"]);
        swtpm.arg("--tpmstate").arg(format!("dir={}", home.path().display()));
        swtpm.arg("--server").arg(format!("type=unixio,path={}", home.path().join("tpm.sock").display()));
        let running = Running::start(&mut swtpm)?;
        let tpm = Self { _running: running, home };
        let start = Instant::now();
        while !tpm.path().exists() {
            if start.elapsed() > Duration::from_secs(10) {
                return Err(io::Error::other("the TPM does not listen"));
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(tpm)
    }

    /// The socket: it takes one caller after the other.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.home.path().join("tpm.sock")
    }

    /// Adds a measurement to a register (`TPM2_PCR_Extend`, part 3 §22.2).
    ///
    /// # Errors
    /// The TPM refuses.
    pub fn extend(&self, pcr: u8, digest: &[u8; 32]) -> io::Result<()> {
        let mut command = vec![0x80, 0x02, 0, 0, 0, 65, 0, 0, 0x01, 0x82, 0, 0, 0, pcr];
        // The empty password, then one digest of SHA-256.
        command.extend_from_slice(&[0, 0, 0, 9, 0x40, 0, 0, 9, 0, 0, 0, 0, 0]);
        command.extend_from_slice(&[0, 0, 0, 1, 0, 0x0B]);
        command.extend_from_slice(digest);
        let mut stream = UnixStream::connect(self.path())?;
        stream.write_all(&command)?;
        let mut head = [0; 10];
        stream.read_exact(&mut head)?;
        if head.ends_with(&[0; 4]) { Ok(()) } else { Err(io::Error::other(format!("the TPM refuses: {head:?}"))) }
    }
}
