//! A request: what stands at its path, who asks, whether they may, and what they get.

use crate::{
    acts,
    answer::{self, Answer},
    live::{Feed, Feeds},
    openapi, pages,
    ports::{Fault, Ports},
    query::{Query, link},
    role::{Person, Way},
    route::{self, Do, Found, Method, Needs},
    session::{Session, Sessions, Settings},
    sign_in,
    ticket::{Purpose, Ticket, TicketKey, Used},
    views::{self, Refused},
};
use bytes::Bytes;
use doorward_audit::{Access, Event, Party};
use doorward_store::SeenRole;
use doorward_vocab::{Digest, Timestamp};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc, time::Duration};

/// A request with its body.
#[derive(Debug)]
pub struct Asked {
    /// The head.
    pub head: Parts,
    /// The body, read within limits.
    pub body: Bytes,
}

/// The console and its API.
#[derive(Clone)]
pub struct Admin {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Admin")
    }
}

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) ports: Ports,
    pub(crate) settings: Settings,
    pub(crate) key: TicketKey,
    pub(crate) sessions: Sessions,
    pub(crate) used: Used,
    pub(crate) feeds: Feeds,
    pub(crate) proof: Mutex<views::Proof>,
    /// Sign-ins that have begun at the provider, by the digest of their state.
    pub(crate) begun: Mutex<HashMap<Digest, sign_in::Begun>>,
    /// What was read by whom, and when that was recorded.
    read: Mutex<HashMap<Digest, Timestamp>>,
}

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    pub(crate) person: Person,
    pub(crate) session: Option<(Digest, Session)>,
}

/// How long reading the same again is the same reading: a page that keeps itself up to date is read once.
const SAME: Duration = Duration::from_secs(600);
/// How many readings are remembered for that.
const READINGS: usize = 10_000;

impl Admin {
    /// The console over `ports`; links and tokens are made with `key`.
    pub fn new(ports: Ports, settings: Settings, key: TicketKey) -> Self {
        let shared = Shared {
            ports,
            settings,
            key,
            sessions: Sessions::default(),
            used: Used::default(),
            feeds: Feeds::default(),
            proof: Mutex::default(),
            begun: Mutex::default(),
            read: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Answers a request. Its host and origin were checked by the listener.
    pub async fn answer(&self, asked: Asked) -> Answer {
        let shared = &self.shared;
        let Asked { head, body } = asked;
        let found = match route::find(&head.method, head.uri.path()) {
            None => return missing(head.uri.path()),
            Some(Err(())) => return answer::plain(StatusCode::METHOD_NOT_ALLOWED, "this is not done here in this way"),
            Some(Ok(found)) => found,
        };
        let Needs::Role(role) = found.route.needs else {
            return Box::pin(sign_in::answer(shared, found.route.act, &head)).await;
        };
        let visitor = match shared.who(&head.headers) {
            Some(visitor) => visitor,
            None if found.api => return unknown(),
            None => return go_and_sign_in(&head),
        };
        if !visitor.person.roles.allow(role) {
            let why = format!("this takes the role `{role}`, and you have {}", visitor.person.roles.words().join(", "));
            return shared.refuse(found, &visitor, StatusCode::FORBIDDEN, &why);
        }
        let query = match read(found, &head, &body) {
            Ok(query) => query,
            Err(fault) => return shared.refuse(found, &visitor, fault.status(), &fault.to_string()),
        };
        if found.route.method == Method::Post
            && let Err(why) = shared.is_meant(&visitor, &head.headers, &query)
        {
            return shared.refuse(found, &visitor, StatusCode::FORBIDDEN, why);
        }
        match (found.route.act, &visitor.session) {
            (Do::Live, Some((session, _))) => {
                return match Feed::open(shared.clone(), *session, &visitor.person) {
                    Some(feed) => answer::events(feed),
                    None => answer::plain(StatusCode::SERVICE_UNAVAILABLE, "too many pages are open"),
                };
            }
            (Do::Live, None) => return answer::plain(StatusCode::FORBIDDEN, "events are for pages"),
            (Do::SignOut, _) => return sign_in::out(shared, &visitor),
            _ => {}
        }
        let shared = shared.clone();
        let serve = move || shared.serve(found, &query, &visitor);
        // Questions to the trail read files.
        match tokio::task::spawn_blocking(serve).await {
            Ok(answer) => answer,
            Err(_) => answer::plain(StatusCode::INTERNAL_SERVER_ERROR, "this could not be answered"),
        }
    }
}

fn missing(path: &str) -> Answer {
    if path.starts_with(route::API) {
        return answer::json(
            StatusCode::NOT_FOUND,
            &Refused { error: "there is nothing here; see /api/v1/openapi.json".into() },
        );
    }
    answer::html(
        StatusCode::NOT_FOUND,
        pages::bare("Nothing here", "There is nothing at this address. The overview is at", Some(("/", "/"))),
    )
}

/// RFC 6750 §3: what would do.
fn unknown() -> Answer {
    let error = "sign in on the console, or send a token: `doorward console --token`".into();
    let mut answer = answer::json(StatusCode::UNAUTHORIZED, &Refused { error });
    answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"doorward\""));
    answer
}

