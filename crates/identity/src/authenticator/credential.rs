use crate::{Refusal, token};

/// How a token came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    /// RFC 6750 §2.1.
    Bearer,
    /// RFC 9449 §7.1.
    Dpop,
}

/// The token in the value of an `Authorization` header, and how it came; `None` for another scheme.
pub(super) fn credential(header: &str) -> Result<Option<(Scheme, &str)>, Refusal> {
    let header = header.trim_matches([' ', '\t']);
    let (name, rest) = header.split_once(' ').unwrap_or((header, ""));
    let scheme = if name.eq_ignore_ascii_case("bearer") {
        Scheme::Bearer
    } else if name.eq_ignore_ascii_case("dpop") {
        Scheme::Dpop
    } else {
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        return if !name.is_empty() && name.chars().all(token) { Ok(None) } else { Err(Refusal::Malformed) };
    };
    let text = rest.trim_start_matches(' ');
    let body = text.trim_end_matches('=');
    let token68 = |c: u8| c.is_ascii_alphanumeric() || b"-._~+/".contains(&c);
    if body.is_empty() || text.len() > token::MAX || !body.bytes().all(token68) {
        return Err(Refusal::Malformed);
    }
    Ok(Some((scheme, text)))
}
