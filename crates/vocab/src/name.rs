use serde::{Deserialize, Serialize};
use std::{borrow::Borrow, fmt, str::FromStr, sync::Arc};

/// The name of an upstream MCP server, chosen by the operator.
///
/// Lower-case letters, digits, `-` and single `_`, 1 to 32 characters, first and last a letter or digit. It never
/// holds `__`, so `server__tool` splits at the first `__` in one way only: names behind one endpoint are injective.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ServerName(Arc<str>);

/// Why a text is not a server name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a server name: use 1 to 32 of a-z, 0-9, `-` and single `_`, beginning and ending with a letter or digit"
)]
pub struct NameError(String);

impl ServerName {
    /// What stands between server and tool in a joined name.
    pub const SEPARATOR: &'static str = "__";

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// The name of `tool` of this server behind the endpoint of all servers.
    pub fn join(&self, tool: &str) -> String {
        format!("{}{}{tool}", self.0, Self::SEPARATOR)
    }
    /// The server's part and the tool's part of a joined name.
    pub fn split(joined: &str) -> Option<(&str, &str)> {
        joined.split_once(Self::SEPARATOR)
    }
}

impl FromStr for ServerName {
    type Err = NameError;
    fn from_str(s: &str) -> Result<Self, NameError> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let good = (1..=32).contains(&s.len())
            && s.chars().all(|c| plain(c) || c == '-' || c == '_')
            && s.starts_with(plain)
            && s.ends_with(plain)
            && !s.contains(Self::SEPARATOR);
        if good { Ok(Self(s.into())) } else { Err(NameError(s.to_owned())) }
    }
}

impl TryFrom<String> for ServerName {
    type Error = NameError;
    fn try_from(s: String) -> Result<Self, NameError> {
        s.parse()
    }
}

impl From<ServerName> for String {
    fn from(n: ServerName) -> String {
        n.0.as_ref().to_owned()
    }
}

impl Borrow<str> for ServerName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::ServerName;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn joined_names_split_in_one_way(server in "[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?(_[a-z0-9]{1,4}){0,3}", tool in "[A-Za-z0-9_.-]{1,20}") {
            let server: ServerName = server.parse().unwrap();
            let joined = server.join(&tool);
            prop_assert_eq!(ServerName::split(&joined), Some((server.as_str(), tool.as_str())));
        }
    }

    #[test]
    fn bad_names() {
        for bad in ["", "Files", "a__b", "_a", "a_", "-a", "a b", "a/b", &"x".repeat(33)] {
            assert!(bad.parse::<ServerName>().is_err(), "{bad}");
        }
    }
}
