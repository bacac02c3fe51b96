//! The page in a real browser: against the real gateway, and against one that does what each test wants, faults too.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

mod browser;
mod gateway;
mod house;

use browser::{Browser, ELSEWHERE};
use gateway::{DEVICE_TOKEN, Desk, Gateway, MAIN, TOKEN, now};
use house::House;
use serde_json::{Value, json};

const FIELD: &str = "textarea";
const TOKEN_FIELD: &str = "#token";

/// All that a page can keep, in one text.
const KEPT: &str = "JSON.stringify([localStorage, sessionStorage, location.href, document.cookie])";

/// A gateway, and a browser that was signed in by the link that carries the token.
async fn sign_in(desk: Desk) -> Option<(Gateway, Browser)> {
    let program = browser::find()?;
    let gateway = Gateway::start(desk).await;
    let mut browser = Browser::start(program).await;
    browser
        .open(&format!("http://{}/#token={TOKEN}", gateway.address))
        .await;
    browser.until(&format!("document.querySelector('{FIELD}')")).await;
    browser.until_shown("Connected").await;
    Some((gateway, browser))
}

fn assistant(text: &str) -> Value {
    json!({"role": "assistant", "content": [{"type": "text", "text": text}], "timestamp": now()})
}

fn chat(run: &str, state: &str, text: &str) -> Value {
    json!({"runId": run, "sessionKey": MAIN, "seq": 1, "state": state, "deltaText": "", "message": assistant(text)})
}

fn tool(run: &str, phase: &str, more: &Value) -> Value {
    let mut data = json!({"phase": phase, "name": "calc", "toolCallId": "call-1"});
    data.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    json!({"runId": run, "sessionKey": MAIN, "seq": 1, "stream": "tool", "ts": now(), "data": data})
}

