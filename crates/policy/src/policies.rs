use crate::{
    Action, Base, Diagnostic, Party, Question, Ruling, Source, Target, Verdict, combine, compile,
    entity::Prepared,
    footprint::Footprint,
    memo::Memo,
    rule::{Rule, Seat},
    slice::{Outcome, Place, Shelf, Slices, entities},
    value::encode_text,
    verdict::{Rulings, SEATS, Together},
};
use cedar_policy::{Authorizer, Entities, Request};
use doorward_vocab::{Decision, Digest, Reason, ReasonCode};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// A compiled set of policies: an immutable snapshot that answers questions, and remembers its answers.
pub struct Policies {
    pub(crate) rules: Vec<Rule>,
    pub(crate) shelves: [Shelf; Seat::ALL.len()],
    version: Digest,
    base: Base,
    warnings: Vec<Diagnostic>,
    asks_for_sources: bool,
    authorizer: Authorizer,
    slices: Slices,
    places: Memo<PlaceKey, Arc<Place>>,
    entities: Memo<(Digest, Digest), Arc<Entities>>,
    next_place: AtomicU64,
    rulings: Memo<Box<[u8]>, Arc<Ruling>>,
    verdicts: Memo<[usize; SEATS], Arc<Together>>,
    ownerless: Arc<Ruling>,
    doubtful: Arc<Ruling>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct PlaceKey {
    seat: Seat,
    view: View,
    action: Action,
    principal: Digest,
    target: Digest,
}

/// Which rules are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum View {
    /// All.
    Full,
    /// Those that do not read the content of a call.
    Blind,
}

impl Policies {
    /// A longer key costs more to keep than to decide again.
    const KEY: usize = 2048;

