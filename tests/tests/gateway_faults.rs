//! A platform that fails in every way it is known to, and a gateway that answers each message once all the same.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use std::time::Duration;

use openclaw_tests::gateway::House;
use openclaw_tests::platforms::openai::OpenAi;
use openclaw_tests::platforms::telegram::{Fault, TOKEN, Telegram, Trouble};
use serde_json::json;

const ANNA: i64 = 4_711;
/// For how long nothing may happen that must not happen.
const QUIET: Duration = Duration::from_millis(700);
/// How long an answer may take; pauses after failures are among what is tested.
const PATIENCE: Duration = Duration::from_secs(20);

/// A platform, a model that repeats what it is told, and a home that knows both and lets one person in.
async fn set_up() -> (Telegram, OpenAi, House) {
    let (telegram, model) = (Telegram::start().await.unwrap(), OpenAi::start().await);
    let house = House::new();
    let (port, base_url, root) = (house.port().to_string(), model.base_url(), telegram.root());
    house.must(&[
        "onboard",
        "--non-interactive",
        "--accept-risk",
        "--skip-skills",
        "--gateway-port",
        &port,
        "--custom-base-url",
        &base_url,
        "--custom-model-id",
        "echo-1",
    ]);
    house.must(&[
        "channels",
        "add",
        "telegram",
        "--token",
        TOKEN,
        "--api-root",
        &root,
        "--grant",
        "all",
    ]);
    house.configure(|config| {
        config["channels"]["telegram"]["dmPolicy"] = json!("allowlist");
        config["channels"]["telegram"]["allowFrom"] = json!([ANNA.to_string()]);
    });
    (telegram, model, house)
}

/// How many answers hold each word.
fn count(telegram: &Telegram, words: &[&str]) -> Vec<usize> {
    let texts = telegram.texts(ANNA);
    let holding = |word: &&str| texts.iter().filter(|text| text.contains(*word)).count();
    words.iter().map(holding).collect()
}

