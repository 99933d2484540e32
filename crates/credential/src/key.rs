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
        let mut add = |part: Option<&[u8]>| match part {
            None => text.push(0),
            Some(part) => {
                text.push(1);
                text.extend_from_slice(&(part.len() as u64).to_be_bytes());
                text.extend_from_slice(part);
            }
        };
        add(Some(configured.as_bytes()));
        add(Some(call.resource.as_bytes()));
        if provider.narrows() {
            let mut scopes: Vec<&str> = call.scopes.iter().map(|s| &**s).collect();
            scopes.sort_unstable();
            scopes.dedup();
            add(Some(scopes.join(" ").as_bytes()));
        }
        let more = provider.distinguishes(call);
        add(Some(&(more.len() as u64).to_be_bytes()));
        more.iter().for_each(|part| add(Some(part.as_bytes())));
        if matches!(per, PerWhom::Human | PerWhom::Both) {
            add(call.human.map(|h| h.issuer.as_bytes()));
            add(call.human.map(|h| h.id.as_bytes()));
        }
        if matches!(per, PerWhom::Agent | PerWhom::Both) {
            add(call.agent.issuer.map(str::as_bytes));
            add(Some(call.agent.id.as_bytes()));
        }
        if per != PerWhom::Everybody {
            add(call.delegation.map(str::as_bytes));
            add(proof.map(|digest| digest.as_bytes().as_slice()));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Agent, Failure, Human, Order, Step};
    use proptest::prelude::*;

    /// Whose call: agent, human, delegation, key of the token, scope.
    type Who = (u8, Option<(u8, u8)>, Option<u8>, Option<u8>, u8);

    #[derive(Debug)]
    struct Kind(PerWhom, bool);

    impl Provider for Kind {
        fn kind(&self) -> &'static str {
            "kind"
        }
        fn per(&self) -> PerWhom {
            self.0
        }
        fn narrows(&self) -> bool {
            self.1
        }
        fn begin<'a>(&'a self, _: &'a Order<'a>) -> Result<Step<'a>, Failure> {
            Err(Failure::NoHuman)
        }
    }

    fn key(who: Who, per: PerWhom, narrows: bool) -> Key {
        let (agent, human, delegation, proof, scope) = who;
        let name = |n: u8| format!("n{n}");
        let (agent, scopes) = (name(agent), [name(scope).into_boxed_str()]);
        let human = human.map(|(issuer, id)| (name(issuer), name(id)));
        let delegation = delegation.map(name);
        let call = Call {
            server: "files",
            resource: "https://mcp.example/mcp",
            tool: None,
            scopes: &scopes,
            agent: Agent { id: &agent, issuer: None },
            before: &[],
            human: human.as_ref().map(|(issuer, id)| Human { id, issuer, email: None }),
            delegation: delegation.as_deref(),
            conversation: None,
        };
        let proof = proof.map(|p| Digest::of(&[p]));
        Key::of(&Digest::of(b"provider"), &Kind(per, narrows), &call, proof.as_ref())
    }

    fn who() -> impl Strategy<Value = Who> {
        let some = || 0..3_u8;
        (
            some(),
            proptest::option::of((some(), some())),
            proptest::option::of(some()),
            proptest::option::of(some()),
            some(),
        )
    }

    proptest! {
        /// What serves one person, agent or delegation serves no other.
        #[test]
        fn equal_where_everything_is_that_it_depends_on(a in who(), b in who(), narrows: bool) {
            let scope = !narrows || a.4 == b.4;
            let bound = a.2 == b.2 && a.3 == b.3;
            for (per, same) in [
                (PerWhom::Everybody, true),
                (PerWhom::Agent, a.0 == b.0 && bound),
                (PerWhom::Human, a.1 == b.1 && bound),
                (PerWhom::Both, a.0 == b.0 && a.1 == b.1 && bound),
            ] {
                prop_assert_eq!(key(a, per, narrows) == key(b, per, narrows), same && scope, "{:?}", per);
            }
        }
    }
}
