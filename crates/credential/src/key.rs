use crate::{Call, PerWhom};
use doorward_vocab::Digest;
use std::fmt;

/// Under what a credential is kept: equal only where everything is equal that it depends on.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key(Digest);

impl Key {
    /// The key of what serves a call, of the provider which `provider` (a digest of its name and settings) stands for. `proof` is the
    /// digest of the key that the agent's token is bound to, where it is bound to one.
    pub fn of(provider: &Digest, per: PerWhom, narrows: bool, call: &Call<'_>, proof: Option<&Digest>) -> Self {
        let mut text = b"doorward credential 1".to_vec();
        let mut add = |part: Option<&str>| match part {
            None => text.push(0),
            Some(part) => {
                text.push(1);
                text.extend_from_slice(&(part.len() as u64).to_be_bytes());
                text.extend_from_slice(part.as_bytes());
            }
        };
        add(Some(&provider.to_string()));
        add(Some(call.resource));
        if narrows {
            let mut scopes: Vec<&str> = call.scopes.iter().map(|s| &**s).collect();
            scopes.sort_unstable();
            scopes.dedup();
            add(Some(&scopes.join(" ")));
        }
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
