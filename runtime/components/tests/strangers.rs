//! What strangers' components try, and what a crash, an update or a slow compiler leaves behind.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use common::{Fixture, compiler, grant, limit, program, start, start_with, text, tool};
use openclaw_components::{CallContext, Compiler, Error, Host, Options};
use openclaw_policy::{Choice, Limit};
use openclaw_state::State;
use serde_json::json;

const CREATE: &str = r#"
    (import "openclaw:media/store@0.1.0" "create"
        (func $create (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i32 i32 i32 i32 i32 i32 i32 i32)))
    (import "openclaw:media/types@0.1.0" "[method]media-writer.commit" (func $commit (param i32 i32)))"#;
const CREATE_ONE: &str = "(call $create (i32.const 6) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
    (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
    (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 2000))";
const CALL: &str = r#"(import "openclaw:tools/calls@0.1.0" "call" (func $call (param i32 i32 i32 i32 i32)))"#;
const NEXT: &str = r#"(data (i32.const 1000) "next")"#;
const SAY: &str = "(call $say (i32.const 100) (i32.const 6))";

fn files_in(folder: &Path, kind: &str) -> usize {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    names
        .filter(|path| path.extension().is_some_and(|found| found == kind))
        .count()
}

/// A tool that was granted nothing must not use up the gateway's file descriptors: each writer holds one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_call_cannot_take_the_descriptors_of_the_process() {
    let fixture = start().await;
    let call = format!(
        "(loop $on {CREATE_ONE}
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br_if $on (i32.lt_u (local.get $n) (i32.const 2000))))
        (loop $for_ever (br $for_ever))"
    );
    let hoarder = tool("hoard", CREATE, "", &call);
    fixture
        .add(
            "hoarder",
            &hoarder,
            json!({"limits": {"cpu": "3 s", "deadline": "15 s"}}),
        )
        .await;
    let open = || fs::read_dir("/proc/self/fd").unwrap().count();
    let before = open();
    let host = fixture.host.clone();
    let held = tokio::spawn(async move { host.call("hoard", "{}", CallContext::default(), None).await });
    let mut most = 0;
    while !held.is_finished() {
        most = most.max(open());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(most < before + 300, "{} descriptors for one call", most - before);
}

/// Empty pieces of media cost two files each, so they count.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn empty_media_has_a_quota_too() {
    let fixture = start_with(|options| options.media_quota = 1 << 10).await;
    let call = format!(
        "(loop $on {CREATE_ONE}
            (if (i32.eqz (i32.load8_u (i32.const 2000)))
                (then (call $commit (i32.load (i32.const 2008)) (i32.const 3000))))
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br_if $on (i32.lt_u (local.get $n) (i32.const 1500))))"
    );
    fixture
        .add(
            "litter",
            &tool("litter", CREATE, "", &call),
            json!({"limits": {"cpu": "20 s", "deadline": "60 s"}}),
        )
        .await;
    for _ in 0..3 {
        let _ = fixture.call("litter").await;
    }
    let pieces = files_in(&fixture.folder.path().join("host/media"), "json");
    assert!(pieces <= 1000, "{pieces} pieces under a quota of 1 KiB");
}

/// A component that imports wasi:http and was built against another 0.2.x than the linker's has the rest of the
/// standard all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_for_http_keeps_the_rest_of_the_standard() {
    let text = r#"(component
        (import "wasi:http/types@0.2.0" (instance $http (export "fields" (type (sub resource)))))
        (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock (export "now" (func (result u64)))))
        (core func $now (canon lower (func $clock "now")))
        (core module $m
            (import "" "now" (func $now (result i64)))
            (func (export "run") (result i32) (drop (call $now)) (i32.const 0)))
        (core instance $m (instantiate $m (with "" (instance (export "now" (func $now))))))
        (func $run (result (result)) (canon lift (core func $m "run")))
        (instance $run (export "run" (func $run)))
        (export "wasi:cli/run@0.2.0" (instance $run)))"#;
    let fixture = start().await;
    fixture
        .add("client", &wat::parse_str(text).unwrap(), json!({}))
        .await;
    let output = fixture.call("client").await.unwrap();
    assert!(!output.is_error);
}

/// Names are compared in this process, so long ones must cost no more than short ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_names_of_imports_are_refused_at_once() {
    let fixture = start().await;
    let mut text = "(component".to_owned();
    for number in 0..5 {
        text += &format!(
            r#"(import "acme:{}{number}/api@1.0.0" (instance))"#,
            "a".repeat(99_000)
        );
    }
    let component = wat::parse_str(text + ")").unwrap();
    let package = fixture.package("long", &component, &json!({}));
    let begun = Instant::now();
    let refused = fixture.host.install(&package).await;
    assert!(matches!(refused, Err(Error::Imports(_))));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

