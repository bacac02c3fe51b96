//! The task of one connection: its opening, the time that it is open, and its end, which is told last.
//!
//! **Cost.** A task.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use openclaw_egress::{Cause, Client, ConnectLimits, Endpoint};
use tokio::sync::{mpsc, oneshot};

use super::keep::KeepAlive;
use super::open::Open;
use super::pace::Pace;
use super::{CloseReason, Command, ConnectionId, Happening};
use crate::channel::event::SocketClosed;

/// How the host treats a connection.
pub(crate) struct Treatment {
    pub(crate) keep_alive: Option<KeepAlive>,
    /// How frames begin that the host answers, and how the answers begin.
    pub(crate) auto_replies: Vec<(String, String)>,
    pub(crate) pace: Option<Pace>,
}

/// A connection that is to be opened.
pub(super) struct Line {
    pub(super) id: ConnectionId,
    pub(super) client: Arc<Client>,
    pub(super) happenings: mpsc::Sender<Happening>,
    pub(super) commands: mpsc::UnboundedReceiver<Command>,
    /// Told when another connection takes the name.
    pub(super) replaced: oneshot::Receiver<()>,
    pub(super) is_open: Arc<AtomicBool>,
    pub(super) waiting: Arc<AtomicUsize>,
    pub(super) treatment: Treatment,
}

/// How a connection ended.
pub(super) struct End {
    pub(super) reason: CloseReason,
    pub(super) code: Option<u16>,
    pub(super) message: String,
}

impl End {
    /// Without a code and without words.
    pub(super) fn quiet(reason: CloseReason) -> Self {
        Self {
            reason,
            code: None,
            message: String::new(),
        }
    }
}

impl Line {
    /// Opens it and stays with it to its end, which is told last.
    pub(super) async fn run(mut self, endpoint: Endpoint, limits: ConnectLimits) {
        let id = self.id.clone();
        let happenings = self.happenings.clone();
        let opened = tokio::select! {
            biased;
            _ = &mut self.replaced => Err(End::quiet(CloseReason::Replaced)),
            reason = told_to_close(&mut self.commands) => Err(End::quiet(reason)),
            opened = self.client.connect(endpoint, limits) => opened.map_err(|error| End {
                reason: CloseReason::NotOpened,
                code: match &error.cause {
                    Cause::Status { status, .. } => Some(*status),
                    _ => None,
                },
                message: error.to_string(),
            }),
        };
        let (end, told) = match opened {
            Err(end) => (end, VecDeque::new()),
            Ok(dialog) => Open::new(self, dialog).stay().await,
        };
        let closed = Happening::SocketClosed(SocketClosed {
            connection: id,
            reason: end.reason,
            code: end.code,
            message: end.message,
        });
        for happening in told.into_iter().chain([closed]) {
            // An account that has ended is told nothing.
            let _ = happenings.send(happening).await;
        }
    }
}

/// Waits for the word to close; nothing else makes sense of a connection that is not open.
async fn told_to_close(commands: &mut mpsc::UnboundedReceiver<Command>) -> CloseReason {
    loop {
        match commands.recv().await {
            Some(Command::Close { .. }) => return CloseReason::ByAdapter,
            Some(_) => {}
            None => std::future::pending().await,
        }
    }
}
