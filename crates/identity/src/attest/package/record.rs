use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use doorward_vocab::Digest;

/// A file of a Python package, as its installer recorded it (packaging specification, "Recording installed projects").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Relative to the folder that the package was installed into.
    pub path: String,
    /// Its digest, where it is recorded and SHA-256.
    pub sha256: Option<Digest>,
}

/// The lines of a `RECORD`: `path,sha256=base64url,size`. Lines that are none are left out.
pub fn record(text: &str) -> impl Iterator<Item = Recorded> + '_ {
    text.lines().filter_map(|line| {
        let (path, rest) = match line.strip_prefix('"') {
            // CSV: a quote inside of quotes is doubled.
            Some(quoted) => {
                let end = closing(quoted)?;
                (quoted.get(..end)?.replace("\"\"", "\""), quoted.get(end + 1..)?.strip_prefix(',')?)
            }
            None => {
                let (path, rest) = line.split_once(',')?;
                (path.to_owned(), rest)
            }
        };
        let sha256 = rest.split(',').next().and_then(|hash| hash.strip_prefix("sha256=")).and_then(digest);
        (!path.is_empty()).then_some(Recorded { path, sha256 })
    })
}

fn closing(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, bytes.get(at + 1)) {
            (b'"', Some(b'"')) => at += 2,
            (b'"', _) => return Some(at),
            _ => at += 1,
        }
    }
    None
}

fn digest(text: &str) -> Option<Digest> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
    <[u8; 32]>::try_from(bytes).ok().map(Digest::from_bytes)
}

/// The name and version in the name of a `.dist-info` folder.
pub fn distribution(folder: &str) -> Option<(&str, &str)> {
    folder.strip_suffix(".dist-info")?.rsplit_once('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_installers_write() {
        let empty = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
        let text = format!(
            "mcp/__init__.py,sha256={empty},0\n\"a,\"\"b\"\".py\",sha256={empty}=,0\nmcp/RECORD,,\r\nbad\n,x,\n\"open\nx,md5=abc,1\n"
        );
        let read: Vec<_> = record(&text).map(|r| (r.path, r.sha256)).collect();
        let zero = Some(Digest::of(b""));
        let expected = [("mcp/__init__.py", zero), ("a,\"b\".py", zero), ("mcp/RECORD", None), ("x", None)];
        assert_eq!(read, expected.map(|(p, d)| (p.to_owned(), d)));
        assert_eq!(distribution("mcp_server-2.1.0.dist-info"), Some(("mcp_server", "2.1.0")));
        assert_eq!(distribution("mcp"), None);
    }
}
