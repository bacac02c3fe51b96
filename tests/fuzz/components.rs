//! Components that nobody wrote.
//!
//! **Promise.** Whatever a component consists of, the process lives; it is refused, or called with any arguments, and
//! each end is one that the host has a word for; its place is free afterwards, its memory given back, and the tool beside
//! it is answered.

use std::time::Duration;

use openclaw_components::{CallContext, CompileFailure, Error, Output};
use openclaw_policy::Choice;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::common::{Fixture, grant, start_with, text, tool};
use crate::material::value;
use crate::run::fuzz;
use crate::smith::Smith;

/// How long one step may take on a busy machine. Each limit ends far before.
const STEP: Duration = Duration::from_secs(60);
const SAY: &str = "(call $say (i32.const 100) (i32.const 6))";

/// What strangers ask for. Nothing listens at the address.
fn asks() -> Value {
    json!({
        "capabilities": {
            "kv": {"quota": "64 KiB"},
            "http": [{"scheme": "http", "host": "127.0.0.1", "port": 9, "private": true}],
            "sockets": [{"transport": "tcp", "host": "127.0.0.1", "port": 9, "private": true}],
            "secrets": [{"name": "token", "audience": ["127.0.0.1"], "hmac": true}],
            "tools": {"other": "honest"},
        },
        "limits": {"cpu": "20 ms", "deadline": "300 ms", "memory": "4 MiB", "hostCalls": 500},
    })
}

/// How far inputs came.
#[derive(Debug, Default)]
struct Reached {
    refused: u64,
    installed: u64,
    called: u64,
    answered: u64,
}

#[test]
fn whatever_a_component_does_the_host_has_a_word_for_it() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let fixture = runtime.block_on(async {
        // One place, and memory for little more than one call: whatever is not given back is soon missed.
        let fixture = start_with(|options| {
            options.calls = 1;
            options.patience = Duration::from_secs(5);
            options.guest_memory = 6 << 20;
        })
        .await;
        fixture
            .add("neighbour", &tool("honest", "", "", SAY), json!({}))
            .await;
        fixture
    });
    let smith = Smith::new();
    let mut reached = Reached::default();
    fuzz("components", |u| {
        let Some(component) = smith.bytes(u)? else {
            return Ok(());
        };
        let arguments: Vec<String> = (0..2)
            .map(|_| Ok(json!({"a": value(u, &[])?}).to_string()))
            .collect::<arbitrary::Result<_>>()?;
        runtime.block_on(async {
            try_one(&fixture, &component, &arguments, &mut reached).await;
            let said = timeout(STEP, fixture.call("honest")).await.unwrap();
            assert_eq!(text(&said.unwrap()), "A tool");
        });
        Ok(())
    });
    println!("components: {reached:?}");
    assert!(reached.refused > 0 && reached.called > 0, "{reached:?}");
}

async fn try_one(fixture: &Fixture, component: &[u8], arguments: &[String], reached: &mut Reached) {
    let package = fixture.package("stranger", component, &asks());
    let installed = timeout(STEP, fixture.host.install(&package)).await.unwrap();
    let installed = match installed {
        Ok(installed) => installed,
        Err(error) => {
            assert!(is_refusal(&error), "{error:?}");
            reached.refused += 1;
            return;
        }
    };
    reached.installed += 1;
    let grant = grant(&installed, Choice::All);
    match fixture.host.enable(&installed, grant, json!({})).await {
        Ok(()) => {
            for (spec, arguments) in installed.tools.iter().take(2).zip(arguments) {
                let called = fixture
                    .host
                    .call(&spec.name, arguments, CallContext::default(), None);
                let ended = timeout(STEP, called).await.unwrap();
                reached.called += 1;
                reached.answered += u64::from(ended.is_ok());
                assert!(has_a_word(&ended), "{ended:?}");
            }
        }
        // It called a tool of its own what the neighbour's is called.
        Err(Error::Taken { .. }) => {}
        Err(error) => panic!("{error:?}"),
    }
    fixture.host.uninstall(&installed.manifest.id).await.unwrap();
    fixture.host.forget(&installed.manifest.id).await.unwrap();
}

/// Whether an error of installing is one about the component.
fn is_refusal(error: &Error) -> bool {
    matches!(
        error,
        Error::NotComponent(_)
            | Error::TooComplex { .. }
            | Error::Malformed { .. }
            | Error::Imports(_)
            | Error::Compile(CompileFailure::Time(_) | CompileFailure::Memory(_))
            | Error::Link { .. }
            | Error::World { .. }
            | Error::Memory { .. }
            | Error::NoExport
            | Error::Description { .. }
            | Error::Stopped { .. }
            | Error::Trap { .. }
    )
}

/// Whether a call ended in a way that is known.
fn has_a_word(ended: &Result<Output, Error>) -> bool {
    matches!(
        ended,
        Ok(_)
            | Err(Error::Stopped { .. }
                | Error::Trap { .. }
                | Error::Failed { .. }
                | Error::ForeignMedia { .. }
                | Error::Description { .. }
                | Error::OwnerOnly { .. })
    )
}
