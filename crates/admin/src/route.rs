//! The authorization table. What has no row here is not answered; the document of the API and the tests of roles are made
//! from the same rows.

use crate::role::Role;

/// A method of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Looks.
    Get,
    /// Changes something.
    Post,
}

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Anybody: what it takes to sign in.
    Nothing,
    /// Who has this role.
    Role(Role),
}

/// Where a row is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// As a page, and below `/api/v1`.
    Both,
    /// As a page alone.
    Page,
    /// Below `/api/v1` alone.
    Api,
}

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Do {
    /// What stands first.
    Overview,
    /// Conversations.
    Conversations,
    /// One conversation.
    Conversation,
    /// A search of the trail.
    Records,
    /// A search of what detectors saw.
    Findings,
    /// One call.
    Call,
    /// What belongs together with a call.
    Chain,
    /// Agents that were seen.
    Agents,
    /// One agent.
    Agent,
    /// Humans that were seen.
    Humans,
    /// One human.
    Human,
    /// Servers.
    Servers,
    /// One server.
    Server,
    /// Definitions.
    Definitions,
    /// One definition.
    Definition,
    /// A person decides about a definition.
    DecideDefinition,
    /// Delegations.
    Delegations,
    /// Takes a delegation back.
    Revoke,
    /// Calls that wait for a person.
    Approvals,
    /// Answers for a call.
    DecideApproval,
    /// Sources that were found to be poisoned.
    Sources,
    /// Forgets one.
    Forget,
    /// Whether the trail is whole.
    Integrity,
    /// Reads all of it to prove that.
    Verify,
    /// The level in force.
    Level,
    /// Puts another level in force.
    ChangeLevel,
    /// Who asks.
    Me,
    /// The document of the API.
    OpenApi,
    /// Events for pages.
    Live,
    /// The page to sign in.
    SignIn,
    /// A link that is good once.
    Link,
    /// To the identity provider.
    Begin,
    /// Back from the identity provider.
    Callback,
    /// Ends a session.
    SignOut,
    /// Style and script of pages.
    Asset,
}

/// A parameter of a row.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// What it means.
    pub what: &'static str,
}

/// A row.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// How it is asked.
    pub method: Method,
    /// Where: as it stands for a page, and after `/api/v1` for the API.
    pub path: &'static str,
    /// Whether it is a page, of the API, or both.
    pub place: Place,
    /// Who may ask.
    pub needs: Needs,
    /// What is answered.
    pub act: Do,
    /// What it gives, in a sentence.
    pub what: &'static str,
    /// What it takes: in the query of what looks, in the body of what changes.
    pub params: &'static [Param],
    /// Whether it shows what others did, so that looking is recorded.
    pub recorded: bool,
}

/// What stands before the paths of the API.
pub const API: &str = "/api/v1";

const fn must(name: &'static str, what: &'static str) -> Param {
    Param { name, required: true, what }
}
const fn may(name: &'static str, what: &'static str) -> Param {
    Param { name, required: false, what }
}
const LIMIT: Param = may("limit", "how many at most: 1 to 200");
const BEFORE: Param = may("before", "`next` of the page before");
const FILTERS: &[Param] = &[
    may("agent", "an agent, by id or name"),
    may("human", "a human, by id or name"),
    may("server", "a server"),
    may("tool", "a tool, prompt or URI; `server__tool` too"),
    may(
        "effect",
        "what it does: read, search, create, update, delete, send, pay, share, grant, execute, configure; `sink` for all that can change something",
    ),
    may("reason", "why it was ruled so, e.g. `flow-refused`"),
    may("finding", "what was seen in it, e.g. `injection`; `any` for all"),
    may("by", "who stands behind it: human-literal, human-approval, delegation, standing-policy, autonomous"),
    may("decision", "allow, oblige, challenge or deny"),
    may("kind", "the kind of record, e.g. `ruling`"),
    may("conversation", "a conversation, by name"),
    may("call", "one call"),
    may("text", "words in names, reasons, findings and rationale"),
    may("since", "not before: `2026-11-20T14:00:00Z`, or so long ago: `1h`"),
    may("until", "before this moment"),
    BEFORE,
    LIMIT,
];
const ONE: &[Param] = &[must("id", "its id")];
const PAGED: &[Param] = &[BEFORE, LIMIT];

