//! The connections of an account: opened, read and kept alive by the host.
//!
//! **Promise.** Frames leave in order, at most once, and only on the very connection that they were meant for. What
//! arrives is told in order and none is left out: while nobody takes it, nothing more is read. A connection is never
//! opened again by itself. When the account ends, all are closed.
//! **Bound.** [`super::bounds`], and the gate's. **Cost.** A task for each connection.

mod beat;
mod change;
mod held;
mod keep;
mod line;
mod open;
mod pace;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use openclaw_egress::socket::{Frame, Pattern};
use openclaw_egress::{Client, ConnectLimits, Endpoint};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::{CloseReason, ConnectionId, Happening, WitError};
use line::Line;

pub use change::SocketChange;
pub(crate) use change::{Opening, Wish};
pub(crate) use keep::{Heartbeat, KeepAlive};
pub(crate) use line::Treatment;
pub(crate) use pace::Pace;

/// How long connections may take to end when the account does.
const GOODBYE: Duration = Duration::from_secs(5);

/// How an answer to a command comes back.
pub(crate) type Answer<T> = oneshot::Sender<Result<T, WitError>>;

/// What a connection is told.
pub(crate) enum Command {
    Send(Vec<Frame>, Option<Answer<()>>),
    Ask {
        question: Frame,
        answer: Pattern,
        wait: Duration,
        to: Answer<Frame>,
    },
    KeepAlive(Option<KeepAlive>),
    /// To end, after what waits has left.
    Close {
        code: u16,
        reason: String,
    },
}

/// What is known of a connection while its task runs.
struct Slot {
    serial: u64,
    is_open: Arc<AtomicBool>,
    /// Frames that wait to leave.
    waiting: Arc<AtomicUsize>,
    commands: mpsc::UnboundedSender<Command>,
    replace: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// The connections of an account.
pub(crate) struct Sockets {
    client: Arc<Client>,
    happenings: mpsc::Sender<Happening>,
    runtime: Handle,
    lines: Mutex<Lines>,
}

#[derive(Default)]
struct Lines {
    last_serial: u64,
    named: BTreeMap<String, Slot>,
}

impl Sockets {
    /// None are open at first. Must be called inside of a runtime.
    pub(crate) fn new(client: Arc<Client>, happenings: mpsc::Sender<Happening>) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            client,
            happenings,
            runtime: Handle::current(),
            lines: Mutex::new(Lines {
                // An event of an earlier time must not name a connection of this one.
                last_serial: u64::try_from(since.as_micros()).unwrap_or_default(),
                named: BTreeMap::new(),
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.named.retain(|_, slot| !slot.task.is_finished());
        lines
    }

    /// The open connection of a name.
    pub(crate) fn find(&self, name: &str) -> Option<ConnectionId> {
        let lines = self.lock();
        let slot = lines
            .named
            .get(name)
            .filter(|slot| slot.is_open.load(Ordering::Acquire))?;
        Some(ConnectionId {
            name: name.to_owned(),
            serial: slot.serial,
        })
    }

    /// The names that are taken.
    pub(crate) fn names(&self) -> Vec<String> {
        self.lock().named.keys().cloned().collect()
    }

    /// How many frames wait on a connection; none if it has ended.
    pub(crate) fn waiting(&self, id: &ConnectionId) -> Option<usize> {
        let lines = self.lock();
        let slot = lines.named.get(&id.name)?;
        (slot.serial == id.serial).then(|| slot.waiting.load(Ordering::Relaxed))
    }

    /// Does what was asked for, in order.
    pub(crate) fn apply(&self, changes: Vec<SocketChange>) {
        for SocketChange(wish) in changes {
            match wish {
                Wish::Open(opening) => self.open(*opening),
                Wish::KeepAlive(id, keep_alive) => drop(self.tell(&id, Command::KeepAlive(keep_alive))),
                Wish::Send(id, frames) => drop(self.tell(&id, Command::Send(frames, None))),
                Wish::Close(id, code, reason) => drop(self.close(&id, code, reason)),
            }
        }
    }

    /// Opens a connection under a name. One that has the name already ends first.
    pub(crate) fn open(&self, opening: Opening) {
        let Opening {
            name,
            endpoint,
            limits,
            treatment,
        } = opening;
        let mut lines = self.lock();
        let before = lines.named.remove(&name).map(|slot| {
            // Whoever is gone needs no telling.
            let _ = slot.replace.send(());
            Ending(slot.task)
        });
        lines.last_serial += 1;
        let serial = lines.last_serial;
        let (commands, told) = mpsc::unbounded_channel();
        let (replace, replaced) = oneshot::channel();
        let (is_open, waiting) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let line = Line {
            id: ConnectionId {
                name: name.clone(),
                serial,
            },
            client: Arc::clone(&self.client),
            happenings: self.happenings.clone(),
            commands: told,
            replaced,
            is_open: Arc::clone(&is_open),
            waiting: Arc::clone(&waiting),
            treatment,
        };
        let task = self.runtime.spawn(begin(before, line, endpoint, limits));
        lines.named.insert(
            name,
            Slot {
                serial,
                is_open,
                waiting,
                commands,
                replace,
                task,
            },
        );
    }

    /// Tells a connection something, if it is still that one.
    pub(crate) fn tell(&self, id: &ConnectionId, command: Command) -> bool {
        let lines = self.lock();
        let Some(slot) = lines.named.get(&id.name).filter(|slot| slot.serial == id.serial) else {
            return false;
        };
        if let Command::Send(frames, _) = &command {
            slot.waiting.fetch_add(frames.len(), Ordering::Relaxed);
        }
        slot.commands.send(command).is_ok()
    }

    /// Closes a connection, after what waits has left.
    pub(crate) fn close(&self, id: &ConnectionId, code: u16, reason: String) -> bool {
        self.tell(id, Command::Close { code, reason })
    }

    /// Lets what waits leave, and closes all.
    pub(crate) async fn close_all(&self) {
        let ending: Vec<_> = {
            let mut lines = self.lock();
            std::mem::take(&mut lines.named).into_values().collect()
        };
        for slot in &ending {
            let _ = slot.commands.send(Command::Close {
                code: 1000,
                reason: String::new(),
            });
        }
        let until = tokio::time::Instant::now() + GOODBYE;
        for mut slot in ending {
            if tokio::time::timeout_at(until, &mut slot.task).await.is_err() {
                slot.task.abort();
            }
        }
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        let lines = self.lines.get_mut().unwrap_or_else(PoisonError::into_inner);
        for slot in lines.named.values() {
            slot.task.abort();
        }
    }
}

/// The connection that had a name before. It ends with whoever waits for its end.
struct Ending(JoinHandle<()>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn begin(before: Option<Ending>, line: Line, endpoint: Endpoint, limits: ConnectLimits) {
    if let Some(mut before) = before {
        // It says goodbye, and its end is told, before the name is another's.
        let _ = (&mut before.0).await;
    }
    line.run(endpoint, limits).await;
}
