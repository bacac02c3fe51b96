//! What adapters reach: requests in the background and at once, and connections that the host holds for them, with real
//! servers on this machine.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use openclaw_components::channel::inbound::{AttachmentSource, InboundEvent};
use openclaw_components::channel::{ErrorCode, Event, Facts, Happening, MediaInfo, MediaKind, Sent};
use openclaw_tests::parrot::{ISSUED, Nest, PATIENCE, Parrot, Server, TOKEN, event, told};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

struct World {
    nest: Nest,
    server: Server,
    parrot: Parrot,
}

async fn world() -> World {
    let (nest, server) = (
        Nest::build(env!("CARGO_BIN_EXE_openclaw-compile-child")).await,
        Server::start().await,
    );
    let parrot = nest.open("work", server.port).await;
    World { nest, server, parrot }
}

/// Opens a WebSocket and waits until the parrot was told. Gives the other end of it.
async fn open(world: &mut World, options: Value) -> WebSocketStream<TcpStream> {
    let url = world.server.url("ws", "/feed");
    let step = json!([{"do": "open", "name": "feed", "url": url, "options": options}]);
    assert_eq!(world.parrot.change(step).await, json!(["opening"]));
    let socket = world.server.socket().await;
    let (name, opened) = world.parrot.next().await;
    assert_eq!((name.as_str(), &opened["on"]["name"]), ("opened", &json!("feed")));
    let headers = opened["headers"].as_array().unwrap();
    assert!(headers.contains(&json!("sec-websocket-accept")), "{opened}");
    socket
}

