//! The fake Telegram is shaped to the platform and to no client: a bot that is written with python-telegram-bot gets
//! along with it, and what the documentation promises of offsets, webhooks, refusals and faults holds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use openclaw_tests::gateway::free_port;
use openclaw_tests::platforms::telegram::{Call, Fault, Group, Say, TOKEN, Telegram, Trouble, USERNAME};
use serde_json::{Value, json};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(60);
const ANN: i64 = 7001;

/// Calls a method; gives the answer, or nothing if the connection ended.
async fn call(server: &Telegram, method: &str, arguments: Value) -> Option<Value> {
    let path = format!("/bot{TOKEN}/{method}");
    send(server, &path, "application/json", arguments.to_string()).await
}

async fn send(server: &Telegram, path: &str, content_type: &str, body: String) -> Option<Value> {
    let host = server.root().strip_prefix("http://").unwrap().to_owned();
    let stream = TcpStream::connect(&host).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let request = hyper::Request::post(path)
        .header("host", host)
        .header("content-type", content_type)
        .body(Full::new(Bytes::from(body)))
        .unwrap();
    let answer = sender.send_request(request).await.ok()?;
    let body = answer.into_body().collect().await.ok()?.to_bytes();
    Some(serde_json::from_slice(&body).unwrap_or_else(|_| json!(String::from_utf8_lossy(&body))))
}

async fn done(server: &Telegram, method: &str, arguments: Value) -> Value {
    let answer = call(server, method, arguments).await.unwrap();
    assert_eq!(answer["ok"], true, "{answer}");
    answer["result"].clone()
}

async fn refused(server: &Telegram, method: &str, arguments: Value) -> (i64, String) {
    let answer = call(server, method, arguments).await.unwrap();
    assert_eq!(answer["ok"], false, "{answer}");
    (
        answer["error_code"].as_i64().unwrap(),
        answer["description"].as_str().unwrap().to_owned(),
    )
}

