//! The headers of Streamable HTTP that mirror the body (2026-07-28, `basic/transports/streamable-http`). The body
//! decides; a header that says something else is an attempt to have two readers see two requests (incident class
//! "header and body split"), and is refused.

use crate::{
    Method, Notice, Request, Revision,
    json::{Kind, Value},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderMap;
use std::borrow::Cow;

/// A header whose name and value follow from a body.
pub type Mirrored = (Box<str>, Box<str>);

/// A header that is missing, illegal or says something else than the body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Required and absent.
    #[error("header `{name}` is required")]
    Missing {
        /// The header.
        name: String,
    },
    /// There twice.
    #[error("header `{name}` is repeated")]
    Repeated {
        /// The header.
        name: String,
    },
    /// Not text, or a broken `=?base64?…?=`.
    #[error("header `{name}` has an illegal value")]
    Illegal {
        /// The header.
        name: String,
    },
    /// Says something else than the body.
    #[error("header `{name}` does not match the body")]
    Mismatch {
        /// The header.
        name: String,
    },
}

const OPEN: &str = "=?base64?";
const CLOSE: &str = "?=";

/// The text that a header value stands for; `None` where its base64 or UTF-8 is broken.
pub fn decode_value(value: &str) -> Option<Cow<'_, str>> {
    let value = value.trim_matches([' ', '\t']);
    match value.strip_prefix(OPEN).and_then(|v| v.strip_suffix(CLOSE)) {
        Some(inner) => String::from_utf8(STANDARD.decode(inner).ok()?).ok().map(Cow::Owned),
        None => Some(Cow::Borrowed(value)),
    }
}

/// `text` as a header value: as it is where that is safe, wrapped in base64 otherwise.
pub fn encode_value(text: &str) -> Cow<'_, str> {
    let wrapped = text.starts_with(OPEN) && text.ends_with(CLOSE);
    let plain = !wrapped && text == text.trim_matches(' ') && text.bytes().all(|b| (0x20..0x7f).contains(&b));
    if plain { Cow::Borrowed(text) } else { Cow::Owned(format!("{OPEN}{}{CLOSE}", STANDARD.encode(text))) }
}

fn one<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, HeaderError> {
    let mut all = headers.get_all(name).iter();
    let Some(value) = all.next() else { return Ok(None) };
    if all.next().is_some() {
        return Err(HeaderError::Repeated { name: name.to_owned() });
    }
    value.to_str().map(Some).map_err(|_| HeaderError::Illegal { name: name.to_owned() })
}

fn expect(headers: &HeaderMap, name: &str, body: &str) -> Result<(), HeaderError> {
    let value = one(headers, name)?.ok_or_else(|| HeaderError::Missing { name: name.to_owned() })?;
    match decode_value(value) {
        Some(v) if v == body => Ok(()),
        Some(_) => Err(HeaderError::Mismatch { name: name.to_owned() }),
        None => Err(HeaderError::Illegal { name: name.to_owned() }),
    }
}

/// A parameter that a tool wants mirrored: the suffix of its header, and the path of keys to it.
pub type HeaderParameter = (Box<str>, Box<[Box<str>]>);

/// The parameters that the `inputSchema` of a tool wants mirrored by `x-mcp-header`: tokens, unique without regard to
/// case, on strings, integers and booleans that are reached by `properties` alone. `None` where one is invalid: such a
/// tool must not be offered over HTTP.
pub fn parameter_headers(schema: Value<'_>) -> Option<Vec<HeaderParameter>> {
    fn collect(schema: Value<'_>, path: &mut Vec<Box<str>>, out: &mut Vec<HeaderParameter>) -> Option<()> {
        let Some(properties) = schema.get("properties") else { return Some(()) };
        for (key, property) in properties.members() {
            path.push(key.as_ref().into());
            if let Some(name) = property.get("x-mcp-header") {
                let name = name.as_str().filter(|n| is_token(n))?;
                let kind = property.get("type")?.as_str()?;
                let fresh = out.iter().all(|(other, _)| !other.eq_ignore_ascii_case(&name));
                if !fresh || !matches!(&*kind, "string" | "integer" | "boolean") {
                    return None;
                }
                out.push((name.as_ref().into(), path.clone().into()));
            }
            collect(property, path, out)?;
            path.pop();
        }
        Some(())
    }
    let mut out = Vec::new();
    collect(schema, &mut Vec::new(), &mut out)?;
    Some(out)
}

/// RFC 9110 §5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// The text by which an argument is mirrored; `None` where it is absent or null.
fn argument_text(arguments: Option<Value<'_>>, path: &[Box<str>]) -> Option<String> {
    let value = path.iter().try_fold(arguments?, |v, key| v.get(key))?;
    match value.kind() {
        Kind::String => value.as_str().map(Cow::into_owned),
        Kind::Number | Kind::True | Kind::False => Some(value.raw().to_owned()),
        Kind::Null | Kind::Array | Kind::Object | Kind::Key => None,
    }
}