const fn look(path: &'static str, act: Do, what: &'static str, params: &'static [Param], recorded: bool) -> Route {
    let needs = Needs::Role(Role::Viewer);
    Route { method: Method::Get, path, place: Place::Both, needs, act, what, params, recorded }
}
const fn change(path: &'static str, role: Role, act: Do, what: &'static str, params: &'static [Param]) -> Route {
    let needs = Needs::Role(role);
    Route { method: Method::Post, path, place: Place::Both, needs, act, what, params, recorded: false }
}
const fn open(path: &'static str, act: Do, what: &'static str, params: &'static [Param]) -> Route {
    Route { method: Method::Get, path, place: Place::Page, needs: Needs::Nothing, act, what, params, recorded: false }
}
const fn only(place: Place, route: Route) -> Route {
    Route { place, ..route }
}

/// Every path of the console and its API, with the role that it takes.
pub const ROUTES: &[Route] = &[
    look(
        "/overview",
        Do::Overview,
        "the last day: what was ruled, what was stopped and why, what waits for a person",
        &[],
        false,
    ),
    look(
        "/conversations",
        Do::Conversations,
        "conversations, those with the latest records first",
        &[
            may("agent", "the id of an agent"),
            may("human", "the id of a human"),
            may("stopped", "`yes`: only those in which something was stopped"),
            BEFORE,
            LIMIT,
        ],
        false,
    ),
    look(
        "/conversation",
        Do::Conversation,
        "one conversation: what the human said, and what was done after it",
        &[
            must("name", "its name"),
            may(
                "whose",
                "the id of its human, or of its agent where it has none; needed where a name stands for several",
            ),
            may("from", "`next` of the page before"),
            LIMIT,
        ],
        true,
    ),
    look("/records", Do::Records, "records of the trail, newest first", FILTERS, true),
    look("/findings", Do::Findings, "what detectors saw, newest first", FILTERS, true),
    look("/call", Do::Call, "one call: who, what, how it was ruled and why, and what would change it", ONE, true),
    look("/chain", Do::Chain, "what belongs together with a call, from where it began to where it went", ONE, true),
    look("/agents", Do::Agents, "agents that were seen, latest first", PAGED, false),
    look("/agent", Do::Agent, "one agent: what it did and may do", ONE, true),
    look("/humans", Do::Humans, "humans that were seen, latest first", PAGED, false),
    look("/human", Do::Human, "one human: what was done for them", ONE, true),
    look("/servers", Do::Servers, "servers with what they declare and how much they are used", &[], false),
    look(
        "/server",
        Do::Server,
        "one server: its definitions, and which of its tools were called",
        &[must("name", "its name")],
        false,
    ),
    look(
        "/definitions",
        Do::Definitions,
        "what servers declare",
        &[may("server", "of one server"), may("waiting", "`yes`: only what waits for a person")],
        false,
    ),
    look(
        "/definition",
        Do::Definition,
        "one definition: what was approved, what is declared now, and what the difference means",
        &[
            must("server", "its server"),
            must("kind", "what it defines: tool, prompt, resource, …"),
            must("name", "its name"),
        ],
        false,
    ),
    change(
        "/definitions/decide",
        Role::Approver,
        Do::DecideDefinition,
        "approves or rejects what a server declares",
        &[
            must("server", "its server"),
            must("kind", "what it defines"),
            must("name", "its name"),
            must("digest", "the digest of what was looked at; refused where something else is declared by now"),
            must("answer", "`approve` or `reject`"),
        ],
    ),
    look("/delegations", Do::Delegations, "what was granted to agents", &[], false),
    change(
        "/delegations/revoke",
        Role::Responder,
        Do::Revoke,
        "takes a delegation back, with all that was made from it",
        &[must("id", "the delegation"), must("reason", "why, for the trail")],
    ),
    look("/approvals", Do::Approvals, "calls that wait for a person, and how others were answered", &[], true),
    change(
        "/approvals/decide",
        Role::Approver,
        Do::DecideApproval,
        "approves or declines one call, once",
        &[must("id", "the question"), must("answer", "`approve` or `decline`")],
    ),
    look("/sources", Do::Sources, "sources that handed out texts which give orders", &[], false),
    change(
        "/sources/forget",
        Role::PolicyAuthor,
        Do::Forget,
        "forgets a source: what comes from it is believed again as before",
        &[must("source", "its digest"), must("reason", "why, for the trail")],
    ),
    look(
        "/integrity",
        Do::Integrity,
        "the trail: its size, its latest checkpoint, and how its last proof ended",
        &[],
        false,
    ),
    change(
        "/integrity/verify",
        Role::Responder,
        Do::Verify,
        "reads the whole trail and proves that nothing was changed",
        &[],
    ),
    look("/level", Do::Level, "the level and mode in force, and how they changed", &[], false),
    change(
        "/level/change",
        Role::Admin,
        Do::ChangeLevel,
        "puts another level in force",
        &[must("level", "watch, guard or lockdown"), must("reason", "why, for the trail")],
    ),
    only(Place::Api, look("/me", Do::Me, "who asks, and what they may do", &[], false)),
    only(Place::Api, look("/openapi.json", Do::OpenApi, "this document", &[], false)),
    only(Place::Page, look("/live", Do::Live, "events for pages: how long the trail is", &[], false)),
    only(Place::Page, change("/sign-out", Role::Viewer, Do::SignOut, "ends the session", &[])),
    open("/sign-in", Do::SignIn, "how to sign in", &[may("to", "where to go after it")]),
    open(
        "/sign-in/link",
        Do::Link,
        "signs in with a link that is good once",
        &[must("ticket", "what the link carries"), may("to", "where to go after it")],
    ),
    open("/sign-in/provider", Do::Begin, "goes to the identity provider", &[may("to", "where to go after it")]),
    open("/sign-in/callback", Do::Callback, "comes back from the identity provider", &[]),
    open("/assets/console.css", Do::Asset, "how pages look", &[]),
    open("/assets/console.js", Do::Asset, "what keeps pages up to date, and their keys", &[]),
    open("/assets/icon.svg", Do::Asset, "the icon", &[]),
];

