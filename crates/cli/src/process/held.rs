//! A secret in the environment can be read in `/proc/PID/environ` for as long as the process lives: the system keeps what the
//! process began with. So the program reads it, puts it into a sealed file in memory, and starts itself again, in the same
//! process and with the same arguments, without it.

use doorward_seal::{Shielded, hand_over, take_over};
use doorward_vocab::Secret;
use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    ffi::OsString,
    io,
    os::{
        fd::AsRawFd,
        unix::{ffi::OsStringExt, process::CommandExt},
    },
    process::Command,
};
use zeroize::Zeroizing;

/// Says in which descriptor they are, and that the program was started again already.
const HELD: &str = "DOORWARD_HELD";
const SELF: &str = "/proc/self/exe";

/// Whether the program was started again already, and what came of it.
pub(crate) struct Resumed(Option<io::Result<()>>);

/// Takes what the program handed to itself, before anything asks for it.
pub(crate) fn resume() -> Resumed {
    let Ok(number) = env::var(HELD) else { return Resumed(None) };
    // Started by that name it would be called `exe`.
    let _ = rustix::thread::set_name(c"doorward");
    Resumed(Some(taken(&number).map(hold)))
}

/// Goes on without `variables` in the environment, and lets the configuration find them nevertheless.
pub(super) fn withdraw(resumed: Resumed, variables: &BTreeSet<String>) {
    let done = match resumed.0 {
        Some(done) => done,
        None if variables.iter().all(|name| env::var_os(name).is_none()) => {
            hold(BTreeMap::new());
            Ok(())
        }
        // Gives a reason, or nothing at all.
        None => Err(again(variables)),
    };
    if let Err(error) = done {
        tracing::warn!(
            "secrets of the environment stay in it, where other processes of this user can read them: {error}; \
             name files in the configuration instead"
        );
    }
}

fn hold(held: BTreeMap<String, Shielded>) {
    doorward_config::hold(move |name| {
        let value = held.get(name)?.reveal(|bytes| Secret::new(bytes.to_vec()));
        value.map_err(|error| tracing::error!("`{name}`: {error}")).ok()
    });
}

/// Starts the program again.
fn again(variables: &BTreeSet<String>) -> io::Error {
    let mut text = Zeroizing::new(Vec::with_capacity(64 << 10));
    for name in variables {
        if let Some(value) = env::var_os(name) {
            // Neither can hold a zero (environ(7)).
            for part in [name.as_bytes(), &Zeroizing::new(value.into_vec())] {
                text.extend_from_slice(part);
                text.push(0);
            }
        }
    }
    let file = match hand_over(&text) {
        Ok(file) => file,
        Err(error) => return error,
    };
    let mut words = env::args_os();
    let mut command = Command::new(SELF);
    command.arg0(words.next().unwrap_or_else(|| OsString::from("doorward"))).args(words);
    for name in variables {
        command.env_remove(name);
    }
    command.env(HELD, file.as_raw_fd().to_string()).exec()
}

/// What the program handed to itself.
fn taken(number: &str) -> io::Result<BTreeMap<String, Shielded>> {
    let number =
        number.parse().map_err(|_| io::Error::new(io::ErrorKind::InvalidData, format!("`{HELD}` is no number")))?;
    let text = take_over(number)?;
    let mut parts = text.split(|byte| *byte == 0);
    let mut held = BTreeMap::new();
    while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
        let name = String::from_utf8_lossy(name).into_owned();
        held.insert(name, Shielded::new(Secret::new(value.to_vec())).map_err(io::Error::other)?);
    }
    Ok(held)
}
