use std::{env, path::PathBuf};

/// The name of the file of configuration.
pub const FILE_NAME: &str = "doorward.toml";

/// The file of configuration that is used when none is named: `./doorward.toml`, else the one in the folder of the
/// user's configuration; none where neither is there.
pub fn default_file() -> Option<PathBuf> {
    let here = PathBuf::from(FILE_NAME);
    if here.is_file() {
        return Some(here);
    }
    let home = absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")))?;
    Some(home.join("doorward").join(FILE_NAME)).filter(|path| path.is_file())
}

/// A variable that names a folder; relative ones are ignored, as the XDG base directory specification asks.
fn absolute(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute())
}
