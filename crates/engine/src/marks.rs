//! Marks in messages: placeholders, which are exchanged for the secret that they stand for on one way only, and canaries,
//! which are never to be seen.

use crate::{Subject, Target};
use doorward_credential::mark::{Mark, Marker, Shape, candidates};
use doorward_mcp::json::Value;
use doorward_vocab::{CallId, Channel, Finding, FindingKind, Glob, Reason, ReasonCode, Secret, ServerName, Severity};
use std::{ops::Range, sync::Arc};
use url::Url;

/// The marks that are known.
#[derive(Clone, Debug)]
pub struct Marks {
    marker: Marker,
    canary: Shape,
    placeholders: Vec<Placeholder>,
}

/// A text that an agent may hold in the place of a secret, and the one way on which it is exchanged.
#[derive(Clone, Debug)]
pub struct Placeholder {
    /// The operator's name for it.
    pub name: Arc<str>,
    /// Its shape.
    pub shape: Shape,
    /// The server whose calls may carry it.
    pub server: ServerName,
    /// The tools; empty: all.
    pub tools: Box<[Glob]>,
    /// The argument that may hold it, as a JSON pointer (RFC 6901).
    pub argument: Box<str>,
    /// What the call must be about, where it names an address.
    pub target: Option<WebTarget>,
}

/// What a call with a placeholder must be about.
#[derive(Clone, Debug)]
pub struct WebTarget {
    /// The argument that holds the address, as a JSON pointer.
    pub url: Box<str>,
    /// The hosts; `*.example.com` names all below it.
    pub hosts: Box<[Glob]>,
    /// Patterns of paths; empty: all.
    pub paths: Box<[Glob]>,
    /// The argument that holds the method, as a JSON pointer; without it a call is a `GET`.
    pub method: Box<str>,
    /// The methods; empty: all.
    pub methods: Box<[Box<str>]>,
}

/// What a placeholder in a message is exchanged for, when the message is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fill {
    /// The placeholder, by its name.
    pub name: Arc<str>,
    pub(crate) text: Box<str>,
    /// How often it stands where it may.
    pub(crate) count: usize,
}

/// What marks mean in a message to a server.
#[derive(Debug, Default)]
pub(crate) struct Marked {
    pub(crate) fills: Vec<Fill>,
    pub(crate) findings: Vec<Finding>,
    /// Why it must not be sent.
    pub(crate) misused: Option<Reason>,
}

/// What boundaries are made to mean.
const BOUNDARY: &str = "boundary";
/// What canaries are made to mean.
const CANARY: &str = "canary";

impl Marks {
    /// The marks of a gateway.
    pub fn new(marker: Marker, placeholders: Vec<Placeholder>) -> Self {
        Self { marker, canary: Shape::default(), placeholders }
    }

    /// The text that an agent holds for a placeholder.
    pub fn placeholder(&self, name: &str, agent: &str) -> Option<String> {
        let placeholder = self.placeholders.iter().find(|p| &*p.name == name)?;
        Some(self.marker.make(&placeholder.shape, &meaning(name), agent))
    }

    /// The text that nobody may be seen with who is not `whom`: `server:crm`, `agent:nightly`.
    pub fn canary(&self, whom: &str) -> String {
        self.marker.make(&self.canary, CANARY, whom)
    }

    /// A word that nobody can guess who has not got the message with it: always the same one for one `call` and place.
    pub(crate) fn boundary(&self, call: CallId, at: usize) -> String {
        let shape = Shape { prefix: "data-".into(), length: 24 };
        self.marker.make(&shape, BOUNDARY, &format!("{call} {at}"))
    }

    /// Which canaries and placeholders stand in `text`, and where.
    fn seen<'m>(&'m self, text: &'m str) -> impl Iterator<Item = (Range<usize>, Sighting<'m>)> + 'm {
        let canaries = candidates(&self.canary, text).filter_map(|(at, found)| {
            let mark = self.marker.read(&self.canary, CANARY, found)?;
            Some((at..at + found.len(), Sighting::Canary(mark)))
        });
        let placeholders = self.placeholders.iter().flat_map(move |placeholder| {
            candidates(&placeholder.shape, text).filter_map(move |(at, found)| {
                let mark = self.marker.read(&placeholder.shape, &meaning(&placeholder.name), found)?;
                Some((at..at + found.len(), Sighting::Placeholder(placeholder, mark, found)))
            })
        });
        canaries.chain(placeholders)
    }

    /// What is to be done about marks in the arguments of a message to a server.
    pub(crate) fn judge(&self, subject: &Subject<'_>, arguments: Value<'_>) -> Marked {
        let mut marked = Marked::default();
        let agent = &*subject.actor.principal().agent.id;
        arguments.leaves(&mut |path, value| {
            let Some(text) = value.as_str() else { return };
            for (_, sighting) in self.seen(&text) {
                let place = value.span();
                let why = match sighting {
                    Sighting::Canary(mark) => {
                        let whose = self.whose(&mark, subject);
                        marked.findings.push(finding(FindingKind::Canary, Channel::Arguments, place, whose));
                        "a canary is on its way to a server".to_owned()
                    }
                    Sighting::Placeholder(placeholder, mark, found) => {
                        let wrong = match self.marker.is_for(&mark, agent) {
                            true => placeholder.misplaced(subject, arguments, path),
                            false => Some("it was made for another agent"),
                        };
                        let Some(wrong) = wrong else {
                            marked.fill(&placeholder.name, found);
                            continue;
                        };
                        let note = format!("the placeholder `{}`: {wrong}", placeholder.name);
                        marked.findings.push(finding(
                            FindingKind::Placeholder,
                            Channel::Arguments,
                            place,
                            note.clone(),
                        ));
                        note
                    }
                };
                marked.misused.get_or_insert_with(|| Reason::new(ReasonCode::FlowRefused, why));
            }
        });
        marked
    }

    /// Marks in a text of a server: a canary is to go, a placeholder is worth an alarm.
    pub(crate) fn in_text(
        &self,
        subject: &Subject<'_>,
        text: &str,
        place: &Range<usize>,
        channel: Channel,
    ) -> Vec<Finding> {
        let each = self.seen(text).map(|(_, sighting)| match sighting {
            Sighting::Canary(mark) => finding(FindingKind::Canary, channel, place.clone(), self.whose(&mark, subject)),
            Sighting::Placeholder(placeholder, ..) => {
                let note = format!("the placeholder `{}` comes from a server", placeholder.name);
                finding(FindingKind::Placeholder, channel, place.clone(), note)
            }
        });
        each.collect()
    }

    fn whose(&self, mark: &Mark, subject: &Subject<'_>) -> String {
        let own = format!("server:{}", subject.server.name);
        let agent = format!("agent:{}", subject.actor.principal().agent.id);
        let known = [own, agent].into_iter().find(|whom| self.marker.is_for(mark, whom));
        format!("the canary of {}", known.as_deref().unwrap_or("somebody else"))
    }
}

