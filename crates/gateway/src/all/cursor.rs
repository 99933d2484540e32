//! Cursors of joined lists: they say after which item a page begins, and are sealed, so that none can be made up or
//! carried to another list, address or principal.

use super::view::Kind;
use crate::{bridge::Sealer, session::Endpoint};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_identity::PrincipalKey;
use doorward_mcp::Method;
use doorward_vocab::ServerName;
use std::sync::Arc;

/// The keys of cursors: of all gateways that share them.
#[derive(Debug)]
pub(crate) struct CursorKey(Arc<Sealer>);

/// The list that a cursor belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) struct List<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) method: Method,
    pub(super) principal: PrincipalKey,
}

/// The last item of a page, as its server calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct After {
    pub(super) server: ServerName,
    pub(super) item: String,
}

const PURPOSE: &[u8] = b"doorward cursor 1\n";

impl CursorKey {
    pub(crate) const fn new(of: Arc<Sealer>) -> Self {
        Self(of)
    }

    /// `None` where nothing can be sealed: the list ends with its page.
    pub(super) fn seal(&self, list: List<'_>, after: &After) -> Option<String> {
        let said = format!("{}/{}", after.server, after.item);
        let mut signed = self.0.sign(PURPOSE, &covered(list, &said))?;
        signed.extend_from_slice(said.as_bytes());
        Some(URL_SAFE_NO_PAD.encode(signed))
    }

    /// What a cursor says; `None` for one that was not given for this list.
    pub(super) fn open(&self, list: List<'_>, cursor: &str) -> Option<After> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let text = |said| std::str::from_utf8(said).ok().map(|said| covered(list, said));
        let said = std::str::from_utf8(self.0.signed(PURPOSE, &bytes, text)?).ok()?;
        let (server, item) = said.split_once('/')?;
        Some(After { server: server.parse().ok()?, item: item.to_owned() })
    }
}

fn covered(list: List<'_>, said: &str) -> Vec<u8> {
    // Names of endpoints and methods hold no line breaks, so the parts cannot be shifted.
    let (endpoint, kind) = match list.endpoint {
        Endpoint::All => ("", "all"),
        Endpoint::One(name) => (name.as_str(), "one"),
        Endpoint::Virtual(name) => (name.as_str(), "virtual"),
    };
    let principal = list.principal.digest();
    format!("cursor\n{kind}\n{endpoint}\n{}\n{principal}\n{said}", list.method.as_str()).into_bytes()
}

/// What names an item of a list.
pub(super) const fn key_of(method: Method) -> &'static str {
    match method {
        Method::ResourcesList => "uri",
        Method::TemplatesList => "uriTemplate",
        _ => "name",
    }
}

/// The kind of what a list holds, where its items have joined names.
pub(super) const fn named(method: Method) -> Option<Kind> {
    match method {
        Method::ToolsList => Some(Kind::Tool),
        Method::PromptsList => Some(Kind::Prompt),
        _ => None,
    }
}
