//! Whose browser it is: a login is for the browser that began it, and for no other that gets hold of an address.

use super::Call;
use crate::Gateway;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_transport::serve::Body;
use doorward_vocab::Digest;
use http::{HeaderMap, HeaderValue, Response, header};

/// With this prefix a browser takes it over TLS only, for this host only (RFC 6265bis §4.1.3.2).
const HOST: &str = "__Host-doorward-login";
/// On a gateway for this machine alone there is no TLS.
const LOCAL: &str = "doorward-login";

/// The mark of a browser.
pub(super) struct Browser {
    mark: String,
    is_new: bool,
}

/// An unguessable name.
pub(super) fn draw(gateway: &Gateway) -> String {
    let draw = || gateway.entropy.draw();
    URL_SAFE_NO_PAD.encode([draw(), draw()].concat())
}

const fn cookie(is_local: bool) -> &'static str {
    if is_local { LOCAL } else { HOST }
}

fn mark(headers: &HeaderMap, is_local: bool) -> Option<&str> {
    let name = cookie(is_local);
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
    let mut marks = cookies.flat_map(|v| v.split(';')).filter_map(|c| c.trim().strip_prefix(name)?.strip_prefix('='));
    marks.next().filter(|mark| mark.len() == 43)
}

/// The mark of the browser that asks; one that has none gets one.
pub(super) fn of(gateway: &Gateway, headers: &HeaderMap, is_local: bool) -> Browser {
    match mark(headers, is_local) {
        Some(mark) => Browser { mark: mark.to_owned(), is_new: false },
        None => Browser { mark: draw(gateway), is_new: true },
    }
}

/// Whether the browser that asks is the one with this mark.
pub(super) fn is(headers: &HeaderMap, is_local: bool, digest: &Digest) -> bool {
    mark(headers, is_local)
        .is_some_and(|mark| verify_slices_are_equal(Digest::of(mark.as_bytes()).as_bytes(), digest.as_bytes()).is_ok())
}

/// Gives the browser its mark with a response.
pub(super) fn marked(browser: &Browser, is_local: bool, mut response: Response<Body>) -> Response<Body> {
    let secure = if is_local { "" } else { "; Secure" };
    let name = cookie(is_local);
    let cookie = format!("{name}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age=86400{secure}", browser.mark);
    if let (true, Ok(cookie)) = (browser.is_new, HeaderValue::from_str(&cookie)) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

impl Call<'_> {
    /// An unguessable name.
    pub(super) fn draw(&self) -> String {
        draw(self.gateway)
    }

    /// The mark of the browser that asks; one that has none gets one.
    pub(super) fn browser(&self) -> Browser {
        of(self.gateway, &self.head.headers, self.authority.realm.is_local())
    }

    /// Whether the browser that asks is the one with this mark.
    pub(super) fn is_browser(&self, digest: &Digest) -> bool {
        is(&self.head.headers, self.authority.realm.is_local(), digest)
    }

    /// Gives the browser its mark with a response.
    pub(super) fn marked(&self, browser: &Browser, response: Response<Body>) -> Response<Body> {
        marked(browser, self.authority.realm.is_local(), response)
    }
}

impl Browser {
    /// What is kept of the mark.
    pub(super) fn digest(&self) -> Digest {
        Digest::of(self.mark.as_bytes())
    }
}