/// Random bytes are made by the host, and cost what its other bytes cost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_bytes_are_bytes_in() {
    let text = r#"(component
        (import "wasi:random/random@0.2.0" (instance $random
            (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
        (core module $libc
            (memory (export "memory") 40)
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536)))
        (core instance $libc (instantiate $libc))
        (core func $get (canon lower (func $random "get-random-bytes")
            (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
        (core module $m
            (import "" "get" (func $get (param i64 i32)))
            (func (export "run") (result i32) (call $get (i64.const 1000000) (i32.const 16)) (i32.const 0)))
        (core instance $m (instantiate $m (with "" (instance (export "get" (func $get))))))
        (func $run (result (result)) (canon lift (core func $m "run")))
        (instance $run (export "run" (func $run)))
        (export "wasi:cli/run@0.2.0" (instance $run)))"#;
    let fixture = start().await;
    let asks = json!({"limits": {"bytesIn": "10 KiB"}});
    fixture.add("dice", &wat::parse_str(text).unwrap(), asks).await;
    assert_eq!(limit(fixture.call("dice").await), Limit::BytesIn);
}

/// The compiler, behind a shell that does something else first while a file exists.
fn slowed(flag: &Path, first: &str) -> Compiler {
    let real = compiler();
    let script = format!(
        "if [ -e '{}' ]; then {first}; fi; exec '{}' \"$@\"",
        flag.display(),
        real.program.display()
    );
    Compiler {
        program: "/bin/sh".into(),
        args: vec!["-c".into(), script.into(), "sh".into()],
        limits: real.limits,
    }
}

fn drop_compiled(fixture: &Fixture) {
    for entry in fs::read_dir(fixture.folder.path().join("host/compiled")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some() {
            fs::remove_file(path).unwrap();
        }
    }
    fixture.host.drop_idle(Duration::ZERO);
}

/// After an update of openclaw nothing in the cache fits. A compilation that takes longer than a call may must
/// not end with the call.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compiling_anew_outlives_the_call_that_needed_it() {
    let flags = tempfile::tempdir().unwrap();
    let flag = flags.path().join("slow");
    let fixture = start_with(|options| options.compiler = slowed(&flag, "/bin/sleep 2")).await;
    let asks = json!({"limits": {"deadline": "500 ms"}});
    fixture.add("large", &tool("large", "", "", SAY), asks).await;
    fs::write(&flag, "").unwrap();
    drop_compiled(&fixture);
    let begun = Instant::now();
    let mut answered = false;
    while !answered && begun.elapsed() < Duration::from_secs(60) {
        answered = fixture.call("large").await.is_ok();
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert!(answered);
}

/// Media is handed on by whoever may open it, and not by whoever can spell its name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn media_that_is_only_named_is_not_handed_over() {
    let fixture = start().await;
    let make = format!(
        "{CREATE_ONE} (call $commit (i32.load (i32.const 2008)) (i32.const 3000))
        (call $say (i32.load (i32.const 3008)) (i32.load (i32.const 3012)))"
    );
    fixture
        .add("maker", &tool("make", CREATE, "", &make), json!({}))
        .await;
    let launder = "(i32.store8 (i32.const 500) (i32.const 1))
        (call $say (i32.add (local.get $args) (i32.const 6)) (i32.const 32))";
    fixture
        .add("launderer", &tool("launder", "", "", launder), json!({}))
        .await;
    let imports =
        format!(r#"{CALL} (import "openclaw:media/store@0.1.0" "open" (func $open (param i32 i32 i32)))"#);
    let steal =
        "(call $call (i32.const 1000) (i32.const 4) (local.get $args) (local.get $args_len) (i32.const 2000))
        (call $open (i32.add (local.get $args) (i32.const 6)) (i32.const 32) (i32.const 3000))
        (if (i32.load8_u (i32.const 3000))
            (then (call $say (i32.load (i32.const 3012)) (i32.load (i32.const 3016))))
            (else (call $say (i32.const 100) (i32.const 6))))";
    let asks = json!({"capabilities": {"tools": {"next": "launder"}}});
    fixture
        .add("thief", &tool("steal", &imports, NEXT, steal), asks)
        .await;
    let made = fixture.call("make").await.unwrap();
    let arguments = json!({"r": text(&made)}).to_string();
    let stolen = fixture
        .host
        .call("steal", &arguments, CallContext::default(), None)
        .await
        .unwrap();
    assert!(text(&stolen).contains("no such media"), "{stolen:?}");
}

/// A call that waits for a place while its grant is taken away must not use it afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoke_reaches_the_calls_that_wait() {
    let fixture = start().await;
    let imports = r#"(import "openclaw:kv/store@0.1.0" "get" (func $get (param i32 i32 i32)))
        (import "openclaw:progress/report@0.1.0" "output" (func $output (param i32 i32 i32)))"#;
    let call = "(if (i32.gt_u (local.get $args_len) (i32.const 2))
            (then (call $output (i32.const 0) (i32.const 100) (i32.const 6)) (loop $on (br $on))))
        (call $get (i32.const 1000) (i32.const 1) (i32.const 2000))
        (if (i32.load8_u (i32.const 2000))
            (then (call $say (i32.load (i32.const 2012)) (i32.load (i32.const 2016))))
            (else (call $say (i32.const 100) (i32.const 6))))";
    let asks =
        json!({"capabilities": {"kv": {"quota": "1 KiB"}}, "limits": {"cpu": "20 s", "concurrency": 1}});
    let component = tool("look", imports, r#"(data (i32.const 1000) "k")"#, call);
    let installed = fixture.add("looker", &component, asks).await;
    let begin = |arguments: &'static str, progress| {
        let host = fixture.host.clone();
        tokio::spawn(async move {
            host.call("look", arguments, CallContext::default(), progress)
                .await
        })
    };
    let (sender, mut begun) = tokio::sync::mpsc::channel(1);
    let spinning = begin(r#"{"a":1}"#, Some(sender));
    begun.recv().await.unwrap();
    let waiting = begin("{}", None);
    tokio::time::sleep(Duration::from_millis(200)).await;
    fixture
        .host
        .enable(&installed, grant(&installed, Choice::None), json!({}))
        .await
        .unwrap();
    // Its place is free only now.
    spinning.abort();
    assert!(spinning.await.unwrap_err().is_cancelled());
    let answer = waiting.await.unwrap().unwrap();
    assert!(text(&answer).contains("capabilities.kv"), "{answer:?}");
}

/// What a tool says when it fails is output too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_beyond_the_limit_of_output_ends_the_call() {
    let fixture = start().await;
    let call = "(i32.store8 (i32.const 400) (i32.const 1))
        (i32.store (i32.const 412) (i32.const 1000))
        (i32.store (i32.const 416) (i32.const 60000))";
    let asks = json!({"limits": {"output": "10 KiB"}});
    fixture.add("moaner", &tool("moan", "", "", call), asks).await;
    assert_eq!(limit(fixture.call("moan").await), Limit::Output);
}