    /// Reads and checks `sources` on top of `base`.
    ///
    /// # Errors
    /// All mistakes of all sources at once.
    pub fn compile(sources: &[Source], base: Base) -> Result<Self, Vec<Diagnostic>> {
        let (rules, warnings) = compile::compile(sources, base)?;
        let fixed = |code, text: &'static str| {
            Arc::new(Ruling {
                decision: Decision::Deny,
                reasons: vec![Reason::new(code, text)],
                obligations: Vec::new(),
                remedies: Vec::new(),
                would_be: None,
                own_permit: false,
            })
        };
        Ok(Self {
            shelves: Seat::ALL.map(|seat| Shelf::of(seat, &rules)),
            version: version(&rules, base),
            base,
            warnings,
            asks_for_sources: rules.iter().any(|rule| rule.footprint.meets(Footprint::of_sources())),
            authorizer: Authorizer::new(),
            slices: Slices::default(),
            places: Memo::new(16_384),
            entities: Memo::new(8192),
            next_place: AtomicU64::new(0),
            rulings: Memo::new(32_768),
            verdicts: Memo::new(4096),
            ownerless: fixed(
                ReasonCode::NotPermitted,
                "there is no person, and the delegation names no accountable owner",
            ),
            doubtful: fixed(ReasonCode::EvaluationError, "the arguments hold more than can be checked"),
            rules,
        })
    }

    /// The digest of the policies and the base, which the trail records with every ruling.
    pub fn version(&self) -> Digest {
        self.version
    }
    /// What holds before the operator's own policies.
    pub fn base(&self) -> Base {
        self.base
    }
    /// Whether a policy asks where the values of a call came from.
    pub const fn asks_for_sources(&self) -> bool {
        self.asks_for_sources
    }
    /// What loaded and still looks like a mistake: a policy that can never apply, a name that imitates another.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// Answers: a decision for each party and each delegation of the chain, of which the strictest holds.
    pub fn decide(&self, question: &Question<'_>) -> Verdict {
        let mut key = Vec::with_capacity(128);
        let mut rulings = Rulings::default();
        for (place, seat) in rulings.iter_mut().zip(seats(question)) {
            *place = Some(match seat {
                Some((seat, principal)) => self.rule(seat, principal, question, &mut key),
                None => Arc::clone(&self.ownerless),
            });
        }
        Verdict::new(self.together(&rulings), question.human.is_none())
    }

    /// What these rulings say together. They are known by where they are: memory keeps them alive, so nothing else is there.
    fn together(&self, rulings: &Rulings) -> Arc<Together> {
        let places = rulings.each_ref().map(|r| r.as_ref().map_or(0, |r| Arc::as_ptr(r).addr()));
        let spread = places.iter().fold(0, |all, place| all ^ place >> 6) as u64;
        if let Some(together) = self.verdicts.recall(spread, &places) {
            return together;
        }
        let together = Together::of(rulings).unwrap_or_else(|| Together::same(&self.doubtful));
        let together = Arc::new(together);
        self.verdicts.keep(spread, places, Arc::clone(&together));
        together
    }

    /// Whether the target may be seen in a list: false only where it may not be listed, or where `question.action`
    /// would be denied whatever the arguments, the flow and the findings are. A challenge does not hide.
    pub fn visible(&self, question: &Question<'_>) -> bool {
        let mut key = Vec::with_capacity(128);
        [Action::List, question.action].into_iter().all(|action| {
            let question = Question { action, ..*question };
            seats(&question).all(|seat| seat.is_some_and(|(seat, who)| self.may_pass(seat, who, &question, &mut key)))
        })
    }

    fn rule(&self, seat: Seat, principal: &Prepared, q: &Question<'_>, key: &mut Vec<u8>) -> Arc<Ruling> {
        let Some(place) = self.place(seat, View::Full, principal, q) else { return Arc::clone(&self.doubtful) };
        self.recall(&place, q, key, |outcome| combine::ruling(seat, &self.rules, outcome))
    }

    /// Whether some content of the call could let it pass this seat.
    fn may_pass(&self, seat: Seat, principal: &Prepared, q: &Question<'_>, key: &mut Vec<u8>) -> bool {
        let Some(place) = self.place(seat, View::Blind, principal, q) else { return false };
        let ruling = self.recall(&place, q, key, |outcome| {
            let open = self.open_permits(seat, principal, q);
            let act = combine::judge(&self.rules, outcome, |rule| !rule.marks.observe);
            let stays = |n: &usize| {
                self.rules.get(*n).is_some_and(|forbid| {
                    let liftable = open.iter().any(|p| p.marks.lifts.as_ref() == Some(&forbid.name));
                    forbid.marks.challenge.is_none() && !(forbid.base && liftable)
                })
            };
            let hidden =
                !act.errors.is_empty() || act.forbids.iter().any(stays) || (act.permits.is_empty() && open.is_empty());
            let decision = if hidden { Decision::Deny } else { Decision::Allow };
            Ruling { decision, ..combine::ruling(seat, &self.rules, outcome) }
        });
        ruling.decision != Decision::Deny
    }

    /// The acting permits that only the content of the call decides.
    fn open_permits(&self, seat: Seat, principal: &Prepared, q: &Question<'_>) -> Vec<&Rule> {
        let slice = self.slice(seat, principal, q).into_iter().filter_map(|n| self.rules.get(n));
        slice
            .filter(|r| r.effect == cedar_policy::Effect::Permit && !r.marks.observe)
            .filter(|r| r.footprint.meets(Footprint::of_content()))
            .collect()
    }

    /// The answer from memory, or from an evaluation that sees no more than what the memory is keyed by: the place,
    /// which stands for seat, action, principal and target, and the values of what the slice reads.
    fn recall(
        &self,
        place: &Place,
        q: &Question<'_>,
        key: &mut Vec<u8>,
        conclude: impl FnOnce(&Outcome) -> Ruling,
    ) -> Arc<Ruling> {
        let slice = &place.slice;
        if slice.acting.doubts(q.context) {
            return Arc::clone(&self.doubtful);
        }
        key.clear();
        key.extend(place.number.to_le_bytes());
        slice.footprint.encode(q.context, key);
        if let Some(ruling) = self.rulings.recall(place.number, key.as_slice()) {
            return ruling;
        }
        let Some(outcome) = self.evaluate(place, q) else { return Arc::clone(&self.doubtful) };
        let ruling = Arc::new(conclude(&outcome));
        if key.len() <= Self::KEY && !slice.footprint.doubts(q.context) {
            self.rulings.keep(place.number, key.as_slice().into(), Arc::clone(&ruling));
        }
        ruling
    }

    pub(crate) fn evaluate(&self, place: &Place, q: &Question<'_>) -> Option<Outcome> {
        let context = place.slice.footprint.context(q.context)?;
        let (action, resource) = (q.action.uid().clone(), q.target.entity.uid().clone());
        let request = Request::new(place.principal.clone(), action, resource, context, None).ok()?;
        Some(place.slice.evaluate(&self.authorizer, &request, &place.entities))
    }

    fn place(&self, seat: Seat, view: View, principal: &Prepared, q: &Question<'_>) -> Option<Arc<Place>> {
        let (target, action) = (q.target.fingerprint, q.action);
        let key = PlaceKey { seat, view, action, principal: principal.fingerprint(), target };
        let [spread, ..] = *target.as_bytes();
        if let Some(place) = self.places.recall(spread.into(), &key) {
            return Some(place);
        }
        let mut numbers = self.slice(seat, principal, q);
        if view == View::Blind {
            let content = Footprint::of_content();
            numbers.retain(|n| self.rules.get(*n).is_some_and(|r| !r.footprint.meets(content)));
        }
        let place = Arc::new(Place {
            number: self.next_place.fetch_add(1, Relaxed),
            slice: self.slices.share(numbers, &self.rules),
            entities: self.entities(principal, q.target)?,
            principal: principal.uid().clone(),
        });
        self.places.keep(spread.into(), key, Arc::clone(&place));
        Some(place)
    }

    fn entities(&self, principal: &Prepared, target: &Target) -> Option<Arc<Entities>> {
        let key = (principal.fingerprint(), target.fingerprint);
        let [spread, ..] = *target.fingerprint.as_bytes();
        if let Some(entities) = self.entities.recall(spread.into(), &key) {
            return Some(entities);
        }
        let entities = Arc::new(entities(principal, target)?);
        self.entities.keep(spread.into(), key, Arc::clone(&entities));
        Some(entities)
    }

    pub(crate) fn slice(&self, seat: Seat, principal: &Prepared, q: &Question<'_>) -> Vec<usize> {
        let shelf = self.shelves.get(seat.index());
        shelf.map(|s| s.slice(&self.rules, principal, q.action, &q.target.entity)).unwrap_or_default()
    }
}

