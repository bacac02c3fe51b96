//! What is refused at install, and what a host finds again after a start.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::time::{Duration, Instant};

use common::{compiler, grant, start, start_with, text, tool};
use openclaw_components::{
    Bound, CompileFailure, Error, Host, ImportRefusal, MANIFEST_SECTION, NotComponent, Options,
};
use openclaw_policy::Choice;
use openclaw_state::State;
use serde_json::json;

async fn refuse(component: &[u8]) -> Error {
    let fixture = start().await;
    let package = fixture.package("demo", component, &json!({}));
    let refused = fixture.host.install(&package).await.unwrap_err();
    assert!(fixture.host.list().await.unwrap().is_empty());
    refused
}

/// What a component needs for anybody to look further.
const EXPORT: &str = r#"(instance $run) (export "wasi:cli/run@0.2.0" (instance $run))"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_was_not_asked_for_is_named() {
    let imports = r#"(import "openclaw:kv/store@0.1.0" "get" (func (param i32 i32 i32)))"#;
    let error = refuse(&tool("demo", imports, "", "")).await;
    let Error::Imports(refusals) = &error else {
        panic!("{error}")
    };
    let import = "openclaw:kv/store@0.1.0".to_owned();
    assert_eq!(refusals, &[ImportRefusal::NotAsked { import, key: "kv" }]);
    assert!(error.to_string().contains("capabilities.kv"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_interface_is_refused_even_if_it_is_empty() {
    let component = wat::parse_str(r#"(component (import "acme:weather/api@1.0.0" (instance)))"#).unwrap();
    let error = refuse(&component).await.to_string();
    assert!(
        error.contains("acme:weather/api@1.0.0") && error.contains("ask its author"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compiled_code_is_refused() {
    let error = refuse(b"\x7fELF\x02\x01\x01 and so on").await;
    assert!(
        matches!(error, Error::NotComponent(NotComponent::Compiled)),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invalid_component_is_refused_in_words_that_are_safe_to_show() {
    let text = format!("(component (core module (func (result i32) i32.const 0)) {EXPORT})");
    let mut component = wat::parse_str(text).unwrap();
    let at = component.iter().rposition(|byte| *byte == 0x41).unwrap();
    component[at] = 0x42;
    let error = refuse(&component).await;
    assert!(matches!(error, Error::Malformed { .. }), "{error}");
    assert!(!error.to_string().contains(char::is_control), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_whose_run_has_another_type_is_refused() {
    let text = r#"(component
        (core module $m (func (export "run") (result i32) (i32.const 0)))
        (core instance $m (instantiate $m))
        (func $run (result u32) (canon lift (core func $m "run")))
        (instance $run (export "run" (func $run)))
        (export "wasi:cli/run@0.2.0" (instance $run)))"#;
    refuse(&wat::parse_str(text).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_that_exports_nothing_callable_is_refused() {
    let error = refuse(b"\0asm\x0d\0\x01\0").await;
    assert!(matches!(error, Error::NoExport), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bomb_is_refused_before_it_is_compiled() {
    let calls = "(call_indirect (i32.const 0))".repeat(100_000);
    let text = format!("(component (core module (table 1 funcref) (func {calls})))");
    let fixture = start().await;
    let package = fixture.package("demo", &wat::parse_str(text).unwrap(), &json!({}));
    let begun = Instant::now();
    let error = fixture.host.install(&package).await.unwrap_err();
    let took = begun.elapsed();
    assert!(
        matches!(
            error,
            Error::TooComplex {
                bound: Bound::IndirectCalls,
                ..
            }
        ),
        "{error}"
    );
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(fixture.host.list().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compilation_that_takes_too_long_is_stopped() {
    let fixture = start_with(|options| options.compiler.limits.cpu_seconds = 1).await;
    let calls = "(call_indirect (i32.const 0))".repeat(19_000);
    let function = format!("(func {calls})").repeat(30);
    let text = format!("(component (core module (table 1 funcref) {function}) {EXPORT})");
    let component = wat::parse_str(text).unwrap();
    let package = fixture.package("slow", &component, &json!({}));
    let begun = Instant::now();
    let error = fixture.host.install(&package).await.unwrap_err();
    assert!(
        matches!(error, Error::Compile(CompileFailure::Time(_))),
        "{error}"
    );
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compilation_that_takes_too_much_memory_is_stopped() {
    let fixture = start_with(|options| options.compiler.limits.memory = 24 << 20).await;
    let calls = "(call_indirect (i32.const 0))".repeat(19_000);
    let function = format!("(func {calls})").repeat(30);
    let text = format!("(component (core module (table 1 funcref) {function}) {EXPORT})");
    let component = wat::parse_str(text).unwrap();
    let error = fixture
        .host
        .install(&fixture.package("large", &component, &json!({})))
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::Compile(CompileFailure::Memory(_))),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_extension_is_found_again_and_a_tampered_cache_is_rebuilt() {
    let folder = tempfile::tempdir().unwrap();
    let source = start().await;
    let say = "(call $say (i32.const 100) (i32.const 6))";
    let package = source.package("demo", &tool("demo", "", "", say), &json!({}));
    let open = || {
        State::open(openclaw_state::Options::new(
            folder.path().join("state"),
            str::to_owned,
        ))
        .unwrap()
    };
    let state = open();
    let host = || {
        Host::start(Options::new(
            folder.path().join("host"),
            compiler(),
            state.clone(),
        ))
    };
    host().await.unwrap().install(&package).await.unwrap();
    let compiled = folder.path().join("host/compiled");
    let entry = || {
        let mut entries = fs::read_dir(&compiled)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        entries
            .find(|path| path.extension().is_some_and(|kind| kind == "cwasm"))
            .unwrap()
    };
    let mut bytes = fs::read(entry()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    fs::write(entry(), &bytes).unwrap();

    let host = host().await.unwrap();
    assert_eq!(host.list().await.unwrap(), ["demo".parse().unwrap()]);
    let installed = host.find(&"demo".parse().unwrap()).await.unwrap();
    host.enable(&installed, grant(&installed, Choice::All), json!({}))
        .await
        .unwrap();
    let output = host.call("demo", "{}", Default::default(), None).await.unwrap();
    assert_eq!(text(&output), "A tool");
    assert_ne!(fs::read(entry()).unwrap(), bytes, "the entry was compiled anew");
    host.uninstall(&"demo".parse().unwrap()).await.unwrap();
    assert!(matches!(
        host.call("demo", "{}", Default::default(), None).await,
        Err(Error::Missing { .. })
    ));
    assert!(host.list().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_with_its_manifest_inside_is_a_package() {
    let fixture = start().await;
    let mut component = tool("demo", "", "", "");
    let manifest = json!({"id": "inside", "configSchema": {}, "component": {"world": "tool"}}).to_string();
    let length = 1 + MANIFEST_SECTION.len() + manifest.len();
    component.push(0);
    component.extend([(length & 0x7f) as u8 | 0x80, (length >> 7) as u8]);
    component.push(MANIFEST_SECTION.len() as u8);
    component.extend(MANIFEST_SECTION.bytes().chain(manifest.bytes()));
    let file = fixture.folder.path().join("demo.wasm");
    fs::write(&file, component).unwrap();
    assert_eq!(
        fixture.host.install(&file).await.unwrap().manifest.id.as_str(),
        "inside"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tools_that_the_manifest_does_not_list_are_refused() {
    let fixture = start().await;
    let asks = json!({"contracts": {"tools": ["other"]}});
    let package = fixture.package("demo", &tool("demo", "", "", ""), &asks);
    let error = fixture.host.install(&package).await.unwrap_err();
    assert!(matches!(error, Error::Description { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_tool_says_for_programs_is_kept_if_it_is_an_object() {
    /// The last field of the tool's description: a text at this address, of that length.
    fn with_extra(address: u8, length: u8) -> Vec<u8> {
        let data =
            format!(r#"(data (i32.const 256) "\01\00\00\00\{address:02x}\00\00\00\{length:02x}\00\00\00")"#);
        tool("demo", "", &data, "")
    }
    let fixture = start().await;
    let package = fixture.package("demo", &with_extra(140, 2), &json!({}));
    let installed = fixture.host.install(&package).await.unwrap();
    assert_eq!(installed.tools[0].extra.as_deref(), Some("{}"));
    let found = fixture.host.find(&installed.manifest.id).await.unwrap();
    assert_eq!(found.tools, installed.tools);
    let error = refuse(&with_extra(100, 6)).await;
    assert!(matches!(error, Error::Description { .. }), "{error}");
}
