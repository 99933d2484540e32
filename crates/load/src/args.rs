//! `--name value` options; every option of this tool takes a value.

use std::collections::BTreeMap;
use std::str::FromStr;

/// The options of one run, by name without the dashes.
#[derive(Debug, Default)]
pub(crate) struct Args(BTreeMap<String, String>);

impl Args {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = BTreeMap::new();
        while let Some(word) = words.next() {
            let name = word.strip_prefix("--").ok_or_else(|| format!("`{word}` is not an option"))?;
            let value = words.next().ok_or_else(|| format!("`--{name}` needs a value"))?;
            options.insert(name.to_owned(), value);
        }
        Ok(Self(options))
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn required(&self, name: &str) -> Result<&str, String> {
        self.text(name).ok_or_else(|| format!("`--{name}` is required"))
    }

    pub(crate) fn number<N: FromStr>(&self, name: &str) -> Result<Option<N>, String> {
        self.text(name)
            .map(|text| text.parse().map_err(|_| format!("`--{name} {text}` is not a number in range")))
            .transpose()
    }

    /// `--until stdin` ends this process when its standard input closes, so that it never outlives whoever started it.
    pub(crate) fn obey_until(&self) -> Result<(), String> {
        match self.text("until") {
            None => Ok(()),
            Some("stdin") => {
                std::thread::spawn(|| {
                    let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
                    std::process::exit(0);
                });
                Ok(())
            }
            Some(other) => Err(format!("`--until {other}`: only `stdin` is known")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(line: &str) -> Result<Args, String> {
        Args::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn reads_pairs_and_refuses_the_rest() {
        let given = args("--connections 32 --target 127.0.0.1:1").unwrap();
        assert_eq!(given.number::<usize>("connections").unwrap(), Some(32));
        assert_eq!(given.number::<usize>("seconds").unwrap(), None);
        assert!(given.number::<usize>("target").is_err());
        assert!(given.required("path").is_err());
        assert!(args("--connections").is_err());
        assert!(args("32").is_err());
    }
}
