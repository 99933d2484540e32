use crate::{
    Gateway,
    reply::{Flow, Out},
};
use std::sync::Arc;
use tokio::{sync::mpsc, task::JoinHandle};

/// A flow that is read, from one server or from several side by side.
#[derive(Debug)]
pub(super) enum Reading {
    One(Flow),
    Several(mpsc::Receiver<Out>, JoinHandle<Flow>),
}

/// Messages of several servers that may wait for the reader.
const AHEAD: usize = 1;

impl Reading {
    pub(super) fn of(flow: Flow, gateway: &Arc<Gateway>) -> Self {
        if flow.is_single() {
            return Self::One(flow);
        }
        let (to, from) = mpsc::channel(AHEAD);
        Self::Several(from, tokio::spawn(flow.run(gateway.clone(), to)))
    }

    /// The next message; `None` at the end.
    pub(super) async fn next(&mut self, gateway: &Gateway) -> Option<Out> {
        match self {
            Self::One(flow) => flow.next(gateway).await,
            Self::Several(from, _) => from.recv().await,
        }
    }

    /// Whether it comes from a pipe, which goes on after the answer.
    pub(super) fn is_pipe(&self) -> bool {
        matches!(self, Self::One(flow) if flow.is_pipe())
    }

    /// Reads no further.
    pub(super) async fn end(self) -> Flow {
        match self {
            Self::One(flow) => flow,
            Self::Several(from, running) => {
                drop(from);
                running.await.unwrap_or_else(|_| Flow::joined())
            }
        }
    }
}
