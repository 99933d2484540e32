//! Packages of the Debian that this machine runs.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::process::{exists, quiet};

/// The programs of the software TPM.
pub(super) fn tpm() -> Vec<PathBuf> {
    ["/usr/bin/swtpm", "/usr/bin/swtpm_setup", "/usr/bin/tpm2_quote"].map(PathBuf::from).to_vec()
}

/// A TPM in software with a local authority for its endorsement key, and the tools that talk to it.
pub(super) fn install_tpm() -> Result<(), String> {
    if tpm().iter().all(|program| program.exists()) {
        return Ok(());
    }
    install(&["swtpm", "swtpm-tools", "tpm2-tools"])
}

/// The token in software, and its library.
pub(super) fn hsm() -> Vec<PathBuf> {
    ["/usr/bin/softhsm2-util", "/usr/lib/softhsm/libsofthsm2.so"].map(PathBuf::from).to_vec()
}

/// A token behind PKCS#11 in software.
pub(super) fn install_hsm() -> Result<(), String> {
    if hsm().iter().all(|file| file.exists()) {
        return Ok(());
    }
    install(&["softhsm2"])
}

/// The browser that looks at the console.
pub(super) fn chromium() -> Vec<PathBuf> {
    vec![PathBuf::from("/usr/bin/chromium")]
}

/// A browser, without its desktop.
pub(super) fn install_chromium() -> Result<(), String> {
    if chromium().iter().all(|program| program.exists()) {
        return Ok(());
    }
    install(&["chromium"])
}

/// The solver that proofs about policies are given to.
pub(super) fn solver() -> Vec<PathBuf> {
    vec![PathBuf::from("/usr/bin/cvc5")]
}

/// A solver of SMT-LIB.
pub(super) fn install_solver() -> Result<(), String> {
    if solver().iter().all(|program| program.exists()) {
        return Ok(());
    }
    install(&["cvc5"])
}

/// The reverse proxy that overhead is compared with. Only measurements need it, so its absence is said and not an error.
pub(super) fn nginx() {
    if ["nginx", "/usr/sbin/nginx"].into_iter().any(|nginx| exists(nginx, "-v")) {
        println!("setup: nginx is ready");
    } else if let Err(error) = install(&["nginx-light"]) {
        println!(
            "setup: no nginx, the overhead comparison will be skipped ({})",
            error.lines().next().unwrap_or_default()
        );
    }
}

/// Installs packages without starting their services.
pub(super) fn install(packages: &[&str]) -> Result<(), String> {
    if !is_root() {
        return Err(format!("not root: install {} by hand", packages.join(" ")));
    }
    println!("setup: installing {} …", packages.join(" "));
    let gate = Path::new("/usr/sbin/policy-rc.d");
    let ours = !gate.exists() && deny_services(gate).is_ok();
    let apt = |args: &[&str]| quiet(Command::new("apt-get").args(args).env("DEBIAN_FRONTEND", "noninteractive"));
    let install = [&["install", "-y", "--no-install-recommends"], packages].concat();
    let done = apt(&install).or_else(|_| apt(&["update"]).and_then(|_| apt(&install)));
    if ours {
        let _ = fs::remove_file(gate);
    }
    done.map(drop)
}

pub(super) fn is_root() -> bool {
    quiet(Command::new("id").arg("-u")).is_ok_and(|uid| uid.trim() == "0")
}

/// Debian's own way to say "install, do not start": exit code 101.
fn deny_services(gate: &Path) -> Result<(), String> {
    fs::write(gate, "#!/bin/sh\nexit 101\n").map_err(|error| error.to_string())?;
    quiet(Command::new("chmod").arg("755").arg(gate)).map(drop)
}
