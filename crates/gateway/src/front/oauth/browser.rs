//! Whose browser it is: a login is for the browser that began it, and for no other that gets hold of an address.

use super::Call;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_transport::serve::Body;
use doorward_vocab::Digest;
use http::{HeaderValue, Response, header};

/// With this prefix a browser takes it over TLS only, for this host only (RFC 6265bis §4.1.3.2).
const HOST: &str = "__Host-doorward-login";
/// On a gateway for this machine alone there is no TLS.
const LOCAL: &str = "doorward-login";

/// The mark of a browser.
pub(super) struct Browser {
    mark: String,
    is_new: bool,
}

impl Call<'_> {
    fn cookie(&self) -> &'static str {
        if self.authority.realm.is_local() { LOCAL } else { HOST }
    }

    /// An unguessable name.
    pub(super) fn draw(&self) -> String {
        let draw = || self.gateway.entropy.draw();
        URL_SAFE_NO_PAD.encode([draw(), draw()].concat())
    }

    fn mark(&self) -> Option<&str> {
        let name = self.cookie();
        let cookies = self.head.headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
        let mut marks =
            cookies.flat_map(|v| v.split(';')).filter_map(|c| c.trim().strip_prefix(name)?.strip_prefix('='));
        marks.next().filter(|mark| mark.len() == 43)
    }

    /// The mark of the browser that asks; one that has none gets one.
    pub(super) fn browser(&self) -> Browser {
        match self.mark() {
            Some(mark) => Browser { mark: mark.to_owned(), is_new: false },
            None => Browser { mark: self.draw(), is_new: true },
        }
    }

    /// Whether the browser that asks is the one with this mark.
    pub(super) fn is_browser(&self, digest: &Digest) -> bool {
        self.mark().is_some_and(|mark| {
            verify_slices_are_equal(Digest::of(mark.as_bytes()).as_bytes(), digest.as_bytes()).is_ok()
        })
    }

    /// Gives the browser its mark with a response.
    pub(super) fn marked(&self, browser: &Browser, mut response: Response<Body>) -> Response<Body> {
        let secure = if self.authority.realm.is_local() { "" } else { "; Secure" };
        let cookie =
            format!("{}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age=86400{secure}", self.cookie(), browser.mark);
        if let (true, Ok(cookie)) = (browser.is_new, HeaderValue::from_str(&cookie)) {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
        response
    }
}

impl Browser {
    /// What is kept of the mark.
    pub(super) fn digest(&self) -> Digest {
        Digest::of(self.mark.as_bytes())
    }
}