fn go_and_sign_in(head: &Parts) -> Answer {
    let to = match head.method {
        http::Method::GET => head.uri.path_and_query().map_or("/", |p| p.as_str()),
        _ => "/",
    };
    answer::go(&link("/sign-in", &[("to", if to == "/" { "" } else { to })]))
}

/// What a request says. Of what changes something the address may name what it is about, and the body the rest.
fn read(found: Found, head: &Parts, body: &Bytes) -> Result<Query, Fault> {
    let query = head.uri.query().unwrap_or_default();
    if found.route.method == Method::Get {
        return Query::parse(query.as_bytes());
    }
    let kind = head.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    match kind.split(';').next().unwrap_or_default().trim() {
        "application/json" if found.api => Query::json(body),
        "application/x-www-form-urlencoded" if !found.api => {
            Query::parse(&[query.as_bytes(), b"&", body.as_ref()].concat())
        }
        _ if found.api => Err(Fault::Wrong("send `Content-Type: application/json`".into())),
        _ => Err(Fault::Wrong("send a form".into())),
    }
}

impl Shared {
    /// Who asks: a session of a browser, or a token of a program.
    fn who(&self, headers: &HeaderMap) -> Option<Visitor> {
        let now = self.ports.clock.now();
        if let Some(authorization) = headers.get(header::AUTHORIZATION) {
            let (scheme, token) = authorization.to_str().ok()?.split_once(' ')?;
            if !scheme.eq_ignore_ascii_case("bearer") {
                return None;
            }
            let ticket = Ticket::open(token.trim(), Purpose::Token, &self.key, now)?;
            let party = Party::new(format!("token:{}", ticket.name()), "a token of the API");
            return Some(Visitor { person: Person { party, roles: ticket.roles, way: Way::Token }, session: None });
        }
        let by_itself = headers.contains_key("x-doorward-live");
        let (name, session) = self.sessions.of(headers, &self.settings, now, by_itself)?;
        Some(Visitor { person: session.person.clone(), session: Some((name, session)) })
    }

