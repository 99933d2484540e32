//! How much everybody may use, as it is reckoned.

use doorward_behave::limit::{Cost, Quota as Flow, Quotas, Scope, Unit};
use doorward_config::{Quota, QuotaOf, Settings};
use std::time::Duration;

/// How much everybody may use.
#[derive(Clone, Debug)]
pub(crate) struct Allowance {
    /// What flows in again.
    pub(crate) quotas: Quotas,
    /// What one conversation has in all.
    pub(crate) conversation: Cost,
    /// Whether a person may give more, by scope.
    more: [bool; 7],
}

impl Allowance {
    pub(super) fn of(settings: &Settings) -> Self {
        let usual = Quota::usual().into_iter().filter(|usual| settings.quotas.iter().all(|own| own.of != usual.of));
        let mut all = Self { quotas: Quotas::default(), conversation: Cost::UNBOUNDED, more: [true; 7] };
        usual.chain(settings.quotas.iter().cloned()).filter(|quota| !quota.off).for_each(|quota| all.join(&quota));
        all
    }

    /// Whether a person who approves a call that came too much gives this holder more.
    pub(crate) fn gives_more(&self, scope: Scope) -> bool {
        self.more.get(scope as usize).copied().unwrap_or(false)
    }

    fn join(&mut self, quota: &Quota) {
        let scope = scope(quota.of);
        if let Some(more) = self.more.get_mut(scope as usize) {
            *more &= quota.more;
        }
        let amounts = [(Unit::Calls, quota.calls), (Unit::Tokens, quota.tokens), (Unit::Time, quota.busy.map(micros))];
        for (unit, amount) in amounts.into_iter().filter_map(|(unit, amount)| Some((unit, amount?))) {
            match quota.within {
                Some(within) => {
                    self.quotas = std::mem::take(&mut self.quotas).with(scope, unit, Flow::new(amount, within))
                }
                None => self.conversation = self.conversation.at_most(unit, amount),
            }
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

const fn scope(of: QuotaOf) -> Scope {
    match of {
        QuotaOf::Tenant => Scope::Tenant,
        QuotaOf::Human => Scope::Human,
        QuotaOf::Agent => Scope::Agent,
        QuotaOf::Pair => Scope::Pair,
        QuotaOf::Conversation => Scope::Conversation,
        QuotaOf::Tool => Scope::Tool,
        QuotaOf::Server => Scope::Server,
    }
}
