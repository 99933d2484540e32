use crate::{Call, PerWhom, Provider};
use doorward_vocab::Digest;
use std::fmt;

/// Under what a credential is kept: equal only where everything is equal that it depends on.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key(Digest);

impl Key {
    /// The key of what serves a call, of a provider whose name and settings `configured` stands for. `proof` is the
    /// digest of the key that the agent's token is bound to, where it is bound to one.
    pub fn of<'a>(configured: &Digest, provider: &'a dyn Provider, call: &Call<'a>, proof: Option<&Digest>) -> Self {
        let per = provider.per();
        let mut text = b"doorward credential 1".to_vec();
        let mut add = |part: Option<&str>| match part {
            None => text.push(0),
            Some(part) => {
                text.push(1);
                text.extend_from_slice(&(part.len() as u64).to_be_bytes());
                text.extend_from_slice(part.as_bytes());
            }
        };
        add(Some(&configured.to_string()));
        add(Some(call.resource));
        if provider.narrows() {
            let mut scopes: Vec<&str> = call.scopes.iter().map(|s| &**s).collect();
            scopes.sort_unstable();
            scopes.dedup();
            add(Some(&scopes.join(" ")));
        }
        let more = provider.distinguishes(call);
        add(Some(&more.len().to_string()));
        more.iter().for_each(|part| add(Some(part)));
        if matches!(per, PerWhom::Human | PerWhom::Both) {
            add(call.human.map(|h| h.issuer));
            add(call.human.map(|h| h.id));
        }
        if matches!(per, PerWhom::Agent | PerWhom::Both) {
            add(call.agent.issuer);
            add(Some(call.agent.id));
        }
        if per != PerWhom::Everybody {
            add(call.delegation);
            add(proof.map(ToString::to_string).as_deref());
        }
        Self(Digest::of(&text))
    }
    /// The digest.
    pub const fn digest(&self) -> &Digest {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.0.short())
    }
}
