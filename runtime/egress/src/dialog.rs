//! An open connection, with its place among the tenant's and its line in the ledger.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use crate::error::{Error, Kind, Result};
use crate::header::Header;
use crate::ledger::Entry;
use crate::secret::{SecretFailure, Vault};
use crate::socket::{Connection, Frame};
use crate::traffic::hide_in;

/// An open connection. Dropping it closes it.
pub struct Dialog {
    connection: Connection,
    entry: Entry,
    vault: Arc<Vault>,
    _place: OwnedSemaphorePermit,
}

impl Dialog {
    pub(crate) fn new(
        connection: Connection,
        mut entry: Entry,
        place: OwnedSemaphorePermit,
        vault: &Arc<Vault>,
    ) -> Self {
        entry.passed();
        Self {
            connection,
            entry,
            vault: Arc::clone(vault),
            _place: place,
        }
    }

    /// The subprotocol that the server of a WebSocket chose.
    pub fn subprotocol(&self) -> Option<&str> {
        self.connection.subprotocol()
    }

    /// The headers of the answer that it began with, in lower case; none for TCP.
    pub fn headers(&self) -> &[Header] {
        self.connection.headers()
    }

    /// How much has arrived so far: frames, and the pings and pongs of a WebSocket. Only for comparing.
    pub fn heard(&self) -> u64 {
        self.connection.heard()
    }

    /// The code with which the other side closed a WebSocket.
    pub fn goodbye(&self) -> Option<u16> {
        self.connection.goodbye()
    }

    /// Sends a ping of the WebSocket protocol.
    pub async fn ping(&mut self) -> Result<()> {
        let sent = self.connection.ping().await;
        sent.map_err(|error| self.note(error))
    }

    /// Sends frames in this order.
    pub async fn send(&mut self, frames: Vec<Frame>) -> Result<()> {
        let bytes = frames.iter().map(Frame::weight).sum();
        let sent = self.connection.send(frames).await;
        match sent {
            Ok(()) => {
                self.entry.sent(bytes);
                Ok(())
            }
            Err(error) => Err(self.note(error)),
        }
    }

    /// Waits for the next frame; none if the time is over first.
    pub async fn receive(&mut self, wait: Duration) -> Result<Option<Frame>> {
        let received = self.connection.receive(wait).await;
        match received {
            Ok(Some(frame)) => {
                self.entry.received(frame.weight());
                Ok(Some(frame))
            }
            Ok(None) => Ok(None),
            Err(error) => Err(self.note(error)),
        }
    }

    /// Closes the connection in good order. For a WebSocket the code and reason are sent.
    pub async fn close(&mut self, code: u16, reason: &str) -> Result<()> {
        if self.vault.holds_placeholder(reason.as_bytes()) {
            let place = "the reason of a close";
            return Err(SecretFailure::Misplaced { place }.into());
        }
        let closed = self.connection.close(code, reason).await;
        closed.map_err(|error| hide_in(&self.vault, error))
    }

    /// Writes a failure down and hands it on, without what nobody may read. A connection that was closed is not one
    /// that failed.
    fn note(&mut self, error: Error) -> Error {
        let error = hide_in(&self.vault, error);
        if error.cause.kind() != Kind::Closed {
            self.entry.failed(&error);
        }
        error
    }
}
