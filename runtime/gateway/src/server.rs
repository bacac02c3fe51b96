//! The server: accepts, keeps time, and stops.
//!
//! **Promise.** A client that connects is served from the moment the port is open. Stopping tells everybody first:
//! the `shutdown` event, then the end of each connection with code 1012. **Bound.** A request may take `HEAD` to
//! say what it wants; stopping takes at most `STOP`. **Cost.** One task for each stream.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use openclaw_protocol::TICK_MS;
use openclaw_protocol::event::{SHUTDOWN, TICK};
use openclaw_protocol::identity::Identity;
use openclaw_protocol::refusal::Close;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::now_ms;
use crate::event::Event;
use crate::gateway::{Gateway, Options};
use crate::health;
use crate::http::Front;
use crate::methods::nods;
use crate::projection::project;
use crate::unproven::Seats;

/// How long a request may take to say what it wants.
const HEAD: Duration = Duration::from_secs(15);
/// How much of a request's head is read, in bytes.
const HEAD_BYTES: usize = 32 << 10;
/// How often clients are asked whether they are still there.
const PING: Duration = Duration::from_secs(25);
/// How many pages that may not talk to the gateway are being told so, for each address.
const FOREIGN: usize = 4;
/// How long stopping may take.
const STOP: Duration = Duration::from_secs(5);

/// A running server.
pub struct Running {
    gateway: Arc<Gateway>,
    addresses: Vec<SocketAddr>,
    accepting: CancellationToken,
    tasks: TaskTracker,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running")
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}

/// Serves on these listeners until it is stopped.
pub fn start(options: Options, identity: Identity, listeners: Vec<TcpListener>) -> Running {
    let (gateway, routes) = Gateway::new(options, identity);
    let (accepting, tasks) = (CancellationToken::new(), TaskTracker::new());
    let front = Front {
        routes: routes.with_state(Arc::clone(&gateway)),
        seats: Seats::new(gateway.unproven),
        foreign: Seats::new(FOREIGN),
        gateway: Arc::clone(&gateway),
        sockets: tasks.clone(),
    };
    let addresses = listeners
        .iter()
        .filter_map(|listener| listener.local_addr().ok())
        .collect();
    for listener in listeners {
        let (front, stopped) = (front.clone(), accepting.clone());
        tasks.spawn(async move { accept(listener, front, stopped).await });
    }
    if let Some(parts) = gateway.services().parts.clone() {
        let events = parts.agent.events();
        let (told, stopped) = (project(Arc::clone(&gateway), parts, events), accepting.clone());
        tasks.spawn(async move {
            let _ = stopped.run_until_cancelled(told).await;
        });
        let (asked, stopped) = (Arc::clone(&gateway), accepting.clone());
        tasks.spawn(async move {
            let _ = stopped.run_until_cancelled(nods::tell(asked)).await;
        });
    }
    let (kept, stopped) = (Arc::clone(&gateway), accepting.clone());
    tasks.spawn(async move {
        let _ = stopped.run_until_cancelled(keep_time(&kept)).await;
    });
    let (kept, stopped) = (Arc::clone(&gateway), accepting.clone());
    tasks.spawn(async move {
        let _ = stopped.run_until_cancelled(keep_health(&kept)).await;
    });
    Running {
        gateway,
        addresses,
        accepting,
        tasks,
    }
}

impl Running {
    /// The gateway.
    pub fn gateway(&self) -> &Arc<Gateway> {
        &self.gateway
    }

    /// Where it listens.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Tells everybody, ends all connections and waits for what is still being answered. `restart_ms`: when it is
    /// expected to be back.
    pub async fn stop(self, reason: &str, restart_ms: Option<u64>) {
        self.gateway.draining().cancel();
        let mut payload = json!({"reason": reason});
        if let (Some(ms), Some(payload)) = (restart_ms, payload.as_object_mut()) {
            payload.insert("restartExpectedMs".to_owned(), ms.into());
        }
        if let Some(event) = Event::new(SHUTDOWN, &payload) {
            self.gateway.hub().tell(&event);
        }
        self.accepting.cancel();
        self.gateway
            .hub()
            .close(&Close::new(1012, "service restart"), |_| true);
        self.tasks.close();
        if timeout(STOP, self.tasks.wait()).await.is_err() {
            tracing::warn!("connections were still open when the time to stop was over");
        }
    }
}

async fn accept(listener: TcpListener, front: Front, stopped: CancellationToken) {
    loop {
        let accepted = stopped.run_until_cancelled(listener.accept()).await;
        match accepted {
            None => return,
            Some(Ok((stream, peer))) => {
                let (front, stopped) = (front.clone(), stopped.clone());
                let tasks = front.sockets.clone();
                tasks.spawn(async move { serve(stream, peer, front, stopped).await });
            }
            Some(Err(fault)) => {
                // Out of descriptors, most likely: others will be closed.
                tracing::warn!(%fault, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, peer: SocketAddr, front: Front, stopped: CancellationToken) {
    let Ok(local) = stream.local_addr() else {
        return;
    };
    // Only a matter of speed.
    let _ = stream.set_nodelay(true);
    let asked = Arc::new(AtomicBool::new(false));
    let note = Arc::clone(&asked);
    let service = service_fn(move |request| {
        note.store(true, Ordering::Relaxed);
        let front = front.clone();
        async move { Ok::<_, std::convert::Infallible>(front.answer(request, peer, local).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // A stream that breaks is the client's matter.
        _ = connection.as_mut() => return,
        () = stopped.cancelled() => {}
    }
    // Nobody waits for an answer on a stream that has asked for nothing.
    if !asked.load(Ordering::Relaxed) {
        return;
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

/// Ticks, and asks who is still there.
async fn keep_time(gateway: &Gateway) {
    let (mut tick, mut ping) = (every(Duration::from_millis(TICK_MS)), every(PING));
    loop {
        tokio::select! {
            _ = tick.tick() => {
                if let Some(event) = Event::new(TICK, &json!({"ts": now_ms()})) {
                    gateway.hub().tell(&event.droppable());
                }
            }
            _ = ping.tick() => {
                for connection in gateway.hub().all() {
                    connection.check();
                }
            }
        }
    }
}

/// Keeps health fresh. It waits for channels, so that it has a task of its own.
async fn keep_health(gateway: &Arc<Gateway>) {
    health::refresh(gateway, false).await;
    let mut fresh = every(health::FRESH);
    loop {
        fresh.tick().await;
        health::refresh(gateway, false).await;
    }
}

/// After a time in which nothing ran, such as a suspended machine, one tick follows and not all that were missed: two
/// questions in a row whether clients are there would leave them no time to answer.
fn every(period: Duration) -> Interval {
    let mut interval = interval_at(Instant::now() + period, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
