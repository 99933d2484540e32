use aws_lc_rs::digest::{Context, SHA256};
use doorward_identity::attest::package::Part;
use doorward_vocab::Digest;
use std::{
    collections::HashSet,
    fmt::Write as _,
    fs::{self, File, Metadata},
    io::{self, Read as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// Remembers digests of what has not changed since: under what the file system says of it.
pub(crate) trait Digests: Send + Sync {
    /// What was kept under `key`.
    fn known(&self, key: &str) -> Option<String>;
    /// Keeps `value`.
    fn keep(&self, key: &str, value: &str);
}

/// What the file system says of a file. A change of its bytes changes `ctime`, which only the kernel sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(m: &Metadata) -> Self {
        let (modified, changed) = ((m.mtime(), m.mtime_nsec()), (m.ctime(), m.ctime_nsec()));
        Self { device: m.dev(), inode: m.ino(), size: m.size(), modified, changed }
    }
    fn key(&self) -> String {
        let Self { device, inode, size, modified, changed } = self;
        format!("{device}:{inode}:{size}:{}.{}:{}.{}", modified.0, modified.1, changed.0, changed.1)
    }
    /// Whether it is old enough that a later change would show: clocks of file systems tick.
    fn is_settled(&self, now: SystemTime) -> bool {
        let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let changed = Duration::from_secs(u64::try_from(self.changed.0).unwrap_or(u64::MAX));
        since.saturating_sub(changed) >= Duration::from_secs(2)
    }
}

/// A file of a tree.
#[derive(Debug)]
pub(super) struct Entry {
    /// From the root of the tree.
    pub(super) name: String,
    pub(super) path: PathBuf,
    stamp: Stamp,
}

/// What was looked at, to look again.
#[derive(Debug, Default)]
pub(super) struct Trees {
    files: Vec<(PathBuf, Stamp)>,
}

impl Trees {
    pub(super) fn are_unchanged(&self) -> bool {
        self.files.iter().all(|(path, stamp)| fs::metadata(path).is_ok_and(|m| Stamp::of(&m) == *stamp))
    }
}

/// Reads files, and remembers which.
pub(super) struct Files<'d> {
    digests: &'d dyn Digests,
    now: SystemTime,
    pub(super) trees: Trees,
}

/// The most files of one server.
const MOST: usize = 200_000;

impl<'d> Files<'d> {
    pub(super) fn new(digests: &'d dyn Digests) -> Self {
        Self { digests, now: SystemTime::now(), trees: Trees::default() }
    }

    /// A file that is loaded by its name.
    pub(super) fn part(&mut self, path: &Path) -> io::Result<Part> {
        let path = fs::canonicalize(path).map_err(|e| named(path, &e))?;
        let file = File::open(&path).map_err(|e| named(&path, &e))?;
        self.held(&path, &file)
    }

    /// A file that is open already, and stays so.
    pub(super) fn held(&mut self, path: &Path, file: &File) -> io::Result<Part> {
        let (sha256, stamp) = self.digest(path, file)?;
        let path = fs::canonicalize(path).map_err(|e| named(path, &e))?;
        self.trees.files.push((path.clone(), stamp));
        Ok(Part { path: path.to_string_lossy().into_owned(), sha256 })
    }

    /// The digest of an open file.
    pub(super) fn digest_of(&self, path: &Path, file: &File) -> io::Result<Digest> {
        Ok(self.digest(path, file)?.0)
    }

