//! What a tool says its arguments look like, and whether those of a call do (MCP 2025-11-25, server/tools, `inputSchema`;
//! JSON Schema 2020-12 where `$schema` names nothing else).
//!
//! A schema is written by a server, so that neither reading it nor using it may cost more than a bound, whatever it says:
//! references stay within it, patterns are matched in linear time, and what it may cost is known before it is used. One that
//! is beyond the bounds, or that is none, checks nothing.

mod cost;

use cost::{Cost, shape};
use doorward_mcp::json::Value;
use jsonschema::{Draft, PatternOptions, Validator};
use std::{collections::HashSet, fmt, sync::OnceLock};

/// The longest schema that is used, in bytes.
const LENGTH: usize = 64 * 1024;
/// Of the automaton for one pattern, in bytes.
const PATTERN: usize = 256 * 1024;
/// The longest sentence about what is wrong, in bytes.
const SENTENCE: usize = 240;

/// The schema of a tool's arguments. It is compiled when it is first needed.
#[derive(Default)]
pub struct ArgumentSchema {
    text: Box<str>,
    compiled: OnceLock<Option<Compiled>>,
}

struct Compiled {
    validator: Validator,
    cost: Cost,
    /// The arguments that it names.
    names: HashSet<String>,
}

impl ArgumentSchema {
    /// The schema that `definition`, a tool as its server declares it, has for its arguments.
    pub fn of(definition: Value<'_>) -> Self {
        let schema = definition.get("inputSchema").map(Value::raw).filter(|raw| raw.len() <= LENGTH);
        Self { text: schema.unwrap_or_default().into(), compiled: OnceLock::new() }
    }

    /// What is wrong with the arguments of a call, in a sentence without any value of them; `None` where nothing is, or
    /// where it cannot be told.
    pub(crate) fn wrong(&self, arguments: Option<Value<'_>>) -> Option<String> {
        if self.text.is_empty() {
            return None;
        }
        let compiled = self.compiled.get_or_init(|| compile(&self.text)).as_ref()?;
        let said = arguments.map_or("{}", Value::raw);
        let mut instance: serde_json::Value = serde_json::from_str(said).ok()?;
        if !compiled.cost.allows(shape(&instance)) || compiled.validator.is_valid(&instance) {
            return None;
        }
        // Many clients write `null` for an argument that they leave out (2026-07-28, transports: such a one has no header).
        if let Some(given) = instance.as_object_mut() {
            given.retain(|name, value| !value.is_null() || !compiled.names.contains(name));
        }
        let error = compiled.validator.validate(&instance).err()?;
        let (place, what) = (error.instance_path().to_string(), error.masked().to_string());
        let place = if place.is_empty() { "the arguments".to_owned() } else { format!("`{place}`") };
        let mut sentence = format!("{place}: {what}");
        if sentence.len() > SENTENCE {
            sentence.truncate(sentence.floor_char_boundary(SENTENCE));
            sentence.push('…');
        }
        Some(sentence)
    }

    /// Whether it can be used; `None` where there is none.
    pub fn is_usable(&self) -> Option<bool> {
        (!self.text.is_empty()).then(|| self.compiled.get_or_init(|| compile(&self.text)).is_some())
    }
}

fn compile(text: &str) -> Option<Compiled> {
    let schema: serde_json::Value = serde_json::from_str(text).ok()?;
    let cost = Cost::of(&schema)?;
    let patterns = PatternOptions::regex().size_limit(PATTERN).dfa_size_limit(PATTERN);
    let draft = schema.get("$schema").map_or(Draft::Draft202012, |_| Draft::default().detect(&schema));
    let options = jsonschema::options().with_draft(draft).with_pattern_options(patterns);
    let named = schema.get("properties").and_then(|p| p.as_object()).into_iter().flatten();
    let names = named.map(|(name, _)| name.clone()).collect();
    Some(Compiled { validator: options.build(&schema).ok()?, cost, names })
}

impl fmt::Debug for ArgumentSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ArgumentSchema({} bytes)", self.text.len())
    }
}

#[cfg(test)]
mod tests;
