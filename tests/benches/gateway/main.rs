//! The gateway as its clients feel it, beside OpenClaw's own in the same run: start, memory, calls, completions.
//!
//! What is measured is the program of the release build, or the one that `OPENCLAW_TEST_PROGRAM` names. The driver and
//! the model server are the same for both. Without an installed OpenClaw the figures stand alone.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod caller;
mod subject;

use std::time::{Duration, Instant};

use openclaw_tests::gateway::{House, free_port};
use openclaw_tests::measure::{median, report_beside};
use openclaw_tests::peer::{Peer, write_home};
use openclaw_tests::platforms::openai::{OpenAi, Reply};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use caller::{Caller, completions};
use subject::Subject;

/// Callers of `health` at once.
const LINES: usize = 50;
/// Programs that ask for completions at once.
const PROGRAMS: usize = 16;
/// Clients that only listen.
const HELD: usize = 1_000;
/// How long one figure is measured.
const SPAN: Duration = Duration::from_secs(5);
/// How often each is started; a first start makes what the later ones find.
const STARTS: usize = 3;
const TOKEN: &str = "bench-token-0123456789abcdef";
const SAID: &str = "The quick brown fox jumps over the lazy dog.";

/// The figures of one gateway.
struct Figures {
    start_ms: f64,
    open_ms: f64,
    resident_mib: f64,
    health: f64,
    completions: f64,
    completion_ms: f64,
    held_kib: f64,
    refused: f64,
}

fn main() {
    raise_files();
    let runtime = Runtime::new().unwrap();
    let model = runtime.block_on(OpenAi::answering(|_| Reply::text(SAID)));
    let more = config(&model);
    let (house, home, port) = (House::new(), TempDir::new().unwrap(), free_port());
    write_home(house.home(), house.port(), TOKEN, &more);
    write_home(home.path(), port, TOKEN, &more);
    let ours = runtime.block_on(measure(STARTS, house.port(), || {
        house.command(&["gateway", "run"])
    }));
    let peer = Peer::find();
    let port_word = port.to_string();
    let theirs = peer.map(|peer| {
        let words = ["gateway", "--port", &port_word, "--bind", "loopback"];
        runtime.block_on(measure(STARTS, port, || peer.command(home.path(), &words)))
    });
    let print = |name: &str, unit: &str, figure: fn(&Figures) -> f64| {
        report_beside(
            &format!("gateway.{name}"),
            unit,
            figure(&ours),
            theirs.as_ref().map(figure),
        );
    };
    print("exec_to_hello", "ms", |all| all.start_ms);
    print("open_port_to_hello", "ms", |all| all.open_ms);
    print("resident_idle", "MiB", |all| all.resident_mib);
    print("health_50_lines", "1/s", |all| all.health);
    print("completions_16_programs", "1/s", |all| all.completions);
    print("completion_p50_of_16", "ms", |all| all.completion_ms);
    print("held_client", "KiB", |all| all.held_kib);
    print("held_clients_refused", "clients", |all| all.refused);
}

/// Clients are files, on both sides; what is started has the limit of this process.
fn raise_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, raised).unwrap();
}

fn config(model: &OpenAi) -> Value {
    json!({
        "agents": {"defaults": {"model": {"primary": "mock/mock-1"}, "skipBootstrap": true, "maxConcurrent": PROGRAMS}},
        "models": {
            "mode": "replace",
            "catalogRefresh": {"enabled": false},
            "providers": {"mock": {
                "baseUrl": model.base_url(), "apiKey": "mock-key", "api": "openai-completions",
                "models": [{
                    "id": "mock-1", "name": "Mock One", "reasoning": false, "input": ["text"],
                    "cost": {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0},
                    "contextWindow": 128_000, "maxTokens": 4_096,
                }],
            }},
        },
    })
}

async fn measure(starts: usize, port: u16, command: impl Fn() -> std::process::Command) -> Figures {
    let (mut start, mut open) = (Vec::new(), Vec::new());
    let mut subject = None;
    for _ in 0..starts {
        drop(subject.take());
        let begun = Subject::start(command(), port).await;
        start.push(begun.to_hello.as_secs_f64() * 1e3);
        open.push(begun.open_to_hello.as_secs_f64() * 1e3);
        subject = Some(begun);
    }
    let subject = subject.unwrap();
    // What a start leaves to be done is done by then.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let resident_mib = subject.resident_kib() / 1024.0;
    let (held_kib, refused) = hold(&subject).await;
    let health = health(port).await;
    let times = completions(port, PROGRAMS, SPAN).await;
    Figures {
        start_ms: median(start),
        open_ms: median(open),
        resident_mib,
        health,
        completions: times.len() as f64 / SPAN.as_secs_f64(),
        completion_ms: median(times),
        held_kib,
        refused,
    }
}

/// What a client that only listens takes, and how many of so many were refused.
async fn hold(subject: &Subject) -> (f64, f64) {
    // What the first ones take once for all is not theirs.
    let mut first = Vec::new();
    for _ in 0..50 {
        first.push(Caller::connect(subject.port).await.unwrap());
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = subject.resident_kib();
    let mut held = Vec::new();
    for _ in 0..HELD {
        held.extend(Caller::connect(subject.port).await);
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let each = (subject.resident_kib() - before) / held.len().max(1) as f64;
    let mut alive = 0;
    for caller in &mut held {
        alive += usize::from(caller.call().await.is_some());
    }
    (each, (HELD - alive) as f64)
}

/// Answers to `health` in a second.
async fn health(port: u16) -> f64 {
    let mut callers = Vec::new();
    for _ in 0..LINES {
        callers.push(Caller::connect(port).await.unwrap());
    }
    let begun = Instant::now();
    let callers = callers.into_iter().map(|mut caller| {
        tokio::spawn(async move {
            let mut count = 0_u64;
            while begun.elapsed() < SPAN {
                assert!(caller.call().await.is_some(), "the gateway hung up");
                count += 1;
            }
            count
        })
    });
    let callers: Vec<_> = callers.collect();
    let mut count = 0;
    for caller in callers {
        count += caller.await.unwrap();
    }
    count as f64 / begun.elapsed().as_secs_f64()
}
