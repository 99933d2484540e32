use crate::{Glob, Mistake, section::Section, value::Item};
use doorward_vocab::ByName;

/// A value for all tools, or a table of tool patterns with a value each. Where one value is a table itself, a table of tables
/// is meant by tool.
pub(super) fn by_tool<T>(
    section: &Section<'_>,
    key: &'static str,
    one: impl Fn(&Item<'_>) -> Result<T, Mistake>,
) -> ByName<T> {
    let Some(table) = section.is_table(key).then(|| section.table(key)).flatten() else {
        return section.get(key, one).map(ByName::all).unwrap_or_default();
    };
    let mut rules = Vec::new();
    for (_, item) in table.entries() {
        match one(&item) {
            Ok(value) => rules.push((Glob::new(&item.key), value)),
            Err(mistake) => table.reading.tell(item.span, mistake),
        }
    }
    ByName::new(rules)
}