/// Waits until each word was answered, and a moment longer: each once.
async fn answered_once(telegram: &Telegram, house: &House, words: &[&str]) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while count(telegram, words).contains(&0) {
        assert!(
            tokio::time::Instant::now() < deadline,
            "{words:?}: {:?}\n{}",
            telegram.texts(ANNA),
            house.console()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(QUIET).await;
    assert_eq!(
        count(telegram, words),
        vec![1; words.len()],
        "{:?}",
        telegram.texts(ANNA)
    );
}

#[tokio::test]
async fn too_many_requests_delay_an_answer_and_do_not_lose_it() {
    let (telegram, _model, house) = set_up().await;
    let running = house.start().await;
    telegram.fail(Fault::times("sendMessage", 4, Trouble::TooMany(1)));
    telegram.fail(Fault::once("getUpdates", Trouble::TooMany(1)));
    telegram.write(ANNA, "walrus");
    telegram.write(ANNA, "heron");
    answered_once(&telegram, &house, &["walrus", "heron"]).await;
    assert!(running.stop().success());
}

#[tokio::test]
async fn a_poll_that_breaks_off_is_asked_again_and_nothing_is_answered_twice() {
    let (telegram, _model, house) = set_up().await;
    for trouble in [
        Trouble::Disconnect,
        Trouble::DisconnectAfter,
        Trouble::Status(502),
        Trouble::Garbage("<html>".to_owned()),
    ] {
        telegram.fail(Fault::once("getUpdates", trouble));
    }
    let running = house.start().await;
    telegram.write(ANNA, "walrus");
    answered_once(&telegram, &house, &["walrus"]).await;
    telegram.fail(Fault::once("getUpdates", Trouble::DisconnectAfter));
    telegram.write(ANNA, "heron");
    answered_once(&telegram, &house, &["walrus", "heron"]).await;
    assert!(running.stop().success());
}

#[tokio::test]
async fn what_comes_twice_or_in_the_wrong_order_is_answered_once() {
    let (telegram, _model, house) = set_up().await;
    for word in ["walrus", "heron", "badger"] {
        telegram.write(ANNA, word);
    }
    assert!(telegram.repeat_first());
    telegram.reverse();
    let running = house.start().await;
    answered_once(&telegram, &house, &["walrus", "heron", "badger"]).await;
    assert!(running.stop().success());
}

#[tokio::test]
async fn updates_that_nobody_can_read_stop_nothing() {
    let (telegram, _model, house) = set_up().await;
    for text in [
        r#"{"update_id": UPDATE_ID, "message": 5}"#,
        r#"{"update_id": UPDATE_ID, "message": {"chat": null, "text": ["x"]}}"#,
        r#"{"update_id": UPDATE_ID}"#,
        r#"{"update_id": UPDATE_ID, "message": {"message_id": 1e99, "from": {}, "chat": {"id": "x"}, "date": -1}}"#,
    ] {
        telegram.put(text);
    }
    telegram.write(ANNA, "walrus");
    // One that is not even JSON spoils the whole answer that it is in.
    telegram.put(r#"{"update_id": UPDATE_ID, "message": {"text": "\ud800"#);
    telegram.write(ANNA, "heron");
    let running = house.start().await;
    answered_once(&telegram, &house, &["walrus", "heron"]).await;
    telegram.write(ANNA, "badger");
    answered_once(&telegram, &house, &["badger"]).await;
    assert!(running.stop().success());
}

#[tokio::test]
async fn what_was_written_while_the_gateway_was_down_is_answered_when_it_is_back() {
    let (telegram, _model, house) = set_up().await;
    let running = house.start().await;
    telegram.write(ANNA, "walrus");
    answered_once(&telegram, &house, &["walrus"]).await;
    assert!(running.stop().success());
    telegram.write(ANNA, "heron");
    telegram.pass_hours(20);
    telegram.write(ANNA, "badger");
    let running = house.start().await;
    answered_once(&telegram, &house, &["walrus", "heron", "badger"]).await;
    assert!(running.stop().success());
}

#[tokio::test]
async fn an_answer_that_may_have_arrived_is_not_sent_again() {
    let (telegram, _model, house) = set_up().await;
    let running = house.start().await;
    telegram.fail(Fault::once("sendMessage", Trouble::DisconnectAfter));
    telegram.write(ANNA, "walrus");
    telegram.write(ANNA, "heron");
    answered_once(&telegram, &house, &["walrus", "heron"]).await;
    let sent = |word: &str| {
        let calls = telegram.calls();
        let of = calls
            .iter()
            .filter(|call| call.method == "sendMessage" && call.arguments.to_string().contains(word));
        of.count()
    };
    assert_eq!((sent("walrus"), sent("heron")), (1, 1));
    assert!(running.stop().success());
}

#[tokio::test]
async fn a_platform_that_calls_is_answered_like_one_that_is_asked() {
    let (telegram, _model, house) = set_up().await;
    house.configure(|config| {
        let url = format!("http://127.0.0.1:{}/telegram-webhook", house.port());
        config["channels"]["telegram"]["webhookUrl"] = json!(url);
        config["channels"]["telegram"]["webhookSecret"] = json!("a-word-of-ours-7310");
    });
    let running = house.start().await;
    telegram.write(ANNA, "walrus");
    answered_once(&telegram, &house, &["walrus"]).await;
    assert!(
        telegram
            .calls()
            .iter()
            .any(|call| call.method == "setWebhook" && call.is_ok())
    );
    assert_eq!(telegram.waiting(), 0);

    // Whoever does not know the word is nobody, and what comes to no account's path is not there.
    let forged = json!({"update_id": 524_009_999, "message": {
        "message_id": 900, "date": 1_795_000_000, "text": "badger",
        "from": {"id": ANNA, "is_bot": false, "first_name": "Anna"}, "chat": {"id": ANNA, "type": "private"},
    }});
    assert_eq!(
        post(&house, "/telegram-webhook", &forged.to_string(), "").await,
        401
    );
    let wrong = "X-Telegram-Bot-Api-Secret-Token: a-word-of-ours-7311\r\n";
    assert_eq!(
        post(&house, "/telegram-webhook", &forged.to_string(), wrong).await,
        401
    );
    assert_eq!(
        post(&house, "/telegram-webhooks", &forged.to_string(), "").await,
        404
    );
    let large = "x".repeat((1 << 20) + 1);
    assert_eq!(post(&house, "/telegram-webhook", &large, "").await, 413);
    tokio::time::sleep(QUIET).await;
    assert_eq!(count(&telegram, &["badger"]), [0]);
    assert!(running.stop().success());
}

/// Posts a document, and yields the status of the answer.
async fn post(house: &House, path: &str, body: &str, headers: &str) -> u16 {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let address = format!("127.0.0.1:{}", house.port());
    let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // One that is too large may be refused before it was read.
    let _ = stream.write_all(body.as_bytes()).await;
    let mut status = [0; 12];
    stream.read_exact(&mut status).await.unwrap();
    String::from_utf8_lossy(&status[9..]).parse().unwrap()
}
