use crate::{section::Section, value::Item};
use serde::Serialize;

/// How people are asked to approve single calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// In which way; none: the gateway chooses by what the client can do and what the call does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ask: Option<Ask>,
}

/// In which way people are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ask {
    /// The client shows a form.
    Form,
    /// The client opens a page of the gateway.
    Url,
    /// On a page of the gateway, or by `doorward approvals`; the client shows nothing.
    Page,
    /// Nobody is asked: what needs an approval is refused.
    Never,
}

impl Approval {
    pub(crate) fn read(section: Section<'_>) -> Self {
        let read = Self { ask: section.get("ask", |item: &Item<'_>| item.choice(&WAYS)) };
        section.finish();
        read
    }
}

const WAYS: [(&str, Ask); 4] = [("form", Ask::Form), ("url", Ask::Url), ("page", Ask::Page), ("never", Ask::Never)];
