use super::{ConfigFile, file, serve};
use crate::{Done, Failure, Out, console};
use doorward_config::Settings;
use doorward_export::tell::{Around, Exports};
use doorward_gateway::{Gateway, console::ConsoleDoor, http::McpDoor};
use doorward_store::SystemClock;
use doorward_transport::{
    guard::{Guard, GuardSettings},
    serve::{Asking, Bound, BoundUnix, ServeSettings, TlsFiles, TlsSlot},
};
use doorward_vocab::Digest;
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// Run the gateway
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigFile,
}

pub(crate) fn run(args: Args, out: &Out) -> Done {
    let resumed = crate::process::resume();
    let (path, loaded) = args.config.load()?;
    serve::log(&loaded.settings.log);
    crate::process::prepare(resumed, &loaded.variables);
    out.warn(&loaded.warnings);
    serve::runtime()?.block_on(gateway(path, loaded.settings, out))
}

async fn gateway(path: Option<PathBuf>, settings: Settings, out: &Out) -> Done {
    let listen = settings.listen.clone();
    let limits = settings.limits.clone();
    let public_url = settings.public_url.clone();
    let bind = |address| {
        Bound::bind(address)
            .map_err(|e| Failure::Broken(format!("{e}; another gateway may run, or choose other ports under [listen]")))
    };
    let (mcp, console) = (bind(listen.mcp)?, bind(listen.console)?);
    let tls = match &listen.tls {
        None => None,
        Some(files) => {
            let clients = if settings.asks_for_certificates() { Asking::ForCertificate } else { Asking::No };
            let files = TlsFiles { certificate: files.cert.clone(), key: files.key.clone(), clients };
            Some(Arc::new(TlsSlot::load(&files).map_err(|e| Failure::Broken(e.to_string()))?))
        }
    };
    let socket = match &listen.socket {
        Some(path) => Some(
            BoundUnix::bind(path)
                .map_err(|e| Failure::Broken(format!("cannot listen at `{}`: {e}", path.display())))?,
        ),
        None => None,
    };
    let state = serve::state()?;
    let opened = serve::open(&state, settings, mcp.address())?;
    let gateway = opened.gateway;
    let serving = ServeSettings {
        max_connections: limits.connections,
        header_read: limits.header_timeout,
        first_request: limits.header_timeout,
        idle: limits.idle_timeout,
        ..ServeSettings::default()
    };
    let guard = Guard::new(&GuardSettings {
        listen: console.address(),
        public_url: gateway.settings().console.public_url,
        allowed_hosts: Vec::new(),
        allowed_origins: Vec::new(),
        max_target: 8 << 10,
    })
    .map_err(|e| Failure::Broken(e.to_string()))?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let base = public_url
        .map_or_else(|| format!("{scheme}://{}", mcp.address()), |u| u.as_str().trim_end_matches('/').to_owned());
    let mut signals = serve::Signals::listen()?;
    let hosts = hosts(mcp.address(), tls.is_some(), listen.socket.as_deref());
    doorward_store::tell_hosts(&state, hosts.as_deref()).map_err(|e| Failure::Broken(e.to_string()))?;
    let opened = console::open(&gateway, &state, path.clone(), console.address())?;
    console::tell(&state, Some(console.address()));
    let link = console::link(&state, console.address())?;
    tell(out, &gateway, &base, (console.address(), link.as_deref()), &state);
    let socket = socket.map(|socket| socket.serve(McpDoor::new(gateway.clone()), serving.clone()));
    let mcp = mcp.serve(McpDoor::new(gateway.clone()), serving.clone(), tls);
    let health = ConsoleDoor::new(gateway.clone(), guard.clone());
    let console = console.serve(console::Console::new(health, opened.admin, guard), serving, None);

    let exports = exports(&gateway, &state);
    let _watch = path.as_ref().map(|path| watch(path.clone(), gateway.clone()));
    let sweeper = tokio::spawn({
        let (gateway, exports) = (gateway.clone(), exports.clone());
        async move {
            let mut now_and_then = tokio::time::interval(Duration::from_secs(15));
            let mut often = tokio::time::interval(Duration::from_secs(3));
            loop {
                tokio::select! {
                    _ = now_and_then.tick() => {
                        gateway.sweep().await;
                        follow(&exports, &gateway).await;
                    }
                    _ = often.tick() => gateway.keep_conversations().await,
                }
            }
        }
    });
    let reason = signals.asked_to_stop(|| reload(path.as_deref(), &gateway, "SIGHUP")).await;
    tracing::info!("{reason}: letting what runs finish");
    if let Err(error) = doorward_store::tell_hosts(&state, None) {
        tracing::warn!("hosts will look for a gateway that is gone: {error}");
    }
    let local = async {
        match socket {
            Some(socket) => socket.drain(limits.drain_timeout).await.cut,
            None => 0,
        }
    };
    let (first, second, third) =
        tokio::join!(mcp.drain(limits.drain_timeout), console.drain(limits.drain_timeout), local);
    let cut = first.cut + second.cut + third;
    if cut > 0 {
        tracing::warn!("cut {cut} connections that did not finish");
    }
    sweeper.abort();
    console::tell(&state, None);
    drop(opened.index);
    gateway.stop(reason).await;
    // What they were not told yet is told when the gateway runs again.
    let _ = tokio::task::spawn_blocking(move || exports.stop()).await;
    Ok(())
}

