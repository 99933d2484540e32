//! Servers over HTTP: whom a connection leads to, and what they say of themselves.

use super::{Known, finding};
use crate::{Gateway, server::Server};
use doorward_audit::{Definition, DefinitionChange, DefinitionKind, Event};
use doorward_config::First;
use doorward_detect::definition;
use doorward_identity::attest::{manifest, remote::Remote};
use doorward_mcp::json::Value;
use doorward_transport::{LinkError, egress::PeerShown, upstream::HttpLink};
use doorward_vocab::Digest;
use std::{sync::Arc, time::Duration};

/// The largest metadata document, in bytes.
const MAX: usize = 64 << 10;
const PATIENCE: Duration = Duration::from_secs(10);

impl Gateway {
    /// Looks at a server over HTTP, unless it was looked at lately. One that cannot be reached is as it was known.
    pub(super) async fn attest_remote(&self, server: &Arc<Server>) {
        let attest = &server.settings.attest;
        let stated = !attest.spki.is_empty() || attest.spiffe.is_some() || !attest.issuers.is_empty();
        let Some(link) = server.http().filter(|_| stated || attest.first != First::Off || attest.manifest.is_some())
        else {
            return;
        };
        let _looking = server.standing.looking.lock().await;
        let fresh = self.clock.now().since(server.standing.since()) < attest.every;
        if fresh && matches!(server.standing.known(), Known::Admitted | Known::Attested(_)) {
            return;
        }
        let known = match self.look_at_remote(server, link).await {
            Ok(known) => known,
            Err(error) => {
                tracing::warn!(server = %server.profile.name, "it cannot be looked at: {error}");
                return;
            }
        };
        let known = match known {
            Known::Withheld(why) => Known::Withheld(why),
            good => match (self.judge_name(server), self.read_manifest(server, link).await) {
                (Some(why), _) | (None, Err(why)) => Known::Withheld(why.into()),
                (None, Ok(())) => good,
            },
        };
        self.stands(server, known);
    }

    async fn look_at_remote(&self, server: &Server, link: &HttpLink) -> Result<Known, LinkError> {
        let attest = &server.settings.attest;
        let shown = link.meet().await?;
        let key = shown.as_ref().map(|shown| shown.spki);
        if !attest.spki.is_empty() && !key.is_some_and(|key| attest.spki.contains(&key)) {
            let told = key.map_or_else(|| "no key".to_owned(), |key| format!("the key {key}"));
            return Ok(Known::Withheld(
                format!("its certificate has {told}, which the configuration does not name").into(),
            ));
        }
        let mut found =
            Remote { spiffe: shown.as_ref().and_then(|s| s.spiffe.as_deref().map(str::to_owned)), ..Remote::default() };
        // Keys of a trust domain change every hour; its ids stay. Keys that the operator names may be several.
        if found.spiffe.is_none() {
            found.spki = key;
        }
        metadata(link, shown.as_ref(), &mut found).await?;
        if let Some(foreign) = found.issuers.iter().find(|i| !attest.issuers.is_empty() && !attest.issuers.contains(i))
        {
            return Ok(Known::Withheld(
                format!("its metadata names `{foreign}`, which the configuration does not").into(),
            ));
        }
        let stated = !attest.spki.is_empty() || attest.spiffe.is_some();
        let good = || match found.is_proven() && (stated || attest.first != First::Off) {
            true => Known::Attested(Arc::new(found.attestation(link.url().as_str(), self.clock.now()))),
            false => Known::Admitted,
        };
        if attest.first == First::Off {
            return Ok(good());
        }
        let pinned = Remote { spki: found.spki.filter(|_| attest.spki.is_empty()), ..found.clone() };
        let told = |before: Option<&[u8]>| {
            before.and_then(Remote::read).map(|b| pinned.differences(&b)).unwrap_or_default().join("; ")
        };
        let first = attest.first == First::FirstUse;
        let known = self.pinned(server, &pinned.canonical(), first, pinned.digest(), &told, good);
        // What is not approved is not connected to.
        server.standing.expect((!matches!(known, Known::Withheld(_))).then_some(key));
        Ok(known)
    }

