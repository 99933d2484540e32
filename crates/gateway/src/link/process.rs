use super::{
    Answer, Parcel,
    pipe::{Fed, Feed, Pipe, Routing},
};
use crate::{catalog::Catalog, credentials::Held};
use doorward_mcp::{Request, json::Limits};
use doorward_transport::{
    LinkError,
    stdio::{Command, Executable, StdioInbox, StdioLink, StdioSettings},
};
use std::{sync::Arc, time::Duration};

/// A server that is our child.
#[derive(Debug)]
pub(crate) struct Process {
    link: StdioLink,
    pub(super) pipe: Pipe,
    /// The credential in its environment.
    pub(super) worn: Option<Arc<Held>>,
}

impl Process {
    /// Starts the server of `command`, which finds `worn` in its environment.
    pub(crate) fn spawn(
        name: &str,
        (command, executable, worn): (&Command, Option<&Executable>, Option<Arc<Held>>),
        settings: StdioSettings,
        limits: Limits,
        patience: Duration,
        routing: Routing,
        catalog: Arc<Catalog>,
    ) -> Result<Arc<Self>, LinkError> {
        let label = name.to_owned();
        let (link, inbox) = StdioLink::spawn_held(command, executable, settings, move |line| {
            tracing::info!(server = %label, "stderr: {}{}", line.text, if line.cut { "…" } else { "" });
        })?;
        let over = Self::with((link, inbox), name, limits, patience, routing, catalog);
        Ok(Arc::new(Self { worn, ..over }))
    }

    /// The server at the other end of a link.
    #[cfg(test)]
    pub(crate) fn over(
        ends: (StdioLink, StdioInbox),
        name: &str,
        limits: Limits,
        patience: Duration,
        routing: Routing,
        catalog: Arc<Catalog>,
    ) -> Arc<Self> {
        Arc::new(Self::with(ends, name, limits, patience, routing, catalog))
    }

    fn with(
        (link, inbox): (StdioLink, StdioInbox),
        name: &str,
        limits: Limits,
        patience: Duration,
        routing: Routing,
        catalog: Arc<Catalog>,
    ) -> Self {
        let (pipe, feed) = Pipe::new(name, routing, patience, limits, catalog);
        tokio::spawn(read(inbox, feed, name.to_owned()));
        Self { link, pipe, worn: None }
    }

    /// How many requests somebody still waits for.
    #[cfg(test)]
    pub(crate) fn waited_for(&self) -> usize {
        self.pipe.waited_for()
    }

    pub(super) async fn request(&self, request: &Request, parcel: Parcel) -> Result<Answer, LinkError> {
        let expected = self.pipe.expect(request, &parcel.permitted);
        self.tell(parcel).await?;
        Ok(expected.map_or(Answer::Accepted, |e| Answer::Stream(e.sent())))
    }

    pub(super) async fn tell(&self, parcel: Parcel) -> Result<(), LinkError> {
        self.link.send(parcel.permitted, parcel.receipt).await
    }

    /// Whether the process still runs and is listened to.
    pub(super) fn alive(&self) -> bool {
        self.link.exit().is_none() && self.pipe.alive()
    }

    pub(super) async fn close(&self) {
        self.link.shutdown().await;
    }
}

async fn read(mut inbox: StdioInbox, feed: Feed, name: String) {
    while let Some(line) = inbox.recv().await {
        match line {
            Ok(line) => {
                if feed.take(line).await == Fed::Closed {
                    break;
                }
            }
            Err(error) => {
                tracing::warn!(server = %name, "{error}");
                break;
            }
        }
    }
}
