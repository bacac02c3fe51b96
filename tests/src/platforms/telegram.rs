//! A Bot API server of Telegram.
//!
//! **Promise.** What the documentation of the Bot API says of a method in [`METHODS`] holds here, refusals with their
//! texts included: whoever gets along with this server sends nothing that the real one refuses. Updates are kept until
//! an offset confirms them and for 24 hours at most, one program at a time may ask for them, a webhook takes them
//! away from everybody who asks. It is not written for any one client.
//!
//! **Bound.** It is as lenient as a server that people run themselves: a webhook may be plain HTTP and at any port.
//! Of the ways to write formatting it reads HTML and lists of entities, and refuses Markdown. Nothing is written to a
//! disk.
//!
//! [`Telegram`] is a server of this process; the program `fake-telegram` is the same for other processes, which
//! use the paths under `/control/` for what is a method here.

#![allow(
    clippy::indexing_slicing,
    reason = "a member of a JSON value that is missing reads as null; lists are never indexed here"
)]

mod arguments;
mod control;
mod fault;
mod html;
mod methods;
mod refusal;
mod server;
mod updates;
mod webhook;
mod world;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

pub use control::{Group, Say};
pub use fault::{Fault, Trouble};
pub use methods::METHODS;
use world::World;

/// The token of the bot that every server has.
pub const TOKEN: &str = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";
/// The handle of that bot.
pub const USERNAME: &str = "fake_claw_bot";

/// What requests and tests look at together.
pub(crate) struct Shared {
    world: Mutex<World>,
    /// Something changed: an update came, a call was made, a webhook was set.
    changed: Notify,
}

/// A server that runs until it is dropped.
pub struct Telegram {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

impl Telegram {
    /// Starts one at a free port of this machine.
    ///
    /// # Errors
    /// If no port can be opened.
    pub async fn start() -> io::Result<Self> {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Starts one at an address.
    ///
    /// # Errors
    /// If the port cannot be opened.
    pub async fn start_at(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            world: Mutex::new(World::new()),
            changed: Notify::new(),
        });
        let accepting = tokio::spawn(server::accept(listener, Arc::clone(&shared)));
        Ok(Self {
            address,
            shared,
            accepting,
        })
    }

    /// The address that clients call the API root, without a slash at the end.
    #[must_use]
    pub fn root(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until a look at the calls so far gives something, for so long at most.
    pub async fn wait_for<T>(&self, patience: Duration, look: impl Fn(&[Call]) -> Option<T>) -> Option<T> {
        let found = async {
            loop {
                let changed = self.shared.changed.notified();
                if let Some(found) = look(&self.shared.world.lock().calls) {
                    return found;
                }
                // A look may depend on the time as well.
                let _ = tokio::time::timeout(Duration::from_millis(50), changed).await;
            }
        };
        tokio::time::timeout(patience, found).await.ok()
    }
}

impl Drop for Telegram {
    fn drop(&mut self) {
        self.accepting.abort();
        self.shared.world.lock().close();
        self.shared.changed.notify_waiters();
    }
}

/// A call of a method, as it came and as it was answered.
#[derive(Clone, Debug)]
pub struct Call {
    /// The method, as the documentation writes it.
    pub method: String,
    /// Its arguments; what came as JSON in a form is JSON here too.
    pub arguments: Value,
    /// What was answered: the whole document.
    pub answer: Value,
}

impl Call {
    /// Whether it was done.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.answer.get("ok").and_then(Value::as_bool) == Some(true)
    }
}
