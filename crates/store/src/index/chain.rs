use super::{Hit, Index, IndexError};
use doorward_vocab::CallId;

/// A conversation's name means something only together with its principal: the same human, or the same agent where
/// there is none. Calls that caused one of its calls, or were caused by one, belong to the chain wherever they are.
const CHAIN: &str = "
    WITH RECURSIVE
    origin AS (SELECT conversation, human, agent FROM record WHERE call = ?1 AND kind = 'ruling' LIMIT 1),
    own AS (
        SELECT r.idx, r.call, r.parent FROM record r JOIN origin o ON r.conversation = o.conversation
        WHERE CASE WHEN o.human IS NULL THEN r.agent IS o.agent ELSE r.human IS o.human END
    ),
    above(call) AS (
        SELECT parent FROM own WHERE parent IS NOT NULL
        UNION SELECT r.parent FROM record r JOIN above a ON r.call = a.call WHERE r.parent IS NOT NULL
    ),
    below(call) AS (
        SELECT call FROM own WHERE call IS NOT NULL
        UNION SELECT r.call FROM record r JOIN below b ON r.parent = b.call
    )
    SELECT idx, segment, offset FROM record WHERE idx IN (
        SELECT idx FROM own
        UNION SELECT r.idx FROM record r JOIN above a ON r.call = a.call
        UNION SELECT r.idx FROM record r JOIN below b ON r.call = b.call
        UNION SELECT idx FROM record WHERE call = ?1
    ) ORDER BY idx LIMIT ?2";

/// The longest chain that is given at once.
const LONGEST: i64 = 10_000;

impl Index {
    /// Everything that belongs together with `call`: the turns of the human, the decisions and what became of them,
    /// in order; empty where the call is not known.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn chain(&self, call: CallId) -> Result<Vec<Hit>, IndexError> {
        self.catch_up()?;
        self.hits(CHAIN, vec![call.to_string().into(), LONGEST.into()])
    }
}
