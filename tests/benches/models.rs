//! What a call of a model costs on this side, with 16 callers at once.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use openclaw_config::tree::Config;
use openclaw_config::{Current, Memory, Place, Request, Schema, Selection, Surroundings, load};
use openclaw_egress::{Caps, Gate, Ledger, Passage, Roots, SystemResolver};
use openclaw_models::{Call, Content, Message, Models, Options};
use openclaw_secrets::SnapshotCell;
use openclaw_tests::measure::{median, report, take_turns};
use openclaw_tests::platforms::openai::{OpenAi, Reply};
use serde_json::json;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

/// Callers at once.
const CALLERS: usize = 16;
/// Calls of each in one turn.
const CALLS: usize = 100;
/// What is said each time: about forty events.
const SAID: &str = "The quick brown fox jumps over the lazy dog and then it does so once more, because an answer of a \
                    model is a little longer than one sentence, and comes word by word, as this one does.";

/// Writes nothing down: what a line costs in the audit is the state's figure.
struct NoLedger;

impl Ledger for NoLedger {
    fn record(&self, passage: Passage) {
        drop(passage);
    }
}

fn main() {
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(OpenAi::answering(|_| Reply::text(SAID)));
    let models = models(&server);
    let ours = || at_once(&runtime, || by_models(models.clone()));
    let by_hand = || at_once(&runtime, || by_hyper(server.address()));
    report("models.call_p50_of_16", "ms", take_turns(ours, by_hand));
    assert!(server.connections() < 40 * CALLERS, "connections are not kept");
}

/// The median of all calls.
fn at_once<F>(runtime: &Runtime, caller: impl Fn() -> F) -> f64
where
    F: Future<Output = Vec<f64>> + Send + 'static,
{
    runtime.block_on(async {
        let callers: Vec<_> = (0..CALLERS).map(|_| tokio::spawn(caller())).collect();
        let mut times = Vec::new();
        for caller in callers {
            times.extend(caller.await.unwrap());
        }
        median(times)
    })
}

fn millis(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1e3
}

async fn by_models(models: Models) -> Vec<f64> {
    let mut times = Vec::new();
    for _ in 0..CALLS {
        let begun = Instant::now();
        let content = vec![Content::Text("hello".to_owned())];
        let call = Call {
            messages: vec![Message::User { content }],
            ..Call::default()
        };
        let model = models.resolve(None).unwrap();
        let mut stream = models.stream(&model, call).unwrap();
        while let Some(piece) = stream.next().await {
            piece.unwrap();
        }
        times.push(millis(begun));
    }
    times
}

async fn by_hyper(server: std::net::SocketAddr) -> Vec<f64> {
    let stream = TcpStream::connect(server).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "hello"}], "stream": true,
        "stream_options": {"include_usage": true}});
    let body = Bytes::from(body.to_string());
    let mut times = Vec::new();
    for _ in 0..CALLS {
        let begun = Instant::now();
        sender.ready().await.unwrap();
        let request = hyper::Request::post("/v1/chat/completions")
            .header("host", server.to_string())
            .header("content-type", "application/json")
            .body(Full::new(body.clone()))
            .unwrap();
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.status(), 200);
        response.into_body().collect().await.unwrap();
        times.push(millis(begun));
    }
    times
}

fn models(server: &OpenAi) -> Models {
    let config = json!({"models": {"providers": {"fake": {
        "baseUrl": server.base_url(), "apiKey": "sk-bench-4f9a1c77e2b84d0e",
        "models": [{"id": "m", "name": "M"}]}}}});
    let around = Surroundings {
        env: BTreeMap::new(),
        cwd: "/home".into(),
        os_home: Some("/home".into()),
    };
    let mut files = Memory::default();
    files.insert("/home/.openclaw/openclaw.json", config.to_string());
    let place = Place::find(&Selection::default(), &around, &files).unwrap();
    let request = Request {
        place: &place,
        around: &around,
        files: &files,
        schema: &Schema::of_tree(),
    };
    let snapshot = load::<Config>(request).unwrap();
    let gate = Gate::new(openclaw_egress::Options {
        resolver: Arc::new(SystemResolver),
        roots: Roots::default(),
        upstream: None,
        caps: Caps::default(),
        ledger: Arc::new(NoLedger),
    });
    Models::new(Options {
        config: Arc::new(Current::new(snapshot)),
        secrets: Arc::new(SnapshotCell::default()),
        gate: gate.unwrap(),
    })
    .unwrap()
}
