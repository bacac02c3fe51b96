//! Components that nobody wrote.
//!
//! **Promise.** Whatever a component consists of, the process lives; it is refused, or called with any arguments, and
//! each end is one that the host has a word for; its place is free afterwards, its memory given back, and the tool beside
//! it is answered.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use arbitrary::Unstructured;
use openclaw_components::{CallContext, CompileFailure, Error, Output};
use openclaw_policy::Choice;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::common::{Fixture, grant, start_with, text, tool};
use crate::material::value;
use crate::run::fuzz_until;
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

/// The ends that some input comes to.
const MUST: [&str; 2] = ["install: it is not valid", "call: it broke off"];

/// How often what happened.
type Ends = BTreeMap<&'static str, u64>;

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
    let ends = RefCell::new(Ends::new());
    let body = |u: &mut Unstructured<'_>| {
        let Some(component) = smith.bytes(u)? else {
            return Ok(());
        };
        let arguments: Vec<String> = (0..2)
            .map(|_| Ok(json!({"a": value(u, &[])?}).to_string()))
            .collect::<arbitrary::Result<_>>()?;
        runtime.block_on(async {
            try_one(&fixture, &component, &arguments, &ends).await;
            let said = timeout(STEP, fixture.call("honest")).await.unwrap();
            assert_eq!(text(&said.unwrap()), "A tool");
        });
        Ok(())
    };
    fuzz_until("components", body, || {
        MUST.iter().all(|end| ends.borrow().contains_key(end))
    });
    let ends = ends.into_inner();
    println!("components: {ends:?}");
    for reached in MUST {
        assert!(
            ends.contains_key(reached),
            "no input came there: {reached}: {ends:?}"
        );
    }
}

async fn try_one(fixture: &Fixture, component: &[u8], arguments: &[String], ends: &RefCell<Ends>) {
    let package = fixture.package("stranger", component, &asks());
    let installed = timeout(STEP, fixture.host.install(&package)).await.unwrap();
    let installed = match installed {
        Ok(installed) => installed,
        Err(error) => {
            let Some(why) = refusal(&error) else {
                panic!("{error:?}");
            };
            *ends.borrow_mut().entry(why).or_default() += 1;
            return;
        }
    };
    let grant = grant(&installed, Choice::All);
    match fixture.host.enable(&installed, grant, json!({})).await {
        Ok(()) => {
            for (spec, arguments) in installed.tools.iter().take(2).zip(arguments) {
                let called = fixture
                    .host
                    .call(&spec.name, arguments, CallContext::default(), None);
                let ended = timeout(STEP, called).await.unwrap();
                let Some(how) = end(&ended) else {
                    panic!("{ended:?}");
                };
                *ends.borrow_mut().entry(how).or_default() += 1;
            }
        }
        // It called a tool of its own what the neighbour's is called.
        Err(Error::Taken { .. }) => {}
        Err(error) => panic!("{error:?}"),
    }
    fixture.host.uninstall(&installed.manifest.id).await.unwrap();
    fixture.host.forget(&installed.manifest.id).await.unwrap();
}

/// What an error of installing says about the component; none if it is about anything else.
fn refusal(error: &Error) -> Option<&'static str> {
    Some(match error {
        Error::NotComponent(_) => "install: it is no component",
        Error::TooComplex { .. } | Error::Unfit { .. } => "install: it is too involved",
        Error::Malformed { .. } => "install: it is not valid",
        Error::Imports(_) => "install: its imports",
        Error::Compile(CompileFailure::Time(_) | CompileFailure::Memory(_)) => {
            "install: it is dear to compile"
        }
        Error::Link { .. } | Error::World { .. } | Error::NoExport => "install: it fits no world",
        Error::Memory { .. } => "install: its memory",
        Error::Description { .. } => "install: what it says of itself",
        Error::Stopped { .. } => "install: a limit",
        Error::Trap { .. } => "install: it broke off",
        _ => return None,
    })
}

/// How a call ended; none if it ended in a way in which no guest may end one.
fn end(ended: &Result<Output, Error>) -> Option<&'static str> {
    Some(match ended {
        Ok(_) => "call: it answered",
        Err(Error::Stopped { .. }) => "call: a limit",
        Err(Error::Trap { .. }) => "call: it broke off",
        Err(Error::Failed { .. }) => "call: it failed",
        Err(Error::ForeignMedia { .. }) => "call: foreign media",
        Err(Error::OwnerOnly { .. }) => "call: it is for owners",
        _ => return None,
    })
}
