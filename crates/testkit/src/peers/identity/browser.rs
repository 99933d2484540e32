//! The human's side of a login: redirects, cookies and forms, without a browser.

use std::{collections::BTreeMap, io};

use http::{Request, header};
use url::Url;

use super::{
    super::http::{Http, Reply},
    page::{self, Form, Kind},
};

/// More pages than any login has.
const STEPS: usize = 20;

/// A human at a browser: what is typed into fields, and the cookies so far.
#[derive(Debug, Default)]
pub struct Browser {
    http: Http,
    typed: BTreeMap<String, String>,
    cookies: Vec<Cookie>,
}

/// Cookies are kept apart by port too, which browsers do not do: servers of a test share a host.
#[derive(Debug)]
struct Cookie {
    origin: String,
    path: String,
    name: String,
    value: String,
}

/// Where a journey ended.
#[derive(Debug)]
pub enum Landed {
    /// A redirect to where it should end; the place itself was not visited.
    Redirected(Url),
    /// A page with no form, or with a form that is not understood or came back after it was sent.
    Page {
        /// Its address.
        url: Url,
        /// What the server answered.
        reply: Reply,
    },
}

impl Landed {
    /// The place that it was redirected to.
    ///
    /// # Errors
    /// It ended on a page; the message holds the page.
    pub fn redirected(self) -> io::Result<Url> {
        match self {
            Self::Redirected(url) => Ok(url),
            Self::Page { url, reply } => {
                Err(io::Error::other(format!("the journey ended at {url} ({}): {}", reply.status, reply.body)))
            }
        }
    }
}

impl Browser {
    /// A human who types this user name and password wherever they are asked for, and consents.
    #[must_use]
    pub fn of(user: &str, password: &str) -> Self {
        let typed = [("login", user), ("username", user), ("password", password)];
        let typed = typed.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { typed: typed.into(), ..Self::default() }
    }

    /// Types something into the field of this name; on buttons of this name, presses the one with this value.
    #[must_use]
    pub fn types(mut self, field: &str, value: &str) -> Self {
        self.typed.insert(field.to_owned(), value.to_owned());
        self
    }

    /// Opens `url` and goes on, by redirects and forms, until a redirect leads to something that starts with `end`.
    /// Cookies stay for the next journey.
    ///
    /// # Errors
    /// A server does not answer, or sends the browser round in circles.
    pub async fn travel(&mut self, url: &str, end: &str) -> io::Result<Landed> {
        let mut at = Url::parse(url).map_err(io::Error::other)?;
        let mut sent: Option<String> = None;
        let mut reply = self.request(&at, None).await?;
        for _ in 0..STEPS {
            if let Some(target) = reply.header("location").filter(|_| (300..400).contains(&reply.status)) {
                at = at.join(target).map_err(io::Error::other)?;
                if at.as_str().starts_with(end) {
                    return Ok(Landed::Redirected(at));
                }
                reply = self.request(&at, None).await?;
                continue;
            }
            let Some((form, body)) = self.filled(&reply).filter(|(_, body)| sent.as_ref() != Some(body)) else {
                return Ok(Landed::Page { url: at, reply });
            };
            if !form.action.is_empty() {
                at = at.join(&form.action).map_err(io::Error::other)?;
            }
            reply = self.request(&at, Some(&body)).await?;
            sent = Some(body);
        }
        Err(io::Error::other(format!("{STEPS} steps and no end, last at {at}")))
    }

    /// The form of a page and what is sent with it; none if a field is left that the human has nothing for.
    fn filled(&self, reply: &Reply) -> Option<(Form, String)> {
        let form = page::form(&reply.body)?;
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        for field in form.fields.iter().filter(|field| field.kind != Kind::Button) {
            let value = if field.kind == Kind::Hidden { &field.value } else { self.typed.get(&field.name)? };
            body.append_pair(&field.name, value);
        }
        let buttons = || form.fields.iter().filter(|field| field.kind == Kind::Button);
        let meant = buttons().find(|button| self.typed.get(&button.name) == Some(&button.value));
        if let Some(button) = meant.or_else(|| buttons().next()) {
            body.append_pair(&button.name, &button.value);
        }
        let body = body.finish();
        Some((form, body))
    }

    async fn request(&mut self, url: &Url, form: Option<&str>) -> io::Result<Reply> {
        let mut request = match form {
            Some(_) => Request::post(url.as_str()).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded"),
            None => Request::get(url.as_str()),
        };
        let cookies = self.cookies_for(url);
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies);
        }
        let request = request.header(header::ACCEPT, "text/html").body(form.unwrap_or_default().to_owned());
        let reply = self.http.send(request.map_err(io::Error::other)?).await?;
        for set in reply.headers.get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            self.keep(url, set);
        }
        Ok(reply)
    }

    fn cookies_for(&self, url: &Url) -> String {
        let origin = url.origin().ascii_serialization();
        let matching = self.cookies.iter().filter(|c| c.origin == origin && url.path().starts_with(&c.path));
        matching.map(|c| format!("{}={}", c.name, c.value)).collect::<Vec<_>>().join("; ")
    }

    /// RFC 6265 section 5.3, for the attributes that matter on loopback: `Path`, and an end in the past.
    fn keep(&mut self, url: &Url, set: &str) {
        let mut parts = set.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { return };
        let attribute = |wanted: &str| {
            let mut pairs = set.split(';').skip(1).filter_map(|part| part.trim().split_once('='));
            pairs.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
        };
        let (origin, path) = (url.origin().ascii_serialization(), attribute("path").unwrap_or("/").to_owned());
        self.cookies.retain(|c| (&*c.origin, &*c.path, &*c.name) != (&*origin, &*path, name));
        let ended = attribute("max-age") == Some("0") || attribute("expires").is_some_and(|at| at.contains("1970"));
        if !ended {
            self.cookies.push(Cookie { origin, path, name: name.to_owned(), value: value.to_owned() });
        }
    }
}