    /// Whether what changes something comes from a page of ours, or from a program with a token of its own.
    fn is_meant(&self, visitor: &Visitor, headers: &HeaderMap, query: &Query) -> Result<(), &'static str> {
        let Some((_, session)) = &visitor.session else { return Ok(()) };
        let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
        if header("sec-fetch-site").is_some_and(|site| site != "same-origin") {
            return Err("this comes from a page elsewhere");
        }
        let named = header("x-csrf-token");
        match (header("origin"), header("host")) {
            // `Host` is one of ours: the listener saw to it.
            (Some(origin), Some(host)) => {
                let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
                if authority != Some(host) {
                    return Err("this comes from a page elsewhere");
                }
            }
            // A browser says where a form comes from; a page elsewhere cannot send this header.
            _ if named.is_some() => {}
            _ => return Err("a form says where it comes from"),
        }
        match named.or_else(|| query.get("token")) {
            Some(token) if session.is_its_token(token) => Ok(()),
            _ => Err("the page was open for too long: look at it again"),
        }
    }

    fn serve(self: &Arc<Self>, found: Found, query: &Query, visitor: &Visitor) -> Answer {
        if found.route.recorded {
            self.record(found, query, &visitor.person);
        }
        let done = match found.route.method {
            Method::Get => self.look(found, query, visitor),
            Method::Post => {
                acts::act(self, found.route.act, query, &visitor.person).map(|done| match &visitor.session {
                    Some((session, _)) if !found.api => {
                        self.sessions.tell(session, done.done);
                        answer::go(acts::back(found.route.act))
                    }
                    _ => answer::json(StatusCode::OK, &done),
                })
            }
        };
        done.unwrap_or_else(|fault| self.refuse(found, visitor, fault.status(), &fault.to_string()))
    }

    fn look(self: &Arc<Self>, found: Found, query: &Query, visitor: &Visitor) -> Result<Answer, Fault> {
        let ports = &self.ports;
        let show = |page: pages::Shown<'_>| {
            if found.api {
                page.json()
            } else {
                answer::html(StatusCode::OK, page.html(&self.frame(found, query, visitor)))
            }
        };
        use pages::Shown as S;
        Ok(match found.route.act {
            Do::Overview => show(S::Overview(&views::overview(ports)?)),
            Do::Conversations => show(S::Conversations(&views::conversations(ports, query)?)),
            Do::Conversation => show(S::Conversation(&views::conversation(ports, query)?)),
            Do::Records => show(S::Records(&views::records(ports, query, false)?)),
            Do::Findings => show(S::Findings(&views::records(ports, query, true)?)),
            Do::Call => show(S::Call(&views::call(ports, query.must("id")?)?)),
            Do::Chain => show(S::Chain(&views::chain(ports, query.must("id")?)?)),
            Do::Agents => show(S::Parties(&views::parties(ports, SeenRole::Agent, query)?)),
            Do::Agent => show(S::Party(&views::party(ports, SeenRole::Agent, query)?)),
            Do::Humans => show(S::Parties(&views::parties(ports, SeenRole::Human, query)?)),
            Do::Human => show(S::Party(&views::party(ports, SeenRole::Human, query)?)),
            Do::Servers => show(S::Servers(&views::servers(ports)?)),
            Do::Server => show(S::Server(&views::server(ports, query)?)),
            Do::Definitions => show(S::Definitions(&views::definitions(ports, query)?)),
            Do::Definition => show(S::Definition(&views::definition(ports, query)?)),
            Do::Delegations => show(S::Delegations(&views::delegations(ports)?)),
            Do::Approvals => show(S::Approvals(&views::approvals(ports)?)),
            Do::Sources => show(S::Sources(&views::sources(ports)?)),
            Do::Integrity => show(S::Integrity(&views::integrity(self)?)),
            Do::Level => show(S::Level(&views::level(self)?)),
            Do::Me => {
                let token = visitor.session.as_ref().map(|(_, session)| session.token.as_str());
                answer::json(StatusCode::OK, &views::me(&visitor.person, token))
            }
            Do::OpenApi => answer::json(StatusCode::OK, &openapi::document()),
            Do::DecideDefinition
            | Do::Revoke
            | Do::DecideApproval
            | Do::Forget
            | Do::Verify
            | Do::ChangeLevel
            | Do::Live
            | Do::SignIn
            | Do::Link
            | Do::Begin
            | Do::Callback
            | Do::SignOut
            | Do::Asset => return Err(Fault::Missing("there is nothing to look at".into())),
        })
    }

    fn frame<'a>(&self, found: Found, query: &'a Query, visitor: &'a Visitor) -> pages::Frame<'a> {
        let stance = self.ports.posture.stance();
        let token = visitor.session.as_ref().map_or("", |(_, session)| session.token.as_str());
        let told = visitor.session.as_ref().and_then(|(name, _)| self.sessions.told(name));
        pages::Frame::new(&visitor.person, found.route, query, token, told, &stance)
    }

    /// Says why not, as a page or as JSON.
    fn refuse(&self, found: Found, visitor: &Visitor, status: StatusCode, why: &str) -> Answer {
        if found.api {
            return answer::json(status, &Refused { error: why.to_owned() });
        }
        let query = Query::default();
        answer::html(status, pages::refused(&self.frame(found, &query, visitor), why))
    }

    /// Writes down who read what, before it is shown.
    fn record(&self, found: Found, query: &Query, person: &Person) {
        let of = query.told();
        let what = found.route.path.trim_start_matches('/');
        let way = if found.api { "api" } else { "page" };
        let reading = format!("{}\n{way}\n{what}\n{}", &*person.party.id, of.as_deref().unwrap_or_default());
        let (reading, now) = (Digest::of(reading.as_bytes()), self.ports.clock.now());
        {
            let mut read = self.read.lock();
            if read.get(&reading).is_some_and(|at| now.since(*at) < SAME) {
                return;
            }
            if read.len() >= READINGS {
                read.retain(|_, at| now.since(*at) < SAME);
            }
            if read.len() < READINGS {
                read.insert(reading, now);
            }
        }
        let access = Access { by: person.party.clone(), way: way.into(), what: what.into(), of: of.map(Into::into) };
        self.ports.trail.note(Event::Access(access));
    }
}
