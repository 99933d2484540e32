//! The device: one command out, one response back.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    os::unix::{fs::FileTypeExt, net::UnixStream},
    path::Path,
    time::Duration,
};
use zeroize::Zeroizing;

/// No response that is asked for here is longer.
const MOST: usize = 4096;
/// A TPM may take seconds to make a key.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) enum Device {
    /// The kernel takes a command in one write and gives its response in one read.
    Kernel(File),
    /// A TPM in software (`swtpm socket --server type=unixio`).
    Socket(UnixStream),
}

impl Device {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        if std::fs::metadata(path)?.file_type().is_socket() {
            let stream = UnixStream::connect(path)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            return Ok(Self::Socket(stream));
        }
        Ok(Self::Kernel(OpenOptions::new().read(true).write(true).open(path)?))
    }

    /// Sends `command` and gives the whole response. It may hold a key, so it is wiped.
    pub(super) fn exchange(&mut self, command: &[u8]) -> io::Result<Zeroizing<Vec<u8>>> {
        match self {
            Self::Kernel(file) => file.write_all(command)?,
            Self::Socket(stream) => stream.write_all(command)?,
        }
        let mut response = Zeroizing::new(vec![0; MOST]);
        let mut have = 0;
        loop {
            let room = response.get_mut(have..).unwrap_or_default();
            let read = match self {
                Self::Kernel(file) => file.read(room)?,
                Self::Socket(stream) => stream.read(room)?,
            };
            have += read;
            // TPM 2.0 part 1 §18.3: tag, size of the whole, code.
            let size = response.get(2..6).and_then(|s| s.first_chunk::<4>()).map_or(0, |s| u32::from_be_bytes(*s));
            let size = usize::try_from(size).unwrap_or(MOST);
            if have >= 10 && have >= size {
                response.truncate(size);
                return Ok(response);
            }
            if read == 0 || size > MOST {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "its response is cut or too long"));
            }
        }
    }
}
