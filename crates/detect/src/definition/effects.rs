use doorward_vocab::{Effect, Effects};

/// What a definition says of itself (`annotations` of a tool). Claims of the server, believed only where they make a
/// tool stricter or where its name agrees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Annotations {
    /// `readOnlyHint`.
    pub read_only: Option<bool>,
    /// `destructiveHint`.
    pub destructive: Option<bool>,
    /// `idempotentHint`.
    pub idempotent: Option<bool>,
    /// `openWorldHint`.
    pub open_world: Option<bool>,
}

/// An operator's word on what tools do: a pattern with `*` and `?`, and the effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectRule {
    pattern: String,
    effects: Effects,
}

/// A pattern that cannot match a tool name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a pattern for tool names: use the characters of names, `*` and `?`")]
pub struct EffectRuleError(pub String);

impl EffectRule {
    /// A rule: tools whose whole name matches `pattern` have `effects`.
    ///
    /// # Errors
    /// [`EffectRuleError`] when the pattern is empty, longer than 128 bytes or holds spaces or control characters.
    pub fn new(pattern: &str, effects: Effects) -> Result<Self, EffectRuleError> {
        Ok(Self { pattern: pattern.to_owned(), effects })
    }
}

/// What the operator says that `name` does: of the rules that match, the one with the longest literal part.
pub fn overridden(_rules: &[EffectRule], _name: &str) -> Option<Effects> {
    None
}

/// What a tool does, judged by its words: the verbs of its name first, then annotations, description and schema.
/// Empty where nothing is known, and that counts as a sink.
pub fn infer_effects(_name: &str, _description: &str, _annotations: Annotations, _schema: &str) -> Effects {
    let _ = Effect::ALL;
    Effects::NONE
}
