//! Tools are called, told, bounded, and kept from those who must not have them.

use std::fs;
use std::path::{Path, PathBuf};

use openclaw_agent::{Body, Status};
use openclaw_components::{CompileLimits, Compiler, Host, MANIFEST_FILE, Options, Settings};
use openclaw_policy::{Choice, Consent, Grant};
use openclaw_tests::assistant::Assistant;
use openclaw_tests::platforms::openai::{Asked, Reply};
use serde_json::{Value, json};

use crate::world::{World, from_channel, key, message, told};

/// The names of the tools that a model was offered.
fn offered(asked: &Asked) -> Vec<&str> {
    let tools = asked.body["tools"].as_array();
    let tools = tools.map(Vec::as_slice).unwrap_or_default().iter();
    tools
        .map(|tool| tool["function"]["name"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_tool_is_called_told_and_its_result_reaches_the_model() {
    let world = World::new().await;
    world.say("r0", "main", "hello").await;
    let arguments = json!({"path": "notes/a.txt", "content": "kept"});
    world.server.push(Reply::call("c1", "write", &arguments));
    world
        .server
        .push(Reply::call("c2", "read", &json!({"path": "notes/a.txt"})));
    world.server.push(Reply::text("It says kept."));
    let mut events = world.it().agent.events();
    world.accept("r1", "main", message("note it")).await;
    let told = told(&mut events, "r1").await;
    let tools: Vec<_> = told
        .iter()
        .filter(|event| event.stream() == "tool")
        .map(|event| event.data())
        .collect();
    assert_eq!(tools.len(), 4);
    assert_eq!(
        (&tools[0]["phase"], &tools[0]["name"], &tools[0]["args"]),
        (&json!("start"), &json!("write"), &arguments)
    );
    assert_eq!(
        (
            &tools[3]["phase"],
            &tools[3]["isError"],
            &tools[3]["result"]["content"][0]["text"]
        ),
        (&json!("result"), &json!(false), &json!("kept"))
    );
    let numbers: Vec<_> = told.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (1..=told.len() as u64).collect::<Vec<_>>());
    assert_eq!(
        fs::read_to_string(world.workspace().join("notes/a.txt")).unwrap(),
        "kept"
    );
    let outcome = world.wait("r1").await;
    assert_eq!(
        (outcome.text.as_deref(), outcome.tools),
        (Some("It says kept."), vec!["write".into(), "read".into()])
    );
    let last = &world.server.asked()[3];
    assert_eq!((last.last_role(), last.last_text()), ("tool", "kept"));
    let roles: Vec<_> = world
        .talk("main")
        .await
        .into_iter()
        .skip(2)
        .map(|(role, _)| role)
        .collect();
    assert_eq!(
        roles,
        [
            "user",
            "assistant",
            "toolResult",
            "assistant",
            "toolResult",
            "assistant"
        ]
    );
}

#[tokio::test]
async fn only_the_owner_in_the_main_session_reaches_files() {
    let world = World::new().await;
    let files = ["read", "write", "edit", "ls"];
    world.say("r1", "main", "hi").await;
    world.say("r2", "other", "hi").await;
    world.accept("r3", "main", from_channel("hi")).await;
    world.wait("r3").await;
    let asked = world.server.asked();
    assert!(files.iter().all(|tool| offered(&asked[0]).contains(tool)));
    for asked in &asked[1..] {
        assert!(
            !files.iter().any(|tool| offered(asked).contains(tool)),
            "{:?}",
            offered(asked)
        );
    }
    // Asking for it all the same does not help.
    world
        .server
        .push(Reply::call("c1", "read", &json!({"path": "AGENTS.md"})));
    world.accept("r4", "main", from_channel("read it")).await;
    assert_eq!(
        world.wait("r4").await.text.as_deref(),
        Some("You said: There is no tool read in this conversation.")
    );
}

#[tokio::test]
async fn a_turn_that_never_stops_calling_tools_is_ended() {
    let world = World::answering(|_| Reply::call("c", "ls", &json!({}))).await;
    let outcome = world.say("r1", "main", "go").await;
    assert_eq!(outcome.status, Status::Error);
    assert_eq!(outcome.error.unwrap().kind, "rounds");
    assert_eq!(world.server.asked().len(), 100);
}

#[tokio::test]
async fn clients_list_and_call_the_tools_of_a_session() {
    let world = World::new().await;
    world.say("r1", "main", "hi").await;
    let agent = &world.it().agent;
    let names = async |session: &str| -> Vec<String> {
        let explanation = agent.explain(&key(session)).await.unwrap();
        explanation
            .tools
            .into_iter()
            .filter(|tool| tool.verdict.allowed)
            .map(|tool| tool.tool.name)
            .collect()
    };
    assert_eq!(
        names("main").await,
        [
            "read",
            "write",
            "edit",
            "apply_patch",
            "grep",
            "find",
            "ls",
            "exec",
            "process",
            "session_status"
        ]
    );
    assert_eq!(names("other").await, ["session_status"]);
    let output = agent
        .call_tool(&key("main"), "ls", &json!({}), None)
        .await
        .unwrap();
    assert!(output.text.contains("\"AGENTS.md\""));
    agent
        .call_tool(&key("other"), "ls", &json!({}), None)
        .await
        .unwrap_err();
}

/// Installs the guest `calc`, which the suite's first step has built.
async fn install_calc(folder: &Path, host: &Host) {
    let guest = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .join("guests/tools/calc");
    let package = folder.join("package");
    fs::create_dir_all(&package).unwrap();
    let manifest: Value = serde_json::from_slice(&fs::read(guest.join(MANIFEST_FILE)).unwrap()).unwrap();
    let file = manifest["component"]["file"].as_str().unwrap();
    fs::copy(guest.join(MANIFEST_FILE), package.join(MANIFEST_FILE)).unwrap();
    let built = guest.join("target/wasm32-wasip2/release").join(file);
    assert!(
        built.is_file(),
        "{} is missing; `cargo xtask test` builds it",
        built.display()
    );
    fs::copy(built, package.join(file)).unwrap();
    let installed = host.install(&package).await.unwrap();
    let consent = Consent {
        extension: installed.manifest.id.clone(),
        digest: installed.digest,
        account: None,
        at: 1,
        by: "test".to_owned(),
    };
    let asked = (&installed.manifest.capabilities, &installed.manifest.limits);
    let grant = Grant::new(consent, asked, Choice::All).unwrap();
    let settings = Settings {
        values: json!({}),
        ..Settings::default()
    };
    host.enable(&installed, grant, settings).await.unwrap();
}

#[tokio::test]
async fn a_guest_is_called_in_any_session_and_answers_the_model() {
    let mut world = World::new().await;
    world.stop().await;
    let state = Assistant::open_state(world.folder.path()).unwrap();
    let compiler = Compiler {
        program: PathBuf::from(env!("CARGO_BIN_EXE_openclaw-compile-child")),
        args: Vec::new(),
        limits: CompileLimits::default(),
    };
    let options = Options::new(world.folder.path().join("host"), compiler, state.clone());
    let host = Host::start(options).await.unwrap();
    install_calc(world.folder.path(), &host).await;
    world.start_with(state, host).await;
    let ask = json!({"expression": "6*7"});
    world.server.push(Reply::call("c1", "calc", &ask));
    let mut events = world.it().agent.events();
    world.accept("r1", "main", from_channel("how much is it?")).await;
    let told = told(&mut events, "r1").await;
    let result = told.iter().find_map(|event| match &event.body {
        Body::ToolResult {
            name,
            result,
            is_error,
            ..
        } => Some((name.clone(), result.clone(), *is_error)),
        _ => None,
    });
    let (name, result, is_error) = result.unwrap();
    assert_eq!(
        (name.as_str(), is_error, &result["content"][0]["text"]),
        ("calc", false, &json!("42"))
    );
    assert_eq!(world.wait("r1").await.text.as_deref(), Some("You said: 42"));
    assert_eq!(world.outbox(), [("42".to_owned(), "You said: 42".to_owned())]);
    assert!(offered(&world.server.asked()[0]).contains(&"calc"));
}
