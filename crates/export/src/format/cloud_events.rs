use super::ocsf;
use crate::{Calls, Item};
use serde_json::{Value, json};

/// The records as CloudEvents 1.0, in the JSON of the structured mode: a consumer knows one that it had by `source` and `id`.
/// With `calls` their data are events of OCSF.
pub fn cloud_events(items: &[Item], origin: &str, calls: Option<&mut Calls>) -> Vec<Value> {
    let event = |item: &Item, id: String, schema: &str, data: Value| {
        json!({
            "specversion": "1.0",
            "id": id,
            "source": format!("urn:doorward:{origin}"),
            "type": format!("dev.doorward.{schema}.{}", item.record.event.kind()),
            "time": item.record.time.to_string(),
            "subject": item.record.call().map_or_else(|| item.index.to_string(), |call| call.to_string()),
            "datacontenttype": "application/json",
            "data": data,
        })
    };
    match calls {
        None => items
            .iter()
            .map(|item| {
                let mut record = serde_json::from_slice::<Value>(&item.bytes).unwrap_or_default();
                if let Some(members) = record.as_object_mut() {
                    members.insert("index".to_owned(), item.index.into());
                }
                event(item, item.index.to_string(), "record", record)
            })
            .collect(),
        Some(calls) => items
            .iter()
            .flat_map(|item| {
                let told = ocsf::events(item, calls);
                told.into_iter()
                    .map(|data| {
                        let id = data.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default().to_owned();
                        event(item, id, "ocsf", data)
                    })
                    .collect::<Vec<_>>()
            })
            .collect(),
    }
}
