//! Connections of one tenant, open and kept for its next request.
//!
//! **Promise.** A pool belongs to one tenant and goes with its grant, so nobody is answered on a connection that
//! somebody else has used. A connection leads where it was judged to lead, and carries that judgement along.
//! **Bound.** [`Caps::kept`] connections, each for [`Caps::keep`]. **Cost.** A lock for each request.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper::rt::Executor;
use hyper_util::rt::{TokioIo, TokioTimer};
use openclaw_policy::Host;
use openclaw_policy::capability::http::Scheme;

use super::body::{Outgoing, Progress};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::caps::Caps;
use crate::dial::BoxedStream;
use crate::target::Target;

/// How often a connection of the second version is asked whether it lives, while it is in use.
const PING: Duration = Duration::from_secs(15);
/// How long it may take to say so.
const PONG: Duration = Duration::from_secs(10);

/// What a connection is for.
#[derive(Clone, Eq, PartialEq)]
pub(super) struct Key {
    scheme: Scheme,
    host: Host,
    port: u16,
}

impl Key {
    pub(super) fn of(target: &Target) -> Self {
        Self {
            scheme: target.scheme(),
            host: target.host().clone(),
            port: target.port(),
        }
    }
}

/// The end of a connection into which requests go.
pub(super) enum Sender {
    One(http1::SendRequest<Outgoing>),
    Two(http2::SendRequest<Outgoing>),
}

impl Sender {
    /// Begins to speak on a connection.
    /// With it comes what keeps the connection and all its tasks alive: the server cannot.
    pub(super) async fn open(
        stream: BoxedStream,
        is_two: bool,
        caps: &Caps,
    ) -> hyper::Result<(Self, Arc<DropGuard>)> {
        let token = CancellationToken::new();
        let (tied, life) = (Tied(token.clone()), Arc::new(token.drop_guard()));
        let stream = TokioIo::new(stream);
        if is_two {
            let list = u32::try_from(caps.header_bytes).unwrap_or(u32::MAX);
            let (sender, connection) = http2::Builder::new(tied.clone())
                .timer(TokioTimer::new())
                .keep_alive_interval(PING)
                .keep_alive_timeout(PONG)
                .max_header_list_size(list)
                .initial_stream_window_size(1 << 20)
                .initial_connection_window_size(2 << 20)
                .handshake(stream)
                .await?;
            tied.execute(drive(connection));
            Ok((Self::Two(sender), life))
        } else {
            let (sender, connection) = http1::Builder::new()
                .max_headers(caps.headers)
                .max_header_size(caps.header_bytes)
                .handshake(stream)
                .await?;
            tied.execute(drive(connection));
            Ok((Self::One(sender), life))
        }
    }

    pub(super) fn is_two(&self) -> bool {
        matches!(self, Self::Two(_))
    }

    fn is_closed(&self) -> bool {
        match self {
            Self::One(sender) => sender.is_closed(),
            Self::Two(sender) => sender.is_closed(),
        }
    }

    /// Waits until the connection takes a request: until the one before is over.
    pub(super) async fn ready(&mut self) -> hyper::Result<()> {
        match self {
            Self::One(sender) => sender.ready().await,
            Self::Two(sender) => sender.ready().await,
        }
    }

    /// Sends a request; what was not begun comes back with the error.
    pub(super) async fn send(
        &mut self,
        request: Request<Outgoing>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Outgoing>>> {
        match self {
            Self::One(sender) => sender.try_send_request(request).await,
            Self::Two(sender) => sender.try_send_request(request).await,
        }
    }
}

/// Runs what a connection consists of until the connection is let go of: a body that the server does not take, or a
/// farewell that it does not read, ends then too.
#[derive(Clone)]
struct Tied(CancellationToken);

impl<F> Executor<F> for Tied
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, work: F) {
        let token = self.0.clone();
        tokio::spawn(async move {
            token.run_until_cancelled(work).await;
        });
    }
}

async fn drive(connection: impl Future<Output = hyper::Result<()>>) {
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection ended");
    }
}

/// A connection that was judged.
pub(super) struct Link {
    pub(super) sender: Sender,
    /// Whether its address is not public.
    pub(super) is_private: bool,
    /// The last one of these ends it.
    pub(super) life: Arc<DropGuard>,
}

struct Kept {
    key: Key,
    link: Link,
    since: Instant,
}

/// Connections of one tenant.
#[derive(Default)]
pub(crate) struct Pool {
    kept: Mutex<VecDeque<Kept>>,
    /// Whether somebody will look for those that were kept too long.
    is_watched: AtomicBool,
}

impl Pool {
    fn kept(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An open connection that leads there, the one that was used last.
    pub(super) fn take(&self, key: &Key, may_be_private: bool, caps: &Caps) -> Option<Link> {
        let mut kept = self.kept();
        let now = Instant::now();
        kept.retain(|kept| now.duration_since(kept.since) < caps.keep && !kept.link.sender.is_closed());
        let fits = |kept: &Kept| kept.key == *key && (may_be_private || !kept.link.is_private);
        let at = kept.iter().rposition(fits)?;
        // One connection of the second version takes many requests at once.
        if let Some(Kept { link, since, .. }) = kept.get_mut(at)
            && let Sender::Two(sender) = &link.sender
        {
            *since = now;
            return Some(Link {
                sender: Sender::Two(sender.clone()),
                is_private: link.is_private,
                life: Arc::clone(&link.life),
            });
        }
        kept.remove(at).map(|kept| kept.link)
    }

    /// Lets go of the connections that lead there.
    pub(super) fn forget(&self, key: &Key) {
        self.kept().retain(|kept| kept.key != *key);
    }

    /// Lets go of what was kept too long, and says whether anything is left.
    fn sweep(&self, keep: Duration) -> bool {
        let mut kept = self.kept();
        kept.retain(|kept| kept.since.elapsed() < keep);
        !kept.is_empty()
    }

    /// Sees to it that nothing is kept too long, also if no other request comes.
    fn watch(self: &Arc<Self>, keep: Duration) {
        if self.is_watched.swap(true, Ordering::Relaxed) {
            return;
        }
        let pool = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(keep).await;
                let Some(pool) = pool.upgrade() else { return };
                pool.is_watched.store(false, Ordering::Relaxed);
                if !pool.sweep(keep) || pool.is_watched.swap(true, Ordering::Relaxed) {
                    return;
                }
            }
        });
    }

    /// Keeps a connection for the next request.
    pub(super) fn put(self: &Arc<Self>, key: Key, link: Link, caps: &Caps) {
        if caps.kept == 0 {
            return;
        }
        let mut kept = self.kept();
        if link.sender.is_two()
            && kept
                .iter()
                .any(|kept| kept.key == key && kept.link.sender.is_two())
        {
            return;
        }
        if link.sender.is_closed() {
            return;
        }
        while kept.len() >= caps.kept {
            kept.pop_front();
        }
        let since = Instant::now();
        kept.push_back(Kept { key, link, since });
        drop(kept);
        self.watch(caps.keep);
    }
}

/// A connection that is in use, to be put back when its response was read to the end.
pub(super) struct Lease {
    pub(super) pool: Arc<Pool>,
    pub(super) caps: Arc<Caps>,
    pub(super) key: Key,
    pub(super) link: Link,
    pub(super) progress: Arc<Progress>,
}

impl Lease {
    /// A connection on which a body is still leaving is of no use to anybody.
    pub(super) fn give_back(self) {
        match self.progress.is_done() {
            true => self.pool.put(self.key, self.link, &self.caps),
            false => self.pool.forget(&self.key),
        }
    }
}
