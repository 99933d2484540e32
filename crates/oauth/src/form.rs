use crate::{Code, Fault};
use url::form_urlencoded;

const MAX_PARAMETERS: usize = 48;
const MAX_VALUE: usize = 32 * 1024;

/// The parameters of a request: a query, or a body of `application/x-www-form-urlencoded`.
#[derive(Clone, Debug, Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads the parameters. None may stand there twice (RFC 6749 §3.1), apart from `resource` (RFC 8707 §2) and `audience`
    /// (RFC 8693 §2.1); one without a value is as good as absent.
    ///
    /// # Errors
    /// `invalid_request`.
    pub fn parse(text: &[u8]) -> Result<Self, Fault> {
        let bad = |why: &'static str| Fault::new(Code::InvalidRequest, why);
        let mut all: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(text) {
            if value.is_empty() {
                continue;
            }
            if all.len() == MAX_PARAMETERS || value.len() > MAX_VALUE {
                return Err(bad("there are too many parameters, or one is too long"));
            }
            if value.chars().any(|c| c.is_control()) {
                return Err(bad("a parameter holds a control character"));
            }
            if !matches!(&*name, "resource" | "audience" | "server") && all.iter().any(|(n, _)| *n == name) {
                return Err(bad("a parameter stands there twice"));
            }
            all.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(all))
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| &**value)
    }

    /// Every value of a parameter that may stand there several times.
    pub fn all<'a>(&'a self, name: &str) -> Vec<&'a str> {
        self.0.iter().filter(|(n, _)| n == name).map(|(_, value)| &**value).collect()
    }

    /// The value of a parameter that must be there.
    ///
    /// # Errors
    /// `invalid_request`, naming it.
    pub fn need(&self, name: &str) -> Result<&str, Fault> {
        self.get(name).ok_or_else(|| Fault::new(Code::InvalidRequest, format!("`{name}` is missing")))
    }

    /// The one value of `name`, where at most one makes sense.
    ///
    /// # Errors
    /// `invalid_target` for several different ones.
    pub fn at_most_one(&self, name: &str) -> Result<Option<&str>, Fault> {
        let mut all = self.all(name).into_iter();
        let first = all.next();
        match all.all(|other| Some(other) == first) {
            true => Ok(first),
            false => Err(Fault::new(Code::InvalidTarget, format!("ask for one `{name}` at a time"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_stands_there_twice() {
        let form = Form::parse(b"a=1&b=&resource=x&resource=y&c=%C3%A9+%26").unwrap();
        assert_eq!((form.get("a"), form.get("b"), form.get("c")), (Some("1"), None, Some("é &")));
        assert_eq!(form.all("resource"), ["x", "y"]);
        assert_eq!(form.at_most_one("resource").unwrap_err().code, Code::InvalidTarget);
        assert_eq!(form.need("b").unwrap_err().code, Code::InvalidRequest);
        for bad in ["a=1&a=2", "a=1&%61=1", "a=%00", "state=a%0d%0ab"] {
            assert_eq!(Form::parse(bad.as_bytes()).unwrap_err().code, Code::InvalidRequest, "{bad}");
        }
        let many: Vec<String> = (0..60).map(|n| format!("p{n}=1")).collect();
        assert!(Form::parse(many.join("&").as_bytes()).is_err());
    }
}
