//! Which entries belong to which page.

/// Pages of a table.
pub(super) const PAGES: usize = 1 << super::PAGE;
/// Up to so many entries, the page of each takes less room than where each page begins.
const FEW: usize = PAGES / 2;

#[derive(Clone, PartialEq)]
pub(super) enum Pages {
    /// The page of each entry.
    Few(Vec<u16>),
    /// The number of the first entry of each page, and of the one after the last.
    Many(Box<[u16]>),
}

impl Default for Pages {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "pages and counts have fewer bits than they are cut to")]
impl Pages {
    /// The number of the first entry of a page, or of a later one.
    #[inline]
    pub(super) fn begin(&self, page: usize) -> usize {
        match self {
            Self::Few(of) => of.partition_point(|of| usize::from(*of) < page),
            Self::Many(at) => at.get(page).map_or(0, |at| usize::from(*at)),
        }
    }

    /// The page of an entry that is of none before `page`.
    pub(super) fn of(&self, entry: usize, page: usize) -> usize {
        match self {
            Self::Few(of) => of.get(entry).copied().map_or(page, usize::from),
            Self::Many(at) => {
                let ends = at.iter().skip(page + 1).position(|end| usize::from(*end) > entry);
                page + ends.unwrap_or_default()
            }
        }
    }

    /// Entries of these pages came in, ordered by them.
    pub(super) fn take(&mut self, new: impl ExactSizeIterator<Item = usize>) {
        match self {
            Self::Few(of) => {
                of.reserve_exact(new.len());
                of.extend(new.map(|page| page as u16));
                // Two runs, each ordered.
                of.sort();
                if of.len() > FEW {
                    let mut begins = vec![0; PAGES + 1];
                    let mut from = 0;
                    for (before, page) in of.iter().enumerate() {
                        let until = usize::from(*page) + 1;
                        begins.iter_mut().take(until).skip(from).for_each(|at| *at = before as u16);
                        from = until.max(from);
                    }
                    begins.iter_mut().skip(from).for_each(|at| *at = of.len() as u16);
                    *self = Self::Many(begins.into());
                }
            }
            // A page begins as many entries later as came in before it.
            Self::Many(at) => {
                let (mut from, count) = (0, new.len());
                for (before, page) in new.enumerate() {
                    at.iter_mut().take(page + 1).skip(from).for_each(|at| *at += before as u16);
                    from = (page + 1).max(from);
                }
                at.iter_mut().skip(from).for_each(|at| *at += count as u16);
            }
        }
    }

    /// In bytes.
    pub(super) fn memory(&self) -> usize {
        2 * match self {
            Self::Few(of) => of.capacity(),
            Self::Many(at) => at.len(),
        }
    }
}
