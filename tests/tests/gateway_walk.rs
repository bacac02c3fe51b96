//! The whole way, by the program: from an empty home to an answer on a platform, and to who may have it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use std::time::Duration;

use openclaw_tests::gateway::{House, PATIENCE, Running, text_of};
use openclaw_tests::platforms::openai::OpenAi;
use openclaw_tests::platforms::telegram::{Call, Group, Say, TOKEN, Telegram, USERNAME};
use serde_json::{Value, json};

const ANNA: i64 = 4_711;
const BERT: i64 = 4_712;
const FRIENDS: i64 = -1_001_000_000_001;
/// For how long nothing may happen that must not happen.
const QUIET: Duration = Duration::from_millis(600);

/// A home in which the program was set up as a newcomer does it, with an account on a platform.
fn set_up(telegram: &Telegram, model: &[&str]) -> House {
    let house = House::new();
    let port = house.port().to_string();
    let mut words = vec![
        "onboard",
        "--non-interactive",
        "--accept-risk",
        "--gateway-port",
        &port,
    ];
    words.extend_from_slice(model);
    house.must(&words);
    let root = telegram.root();
    let said = house.must(&[
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
    assert!(said.contains("pairing approve telegram CODE"), "{said}");
    house
}

/// The text that a call sends to a chat.
fn sent(call: &Call, chat: i64) -> Option<&str> {
    let is_it = call.method == "sendMessage" && call.is_ok() && call.answer["result"]["chat"]["id"] == chat;
    is_it.then(|| call.answer["result"]["text"].as_str()).flatten()
}

/// Waits until the bot has sent a text to a chat that holds these words, and yields the message.
async fn reply(telegram: &Telegram, house: &House, chat: i64, words: &str) -> Value {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let found = telegram.messages(chat).into_iter().find(|message| {
            let text = message["text"].as_str().unwrap_or_default();
            message["from"]["is_bot"] == true && text.contains(words)
        });
        if let Some(found) = found {
            return found;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "nobody said {words:?} in {chat}: {:?}\n{:?}\n{}",
            telegram.messages(chat),
            telegram.calls().iter().rev().take(5).collect::<Vec<_>>(),
            house.console()
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The code in the message with which a stranger learns it.
fn code_in(message: &Value) -> String {
    let text = message["text"].as_str().unwrap();
    let (_, rest) = text.split_once("Pairing code: ").expect(text);
    rest.chars().take_while(char::is_ascii_alphanumeric).collect()
}

/// Lets somebody in who wrote for the first time.
async fn pair(telegram: &Telegram, house: &House, person: i64) -> String {
    telegram.write(person, "hello?");
    let code = code_in(&reply(telegram, house, person, "Pairing code").await);
    let approved = house.must(&["pairing", "approve", "telegram", &code]);
    assert!(approved.contains(&person.to_string()), "{approved}");
    code
}

/// The texts of a session that have a role.
async fn history(running: &Running, session: &str, role: &str) -> Vec<String> {
    let mut line = running.connect().await;
    let history = line.must("chat.history", json!({"sessionKey": session})).await;
    let messages = history["messages"].as_array().unwrap();
    let fitting = messages.iter().filter(|message| message["role"] == role);
    fitting.map(text_of).collect()
}

#[tokio::test]
async fn a_newcomer_comes_from_an_empty_home_to_an_answer_that_a_guest_computed() {
    let telegram = Telegram::start().await.unwrap();
    let house = set_up(&telegram, &[]);
    let running = house.start().await;

    // A stranger gets a code, once, and nothing of what they say reaches the agent.
    telegram.write(ANNA, "what is six times seven?");
    let told = reply(&telegram, &house, ANNA, "Pairing code").await;
    let code = code_in(&told);
    assert_eq!(code.len(), 8, "{told}");
    assert!(
        told["text"].as_str().unwrap().contains(&ANNA.to_string()),
        "{told}"
    );
    telegram.write(ANNA, "are you there?");
    tokio::time::sleep(QUIET).await;
    assert_eq!(telegram.texts(ANNA).len(), 1, "{:?}", telegram.texts(ANNA));
    assert_eq!(history(&running, "main", "user").await, Vec::<String>::new());

    // The owner lets them in.
    let waiting = house.must(&["pairing", "list"]);
    assert!(
        waiting.contains(&code) && waiting.contains(&ANNA.to_string()),
        "{waiting}"
    );
    house.must(&["pairing", "approve", "telegram", &code]);
    let waiting = house.must(&["pairing", "list", "telegram"]);
    assert!(waiting.contains("No pending telegram"), "{waiting}");

    // Their message runs a turn that calls the guest, whose answer arrives, as formatted text.
    let mut webchat = running.connect().await;
    webchat.must("sessions.subscribe", json!({})).await;
    telegram.write(ANNA, r#"tool: calc {"expression": "6*7"}"#);
    let answer = reply(&telegram, &house, ANNA, "42").await;
    let kinds: Vec<_> = answer["entities"].as_array().into_iter().flatten().collect();
    assert!(
        kinds
            .iter()
            .any(|entity| entity["type"] == "code" || entity["type"] == "pre"),
        "the reply has no formatting: {answer}"
    );

    // The owner sees the same conversation in the browser.
    let said = history(&running, "main", "user").await;
    assert!(said.len() == 1 && said[0].contains("tool: calc"), "{said:?}");
    let answered = history(&running, "main", "assistant").await;
    assert!(answered.iter().any(|text| text.contains("42")), "{answered:?}");

    // Each reach was written down: whose it was, where it led, and not the token that it took along.
    assert!(running.stop().success());
    // It ends with 2 where a grant is worth a second look, as one for a server on this machine is.
    let audit = house.run(&["plugins", "audit"]);
    assert_eq!(audit.status.code(), Some(2));
    let audit = String::from_utf8(audit.stdout).unwrap();
    let host = telegram.root().split_once("://").unwrap().1.to_owned();
    assert!(audit.contains("apiRoot") && audit.contains("botToken"), "{audit}");
    let activity = house.must(&["plugins", "activity", "telegram"]);
    for method in ["getMe", "getUpdates", "sendMessage"] {
        assert!(
            activity.contains(method) && activity.contains(&host),
            "{method}: {activity}"
        );
    }
    let (_, secret) = TOKEN.split_once(':').unwrap();
    assert!(
        !audit.contains(secret) && !activity.contains(secret),
        "{audit}{activity}"
    );
}

#[tokio::test]
async fn in_a_group_it_answers_who_calls_it_and_nobody_else() {
    let (telegram, model) = (Telegram::start().await.unwrap(), OpenAi::start().await);
    let house = set_up(
        &telegram,
        &[
            "--custom-base-url",
            &model.base_url(),
            "--custom-model-id",
            "echo-1",
        ],
    );
    telegram.group(Group {
        id: FRIENDS,
        is_admin: true,
        ..Group::default()
    });
    house.configure(|config| {
        config["channels"]["telegram"]["groupPolicy"] = json!("open");
        config["channels"]["telegram"]["groups"] = json!({"*": {"requireMention": true}});
    });
    let running = house.start().await;
    pair(&telegram, &house, ANNA).await;

    telegram.say(Say::in_group(BERT, FRIENDS, "has anybody seen my keys?"));
    telegram.say(Say::in_group(ANNA, FRIENDS, &format!("@{USERNAME} hello there")));
    let look = |calls: &[Call]| {
        calls
            .iter()
            .find_map(|call| sent(call, FRIENDS).map(str::to_owned))
    };
    let said = telegram.wait_for(PATIENCE, look).await;
    assert!(said.is_some(), "{}", house.console());
    tokio::time::sleep(QUIET).await;
    assert_eq!(telegram.texts(FRIENDS).len(), 1, "{:?}", telegram.texts(FRIENDS));
    let session = format!("agent:main:telegram:group:{FRIENDS}");
    let heard = history(&running, &session, "user").await;
    assert!(heard.len() == 1 && heard[0].contains("hello there"), "{heard:?}");
    // What was said before is told along to the model, as what others said, and is in nobody's history.
    let asked = model.asked();
    let told = asked.last().unwrap().last_text().to_owned();
    assert!(
        told.contains("has anybody seen my keys?") && told.contains("hello there"),
        "{told}"
    );
    assert_eq!(asked.len(), 1);
    assert_eq!(history(&running, "main", "user").await, Vec::<String>::new());
    assert!(running.stop().success());
}

/// A stranger who was let in shares the owner's conversation and not the owner's rights.
#[tokio::test]
async fn a_strangers_command_runs_in_the_sandbox_and_the_owners_on_this_machine() {
    let telegram = Telegram::start().await.unwrap();
    let house = set_up(&telegram, &[]);
    house.configure(|config| {
        config["agents"]["defaults"]["sandbox"] = json!({"mode": "non-main", "backend": "wasm"});
        config["agents"]["defaults"]["elevatedDefault"] = json!("off");
        config["tools"]["elevated"] = json!({"allowFrom": {"telegram": [ANNA.to_string()]}});
    });
    let running = house.start().await;
    pair(&telegram, &house, ANNA).await;
    let asked = r#"tool: exec {"command": "echo home is $HOME | tr a-z A-Z; ls /; cat /etc/hostname; x=1"}"#;
    telegram.write(ANNA, asked);
    let answer = reply(&telegram, &house, ANNA, "HOME IS").await;
    let text = answer["text"].as_str().unwrap();
    assert!(text.contains("HOME IS /WORKSPACE"), "{text}");
    // Nothing of this machine is there.
    assert!(
        text.contains("workspace")
            && !text.contains(
                "etc
"
            ),
        "{text}"
    );
    assert!(text.contains("cat: /etc/hostname: No such file"), "{text}");

    // Who is listed for it may have commands leave the sandbox, and nobody else.
    let home = house.home().display().to_string();
    let asked = r#"tool: exec {"command": "echo now $HOME"}"#;
    for (order, told, now) in [
        ("/elevated on", "Elevated is now on", home.as_str()),
        ("/elevated off", "Elevated is now off", "/workspace"),
    ] {
        telegram.write(ANNA, order);
        reply(&telegram, &house, ANNA, told).await;
        telegram.write(ANNA, asked);
        reply(&telegram, &house, ANNA, &format!("now {now}")).await;
    }
    telegram.write(ANNA, r#"tool: exec {"command": "id", "elevated": true}"#);
    reply(&telegram, &house, ANNA, "Elevated is off in this session").await;
    telegram.write(ANNA, &format!("/elevated full {}", asked.replace("now", "once")));
    reply(&telegram, &house, ANNA, &format!("once {home}")).await;
    pair(&telegram, &house, BERT).await;
    telegram.write(BERT, "/elevated on");
    reply(&telegram, &house, BERT, "tools.elevated.allowFrom.telegram").await;
    for (asks, why) in [
        (json!({"elevated": true}), "elevated): closed by"),
        (json!({"host": "gateway"}), "Leave host out"),
    ] {
        let mut asks = asks;
        asks["command"] = json!(format!("touch {home}/of-bert"));
        telegram.write(BERT, &format!("tool: exec {asks}"));
        reply(&telegram, &house, BERT, why).await;
    }
    assert!(!house.home().join("of-bert").exists());

    // The owner's own session runs on this machine.
    let mut line = running.connect().await;
    let told = line
        .must("agent", json!({"message": r#"tool: exec {"command": "echo home is $HOME"}"#, "sessionKey": "main", "idempotencyKey": "one"}))
        .await;
    let run = told["runId"].as_str().unwrap().to_owned();
    line.must("agent.wait", json!({"runId": run, "timeoutMs": 30_000}))
        .await;
    let said = history(&running, "main", "assistant").await;
    assert!(
        said.iter().any(|text| text.contains(&format!("home is {home}"))),
        "{said:?}"
    );

    // What the owner has running there is nobody's in a sandbox.
    let told = line
        .must("agent", json!({"message": r#"tool: exec {"command": "sleep 300", "background": true}"#, "sessionKey": "main", "idempotencyKey": "two"}))
        .await;
    let run = told["runId"].as_str().unwrap().to_owned();
    line.must("agent.wait", json!({"runId": run, "timeoutMs": 30_000}))
        .await;
    telegram.write(BERT, r#"tool: process {"action": "list"}"#);
    let listed = reply(&telegram, &house, BERT, "The tool process says").await;
    assert!(!listed["text"].as_str().unwrap().contains("sleep"), "{listed}");

    // There is one sandbox, which is at rest, and it can be looked at and removed.
    let listed = house.must(&["sandbox", "list"]);
    assert!(listed.contains("agent:main\n  wasm · at rest"), "{listed}");
    let explained = house.must(&[
        "sandbox",
        "explain",
        "--session",
        "agent:main:telegram:default:direct:4711",
    ]);
    assert!(
        explained.contains("runtime    sandboxed") && explained.contains("agents.defaults.sandbox.mode"),
        "{explained}"
    );
    let direct = house.must(&["sandbox", "explain"]);
    assert!(direct.contains("runtime    direct"), "{direct}");
    let nobody = house.run(&["sandbox", "recreate", "--agent", "nobody"]);
    assert_eq!(nobody.status.code(), Some(1), "{nobody:?}");
    // A session is named as people name it, and what it shares goes.
    let removed = house.must(&[
        "sandbox",
        "recreate",
        "--session",
        "agent:main:Telegram:direct:4711",
    ]);
    assert!(removed.contains("Removed agent:main."), "{removed}");
    assert!(house.must(&["sandbox", "list"]).contains("No sandboxes"));
    running.stop();
}
