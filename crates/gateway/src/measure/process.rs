//! What a process of this machine runs, read while it runs.

use super::{Digests, files::Files};
use doorward_identity::attest::{
    package::{Launch, Main, Part, Runtime},
    process::Process,
};
use doorward_transport::serve::PeerProcess;
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

/// The most parents that are told.
const PARENTS: usize = 8;

/// Reads what `peer` runs. What is read under its number is its own, as it still runs afterwards.
///
/// # Errors
/// It cannot be read, or has ended.
pub(crate) fn process(peer: &PeerProcess, digests: &dyn Digests) -> io::Result<Process> {
    let folder = PathBuf::from(format!("/proc/{}", peer.pid));
    let files = Files::new(digests);
    // proc_pid_exe(5): opened as the file that runs, also where it was deleted or replaced since.
    let file = File::open(folder.join("exe"))?;
    let named = fs::read_link(folder.join("exe"))?;
    let program = Part { sha256: files.digest_of(&named, &file)?, path: named.to_string_lossy().into_owned() };
    let words = fs::read(folder.join("cmdline"))?;
    let words: Vec<String> =
        words.split(|b| *b == 0).skip(1).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    let launch = Launch::read(&program.path, &words);
    let script = match launch.main {
        Main::File(script) => {
            // From inside of it: a path of its own root and folder.
            let place = match Path::new(&script).strip_prefix("/") {
                Ok(inner) => folder.join("root").join(inner),
                Err(_) => folder.join("cwd").join(&script),
            };
            let file = File::open(&place)?;
            Some(Part { sha256: files.digest_of(&place, &file)?, path: script })
        }
        _ => None,
    };
    let parents = parents(peer.pid);
    if !peer.is_alive() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the process has ended"));
    }
    let interprets = launch.runtime != Runtime::Native;
    Ok(Process { uid: peer.uid, user: None, program, script, interprets, parents })
}

/// The names of those that started it, nearest first.
fn parents(pid: u32) -> Vec<String> {
    let mut all = Vec::new();
    let mut pid = parent(pid);
    while let Some(at) = pid.filter(|at| *at > 0 && all.len() < PARENTS) {
        let Ok(name) = fs::read_to_string(format!("/proc/{at}/comm")) else { break };
        all.push(name.trim_end().to_owned());
        pid = parent(at);
    }
    all
}

/// proc_pid_stat(5): the fourth field, after the name in brackets, which may hold anything.
fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
