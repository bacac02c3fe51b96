//! What authors test with: the templates are what they show, a host is what a test makes of it, and whatever a
//! component or its author does wrong ends the test, by itself, with a text that helps.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use std::env;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use openclaw_test::{Access, Component, Error, Host, Part};
use openclaw_tests::templates::alone_in_templates;
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn awkward() -> Component {
    let path = root().join("tests/guests/awkward/target/wasm32-wasip2/release/awkward.wasm");
    assert!(
        path.is_file(),
        "{} is missing; `cargo xtask test` builds it",
        path.display()
    );
    Component::load(path).unwrap()
}

fn ask(component: &Component, host: &mut Host, what: &str, text: &str) -> Result<String, Error> {
    let output = component.call(host, "ask", json!({"what": what, "text": text}))?;
    assert!(!output.is_error, "{}", output.text());
    Ok(output.text())
}

/// The error as `unwrap` shows it.
fn shown<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    format!("{:?}", result.unwrap_err())
}

#[test]
fn a_panic_is_told_with_its_words() {
    let component = awkward();
    let mut host = Host::new();
    let error = shown(component.call(&mut host, "fail", json!({"what": "panic", "text": "🎩"})));
    assert!(
        error.contains("the hat is empty: 🎩") && error.contains("src/lib.rs"),
        "{error}"
    );
    let exit = component.call(&mut host, "fail", json!({"what": "exit"}));
    assert!(matches!(exit, Err(Error::Trap { .. })), "{exit:?}");
    let told = component
        .call(&mut host, "fail", json!({"what": "told"}))
        .unwrap();
    assert!(told.is_error, "the host goes on after a trap");
}

#[test]
fn every_call_ends_by_itself() {
    let component = awkward();
    let start = Instant::now();
    let mut host = Host::new();
    host.fuel(100_000_000);
    let fail = |what: &str, host: &mut Host| component.call(host, "fail", json!({"what": what}));
    let spun = fail("spin", &mut host);
    assert!(matches!(spun, Err(Error::Fuel { fuel: 100_000_000 })), "{spun:?}");
    host.deadline(Duration::from_millis(300));
    let waited = fail("wait", &mut host);
    assert!(matches!(waited, Err(Error::Deadline { .. })), "{waited:?}");
    host.fuel(u64::MAX);
    let spun = fail("spin", &mut host);
    assert!(matches!(spun, Err(Error::Deadline { .. })), "{spun:?}");
    host.deadline(Duration::from_secs(60));
    let grown = fail("grow", &mut host);
    assert!(matches!(grown, Err(Error::Trap { .. })), "{grown:?}");
    assert!(start.elapsed() < Duration::from_secs(60));
}

#[test]
fn arguments_that_are_no_object_are_told_to_the_model() {
    let component = awkward();
    let mut host = Host::new();
    for arguments in [
        json!([1]),
        json!("text"),
        Value::Null,
        json!(1e300),
        json!({"what": {"a": []}}),
    ] {
        let output = component.call(&mut host, "say", arguments).unwrap();
        assert!(
            output.is_error && output.text().contains("the arguments do not fit"),
            "{output:?}"
        );
    }
}

#[test]
fn long_and_odd_texts_arrive_whole() {
    let component = awkward();
    let mut host = Host::new();
    let odd = "𝔘𝔫𝔦\u{0}\u{202e}e\u{301}\"\\\n";
    let arguments = json!({"what": "100000", "text": odd});
    let output = component.call(&mut host, "say", arguments).unwrap();
    assert_eq!(output.content, [Part::Text(odd.repeat(100_000))]);
}

#[test]
fn the_host_tells_what_the_test_set() {
    let component = awkward();
    let mut host = Host::new();
    let first = ask(&component, &mut host, "context", "").unwrap();
    assert_eq!(first, "call-1 call-1 1 None false");
    host.context().locale = Some("de-AT".to_owned());
    host.context().idempotency_key = Some("once".to_owned());
    host.context().is_owner = true;
    let second = ask(&component, &mut host, "context", "").unwrap();
    assert_eq!(second, "call-2 once 1 Some(\"de-AT\") true");
    host.settings(json!({"a": {"b": "ü"}}));
    assert_eq!(ask(&component, &mut host, "config", "/a/b").unwrap(), "ü");
    assert_eq!(ask(&component, &mut host, "config", "/a/c").unwrap(), "nothing");
    let refused = ask(&component, &mut host, "config", "a");
    assert!(matches!(refused, Err(Error::Refused(refusal)) if refusal.code == "invalid"));
}

