//! One client's socket, from the upgrade to the end: prove, serve, end.
//!
//! **Promise.** A client is served by one small task of its own, so that nobody waits for it. What it leaves unread
//! stops what it may ask for. **Bound.** [`RUNNING`] requests at work for each client, [`UNREAD`] bytes of unread
//! answers before nothing more is read, [`GRACE`] for the end.

mod dispatch;
mod handshake;
mod large;
mod wire;

use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use openclaw_protocol::refusal::Close;
use openclaw_protocol::{FRAME_BYTES, UNPROVEN_BYTES};
use parking_lot::Mutex;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::auth::place::Place;
use crate::connection::Connection;
use crate::gateway::Gateway;
use crate::outbox::Outgoing;
use crate::unproven::Seat;
use handshake::Proven;
use wire::{Arrival, Ended, Wire};

/// How many requests of one client may be at work.
pub(crate) const RUNNING: usize = 256;
/// How much a client may leave unread and still be heard.
const UNREAD: usize = 1 << 20;
/// How long a client has to take note of the end.
const GRACE: Duration = Duration::from_secs(1);
/// How much of what a client still sends is thrown away meanwhile.
const THROWN_AWAY: usize = 64 << 20;

/// What is known of a client from its upgrade.
pub(crate) struct Upgrade {
    /// Where it comes from.
    pub place: Place,
    /// The other end of the socket.
    pub peer: SocketAddr,
    /// What it sent along.
    pub headers: HeaderMap,
    /// Its place among those who have not said who they are.
    pub seat: Mutex<Option<Seat>>,
}

/// Serves a client until it is gone. `read`: what was read beyond the upgrade.
pub(crate) async fn serve(gateway: Arc<Gateway>, tcp: TcpStream, read: Bytes, upgrade: Upgrade) {
    let mut wire = Wire::new(tcp, &read, UNPROVEN_BYTES);
    drop(read);
    // What a handshake needs is given back when it is over.
    let proven = Box::pin(handshake::run(&gateway, &mut wire, &upgrade)).await;
    let Proven { connection, device } = match proven {
        Ok(proven) => proven,
        Err(Unproven::Gone) => return,
        Err(Unproven::Refused { answer, close }) => {
            tracing::warn!(
                subsystem = "gateway/ws",
                remote = %upgrade.peer,
                code = close.code,
                reason = close.reason,
                "closed before connect"
            );
            return Box::pin(end(wire, answer.into_iter().collect(), close)).await;
        }
    };
    drop(upgrade);
    wire.raise(FRAME_BYTES);
    gateway.hub().add(Arc::clone(&connection));
    // From here on it is told with the others; what others were told before may have been meant for it too.
    if let Some(proof) = device
        && !Box::pin(proof.holds(&gateway)).await
    {
        connection.close(Close::new(4001, "gateway auth changed"));
    }
    if gateway.is_draining() {
        connection.close(Close::new(1012, "service restart"));
    }
    if gateway.presence().add(&connection) {
        gateway.tell_presence();
    }
    let close = attend(&gateway, &connection, &mut wire).await;
    gateway.hub().remove(connection.id());
    if gateway.presence().remove(&connection) {
        gateway.tell_presence();
    }
    if let Some(close) = close {
        let last = connection.outbox().lock().take_all();
        Box::pin(end(wire, last, close)).await;
    }
    // Whoever still tells this client something, tells nobody.
    connection.close(Close::new(1000, ""));
}

/// Why a client was not let in.
enum Unproven {
    /// It went away.
    Gone,
    /// It is told this.
    Refused {
        /// The answer to its `connect`, if it gets one.
        answer: Option<Outgoing>,
        /// And how it ends.
        close: Close,
    },
}

/// What a served client did.
enum Step {
    Text(Bytes),
    Over(Option<Close>),
}

/// Serves a client that was let in. The answer is how to end; none: it is gone.
async fn attend(gateway: &Arc<Gateway>, connection: &Arc<Connection>, wire: &mut Wire) -> Option<Close> {
    loop {
        let step = poll_fn(|cx| {
            connection.waker().register(cx.waker());
            if connection.is_dead() {
                return Poll::Ready(Step::Over(None));
            }
            if let Some(close) = connection.outbox().lock().ending() {
                return Poll::Ready(Step::Over(Some(close.clone())));
            }
            let blocked = match wire.poll_send(cx, || connection.outbox().lock().take()) {
                Poll::Ready(Ok(())) => false,
                Poll::Ready(Err(_)) => return Poll::Ready(Step::Over(None)),
                Poll::Pending => true,
            };
            if blocked && connection.outbox().lock().bytes() > UNREAD {
                return Poll::Pending;
            }
            match wire.poll_read(cx) {
                Poll::Ready(Ok(Arrival::Text(text))) => {
                    connection.note_heard();
                    Poll::Ready(Step::Text(text))
                }
                Poll::Ready(Ok(Arrival::Alive)) => {
                    connection.note_heard();
                    // A flood of pings takes turns with others, too.
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }
                Poll::Ready(Err(Ended::Broke(close))) => Poll::Ready(Step::Over(Some(close))),
                // What answers a ping or the client's own end was written down while reading.
                Poll::Ready(Err(Ended::Gone)) => {
                    let _ = wire.poll_send(cx, || None);
                    Poll::Ready(Step::Over(None))
                }
                Poll::Pending => match wire.poll_answer(cx, || connection.outbox().lock().take()) {
                    Poll::Ready(Err(_)) => Poll::Ready(Step::Over(None)),
                    _ => Poll::Pending,
                },
            }
        })
        .await;
        match step {
            Step::Text(text) => {
                dispatch::run(gateway, connection, text);
                // Reading takes no part in the runtime's own count of turns.
                tokio::task::coop::consume_budget().await;
            }
            Step::Over(close) => return close,
        }
    }
}

/// Sends what is left and the end, and waits until the client has taken note of it or [`GRACE`] is over.
async fn end(mut wire: Wire, last: Vec<Outgoing>, close: Close) {
    let farewell = async {
        let mut last = last.into_iter();
        poll_fn(|cx| wire.poll_send(cx, || last.next())).await?;
        wire.close(&close);
        poll_fn(|cx| wire.poll_send(cx, || None)).await?;
        let mut tcp = wire.into_tcp();
        tcp.shutdown().await?;
        // A stream that is dropped with something unread takes back what was written to it.
        let mut buffer = vec![0; 16 << 10];
        let mut thrown_away = 0;
        while thrown_away < THROWN_AWAY {
            tcp.readable().await?;
            match tcp.try_read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => thrown_away += read,
                Err(fault) if fault.kind() == ErrorKind::WouldBlock => {}
                Err(fault) => return Err(fault),
            }
            tokio::task::coop::consume_budget().await;
        }
        Ok::<_, std::io::Error>(())
    };
    // Too slow or gone: either way it is over.
    let _ = timeout(GRACE, farewell).await;
}