async fn text(socket: &mut WebSocketStream<TcpStream>) -> String {
    let message = timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap();
    message.into_text().unwrap().as_str().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_in_the_background_has_its_result_in_every_attempt_and_instance() {
    let world = world().await;
    let url = world.server.url("http", "/poll");
    let (_, mut effects) = world
        .parrot
        .handle(json!([{"do": "start", "token": "long", "url": url}]))
        .await;
    assert!(
        world.server.asked.lock().unwrap().is_empty(),
        "it was sent before the commit"
    );
    let done = world.parrot.adapter.perform(effects.requests.remove(0)).await;
    let first = event(Happening::HttpDone(done));
    let said = |attempt: u32| json!({"token": "long", "attempt": attempt, "outcome": {"status": 200, "body": "you asked for /poll"}});
    for attempt in 1..=2 {
        let again = Event {
            attempt,
            ..first.clone()
        };
        let effects = world
            .parrot
            .adapter
            .handle(vec![again], Facts::default())
            .await
            .unwrap();
        assert_eq!(told(&effects)[0].1, said(attempt));
        let trap = json!([{"do": "trap"}]);
        world.parrot.try_handle(trap, Facts::default()).await.unwrap_err();
    }
    let written = serde_json::to_string(&first).unwrap();
    let mut read: Event = serde_json::from_str(&written).unwrap();
    read.attempt = 3;
    let effects = world
        .parrot
        .adapter
        .handle(vec![read], Facts::default())
        .await
        .unwrap();
    assert_eq!(told(&effects)[0].1, said(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_captured_out_of_a_result_and_seen_by_nobody() {
    let world = world().await;
    let url = world.server.url("http", "/token");
    let (_, mut effects) = world
        .parrot
        .handle(json!([{"do": "start", "token": "capture it", "url": url}]))
        .await;
    let done = world.parrot.adapter.perform(effects.requests.remove(0)).await;
    let first = event(Happening::HttpDone(done));
    for _ in 0..2 {
        let effects = world
            .parrot
            .adapter
            .handle(vec![first.clone()], Facts::default())
            .await
            .unwrap();
        let told = told(&effects)[0].1.to_string();
        assert!(
            told.contains("[secret:fresh]") && !told.contains(ISSUED),
            "{told}"
        );
    }
    // It is a secret by now, so it is not written down either.
    assert!(!serde_json::to_string(&first).unwrap().contains(ISSUED));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_got_no_answer_says_whether_it_left() {
    let world = world().await;
    let url = "http://127.0.0.2:9/".to_owned();
    let (_, mut effects) = world
        .parrot
        .handle(json!([{"do": "start", "token": "r", "url": url}]))
        .await;
    let done = world.parrot.adapter.perform(effects.requests.remove(0)).await;
    let error = done.outcome.as_ref().unwrap_err();
    assert_eq!((error.code, error.sent), (ErrorCode::Denied, Sent::No), "{error}");
    let told = world.parrot.tell(Happening::HttpDone(done)).await;
    assert_eq!(
        told[0].1["outcome"],
        json!({"error": "ErrorCode::Denied", "sent": "Sent::No"})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_reaches_the_server_that_was_configured_for_it_and_no_other() {
    let world = world().await;
    let other = world.nest.open("other", 9).await;
    let get = json!([{"do": "get", "url": world.server.url("http", "/")}]);
    let own = world.parrot.fetch(get.clone(), Facts::default()).await.unwrap();
    assert_eq!(own, json!([200]));
    let foreign = other.fetch(get, Facts::default()).await.unwrap();
    assert_eq!(foreign[0]["refused"], "ErrorCode::Denied");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_waits_ten_seconds_for_a_request_and_no_longer() {
    let world = world().await;
    let get = json!([{"do": "get", "url": world.server.url("http", "/slow")}]);
    let begun = Instant::now();
    let (said, _) = world.parrot.handle(get).await;
    assert_eq!(said[0]["refused"], "ErrorCode::Timeout");
    let waited = begun.elapsed();
    assert!(
        waited > Duration::from_secs(9) && waited < Duration::from_secs(15),
        "{waited:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_broke_off_after_a_request_does_not_say_that_nothing_left() {
    let world = world().await;
    let get = json!({"do": "get", "url": world.server.url("http", "/")});
    let failed = world
        .parrot
        .send(json!([get, {"do": "trap"}]), "k", 1)
        .await
        .unwrap_err();
    assert_eq!((failed.sent, failed.is_said), (Sent::Unknown, false), "{failed}");
    let failed = world
        .parrot
        .send(json!([{"do": "trap"}]), "k", 2)
        .await
        .unwrap_err();
    assert_eq!(failed.sent, Sent::No);
    let denied = json!({"do": "get", "url": "http://127.0.0.2:9/"});
    let failed = world
        .parrot
        .send(json!([denied, {"do": "trap"}]), "k", 3)
        .await
        .unwrap_err();
    assert_eq!(failed.sent, Sent::No);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_holds_on_to_a_response_is_not_kept() {
    let world = world().await;
    let hold = json!({"do": "hold", "url": world.server.url("http", "/")});
    let (said, _) = world.parrot.handle(json!([{"do": "count"}, hold])).await;
    assert_eq!(said, json!([1, "held"]));
    let (said, _) = world.parrot.handle(json!([{"do": "count"}])).await;
    assert_eq!(said, json!([1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn media_on_the_platform_is_fetched_with_the_secrets_that_its_address_names() {
    let world = world().await;
    let info = MediaInfo {
        kind: MediaKind::Image,
        content_type: None,
        file_name: None,
        duration: None,
        width: None,
        height: None,
        extra: None,
    };
    for (mark, path) in [
        ("${token}", format!("/{TOKEN}/a.png")),
        ("${joined}", format!("/bot{TOKEN}/a.png")),
    ] {
        let remote = world.server.url("http", &format!("/{mark}/a.png"));
        let steps = json!([{"do": "deliver", "id": "m", "text": "x", "remote": remote}]);
        let (said, effects) = world.parrot.handle(steps).await;
        assert_eq!(said, json!(["delivered"]));
        // As after a restart: what was written down is read by an account that has given out no placeholder yet.
        let text = serde_json::to_string(&effects.delivered[0]).unwrap();
        assert!(!text.contains(TOKEN) && !text.contains("ocsecret_"), "{text}");
        let InboundEvent::Message(message) = serde_json::from_str(&text).unwrap() else {
            panic!("{text}");
        };
        let AttachmentSource::Remote(remote) = &message.attachments[0].source else {
            panic!("{message:?}");
        };
        let later = world.nest.open("work", world.server.port).await;
        let media = later.adapter.fetch_remote(remote, &info).await.unwrap();
        let file = world.nest.host.media_file(&media).await.unwrap();
        let bytes = std::fs::read_to_string(file).unwrap();
        assert!(bytes.starts_with("you asked for /"), "{bytes}");
        assert_eq!(world.server.asked.lock().unwrap().last(), Some(&path));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_opened_after_the_commit_and_carries_frames_both_ways() {
    let mut world = world().await;
    let mut far = open(&mut world, json!(null)).await;
    let said = world
        .parrot
        .change(json!([{"do": "send", "name": "feed", "frames": ["a", "b"]}]))
        .await;
    assert_eq!(said, json!(["sent"]));
    assert_eq!(
        (text(&mut far).await, text(&mut far).await),
        ("a".to_owned(), "b".to_owned())
    );
    let said = world
        .parrot
        .fetch(
            json!([{"do": "send", "name": "feed", "frames": ["c"]}]),
            Facts::default(),
        )
        .await;
    assert_eq!(said.unwrap(), json!(["sent"]));
    assert_eq!(text(&mut far).await, "c");
    far.send(Message::text("hello")).await.unwrap();
    let (name, told) = world.parrot.next().await;
    assert_eq!((name.as_str(), &told["frames"]), ("frames", &json!(["hello"])));
    let goodbye = CloseFrame {
        code: 4004.into(),
        reason: "go away".into(),
    };
    far.close(Some(goodbye)).await.unwrap();
    let (name, told) = world.parrot.next().await;
    assert_eq!(name, "closed");
    assert_eq!(
        (&told["reason"], &told["code"]),
        (&json!("CloseReason::ByPeer"), &json!(4004))
    );
    let (said, _) = world.parrot.handle(json!([{"do": "find", "name": "feed"}])).await;
    assert_eq!(said, json!([null]));
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_for_a_connection_that_was_replaced_do_not_reach_the_new_one() {
    let mut world = world().await;
    let mut first = open(&mut world, json!(null)).await;
    let (_, effects) = world
        .parrot
        .handle(json!([{"do": "send", "name": "feed", "frames": ["for the first"]}]))
        .await;
    let url = world.server.url("ws", "/feed");
    world
        .parrot
        .change(json!([{"do": "open", "name": "feed", "url": url}]))
        .await;
    let (name, told) = world.parrot.next().await;
    assert_eq!(
        (name.as_str(), &told["reason"]),
        ("closed", &json!("CloseReason::Replaced"))
    );
    let mut second = world.server.socket().await;
    assert_eq!(world.parrot.next().await.0, "opened");
    world.parrot.adapter.change_sockets(effects.sockets);
    world
        .parrot
        .change(json!([{"do": "send", "name": "feed", "frames": ["for the second"]}]))
        .await;
    assert_eq!(text(&mut second).await, "for the second");
    let ended = timeout(PATIENCE, first.next()).await.unwrap();
    assert!(matches!(ended, Some(Ok(Message::Close(_))) | None), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_has_its_answer_and_the_adapter_sees_the_rest() {
    let mut world = world().await;
    let mut far = open(&mut world, json!(null)).await;
    let ask = json!([{"do": "ask", "name": "feed", "question": "id?", "answer": "id=", "wait": 10_000}]);
    let answered = async {
        assert_eq!(text(&mut far).await, "id?");
        far.send(Message::text("news")).await.unwrap();
        far.send(Message::text("id=7")).await.unwrap();
    };
    let (said, ()) = tokio::join!(world.parrot.fetch(ask, Facts::default()), answered);
    assert_eq!(said.unwrap(), json!(["id=7"]));
    let (_, told) = world.parrot.next().await;
    assert_eq!(told["frames"], json!(["news"]));
    let ask = json!([{"do": "ask", "name": "feed", "question": "id?", "answer": "id=", "wait": 50}]);
    let said = world.parrot.fetch(ask, Facts::default()).await.unwrap();
    assert_eq!(said[0]["refused"], "ErrorCode::Timeout");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_keeps_a_connection_alive_by_itself_and_tells_of_silence() {
    let mut world = world().await;
    let options = json!({"every": 200, "patience": 4000, "beat": "beat", "alive": "ack", "quiet": true});
    let mut far = open(&mut world, options).await;
    for _ in 0..3 {
        assert_eq!(text(&mut far).await, "beat");
        far.send(Message::text("ack")).await.unwrap();
    }
    let begun = Instant::now();
    far.send(Message::text("ack that says more is one too"))
        .await
        .unwrap();
    let (name, told) = world.parrot.next().await;
    assert_eq!(
        (name.as_str(), &told["reason"]),
        ("closed", &json!("CloseReason::Silent"))
    );
    assert!(begun.elapsed() > Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn pongs_keep_a_connection_alive_where_anything_does() {
    let mut world = world().await;
    let far = open(&mut world, json!({"every": 100, "patience": 1500, "ping": true})).await;
    // The library on the far side answers pings while somebody reads.
    let (mut sender, mut receiver) = far.split();
    let reading = tokio::spawn(async move { while receiver.next().await.is_some() {} });
    let quiet = timeout(Duration::from_secs(2), world.parrot.happenings.recv()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    sender.send(Message::text("still here")).await.unwrap();
    assert_eq!(world.parrot.next().await.1["frames"], json!(["still here"]));
    reading.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_answers_what_it_was_told_to_answer_and_paces_what_leaves() {
    let mut world = world().await;
    let step = json!([{"do": "open", "name": "irc", "port": world.server.port, "options": {
        "replies": [["PING ", "PONG "]], "burst": 2, "pause": 1500,
    }}]);
    assert_eq!(world.parrot.change(step).await, json!(["opening"]));
    assert_eq!(world.parrot.next().await.0, "opened");
    let frames: Vec<_> = (0..4).map(|n| format!("line {n}")).collect();
    let begun = Instant::now();
    world
        .parrot
        .change(json!([{"do": "send", "name": "irc", "frames": frames}]))
        .await;
    let stream = world.server.line().await;
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"PING :abc\r\nhello\r\n").await.unwrap();
    let mut got = Vec::new();
    while got.len() < 5 {
        got.push(
            timeout(PATIENCE, lines.next_line())
                .await
                .unwrap()
                .unwrap()
                .unwrap(),
        );
    }
    assert!(
        begun.elapsed() >= Duration::from_millis(2750),
        "{:?}",
        begun.elapsed()
    );
    let pong = got.iter().position(|line| line == "PONG :abc").unwrap();
    assert!(pong < 4, "{got:?}");
    got.remove(pong);
    assert_eq!(got, frames);
    let (_, told) = world.parrot.next().await;
    assert_eq!(told["frames"], json!(["hello"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_arrives_is_left_out_while_an_adapter_is_behind() {
    let mut world = world().await;
    let mut far = open(&mut world, json!(null)).await;
    const COUNT: usize = 5000;
    let sending = tokio::spawn(async move {
        for n in 0..COUNT {
            far.send(Message::text(n.to_string())).await.unwrap();
        }
        far
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut next = 0;
    while next < COUNT {
        let what = timeout(PATIENCE, world.parrot.happenings.recv())
            .await
            .unwrap()
            .unwrap();
        let Happening::SocketFrames(arrived) = what else {
            panic!("{what:?}");
        };
        for frame in arrived.frames {
            assert_eq!(frame, openclaw_components::channel::Frame::Text(next.to_string()));
            next += 1;
        }
    }
    sending.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_could_not_be_opened_says_why() {
    let mut world = world().await;
    let url = world.server.url("ws", "/refused");
    world
        .parrot
        .change(json!([{"do": "open", "name": "feed", "url": url}]))
        .await;
    let (name, told) = world.parrot.next().await;
    assert_eq!(
        (name.as_str(), &told["reason"], &told["code"]),
        ("closed", &json!("CloseReason::NotOpened"), &json!(403))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_leaves_before_an_account_ends_and_then_all_is_closed() {
    let mut world = world().await;
    let mut far = open(&mut world, json!(null)).await;
    world
        .parrot
        .change(json!([{"do": "send", "name": "feed", "frames": ["goodbye"]}]))
        .await;
    // Somebody has to take what is told of the end.
    let adapter = world.parrot.adapter.clone();
    let mut happenings = world.parrot.happenings;
    let taking = tokio::spawn(async move { while happenings.recv().await.is_some() {} });
    adapter.close().await;
    assert_eq!(text(&mut far).await, "goodbye");
    let ended = timeout(PATIENCE, far.next()).await.unwrap();
    assert!(matches!(ended, Some(Ok(Message::Close(_)))), "{ended:?}");
    taking.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_end_with_the_last_of_their_adapter() {
    let mut world = world().await;
    let step = json!([{"do": "open", "name": "irc", "port": world.server.port}]);
    world.parrot.change(step).await;
    assert_eq!(world.parrot.next().await.0, "opened");
    world
        .parrot
        .change(json!([{"do": "send", "name": "irc", "frames": ["hi"]}]))
        .await;
    let mut stream = world.server.line().await;
    drop(world.parrot);
    let mut rest = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut rest))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(rest, b"hi\r\n");
}
