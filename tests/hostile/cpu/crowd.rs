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
use crate::watch::Watch;

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
                let mut took = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    let watch = Watch::start();
                    let (said, _) = parrot
                        .handle(json!([{"do": "deliver", "id": "m1", "text": "hello"}]))
                        .await;
                    assert!(!said.to_string().contains("refused"), "{said}");
                    took.push(watch.took().await);
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                took
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
        let mut took = asking.await.unwrap();
        assert!(took.len() > 10, "the crowd was through before anybody noticed");
        // Who holds others up does so again and again, or for long; the machine does it once in a while.
        took.sort_unstable();
        let (worst, usual) = (took[took.len() - 1], took[took.len() - 1 - took.len() / 20]);
        assert!(
            usual < BAR && worst < 5 * BAR,
            "the channel waited for {usual:?}, and once for {worst:?}"
        );
        tally
    }

    /// How many lines the audit has of an extension's calls that were broken off for `cpu`, and of how many calls they
    /// tell.
    async fn told(&self, extension: &str) -> (usize, usize) {
        let lines = self.house.lines(extension).await;
        let calls = lines.iter().map(|line| {
            let detail: Value = serde_json::from_str(&line.detail).unwrap();
            assert_eq!(
                (line.action.as_str(), &detail["why"]),
                ("call.break", &json!("cpu"))
            );
            1 + detail["leftOut"].as_u64().unwrap_or_default()
        });
        (lines.len(), usize::try_from(calls.sum::<u64>()).unwrap())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_spinners_of_two_extensions_keep_neither_tool_nor_channel_waiting() {
    let street = Street::open().await;
    // Together they would take every place that there is.
    street.add("left", "50 ms").await;
    street.add("right", "50 ms").await;
    let crowd = street.crowd(&["left", "right"], 32);
    let tally = street.house.ordeal("left", LINES + 1, crowd).await;
    assert_eq!(tally, Tally { stopped: 64, busy: 0 });
    for id in ["left", "right"] {
        assert_eq!(street.told(id).await, (LINES + 1, 32), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_spinners_are_bounded_and_the_audit_counts_them() {
    const CALLS: usize = 10_000;
    let street = Street::open().await;
    // One slice is more than that, and nearly three hundred of them get their turn.
    street.add("swarm", "1 ms").await;
    let crowd = street.crowd(&["swarm"], CALLS);
    // It may take longer than a minute, and the next has lines of its own.
    let tally = street
        .house
        .ordeal_within("swarm", LINES + 1..=2 * LINES + 2, crowd)
        .await;
    assert_eq!(tally.stopped + tally.busy, CALLS);
    assert_eq!(street.told("swarm").await.1, tally.stopped);
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
    // Together they have all the places that are not kept for others, so that none of them waits for one.
    let limits = json!({"cpu": "100 ms", "concurrency": 24, "deadline": "120 s"});
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
        for _ in 0..24 {
            crowd.spawn(invoke(port, token.clone(), tool));
        }
    }
    let (mut worst, mut asked) = (Duration::ZERO, 0);
    let mut ended = 0;
    while !crowd.is_empty() {
        let watch = Watch::start();
        assert_eq!(line.must("health", json!({})).await["ok"], true);
        let health = watch.took().await;
        assert!(health < BAR, "health came after {health:?}");
        let honest = invoke(port, token.clone(), "honest").await;
        assert!(honest.contains("A tool"), "{honest}");
        worst = worst.max(watch.took().await);
        asked += 1;
        while let Some(answer) = crowd.try_join_next() {
            let answer = answer.unwrap();
            assert!(answer.contains("100 ms (cpu)"), "{answer}");
            ended += 1;
        }
    }
    assert!(worst < 2 * BAR, "both came after {worst:?}");
    assert!(
        ended == 48 && asked > 10,
        "{ended} spinners ended, and {asked} questions were answered"
    );
    drop(line);
    assert!(running.stop().success());
    for id in ["spin", "whirl"] {
        assert_eq!(broken_off(&house, id), 24);
    }
}

/// How many calls of an extension `plugins audit` tells were broken off, the newest for `cpu`.
fn broken_off(house: &Gateway, id: &str) -> usize {
    let report: Value = serde_json::from_str(&house.must(&["plugins", "audit", "--json"])).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let mut broken = findings.filter(|found| found["id"] == id && found["code"] == "CALLS_BROKEN_OFF");
    let message = broken.next().unwrap()["message"].as_str().unwrap();
    assert!(message.ends_with("for cpu"), "{message}");
    let (_, rest) = message.split_once(": ").unwrap();
    rest.split(';').next().unwrap().parse().unwrap()
}

/// How often a client of a gateway was told that its call was stopped, that the extension is busy, and that the gateway is.
#[derive(Debug, Default)]
struct Told {
    stopped: usize,
    busy: usize,
    turned_away: usize,
}

impl Told {
    fn count(&mut self, answer: &Result<Value, Value>) {
        let text = match answer {
            Ok(answer) => answer.to_string(),
            Err(error) => error.to_string(),
        };
        *match () {
            () if text.contains("20 ms (cpu)") => &mut self.stopped,
            () if text.contains("is busy: no place") => &mut self.busy,
            () if text.contains("The server is busy") => &mut self.turned_away,
            () => panic!("{text}"),
        } += 1;
    }
}

/// Within which both answers come where ten thousand questions have to be read before, by an unoptimised build on the
/// processors that ask them.
const CROWDED: Duration = Duration::from_secs(10);

/// All of them at once, by forty clients that wait for no answer before they ask again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_spinners_of_a_gateway_keep_neither_health_nor_an_honest_tool_waiting() {
    const CLIENTS: usize = 40;
    // A client may have 256 requests at work.
    const EACH: usize = 250;
    let house = Gateway::onboarded();
    let limits = json!({"cpu": "20 ms", "concurrency": 32, "deadline": "120 s"});
    for (name, call, limits) in [("spin", SPIN, limits), ("honest", SAY, json!({}))] {
        let package = package(house.home(), name, call, limits);
        house.must(&["plugins", "install", &package, "--grant", "all"]);
    }
    let running = house.start().await;
    let (port, token) = (house.port(), house.token());
    let mut line = running.connect().await;
    line.must("health", json!({})).await;
    assert!(invoke(port, token.clone(), "honest").await.contains("A tool"));
    let mut crowd = JoinSet::new();
    for _ in 0..CLIENTS {
        let mut line = running.connect().await;
        crowd.spawn(async move {
            let mut told = Told::default();
            for _ in 0..EACH {
                line.send("tools.invoke", json!({"name": "spin"})).await;
            }
            let mut answered = 0;
            while answered < EACH {
                if let Some(answer) = line.any_answer().await {
                    told.count(&answer);
                    answered += 1;
                }
            }
            told
        });
    }
    let (mut told, mut asked, mut worst) = (Told::default(), 0, Duration::ZERO);
    while !crowd.is_empty() {
        let begun = Instant::now();
        assert_eq!(line.must("health", json!({})).await["ok"], true);
        let honest = invoke(port, token.clone(), "honest").await;
        assert!(honest.contains("A tool"), "{honest}");
        worst = worst.max(begun.elapsed());
        asked += 1;
        while let Some(ended) = crowd.try_join_next() {
            let more = ended.unwrap();
            told.stopped += more.stopped;
            told.busy += more.busy;
            told.turned_away += more.turned_away;
        }
    }
    assert!(worst < CROWDED, "both came after {worst:?}");
    assert!(asked > 3, "the crowd was through before anybody noticed");
    assert_eq!(
        told.stopped + told.busy + told.turned_away,
        CLIENTS * EACH,
        "{told:?}"
    );
    // Of the 256 that wait some may be told that it took too long.
    assert!(told.stopped >= 32 && told.busy > CLIENTS * EACH / 2, "{told:?}");
    drop(line);
    assert!(running.stop().success());
    assert_eq!(broken_off(&house, "spin"), told.stopped);
}
