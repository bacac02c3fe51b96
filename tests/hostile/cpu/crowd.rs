//! Crowds of calls that compute, beside an honest tool, an honest channel and what the gateway says of itself.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use openclaw_components::{CallContext, Error, MANIFEST_FILE, Stop};
use openclaw_policy::Limit;
use openclaw_tests::gateway::House as Gateway;
use openclaw_tests::parrot::Nest;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::SPIN;
use crate::common::tool;
use crate::ordeal::{BAR, House, SAY, WARM};

/// How many lines the audit takes of one extension in a minute.
const LINES: usize = 30;

/// How the calls of a crowd ended.
#[derive(Debug, Default, Eq, PartialEq)]
struct Tally {
    stopped: usize,
    busy: usize,
}

/// A house with an honest channel in it beside the honest tool.
struct Street {
    house: House,
    nest: Nest,
}

impl Street {
    async fn open() -> Self {
        // Those that wait for a place are not to give up before their turn comes on a slow machine.
        let mut house = House::open_with(|options| options.patience = Duration::from_secs(60)).await;
        house.warm = WARM;
        let folder = tempfile::tempdir().unwrap();
        let nest = Nest::settle(house.fixture.host.clone(), house.state.clone(), folder).await;
        Self { house, nest }
    }

    /// A spinner that may compute so long and spin as often at once as anything may.
    async fn add(&self, id: &str, cpu: &str) {
        let asks = json!({"limits": {"cpu": cpu, "concurrency": 32, "deadline": "120 s"}});
        self.house.add(id, &tool(id, "", "", SPIN), asks).await;
    }

    /// Calls each of these tools so many times at once. The channel is asked all the time, and answers within the bar.
    async fn crowd(&self, tools: &[&'static str], calls: usize) -> Tally {
        let parrot = self.nest.open("work", 9).await;
        // Its code is mapped by then.
        parrot.handle(json!([{"do": "load"}])).await;
        let over = Arc::new(AtomicBool::new(false));
        let asking = tokio::spawn({
            let over = Arc::clone(&over);
            async move {
                let (mut worst, mut asked) = (Duration::ZERO, 0);
                while !over.load(Ordering::Relaxed) {
                    let begun = Instant::now();
                    let (said, _) = parrot
                        .handle(json!([{"do": "deliver", "id": "m1", "text": "hello"}]))
                        .await;
                    assert!(!said.to_string().contains("refused"), "{said}");
                    worst = worst.max(begun.elapsed());
                    asked += 1;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                (worst, asked)
            }
        });
        let mut crowd = JoinSet::new();
        for &tool in tools {
            for _ in 0..calls {
                let host = self.house.fixture.host.clone();
                crowd.spawn(async move { host.call(tool, "{}", CallContext::default(), None).await });
            }
        }
        let mut tally = Tally::default();
        while let Some(ended) = crowd.join_next().await {
            match ended.unwrap() {
                Err(Error::Stopped {
                    stop: Stop::Limit(reached),
                    ..
                }) if reached.limit == Limit::Cpu => tally.stopped += 1,
                Err(Error::Busy { .. }) => tally.busy += 1,
                other => panic!("{other:?}"),
            }
        }
        over.store(true, Ordering::Relaxed);
        let (worst, asked) = asking.await.unwrap();
        assert!(worst < BAR, "the channel waited for {worst:?}");
        assert!(asked > 10, "the crowd was through before anybody noticed");
        tally
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_spinners_of_two_extensions_keep_neither_tool_nor_channel_waiting() {
    let street = Street::open().await;
    // Together they would take every place that there is.
    street.add("left", "50 ms").await;
    street.add("right", "50 ms").await;
    let crowd = street.crowd(&["left", "right"], 32);
    let tally = street.house.ordeal("left", LINES, crowd).await;
    assert_eq!(tally, Tally { stopped: 64, busy: 0 });
    assert_eq!(street.house.lines("right").await.len(), LINES);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_spinners_are_bounded_and_the_audit_counts_them() {
    const CALLS: usize = 10_000;
    let street = Street::open().await;
    // One slice is more than that, and nearly three hundred of them get their turn.
    street.add("swarm", "1 ms").await;
    let crowd = street.crowd(&["swarm"], CALLS);
    let tally = street.house.ordeal("swarm", LINES, crowd).await;
    assert_eq!(tally.stopped + tally.busy, CALLS);
    assert!(tally.stopped >= 288, "32 at once, and 256 that wait: {tally:?}");
    assert!(tally.busy > CALLS / 2, "{tally:?}");
}

/// Writes a package with a tool of the same name.
fn package(folder: &Path, name: &str, call: &str, limits: Value) -> String {
    let package = folder.join(name);
    fs::create_dir_all(&package).unwrap();
    fs::write(package.join("tool.wasm"), tool(name, "", "", call)).unwrap();
    let manifest = json!({
        "id": name, "configSchema": {}, "component": {"file": "tool.wasm"}, "limits": limits,
    });
    fs::write(package.join(MANIFEST_FILE), manifest.to_string()).unwrap();
    package.to_str().unwrap().to_owned()
}

/// Calls a tool of a gateway as programs do; yields the answer.
async fn invoke(port: u16, token: String, tool: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let body = json!({"tool": tool}).to_string();
    let request = format!(
        "POST /tools/invoke HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_full_of_spinners_says_that_it_is_well_and_calls_an_honest_tool() {
    let house = Gateway::onboarded();
    let limits = json!({"cpu": "100 ms", "concurrency": 32});
    for (name, call, limits) in [
        ("spin", SPIN, limits.clone()),
        ("whirl", SPIN, limits),
        ("honest", SAY, json!({})),
    ] {
        house.must(&[
            "plugins",
            "install",
            &package(house.home(), name, call, limits),
            "--grant",
            "all",
        ]);
    }
    let running = house.start().await;
    let (port, token) = (house.port(), house.token());
    let honest = invoke(port, token.clone(), "honest").await;
    assert!(honest.contains("A tool"), "{honest}");
    let mut line = running.connect().await;
    line.must("health", json!({})).await;
    let mut crowd = JoinSet::new();
    for tool in ["spin", "whirl"] {
        for _ in 0..32 {
            crowd.spawn(invoke(port, token.clone(), tool));
        }
    }
    let (mut worst, mut asked) = (Duration::ZERO, 0);
    let mut ended = 0;
    while !crowd.is_empty() {
        let begun = Instant::now();
        assert_eq!(line.must("health", json!({})).await["ok"], true);
        assert!(begun.elapsed() < BAR, "health came after {:?}", begun.elapsed());
        let honest = invoke(port, token.clone(), "honest").await;
        assert!(honest.contains("A tool"), "{honest}");
        worst = worst.max(begun.elapsed());
        asked += 1;
        while let Some(answer) = crowd.try_join_next() {
            let answer = answer.unwrap();
            assert!(!answer.contains("\"ok\":true"), "{answer}");
            ended += 1;
        }
    }
    assert!(worst < 2 * BAR, "both came after {worst:?}");
    assert!(
        ended == 64 && asked > 10,
        "{ended} spinners ended, and {asked} questions were answered"
    );
    drop(line);
    assert!(running.stop().success());
    let audit = house.must(&["plugins", "audit"]);
    assert!(
        audit.contains("CALLS_BROKEN_OFF") && audit.contains("for cpu"),
        "{audit}"
    );
}
