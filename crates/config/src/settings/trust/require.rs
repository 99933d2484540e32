use crate::{Mistake, section::Section, value::Item};
use serde::Serialize;
use toml::de::DeValue;

/// What claims must be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Require(pub Vec<(String, Must)>);

/// What one claim must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Must {
    /// There, or not there.
    Present(bool),
    /// One of these.
    Be(Vec<Wanted>),
}

/// A text that a claim may be, or the shape of some.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Wanted {
    /// This text, byte for byte.
    Exact(String),
    /// Texts of this shape: `*` stands for a whole segment between `/` and `:`.
    Glob(String),
}

impl Require {
    /// The table `require`, whose keys are claims.
    pub(super) fn read(section: &Section<'_>) -> Self {
        let Some(table) = section.table("require") else { return Self::default() };
        let mut rules = Vec::new();
        for (_, item) in table.entries() {
            match must(&item) {
                Ok(must) => rules.push((item.key.clone(), must)),
                Err(mistake) => section.reading.tell(item.span, mistake),
            }
        }
        rules.sort_by(|a, b| a.0.cmp(&b.0));
        Self(rules)
    }

    /// Whether one of `claims` says whose a token is: not only its shape further on.
    pub(super) fn names_one_of(&self, claims: &[&str]) -> bool {
        self.0.iter().filter(|(claim, _)| claims.contains(&claim.as_str())).any(|(claim, must)| {
            // Before the owner, subjects say what kind of name follows: `repo:acme/…`, `organization:acme:…`.
            let literal = if claim == "sub" { 2 } else { 1 };
            let names = |wanted: &Wanted| match wanted {
                Wanted::Exact(_) => true,
                Wanted::Glob(glob) => glob.split(['/', ':']).take(literal).all(|segment| segment != "*"),
            };
            matches!(must, Must::Be(all) if all.iter().all(names))
        })
    }
}

const SHAPES: &str =
    "write a text, a list of texts, `{ glob = \"refs/heads/*\" }` or `{ present = true }`; `*` is one whole segment";

fn must(item: &Item<'_>) -> Result<Must, Mistake> {
    match item.value {
        DeValue::Boolean(is) => Ok(Must::Be(vec![Wanted::Exact(is.to_string())])),
        DeValue::Array(_) if item.is_empty_list() => Err(item.wrong("is empty").label("no token would be accepted")),
        DeValue::Array(_) => item.all("a list of texts", wanted).map(Must::Be),
        DeValue::Table(_) => match one_member(item)? {
            ("present", inner) => inner.flag().map(Must::Present),
            _ => wanted(item).map(|w| Must::Be(vec![w])),
        },
        _ => wanted(item).map(|w| Must::Be(vec![w])),
    }
}

/// A text, or `{ glob = "…" }`.
pub(super) fn wanted(item: &Item<'_>) -> Result<Wanted, Mistake> {
    let DeValue::Table(_) = item.value else { return item.owned().map(Wanted::Exact).map_err(|m| m.help(SHAPES)) };
    match one_member(item)? {
        ("glob", inner) => glob(&inner).map(Wanted::Glob),
        _ => Err(item.wrong("is no rule for a claim").help(SHAPES)),
    }
}

fn one_member<'a>(item: &Item<'a>) -> Result<(&'static str, Item<'a>), Mistake> {
    let wrong = || item.wrong("is no rule for a claim").help(SHAPES);
    let DeValue::Table(table) = item.value else { return Err(wrong()) };
    let section = Section::new(item.reading, item.path.clone(), item.span.clone(), table);
    let mut entries = section.entries().into_iter().map(|(_, inner)| inner);
    match (entries.next(), entries.next()) {
        (Some(inner), None) if inner.key == "glob" => Ok(("glob", inner)),
        (Some(inner), None) if inner.key == "present" => Ok(("present", inner)),
        _ => Err(wrong()),
    }
}

/// A star inside a segment would fit more than it seems to: `repo:acme*` fits `repo:acme-evil`.
fn glob(item: &Item<'_>) -> Result<String, Mistake> {
    let text = item.text()?;
    let segments = || text.split(['/', ':']);
    if segments().any(|s| s.contains('*') && s != "*") {
        let mistake = Mistake::error(format!("`*` in `{text}` is not a whole segment")).label("between `/` and `:`");
        return Err(
            mistake.help("`repo:acme/*` is a shape; `repo:acme*` would fit the repositories of `acme-evil` too")
        );
    }
    if segments().all(|s| s == "*") {
        return Err(Mistake::error(format!("`{text}` fits anything")).label("name a segment"));
    }
    Ok(text.to_owned())
}
