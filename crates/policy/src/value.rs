use cedar_policy::RestrictedExpression;
use std::borrow::Cow;

/// A value that policies can read: of an entity or of the context.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Bool(bool),
    Long(i64),
    Text(Cow<'a, str>),
    Texts(Cow<'a, [String]>),
    Longs(Cow<'a, [i64]>),
    /// Fields by name, in the order of the schema.
    Record(Vec<(&'static str, Value<'a>)>),
}

impl Value<'_> {
    /// A count; what is beyond the range of a Long is as large as can be.
    pub(crate) fn count(n: u64) -> Self {
        Self::Long(i64::try_from(n).unwrap_or(i64::MAX))
    }

    /// Writes the value so that two different values never read alike, whatever follows.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Bool(b) => out.push(u8::from(*b)),
            Self::Long(n) => {
                out.push(2);
                out.extend(n.to_le_bytes());
            }
            Self::Text(t) => {
                out.push(3);
                encode_text(t, out);
            }
            Self::Texts(ts) => {
                out.push(4);
                out.extend((ts.len() as u64).to_le_bytes());
                ts.iter().for_each(|t| encode_text(t, out));
            }
            Self::Longs(ns) => {
                out.push(5);
                out.extend((ns.len() as u64).to_le_bytes());
                ns.iter().for_each(|n| out.extend(n.to_le_bytes()));
            }
            Self::Record(fields) => {
                out.push(6);
                out.extend((fields.len() as u64).to_le_bytes());
                for (name, value) in fields {
                    encode_text(name, out);
                    value.encode(out);
                }
            }
        }
    }

    pub(crate) fn expression(&self) -> RestrictedExpression {
        use RestrictedExpression as E;
        match self {
            Self::Bool(b) => E::new_bool(*b),
            Self::Long(n) => E::new_long(*n),
            Self::Text(t) => E::new_string(t.clone().into_owned()),
            Self::Texts(ts) => E::new_set(ts.iter().map(|t| E::new_string(t.clone()))),
            Self::Longs(ns) => E::new_set(ns.iter().map(|n| E::new_long(*n))),
            // No field has a name twice, so it is a record.
            Self::Record(fields) => {
                E::new_record(fields.iter().map(|(name, value)| ((*name).to_owned(), value.expression())))
                    .unwrap_or_else(|_| E::new_set([]))
            }
        }
    }
}

pub(crate) fn encode_text(text: &str, out: &mut Vec<u8>) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}
