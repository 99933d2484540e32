//! AWS Signature Version 4: headers that sign a request with keys that stay here.
//!
//! The crate `aws-sigv4` brings a second library of cryptography and a runtime of its own, for one canonical text and five
//! hashes.

use crate::time::compact;
use aws_lc_rs::{
    digest::{SHA256, digest},
    hmac,
};
use doorward_vocab::{Secret, Timestamp};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use std::fmt::Write as _;
use url::Url;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
const CONTENT: HeaderName = HeaderName::from_static("x-amz-content-sha256");

/// Keys of AWS, and for what they sign.
#[derive(Debug)]
pub struct Sigv4 {
    /// The id of the access key.
    pub id: Box<str>,
    /// The secret access key.
    pub key: Secret<String>,
    /// The session token, with temporary keys.
    pub session: Option<Secret<String>>,
    /// The region of the service.
    pub region: Box<str>,
    /// The service, by its name in signatures: `s3`, `bedrock-agentcore`.
    pub service: Box<str>,
}

/// A request to be signed.
#[derive(Clone, Copy, Debug)]
pub struct Signable<'a> {
    /// The method.
    pub method: &'a Method,
    /// The address.
    pub url: &'a Url,
    /// The headers, `Host` among them.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: &'a [u8],
}

impl Sigv4 {
    /// The headers that sign `request` at `now`. What a proxy on the way may change is left out of the signature; the host,
    /// what kind of body it is, the body itself, and all headers of MCP and AWS are in it.
    ///
    /// # Errors
    /// Why it cannot be signed.
    pub fn sign(&self, request: Signable<'_>, now: Timestamp) -> Result<Vec<(HeaderName, Secret<String>)>, Box<str>> {
        let moment = compact(now);
        let mut signed: HeaderMap = request.headers.clone();
        let mut own = vec![(DATE, Secret::new(moment.clone())), (CONTENT, Secret::new(hex(&sha256(request.body))))];
        if let Some(session) = &self.session {
            own.push((TOKEN, session.reveal(|s| Secret::new(s.clone()))));
        }
        for (name, value) in &own {
            let value =
                value.reveal(|text| HeaderValue::from_str(text)).map_err(|_| "the session token is no header")?;
            signed.insert(name.clone(), value);
        }
        let authorization = self.authorization(Signable { headers: &signed, ..request }, &moment)?;
        own.push((header::AUTHORIZATION, Secret::new(authorization)));
        Ok(own)
    }

    /// The value of `Authorization` for a request that carries everything else.
    fn authorization(&self, request: Signable<'_>, moment: &str) -> Result<String, Box<str>> {
        let (day, _) = moment.split_once('T').ok_or("no moment")?;
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let (canonical, names) = self.canonical(request)?;
        let text = format!("{ALGORITHM}\n{moment}\n{scope}\n{}", hex(&sha256(canonical.as_bytes())));
        let mut key = self.key.reveal(|key| hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4{key}").as_bytes()));
        for part in [day, &self.region, &self.service, "aws4_request"] {
            key = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref());
        }
        let signature = hex(hmac::sign(&key, text.as_bytes()).as_ref());
        Ok(format!("{ALGORITHM} Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", self.id))
    }

    /// The canonical request, and the names of the headers in it.
    fn canonical(&self, request: Signable<'_>) -> Result<(String, String), Box<str>> {
        let mut headers: Vec<(&str, String)> = Vec::new();
        for name in request.headers.keys().filter(|name| is_signed(name.as_str())) {
            let values: Result<Vec<String>, _> =
                request.headers.get_all(name).iter().map(|v| v.to_str().map(squeezed)).collect();
            let values = values.map_err(|_| format!("the header `{name}` is no text"))?;
            headers.push((name.as_str(), values.join(",")));
        }
        headers.sort_unstable();
        let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        // Every service but S3 wants what is on the wire encoded once more.
        let path = match &*self.service {
            "s3" => request.url.path().to_owned(),
            _ => encode(request.url.path(), b"/"),
        };
        let mut text = format!("{}\n{path}\n{}\n", request.method, query(request.url));
        for (name, value) in &headers {
            let _ = writeln!(text, "{name}:{value}");
        }
        let _ = write!(text, "\n{names}\n{}", hex(&sha256(request.body)));
        Ok((text, names))
    }
}

