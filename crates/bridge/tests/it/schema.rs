//! The official schemas of the protocol, where they are at hand: not part of the project, they are read from the folder
//! that `DOORWARD_MCP_SCHEMAS` names (`2024-11-05.json` … `2026-07-28.json`).

use doorward_mcp::Revision;
use jsonschema::Validator;
use serde_json::{Value, json};
use std::{
    collections::{BTreeSet, HashMap},
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock},
};

/// The schema of one revision.
pub(crate) struct Schema {
    pub(crate) revision: Revision,
    root: Value,
    key: &'static str,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// The schemas of all revisions; `None`, and a line that says so, where they are absent.
pub(crate) fn schemas() -> Option<&'static [Schema]> {
    static ALL: OnceLock<Option<Vec<Schema>>> = OnceLock::new();
    ALL.get_or_init(|| {
        let all = folder().and_then(|folder| Revision::ALL.into_iter().map(|r| Schema::read(&folder, r)).collect());
        if all.is_none() {
            let _ = io::stderr()
                .write_all(b"skipped: no schemas of the protocol; name their folder in DOORWARD_MCP_SCHEMAS\n");
        }
        all
    })
    .as_deref()
}

/// The schema of `revision`.
pub(crate) fn schema(revision: Revision) -> &'static Schema {
    schemas().unwrap().iter().find(|s| s.revision == revision).unwrap()
}

/// The revisions with sessions.
pub(crate) fn legacy() -> impl Iterator<Item = Revision> {
    Revision::ALL.into_iter().filter(|r| *r <= Revision::LATEST_LEGACY)
}

/// The named folder, or one that lies beside the checkout.
fn folder() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("DOORWARD_MCP_SCHEMAS") {
        return Some(named.into());
    }
    let mut above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().skip(3);
    above.find_map(|folder| Some(folder.join("shared/mcp-schema")).filter(|f| f.is_dir()))
}

impl Schema {
    fn read(folder: &Path, revision: Revision) -> Option<Self> {
        let text = fs::read(folder.join(format!("{revision}.json"))).ok()?;
        let mut root: Value = serde_json::from_slice(&text).unwrap();
        let key = if root.get("$defs").is_some() { "$defs" } else { "definitions" };
        // What generated the schema of 2026-07-28 forgot two kinds of JSON values.
        if let Some(value) = root.pointer_mut("/$defs/JSONValue/anyOf/2/type") {
            *value = json!(["string", "number", "boolean", "null"]);
        }
        Some(Self { revision, root, key, validators: Mutex::default() })
    }
    /// The definition `name`.
    pub(crate) fn definition(&self, name: &str) -> Option<&Value> {
        self.root.get(self.key)?.get(name)
    }
    /// What `reference` (`#/$defs/Name`) points to.
    pub(crate) fn resolve(&self, reference: &str) -> &Value {
        let name = reference.rsplit('/').next().unwrap();
        self.definition(name).unwrap_or_else(|| panic!("{} has no {reference}", self.revision))
    }
    /// Why `value` is no `name`; nothing where it is one.
    pub(crate) fn errors(&self, name: &str, value: &Value) -> Vec<String> {
        let validator = {
            let mut all = self.validators.lock().unwrap();
            all.entry(name.to_owned()).or_insert_with(|| Arc::new(self.compile(name))).clone()
        };
        validator.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect()
    }
    fn compile(&self, name: &str) -> Validator {
        assert!(self.definition(name).is_some(), "{} has no {name}", self.revision);
        let mut schema = self.root.clone();
        let object = schema.as_object_mut().unwrap();
        object.remove("anyOf");
        object.insert("$ref".to_owned(), json!(format!("#/{}/{name}", self.key)));
        jsonschema::validator_for(&schema).unwrap()
    }
    /// The names of everything that is a message or the whole of a result, error or input: what is in a union of the two
    /// sides, and what has the envelope of an error.
    pub(crate) fn messages(&self) -> BTreeSet<String> {
        const UNIONS: [&str; 8] = [
            "ClientRequest",
            "ClientNotification",
            "ClientResult",
            "ServerRequest",
            "ServerNotification",
            "ServerResult",
            "InputRequest",
            "InputResponse",
        ];
        let mut names = BTreeSet::new();
        for union in UNIONS.iter().filter_map(|u| self.definition(u)) {
            let alternatives = union.get("anyOf").and_then(Value::as_array);
            let alone = std::slice::from_ref(union);
            for alternative in alternatives.map_or(alone, Vec::as_slice) {
                match (alternative.get("$ref").and_then(Value::as_str), method(alternative)) {
                    (Some(reference), _) => names.insert(reference.rsplit('/').next().unwrap().to_owned()),
                    // A union of one, written out.
                    (None, Some(method)) => names.insert(self.named(method)),
                    (None, None) => panic!("{}: {alternative}", self.revision),
                };
            }
        }
        for (name, definition) in self.root.get(self.key).and_then(Value::as_object).unwrap() {
            let error = definition.pointer("/properties/error").is_some();
            let code = definition.pointer("/properties/code/const").is_some();
            if error || code {
                names.insert(name.clone());
            }
        }
        names
    }
    fn named(&self, method: &str) -> String {
        const UNIONS: [&str; 2] = ["ClientNotification", "ServerNotification"];
        let all = self.root.get(self.key).and_then(Value::as_object).unwrap();
        let mut found =
            all.iter().filter(|(name, d)| !UNIONS.contains(&name.as_str()) && self::method(d) == Some(method));
        found.next().unwrap().0.clone()
    }
}

fn method(definition: &Value) -> Option<&str> {
    definition.pointer("/properties/method/const").and_then(Value::as_str)
}
