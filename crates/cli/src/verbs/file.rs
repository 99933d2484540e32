use crate::Failure;
use doorward_config::{Known, Loaded, Settings, Source, paths};
use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

/// The file of configuration that a verb works on.
#[derive(clap::Args)]
pub(crate) struct ConfigFile {
    /// The configuration [default: ./doorward.toml, else $XDG_CONFIG_HOME/doorward/doorward.toml]
    #[arg(short = 'c', long = "config", value_name = "FILE")]
    named: Option<PathBuf>,
}

impl ConfigFile {
    /// The file that is there, or that the operator named.
    pub(crate) fn existing(&self) -> Option<PathBuf> {
        self.named.clone().or_else(paths::default_file)
    }

    /// The file to write: one that is there, else `./doorward.toml`.
    pub(crate) fn writable(&self) -> PathBuf {
        self.existing().unwrap_or_else(|| PathBuf::from(paths::FILE_NAME))
    }

    /// The checked configuration with its file; the defaults where there is none.
    pub(crate) fn load(&self) -> Result<(Option<PathBuf>, Loaded), Failure> {
        let path = self.existing();
        let loaded = match &path {
            Some(path) => Settings::load_with(path, &known())?,
            None => Settings::parse(paths::FILE_NAME, "", &known())?,
        };
        Ok((path, loaded))
    }
}

/// What other rooms know and the configuration may name.
pub(crate) fn known() -> Known {
    Known { detectors: Some(doorward_detect::DETECTORS.iter().map(|d| d.name()).collect()) }
}

/// The text of `path`; empty where there is no such file.
pub(crate) fn text(path: &Path) -> Result<String, Failure> {
    if path.exists() { Ok(Source::read(path)?.text) } else { Ok(String::new()) }
}

/// Puts `text` in the place of `path` in one step: a reader sees the old file or the new one. Links are followed and
/// the mode stays.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let write = || -> io::Result<()> {
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.new", std::process::id()));
        let new = target.with_file_name(name);
        let mut file = fs::File::create_new(&new)?;
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        let moded = written.and_then(|()| match fs::metadata(&target) {
            Ok(old) => fs::set_permissions(&new, old.permissions()),
            Err(_) => Ok(()),
        });
        moded.and_then(|()| fs::rename(&new, &target)).inspect_err(|_| drop(fs::remove_file(&new)))
    };
    write().map_err(|e| Failure::file("write", path, &e))
}