/// Which policies answer, and about whom: for the agent, the human, each delegation, and the server. None where nobody
/// can answer: there is neither a person nor an owner, or no chain of delegations that may be.
pub(crate) fn seats<'a>(q: &Question<'a>) -> impl Iterator<Item = Option<(Seat, &'a Prepared)>> {
    let human = match (q.human, q.delegations.first()) {
        (Some(human), _) => Some((Seat::Of(Party::Human), &human.0)),
        // The owner of the first answers: the others were made from it.
        (None, Some(first)) if first.owned => Some((Seat::Autonomous, &first.entity)),
        (None, _) => None,
    };
    let whole = (1..=Question::HOPS).contains(&q.delegations.len());
    let hops = q.delegations.iter().filter(move |_| whole).map(|d| Some((Seat::Of(Party::Delegation), &d.entity)));
    let nobody = (!whole).then_some(None);
    let agent = Some((Seat::Of(Party::Agent), &q.agent.0));
    let server = Some((Seat::Of(Party::Server), &q.target.server.0));
    [agent, human].into_iter().chain(hops).chain(nobody).chain([server])
}

/// Of the policies in Cedar's own form, so that blanks and comments do not count.
fn version(rules: &[Rule], base: Base) -> Digest {
    let mut seen = Vec::new();
    encode_text(&base.to_string(), &mut seen);
    let mut all: Vec<_> = rules
        .iter()
        .map(|r| (&r.name, r.policy.to_json().map_or_else(|_| r.policy.to_string(), |json| json.to_string())))
        .collect();
    all.sort();
    for (name, text) in all {
        encode_text(name, &mut seen);
        encode_text(&text, &mut seen);
    }
    Digest::of(&seen)
}

impl std::fmt::Debug for Policies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Policies({} policies on {}, {})", self.rules.len(), self.base, self.version.short())
    }
}
