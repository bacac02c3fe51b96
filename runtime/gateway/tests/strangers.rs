//! What strangers and bad clients cost: themselves, and nobody else.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{Client, Home, TOKEN, Wishes, connect, home, home_with};
use futures_util::SinkExt as _;
use openclaw_gateway::method::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

/// The longest of some calls of `health`, by a client that is there already. One in ten is passed over: the machine may
/// keep this process waiting for a moment. Who holds others up does so again and again, or for long.
async fn slowest_health(client: &mut Client, calls: u32) -> Duration {
    let mut took = Vec::new();
    for _ in 0..calls {
        let begun = Instant::now();
        let answer = client.call("health", json!({})).await;
        assert_eq!(answer["payload"]["ok"], true);
        took.push(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    took.sort_unstable();
    let longest = took[took.len() - 1];
    assert!(longest < Duration::from_secs(10), "{longest:?}");
    took[took.len() - 1 - took.len() / 10]
}

/// A WebSocket's request and answer, by hand.
async fn upgraded(home: &Home) -> TcpStream {
    let mut stream = TcpStream::connect(home.address).await.unwrap();
    let request = format!(
        "GET / HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        home.address
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 101");
    stream
}

#[tokio::test]
async fn a_frame_over_the_limit_is_refused_before_and_after_the_hello() {
    let home = home().await;
    let mut client = home.dial().await;
    client
        .send(&format!(r#"{{"pad":"{}"}}"#, "x".repeat(70_000)))
        .await;
    assert_eq!(client.rest().await.1.unwrap(), (1009, String::new()));
    let mut client = home.operator().await;
    let long =
        json!({"type": "req", "id": "long", "method": "no.such.method", "params": "x".repeat(20 << 20)});
    client.send(&long.to_string()).await;
    assert_eq!(
        client.next().await["error"]["message"],
        "unknown method: no.such.method"
    );
    let mut sent = client.socket.send(Message::text("x".repeat(26 << 20))).await;
    if sent.is_ok() {
        sent = client.socket.flush().await;
    }
    drop(sent);
    assert_eq!(client.rest().await.1.map(|end| end.0), Some(1009));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_honest_client_is_answered_while_strangers_send_long_frames() {
    let home = home().await;
    let mut honest = home.operator().await;
    let mut strangers = Vec::new();
    for _ in 0..8 {
        let mut stream = upgraded(&home).await;
        strangers.push(tokio::spawn(async move {
            // A header that tells of 24 MB, and then as much of it as is taken.
            let mut header = vec![0x81, 0xff];
            header.extend_from_slice(&(24u64 << 20).to_be_bytes());
            header.extend_from_slice(&[0; 4]);
            let _ = stream.write_all(&header).await;
            let piece = vec![b'x'; 64 << 10];
            for _ in 0..384 {
                if stream.write_all(&piece).await.is_err() {
                    return;
                }
            }
        }));
    }
    let slowest = slowest_health(&mut honest, 50).await;
    for stranger in strangers {
        stranger.abort();
    }
    // The strangers' own work is done on these cores too.
    assert!(slowest < Duration::from_millis(250), "{slowest:?}");
}

#[tokio::test]
async fn one_address_holds_only_so_many_sockets_without_saying_who_it_is() {
    let home = home().await;
    let mut honest = home.operator().await;
    let mut held = Vec::new();
    for _ in 0..32 {
        held.push(upgraded(&home).await);
    }
    let refusal = home
        .get("/", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n")
        .await;
    assert!(
        refusal.starts_with("HTTP/1.1 503") && refusal.ends_with("Too many unauthenticated sockets"),
        "{refusal}"
    );
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(TcpStream::connect(home.address).await.unwrap());
    }
    assert!(slowest_health(&mut honest, 20).await < Duration::from_millis(250));
    assert!(home.get("/healthz", "").await.starts_with("HTTP/1.1 200"));
    drop(held);
    // A place is free as soon as its stream is.
    let mut tries = 0;
    while home.dial_with(&[]).await.is_err() {
        tries += 1;
        assert!(tries < 100);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_thousand_wrong_tokens_get_nobody_in_and_hold_nobody_up() {
    let home = home().await;
    let mut honest = home.operator().await;
    let mut tries = tokio::task::JoinSet::new();
    for nth in 0..60 {
        let mut client = home.dial().await;
        let params = connect(json!({"auth": {"token": format!("guess-{nth}")}}));
        let request = json!({"type": "req", "id": "1", "method": "connect", "params": params});
        client.send(&request.to_string()).await;
        tries.spawn(async move {
            let begun = Instant::now();
            let answer = client.next().await;
            assert_eq!(answer["error"]["details"]["code"], "AUTH_TOKEN_MISMATCH");
            begun.elapsed()
        });
    }
    assert!(slowest_health(&mut honest, 20).await < Duration::from_millis(250));
    let begun = Instant::now();
    home.dial()
        .await
        .hello(connect(json!({"auth": {"token": TOKEN}})))
        .await;
    // A wrong one would wait for five seconds by now.
    assert!(begun.elapsed() < Duration::from_secs(3));
    let waits: Vec<Duration> = tries.join_all().await;
    // Each try waits longer, up to five seconds: a thousand take more than an hour one after the other.
    assert!(
        waits
            .iter()
            .filter(|wait| **wait >= Duration::from_secs(4))
            .count()
            >= 20
    );
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_heard_no_longer_and_let_go_without_others_noticing() {
    let home = home().await;
    let mut honest = home.operator().await;
    let mut deaf = home.operator().await;
    // Ever more questions whose answers nobody reads: sending ends when the gateway no longer reads.
    let question = json!({"type": "req", "id": "x".repeat(200), "method": "health"}).to_string();
    let flood = async {
        loop {
            if deaf.socket.send(Message::text(question.as_str())).await.is_err() {
                return;
            }
        }
    };
    let flooded = tokio::time::timeout(Duration::from_secs(5), flood).await;
    assert!(
        flooded.is_err(),
        "the gateway went on reading, or let the client go"
    );
    assert!(slowest_health(&mut honest, 20).await < Duration::from_millis(250));
    drop(deaf);
    for _ in 0..200 {
        if home.running.gateway().hub().count() == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("a client that went away is still there");
}

/// What this process has in memory, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

/// A client that was let in, by hand, so that it costs nothing but its stream.
async fn bare_client(home: &Home) -> TcpStream {
    let mut stream = upgraded(home).await;
    let request =
        json!({"type": "req", "id": "1", "method": "connect", "params": connect(json!({}))}).to_string();
    let mut frame = vec![0x81, 0xfe];
    frame.extend_from_slice(&u16::try_from(request.len()).unwrap().to_be_bytes());
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(request.as_bytes());
    stream.write_all(&frame).await.unwrap();
    let mut read = Vec::with_capacity(1 << 14);
    while !read.windows(8).any(|part| part == b"hello-ok") {
        assert!(stream.read_buf(&mut read).await.unwrap() > 0);
    }
    stream
}

#[tokio::test]
async fn a_client_that_is_only_there_costs_at_most_sixteen_kib() {
    const CLIENTS: usize = 800;
    let home = home().await;
    // What the first ones bring about once is not theirs.
    let mut held = Vec::with_capacity(CLIENTS + 50);
    for _ in 0..50 {
        held.push(bare_client(&home).await);
    }
    let before = resident();
    for _ in 0..CLIENTS {
        held.push(bare_client(&home).await);
    }
    let each = resident().saturating_sub(before) / CLIENTS;
    assert_eq!(home.running.gateway().hub().count(), CLIENTS + 50);
    assert!(each <= 16 << 10, "{each} bytes each");
    println!("{each} bytes each");
}

#[tokio::test]
async fn whoever_lacks_a_scope_learns_nothing_of_the_method() {
    let home = home().await;
    let mut client = home.dial().await;
    client.hello(connect(json!({"scopes": ["operator.read"]}))).await;
    for method in ["no.such.method", "device.pair.list"] {
        let error = client.call(method, json!({})).await["error"].clone();
        assert_eq!(error["code"], "FORBIDDEN", "{method}");
        assert_eq!(error["details"]["code"], "MISSING_SCOPE");
    }
    let mut nobody = home.dial().await;
    nobody.hello(connect(json!({"scopes": []}))).await;
    assert_eq!(nobody.call("health", json!({})).await["ok"], true);
    assert_eq!(
        nobody.call("status", json!({})).await["error"]["message"],
        "missing scope: operator.read"
    );
}

#[tokio::test]
async fn each_client_counts_the_events_that_it_may_hear() {
    let home = home().await;
    let mut reader = home.operator().await;
    let mut nobody = home.dial().await;
    nobody.hello(connect(json!({"scopes": []}))).await;
    // Somebody who is listed comes: only who may read hears of it.
    let mut page = home.dial().await;
    page.hello(connect(
        json!({"client": {"id": "openclaw-tui", "version": "1", "platform": "x", "mode": "ui"}}),
    ))
    .await;
    let come = reader.event("presence").await;
    let seq = come["seq"].as_u64().unwrap();
    assert_eq!(come["payload"]["presence"].as_array().unwrap().len(), 2);
    assert!(come["stateVersion"]["presence"].as_u64().unwrap() >= 2);
    reader.call("health", json!({"probe": true})).await;
    let heard = nobody.event("health").await;
    assert!(heard["stateVersion"]["health"].is_u64());
    drop(page);
    let gone = reader.event("presence").await;
    assert_eq!(gone["payload"]["presence"].as_array().unwrap().len(), 1);
    assert_eq!(gone["seq"].as_u64().unwrap(), seq + 2);
    reader.call("health", json!({"probe": true})).await;
    let next = nobody.event("health").await;
    assert_eq!(next["seq"].as_u64().unwrap(), heard["seq"].as_u64().unwrap() + 1);
}

#[tokio::test]
async fn stopping_tells_everybody_and_takes_nobody_else_in() {
    let home = home().await;
    let mut client = home.operator().await;
    let Home { running, address, .. } = home;
    let stopping = tokio::spawn(running.stop("test", Some(1500)));
    let told = client.event("shutdown").await;
    assert_eq!(
        told["payload"],
        json!({"reason": "test", "restartExpectedMs": 1500})
    );
    assert_eq!(
        client.rest().await.1.unwrap(),
        (1012, "service restart".to_owned())
    );
    stopping.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

/// A control frame of a client.
fn control(opcode: u8, bytes: usize) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode, 0x80 | u8::try_from(bytes).unwrap(), 0, 0, 0, 0];
    frame.resize(frame.len() + bytes, b'x');
    frame
}

const PING: u8 = 9;
const PONG: u8 = 10;

#[tokio::test]
async fn a_stranger_that_sends_pongs_without_end_holds_nobody_up() {
    let home = home().await;
    let mut honest = home.operator().await;
    let stranger = upgraded(&home).await.into_std().unwrap();
    stranger.set_nonblocking(false).unwrap();
    let other = stranger.try_clone().unwrap();
    // On a thread of its own, as the gateway has but one here.
    let flood = std::thread::spawn(move || {
        let frames = control(PONG, 0).repeat(20_000);
        while std::io::Write::write_all(&mut &stranger, &frames).is_ok() {}
    });
    let (done, over) = std::sync::mpsc::channel::<()>();
    let watchdog = std::thread::spawn(move || {
        // Until all calls were answered, or because they are not.
        let _ = over.recv_timeout(Duration::from_secs(15));
        other.shutdown(std::net::Shutdown::Both).unwrap();
    });
    let begun = Instant::now();
    let slowest = slowest_health(&mut honest, 20).await;
    let took = begun.elapsed();
    drop(done);
    watchdog.join().unwrap();
    flood.join().unwrap();
    assert!(slowest < Duration::from_millis(500), "{slowest:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[tokio::test]
async fn a_client_that_pings_before_it_connects_is_still_let_in() {
    let home = home().await;
    let mut stream = upgraded(&home).await;
    let request =
        json!({"type": "req", "id": "1", "method": "connect", "params": connect(json!({}))}).to_string();
    let mut frames = control(PING, 125).repeat(400);
    frames.extend_from_slice(&[0x81, 0xfe]);
    frames.extend_from_slice(&u16::try_from(request.len()).unwrap().to_be_bytes());
    frames.extend_from_slice(&[0; 4]);
    frames.extend_from_slice(request.as_bytes());
    stream.write_all(&frames).await.unwrap();
    let read = async {
        let mut read = Vec::new();
        while !read.windows(8).any(|part| part == b"hello-ok") {
            assert!(stream.read_buf(&mut read).await.unwrap() > 0);
        }
    };
    let hello = tokio::time::timeout(Duration::from_secs(20), read).await;
    assert!(hello.is_ok(), "the gateway no longer reads");
}

#[tokio::test]
async fn pages_that_may_not_talk_to_the_gateway_take_no_places_of_others() {
    let home = home().await;
    let mut held = Vec::new();
    let mut refused = 0;
    for _ in 0..40 {
        match home.dial_with(&[("Origin", "http://evil.example")]).await {
            Ok(client) => held.push(client),
            Err(status) => {
                assert_eq!(status, 503);
                refused += 1;
            }
        }
    }
    assert!(refused >= 30, "{refused}");
    home.operator().await;
    let page = home
        .dial_with(&[("Origin", &format!("http://{}", home.address))])
        .await;
    assert!(page.is_ok());
}

const SLOW: &[Method] = &[
    Method {
        name: "test.wait",
        scope: None,
        run: |_, _, _| Box::pin(std::future::pending()),
    },
    Method {
        name: "test.begin",
        scope: None,
        run: |_, _, _| {
            Box::pin(async {
                BEGUN.fetch_add(1, Ordering::Relaxed);
                std::future::pending().await
            })
        },
    },
];
static BEGUN: AtomicUsize = AtomicUsize::new(0);

fn request(id: &str, method: &str, params: &serde_json::Value) -> String {
    json!({"type": "req", "id": id, "method": method, "params": params}).to_string()
}

#[tokio::test]
async fn long_requests_that_take_their_time_hold_up_no_other_long_ones() {
    let home = home_with(Wishes {
        methods: vec![SLOW],
        ..Wishes::default()
    })
    .await;
    let mut client = home.operator().await;
    let long = json!("x".repeat(400 << 10));
    for nth in 0..4 {
        client
            .send(&request(&format!("wait-{nth}"), "test.wait", &long))
            .await;
    }
    client.send(&request("last", "health", &long)).await;
    let answered = async { while client.next().await["id"] != "last" {} };
    let answered = tokio::time::timeout(Duration::from_secs(20), answered).await;
    assert!(answered.is_ok(), "the last one still waits");
}

#[tokio::test]
async fn who_is_told_that_the_gateway_is_busy_has_begun_nothing() {
    let home = home_with(Wishes {
        methods: vec![SLOW],
        ..Wishes::default()
    })
    .await;
    let mut client = home.operator().await;
    for nth in 0..256 {
        client
            .send(&request(&format!("wait-{nth}"), "test.wait", &json!({})))
            .await;
    }
    let answer = client.call("test.begin", json!({})).await;
    assert_eq!(answer["error"]["code"], "UNAVAILABLE");
    assert_eq!(BEGUN.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn who_may_not_read_has_no_channel_asked_live() {
    let home = home().await;
    let mut nobody = home.dial().await;
    nobody.hello(connect(json!({"scopes": []}))).await;
    nobody.call("health", json!({})).await;
    let health = home.running.gateway().health();
    let before = health.version();
    assert_eq!(nobody.call("health", json!({"probe": true})).await["ok"], true);
    assert_eq!(health.version(), before);
    let mut reader = home.operator().await;
    reader.call("health", json!({"probe": true})).await;
    assert_eq!(health.version(), before + 1);
}

#[tokio::test]
async fn stopping_waits_for_nobody_who_has_not_said_who_they_are() {
    let home = home().await;
    let mut unproven = home.dial().await;
    let silent = TcpStream::connect(home.address).await.unwrap();
    // The last one to connect is served, so that the ones before it are too.
    home.operator().await;
    let begun = Instant::now();
    home.running.stop("test", None).await;
    // Whoever is waited for is waited for five seconds.
    assert!(
        begun.elapsed() < Duration::from_millis(4900),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(unproven.rest().await.1.map(|end| end.0), Some(1012));
    drop(silent);
}

#[tokio::test]
async fn the_probes_tell_nobody_whether_a_guess_is_right_for_long() {
    let home = home_with(Wishes {
        config: json!({"gateway": {"trustedProxies": ["127.0.0.1"]}}),
        ..Wishes::default()
    })
    .await;
    let ask = async |bearer: &str| {
        let headers = format!("X-Forwarded-For: 192.0.2.9\r\nAuthorization: Bearer {bearer}\r\n");
        home.get("/readyz", &headers).await
    };
    assert!(ask(TOKEN).await.contains("uptimeMs"));
    for nth in 0..10 {
        assert!(!ask(&format!("guess-{nth}")).await.contains("uptimeMs"));
    }
    assert!(!ask(TOKEN).await.contains("uptimeMs"));
}