/// So are parts with nothing in them, and the name of what was spilled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn empty_parts_and_long_references_are_output() {
    let fixture = start().await;
    let asks = || json!({"limits": {"output": "10 KiB"}});
    // 1500 parts of 36 bytes each, all zero: empty texts.
    let parts = "(i32.store (i32.const 408) (i32.const 72000)) (i32.store (i32.const 412) (i32.const 1500))";
    fixture
        .add("hollow", &tool("hollow", "", "", parts), asks())
        .await;
    // The output is at 408: content, structured at 416, is-error at 428, spilled at 432 with its media at 440.
    let spill = "(i32.store8 (i32.const 432) (i32.const 1))
        (i32.store (i32.const 440) (i32.const 1000)) (i32.store (i32.const 444) (i32.const 60000))";
    fixture
        .add("spiller", &tool("spill", "", "", spill), asks())
        .await;
    for name in ["hollow", "spill"] {
        let ended = fixture.call(name).await;
        assert!(matches!(ended, Err(Error::Stopped { .. })), "{name}");
    }
}

/// Two calls of one tool by another are two actions.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_inner_call_has_an_idempotency_key_of_its_own() {
    let fixture = start().await;
    let imports = r#"
        (import "openclaw:context/call@0.1.0" "current" (func $current (result i32)))
        (import "openclaw:context/call@0.1.0" "[method]context.idempotency-key" (func $key (param i32 i32)))"#;
    let call = "(call $key (call $current) (i32.const 2000))
        (call $say (i32.load (i32.const 2000)) (i32.load (i32.const 2004)))";
    fixture
        .add("keyed", &tool("keyed", imports, "", call), json!({}))
        .await;
    // Without arguments the answer is the first inner call's, with some the second's.
    let call = "(call $call (i32.const 1000) (i32.const 4) (i32.const 140) (i32.const 2) (i32.const 2000))
        (call $call (i32.const 1000) (i32.const 4) (i32.const 140) (i32.const 2) (i32.const 3000))
        (return (select (i32.const 2000) (i32.const 3000) (i32.eq (local.get $args_len) (i32.const 2))))";
    let asks = json!({"capabilities": {"tools": {"next": "keyed"}}});
    fixture.add("front", &tool("front", CALL, NEXT, call), asks).await;
    let ask = |arguments: &'static str| {
        let context = CallContext {
            idempotency_key: Some("K".to_owned()),
            ..CallContext::default()
        };
        fixture.host.call("front", arguments, context, None)
    };
    let (first, second) = (ask("{}").await.unwrap(), ask(r#"{"a":1}"#).await.unwrap());
    assert_ne!(text(&first), text(&second));
    let again = ask("{}").await.unwrap();
    assert_eq!(
        text(&first),
        text(&again),
        "a second attempt at the whole repeats its keys"
    );
}

/// A tool for owners is for owners, whoever calls it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_for_owners_is_not_reached_through_another() {
    let fixture = start().await;
    // The traits are the last field of the description at 200: one, at 992, which is owner-only.
    let data = r#"(data (i32.const 248) "\e0\03\00\00\01\00\00\00") (data (i32.const 992) "\04")"#;
    let installed = fixture.add("safe", &tool("safe", "", data, SAY), json!({})).await;
    assert!(!installed.tools[0].traits.is_empty());
    let call = "(call $call (i32.const 1000) (i32.const 4) (i32.const 140) (i32.const 2) (i32.const 2000))
        (return (i32.const 2000))";
    let asks = json!({"capabilities": {"tools": {"next": "safe"}}});
    fixture.add("front", &tool("front", CALL, NEXT, call), asks).await;
    let stranger = fixture.call("front").await;
    assert!(
        matches!(&stranger, Err(Error::Failed { failure, .. }) if failure.code == "denied"),
        "{stranger:?}"
    );
    let context = CallContext {
        is_owner: true,
        ..CallContext::default()
    };
    fixture.host.call("front", "{}", context, None).await.unwrap();
}