    /// Reads what it may declare, where the operator asks for a signed manifest.
    async fn read_manifest(&self, server: &Server, link: &HttpLink) -> Result<(), String> {
        let (Some(keys), Some(settings)) = (&server.manifest_keys, &server.settings.attest.manifest) else {
            return Ok(());
        };
        let text = match &settings.file {
            Some(path) => tokio::fs::read_to_string(path).await.map_err(|e| format!("`{}`: {e}", path.display()))?,
            None => {
                let shown = link.meet().await.map_err(|e| e.to_string())?;
                let fetched = link.fetch(manifest::WELL_KNOWN, shown.as_ref(), manifest::MAX, PATIENCE).await;
                let fetched = fetched.map_err(|e| format!("its manifest cannot be fetched: {e}"))?;
                if !fetched.status.is_success() {
                    return Err(format!("its manifest cannot be fetched: status {}", fetched.status.as_u16()));
                }
                String::from_utf8_lossy(&fetched.body).into_owned()
            }
        };
        let read = keys.verify(&text, server.profile.name.as_str(), self.clock.now()).map_err(|e| e.to_string())?;
        if server.standing.may_declare(Arc::new(read)) {
            server.catalog.forget();
        }
        Ok(())
    }

    /// What a server answers to `initialize` or `server/discover` says who it is: that is pinned with its address.
    pub(crate) fn hear_name(&self, server: &Arc<Server>, result: Value<'_>) {
        let named = |info: Value<'_>| {
            let text = |key| info.get(key).and_then(Value::as_str).unwrap_or_default().into_owned();
            format!("{} {}", text("name"), text("version"))
        };
        let info = result.get("serverInfo").or_else(|| result.get("_meta")?.get("io.modelcontextprotocol/serverInfo"));
        let Some(name) = info.map(named).filter(|_| server.http().is_some()) else { return };
        if server.settings.attest.first == First::Off || !server.standing.calls_itself(&name) {
            return;
        }
        if let Some(why) = self.judge_name(server) {
            self.stands(server, Known::Withheld(why.into()));
        }
    }

    /// Why what a server calls itself is not what was approved.
    fn judge_name(&self, server: &Server) -> Option<String> {
        let name = server.standing.named()?;
        let (now, place) = (self.clock.now(), format!("{} identity", server.label()));
        let text = serde_json::Value::from(name.as_str()).to_string();
        let record = |change, from: Option<&[u8]>, findings| {
            let record = Definition {
                server: server.profile.name.clone(),
                kind: DefinitionKind::Server,
                name: place.clone().into(),
                change,
                from: from.map(Digest::of),
                to: Some(Digest::of(text.as_bytes())),
                by: None,
                findings,
            };
            self.note(Event::Definition(record));
        };
        use crate::pins::Approval;
        match self.pins.saw_server(&server.profile.name, &place, text.as_bytes(), true, now) {
            Approval::Approved => None,
            Approval::Pinned => {
                record(DefinitionChange::Pinned, None, Vec::new());
                None
            }
            Approval::Waits { fresh, approved } => {
                let was = approved.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
                let why = format!("it calls itself {text} in place of {was}");
                if fresh {
                    record(DefinitionChange::Changed, approved.as_deref(), vec![finding(&why)]);
                }
                Some(format!("{why}; `doorward approve {}` shows it", server.profile.name))
            }
            Approval::Unknown(error) => Some(format!("cannot read what is approved: {error}")),
        }
    }

    /// Looks again at a server beside what goes on.
    pub(crate) fn look_again(&self, server: &Arc<Server>) {
        if let Some(gateway) = self.me.upgrade() {
            let server = server.clone();
            tokio::spawn(async move { drop(gateway.attest(&server).await) });
        }
    }
}

/// Adds the protected-resource metadata of a server, where it has some (RFC 9728 §3.1: the path goes behind the
/// well-known one).
async fn metadata(link: &HttpLink, shown: Option<&PeerShown>, found: &mut Remote) -> Result<(), LinkError> {
    let path = link.url().path().trim_end_matches('/');
    let place = format!("/.well-known/oauth-protected-resource{path}");
    let fetched = link.fetch(&place, shown, MAX, PATIENCE).await?;
    if !fetched.status.is_success() {
        return Ok(());
    }
    let Ok(canonical) = definition::canonical(&fetched.body) else { return Ok(()) };
    let read: serde_json::Value = serde_json::from_str(&canonical).unwrap_or_default();
    let issuers = read.get("authorization_servers").and_then(serde_json::Value::as_array);
    let issuers = issuers.into_iter().flatten().filter_map(|i| i.as_str().map(str::to_owned));
    found.issuers = issuers.collect();
    found.metadata = Some(Digest::of(canonical.as_bytes()));
    Ok(())
}
