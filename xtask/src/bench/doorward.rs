//! The gateway itself, with every control on: level `guard`, an embedded store that keeps its trail on disk.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::process::{Process, free_address, leashed};
use super::scenarios::Era;

/// Teams of the `doorward+1000` peer.
const TEAMS: usize = 199;

/// A running gateway.
#[derive(Debug)]
pub(super) struct Gateway {
    pub(super) process: Process,
    pub(super) address: SocketAddr,
    /// The host's credential, where the gateway wrote one.
    pub(super) host_token: Option<PathBuf>,
}

/// What it is given beside what it comes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variant {
    /// Nothing.
    Plain,
    /// A thousand policies.
    Policies,
    /// A credential for its servers, chosen by rule, and kept after the first call.
    Credential,
}

pub(super) fn start(
    name: &str,
    binary: &Path,
    dir: &Path,
    upstream: SocketAddr,
    variant: Variant,
) -> Result<Gateway, String> {
    let (address, console) = (free_address()?, free_address()?);
    let dir = dir.join(name);
    let state = dir.join("state");
    let file = dir.join("doorward.toml");
    let mut text = configuration(address, console, upstream);
    fs::create_dir_all(&state).map_err(|error| format!("cannot make `{}`: {error}", state.display()))?;
    if variant == Variant::Credential {
        write(&dir.join("bench.secret"), "bench-0123456789-abcdefghijklmnopqrstuvwxyz")?;
        text = text.replace("effects =", "credentials = [{ use = \"bench\" }]\neffects =");
        text.push_str("\n[[credential]]\nname = \"bench\"\nkind = \"static\"\nsecret = { file = \"bench.secret\" }\n");
    }
    if variant == Variant::Policies {
        text.push_str("\n[policy]\nfiles = [\"bench.cedar\"]\n");
        write(&dir.join("bench.cedar"), &thousand())?;
    }
    write(&file, &text)?;
    let mut command = leashed(binary);
    command.arg("run").arg("-c").arg(&file).env("DOORWARD_STATE", &state).current_dir(&dir);
    // Its memory is weighed, which a process that is not dumpable shows to root alone.
    command.env("DOORWARD_CORE", "1");
    let mut process = Process::start(name, command, &dir)?;
    process.wait_for(address)?;
    let token = state.join("host.token");
    Ok(Gateway { process, address, host_token: token.is_file().then_some(token) })
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("cannot write `{}`: {error}", path.display()))
}

fn configuration(address: SocketAddr, console: SocketAddr, upstream: SocketAddr) -> String {
    let mut text = format!(
        r#"level = "guard"

[listen]
mcp     = "{address}"
console = "{console}"

[store]
url = "sqlite"

[limits]
sessions = 50000

# More than any machine does in a second, and counted like any other.
[[quota]]
of     = "conversation"
calls  = 1_000_000_000
tokens = 1_000_000_000_000
within = "1s"

[[quota]]
of     = "pair"
calls  = 1_000_000_000
tokens = 1_000_000_000_000
within = "1s"
"#
    );
    for era in [Era::Sessions, Era::Stateless] {
        let name = era.server();
        // Writing to a `String` cannot fail.
        let _ = write!(
            text,
            r#"
[[server]]
name    = "{name}"
url     = "http://{upstream}/mcp/{name}"
effects = {{ record = "update" }}
"#
        );
    }
    text
}

/// A thousand policies as a large deployment has them: five for each of its teams, filed under what they are about, and
/// five that are evaluated for every call. None applies to the calls that are measured.
fn thousand() -> String {
    const TEAM: &str = include_str!("../../../crates/benches/policies/team.cedar");
    const EVERYBODY: &str = include_str!("../../../crates/benches/policies/everybody.cedar");
    let teams = (0..TEAMS).map(|number| TEAM.replace("TEAM", &number.to_string()));
    teams.chain([EVERYBODY.to_owned()]).collect()
}
