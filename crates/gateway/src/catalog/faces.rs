//! Which definition each client was shown. A server that changes shows everybody the new one from then on; one that goes
//! back and forth shows some clients something else.

use doorward_identity::PrincipalKey;
use doorward_vocab::Digest;
use std::collections::{BTreeSet, HashMap};

/// What was shown of each tool.
#[derive(Debug, Default)]
pub(super) struct Faces {
    shown: HashMap<String, Shown>,
}

#[derive(Debug, Default)]
struct Shown {
    /// In the order in which they were first seen.
    faces: Vec<Face>,
    /// The one that was shown last.
    last: Option<Digest>,
    /// How often one came back after another.
    returns: u32,
    /// Whether it is shown in two ways by turns.
    two_faced: bool,
}

#[derive(Debug)]
struct Face {
    digest: Digest,
    to: BTreeSet<PrincipalKey>,
}

/// The most tools that are remembered, the most definitions of one, and the most clients of one definition.
const MOST: (usize, usize, usize) = (10_000, 8, 64);

impl Faces {
    /// `to` is shown this definition of a tool. Whether the server shows it in two ways by turns: one comes back that somebody
    /// else was shown another one after, or comes back again and again. Going back once is what a server may do.
    pub(super) fn shows(&mut self, tool: &str, to: PrincipalKey, digest: Digest) -> bool {
        if self.shown.len() >= MOST.0 && !self.shown.contains_key(tool) {
            return false;
        }
        let shown = self.shown.entry(tool.to_owned()).or_default();
        let again = shown.last.replace(digest).is_some_and(|last| last != digest);
        match shown.faces.iter().position(|face| face.digest == digest) {
            Some(at) => {
                let newer = shown.faces.get(at + 1..).unwrap_or_default();
                let others = newer.iter().any(|face| face.to.iter().any(|other| *other != to));
                shown.returns += u32::from(again);
                shown.two_faced |= again && (others || shown.returns > 1);
                let clients = shown.faces.get_mut(at).map(|face| &mut face.to);
                if let Some(clients) = clients.filter(|clients| clients.len() < MOST.2) {
                    clients.insert(to);
                }
            }
            None => {
                if shown.faces.len() >= MOST.1 {
                    shown.faces.remove(0);
                }
                shown.faces.push(Face { digest, to: [to].into() });
            }
        }
        shown.two_faced
    }

    /// Somebody decided.
    pub(super) fn forget(&mut self) {
        self.shown.clear();
    }
}