/// Whether a header is under the signature.
fn is_signed(name: &str) -> bool {
    matches!(name, "host" | "content-type") || name.starts_with("mcp-") || name.starts_with("x-amz-")
}

/// Without spaces around it, and with single ones within.
fn squeezed(value: &str) -> String {
    value.split(' ').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The query in the order of its encoded names and values.
fn query(url: &Url) -> String {
    let decode = |text: &str| percent_encoding::percent_decode_str(text).collect::<Vec<u8>>();
    let pairs = url.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<(String, String)> = pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (encode(decode(name), b""), encode(decode(value), b""))
        })
        .collect();
    pairs.sort_unstable();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Everything but letters, digits, `-._~` (RFC 3986 §2.3) and `also` is percent-encoded.
fn encode(text: impl AsRef<[u8]>, also: &[u8]) -> String {
    let mut out = String::new();
    for byte in text.as_ref() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) || also.contains(byte) {
            out.push(char::from(*byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(region: &str, service: &str) -> Sigv4 {
        Sigv4 {
            id: "AKIDEXAMPLE".into(),
            key: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned()),
            session: None,
            region: region.into(),
            service: service.into(),
        }
    }

    /// The signature of a request without what we add, as the published vectors have it.
    fn signature(service: &str, method: Method, url: &str, headers: &[(&'static str, &str)], body: &str) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        let url = url.parse().unwrap();
        let request = Signable { method: &method, url: &url, headers: &map, body: body.as_bytes() };
        let text = keys("us-east-1", service).authorization(request, "20150830T123600Z").unwrap();
        text.rsplit_once("Signature=").unwrap().1.to_owned()
    }

    #[test]
    fn the_vectors_that_aws_published() {
        let usual = [("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")];
        for (name, method, path, expected) in [
            ("get-vanilla", Method::GET, "/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            (
                "get-vanilla-query-order-key-case",
                Method::GET,
                "/?Param2=value2&Param1=value1",
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
            ("post-vanilla", Method::POST, "/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        ] {
            let url = format!("https://example.amazonaws.com{path}");
            assert_eq!(signature("service", method, &url, &usual, ""), expected, "{name}");
        }
        // The example of the documentation.
        let headers = [
            ("host", "iam.amazonaws.com"),
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("x-amz-date", "20150830T123600Z"),
        ];
        let url = "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08";
        let expected = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
        assert_eq!(signature("iam", Method::GET, url, &headers, ""), expected);
    }

    #[test]
    fn what_is_signed_and_how() {
        let mut headers = HeaderMap::new();
        for (name, value) in [("host", "h"), ("mcp-method", " a   b "), ("user-agent", "x"), ("traceparent", "y")] {
            headers.insert(HeaderName::from_static(name), value.parse().unwrap());
        }
        let url: Url = "https://h/a%20b/c?z=%7e&a=1+2&a=".parse().unwrap();
        let request = Signable { method: &Method::POST, url: &url, headers: &headers, body: b"{}" };
        let (text, names) = keys("r", "svc").canonical(request).unwrap();
        assert_eq!(names, "host;mcp-method");
        assert!(
            text.starts_with("POST\n/a%2520b/c\na=&a=1%2B2&z=~\nhost:h\nmcp-method:a b\n\nhost;mcp-method\n"),
            "{text}"
        );
        assert!(keys("r", "s3").canonical(request).unwrap().0.starts_with("POST\n/a%20b/c\n"));
        let signed = keys("r", "svc").sign(request, Timestamp::from_micros(1_440_938_160_000_000)).unwrap();
        let names: Vec<_> = signed.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["x-amz-date", "x-amz-content-sha256", "authorization"]);
        signed[2]
            .1
            .reveal(|a| assert!(a.contains("SignedHeaders=host;mcp-method;x-amz-content-sha256;x-amz-date,"), "{a}"));
    }
}
