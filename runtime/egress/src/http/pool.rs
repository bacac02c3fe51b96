//! Connections of one tenant, open and kept for its next request.
//!
//! **Promise.** A pool belongs to one tenant and goes with its grant, so nobody is answered on a connection that
//! somebody else has used. A connection leads where it was judged to lead, and carries that judgement along.
//! **Bound.** [`Caps::kept`] connections, each for [`Caps::keep`]. **Cost.** A lock for each request.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use openclaw_policy::Host;
use openclaw_policy::capability::http::Scheme;

use super::body::Outgoing;
use crate::caps::Caps;
use crate::dial::BoxedStream;
use crate::target::Target;

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
    pub(super) async fn open(stream: BoxedStream, is_two: bool, caps: &Caps) -> hyper::Result<Self> {
        let stream = TokioIo::new(stream);
        if is_two {
            let list = u32::try_from(caps.header_bytes).unwrap_or(u32::MAX);
            let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                .max_header_list_size(list)
                .initial_stream_window_size(1 << 20)
                .initial_connection_window_size(2 << 20)
                .handshake(stream)
                .await?;
            drive(connection);
            Ok(Self::Two(sender))
        } else {
            let (sender, connection) = http1::Builder::new()
                .max_headers(caps.headers)
                .max_header_size(caps.header_bytes)
                .handshake(stream)
                .await?;
            drive(connection);
            Ok(Self::One(sender))
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

/// Lets a connection work until its sender and its last body are gone.
fn drive(connection: impl Future<Output = hyper::Result<()>> + Send + 'static) {
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended");
        }
    });
}

/// A connection that was judged.
pub(super) struct Link {
    pub(super) sender: Sender,
    /// Whether its address is not public.
    pub(super) is_private: bool,
}

struct Kept {
    key: Key,
    link: Link,
    since: Instant,
}

/// Connections of one tenant.
#[derive(Default)]
pub(crate) struct Pool(Mutex<VecDeque<Kept>>);

impl Pool {
    fn kept(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An open connection that leads there, the one that was used last.
    pub(super) fn take(&self, key: &Key, may_be_private: bool, caps: &Caps) -> Option<Link> {
        let mut kept = self.kept();
        let now = Instant::now();
        kept.retain(|kept| now.duration_since(kept.since) < caps.keep && !kept.link.sender.is_closed());
        let fits = |kept: &Kept| kept.key == *key && (may_be_private || !kept.link.is_private);
        let at = kept.iter().rposition(fits)?;
        // One connection of the second version takes many requests at once.
        if let Some(Kept { link, .. }) = kept.get(at)
            && let Sender::Two(sender) = &link.sender
        {
            return Some(Link {
                sender: Sender::Two(sender.clone()),
                is_private: link.is_private,
            });
        }
        kept.remove(at).map(|kept| kept.link)
    }

    /// Keeps a connection for the next request.
    pub(super) fn put(&self, key: Key, link: Link, caps: &Caps) {
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
        while kept.len() >= caps.kept.max(1) {
            kept.pop_front();
        }
        let since = Instant::now();
        kept.push_back(Kept { key, link, since });
    }
}

/// A connection that is in use, to be put back when its response was read to the end.
pub(super) struct Lease {
    pub(super) pool: Arc<Pool>,
    pub(super) caps: Arc<Caps>,
    pub(super) key: Key,
    pub(super) link: Link,
}

impl Lease {
    pub(super) fn give_back(self) {
        self.pool.put(self.key, self.link, &self.caps);
    }
}
