use crate::{Mistake, SecretRef, section::Section, value::Item};
use serde::Serialize;
use url::Url;

/// How people are asked to approve single calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// In which way; none: the gateway chooses by what the client can do and what the call does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ask: Option<Ask>,
    /// Who is told of questions that no client asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<Webhook>,
}

/// An address that is told of questions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Webhook {
    /// Where it is.
    pub url: Url,
    /// What messages to it are signed with.
    pub secret: SecretRef,
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
    /// The same, and the webhook is told.
    Webhook,
    /// Nobody is asked: what needs an approval is refused.
    Never,
}

impl Approval {
    pub(crate) fn read(section: Section<'_>) -> Self {
        let ask = section.get("ask", |item: &Item<'_>| item.choice(&WAYS));
        let url = section.get("webhook", |item| item.url(|_| false));
        let secret = section.get("webhook_secret", Item::secret);
        let (has_url, has_secret) = (section.has("webhook"), section.has("webhook_secret"));
        let (reading, span) = (section.reading, section.span.clone());
        section.finish();
        if has_url != has_secret {
            let mistake = Mistake::error("`webhook` and `webhook_secret` belong together");
            reading.tell(span.clone(), mistake.help("write both, or neither"));
        }
        if ask == Some(Ask::Webhook) && !has_url {
            let mistake = Mistake::error("`ask = \"webhook\"` needs a `webhook`");
            reading.tell(span, mistake.help("write `webhook = \"https://…\"` and `webhook_secret`"));
        }
        Self { ask, webhook: url.zip(secret).map(|(url, secret)| Webhook { url, secret }) }
    }
}

const WAYS: [(&str, Ask); 5] =
    [("form", Ask::Form), ("url", Ask::Url), ("page", Ask::Page), ("webhook", Ask::Webhook), ("never", Ask::Never)];
