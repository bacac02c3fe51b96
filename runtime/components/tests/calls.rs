//! What a tool is given, what comes back, and that calls know nothing of each other.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use common::{grant, program, skill, start, start_with, text, tool};
use openclaw_components::{CallContext, Error, Progress, Stop};
use openclaw_policy::Choice;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_gets_its_arguments_and_its_answer_comes_back() {
    let fixture = start().await;
    let echo = tool(
        "echo",
        "",
        "",
        "(call $say (local.get $args) (local.get $args_len))",
    );
    let installed = fixture.add("echo", &echo, json!({})).await;
    assert_eq!(installed.tools.len(), 1);
    assert_eq!(
        installed.tools.first().unwrap().description,
        "A tool of the tests."
    );
    let arguments = r#"{"a": 1}"#;
    let output = fixture
        .host
        .call("echo", arguments, CallContext::default(), None)
        .await
        .unwrap();
    assert_eq!(text(&output), arguments);
    assert!(!output.is_error);
    let wrong = fixture
        .host
        .call("echo", "[1]", CallContext::default(), None)
        .await;
    assert!(matches!(wrong, Err(Error::Arguments { .. })), "{wrong:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_a_call_is_left_for_the_next() {
    let fixture = start().await;
    let call = "(local.set $n (i32.add (i32.load8_u (i32.const 1000)) (i32.const 1)))
        (i32.store8 (i32.const 1000) (local.get $n))
        (call $say (i32.const 1000) (i32.const 1))";
    fixture
        .add(
            "counter",
            &tool("count", "", r#"(data (i32.const 1000) "0")"#, call),
            json!({}),
        )
        .await;
    for _ in 0..20 {
        assert_eq!(text(&fixture.call("count").await.unwrap()), "1");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trap_ends_its_call_and_the_next_is_well() {
    let fixture = start().await;
    let call = "(if (i32.gt_u (local.get $args_len) (i32.const 2)) (then unreachable))";
    fixture.add("trap", &tool("trap", "", "", call), json!({})).await;
    let ended = fixture
        .host
        .call("trap", r#"{"x":1}"#, CallContext::default(), None)
        .await;
    match ended {
        Err(Error::Trap { what, .. }) => assert!(what.contains("unreachable"), "{what}"),
        other => panic!("{other:?}"),
    }
    fixture.call("trap").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_of_the_standard_is_a_tool() {
    let fixture = start_with(|options| {
        options.environment.insert("SHOWN".to_owned(), "yes".to_owned());
        options.environment.insert("HIDDEN".to_owned(), "no".to_owned());
    })
    .await;
    let source = r#"
        use std::io::Read as _;
        fn main() {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).unwrap();
            let env = ["SHOWN", "HIDDEN"].map(|name| std::env::var(name).is_ok());
            println!("{} {env:?} {:?}", text.to_uppercase(), std::fs::read_dir("/").is_ok());
            eprintln!("noted");
            if text.contains("fail") {
                std::process::exit(3);
            }
        }"#;
    let asks = json!({"description": "Shouts.", "capabilities": {"env": ["SHOWN"]}});
    let installed = fixture.add("shout", &program(source), asks).await;
    assert_eq!(installed.tools.first().unwrap().description, "Shouts.");
    let call = |arguments| {
        fixture
            .host
            .call("shout", arguments, CallContext::default(), None)
    };
    let output = call(r#"{"a":"b"}"#).await.unwrap();
    assert_eq!(text(&output), "{\"A\":\"B\"} [true, false] false\n");
    assert_eq!((output.printed.as_str(), output.is_error), ("noted\n", false));
    assert!(call(r#"{"a":"fail"}"#).await.unwrap().is_error);
}

const CALL: &str = r#"(import "openclaw:tools/calls@0.1.0" "call" (func $call (param i32 i32 i32 i32 i32)))"#;
const FORWARD: &str = r#"
    (call $call (i32.const 1000) (i32.const 4) (local.get $args) (local.get $args_len) (i32.const 2000))
    (return (i32.const 2000))"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_calls_another_by_the_alias_that_was_granted() {
    let fixture = start_with(|options| options.calls = 1).await;
    let data = r#"(data (i32.const 1000) "next")"#;
    let asks = json!({"capabilities": {"tools": {"next": "echo"}}});
    let installed = fixture
        .add("front", &tool("front", CALL, data, FORWARD), asks)
        .await;
    let missing = fixture.call("front").await;
    assert!(
        matches!(&missing, Err(Error::Failed { failure, .. }) if failure.code == "not-found"),
        "{missing:?}"
    );
    let echo = tool(
        "echo",
        "",
        "",
        "(call $say (local.get $args) (local.get $args_len))",
    );
    fixture.add("echo", &echo, json!({})).await;
    // There is one place in all: the inner call stands on the outer one's.
    assert_eq!(text(&fixture.call("front").await.unwrap()), "{}");
    fixture
        .host
        .enable(&installed, grant(&installed, Choice::None), json!({}))
        .await
        .unwrap();
    let denied = fixture.call("front").await;
    assert!(
        matches!(&denied, Err(Error::Failed { failure, .. }) if failure.code == "denied"),
        "{denied:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_tool_calls_computes_on_the_callers_budget() {
    let fixture = start().await;
    let data = r#"(data (i32.const 1000) "next")"#;
    let asks = json!({"capabilities": {"tools": {"next": "spin"}}, "limits": {"cpu": "100 ms"}});
    fixture
        .add("front", &tool("front", CALL, data, FORWARD), asks)
        .await;
    let spinner = tool("spin", "", "", "(loop $on (br $on))");
    fixture
        .add("spinner", &spinner, json!({"limits": {"cpu": "20 s"}}))
        .await;
    match fixture.call("front").await {
        Err(Error::Stopped {
            extension,
            stop: Stop::Limit(setting),
        }) => assert_eq!((extension.as_str(), setting.amount.get()), ("front", 100)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tools_that_call_each_other_in_a_circle_end() {
    let fixture = start().await;
    let data = r#"(data (i32.const 1000) "next")"#;
    let asks = json!({"capabilities": {"tools": {"next": "front"}}});
    fixture
        .add("front", &tool("front", CALL, data, FORWARD), asks)
        .await;
    let ended = fixture.call("front").await;
    assert!(
        matches!(&ended, Err(Error::Failed { failure, .. }) if failure.code == "too-large"),
        "{ended:?}"
    );
}

const KV: &str = r#"
    (import "openclaw:kv/store@0.1.0" "get" (func $get (param i32 i32 i32)))
    (import "openclaw:kv/store@0.1.0" "set" (func $set (param i32 i32 i32 i32 i32)))"#;
/// Says what was kept under "k", then keeps its arguments there; a failure of that says its message.
const KEEP: &str = r#"
    (call $get (i32.const 1000) (i32.const 1) (i32.const 2000))
    (if (i32.load8_u (i32.const 2000))
        (then (call $say (i32.load (i32.const 2012)) (i32.load (i32.const 2016))))
        (else (if (i32.load8_u (i32.const 2008))
            (then (call $say (i32.load (i32.const 2012)) (i32.load (i32.const 2016)))))))
    (call $set (i32.const 1000) (i32.const 1) (local.get $args) (local.get $args_len) (i32.const 3000))
    (if (i32.load8_u (i32.const 3000))
        (then (call $say (i32.load (i32.const 3012)) (i32.load (i32.const 3016)))))"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_is_kept_between_calls_within_its_quota() {
    let fixture = start().await;
    let asks = json!({"capabilities": {"kv": {"quota": "20 B"}}});
    let component = tool("keep", KV, r#"(data (i32.const 1000) "k")"#, KEEP);
    let installed = fixture.add("keeper", &component, asks).await;
    let call = |arguments| fixture.host.call("keep", arguments, CallContext::default(), None);
    assert!(call(r#"{"a":1}"#).await.unwrap().content.is_empty());
    assert_eq!(text(&call("{}").await.unwrap()), r#"{"a":1}"#);
    let full = call(r#"{"a":"0123456789012345"}"#).await.unwrap();
    assert!(text(&full).contains("may hold 20"), "{full:?}");
    fixture
        .host
        .enable(&installed, grant(&installed, Choice::None), json!({}))
        .await
        .unwrap();
    let denied = call("{}").await.unwrap();
    assert!(text(&denied).contains("capabilities.kv"), "{denied:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_are_read_by_pointer() {
    let fixture = start().await;
    let imports = r#"(import "openclaw:config/settings@0.1.0" "read" (func $read (param i32 i32 i32)))"#;
    let call = "(call $read (i32.const 1000) (i32.const 5) (i32.const 2000))
        (call $say (i32.load (i32.const 2012)) (i32.load (i32.const 2016)))";
    fixture
        .add(
            "city",
            &tool("city", imports, r#"(data (i32.const 1000) "/city")"#, call),
            json!({}),
        )
        .await;
    assert_eq!(text(&fixture.call("city").await.unwrap()), r#""Graz""#);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn progress_reaches_the_caller_and_a_full_channel_holds_nobody_up() {
    let fixture = start().await;
    let imports = r#"(import "openclaw:progress/report@0.1.0" "output" (func $output (param i32 i32 i32)))"#;
    let call = "(loop $on
        (call $output (i32.const 0) (i32.const 100) (i32.const 6))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if $on (i32.lt_u (local.get $n) (i32.const 10))))";
    fixture
        .add("busy", &tool("busy", imports, "", call), json!({}))
        .await;
    let (sender, mut receiver) = tokio::sync::mpsc::channel(3);
    fixture
        .host
        .call("busy", "{}", CallContext::default(), Some(sender))
        .await
        .unwrap();
    let mut seen = Vec::new();
    while let Some(progress) = receiver.recv().await {
        seen.push(progress);
    }
    let piece = Progress::Output {
        is_diagnostic: false,
        text: "A tool".to_owned(),
    };
    assert_eq!(seen, vec![piece; 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_beyond_the_log_budget_are_dropped_and_counted() {
    let fixture = start().await;
    let imports = r#"(import "openclaw:log/lines@0.1.0" "write" (func $write (param i32 i32 i32 i32 i32)))"#;
    let call = "(loop $on
        (call $write (i32.const 2) (i32.const 100) (i32.const 9) (i32.const 0) (i32.const 0))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if $on (i32.lt_u (local.get $n) (i32.const 10))))";
    fixture
        .add(
            "busy",
            &tool("busy", imports, "", call),
            json!({"limits": {"log": "50 B"}}),
        )
        .await;
    assert_eq!(fixture.call("busy").await.unwrap().lost_lines, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_of_another_extension_is_not_taken_over() {
    let fixture = start().await;
    let component = tool("echo", "", "", "");
    fixture.add("one", &component, json!({})).await;
    let second = fixture
        .host
        .install(&fixture.package("two", &component, &json!({})))
        .await
        .unwrap();
    let taken = fixture
        .host
        .enable(&second, grant(&second, Choice::All), json!({}))
        .await;
    assert!(matches!(taken, Err(Error::Taken { .. })), "{taken:?}");
    fixture.host.disable(&"one".parse().unwrap());
    fixture
        .host
        .enable(&second, grant(&second, Choice::All), json!({}))
        .await
        .unwrap();
    let names: Vec<_> = fixture
        .host
        .tools()
        .into_iter()
        .map(|(id, _)| id.to_string())
        .collect();
    assert_eq!(names, ["two"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_is_told_who_asked() {
    let fixture = start().await;
    let imports = r#"
        (import "openclaw:context/call@0.1.0" "current" (func $current (result i32)))
        (import "openclaw:context/call@0.1.0" "[method]context.sender" (func $sender (param i32 i32)))"#;
    let call = "(call $sender (call $current) (i32.const 2000))
        (if (i32.load8_u (i32.const 2000))
            (then (call $say (i32.load (i32.const 2004)) (i32.load (i32.const 2008)))))";
    fixture
        .add("who", &tool("who", imports, "", call), json!({}))
        .await;
    let context = CallContext {
        sender: Some("ada".to_owned()),
        ..CallContext::default()
    };
    let output = fixture.host.call("who", "{}", context, None).await.unwrap();
    assert_eq!(text(&output), "ada");
    assert!(fixture.call("who").await.unwrap().content.is_empty());
}

/// Without arguments it writes "A tool" and says the reference; with a reference it says what stands there.
fn media_tool(name: &str) -> Vec<u8> {
    let imports = r#"
        (import "openclaw:media/store@0.1.0" "create"
            (func $create (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i32 i32 i32 i32 i32 i32 i32 i32)))
        (import "openclaw:media/store@0.1.0" "open" (func $open (param i32 i32 i32)))
        (import "openclaw:media/types@0.1.0" "[method]media-writer.write" (func $write (param i32 i32 i32 i32)))
        (import "openclaw:media/types@0.1.0" "[method]media-writer.commit" (func $commit (param i32 i32)))
        (import "openclaw:media/types@0.1.0" "[method]media-reader.read" (func $read (param i32 i32 i32)))"#;
    let call = r"
        (if (i32.eq (local.get $args_len) (i32.const 2))
            (then
                (call $create (i32.const 6) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
                    (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0)
                    (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 2000))
                (call $write (i32.load (i32.const 2008)) (i32.const 100) (i32.const 6) (i32.const 3000))
                (call $commit (i32.load (i32.const 2008)) (i32.const 3000))
                (call $say (i32.load (i32.const 3008)) (i32.load (i32.const 3012))))
            (else
                (call $open (i32.add (local.get $args) (i32.const 6)) (i32.const 32) (i32.const 2000))
                (if (i32.load8_u (i32.const 2000))
                    (then (call $say (i32.load (i32.const 2012)) (i32.load (i32.const 2016))))
                    (else
                        (call $read (i32.load (i32.const 2008)) (i32.const 100) (i32.const 3000))
                        (call $say (i32.load (i32.const 3008)) (i32.load (i32.const 3012)))))))";
    tool(name, imports, "", call)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn media_is_opened_by_who_made_it_and_by_whom_it_was_handed_to() {
    let fixture = start().await;
    fixture.add("maker", &media_tool("make"), json!({})).await;
    fixture.add("other", &media_tool("other"), json!({})).await;
    let made = fixture.call("make").await.unwrap();
    let arguments = json!({"r": text(&made)}).to_string();
    let call = |tool: &'static str, media: Vec<String>| {
        let context = CallContext {
            media,
            ..CallContext::default()
        };
        fixture.host.call(tool, &arguments, context, None)
    };
    assert_eq!(text(&call("make", Vec::new()).await.unwrap()), "A tool");
    let refused = call("other", Vec::new()).await.unwrap();
    assert!(text(&refused).contains("no such media"), "{refused:?}");
    let handed = call("other", vec![text(&made).to_owned()]).await.unwrap();
    assert_eq!(text(&handed), "A tool");
}

/// Makes a voice message of 3 by 2 pixels with its arguments as extra facts, opens it and says these; a refusal
/// says its message.
const DESCRIBE_MEDIA: &str = r"
    (call $create (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
        (i32.const 0) (i32.const 0) (i64.const 0) (i32.const 1) (i32.const 3) (i32.const 1) (i32.const 2)
        (i32.const 1) (local.get $args) (local.get $args_len) (i32.const 2000))
    (if (i32.load8_u (i32.const 2000))
        (then (call $say (i32.load (i32.const 2012)) (i32.load (i32.const 2016))))
        (else
            (call $commit (i32.load (i32.const 2008)) (i32.const 3000))
            (call $open (i32.load (i32.const 3008)) (i32.load (i32.const 3012)) (i32.const 2000))
            (call $facts (i32.load (i32.const 2008)) (i32.const 4000))
            (if (i32.and
                    (i32.and (i32.load8_u (i32.const 4040)) (i32.eq (i32.load (i32.const 4044)) (i32.const 3)))
                    (i32.and (i32.load8_u (i32.const 4048)) (i32.eq (i32.load (i32.const 4052)) (i32.const 2))))
                (then (if (i32.load8_u (i32.const 4056))
                    (then (call $say (i32.load (i32.const 4060)) (i32.load (i32.const 4064)))))))))";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_its_author_says_about_media_is_told_to_whoever_opens_it() {
    let fixture = start().await;
    let imports = r#"
        (import "openclaw:media/store@0.1.0" "create"
            (func $create (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i32 i32 i32 i32 i32 i32 i32 i32)))
        (import "openclaw:media/store@0.1.0" "open" (func $open (param i32 i32 i32)))
        (import "openclaw:media/types@0.1.0" "[method]media-writer.commit" (func $commit (param i32 i32)))
        (import "openclaw:media/types@0.1.0" "[method]media-reader.facts" (func $facts (param i32 i32)))"#;
    let component = tool("voice", imports, "", DESCRIBE_MEDIA);
    fixture.add("voice", &component, json!({})).await;
    let host = &fixture.host;
    let call = |arguments: String| async move {
        let output = host.call("voice", &arguments, CallContext::default(), None).await;
        text(&output.unwrap()).to_owned()
    };
    let waveform = json!({"waveform": [0, 9, 255]}).to_string();
    let long = json!({"waveform": "9".repeat(4096)}).to_string();
    assert_eq!(call(waveform.clone()).await, waveform);
    assert!(call(long).await.contains("4096 bytes"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_that_was_let_go_is_mapped_again_when_it_is_called() {
    let fixture = start().await;
    let say = tool("say", "", "", "(call $say (i32.const 100) (i32.const 6))");
    fixture.add("say", &say, json!({})).await;
    for _ in 0..3 {
        assert_eq!(text(&fixture.call("say").await.unwrap()), "A tool");
        fixture.host.drop_idle(std::time::Duration::ZERO);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_skill_gives_its_instructions_and_a_tool_has_none() {
    let fixture = start().await;
    let package = fixture.package("dice", &skill("roll", "Roll twice."), &json!({}));
    let refused = fixture.host.install(&package).await.unwrap_err();
    assert!(refused.to_string().contains("SKILL.md"), "{refused}");
    std::fs::write(package.join("SKILL.md"), "---\nname: dice\n---\n").unwrap();
    let installed = fixture.host.install(&package).await.unwrap();
    let id = installed.manifest.id.clone();
    let all = grant(&installed, Choice::All);
    fixture.host.enable(&installed, all, json!({})).await.unwrap();
    let instructions = fixture.host.instructions(&id, CallContext::default()).await;
    assert_eq!(instructions.unwrap(), "Roll twice.");
    fixture.call("roll").await.unwrap();

    let echo = fixture.add("echo", &tool("echo", "", "", ""), json!({})).await;
    let none = fixture
        .host
        .instructions(&echo.manifest.id, CallContext::default());
    assert!(matches!(none.await, Err(Error::NoSkill { .. })));
}
