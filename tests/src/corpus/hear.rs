//! What servers do for the case that runs, and what they heard of it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::script::Script;

/// What the servers of a case share.
#[derive(Clone, Default)]
pub(crate) struct Stage(Arc<Inner>);

#[derive(Default)]
struct Inner {
    scripts: Mutex<HashMap<String, Vec<Script>>>,
    heard: Mutex<Vec<Heard>>,
    connections: Mutex<Vec<SocketAddr>>,
    open: AtomicUsize,
}

/// One thing that a server heard: a request, a message or a line.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    /// Which of the connections.
    pub(crate) connection: usize,
    /// What arrived, head and body.
    pub(crate) text: String,
}

/// A connection that is open. Dropping it says that it is no more.
pub(crate) struct Open {
    stage: Stage,
    pub(crate) number: usize,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.stage.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Stage {
    /// Begins a case.
    pub(crate) fn set(&self, scripts: &[(&'static str, Vec<Script>)]) {
        let scripts = scripts
            .iter()
            .map(|(path, scripts)| ((*path).to_owned(), scripts.clone()));
        *self.0.scripts.lock().unwrap() = scripts.collect();
        self.0.heard.lock().unwrap().clear();
        self.0.connections.lock().unwrap().clear();
    }

    /// A connection arrived.
    pub(crate) fn arrived(&self, at: SocketAddr) -> Open {
        let mut connections = self.0.connections.lock().unwrap();
        connections.push(at);
        self.0.open.fetch_add(1, Ordering::SeqCst);
        Open {
            stage: self.clone(),
            number: connections.len(),
        }
    }

    /// Something was heard.
    pub(crate) fn hear(&self, connection: usize, text: &[u8]) {
        self.0.heard.lock().unwrap().push(Heard {
            connection,
            text: String::from_utf8_lossy(text).into_owned(),
        });
    }

    /// What is done for a path: each script once, and the last one from then on.
    pub(crate) fn script(&self, path: &str) -> Option<Script> {
        let mut scripts = self.0.scripts.lock().unwrap();
        let of_path = scripts.get_mut(path)?;
        match of_path.len() {
            0 => None,
            1 => of_path.first().cloned(),
            _ => Some(of_path.remove(0)),
        }
    }

    /// All that was heard.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.0.heard.lock().unwrap().clone()
    }

    /// Where connections arrived.
    pub(crate) fn connections(&self) -> Vec<SocketAddr> {
        self.0.connections.lock().unwrap().clone()
    }

    /// How many connections are open.
    pub(crate) fn open(&self) -> usize {
        self.0.open.load(Ordering::SeqCst)
    }
}
