use crate::{
    nearest::suggest,
    report::Mistake,
    secret::SecretRef,
    secretish,
    section::{Reading, Section, plain},
    units,
};
use std::{net::SocketAddr, ops::Range, path::PathBuf, str::FromStr, time::Duration};
use toml::de::DeValue;
use url::{Host, Url};

/// One value of the file with its name and place. Each method reads it as one kind of thing, or says what is wrong.
pub(crate) struct Item<'a> {
    pub(crate) path: String,
    pub(crate) key: String,
    pub(crate) value: &'a DeValue<'a>,
    pub(crate) span: Range<usize>,
    pub(crate) reading: &'a Reading<'a>,
}

type Read<T> = Result<T, Mistake>;

impl<'a> Item<'a> {
    /// Text with something in it.
    pub(crate) fn text(&self) -> Read<&'a str> {
        match self.value {
            DeValue::String(text) if text.is_empty() => Err(self.wrong("is empty")),
            DeValue::String(text) => Ok(text),
            _ => Err(self.wants("text in quotes")),
        }
    }

    pub(crate) fn owned(&self) -> Read<String> {
        self.text().map(str::to_owned)
    }

    /// A list of texts.
    pub(crate) fn texts(&self) -> Read<Vec<String>> {
        self.all("a list of texts", Item::owned)
    }

    /// A text, or a list of texts.
    pub(crate) fn one_or_more(&self) -> Read<Vec<String>> {
        if self.value.is_str() { Ok(vec![self.owned()?]) } else { self.texts() }
    }

    /// The elements of a list, each read by `one`; what is wrong with an element is noted where it stands.
    pub(crate) fn all<T>(&self, wanted: &str, one: impl Fn(&Self) -> Read<T>) -> Read<Vec<T>> {
        let DeValue::Array(list) = self.value else { return Err(self.wants(wanted)) };
        let element = |e: &'a toml::Spanned<DeValue<'a>>| Item {
            path: self.path.clone(),
            key: self.key.clone(),
            value: e.get_ref(),
            span: e.span(),
            reading: self.reading,
        };
        let told = |item: Self| one(&item).map_err(|mistake| item.reading.tell(item.span, mistake)).ok();
        Ok(list.iter().map(element).filter_map(told).collect())
    }

    /// Whether this is a list with nothing in it.
    pub(crate) fn is_empty_list(&self) -> bool {
        self.value.as_array().is_some_and(|list| list.is_empty())
    }

    pub(crate) fn flag(&self) -> Read<bool> {
        self.value.as_bool().ok_or_else(|| self.wants("`true` or `false`"))
    }

    /// A whole number, at least 1.
    pub(crate) fn count(&self) -> Read<usize> {
        let number = self.value.as_integer().ok_or_else(|| self.wants("a whole number"))?;
        let number = u32::from_str_radix(number.as_str(), number.radix()).ok().filter(|n| *n > 0);
        let number = number.and_then(|n| usize::try_from(n).ok());
        number.ok_or_else(|| self.wrong("is out of range").label(format!("from 1 to {}", u32::MAX)))
    }

    /// A time with its unit, more than zero.
    pub(crate) fn duration(&self) -> Read<Duration> {
        let wanted = "a duration such as `\"30s\"`";
        if let Some(number) = self.value.as_integer() {
            return Err(self.wrong("needs a unit").label(format!("did you mean `\"{number}s\"`?")).help(UNITS_OF_TIME));
        }
        let text = self.value.as_str().ok_or_else(|| self.wants(wanted))?;
        let read = units::duration(text).ok_or_else(|| self.wrong("is not a duration").help(UNITS_OF_TIME))?;
        if read.is_zero() { Err(self.wrong("must be more than zero")) } else { Ok(read) }
    }

    /// A number of bytes with its unit, more than zero.
    pub(crate) fn size(&self) -> Read<usize> {
        let wanted = "a size such as `\"4MiB\"`";
        if let Some(number) = self.value.as_integer() {
            let shown = number.as_str().parse().map_or_else(|_| "4MiB".to_owned(), units::show_size);
            return Err(self.wrong("needs a unit").label(format!("did you mean `\"{shown}\"`?")).help(UNITS_OF_SIZE));
        }
        let text = self.value.as_str().ok_or_else(|| self.wants(wanted))?;
        let read = units::size(text).and_then(|n| usize::try_from(n).ok());
        let read = read.ok_or_else(|| self.wrong("is not a size").help(UNITS_OF_SIZE))?;
        if read == 0 { Err(self.wrong("must be more than zero")) } else { Ok(read) }
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy>(&self, words: &[(&'static str, T)]) -> Read<T> {
        let text = self.text()?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        found.ok_or_else(|| {
            let label = suggest(text, words.iter().map(|(word, _)| *word).collect::<Vec<_>>());
            Mistake::error(format!("unknown {} `{text}`", self.key.replace('_', " "))).label(label)
        })
    }

    /// What the text parses into; `example` shows what would be right.
    pub(crate) fn parse<T: FromStr<Err: ToString>>(&self) -> Read<T> {
        self.text()?.parse().map_err(|e: T::Err| Mistake::error(e.to_string()))
    }

    /// An address to listen on.
    pub(crate) fn address(&self) -> Read<SocketAddr> {
        if let Some(port) = self.value.as_integer() {
            return Err(self.wrong("needs an address").label(format!("did you mean `\"127.0.0.1:{port}\"`?")));
        }
        let text = self.text()?;
        text.parse().map_err(|_| {
            let wrong = self.wrong("is not a socket address");
            match text.rsplit_once(':').map(|(host, port)| (host, port.parse::<u16>())) {
                Some(("" | "localhost", Ok(port))) => wrong.label(format!("did you mean `\"127.0.0.1:{port}\"`?")),
                Some(("*", Ok(port))) => wrong.label(format!("did you mean `\"0.0.0.0:{port}\"`?")),
                _ => wrong.label("write an IP address and a port").help("for example `\"127.0.0.1:8787\"`"),
            }
        })
    }

    /// An `https` address; `http` where the host is this machine or `plain` says so.
    pub(crate) fn url(&self, plain: impl FnOnce(&Url) -> bool) -> Read<Url> {
        let text = self.text()?;
        let hide = |m: Mistake| if text.contains('@') { m.hide() } else { m };
        let url = Url::parse(text).map_err(|e| {
            hide(self.wrong("is not a URL").label(e.to_string()).help("write the whole address, `https://host/path`"))
        })?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(self
                .wrong("holds a credential")
                .hide()
                .help("take it out and write a `[[credential]]` for it"));
        }
        if url.fragment().is_some() {
            return Err(self.wrong("has a fragment").label("take away what follows `#`"));
        }
        match url.scheme() {
            "https" => Ok(url),
            "http" if is_loopback(&url) || plain(&url) => Ok(url),
            "http" => Err(self.wrong("is not encrypted").label("use `https`")),
            other => Err(self.wrong("must be `https`").label(format!("`{other}` is not spoken here"))),
        }
    }

    /// A path; relative ones start where the file is.
    pub(crate) fn path(&self) -> Read<PathBuf> {
        let text = self.text()?;
        if text.starts_with("~/") {
            return Err(self.wrong("starts with `~`, which only shells expand").label("write the whole path"));
        }
        Ok(self.reading.folder.join(text))
    }

    /// A path of a file that is there.
    pub(crate) fn existing(&self) -> Read<PathBuf> {
        let path = self.path()?;
        let said = match std::fs::metadata(&path) {
            Ok(meta) if meta.is_file() => return Ok(path),
            Ok(_) => "it is not a file".to_owned(),
            Err(e) => crate::load::said(&e),
        };
        Err(self.wrong("cannot be read").label(format!("{}: {said}", path.display())))
    }

    /// A reference to a secret. The secret itself is refused, and not shown.
    pub(crate) fn secret(&self) -> Read<SecretRef> {
        let DeValue::Table(table) = self.value else {
            let what = format!("`{}` must say where the secret is, not the secret itself", plain(&self.path));
            return Err(Mistake::error(what).label("a literal secret").hide().help(REFERENCES));
        };
        let section = Section::new(self.reading, self.path.clone(), self.span.clone(), table);
        let entries = section.entries();
        let [(_, place)] = entries.as_slice() else {
            return Err(self.wrong("must name exactly one place").help(REFERENCES));
        };
        match place.key.as_str() {
            "env" => {
                let name = place.variable()?;
                self.reading.holds_secret(&name);
                Ok(SecretRef::Env(name))
            }
            "file" => place.path().map(SecretRef::File),
            "vault" => {
                let mistake = self.wrong("asks for a vault, which is not available in this build");
                Err(mistake.label("use `env` or `file`"))
            }
            other => {
                let mistake = Mistake::error(format!("unknown place of a secret `{other}`")).help(REFERENCES);
                Err(mistake.label(suggest(other, ["env", "file", "vault"])))
            }
        }
    }

    /// The name of an environment variable.
    pub(crate) fn variable(&self) -> Read<String> {
        let text = self.text()?;
        if is_variable(text) { Ok(text.to_owned()) } else { Err(not_a_variable(text)) }
    }

    /// A mistake about this value: `` `limits.request` `` and `what`.
    pub(crate) fn wrong(&self, what: &str) -> Mistake {
        Mistake::error(format!("`{}` {what}", plain(&self.path)))
    }

    /// A mistake about the type of this value.
    pub(crate) fn wants(&self, wanted: &str) -> Mistake {
        let found = match self.value {
            DeValue::String(_) => "text",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "`true` or `false`",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let mistake = self.wrong(&format!("must be {wanted}")).label(format!("this is {found}"));
        if secretish::name(&self.key) { mistake.hide() } else { mistake }
    }
}

/// Whether `name` can be a variable: letters, digits and `_`, no digit first.
pub(crate) fn is_variable(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit())
}

pub(crate) fn not_a_variable(name: &str) -> Mistake {
    let help = "use letters, digits and `_`, and begin with a letter";
    Mistake::error(format!("`{name}` is not the name of an environment variable")).help(help)
}

/// Whether `name` can be a header that the operator sets: a token of RFC 9110 that the transport does not own.
pub(crate) fn is_header(name: &str) -> bool {
    const OWNED: [&str; 10] = [
        "host",
        "content-length",
        "content-type",
        "transfer-encoding",
        "connection",
        "upgrade",
        "te",
        "trailer",
        "accept",
        "mcp-session-id",
    ];
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !name.is_empty() && name.chars().all(token) && !OWNED.contains(&name.to_ascii_lowercase().as_str())
}

pub(crate) fn not_a_header(name: &str) -> Mistake {
    Mistake::error(format!("`{name}` is not a header that can be set"))
        .help("the transport writes its own headers itself")
}

/// Whether the host of `url` is this machine by its name or address.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

const UNITS_OF_TIME: &str = "units are `ms`, `s`, `m`, `h` and `d`, as in `\"30s\"`";
const UNITS_OF_SIZE: &str = "units are `B`, `KiB`, `MiB`, `GiB` and decimal `KB`, `MB`, `GB`, as in `\"4MiB\"`";
const REFERENCES: &str = "write `{ env = \"NAME\" }` or `{ file = \"/path/to/it\" }`";