#[test]
fn store_log_progress_and_media_are_there_and_can_be_looked_at() {
    let component = awkward();
    let mut host = Host::new();
    host.kv_set("count", "41");
    assert_eq!(ask(&component, &mut host, "count", "").unwrap(), "Some(42)");
    assert_eq!(host.kv_get("count"), Some(b"42".as_slice()));
    assert_eq!(
        (
            host.log()[0].level.as_str(),
            host.log()[0].fields[0].value.as_str()
        ),
        ("info", "count")
    );
    assert_eq!((host.progress()[0].total, host.streamed()), (Some(2), "1\n"));
    let output = component
        .call(&mut host, "ask", json!({"what": "picture", "text": "xyz"}))
        .unwrap();
    assert_eq!(output.text(), "yz 8 image/png");
    let Part::Media(media) = &output.content[1] else {
        panic!("{output:?}");
    };
    assert_eq!(host.media_bytes(&media.media), Some(b"\x89PNG xyz".as_slice()));
}

#[test]
fn equal_runs_see_equal_clocks_and_equal_chance() {
    let component = awkward();
    let run = || ask(&component, &mut Host::new(), "clock", "").unwrap();
    let first = run();
    assert!(first.starts_with("1767225600"), "{first}");
    assert_eq!(first, run());
    let mut host = Host::new();
    host.now(86_400_000);
    assert!(
        ask(&component, &mut host, "clock", "")
            .unwrap()
            .starts_with("86400")
    );
}

#[test]
fn a_directory_is_writable_only_if_the_test_says_so() {
    let component = awkward();
    let mut host = Host::new();
    let place = host.files("/shelf", Access::ReadWrite, &[("a.txt", "")]).unwrap();
    assert_eq!(
        ask(&component, &mut host, "file", "new").unwrap(),
        "a.txt out.txt"
    );
    assert_eq!(fs::read_to_string(place.join("out.txt")).unwrap(), "new");
    let mut host = Host::new();
    host.directory("/shelf", &place, Access::ReadOnly);
    let refused = component
        .call(&mut host, "ask", json!({"what": "file", "text": "newer"}))
        .unwrap();
    assert!(refused.is_error);
    assert_eq!(fs::read_to_string(place.join("out.txt")).unwrap(), "new");
}

#[test]
fn any_imported_interface_can_be_scripted_with_resources_too() {
    let component = awkward();
    let mut host = Host::new();
    host.expect("openclaw:http/client", "send")
        .with(json!({"request": {
            "method": "get", "url": "https://example.org/", "headers": [], "body": "empty",
            "limits": {"total": 5000},
        }}))
        .answer(json!(7))
        .times(2);
    host.expect("openclaw:http/types", "response.read")
        .with(json!([7, 100]))
        .answer(json!("grüß"));
    host.expect("openclaw:http/types", "response.status")
        .answer(json!(200));
    host.expect("openclaw:http/client", "to-media")
        .with(json!({"response": 7}))
        .answer(json!("media-9"));
    assert_eq!(
        ask(&component, &mut host, "http", "https://example.org/").unwrap(),
        "200 grüß"
    );
    let output = component.call(
        &mut host,
        "ask",
        json!({"what": "download", "text": "https://example.org/"}),
    );
    assert!(matches!(&output.unwrap().content[..], [Part::Media(part)] if part.media == "media-9"));
    host.finish().unwrap();

    let mut host = Host::new();
    host.expect("openclaw:http/client", "send")
        .refuse("denied", "not granted");
    let refused = ask(&component, &mut host, "http", "https://example.org/");
    assert!(matches!(refused, Err(Error::Refused(refusal)) if refusal.message == "not granted"));
}

