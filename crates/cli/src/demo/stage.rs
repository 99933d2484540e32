//! What the demo is played on: a folder of its own, the demo's servers, and a gateway as `doorward run` makes it, from
//! a configuration and policies on disk.

use super::servers::{self, Door, PARTS, Reach, When};
use crate::{Failure, console, verbs::serve};
use doorward_config::Settings;
use doorward_gateway::{Gateway, console::ConsoleDoor, http::McpDoor};
use doorward_store::{IndexThread, PinState, Pins as _, State, SystemClock};
use doorward_transport::{
    guard::{Guard, GuardSettings},
    serve::{Bound, Running, ServeSettings},
};
use doorward_vocab::{Clock as _, Level};
use serde_json::Value;
use std::{
    fmt::Write as _,
    fs, io,
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// The policies of the demo's operator, beside those of the level.
const POLICY: &str = include_str!("demo.cedar");
/// The credential that the gateway holds for the server `crm`; nobody else knows it.
pub(super) const SECRET: &str = "demo-credential-5b1f0c8ae94d42d7";

/// Everything that runs.
pub(super) struct Stage {
    pub(super) gateway: Arc<Gateway>,
    pub(super) level: Level,
    mcp: Running,
    console: Running,
    index: IndexThread,
    doors: Vec<(&'static str, Door)>,
    folder: Folder,
}

impl Stage {
    /// Starts the demo's servers and the gateway.
    pub(super) fn set(level: Level) -> Result<Self, Failure> {
        let folder = Folder::make()?;
        let mut doors = Vec::new();
        for part in PARTS.iter().filter(|p| p.reach == Reach::Web) {
            doors.push((part.name, servers::start_web(part, folder.seen(part.name))?));
        }
        folder.write("crm.secret", SECRET)?;
        folder.write("demo.cedar", POLICY)?;
        folder.write("doorward.toml", &configuration(level, &folder, &doors, &[])?)?;
        let settings = Settings::load(&folder.path("doorward.toml"))?.settings;
        serve::log(&settings.log);

        let bind = |address| Bound::bind(address).map_err(|e| Failure::Broken(e.to_string()));
        let (mcp, console) = (bind(settings.listen.mcp)?, bind(settings.listen.console)?);
        let gateway = serve::open(&folder.state(), settings, mcp.address())?.gateway;
        let guard = Guard::new(&GuardSettings {
            listen: console.address(),
            public_url: None,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            max_target: 8 << 10,
        })
        .map_err(|e| Failure::Broken(e.to_string()))?;
        let serving = ServeSettings::default();
        let mcp = mcp.serve(McpDoor::new(gateway.clone()), serving.clone(), None);
        let file = Some(folder.path("doorward.toml"));
        let opened = console::open(&gateway, &folder.state(), file, console.address())?;
        let health = ConsoleDoor::new(gateway.clone(), guard.clone());
        let console = console.serve(console::Console::new(health, opened.admin, guard), serving, None);
        Ok(Self { gateway, level, mcp, console, index: opened.index, doors, folder })
    }

    /// The operator adds servers: the file changes, and the gateway reads it again.
    pub(super) fn install(&self, names: &[String]) -> Result<(), Failure> {
        let path = self.folder.path("doorward.toml");
        self.folder.write("doorward.toml", &configuration(self.level, &self.folder, &self.doors, names)?)?;
        let settings = Settings::load(&path)?.settings;
        self.gateway.reload(settings, "demo").map_err(|e| Failure::Broken(serve::explain(&e)))
    }

    /// The operator approves every definition that waits; how many there were.
    pub(super) fn approve(&self) -> Result<usize, Failure> {
        let broken = |e: &dyn std::fmt::Display| Failure::Broken(e.to_string());
        let state = State::open(&self.folder.state()).map_err(|e| broken(&e))?;
        let mut pins = state.list(None).map_err(|e| broken(&e))?;
        pins.retain(|p| p.state == PinState::Pending);
        for pin in &pins {
            let Some(digest) = pin.pending_digest() else { continue };
            state.approve(&pin.key, digest, "the demo", SystemClock.now()).map_err(|e| broken(&e))?;
        }
        Ok(pins.len())
    }

    /// How many calls a server of the demo really got.
    pub(super) fn calls(&self, server: &str) -> usize {
        let text = fs::read_to_string(self.folder.seen(server)).unwrap_or_default();
        let is_call = |line: &&str| {
            serde_json::from_str::<Value>(line).is_ok_and(|m| m.get("method").is_some_and(|m| m == "tools/call"))
        };
        text.lines().filter(is_call).count()
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.mcp.address()
    }
    pub(super) fn console(&self) -> SocketAddr {
        self.console.address()
    }
    pub(super) fn state(&self) -> PathBuf {
        self.folder.state()
    }
    pub(super) fn host_token(&self) -> Result<String, Failure> {
        doorward_store::host_token(&self.folder.state()).map_err(|e| Failure::Broken(e.to_string()))
    }

    /// Ends everything but the folder, which is there until the value that is given back is dropped.
    pub(super) async fn close(self) -> Folder {
        let Self { gateway, mcp, console, index, doors, folder, .. } = self;
        let soon = Duration::from_millis(200);
        let _ = tokio::join!(mcp.drain(soon), console.drain(soon));
        drop(index);
        gateway.stop("the demo is over").await;
        drop(doors);
        folder
    }
}

/// `doorward.toml` with the servers of the morning and those of `more`.
fn configuration(
    level: Level,
    folder: &Folder,
    doors: &[(&'static str, Door)],
    more: &[String],
) -> Result<String, Failure> {
    let quote = |text: &str| Value::from(text).to_string();
    let program = std::env::current_exe().map_err(|e| Failure::Broken(format!("cannot find this program: {e}")))?;
    let mut text = format!(
        "level = \"{level}\"\n\n[listen]\nmcp = \"127.0.0.1:0\"\nconsole = \"127.0.0.1:0\"\n\n\
         [log]\nfilter = \"off\"\n\n[policy]\nfiles = [\"demo.cedar\"]\n\n\
         [[credential]]\nname = \"crm\"\nkind = \"static\"\nsecret = {{ file = {} }}\n",
        quote(&folder.path("crm.secret").display().to_string())
    );
    for part in PARTS.iter().filter(|p| p.when == When::Morning || more.iter().any(|m| m == p.name)) {
        let _ = write!(text, "\n[[server]]\nname = \"{}\"\n", part.name);
        // What the demo's operator lets it ask in one conversation.
        if part.name == "support" {
            text.push_str("asks = 20\n");
        }
        let url = doors.iter().find(|(name, _)| *name == part.name).map(|(_, door)| door.url());
        let _ = match url {
            Some(url) => writeln!(text, "url = \"{url}\""),
            None => {
                let seen = folder.seen(part.name).display().to_string();
                let words = [&program.display().to_string(), "demo", "--server", part.name, "--seen", &seen];
                let words: Vec<String> = words.iter().map(|w| quote(w)).collect();
                writeln!(text, "command = [{}]", words.join(", "))
            }
        };
        if part.name == "crm" {
            text.push_str("credential = \"crm\"\n");
        }
    }
    Ok(text)
}

/// A folder that only its owner may enter, and that goes away with the value.
pub(super) struct Folder(PathBuf);

impl Folder {
    fn make() -> Result<Self, Failure> {
        let stamp = SystemClock.now().micros();
        let path = std::env::temp_dir().join(format!("doorward-demo-{}-{stamp}", std::process::id()));
        let made = fs::DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|e| Failure::file("create", &path, &e))?;
        Ok(Self(path))
    }
    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
    fn seen(&self, server: &str) -> PathBuf {
        self.0.join(format!("{server}.seen"))
    }
    pub(super) fn state(&self) -> PathBuf {
        self.0.join("state")
    }
    fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        let path = self.path(name);
        write_private(&path, text).map_err(|e| Failure::file("write", &path, &e))
    }
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    io::Write::write_all(&mut file, text.as_bytes())
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is in the system's folder for such things.
        let _ = fs::remove_dir_all(&self.0);
    }
}