/// One slow installation must not hold up the removal of something else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_extension_is_removed_while_another_is_compiled() {
    let flags = tempfile::tempdir().unwrap();
    let flag = flags.path().join("slow");
    let fixture = start_with(|options| options.compiler = slowed(&flag, "/bin/sleep 60")).await;
    fixture.add("bad", &tool("bad", "", "", SAY), json!({})).await;
    fs::write(&flag, "").unwrap();
    let package = fixture.package("slow", &tool("slow", "", "", ""), &json!({}));
    let host = fixture.host.clone();
    let installing = tokio::spawn(async move { host.install(&package).await.map(drop) });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let id = "bad".parse().unwrap();
    let removed = tokio::time::timeout(Duration::from_secs(20), fixture.host.uninstall(&id)).await;
    installing.abort();
    assert!(removed.is_ok(), "it waits for the compiler of another");
}

/// Compiled code of what is not installed is not kept: after a refusal, an update, a crash.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cache_holds_what_is_installed_and_nothing_else() {
    let fixture = start().await;
    let compiled = fixture.folder.path().join("host/compiled");
    let package = fixture.package(
        "demo",
        &tool("demo", "", "", ""),
        &json!({"contracts": {"tools": ["other"]}}),
    );
    assert!(fixture.host.install(&package).await.is_err());
    let refused = files_in(&compiled, "cwasm");
    fixture.add("demo", &tool("demo", "", "", SAY), json!({})).await;
    fixture
        .add("demo", &tool("demo", "", "", "(nop)"), json!({}))
        .await;
    let updated = files_in(&compiled, "cwasm");
    assert_eq!((refused, updated), (0, 1));
}

async fn start_again(folder: &Path) -> Result<Host, Error> {
    // A state that was dropped gives its folder back when its last change is on the disk.
    let state = loop {
        match State::open(openclaw_state::Options::new(folder.join("state"), str::to_owned)) {
            Ok(state) => break state,
            Err(openclaw_state::Error::Locked { .. }) => tokio::time::sleep(Duration::from_millis(10)).await,
            Err(other) => panic!("{other}"),
        }
    };
    Host::start(Options::new(folder.join("host"), compiler(), state)).await
}