/// A mark that was seen.
enum Sighting<'m> {
    Canary(Mark),
    Placeholder(&'m Placeholder, Mark, &'m str),
}

impl Marked {
    fn fill(&mut self, name: &Arc<str>, text: &str) {
        match self.fills.iter_mut().find(|fill| *fill.text == *text) {
            Some(fill) => fill.count += 1,
            None => self.fills.push(Fill { name: name.clone(), text: text.into(), count: 1 }),
        }
    }
}

/// What the marks of a placeholder are made to mean.
fn meaning(name: &str) -> String {
    format!("placeholder {name}")
}

impl Placeholder {
    /// Why it must not stand at `path` of the arguments of this call.
    fn misplaced(&self, subject: &Subject<'_>, arguments: Value<'_>, path: &str) -> Option<&'static str> {
        let Target::Tool(definition) = subject.target else { return Some("it stands in what is no call of a tool") };
        if self.server != subject.server.name {
            return Some("it is on its way to another server");
        }
        if !self.tools.is_empty() && !self.tools.iter().any(|t| t.matches(&definition.name)) {
            return Some("it is not meant for this tool");
        }
        if *path != *self.argument {
            return Some("it stands in another argument");
        }
        self.target.as_ref().and_then(|target| target.wrong(arguments))
    }
}

impl WebTarget {
    fn wrong(&self, arguments: Value<'_>) -> Option<&'static str> {
        let mut url = None;
        let mut method = None;
        arguments.leaves(&mut |path, value| {
            if *path == *self.url {
                url = value.as_str().map(|text| text.into_owned());
            }
            if *path == *self.method {
                method = value.as_str().map(|text| text.into_owned());
            }
        });
        let Some(url) = url.and_then(|url| Url::parse(&url).ok()) else { return Some("the call names no address") };
        let host = url.host_str().unwrap_or_default();
        let secure =
            url.scheme() == "https" || url.scheme() == "http" && matches!(host, "127.0.0.1" | "localhost" | "[::1]");
        if !secure || !url.username().is_empty() || url.password().is_some() {
            return Some("the address is not one that a secret may go to");
        }
        if !self.hosts.iter().any(|h| h.matches(host)) {
            return Some("the call goes to another host");
        }
        if !self.paths.is_empty() && !self.paths.iter().any(|p| p.matches(url.path())) {
            return Some("the call goes to another path");
        }
        let method = method.unwrap_or_else(|| "GET".to_owned());
        let known = self.methods.is_empty() || self.methods.iter().any(|m| m.eq_ignore_ascii_case(&method));
        (!known).then_some("the call uses another method")
    }
}

fn finding(kind: FindingKind, channel: Channel, span: Range<usize>, note: String) -> Finding {
    Finding {
        detector: "marks".into(),
        kind,
        severity: if kind == FindingKind::Canary { Severity::Critical } else { Severity::High },
        confidence: 1.0,
        channel,
        span,
        note: note.into(),
    }
}

/// A placeholder does not stand in the bytes as it stood in the message: nothing is sent then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a placeholder is written in another way than it was judged in")]
pub struct Unfilled;

/// `bytes` with secrets in the places of placeholders.
pub(crate) fn filled(bytes: &[u8], fills: &[(Fill, Secret<String>)]) -> Result<Vec<u8>, Unfilled> {
    let mut text = std::str::from_utf8(bytes).map_err(|_| Unfilled)?.to_owned();
    for (fill, secret) in fills {
        if text.matches(&*fill.text).count() != fill.count {
            return Err(Unfilled);
        }
        let quoted = secret.reveal(|secret| doorward_mcp::json::quote(secret));
        let inside = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
        text = text.replace(&*fill.text, inside);
    }
    Ok(text.into_bytes())
}
