use crate::{section::Section, value::Item};
use serde::Serialize;
use std::time::Duration;

/// What a token must be for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenTarget {
    /// What is named as `resource`: none: the server; empty: nothing.
    pub resource: Option<String>,
    /// What is named as `audience`.
    pub audience: Option<String>,
    /// What a token that can be read must name as `aud`; empty: what was asked for; `any`: it is not looked at.
    pub token_audience: Vec<String>,
    /// For how long a token serves of which the provider does not say when it ends.
    pub lifetime: Duration,
}

impl TokenTarget {
    /// As long as most providers give it at least.
    const LIFETIME: Duration = Duration::from_secs(300);

    pub(super) fn read(section: &Section<'_>) -> Self {
        Self {
            resource: section.get("resource", |item| match item.text()? {
                "none" => Ok(String::new()),
                _ => item.url(|_| true).and_then(|_| item.owned()),
            }),
            audience: section.get("audience", Item::owned),
            token_audience: section.get("token_audience", Item::one_or_more).unwrap_or_default(),
            lifetime: section.get("lifetime", Item::duration).unwrap_or(Self::LIFETIME),
        }
    }
}