/// Checks the mirrored headers of a modern request against its body.
///
/// `parameters` are those of the called tool ([`parameter_headers`]).
///
/// # Errors
/// [`HeaderError`] for the first header that does not hold.
pub fn check_headers(
    headers: &HeaderMap,
    request: &Request,
    parameters: &[HeaderParameter],
) -> Result<(), HeaderError> {
    let version = request.declared_version();
    if let Some(version) = &version {
        expect(headers, "mcp-protocol-version", version)?;
    }
    expect(headers, "mcp-method", request.method.as_str())?;
    match request.target() {
        Some(target) => expect(headers, "mcp-name", &target)?,
        None => {
            if one(headers, "mcp-name")?.is_some_and(|v| !v.trim().is_empty()) {
                return Err(HeaderError::Mismatch { name: "Mcp-Name".to_owned() });
            }
        }
    }
    let arguments = request.params().and_then(|p| p.get("arguments"));
    for (name, path) in parameters {
        let header = format!("mcp-param-{}", name.to_ascii_lowercase());
        match (argument_text(arguments, path), one(headers, &header)?) {
            (None, None) => {}
            (Some(text), Some(value)) => {
                let value = decode_value(value).ok_or_else(|| HeaderError::Illegal { name: header.clone() })?;
                let equal = value == text
                    || matches!((value.parse::<f64>(), text.parse::<f64>()), (Ok(a), Ok(b)) if a.to_bits() == b.to_bits());
                if !equal {
                    return Err(HeaderError::Mismatch { name: header });
                }
            }
            (Some(_), None) => return Err(HeaderError::Missing { name: header }),
            (None, Some(_)) => return Err(HeaderError::Mismatch { name: header }),
        }
    }
    Ok(())
}

/// Checks the mirrored headers of a modern notification.
///
/// # Errors
/// [`HeaderError`] where `Mcp-Method` is there and says something else.
pub fn check_notice(headers: &HeaderMap, notice: Notice) -> Result<(), HeaderError> {
    match one(headers, "mcp-method")? {
        Some(v) if decode_value(v).as_deref() != Some(notice.as_str()) => {
            Err(HeaderError::Mismatch { name: "Mcp-Method".to_owned() })
        }
        _ => Ok(()),
    }
}

/// The headers that mirror a modern request towards its server, computed from the body alone. Nothing that the client
/// sent as a header is passed on.
pub fn mirror(
    method: Method,
    revision: Revision,
    target: Option<&str>,
    arguments: Option<Value<'_>>,
    parameters: &[HeaderParameter],
) -> Vec<Mirrored> {
    let mut out: Vec<Mirrored> = Vec::with_capacity(3 + parameters.len());
    out.push(("mcp-protocol-version".into(), revision.as_str().into()));
    out.push(("mcp-method".into(), method.as_str().into()));
    if let Some(target) = target {
        out.push(("mcp-name".into(), encode_value(target).into()));
    }
    for (name, path) in parameters {
        if let Some(text) = argument_text(arguments, path) {
            out.push((format!("mcp-param-{}", name.to_ascii_lowercase()).into(), encode_value(&text).into()));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Message, Side, decode, json::Limits};
    use proptest::prelude::*;

    fn request(body: &str) -> Request {
        match decode(body.as_bytes().to_vec().into(), &Limits::default(), Side::Client).unwrap() {
            Message::Request(r) => r,
            other => panic!("{other:?}"),
        }
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (http::HeaderName::from_static(k), v.parse().unwrap())).collect()
    }

    const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"region":"eu","n":5},
        "_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#;

    #[test]
    fn body_decides() {
        let good = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/call"), ("mcp-name", " echo ")];
        let call = request(CALL);
        assert_eq!(check_headers(&headers(&good), &call, &[]), Ok(()));
        let check = |name: &'static str, value: Option<&str>| {
            let mut h = headers(&good);
            match value {
                Some(v) => h.insert(name, v.parse().unwrap()),
                None => h.remove(name),
            };
            check_headers(&h, &call, &[])
        };
        assert!(matches!(check("mcp-name", Some("rm")), Err(HeaderError::Mismatch { .. })));
        assert!(matches!(check("mcp-name", None), Err(HeaderError::Missing { .. })));
        assert!(matches!(check("mcp-name", Some("=?base64?!!?=")), Err(HeaderError::Illegal { .. })));
        assert_eq!(check("mcp-name", Some("=?base64?ZWNobw==?=")), Ok(()));
        assert!(matches!(check("mcp-method", Some("TOOLS/CALL")), Err(HeaderError::Mismatch { .. })));
        assert!(matches!(check("mcp-protocol-version", Some("2025-11-25")), Err(HeaderError::Mismatch { .. })));
        let mut twice = headers(&good);
        twice.append("mcp-name", "rm".parse().unwrap());
        assert!(matches!(check_headers(&twice, &call, &[]), Err(HeaderError::Repeated { .. })));
    }

    #[test]
    fn parameters_are_mirrored_and_checked() {
        let schema = request(
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"s":{"properties":{"region":{"type":"string","x-mcp-header":"Region"},
            "n":{"type":"integer","x-mcp-header":"N"},"gone":{"type":"string","x-mcp-header":"Gone"}}}}}"#,
        );
        let parameters = parameter_headers(schema.params().unwrap().get("s").unwrap()).unwrap();
        assert_eq!(parameters.len(), 3);
        let call = request(CALL);
        let arguments = call.params().unwrap().get("arguments");
        let mirrored = mirror(Method::ToolsCall, Revision::LATEST, Some("echo"), arguments, &parameters);
        let map: HeaderMap =
            mirrored.iter().map(|(k, v)| (http::HeaderName::try_from(&**k).unwrap(), v.parse().unwrap())).collect();
        assert_eq!(map.len(), 5);
        assert_eq!(check_headers(&map, &call, &parameters), Ok(()));
        let mut wrong = map.clone();
        wrong.insert("mcp-param-n", "6".parse().unwrap());
        assert!(matches!(check_headers(&wrong, &call, &parameters), Err(HeaderError::Mismatch { .. })));
        let mut missing = map;
        missing.remove("mcp-param-region");
        assert!(matches!(check_headers(&missing, &call, &parameters), Err(HeaderError::Missing { .. })));
    }

    proptest! {
        #[test]
        fn values_survive(text in "\\PC{0,40}") {
            let encoded = encode_value(&text);
            prop_assert!(encoded.is_ascii());
            prop_assert_eq!(decode_value(&encoded).unwrap(), &*text);
        }
    }
}