#[test]
fn an_unexpected_call_is_told_with_the_nearest_expectation() {
    let component = awkward();
    let mut host = Host::new();
    let error = shown(ask(&component, &mut host, "tool", "Graz"));
    assert!(
        error.contains(r#"openclaw:tools/calls.call({"alias":"weather","arguments":"{\"city\":\"Graz\"}"})"#),
        "{error}"
    );
    assert!(
        error.contains(r#"add host.expect("openclaw:tools/calls", "call")"#),
        "{error}"
    );

    host.expect("openclaw:tools/calls", "call")
        .with(json!({"alias": "weather", "arguments": {"city": "Linz"}}))
        .answer(json!({"content": [], "is-error": false}));
    host.expect("openclaw:kv/store", "get");
    let error = shown(ask(&component, &mut host, "tool", "Graz"));
    assert!(
        error.contains("nearest expectation is\n  openclaw:tools/calls.call({\"alias\":\"weather\""),
        "{error}"
    );
    assert!(error.contains("Linz"), "{error}");
    ask(&component, &mut host, "tool", "Linz").unwrap();
    let error = shown(ask(&component, &mut host, "tool", "Linz"));
    assert!(error.contains("already met"), "{error}");
    let error = shown(host.finish());
    assert!(
        error.contains("openclaw:kv/store.get(any arguments)") && !error.contains("calls.call"),
        "{error}"
    );
}

#[test]
fn a_script_that_does_not_fit_the_types_says_where() {
    let component = awkward();
    let tell = |answer: Value| {
        let mut host = Host::new();
        host.expect("openclaw:tools/calls", "call").answer(answer);
        shown(ask(&component, &mut host, "tool", "Graz"))
    };
    let error = tell(json!({"content": []}));
    assert!(
        error.contains("openclaw:tools/calls.call") && error.contains("\"is-error\" is missing"),
        "{error}"
    );
    let error = tell(json!({"content": [{"txt": "x"}], "is-error": false}));
    assert!(
        error.contains("content[0]: one of text, media, json, link, other is wanted"),
        "{error}"
    );
    let error = tell(json!({"content": [], "is_error": false}));
    assert!(
        error.contains("no field \"is_error\"") && error.contains("is-error"),
        "{error}"
    );
}

#[test]
fn a_host_that_is_dropped_says_what_was_not_called_and_never_panics_twice() {
    let unmet = |also: bool| {
        let mut host = Host::new();
        host.expect("openclaw:kv/store", "get").with(json!({"key": "a"}));
        assert!(!also, "the test's own failure");
    };
    let panic = catch_unwind(AssertUnwindSafe(|| unmet(false))).unwrap_err();
    let words = panic.downcast_ref::<String>().unwrap();
    assert!(words.contains(r#"openclaw:kv/store.get({"key":"a"})"#), "{words}");
    let panic = catch_unwind(AssertUnwindSafe(|| unmet(true))).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"the test's own failure"));
}

#[test]
fn an_error_that_a_test_passes_on_is_not_hidden_by_what_is_still_open() {
    let component = awkward();
    let test = || -> Result<(), Error> {
        let mut host = Host::new();
        host.expect("openclaw:kv/store", "get");
        component.call(&mut host, "fail", json!({"what": "panic", "text": "here"}))?;
        host.finish()
    };
    let error = shown(test());
    assert!(error.contains("the hat is empty: here"), "{error}");
}

#[test]
fn a_recording_is_held_against_every_call_and_told_from_both_sides() {
    if env::var_os("OPENCLAW_RECORD").is_some() {
        let test = "a_recording_is_held_against_every_call_and_told_from_both_sides";
        let (ok, said) = run_alone(test, Path::new(""), false);
        assert!(ok, "{said}");
        return;
    }
    let component = awkward();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("count.json");
    let error = shown(Host::new().recording(&path));
    assert!(
        error.contains("count.json") && error.contains("OPENCLAW_RECORD=1"),
        "{error}"
    );

    let call = |function: &str, arguments: Value, answer: Value| {
        json!({
            "interface": "openclaw:tools/calls@0.1.0", "function": function,
            "arguments": arguments, "answer": answer,
        })
    };
    let output =
        json!({"content": [{"text": "snow"}], "structured": null, "is-error": false, "spilled": null});
    let weather = call(
        "call",
        json!({"alias": "weather", "arguments": "{\"city\":\"Graz\"}"}),
        json!({"ok": output}),
    );
    let write = |host: Vec<Value>, text: &str| {
        let mut result = output.clone();
        result["content"][0]["text"] = json!(text);
        let arguments = json!({"what": "tool", "text": "Graz"});
        let runs = json!([{"tool": "ask", "arguments": arguments, "host": host, "result": {"ok": result}}]);
        fs::write(&path, json!({"runs": runs}).to_string()).unwrap();
    };
    let replay = |city: &str| {
        let mut host = Host::new();
        host.recording(&path)?;
        let text = ask(&component, &mut host, "tool", city)?;
        host.finish().map(|()| text)
    };
    write(vec![weather.clone()], "snow");
    assert_eq!(replay("Graz").unwrap(), "snow", "the answer is the recording's");
    let error = shown(replay("Linz"));
    assert!(
        error.contains("\"text\":\"Graz\"") && error.contains("\"text\":\"Linz\""),
        "{error}"
    );
    write(vec![weather.clone()], "rain");
    let error = shown(replay("Graz"));
    assert!(
        error.contains("another result") && error.contains("rain") && error.contains("snow"),
        "{error}"
    );
    write(vec![weather.clone(), weather], "snow");
    let error = shown(replay("Graz"));
    assert!(error.contains("a recorded call was not made"), "{error}");
    write(vec![], "snow");
    let error = shown(replay("Graz"));
    assert!(
        error.contains("nothing more") && error.contains("weather"),
        "{error}"
    );
    write(vec![call("list-tools", json!({}), json!({"ok": []}))], "snow");
    let error = shown(replay("Graz"));
    assert!(
        error.contains("call 1 is another one") && error.contains("list-tools"),
        "{error}"
    );
    let mut host = Host::new();
    host.recording(&path).unwrap();
    let error = shown(host.finish());
    assert!(
        error.contains("a recorded call of the component was not made"),
        "{error}"
    );
}

/// Runs one test of this file in a process of its own, because whether it records is said by the environment.
fn run_alone(test: &str, recording: &Path, records: bool) -> (bool, String) {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["--exact", test, "--nocapture"])
        .env(RECORDING, recording)
        .env_remove("OPENCLAW_RECORD");
    if records {
        command.env("OPENCLAW_RECORD", "1");
    }
    let out = command.output().unwrap();
    let said = [out.stdout, out.stderr].concat();
    (out.status.success(), String::from_utf8_lossy(&said).into_owned())
}

const RECORDING: &str = "AWKWARD_RECORDING";

#[test]
fn a_recording_is_written_when_asked_for_and_holds_from_then_on() {
    if let Some(path) = env::var_os(RECORDING) {
        let component = awkward();
        let mut host = Host::new();
        host.recording(path).unwrap();
        let sunny = json!({"content": [{"text": "sunny ☀"}], "is-error": false});
        host.expect("openclaw:tools/calls", "call").answer(sunny);
        ask(&component, &mut host, "tool", "Graz").unwrap();
        ask(&component, &mut host, "picture", "a").unwrap();
        host.finish().unwrap();
        return;
    }
    let test = "a_recording_is_written_when_asked_for_and_holds_from_then_on";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/awkward.json");
    let (ok, said) = run_alone(test, &path, false);
    assert!(!ok && said.contains("there is no recording"), "{said}");
    assert!(run_alone(test, &path, true).0);
    let written = fs::read_to_string(&path).unwrap();
    assert!(
        written.contains("sunny") && written.contains("media-writer.commit"),
        "{written}"
    );
    assert!(run_alone(test, &path, true).0);
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        written,
        "equal runs are written equally"
    );
    let (ok, said) = run_alone(test, &path, false);
    assert!(ok, "{said}");
    fs::write(&path, written.replace("Graz", "Linz")).unwrap();
    let (ok, said) = run_alone(test, &path, false);
    assert!(!ok && said.contains("Graz") && said.contains("Linz"), "{said}");
}