/// Those who are told what is recorded; none yet.
fn exports(gateway: &Arc<Gateway>, state: &Path) -> Arc<Exports> {
    let recorded = Arc::downgrade(gateway);
    let exports = Arc::new(Exports::new(Around {
        trail: state.join("trail"),
        state: state.to_owned(),
        runtime: tokio::runtime::Handle::current(),
        clock: Arc::new(SystemClock),
        size: Arc::new(move || recorded.upgrade().map_or(0, |gateway| gateway.records())),
    }));
    gateway.show_also(Box::new(exports.shown().clone()));
    exports
}

/// Tells those whom the configuration in force names. One that is wrong is said once a quarter of a minute, and stops nothing.
async fn follow(exports: &Arc<Exports>, gateway: &Gateway) {
    let (exports, wanted) = (exports.clone(), gateway.settings().exports);
    match tokio::task::spawn_blocking(move || exports.run(&wanted)).await {
        Ok(Err(error)) => tracing::error!("{error}"),
        Ok(Ok(())) => {}
        Err(error) => tracing::error!("exports do not follow the configuration: {error}"),
    }
}

/// Where `doorward hook` reaches this gateway: over plain HTTP of this machine, else over the socket of the file system.
fn hosts(mcp: SocketAddr, tls: bool, socket: Option<&Path>) -> Option<String> {
    let here = match mcp.ip() {
        ip if ip.is_loopback() => Some(mcp),
        ip if ip.is_unspecified() => Some((Ipv4Addr::LOCALHOST, mcp.port()).into()),
        _ => None,
    };
    let named = |path: PathBuf| format!("unix:{} localhost:{}", path.display(), mcp.port());
    let socket = || socket.and_then(|path| std::path::absolute(path).ok()).map(named);
    here.filter(|_| !tls).map(|address| format!("http://{address}")).or_else(socket)
}

fn tell(out: &Out, gateway: &Gateway, base: &str, (console, link): (SocketAddr, Option<&str>), state: &Path) {
    let settings = gateway.settings();
    if out.is_json() {
        out.record(
            &serde_json::json!({ "mcp": format!("{base}/mcp"), "console": format!("http://{console}"), "sign_in": link, "state": state,
            "level": settings.level, "servers": settings.servers.iter().map(|s| s.name.as_str()).collect::<Vec<_>>() }),
        );
        return;
    }
    out.say(format!("{} at level {}, state in {}", out.strong("doorward"), settings.level, state.display()));
    out.say(format!("  all servers  {base}/mcp"));
    for server in &settings.servers {
        out.say(format!("  {:<12} {base}/mcp/{}", server.name.as_str(), server.name));
    }
    if settings.servers.is_empty() {
        out.say("  no servers yet: doorward add NAME -- COMMAND …, or doorward add NAME URL");
    }
    match link {
        Some(link) => {
            out.say(format!("  console      {link}"));
            out.say(out.faint("               good once; another: doorward console"));
        }
        None => out.say(format!("  console      http://{console}")),
    }
}

