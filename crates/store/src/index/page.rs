//! Pages of a search: newest first, bounded in time however large the trail is. The index is looked through in windows
//! that grow; what a page did not reach, the next one goes on with.

use super::{
    Filter, Hit, Index, IndexError,
    fill::{signed, unsigned},
    query::conditions,
};
use rusqlite::{OptionalExtension as _, params};
use std::time::{Duration, Instant};

/// Where a page begins, how long it is, and how long the search may take.
#[derive(Clone, Copy, Debug)]
pub struct Seek {
    /// Only records before this index: the `next` of the page before.
    pub before: Option<u64>,
    /// At most so many records.
    pub limit: usize,
    /// When to stop looking, and give what was found so far.
    pub within: Duration,
}

/// A page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageOf<T> {
    /// What is on it, newest first.
    pub items: Vec<T>,
    /// Where the next page begins; absent where this is the last one.
    pub next: Option<u64>,
}

/// How many records are looked through at first, and at most at once.
const WINDOWS: (u64, u64) = (8_192, 2 << 20);
/// How far times of records may be out of order, in records.
const DISORDER: u64 = 10_000;

impl Index {
    /// The newest records that match before a place, without waiting for the index to catch up.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn page(&self, filter: &Filter, seek: Seek) -> Result<PageOf<Hit>, IndexError> {
        let begun = Instant::now();
        let filter = self.settled(filter)?;
        let (lowest, highest) = self.bounds(&filter, seek.before)?;
        let (mut high, mut window) = (highest, WINDOWS.0);
        let mut page = PageOf { items: Vec::new(), next: None };
        while high > lowest {
            let low = high.saturating_sub(window).max(lowest);
            let left = seek.limit - page.items.len();
            let (conditions, mut values) = conditions(&filter, Some((low, high)));
            values.push(i64::try_from(left).unwrap_or(i64::MAX).into());
            let sql = format!("SELECT idx, segment, offset FROM record WHERE {conditions} ORDER BY idx DESC LIMIT ?");
            page.items.extend(self.hits(&sql, values)?);
            if page.items.len() >= seek.limit {
                page.next = page.items.last().map(|hit| hit.index).filter(|index| *index > lowest);
                return Ok(page);
            }
            high = low;
            if high > lowest && begun.elapsed() >= seek.within {
                page.next = Some(high);
                return Ok(page);
            }
            window = (window * 4).min(WINDOWS.1);
        }
        Ok(page)
    }

    /// The records of one conversation from an index on, oldest first.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn conversation(&self, name: &str, whose: &str, from: u64, limit: usize) -> Result<PageOf<Hit>, IndexError> {
        let most = i64::try_from(limit).unwrap_or(i64::MAX - 1);
        let sql = "SELECT idx, segment, offset FROM record
                   WHERE conversation = ? AND idx >= ? AND coalesce(human, agent) = ? ORDER BY idx LIMIT ?";
        let values = vec![name.to_owned().into(), signed(from).into(), whose.to_owned().into(), (most + 1).into()];
        let mut items = self.hits(sql, values)?;
        let next = if items.len() > limit { items.pop().map(|hit| hit.index) } else { None };
        Ok(PageOf { items, next })
    }

    /// A name of an agent or human that stands for an id is looked for as that id: one index answers for it.
    fn settled(&self, filter: &Filter) -> Result<Filter, IndexError> {
        let mut filter = filter.clone();
        let db = self.db.lock();
        for (role, asked) in [("agent", &mut filter.agent), ("human", &mut filter.human)] {
            let Some(text) = asked else { continue };
            let sql = "SELECT id FROM party WHERE role = ?1 AND id = ?2
                       UNION ALL SELECT id FROM party WHERE role = ?1 AND name = ?2 LIMIT 2";
            let mut statement = db.prepare_cached(sql)?;
            let found: Vec<String> =
                statement.query_map(params![role, &*text], |r| r.get(0))?.collect::<Result<_, _>>()?;
            if let Some(id) = found.first().filter(|id| found.iter().all(|other| other == *id)) {
                *text = id.clone();
            }
        }
        Ok(filter)
    }

    /// Between which indexes anything can match.
    fn bounds(&self, filter: &Filter, before: Option<u64>) -> Result<(u64, u64), IndexError> {
        let db = self.db.lock();
        let size = unsigned(db.query_row("SELECT next FROM progress", [], |r| r.get(0))?);
        let at =
            |sql: &str, time: u64| db.prepare_cached(sql)?.query_row([signed(time)], |r| r.get::<_, i64>(0)).optional();
        let low = match filter.since {
            Some(t) => at("SELECT idx FROM record WHERE time >= ?1 ORDER BY time LIMIT 1", t.micros())?
                .map_or(size, |index| unsigned(index).saturating_sub(DISORDER)),
            None => 0,
        };
        let high = match filter.until {
            Some(t) => at("SELECT idx FROM record WHERE time < ?1 ORDER BY time DESC LIMIT 1", t.micros())?
                .map_or(0, |index| unsigned(index).saturating_add(DISORDER)),
            None => size,
        };
        let low = low.max(filter.from.unwrap_or(0));
        let high = high.min(size).min(before.unwrap_or(u64::MAX)).min(filter.to.unwrap_or(u64::MAX));
        Ok((low, high))
    }
}
