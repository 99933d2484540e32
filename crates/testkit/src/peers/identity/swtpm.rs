//! A TPM 2.0 in software (`swtpm`), with an endorsement certificate below an authority of its own, and the tools that
//! everyone uses with real ones (`tpm2-tools`).

use std::{
    fs, io,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

use super::super::{
    cache::{present, spared},
    process::{Running, free_port},
};

/// One TPM with state of its own. Ask [`SwTpm::installed`] first.
#[derive(Debug)]
pub struct SwTpm {
    _running: Running,
    home: TempDir,
    port: u16,
}

/// What a TPM says about its registers.
#[derive(Debug, Clone)]
pub struct Quote {
    /// The signed `TPMS_ATTEST`.
    pub message: Vec<u8>,
    /// The signature, a plain ECDSA one (DER) over SHA-256.
    pub signature: Vec<u8>,
}

/// A key that signs quotes.
#[derive(Debug, Clone)]
pub struct AttestationKey {
    /// The public key, as PEM.
    pub public: String,
    /// The name that the TPM knows it by: what a credential is bound to.
    pub name: Vec<u8>,
}

impl SwTpm {
    /// Whether the programs are there. Says on standard error why `what` is skipped when they are not.
    ///
    /// # Errors
    /// They are missing, a run requires them, and the machine could have them.
    pub fn installed(what: &str) -> io::Result<bool> {
        let programs = ["/usr/bin/swtpm", "/usr/bin/swtpm_setup", "/usr/bin/tpm2_quote"].map(PathBuf::from);
        present(what, &programs, spared("tpm"))
    }

    /// Makes a TPM and switches it on.
    ///
    /// # Errors
    /// A program refuses; the message says why.
    pub fn start() -> io::Result<Self> {
        let home = tempfile::tempdir()?;
        manufacture(home.path())?;
        let port = two_ports()?;
        let mut swtpm = Command::new("swtpm");
        swtpm.args(["socket", "--tpm2", "--tpmstate", &format!("dir={}", shown(home.path()))]);
        swtpm.args(["--server", &format!("type=tcp,port={port},bindaddr=127.0.0.1")]);
        swtpm.args(["--ctrl", &format!("type=tcp,port={},bindaddr=127.0.0.1", port + 1)]);
        swtpm.args(["--flags", "not-need-init,startup-clear"]);
        let mut running = Running::start(&mut swtpm)?;
        // The command port takes one caller at a time, and a knock would be one.
        running.wait_for_port(port + 1)?;
        let tpm = Self { _running: running, home, port };
        tpm.tool(&["tpm2_createek", "-c", "ek.ctx", "-G", "rsa", "-u", "ek.pub"])?;
        let ak =
            ["-c", "ak.ctx", "-G", "ecc", "-g", "sha256", "-s", "ecdsa", "-u", "ak.pem", "-f", "pem", "-n", "ak.name"];
        tpm.tool(&[&["tpm2_createak", "-C", "ek.ctx"], &ak[..]].concat())?;
        Ok(tpm)
    }

    /// Where the tools find it.
    #[must_use]
    pub fn tcti(&self) -> String {
        format!("swtpm:host=127.0.0.1,port={}", self.port)
    }

    /// Runs one of the tools in this TPM's folder, and gives what it printed. There is no resource manager, so what the
    /// tool left loaded is flushed.
    ///
    /// # Errors
    /// The tool refuses; the message says why.
    pub fn tool(&self, words: &[&str]) -> io::Result<Vec<u8>> {
        let printed = self.run(words)?;
        self.run(&["tpm2_flushcontext", "-t"])?;
        Ok(printed)
    }

    /// A file in this TPM's folder, where tools write by default.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The certificate of the endorsement key (DER), as the TPM keeps it in its memory.
    ///
    /// # Errors
    /// As [`Self::tool`].
    pub fn endorsement_certificate(&self) -> io::Result<Vec<u8>> {
        // TCG EK Credential Profile section 2.2.1.4: the index of the RSA 2048 certificate.
        self.tool(&["tpm2_nvread", "0x01c00002"])
    }

    /// The certificates of the authority that signed it (PEM): the root, then the issuer.
    ///
    /// # Errors
    /// The files are gone.
    pub fn authority(&self) -> io::Result<String> {
        let root = fs::read_to_string(self.file("ca/swtpm-localca-rootca-cert.pem"))?;
        Ok(root + &fs::read_to_string(self.file("ca/issuercert.pem"))?)
    }

    /// The key that signs quotes.
    ///
    /// # Errors
    /// The files are gone.
    pub fn attestation_key(&self) -> io::Result<AttestationKey> {
        Ok(AttestationKey { public: fs::read_to_string(self.file("ak.pem"))?, name: fs::read(self.file("ak.name"))? })
    }

    /// The registers `pcrs` (SHA-256 bank), signed together with `nonce`.
    ///
    /// # Errors
    /// As [`Self::tool`].
    pub fn quote(&self, nonce: &[u8], pcrs: &[u8]) -> io::Result<Quote> {
        let list = format!("sha256:{}", pcrs.iter().map(u8::to_string).collect::<Vec<_>>().join(","));
        let out = ["-m", "quote.msg", "-s", "quote.sig", "-f", "plain", "-o", "quote.pcrs", "-g", "sha256"];
        self.tool(&[&["tpm2_quote", "-c", "ak.ctx", "-l", &list, "-q", &hex(nonce)], &out[..]].concat())?;
        Ok(Quote { message: fs::read(self.file("quote.msg"))?, signature: fs::read(self.file("quote.sig"))? })
    }

    /// Adds a measurement to a register.
    ///
    /// # Errors
    /// As [`Self::tool`].
    pub fn extend(&self, pcr: u8, digest: &[u8; 32]) -> io::Result<()> {
        self.tool(&["tpm2_pcrextend", &format!("{pcr}:sha256={}", hex(digest))]).map(drop)
    }

    /// The verifier's half of a proof that an attestation key lives in the TPM of an endorsement key: a secret that only
    /// that TPM can read, and only if it holds the key of this name. Needs no TPM of its own.
    ///
    /// # Errors
    /// As [`Self::tool`].
    pub fn challenge(&self, name: &[u8], secret: &[u8]) -> io::Result<Vec<u8>> {
        fs::write(self.file("secret.in"), secret)?;
        let words = ["tpm2_makecredential", "-T", "none", "-u", "ek.pub", "-s", "secret.in", "-o", "credential"];
        self.run(&[&words[..], &["-n", &hex(name)]].concat())?;
        fs::read(self.file("credential"))
    }

    /// The TPM's half: the secret of the challenge.
    ///
    /// # Errors
    /// The challenge is for another TPM or another key, or as [`Self::tool`].
    pub fn answer(&self, challenge: &[u8]) -> io::Result<Vec<u8>> {
        fs::write(self.file("credential"), challenge)?;
        self.run(&["tpm2_startauthsession", "--policy-session", "-S", "session.ctx"])?;
        self.run(&["tpm2_policysecret", "-S", "session.ctx", "-c", "e"])?;
        let keys =
            ["-c", "ak.ctx", "-C", "ek.ctx", "-i", "credential", "-o", "secret.out", "-P", "session:session.ctx"];
        let answered = self.run(&[&["tpm2_activatecredential"], &keys[..]].concat());
        self.run(&["tpm2_flushcontext", "session.ctx"])?;
        self.run(&["tpm2_flushcontext", "-t"])?;
        answered?;
        fs::read(self.file("secret.out"))
    }

    fn run(&self, words: &[&str]) -> io::Result<Vec<u8>> {
        let [program, args @ ..] = words else { return Err(io::Error::other("no program")) };
        let mut command = Command::new(program);
        command.args(args).env("TPM2TOOLS_TCTI", self.tcti()).env("TSS2_LOG", "all+none").current_dir(self.home.path());
        finished(&mut command)
    }
}

/// State with an endorsement key, and a certificate for it from an authority that is made for the purpose.
fn manufacture(home: &Path) -> io::Result<()> {
    let at = shown(home);
    fs::create_dir(home.join("ca"))?;
    let write = |name: &str, text: String| fs::write(home.join(name), text);
    write(
        "setup.conf",
        format!(
            "create_certs_tool=/usr/bin/swtpm_localca\ncreate_certs_tool_config={at}/ca.conf\n\
             create_certs_tool_options={at}/ca.options\nactive_pcr_banks=sha256\n"
        ),
    )?;
    let ca = format!("{at}/ca");
    write(
        "ca.conf",
        format!(
            "statedir = {ca}\nsigningkey = {ca}/signkey.pem\nissuercert = {ca}/issuercert.pem\ncertserial = {ca}/serial\n"
        ),
    )?;
    write("ca.options", "--platform-manufacturer Test\n--platform-version 1\n--platform-model Test\n".to_owned())?;
    let mut setup = Command::new("swtpm_setup");
    setup.args(["--tpm2", "--tpmstate", &at, "--config", &format!("{at}/setup.conf"), "--create-ek-cert"]);
    finished(setup.args(["--lock-nvram", "--overwrite"])).map(drop)
}

/// The command port; the tools look for the control port right after it.
fn two_ports() -> io::Result<u16> {
    for _ in 0..50 {
        let port = free_port()?;
        if port.checked_add(1).is_some_and(|next| TcpListener::bind(("127.0.0.1", next)).is_ok()) {
            return Ok(port);
        }
    }
    Err(io::Error::other("no two free ports side by side"))
}

fn finished(command: &mut Command) -> io::Result<Vec<u8>> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    Err(io::Error::other(format!("{command:?}: {}: {said}", output.status)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
