//! What is kept, as bytes: JSON, since what is in it is mostly JSON. Another form has another number, and what has an
//! unknown one is as good as not kept.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The number of this form.
const FORM: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Formed<T> {
    form: u32,
    #[serde(flatten)]
    record: T,
}

/// The bytes of a record.
pub(crate) fn encode<T: Serialize>(record: &T) -> Option<Vec<u8>> {
    serde_json::to_vec(&Formed { form: FORM, record }).ok()
}

/// The record that `bytes` are.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let Formed { form, record } = serde_json::from_slice(bytes).ok()?;
    (form == FORM).then_some(record)
}

/// A session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SessionRecord {
    pub(super) revision: String,
    /// What its client calls itself.
    #[serde(default)]
    pub(super) client: Option<Box<str>>,
    pub(super) ways: Vec<WayRecord>,
}

/// A session's way to one server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct WayRecord {
    pub(super) server: String,
    /// How the server was reached: its session is told to nobody else.
    pub(super) place: String,
    /// The client's `initialize`, as it came.
    pub(super) initialize: String,
    pub(super) kind: WayKind,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum WayKind {
    /// The server has a session of its own.
    Http(Upstream),
    /// The session is held here, over a server that has none.
    Lifted { revision: String, level: Option<String>, tools: bool, prompts: bool, resources: bool, uris: Vec<String> },
}

/// What a server over HTTP knows a session by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Upstream {
    pub(super) id: Option<String>,
    pub(super) revision: Option<String>,
}

/// A call that waits for its client, at a server that waits for it on a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CallRecord {
    pub(super) place: String,
    pub(super) upstream: Upstream,
    /// What the session was opened with, and what the server answered.
    pub(super) capabilities: String,
    pub(super) info: Option<String>,
    pub(super) greeting: String,
    /// The ids of the call and of the server's question, as JSON.
    pub(super) alias: Option<String>,
    pub(super) question: String,
    /// What is asked.
    pub(super) key: String,
    pub(super) method: String,
    pub(super) params: String,
    /// The last event of the server's stream.
    pub(super) last: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{option::of, prelude::*};

    fn upstream() -> impl Strategy<Value = Upstream> {
        (of(any::<String>()), of(any::<String>())).prop_map(|(id, revision)| Upstream { id, revision })
    }

    fn way() -> impl Strategy<Value = WayRecord> {
        let lifted = (any::<String>(), of(any::<String>()), any::<[bool; 3]>(), any::<Vec<String>>()).prop_map(
            |(revision, level, [tools, prompts, resources], uris)| WayKind::Lifted {
                revision,
                level,
                tools,
                prompts,
                resources,
                uris,
            },
        );
        let kind = prop_oneof![upstream().prop_map(WayKind::Http), lifted];
        (any::<[String; 3]>(), kind).prop_map(|([server, place, initialize], kind)| WayRecord {
            server,
            place,
            initialize,
            kind,
        })
    }

    prop_compose! {
        fn session()(
            revision: String, client: Option<Box<str>>, ways in prop::collection::vec(way(), 0..4)
        ) -> SessionRecord {
            SessionRecord { revision, client, ways }
        }
    }

    prop_compose! {
        fn call()(
            upstream in upstream(), texts: [String; 8], info: Option<String>, alias: Option<String>
        ) -> CallRecord {
            let [place, capabilities, greeting, question, key, method, params, last] = texts;
            CallRecord { place, upstream, capabilities, info, greeting, alias, question, key, method, params, last }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_is_kept_comes_back(session in session(), call in call()) {
            prop_assert_eq!(decode(&encode(&session).unwrap()), Some(session));
            prop_assert_eq!(decode(&encode(&call).unwrap()), Some(call));
        }

        #[test]
        fn a_cut_record_is_none(session in session(), at: usize) {
            let bytes = encode(&session).unwrap();
            prop_assert_eq!(decode::<SessionRecord>(&bytes[..at % bytes.len()]), None);
        }
    }

    #[test]
    fn another_form_is_none() {
        let bytes = br#"{"form":2,"revision":"2025-11-25","ways":[]}"#;
        assert_eq!(decode::<SessionRecord>(bytes), None);
        let known = String::from_utf8(bytes.to_vec()).unwrap().replace("2,", "1,");
        assert!(decode::<SessionRecord>(known.as_bytes()).is_some());
    }
}