/// Reads the file again; mistakes keep the old configuration in force.
fn reload(path: Option<&Path>, gateway: &Gateway, by: &str) {
    let Some(path) = path else { return };
    match Settings::load_with(path, &file::known()) {
        Ok(loaded) => {
            if let Err(error) = gateway.reload(loaded.settings, by) {
                tracing::error!("the old configuration stays in force: {}", serve::explain(&error));
            }
        }
        Err(report) => {
            tracing::error!("the old configuration stays in force:\n{}", report.render(doorward_config::Paint::Plain))
        }
    }
}

/// Watches the folders of the file and its policies: editors and mounted configuration replace files rather than write
/// them. A folder may be busy with other things, so what counts is whether the text of these files changed.
fn watch(path: PathBuf, gateway: Arc<Gateway>) -> Option<notify::RecommendedWatcher> {
    use notify::Watcher as _;
    let (changed, mut changes) = tokio::sync::mpsc::channel::<()>(1);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|e| !e.kind.is_access()) {
            let _ = changed.try_send(());
        }
    })
    .ok()?;
    let folder = |file: &PathBuf| file.parent().filter(|p| !p.as_os_str().is_empty()).map_or(".".into(), PathBuf::from);
    let mut folders: Vec<PathBuf> = gateway.settings().policy.files.iter().map(folder).collect();
    folders.push(folder(&path));
    folders.sort();
    folders.dedup();
    for folder in folders {
        if let Err(error) = watcher.watch(&folder, notify::RecursiveMode::NonRecursive) {
            tracing::warn!("changes in `{}` are not seen: {error}", folder.display());
        }
    }
    tokio::spawn(async move {
        let mut known = texts(&path, &gateway);
        while changes.recv().await.is_some() {
            // Several events make one change.
            tokio::time::sleep(Duration::from_millis(200)).await;
            while changes.try_recv().is_ok() {}
            let now = texts(&path, &gateway);
            if now != known {
                reload(Some(&path), &gateway, "file");
                known = texts(&path, &gateway);
            }
        }
    });
    Some(watcher)
}

/// Digests of the file and of the policy files that it names; a file that appears or goes is a change too.
fn texts(path: &Path, gateway: &Gateway) -> Vec<(PathBuf, Option<Digest>)> {
    let settings = gateway.settings();
    let folder = path.parent().unwrap_or(Path::new(""));
    let named = settings.policy.patterns.iter().filter_map(|p| doorward_config::expand(folder, p).ok());
    let files = named.flatten().chain(std::iter::once(path.to_owned()));
    files.map(|f| (f.clone(), std::fs::read(&f).ok().map(|t| Digest::of(&t)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_of_a_way_that_takes_their_credential() {
        let socket = Some(Path::new("/run/d.sock"));
        for (mcp, tls, socket, expected) in [
            ("127.0.0.1:8787", false, socket, Some("http://127.0.0.1:8787")),
            ("[::1]:8787", false, None, Some("http://[::1]:8787")),
            ("0.0.0.0:8787", false, None, Some("http://127.0.0.1:8787")),
            ("127.0.0.1:8787", true, socket, Some("unix:/run/d.sock localhost:8787")),
            ("10.0.0.7:8787", false, socket, Some("unix:/run/d.sock localhost:8787")),
            ("127.0.0.1:8787", true, None, None),
            ("10.0.0.7:8787", false, None, None),
        ] {
            assert_eq!(hosts(mcp.parse().unwrap(), tls, socket).as_deref(), expected, "{mcp} {tls} {socket:?}");
        }
    }
}
