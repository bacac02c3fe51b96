//! All who are connected.
//!
//! **Promise.** An event is told to each connection that may hear it, in the order in which events are told.
//! **Cost.** A walk over the connections; the text is written once and shared.

use std::collections::HashMap;
use std::sync::Arc;

use openclaw_protocol::refusal::Close;
use parking_lot::RwLock;

use crate::connection::Connection;
use crate::event::Event;

/// All who are connected.
#[derive(Debug, Default)]
pub struct Hub {
    connections: RwLock<HashMap<String, Arc<Connection>>>,
}

impl Hub {
    /// Tells an event to all who may hear it.
    pub fn tell(&self, event: &Event) {
        self.tell_to(event, |_| true);
    }

    /// Tells an event to those of them that `meant` picks.
    pub fn tell_to(&self, event: &Event, meant: impl Fn(&Connection) -> bool) {
        for connection in self.connections.read().values() {
            if meant(connection) {
                connection.tell(event);
            }
        }
    }

    /// Those who are connected now.
    pub fn all(&self) -> Vec<Arc<Connection>> {
        self.connections.read().values().cloned().collect()
    }

    /// How many are connected.
    pub fn count(&self) -> usize {
        self.connections.read().len()
    }

    /// The connection of this id.
    pub fn find(&self, id: &str) -> Option<Arc<Connection>> {
        self.connections.read().get(id).cloned()
    }

    /// Ends the connections that `meant` picks.
    pub fn close(&self, close: &Close, meant: impl Fn(&Connection) -> bool) {
        for connection in self.connections.read().values() {
            if meant(connection) {
                connection.close(close.clone());
            }
        }
    }

    pub(crate) fn add(&self, connection: Arc<Connection>) {
        self.connections
            .write()
            .insert(connection.id().to_owned(), connection);
    }

    pub(crate) fn remove(&self, id: &str) {
        self.connections.write().remove(id);
    }
}
