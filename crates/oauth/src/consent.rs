//! What a human is asked, and what comes of the answer.

use crate::{Asked, Client, Origin, Realm, redirect};
use doorward_identity::{Delegation, Human, PartyId};
use doorward_vocab::{Digest, ServerName, Timestamp};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// Exactly what the human is shown; the page has nothing else that could differ from one request to the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The id of the client.
    pub client: Arc<str>,
    /// What it calls itself.
    pub name: Option<String>,
    /// How it came to be known.
    pub origin: Origin,
    /// Where it is sent back to, as people read it.
    pub goes_to: String,
    /// Whether that shows who it is.
    pub known: bool,
    /// The human, by name and, where it was verified, address.
    pub human: String,
    /// Who vouches for the human.
    pub provider: Arc<str>,
    /// What the token is for.
    pub resource: Arc<str>,
    /// The servers that may be chosen.
    pub servers: BTreeSet<ServerName>,
    /// The scopes.
    pub scopes: BTreeSet<Arc<str>>,
    /// The hours that may be chosen; the first is proposed.
    pub hours: Vec<u64>,
    /// How many hand-overs to other agents are granted along.
    pub hand_overs: u8,
}

impl Shown {
    /// What `human` is shown about what `client` asks.
    pub fn new(asked: &Asked, client: &Client, human: &Human, realm: &Realm) -> Self {
        let most = (realm.lifetimes.grant.as_secs() / 3600).max(1);
        let mut hours: Vec<u64> = [most, 1, 4, 24, 24 * 7].into_iter().filter(|h| *h <= most).collect();
        hours.dedup();
        Self {
            client: client.id.clone(),
            name: client.name.clone(),
            origin: client.origin,
            goes_to: redirect::shown(&asked.redirect),
            known: client.is_known_at(&asked.redirect),
            human: match &human.email {
                Some(email) => format!("{} ({email})", human.name),
                None => human.name.to_string(),
            },
            provider: human.issuer.clone(),
            resource: asked.resource.clone(),
            servers: asked.servers.clone(),
            scopes: asked.scopes.clone(),
            hours,
            hand_overs: realm.hand_overs,
        }
    }

    /// The digest of it, which stays with the delegation and with its tokens.
    pub fn digest(&self) -> Digest {
        // Texts, numbers and sets of texts: writing them cannot fail, and gives one text only.
        Digest::of(&serde_json::to_vec(self).unwrap_or_default())
    }
}

/// What the human chose of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The servers.
    pub servers: BTreeSet<ServerName>,
    /// The hours.
    pub hours: u64,
}

/// Why an answer counts for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoChoice {
    /// The page that was answered is not the page that was asked for.
    #[error("the page showed something else")]
    Other,
    /// Something was chosen that was not there to choose.
    #[error("that was not there to choose")]
    Foreign,
    /// No server was chosen.
    #[error("no server was chosen")]
    Nothing,
}

impl Choice {
    /// The delegation that the human grants by choosing this, when what was shown had the digest `seen`.
    ///
    /// # Errors
    /// [`NoChoice`].
    pub fn delegation(
        &self,
        shown: &Shown,
        seen: &Digest,
        human: &Human,
        id: impl Into<Arc<str>>,
        now: Timestamp,
    ) -> Result<Delegation, NoChoice> {
        let digest = shown.digest();
        if digest != *seen {
            return Err(NoChoice::Other);
        }
        if self.servers.is_empty() {
            return Err(NoChoice::Nothing);
        }
        if !self.servers.is_subset(&shown.servers) || !shown.hours.contains(&self.hours) {
            return Err(NoChoice::Foreign);
        }
        Ok(Delegation {
            human: Some(PartyId { issuer: Some(human.issuer.clone()), id: human.id.clone() }),
            reach: Realm::reach(&self.servers),
            scopes: shown.scopes.clone(),
            depth: shown.hand_overs,
            not_before: Some(now),
            expires: Some(now.plus(Duration::from_secs(self.hours * 3600))),
            consent: Some(digest),
            ..Delegation::new(id, PartyId { issuer: None, id: shown.client.clone() })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::realm::testing::realm;

    fn shown() -> (Shown, Human) {
        let client =
            Client::register("dyn", br#"{"redirect_uris":["http://127.0.0.1/cb"],"client_name":"Claude"}"#).unwrap();
        let realm = realm();
        let (scopes, servers) = realm.scope(None, &realm.usual);
        let asked = Asked {
            client: client.id.clone(),
            redirect: "http://127.0.0.1:7/cb".into(),
            state: None,
            challenge: String::new(),
            resource: realm.usual.clone(),
            scopes,
            servers,
        };
        let human = Human {
            id: "u-1".into(),
            name: "Ada".into(),
            email: None,
            groups: Arc::default(),
            issuer: "https://idp.example.com".into(),
            entitlements: Arc::default(),
            login: None,
        };
        (Shown::new(&asked, &client, &human, &realm), human)
    }

    #[test]
    fn what_was_shown_is_what_is_granted_or_less() {
        let (shown, human) = shown();
        let now = Timestamp::from_micros(1_000_000);
        assert_eq!((shown.known, &*shown.goes_to), (false, "127.0.0.1"));
        assert_eq!(shown.hours, [8, 1, 4]);
        let choice = Choice { servers: [("files").parse().unwrap()].into(), hours: 4 };
        let granted = choice.delegation(&shown, &shown.digest(), &human, "d-1", now).unwrap();
        assert!(!granted.reach.covers(&"mail".parse().unwrap(), None));
        assert_eq!(granted.expires, Some(now.plus(Duration::from_secs(4 * 3600))));
        assert_eq!(granted.consent, Some(shown.digest()));

        let mut other = shown.clone();
        other.name = Some("Claudе".into());
        assert_eq!(choice.delegation(&other, &shown.digest(), &human, "d", now), Err(NoChoice::Other));
        let wide = Choice { servers: [("payroll").parse().unwrap()].into(), hours: 4 };
        assert_eq!(wide.delegation(&shown, &shown.digest(), &human, "d", now), Err(NoChoice::Foreign));
        let long = Choice { hours: 9000, ..choice.clone() };
        assert_eq!(long.delegation(&shown, &shown.digest(), &human, "d", now), Err(NoChoice::Foreign));
        let none = Choice { servers: BTreeSet::new(), hours: 4 };
        assert_eq!(none.delegation(&shown, &shown.digest(), &human, "d", now), Err(NoChoice::Nothing));
    }
}
