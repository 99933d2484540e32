use super::{
    Running, Serve, ServeSettings, connection,
    listener::{Phase, Shared, shared},
};
use nix::sys::socket::{getsockopt, sockopt};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    net::sockopt::socket_peercred,
};
use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    os::{
        fd::OwnedFd,
        unix::{fs::PermissionsExt as _, net as std_unix},
    },
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{UnixListener, UnixStream},
    sync::Semaphore,
    time::sleep,
};

/// A process of this machine that connected, as the kernel names it (unix(7), `SO_PEERCRED` and `SO_PEERPIDFD`): the one
/// that called `connect`, whoever it gave the connection to since.
#[derive(Debug)]
pub struct PeerProcess {
    /// Its number.
    pub pid: u32,
    /// The user that it ran as when it connected.
    pub uid: u32,
    handle: OwnedFd,
}

impl PeerProcess {
    fn of(socket: &UnixStream) -> io::Result<Self> {
        let seen = socket_peercred(socket)?;
        let handle = getsockopt(socket, sockopt::PeerPidfd)?;
        let pid = u32::try_from(seen.pid.as_raw_nonzero().get()).map_err(io::Error::other)?;
        let process = Self { pid, uid: seen.uid.as_raw(), handle };
        // The number could have passed on to another process in between.
        process.is_alive().then_some(process).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    /// Whether it still runs. While it does, its number is no other's: ask after what was read under that number.
    pub fn is_alive(&self) -> bool {
        let mut watched = [PollFd::new(&self.handle, PollFlags::IN)];
        // pidfd_open(2): it becomes readable when the process ends.
        matches!(poll(&mut watched, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })), Ok(0))
    }
}

/// A listening socket of the file system that does not accept yet.
#[derive(Debug)]
pub struct BoundUnix {
    listener: UnixListener,
    path: PathBuf,
}

impl BoundUnix {
    /// Binds `path`, for this user alone. A socket that nobody listens on any more is replaced. Needs a tokio runtime.
    ///
    /// # Errors
    /// Somebody listens there, or the folder is not ours to write.
    pub fn bind(path: &Path) -> io::Result<Self> {
        if std_unix::UnixStream::connect(path).is_ok() {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        // Made under another name, so that nobody can connect before its mode is set.
        let made = path.with_extension(format!("{}.new", std::process::id()));
        let _ = fs::remove_file(&made);
        let listener = std_unix::UnixListener::bind(&made)?;
        let finish = || {
            fs::set_permissions(&made, fs::Permissions::from_mode(0o600))?;
            fs::rename(&made, path)?;
            listener.set_nonblocking(true)
        };
        finish().inspect_err(|_| drop(fs::remove_file(&made)))?;
        Ok(Self { listener: UnixListener::from_std(listener)?, path: path.to_owned() })
    }

    /// Begins to accept: HTTP/1.1 in the clear.
    pub fn serve<S: Serve>(self, service: Arc<S>, settings: ServeSettings) -> Running {
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (shared, running, slots) = shared(service, settings, None, here);
        tokio::spawn(accept(self, shared, slots));
        running
    }
}

impl Drop for BoundUnix {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

async fn accept<S: Serve>(bound: BoundUnix, shared: Arc<Shared<S>>, slots: Arc<Semaphore>) {
    let mut phase = shared.phase.subscribe();
    loop {
        let accepted = tokio::select! {
            accepted = bound.listener.accept() => accepted,
            _ = phase.wait_for(|p| *p > Phase::Running) => return,
        };
        match accepted {
            Ok((socket, _)) => match (slots.clone().try_acquire_owned(), PeerProcess::of(&socket)) {
                (Ok(slot), Ok(process)) => {
                    let shared = shared.clone();
                    tokio::spawn(async move {
                        connection::local(socket, process, shared).await;
                        drop(slot);
                    });
                }
                (_, Err(error)) => tracing::debug!(%error, "a process that connected cannot be known"),
                (Err(_), _) => {}
            },
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
}