    fn digest(&self, path: &Path, file: &File) -> io::Result<(Digest, Stamp)> {
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(io::Error::other(format!("`{}` is not a file", path.display())));
        }
        let stamp = Stamp::of(&meta);
        let settled = stamp.is_settled(self.now);
        if settled && let Some(known) = self.digests.known(&stamp.key()).and_then(|d| d.parse().ok()) {
            return Ok((known, stamp));
        }
        let digest = hash(file).map_err(|e| named(path, &e))?;
        if Stamp::of(&file.metadata()?) != stamp {
            return Err(io::Error::other(format!("`{}` changes while it is read", path.display())));
        }
        if settled {
            self.digests.keep(&stamp.key(), &digest.to_string());
        }
        Ok((digest, stamp))
    }

    /// The files of code below `root`, in order; folders that `enter` refuses are left out. Links are followed: what they
    /// lead to is loaded too.
    pub(super) fn walk(
        &mut self,
        root: &Path,
        code: fn(&str) -> bool,
        enter: fn(&str) -> bool,
    ) -> io::Result<Vec<Entry>> {
        let mut found = Vec::new();
        let mut open = vec![root.to_owned()];
        let mut entered = HashSet::new();
        while let Some(folder) = open.pop() {
            for item in fs::read_dir(&folder).map_err(|e| named(&folder, &e))? {
                let item = item?;
                let name = item.file_name();
                let Some(plain) = name.to_str() else { continue };
                // A link that leads nowhere loads nothing.
                let Ok(meta) = fs::metadata(item.path()) else { continue };
                if meta.is_dir() && enter(plain) {
                    if entered.insert((meta.dev(), meta.ino())) {
                        open.push(item.path());
                    }
                } else if meta.is_file() && code(plain) {
                    let (path, stamp) = (item.path(), Stamp::of(&meta));
                    let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
                    found.push(Entry { name, path, stamp });
                }
                if self.trees.files.len() + found.len() > MOST {
                    return Err(io::Error::other(format!("`{}` has more than {MOST} files", root.display())));
                }
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        self.trees.files.extend(found.iter().map(|e| (e.path.clone(), e.stamp)));
        Ok(found)
    }

    /// What `make` makes of these files, which is a function of their bytes: remembered while nothing about them changes.
    pub(super) fn remembered(
        &self,
        what: &str,
        entries: &[Entry],
        make: impl FnOnce(&Self) -> io::Result<String>,
    ) -> io::Result<String> {
        let mut all = String::with_capacity(entries.len() * 96);
        for entry in entries {
            let _ = writeln!(all, "{} {}", entry.name, entry.stamp.key());
        }
        let key = format!("{what} {}", Digest::of(all.as_bytes()));
        let settled = entries.iter().all(|e| e.stamp.is_settled(self.now));
        if settled && let Some(known) = self.digests.known(&key) {
            return Ok(known);
        }
        let made = make(self)?;
        if settled {
            self.digests.keep(&key, &made);
        }
        Ok(made)
    }

    /// The digest of one file of a tree.
    pub(super) fn of(&self, entry: &Entry) -> io::Result<Digest> {
        let file = File::open(&entry.path).map_err(|e| named(&entry.path, &e))?;
        let (digest, stamp) = self.digest_anew(&entry.path, &file)?;
        if stamp != entry.stamp {
            return Err(io::Error::other(format!("`{}` changes while it is read", entry.path.display())));
        }
        Ok(digest)
    }

    /// Small files of trees are remembered as a tree, not one by one.
    fn digest_anew(&self, path: &Path, file: &File) -> io::Result<(Digest, Stamp)> {
        let digest = hash(file).map_err(|e| named(path, &e))?;
        Ok((digest, Stamp::of(&file.metadata()?)))
    }

    /// One digest over names and bytes.
    pub(super) fn tree<'e>(&self, entries: impl Iterator<Item = &'e Entry>) -> io::Result<Digest> {
        let mut all = String::new();
        for entry in entries {
            let _ = writeln!(all, "{} {}", self.of(entry)?, entry.name);
        }
        Ok(Digest::of(all.as_bytes()))
    }
}

fn hash(mut file: &File) -> io::Result<Digest> {
    let mut context = Context::new(&SHA256);
    let mut chunk = vec![0; 128 << 10];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => break,
            Ok(n) => context.update(chunk.get(..n).unwrap_or_default()),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    Ok(Digest::from_bytes(out))
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("`{}`: {error}", path.display()))
}