async fn send(gateway: &Gateway, browser: &mut Browser, text: &str) -> String {
    browser.write(FIELD, text).await;
    browser.enter().await;
    let sent = gateway.heard("chat.send", 1).await;
    sent.last().unwrap()["idempotencyKey"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_newcomer_is_told_where_the_token_is_and_signs_in_with_it() {
    let Some(program) = browser::find() else { return };
    let gateway = Gateway::start(Desk::default()).await;
    let mut browser = Browser::start(program).await;
    browser.open(&format!("http://{}/", gateway.address)).await;
    browser.until_shown("gateway.auth.token").await;
    browser.write(TOKEN_FIELD, "not-the-token").await;
    browser.enter().await;
    browser.until_shown("That is not the token of this gateway").await;
    assert_eq!(gateway.with(|desk| desk.connects.len()), 0);

    browser.write(TOKEN_FIELD, TOKEN).await;
    browser.enter().await;
    browser.until_shown("Connected").await;
    let kept = browser.read(KEPT).await.to_string();
    assert!(kept.contains(DEVICE_TOKEN) && !kept.contains(TOKEN), "{kept}");

    // The next visit needs no token: the browser has one of its own, and is the same device.
    browser.open("about:blank").await;
    browser.open(&format!("http://{}/", gateway.address)).await;
    browser.until_shown("Connected").await;
    gateway.with(|desk| {
        let [first, second] = desk.connects.as_slice() else {
            panic!("{}", desk.connects.len())
        };
        assert_eq!(second.auth.device_token.as_deref(), Some(DEVICE_TOKEN));
        assert_eq!(second.auth.token, None);
        assert_eq!(
            first.device.as_ref().unwrap().id,
            second.device.as_ref().unwrap().id
        );
        assert_eq!(
            (first.client.id.as_str(), first.client.mode.name()),
            ("webchat-ui", "webchat")
        );
        assert!(first.caps.iter().any(|cap| cap == "tool-events"));
    });

    browser.click("nav button", "Sign out").await;
    browser.until_shown("Where is the token?").await;
    let kept = browser.read(KEPT).await.to_string();
    assert!(!kept.contains(DEVICE_TOKEN), "{kept}");
    browser.expect_no_fault().await;
}

#[tokio::test]
async fn a_secret_in_the_address_is_taken_out_of_it_and_never_kept() {
    let Some((_gateway, mut browser)) = sign_in(Desk::default()).await else {
        return;
    };
    let kept = browser.read(KEPT).await.to_string();
    assert!(!kept.contains(TOKEN), "{kept}");
    assert!(!browser.history().await.contains(TOKEN));
    browser.expect_no_fault().await;
}

#[tokio::test]
async fn a_reply_is_shown_while_it_is_written_with_the_tools_that_it_calls() {
    let Some((gateway, mut browser)) = sign_in(Desk::default()).await else {
        return;
    };
    let run = send(&gateway, &mut browser, "What is 6 times 7?").await;
    assert_eq!(gateway.heard("chat.send", 1).await[0]["sessionKey"], MAIN);
    gateway.tell(
        "agent",
        tool(&run, "start", &json!({"args": {"expression": "6*7"}})),
    );
    browser
        .until("document.querySelector('.tool[data-state=running]')")
        .await;
    let result = json!({"isError": false, "result": {"content": [{"type": "text", "text": "forty-two"}]}});
    gateway.tell("agent", tool(&run, "result", &result));
    browser
        .until("document.querySelector('.tool[data-state=done]')")
        .await;
    assert!(
        !browser.text("main").await.contains("forty-two"),
        "a card is closed at first"
    );
    browser.click(".tool summary", "calc").await;
    browser.until_shown("forty-two").await;
    assert!(browser.text(".tool").await.contains("6*7"));

    gateway.tell("chat", chat(&run, "delta", "It is **fo"));
    browser.until_shown("It is **fo").await;
    assert_eq!(
        browser
            .read("document.querySelectorAll('[aria-busy=true]').length")
            .await,
        1
    );
    browser
        .until("document.querySelector('button.stop').offsetParent")
        .await;
    gateway.tell("chat", chat(&run, "delta", "It is **forty-two**."));
    browser
        .until("document.querySelector('.assistant strong')?.textContent === 'forty-two'")
        .await;

    let call =
        json!({"type": "toolCall", "id": "call-1", "name": "calc", "arguments": {"expression": "6*7"}});
    let called = json!({"role": "assistant", "content": [call], "timestamp": now()});
    let answered = json!({"role": "toolResult", "toolCallId": "call-1", "toolName": "calc", "timestamp": now(),
        "content": [{"type": "text", "text": "forty-two"}]});
    gateway.with(|desk| {
        desk.transcript
            .extend([called, answered, assistant("It is **forty-two**.")])
    });
    gateway.tell("chat", chat(&run, "final", "It is **forty-two**."));
    browser.until("!document.querySelector('[aria-busy=true]')").await;
    browser
        .until("document.querySelectorAll('.message.user').length === 1")
        .await;
    browser
        .until("document.querySelectorAll('.message.assistant').length === 2")
        .await;
    assert_eq!(
        browser
            .read("document.querySelectorAll('.tool[data-state=done]').length")
            .await,
        1
    );
    assert_eq!(
        browser
            .read("document.querySelectorAll('.assistant strong').length")
            .await,
        1
    );
    browser
        .until("!document.querySelector('button.stop').offsetParent")
        .await;
    browser.expect_no_fault().await;
}

#[tokio::test]
async fn a_failed_run_says_why_and_a_stopped_one_that_it_was_stopped() {
    let Some((gateway, mut browser)) = sign_in(Desk::default()).await else {
        return;
    };
    let run = send(&gateway, &mut browser, "hello").await;
    let failed = json!({"runId": run, "sessionKey": MAIN, "seq": 2, "state": "error", "errorMessage": "the model is away"});
    gateway.tell("chat", failed);
    browser
        .until("document.querySelector('.message .error')?.innerText === 'the model is away'")
        .await;

    browser.write(FIELD, "again").await;
    browser.enter().await;
    let sent = gateway.heard("chat.send", 2).await;
    let run = sent[1]["idempotencyKey"].as_str().unwrap();
    browser.click("button.stop", "Stop").await;
    assert_eq!(gateway.heard("chat.abort", 1).await[0]["sessionKey"], MAIN);
    gateway.tell(
        "chat",
        json!({"runId": run, "sessionKey": MAIN, "seq": 2, "state": "aborted"}),
    );
    browser.until_shown("Stopped.").await;
    // The reason stays where it happened: before what was said after it.
    let order = "document.querySelector('[role=log]').innerText";
    let shown = browser.read(order).await;
    let shown = shown.as_str().unwrap();
    assert!(
        shown.find("the model is away").unwrap() < shown.find("again").unwrap(),
        "{shown}"
    );
    browser.expect_no_fault().await;
}

#[tokio::test]
async fn a_message_whose_acceptance_was_not_heard_is_sent_again_with_its_key() {
    let desk = Desk {
        cuts: 2,
        ..Desk::default()
    };
    let Some((gateway, mut browser)) = sign_in(desk).await else {
        return;
    };
    send(&gateway, &mut browser, "only once").await;
    let sent = gateway.heard("chat.send", 3).await;
    assert_eq!(sent[0], sent[1]);
    assert_eq!(sent[0], sent[2]);
    let run = sent[0]["idempotencyKey"].as_str().unwrap();
    gateway.with(|desk| desk.transcript.push(assistant("answered once")));
    browser.until_shown("Connected").await;
    gateway.tell("chat", chat(run, "final", "answered once"));
    browser.until("!document.querySelector('[aria-busy=true]')").await;
    browser
        .until("document.querySelectorAll('.message.user').length === 1")
        .await;
    browser
        .until("document.querySelectorAll('.message.assistant').length === 1")
        .await;
    browser.expect_no_fault().await;
}

#[tokio::test]
async fn a_message_outlives_a_reload_of_the_page_under_its_key() {
    let desk = Desk {
        cuts: 1,
        ..Desk::default()
    };
    let Some((gateway, mut browser)) = sign_in(desk).await else {
        return;
    };
    send(&gateway, &mut browser, "before the reload").await;
    browser.read("location.reload()").await;
    let sent = gateway.heard("chat.send", 2).await;
    assert_eq!(sent[0], sent[1]);
    browser
        .until("document.querySelectorAll('.message.user').length === 1")
        .await;
    browser.expect_no_fault().await;
}

#[tokio::test]
async fn what_others_wrote_becomes_text_and_never_markup() {
    let hostile = "<img src=x onerror=hit=1><script>hit=1</script> [one](javascript:hit=1) ![two](http://192.0.2.1/x.png)\n\n\
                   | a | b |\n|---|---|\n| <b>c</b> | `d` |\n\n- **bold** and [good](https://example.org/)\n  1. inner\n\n\
                   ```js\n</pre><script>hit=1</script>\n```\n\n> quoted\n\n<javascript:hit=1>";
    let called = json!({"role": "assistant", "timestamp": now(), "content": [
        {"type": "toolCall", "id": "1", "name": "<img src=x onerror=hit=1>", "arguments": {"a": "<script>hit=1</script>"}}]});
    let long = assistant(&"a\n".repeat(49_999));
    let mut desk = Desk::default();
    desk.transcript.extend([long, assistant(hostile), called]);
    let Some((_gateway, mut browser)) = sign_in(desk).await else {
        return;
    };
    browser.until("document.querySelector('[role=log] table')").await;
    let count = |selector: &str| format!("document.querySelectorAll('[role=log] {selector}').length");
    for (selector, expected) in [
        ("img", 0),
        ("script", 0),
        ("td b", 0),
        ("td", 2),
        ("td code", 1),
        ("li strong", 1),
        ("ul ol li", 1),
        ("pre code", 1),
        ("blockquote p", 1),
        ("iframe", 0),
        ("[onerror]", 0),
    ] {
        assert_eq!(browser.read(&count(selector)).await, expected, "{selector}");
    }
    let links = browser
        .read("[...document.querySelectorAll('[role=log] a')].map((one) => [one.href, one.rel])")
        .await;
    let rel = "noopener noreferrer nofollow";
    assert_eq!(
        links,
        json!([["http://192.0.2.1/x.png", rel], ["https://example.org/", rel]])
    );
    assert_eq!(browser.read("typeof hit").await, "undefined");
    // The browser itself refuses what the page's policy forbids.
    let refused =
        "(() => { try { document.body.innerHTML = '<b>'; return false; } catch { return true; } })()";
    assert_eq!(browser.read(refused).await, true);
}

#[tokio::test]
async fn a_page_without_webcrypto_proves_its_device_too() {
    let Some(program) = browser::find() else { return };
    let gateway = Gateway::start(Desk::default()).await;
    let mut browser = Browser::start(program).await;
    let port = gateway.address.port();
    browser
        .open(&format!("http://{ELSEWHERE}:{port}/#token={TOKEN}"))
        .await;
    browser.until_shown("Connected").await;
    assert_eq!(browser.read("typeof crypto.subtle").await, "undefined");
    assert_eq!(gateway.with(|desk| desk.connects.len()), 1);
    browser.expect_no_fault().await;
}

#[tokio::test]
async fn a_stranger_is_let_in_by_a_click() {
    let stranger = json!({"requestId": "r-1", "channel": "telegram", "channelLabel": "Telegram", "accountId": "default",
        "senderId": "7", "senderLabel": "Ada", "createdAt": now(), "lastSeenAt": now(), "expiresAt": now() + 3_600_000});
    let desk = Desk {
        senders: vec![stranger],
        ..Desk::default()
    };
    let Some((gateway, mut browser)) = sign_in(desk).await else {
        return;
    };
    browser
        .until("document.querySelector('nav .count')?.innerText === '1'")
        .await;
    browser.click("nav a", "Pairing").await;
    browser.until_shown("Ada").await;
    browser.click("button", "Approve").await;
    let approved = gateway.heard("channels.pairing.approve", 1).await;
    assert_eq!(
        approved,
        [json!({"channel": "telegram", "accountId": "default", "requestId": "r-1"})]
    );
    browser.until_shown("Ada may now write").await;
    browser.until("!document.querySelector('nav .count')").await;
    browser.expect_no_fault().await;
}

fn question(id: &str, command: &str) -> Value {
    json!({"approvalKind": "exec", "id": id, "createdAtMs": now(), "expiresAtMs": now() + 1_800_000, "request": {
        "command": command, "cwd": "/home/ada", "agentId": "main", "sessionKey": MAIN, "host": "gateway",
        "allowedDecisions": ["allow-once", "allow-always", "deny"]}})
}

#[tokio::test]
async fn a_command_is_answered_by_a_click_and_no_click_meets_another_one() {
    let desk = Desk {
        questions: vec![question("q-1", "rm -r old"), question("q-2", "make")],
        ..Desk::default()
    };
    let Some((gateway, mut browser)) = sign_in(desk).await else {
        return;
    };
    browser
        .until("document.querySelector('nav .count')?.innerText === '2'")
        .await;
    browser.click("nav a", "Commands").await;
    for text in ["rm -r old", "make", "/home/ada", MAIN] {
        browser.until_shown(text).await;
    }
    // The first of each kind belongs to the first command.
    browser.click("main button", "Deny").await;
    let answers = gateway.heard("exec.approval.resolve", 1).await;
    assert_eq!(answers, [json!({"id": "q-1", "decision": "deny"})]);
    gateway.tell(
        "exec.approval.resolved",
        json!({"id": "q-1", "decision": "deny", "resolvedBy": "WebChat"}),
    );
    let rows = "[...document.querySelectorAll('main li')]";
    let buttons = format!("{rows}.map((one) => one.querySelectorAll('button').length)");
    browser.until(&format!("String({buttons}) === '0,3'")).await;
    assert_eq!(
        browser
            .read(&format!(
                "{rows}.map((one) => one.querySelector('pre').innerText)"
            ))
            .await,
        json!(["rm -r old", "make"])
    );
    browser
        .until("document.querySelector('nav .count')?.innerText === '1'")
        .await;

    // Another one comes up, and somebody else answers it.
    gateway.with(|desk| desk.questions.push(question("q-3", "git push")));
    gateway.tell("exec.approval.requested", question("q-3", "git push"));
    browser.until_shown("git push").await;
    gateway.with(|desk| desk.questions.retain(|question| question["id"] != "q-3"));
    gateway.tell(
        "exec.approval.resolved",
        json!({"id": "q-3", "decision": "allow-once", "resolvedBy": "telegram:7"}),
    );
    browser.until_shown("Allowed once (telegram:7)").await;
    browser.expect_no_fault().await;
}

#[tokio::test]
async fn a_command_is_text_letter_by_letter_whatever_it_holds() {
    let hostile = "echo <img src=x onerror=hit=1>\u{202e}txt.\u{2066}\u{a0}\u{3164} \u{5d0}\u{5d1}";
    let desk = Desk {
        questions: vec![question("q-1", hostile)],
        ..Desk::default()
    };
    let Some((_gateway, mut browser)) = sign_in(desk).await else {
        return;
    };
    browser.click("nav a", "Commands").await;
    browser.until_shown("onerror=hit=1").await;
    assert_eq!(
        browser
            .read("document.querySelector('main pre').textContent")
            .await,
        "echo <img src=x onerror=hit=1>\\u{202e}txt.\\u{2066}\\u{a0}\\u{3164} \u{5d0}\u{5d1}"
    );
    assert_eq!(
        browser.read("document.querySelectorAll('main img').length").await,
        0
    );
    assert_eq!(browser.read("typeof hit").await, "undefined");
    let order = "getComputedStyle(document.querySelector('main pre bdo')).unicodeBidi";
    assert!(browser.read(order).await.as_str().unwrap().contains("override"));
    browser.expect_no_fault().await;
}

#[tokio::test]
async fn an_extension_is_shown_with_what_it_may_reach() {
    let calc = json!({"id": "calc", "name": "Calculator", "version": "1.2.0", "tools": [{"name": "calc"}],
        "reach": [{"severity": "plain", "text": "read its own settings"}, {"severity": "danger", "text": "reveal a secret"}],
        "limits": [{"severity": "plain", "text": "100 ms of CPU per call"}], "granted": true,
        "directories": [{"guest": "/notes", "path": "/home/ada/notes"}]});
    let idle = json!({"id": "idle", "name": "Idle", "granted": false, "enabled": false,
        "asks": [{"severity": "caution", "text": "reach any host"}]});
    let desk = Desk {
        plugins: vec![calc, idle],
        ..Desk::default()
    };
    let Some((_gateway, mut browser)) = sign_in(desk).await else {
        return;
    };
    browser.click("nav a", "Extensions").await;
    for text in [
        "Calculator",
        "1.2.0",
        "read its own settings",
        "Danger: reveal a secret",
        "100 ms of CPU",
        "Tools: calc",
        "/notes is /home/ada/notes",
        "It was granted nothing",
        "Caution: reach any host",
    ] {
        browser.until_shown(text).await;
    }
    browser.expect_no_fault().await;
}

#[tokio::test]
async fn a_view_is_offered_only_if_the_gateway_has_its_methods() {
    let desk = Desk {
        methods: vec!["chat.history", "chat.send"],
        ..Desk::default()
    };
    let Some((gateway, mut browser)) = sign_in(desk).await else {
        return;
    };
    let tabs = browser
        .read("[...document.querySelectorAll('nav a')].map((one) => one.innerText)")
        .await;
    assert_eq!(tabs, json!(["Chat"]));
    send(&gateway, &mut browser, "hello").await;
    browser.until("document.querySelector('[aria-busy=true]')").await;
    assert_eq!(
        browser
            .read("document.querySelector('button.stop').offsetParent === null")
            .await,
        true
    );
    browser.expect_no_fault().await;
}

#[tokio::test]
async fn a_silent_connection_is_given_up_and_what_was_missed_is_fetched() {
    let desk = Desk {
        tick_ms: 150,
        ..Desk::default()
    };
    let Some((gateway, mut browser)) = sign_in(desk).await else {
        return;
    };
    // What comes from here on is not in the first answer.
    gateway.heard("chat.history", 1).await;
    gateway.with(|desk| desk.transcript.push(assistant("said while nobody listened")));
    browser.until_shown("said while nobody listened").await;
    assert!(gateway.with(|desk| desk.connects.len()) >= 2);
    browser.expect_no_fault().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_with_a_tool_through_the_real_gateway_is_there_after_a_reload() {
    let Some(program) = browser::find() else { return };
    let house = House::start().await;
    let mut browser = Browser::start(program).await;
    let address = format!("http://{}/", house.address);
    browser.open(&address).await;
    browser.write(TOKEN_FIELD, TOKEN).await;
    browser.enter().await;
    browser.until_shown("Connected").await;
    browser.write(FIELD, "tool: session_status {}").await;
    browser.enter().await;
    let seen = [
        "document.querySelector('.tool[data-state=done] summary')?.innerText.includes('session_status')",
        "document.querySelectorAll('.message.assistant').length === 2",
        "!document.querySelector('[aria-busy]')",
        "document.querySelectorAll('.message.user').length === 1",
    ];
    for expression in seen {
        browser.until(expression).await;
    }
    let before = browser.text("[role=log]").await;
    assert!(!browser.read(KEPT).await.to_string().contains(TOKEN));

    // The browser now has a token of its own, and the transcript is the gateway's.
    browser.open("about:blank").await;
    browser.open(&address).await;
    browser.until_shown("Connected").await;
    for expression in seen {
        browser.until(expression).await;
    }
    assert_eq!(browser.text("[role=log]").await, before);

    browser.click("nav a", "Pairing").await;
    browser.until_shown("Devices that may connect").await;
    browser.until_shown("WebChat").await;
    browser.click("nav a", "Status").await;
    browser.until_shown("Running for").await;
    browser.expect_no_fault().await;
}