async fn ids(server: &Telegram, arguments: Value) -> Vec<i64> {
    let updates = done(server, "getUpdates", arguments).await;
    let updates = updates.as_array().unwrap().iter();
    updates
        .map(|update| update["update_id"].as_i64().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_stays_until_an_offset_confirms_it_and_for_a_day() {
    let server = Telegram::start().await.unwrap();
    for text in ["one", "two", "three"] {
        server.write(ANN, text);
    }
    let all = ids(&server, json!({})).await;
    assert_eq!(all.len(), 3);
    assert_eq!(
        ids(&server, json!({"limit": 1})).await,
        all[..1],
        "nothing was confirmed"
    );
    assert_eq!(ids(&server, json!({"offset": all[1]})).await, all[1..]);
    assert_eq!(ids(&server, json!({"offset": -1})).await, all[2..]);
    server.pass_hours(23);
    server.write(ANN, "four");
    server.pass_hours(2);
    let left = ids(&server, json!({})).await;
    assert_eq!(left, [all[2] + 1], "a day is the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_program_asks_at_a_time_and_none_while_there_is_a_webhook() {
    let server = std::sync::Arc::new(Telegram::start().await.unwrap());
    let other = std::sync::Arc::clone(&server);
    let first =
        tokio::spawn(async move { call(&other, "getUpdates", json!({"timeout": 20})).await.unwrap() });
    // The first may not have arrived yet.
    while !first.is_finished() {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let second = call(&server, "getUpdates", json!({"timeout": 0})).await.unwrap();
        assert_eq!(second["ok"], true);
    }
    let first = first.await.unwrap();
    assert_eq!(first["error_code"], 409);
    assert!(
        first["description"]
            .as_str()
            .unwrap()
            .contains("terminated by other getUpdates")
    );
    done(&server, "setWebhook", json!({"url": "http://127.0.0.1:9/hook"})).await;
    let (code, why) = refused(&server, "getUpdates", json!({})).await;
    assert!(code == 409 && why.contains("webhook is active"), "{why}");
    done(&server, "deleteWebhook", json!({})).await;
    assert!(ids(&server, json!({})).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_judged_as_the_platform_judges_them() {
    let server = Telegram::start().await.unwrap();
    server.write(ANN, "hi");
    let text = |text: &str| json!({"chat_id": ANN, "text": text, "parse_mode": "HTML"});
    let (code, why) = refused(&server, "sendMessage", text("a <b>c")).await;
    assert_eq!(code, 400);
    assert_eq!(
        why,
        "Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"b\""
    );
    for (arguments, code, why) in [
        (text("<b> </b>"), 400, "message text is empty"),
        (text(&"😀".repeat(2049)), 400, "message is too long"),
        (json!({"chat_id": 5, "text": "x"}), 400, "chat not found"),
        (json!({"text": "x"}), 400, "chat_id is empty"),
        (
            json!({"chat_id": ANN, "text": "x", "parse_mode": "Wiki"}),
            400,
            "unsupported parse_mode",
        ),
        (
            json!({"chat_id": ANN, "text": "x", "message_thread_id": 4}),
            400,
            "message thread not found",
        ),
        (
            json!({"chat_id": ANN, "text": "x", "reply_parameters": {"message_id": 99}}),
            400,
            "message to be replied not found",
        ),
        (
            json!({"chat_id": ANN, "text": "x", "reply_markup": {"inline_keyboard": [[{"text": "b", "callback_data": "ü".repeat(33)}]]}}),
            400,
            "BUTTON_DATA_INVALID",
        ),
    ] {
        let told = refused(&server, "sendMessage", arguments.clone()).await;
        assert!(
            told.0 == code && told.1.contains(why),
            "{arguments} gives {told:?}"
        );
    }
    let long = done(
        &server,
        "sendMessage",
        text(&format!("<b>{}</b>", "x".repeat(4096))),
    )
    .await;
    let edit = json!({"chat_id": ANN, "message_id": long["message_id"], "text": "short"});
    done(&server, "editMessageText", edit.clone()).await;
    assert!(
        refused(&server, "editMessageText", edit)
            .await
            .1
            .contains("message is not modified")
    );
    let theirs = json!({"chat_id": ANN, "message_id": 1, "text": "mine"});
    assert!(
        refused(&server, "editMessageText", theirs)
            .await
            .1
            .contains("can't be edited")
    );
    assert_eq!(
        refused(&server, "flyToTheMoon", json!({})).await,
        (404, "Not Found: method not found".to_owned())
    );
    server.block(ANN);
    assert_eq!(
        refused(&server, "sendMessage", text("x")).await,
        (403, "Forbidden: bot was blocked by the user".to_owned())
    );
    let form = format!("chat_id={ANN}&text=a%26b");
    let unknown = send(
        &server,
        "/bot1:x/sendMessage",
        "application/x-www-form-urlencoded",
        form,
    )
    .await
    .unwrap();
    assert_eq!(unknown["error_code"], 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_in_privacy_mode_sees_what_is_meant_for_it() {
    let server = Telegram::start().await.unwrap();
    let group = Group {
        topics: vec![(9, "Plans".to_owned())],
        ..Group::default()
    };
    let id = group.id;
    server.group(group);
    server.say(Say::in_group(ANN, id, "among us"));
    server.say(Say::in_group(ANN, id, "/help"));
    assert_eq!(server.waiting(), 0);
    server.say(Say::in_group(
        ANN,
        id,
        &format!("hey @{}", USERNAME.to_uppercase()),
    ));
    server.say(Say::in_group(ANN, id, &format!("/help@{USERNAME} me")));
    let sent = done(
        &server,
        "sendMessage",
        json!({"chat_id": id, "text": "here", "message_thread_id": 9}),
    )
    .await;
    server.say(Say {
        reply_to: sent["message_id"].as_i64(),
        topic: Some(9),
        ..Say::in_group(ANN, id, "and you?")
    });
    assert_eq!(server.waiting(), 3);
    let told = refused(
        &server,
        "sendMessage",
        json!({"chat_id": id, "text": "x", "message_thread_id": 1}),
    )
    .await;
    assert!(
        told.1.contains("message thread not found"),
        "the general topic is not named"
    );
    done(
        &server,
        "sendChatAction",
        json!({"chat_id": id, "action": "typing", "message_thread_id": 1}),
    )
    .await;
    server.see_all(true);
    server.say(Say::in_group(ANN, id, "among us"));
    assert_eq!(server.waiting(), 4);
    server.migrate(id, -1_001_000_000_099);
    let answer = call(&server, "sendMessage", json!({"chat_id": id, "text": "x"}))
        .await
        .unwrap();
    assert_eq!(answer["parameters"]["migrate_to_chat_id"], -1_001_000_000_099_i64);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_test_wants_to_go_wrong_goes_wrong_as_often_as_it_wants() {
    let server = Telegram::start().await.unwrap();
    server.write(ANN, "hi");
    let message = json!({"chat_id": ANN, "text": "x"});
    server.fail(Fault::once("sendMessage", Trouble::Disconnect));
    assert_eq!(call(&server, "sendMessage", message.clone()).await, None);
    assert!(server.texts(ANN).is_empty());
    server.fail(Fault::once("sendMessage", Trouble::DisconnectAfter));
    assert_eq!(call(&server, "sendMessage", message.clone()).await, None);
    assert_eq!(server.texts(ANN), ["x"]);
    server.fail(Fault::times("sendMessage", 2, Trouble::TooMany(3)));
    for _ in 0..2 {
        let answer = call(&server, "sendMessage", message.clone()).await.unwrap();
        assert_eq!(
            (&answer["error_code"], &answer["parameters"]["retry_after"]),
            (&json!(429), &json!(3))
        );
    }
    server.limit(2);
    done(&server, "sendMessage", message.clone()).await;
    done(&server, "sendMessage", message.clone()).await;
    assert_eq!(refused(&server, "sendMessage", message).await.0, 429);
    server.put("{\"update_id\":UPDATE_ID,\"message\":\"\\ud800\"}");
    assert!(server.repeat_first());
    assert_eq!(server.waiting(), 3);
}

/// What is fetched from PyPI at the first use.
const LIBRARY: &str = "python-telegram-bot[webhooks]==22.5";

fn python(library: &Path) -> Command {
    let mut command = Command::new("python3");
    command.env("PYTHONPATH", library);
    command
}

/// The folder with python-telegram-bot; `None` says on stderr what is missing.
fn library() -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_BIN_EXE_fake-telegram"))
        .ancestors()
        .nth(2)
        .unwrap();
    let library = target.join("python/python-telegram-bot");
    let is_there = || {
        let check = python(&library)
            .args(["-c", "import telegram.ext, tornado"])
            .output();
        check.is_ok_and(|output| output.status.success())
    };
    if !is_there() {
        // Made beside its place, since another test may be making it too.
        let made = library.with_extension(std::process::id().to_string());
        let install = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--target",
        ];
        let _ = Command::new("python3")
            .args(install)
            .arg(&made)
            .arg(LIBRARY)
            .status();
        if std::fs::rename(&made, &library).is_err() {
            let _ = std::fs::remove_dir_all(&made);
        }
    }
    if is_there() {
        return Some(library);
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "{LIBRARY} could not be installed"
    );
    eprintln!("not tested: python3 with pip is missing, or {LIBRARY} could not be fetched from PyPI");
    None
}

/// A program that ends with the test.
struct Bot(Child);

impl Drop for Bot {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn bot(library: &Path, server: &Telegram, port: Option<u16>) -> Bot {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/telegram/bot.py");
    let mut command = python(library);
    command.arg(script).arg(server.root()).arg(TOKEN);
    command.args(port.map(|port| port.to_string()));
    // The libraries of the bot would otherwise send what is for this machine to a proxy.
    for name in [
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
    ] {
        command.env_remove(name);
    }
    Bot(command.stdout(Stdio::null()).spawn().unwrap())
}

/// Waits until the chat shows a message that says `text` and is as `looks` wants it: a message can be changed after it
/// was sent, and says the same in between.
async fn wait_for_message(server: &Telegram, text: &str, looks: impl Fn(&Value) -> bool) -> Value {
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        let messages = server.messages(ANN);
        if let Some(found) = messages.iter().find(|m| m["text"] == text && looks(m)) {
            return found.clone();
        }
        assert!(
            tokio::time::Instant::now() < end,
            "no {text:?} as it should be in {messages:#?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn converse(server: &Telegram) {
    server.write(ANN, "/start");
    let asked = wait_for_message(server, "Shall I?", |_| true).await;
    let press = server
        .press(ANN, ANN, asked["message_id"].as_i64().unwrap(), "yes")
        .unwrap();
    wait_for_message(server, "You said yes.", |_| true).await;
    let answered = |call: &Call| {
        call.method == "answerCallbackQuery"
            && call.arguments["callback_query_id"] == press.as_str()
            && call.is_ok()
    };
    let answered = server
        .wait_for(PATIENCE, |calls| calls.iter().any(answered).then_some(()))
        .await;
    assert!(answered.is_some());
    server.write(ANN, "a < b & c 😀");
    // It is sent in italics, and changed.
    let bold = json!([{"type": "bold", "offset": 0, "length": 8}]);
    let echo = wait_for_message(server, "you said a < b & c 😀", |m| m["entities"] == bold).await;
    assert_eq!(echo["reply_to_message"]["text"], "a < b & c 😀");
    let file = server.store("0123456789");
    let document = json!({"file_id": file, "file_unique_id": "u", "file_name": "a.txt", "file_size": 10});
    server.say(
        Say {
            person: ANN,
            ..Say::default()
        }
        .with("document", document),
    );
    let sent = server.wait_for(PATIENCE, |calls| {
        let sent = calls
            .iter()
            .find(|call| call.method == "sendDocument" && call.is_ok())?;
        Some(sent.answer["result"].clone())
    });
    let sent = sent.await.expect("a file was sent back");
    assert_eq!(
        (&sent["caption"], &sent["document"]["file_name"]),
        (&json!("10 bytes"), &json!("back.txt"))
    );
    let failed: Vec<_> = server.calls().into_iter().filter(|call| !call.is_ok()).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_of_python_telegram_bot_that_asks_for_updates_gets_along() {
    let Some(library) = library() else { return };
    let server = Telegram::start().await.unwrap();
    let _bot = bot(&library, &server, None);
    converse(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_of_python_telegram_bot_that_is_called_gets_along() {
    let Some(library) = library() else { return };
    let server = Telegram::start().await.unwrap();
    let port = free_port();
    let _bot = bot(&library, &server, Some(port));
    converse(&server).await;
    // The bot works at an update before its receipt for it has come.
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        let info = done(&server, "getWebhookInfo", json!({})).await;
        assert!(info["url"].as_str().unwrap().ends_with("/hook"), "{info}");
        if info["pending_update_count"] == 0 {
            break;
        }
        assert!(tokio::time::Instant::now() < end, "{info}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
