//! From `[[placeholder]]` to what is looked for in messages.

use doorward_config::{self as config, Settings};
use doorward_credential::{Marker, Shape};
use doorward_engine::{Marks, Placeholder, WebTarget};
use doorward_vocab::Secret;

/// The marks of a gateway with this key.
pub fn of(settings: &Settings, key: &Secret<[u8; 32]>) -> Marks {
    Marks::new(key.reveal(|key| Marker::new(key)), settings.placeholders.iter().map(placeholder).collect())
}

fn placeholder(entry: &config::Placeholder) -> Placeholder {
    let target = WebTarget {
        url: entry.url.as_str().into(),
        hosts: entry.hosts.clone().into(),
        paths: entry.paths.clone().into(),
        method: entry.method.as_str().into(),
        methods: entry.methods.iter().map(|m| m.as_str().into()).collect(),
    };
    Placeholder {
        name: entry.name.as_str().into(),
        shape: Shape { prefix: entry.prefix.as_str().into(), length: entry.length },
        server: entry.server.clone(),
        tools: entry.tools.clone().into(),
        argument: entry.argument.as_str().into(),
        target: Some(target).filter(|target| !target.hosts.is_empty()),
    }
}