/// A package in a folder of its own, made from the template.
fn package(template: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let template = root().join("sdk/templates").join(template);
    fs::create_dir(folder.path().join("src")).unwrap();
    for name in ["Cargo.toml", "Cargo.lock", "openclaw.plugin.json", "src/lib.rs"] {
        // The path of the SDK is relative to the template.
        let text = fs::read_to_string(template.join(name)).unwrap();
        let sdk = root().join("sdk/rust");
        let text = text.replace("../../rust", sdk.to_str().unwrap());
        fs::write(folder.path().join(name), text).unwrap();
    }
    // What is built for the templates is good for their copies too.
    let target = root().join("target/templates");
    fs::create_dir(folder.path().join(".cargo")).unwrap();
    let config = format!("[build]\ntarget-dir = {target:?}\n");
    fs::write(folder.path().join(".cargo/config.toml"), config).unwrap();
    folder
}

#[test]
fn mistakes_in_a_package_are_told_with_the_way_out() {
    let _alone = alone_in_templates();
    let folder = package("tool");
    let path = |name: &str| folder.path().join(name);
    // One mistake at a time.
    let with = |name: &str, right: &str, wrong: &str| {
        let text = fs::read_to_string(path(name)).unwrap();
        assert!(text.contains(right), "{text}");
        fs::write(path(name), text.replace(right, wrong)).unwrap();
        let error = shown(Component::build(folder.path()));
        fs::write(path(name), text).unwrap();
        error
    };
    let error = with("openclaw.plugin.json", "greet", "hello");
    assert!(
        error.contains("contracts.tools lists [hello]") && error.contains("[greet]"),
        "{error}"
    );
    let error = with(
        "openclaw.plugin.json",
        r#""world": "tool""#,
        r#""world": "skill""#,
    );
    assert!(error.contains(r#"component.world is "skill""#), "{error}");
    let error = with("src/lib.rs", r#"= "greet""#, r#"= "greet you""#);
    assert!(
        error.contains(r#""greet you""#) && error.contains("a letter, then letters"),
        "{error}"
    );
    let error = with("src/lib.rs", "openclaw_sdk::tool!(Greet);", "");
    assert!(error.contains("does not export openclaw:tool/toolbox"), "{error}");
    let error = with("src/lib.rs", "args.name", "args.nme");
    assert!(
        error.contains("cargo build failed") && error.contains("no field `nme`"),
        "{error}"
    );
    let error = with("Cargo.toml", r#"crate-type = ["cdylib"]"#, "");
    assert!(error.contains(r#"write `crate-type = ["cdylib"]`"#), "{error}");

    fs::remove_file(path("openclaw.plugin.json")).unwrap();
    let error = shown(Component::build(folder.path()));
    assert!(
        error.contains("openclaw.plugin.json") && error.contains("nothing can be installed"),
        "{error}"
    );
    let error = shown(Component::build(path("src")));
    assert!(error.contains("there is no Cargo.toml"), "{error}");
}

#[test]
fn what_is_no_component_or_no_tool_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let load = |bytes: &[u8]| {
        let path = folder.path().join("x.wasm");
        fs::write(&path, bytes).unwrap();
        shown(Component::load(&path))
    };
    assert!(load(b"text").contains("is no component"));
    let error = load(&wat::parse_str("(module)").unwrap());
    assert!(
        error.contains("is no component") && error.contains("wasm32-wasip2"),
        "{error}"
    );
    let error = load(&wat::parse_str("(component)").unwrap());
    assert!(
        error.contains("does not export openclaw:tool/toolbox; it exports nothing"),
        "{error}"
    );
    assert!(shown(Component::load(folder.path().join("none.wasm"))).contains("none.wasm"));

    let error = shown(awkward().call(&mut Host::new(), "sya", json!({})));
    assert!(
        error.contains("no tool \"sya\"; its tools are fail, say, ask"),
        "{error}"
    );
}

#[test]
fn the_templates_are_what_they_show() {
    let _alone = alone_in_templates();
    let tool = Component::build(package("tool").path()).unwrap();
    let mut host = Host::new();
    let greeting = tool.call(&mut host, "greet", json!({"name": "Zoë"})).unwrap();
    assert_eq!(greeting.content, [Part::Text("Hello, Zoë!".to_owned())]);
    assert!(matches!(tool.instructions(&mut host), Err(Error::Export { .. })));

    let skill = Component::build(package("skill").path()).unwrap();
    assert!(skill.instructions(&mut host).unwrap().contains("any game"));
    host.settings(json!({"game": "Yahtzee"}));
    assert!(skill.instructions(&mut host).unwrap().contains("Yahtzee"));
    assert_eq!(
        skill
            .call(&mut host, "sum_dice", json!({"dice": [1, 2, 3]}))
            .unwrap()
            .text(),
        "6"
    );
    let over = skill
        .call(&mut host, "sum_dice", json!({"dice": [4_294_967_295_u32, 1]}))
        .unwrap();
    assert!(over.is_error);
    host.finish().unwrap();
}
