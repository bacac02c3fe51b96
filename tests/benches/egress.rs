//! What the gate costs on the way of a request, and what the net for secrets costs on the way back.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt as _, Empty, Full, StreamBody};
use hyper::body::Frame;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use openclaw_egress::secret::{Captured, Mask, PlaceholderKey, Vault};
use openclaw_egress::{Caps, Client, Gate, Ledger, Options, Passage, Request, Roots, SystemResolver, Tenant};
use openclaw_policy::{AccountValues, Capabilities};
use openclaw_secrets::SecretValue;
use openclaw_tests::measure::{report, take_turns};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// Requests of one turn.
const REQUESTS: u32 = 2000;
/// Bytes of the long body.
const LONG: usize = 100 << 20;
const PIECE: usize = 64 << 10;

type Body = http_body_util::combinators::UnsyncBoxBody<Bytes, Infallible>;

/// Writes nothing down: what a line costs in the audit is the state's figure.
struct NoLedger;

impl Ledger for NoLedger {
    fn record(&self, passage: Passage) {
        drop(passage);
    }
}

fn main() {
    let server = start_server();
    let runtime = runtime();
    let client = runtime.block_on(async { client(server) });
    let mut bare = runtime.block_on(bare(server));
    let gate = || per_request(&runtime, || send(&client, server));
    let by_hand = || {
        let begin = Instant::now();
        runtime.block_on(async {
            for _ in 0..REQUESTS {
                send_bare(&mut bare, server).await;
            }
        });
        micros(begin.elapsed()) / f64::from(REQUESTS)
    };
    let (through, without) = take_turns(gate, by_hand);
    report("egress.request", "us", (through, without));
    report("egress.overhead_over_hyper", "us", (through - without, 30.0));
    let before = peak_memory();
    let long = take_turns(
        || throughput(|| runtime.block_on(read_long(&client, server))),
        || 500.0,
    );
    report("egress.stream_100_mb", "MB/s", long);
    // A peak of nothing at all has no ratio.
    let grown = peak_memory().saturating_sub(before).max(1);
    report("egress.stream_100_mb_memory", "kB", (grown as f64, 4096.0));
    let vault = vault();
    let piece = Bytes::from(random_text(PIECE));
    report(
        "egress.scan",
        "MB/s",
        take_turns(|| throughput(|| scan(&vault, &piece)), || 500.0),
    );
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn throughput(work: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    work();
    LONG as f64 / 1e6 / begin.elapsed().as_secs_f64()
}

/// One thread, so that what is measured has one core and the server the other.
fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

fn per_request<F: Future<Output = ()>>(runtime: &Runtime, request: impl Fn() -> F) -> f64 {
    let begin = Instant::now();
    runtime.block_on(async {
        for _ in 0..REQUESTS {
            request().await;
        }
    });
    micros(begin.elapsed()) / f64::from(REQUESTS)
}

fn start_server() -> SocketAddr {
    let (told, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        runtime().block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            told.send(listener.local_addr().unwrap()).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let service = hyper::service::service_fn(answer);
                let connection = hyper::server::conn::http1::Builder::new();
                tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
            }
        });
    });
    address.recv().unwrap()
}

async fn answer(request: hyper::Request<hyper::body::Incoming>) -> Result<hyper::Response<Body>, Infallible> {
    if request.uri().path() == "/short" {
        return Ok(hyper::Response::new(
            Full::new(Bytes::from_static(b"ok")).boxed_unsync(),
        ));
    }
    let piece = Bytes::from(random_text(PIECE));
    let pieces = (0..LONG / PIECE).map(move |_| Ok(Frame::data(piece.clone())));
    Ok(hyper::Response::new(
        StreamBody::new(stream::iter(pieces)).boxed_unsync(),
    ))
}

/// What most bodies are made of: letters, digits and some signs.
fn random_text(length: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(7);
    let signs = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=\"{}:, ";
    (0..length)
        .filter_map(|_| random.choice(signs).copied())
        .collect()
}

fn vault() -> Arc<Vault> {
    let asked = r#"{"secrets": [
        {"name": "a", "audience": ["bench.example"]}, {"name": "b", "audience": ["bench.example"]},
        {"name": "c", "audience": ["bench.example"]}, {"name": "d", "audience": ["bench.example"]},
        {"name": "e", "audience": ["bench.example"]}]}"#;
    let asked: Capabilities = serde_json::from_str(asked).unwrap();
    let value = |name: &str| {
        let text = format!("{name}-7hG2kQz0:pX4vB9nW1sT6yR3mL8cJ5dF");
        (name.to_owned(), SecretValue::new(&text))
    };
    let values: BTreeMap<_, _> = ["a", "b", "c", "d", "e"].map(value).into();
    let matcher = asked.secrets.resolve(&AccountValues::new());
    let key = PlaceholderKey::random().unwrap();
    Arc::new(Vault::new(
        &key,
        "bench",
        None,
        matcher,
        values,
        Captured::default(),
    ))
}

fn client(server: SocketAddr) -> Client {
    let asked = format!(
        r#"{{"http": [{{"scheme": "http", "host": "127.0.0.1", "port": {}, "private": true, "maxBody": "1 GiB"}}]}}"#,
        server.port()
    );
    let asked: Capabilities = serde_json::from_str(&asked).unwrap();
    let gate = Gate::new(Options {
        resolver: Arc::new(SystemResolver),
        roots: Roots::default(),
        upstream: None,
        caps: Caps {
            burst: u32::MAX,
            pace: Duration::from_nanos(1),
            ..Caps::default()
        },
        ledger: Arc::new(NoLedger),
    });
    gate.unwrap().client(Tenant {
        extension: "bench".into(),
        account: None,
        http: asked.http.resolve(&AccountValues::new()),
        sockets: asked.sockets.resolve(&AccountValues::new()),
        vault: vault(),
    })
}

fn get(server: SocketAddr, path: &str) -> Request {
    Request {
        method: "GET".to_owned(),
        url: format!("http://{server}{path}"),
        headers: vec![("accept".to_owned(), b"*/*".to_vec())],
        ..Request::default()
    }
}

async fn send(client: &Client, server: SocketAddr) {
    let mut response = client.send(get(server, "/short")).await.unwrap();
    assert_eq!(&*response.bytes().await.unwrap(), b"ok");
}

async fn bare(server: SocketAddr) -> SendRequest<Empty<Bytes>> {
    let stream = TcpStream::connect(server).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    sender
}

async fn send_bare(sender: &mut SendRequest<Empty<Bytes>>, server: SocketAddr) {
    sender.ready().await.unwrap();
    let request = hyper::Request::get("/short")
        .header("host", server.to_string())
        .header("accept", "*/*")
        .body(Empty::new())
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(&*body, b"ok");
}

async fn read_long(client: &Client, server: SocketAddr) {
    let mut response = client.send(get(server, "/long")).await.unwrap();
    let mut bytes = 0;
    while let Some(piece) = response.chunk().await.unwrap() {
        bytes += piece.len();
    }
    assert_eq!(bytes, LONG);
}

fn scan(vault: &Vault, piece: &Bytes) {
    let mut mask = Mask::new(vault.scanner().unwrap());
    let mut bytes = 0;
    for _ in 0..LONG / PIECE {
        bytes += mask.push(piece.clone()).len();
    }
    bytes += mask.finish().len();
    assert_eq!(bytes, LONG);
}

/// The most memory that this process ever had, in kB.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
