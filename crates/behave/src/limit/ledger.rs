use super::{
    cost::{Cost, Unit},
    gauge::{Gauge, Quota},
    holder::{Holders, Scope},
};
use crate::Sum;
use doorward_vocab::Timestamp;
use std::{collections::HashMap, fmt, time::Duration};

/// The quotas of each scope and unit; none is no limit.
#[derive(Clone, Debug, Default)]
pub struct Quotas([[Option<Quota>; 4]; 7]);

impl Quotas {
    /// With a quota more.
    #[must_use]
    pub fn with(mut self, scope: Scope, unit: Unit, quota: Quota) -> Self {
        if let Some(slot) = self.0.get_mut(scope as usize).and_then(|units| units.get_mut(unit as usize)) {
            *slot = Some(quota);
        }
        self
    }
    /// The quotas of a scope.
    fn of(&self, scope: Scope) -> impl Iterator<Item = (Unit, Quota)> + '_ {
        let units = self.0.get(scope as usize).into_iter().flatten();
        Unit::ALL.into_iter().zip(units).filter_map(|(unit, quota)| quota.map(|quota| (unit, quota)))
    }
    fn limits(&self, scope: Scope) -> bool {
        self.of(scope).next().is_some()
    }
}

/// What everybody has used lately.
#[derive(Clone, Debug)]
pub struct Ledger {
    quotas: Quotas,
    books: [Book; 7],
}

/// What was reserved for one call, until it is settled. One that is never settled stays used as it was estimated.
#[derive(Debug)]
#[must_use = "what is not settled stays used"]
pub struct Reservation {
    holders: Holders,
    cost: Cost,
}

/// Something is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted {
    /// Whose.
    pub scope: Scope,
    /// What.
    pub unit: Unit,
    /// How much is left.
    pub left: u64,
    /// How long until there is enough; none where only a person can give more.
    pub wait: Option<Duration>,
}

impl Ledger {
    /// How many holders of one scope are told apart at one time. Who comes on top of that shares one quota with the others of them.
    pub const MOST: usize = 65_536;

    /// A ledger in which nobody has used anything.
    pub fn new(quotas: Quotas) -> Self {
        Self { quotas, books: Default::default() }
    }

    /// Other quotas hold from now on. What was used stays used, as the time that it takes to flow in again.
    pub fn requote(&mut self, quotas: Quotas) {
        self.quotas = quotas;
    }

    /// Reserves a cost with everybody, or with nobody.
    ///
    /// # Errors
    /// Somebody has not enough left: the one who has to wait the longest is told.
    pub fn reserve(&mut self, holders: Holders, cost: Cost, now: Timestamp) -> Result<Reservation, Exhausted> {
        if let Some(short) = self.shortest(&holders, cost, now) {
            return Err(short);
        }
        self.each(&holders, now, |gauge, unit, quota| gauge.reserve(quota, cost.of(unit), now));
        Ok(Reservation { holders, cost })
    }

    /// Reserves a cost though somebody may not have enough left.
    pub fn overdraw(&mut self, holders: Holders, cost: Cost, now: Timestamp) -> Reservation {
        self.each(&holders, now, |gauge, unit, quota| gauge.overdraw(quota, cost.of(unit), now));
        Reservation { holders, cost }
    }

    /// Somebody may give more to the holder of this scope: all of its quotas are as new.
    pub fn refill(&mut self, holders: &Holders, scope: Scope) {
        if let Some(book) = self.books.get_mut(scope as usize) {
            book.gauges.remove(&holders.of(scope));
        }
    }

    /// Gives back what was reserved in excess, or takes what was not.
    pub fn settle(&mut self, reservation: Reservation, actual: Cost, now: Timestamp) {
        let Reservation { holders, cost } = reservation;
        self.each(&holders, now, |gauge, unit, quota| gauge.settle(quota, cost.of(unit), actual.of(unit), now));
    }

    /// How much of a unit is left for a call like this, in the scope that has least of it; none where nothing limits it.
    pub fn left(&self, holders: &Holders, unit: Unit, now: Timestamp) -> Option<u64> {
        let all = Scope::ALL.into_iter().flat_map(|scope| {
            let gauges = self.gauges(scope, holders);
            self.quotas
                .of(scope)
                .filter(move |(u, _)| *u == unit)
                .map(move |(unit, quota)| of(&gauges, unit).left(&quota, now))
        });
        all.min()
    }

    fn shortest(&self, holders: &Holders, cost: Cost, now: Timestamp) -> Option<Exhausted> {
        let mut shortest: Option<Exhausted> = None;
        for scope in Scope::ALL {
            let gauges = self.gauges(scope, holders);
            for (unit, quota) in self.quotas.of(scope) {
                let wait = of(&gauges, unit).wait(&quota, cost.of(unit), now);
                if !wait.is_zero() && shortest.is_none_or(|s| s.wait < Some(wait)) {
                    let left = of(&gauges, unit).left(&quota, now);
                    shortest = Some(Exhausted { scope, unit, left, wait: Some(wait) });
                }
            }
        }
        shortest
    }

    fn gauges(&self, scope: Scope, holders: &Holders) -> Gauges {
        self.books.get(scope as usize).map(|book| book.look(holders.of(scope))).unwrap_or_default()
    }

    fn each(&mut self, holders: &Holders, now: Timestamp, act: impl Fn(&mut Gauge, Unit, &Quota)) {
        for (scope, book) in Scope::ALL.into_iter().zip(&mut self.books) {
            if !self.quotas.limits(scope) {
                continue;
            }
            let gauges = book.open(holders.of(scope), now);
            for (unit, quota) in self.quotas.of(scope) {
                if let Some(gauge) = gauges.get_mut(unit as usize) {
                    act(gauge, unit, &quota);
                }
            }
        }
    }
}

type Gauges = [Gauge; 4];

fn of(gauges: &Gauges, unit: Unit) -> Gauge {
    gauges.get(unit as usize).copied().unwrap_or_default()
}

/// The gauges of one scope.
#[derive(Clone, Debug, Default)]
struct Book {
    gauges: HashMap<Sum, Gauges>,
    /// Of all for whom there is no room.
    shared: Gauges,
    swept: Timestamp,
}

impl Book {
    fn look(&self, who: Sum) -> Gauges {
        let new = if self.gauges.len() < Ledger::MOST { Gauges::default() } else { self.shared };
        self.gauges.get(&who).copied().unwrap_or(new)
    }

    fn open(&mut self, who: Sum, now: Timestamp) -> &mut Gauges {
        // Who owes nothing is like a stranger. Once a minute at most, since it goes over all of them.
        if self.gauges.len() >= Ledger::MOST && now.since(self.swept) >= Duration::from_secs(60) {
            self.gauges.retain(|_, gauges| gauges.iter().any(|gauge| !gauge.is_idle(now)));
            self.swept = now;
        }
        if self.gauges.len() >= Ledger::MOST && !self.gauges.contains_key(&who) {
            return &mut self.shared;
        }
        self.gauges.entry(who).or_default()
    }
}

/// For people and for the agent.
impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} has {} {} left", self.scope, self.left, self.unit)?;
        match self.wait {
            Some(wait) => write!(f, "; there is enough in {} s", wait.as_secs().saturating_add(1)),
            None => write!(f, "; a person can give more"),
        }
    }
}