/// A row, and whether it was asked as part of the API.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) route: &'static Route,
    pub(crate) api: bool,
}

/// What stands at a path, by method; `Err` where it is asked in another way.
pub(crate) fn find(method: &http::Method, path: &str) -> Option<Result<Found, ()>> {
    let (api, rest) = match path.strip_prefix(API) {
        Some(rest) if rest.starts_with('/') => (true, rest),
        _ => (false, if path == "/" { "/overview" } else { path }),
    };
    let other = if api { Place::Page } else { Place::Api };
    let mut rows = ROUTES.iter().filter(|r| r.path == rest && r.place != other).peekable();
    rows.peek()?;
    let wanted = |r: &&Route| match r.method {
        Method::Get => method == http::Method::GET,
        Method::Post => method == http::Method::POST,
    };
    Some(rows.find(wanted).map(|route| Found { route, api }).ok_or(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_in_one_way() {
        let path = |method: &http::Method, path| find(method, path).map(|f| f.map(|f| (f.route.act, f.api)));
        let (get, post) = (&http::Method::GET, &http::Method::POST);
        assert_eq!(path(get, "/"), Some(Ok((Do::Overview, false))));
        assert_eq!(path(get, "/api/v1/overview"), Some(Ok((Do::Overview, true))));
        assert_eq!(path(post, "/api/v1/level/change"), Some(Ok((Do::ChangeLevel, true))));
        assert_eq!(path(get, "/level/change"), Some(Err(())));
        for nothing in
            ["/api/v1", "/api/v1/", "/api/v1/live", "/api/v1/sign-in", "/me", "/overview/", "/api/v1overview", "//"]
        {
            assert_eq!(path(get, nothing), None, "{nothing}");
        }
    }

    #[test]
    fn only_what_it_takes_to_sign_in_is_open() {
        let open: Vec<_> = ROUTES.iter().filter(|r| r.needs == Needs::Nothing).map(|r| r.path).collect();
        assert!(open.iter().all(|p| p.starts_with("/sign-in") || p.starts_with("/assets/")), "{open:?}");
        let mut seen = std::collections::HashSet::new();
        assert!(ROUTES.iter().all(|r| seen.insert((r.method, r.path))), "a path stands there twice");
    }
}