/// What a killed compilation left behind is swept away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_of_the_compiler_does_not_outlive_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    drop(start_again(folder.path()).await.unwrap());
    let draft = folder
        .path()
        .join("host/compiled/draft-00000000000000000000000000000001");
    fs::write(&draft, "cut off").unwrap();
    let _host = start_again(folder.path()).await.unwrap();
    assert!(!draft.exists());
}

/// A file that somebody's desktop left in a folder does not keep the gateway from starting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stray_files_do_not_keep_the_host_from_starting() {
    for stray in ["host/packages/.DS_Store", "host/media/folder/file"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(stray);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "stray").unwrap();
        let started = start_again(folder.path()).await;
        assert!(started.is_ok(), "{stray}: {:?}", started.err());
    }
}

/// An extension whose record was damaged can still be removed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_record_is_removed() {
    let fixture = start().await;
    fixture.add("demo", &tool("demo", "", "", ""), json!({})).await;
    fs::write(fixture.folder.path().join("host/installed/demo.json"), "{").unwrap();
    fixture.host.uninstall(&"demo".parse().unwrap()).await.unwrap();
    assert!(fixture.host.list().await.unwrap().is_empty());
}

/// A component that needs more than is usual asks for it in its manifest, and must be described with that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_is_described_under_the_limits_that_it_asks_for() {
    let text = r#"(component
        (core module $m
            (memory 1600)
            (func (export "run") (result i32) (i32.const 0)))
        (core instance $m (instantiate $m))
        (func $run (result (result)) (canon lift (core func $m "run")))
        (instance $run (export "run" (func $run)))
        (export "wasi:cli/run@0.2.0" (instance $run)))"#;
    let fixture = start().await;
    let asks = json!({"limits": {"memory": "256 MiB"}});
    let package = fixture.package("wide", &wat::parse_str(text).unwrap(), &asks);
    let installed = fixture.host.install(&package).await;
    assert!(installed.is_ok(), "{:?}", installed.err());
}

/// What a program printed before it broke off is what its author needs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_of_a_guest_is_told_in_its_words() {
    let fixture = start().await;
    let source = r#"fn main() { panic!("the moon is down") }"#;
    fixture.add("moon", &program(source), json!({})).await;
    let ended = fixture.call("moon").await.unwrap_err();
    assert!(format!("{ended:?}").contains("the moon is down"), "{ended:?}");
}

/// Names of files are a stranger's words too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_about_a_file_obeys_no_terminal() {
    let fixture = start().await;
    let missing = fixture.folder.path().join("a\u{1b}[2Jb");
    let error = fixture.host.install(&missing).await.unwrap_err().to_string();
    assert!(!error.contains('\u{1b}'), "{error:?}");
}

/// A growth that cannot be does not give back what the growth before it took.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_growth_gives_back_nothing_that_is_used() {
    let fixture = start().await;
    let call = "(drop (memory.grow (i32.const 400)))
        (if (i32.ne (memory.grow (i32.const -1)) (i32.const -1)) (then unreachable))
        (drop (memory.grow (i32.const 400)))
        (drop (memory.grow (i32.const 400)))";
    fixture
        .add(
            "grower",
            &tool("grow", "", "", call),
            json!({"limits": {"memory": "32 MiB"}}),
        )
        .await;
    assert_eq!(limit(fixture.call("grow").await), Limit::Memory);
}

/// A fill of memory looks at the clock once, before it begins, and holds its thread for tens of milliseconds. A
/// crowd of them must not stand before honest calls.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_honest_call_is_served_beside_a_crowd_that_fills_its_memory() {
    let fixture = start().await;
    let call = "(drop (memory.grow (i32.const 1000)))
        (memory.fill (i32.const 131072) (i32.const 1) (i32.const 65536000))";
    let asks = json!({"limits": {"cpu": "5 s", "concurrency": 32}});
    fixture.add("filler", &tool("fill", "", "", call), asks).await;
    fixture
        .add("honest", &tool("honest", "", "", SAY), json!({}))
        .await;
    fixture.call("honest").await.unwrap();
    let crowd: Vec<_> = (0..32)
        .map(|_| {
            let host = fixture.host.clone();
            tokio::spawn(async move {
                loop {
                    let _ = host.call("fill", "{}", CallContext::default(), None).await;
                }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut best = Duration::MAX;
    for _ in 0..10 {
        let begun = Instant::now();
        fixture.call("honest").await.unwrap();
        best = best.min(begun.elapsed());
    }
    crowd.iter().for_each(tokio::task::JoinHandle::abort);
    // Behind the crowd every one would wait; a stall of the machine meets one or two.
    assert!(best < Duration::from_millis(250), "{best:?}");
}
