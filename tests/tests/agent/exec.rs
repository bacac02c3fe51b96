//! Commands in real turns: who may run them, what the model and listeners are told, and what ends them.

use std::fs;
use std::time::{Duration, Instant};

use openclaw_agent::{Acceptance, Body, Status};
use openclaw_tests::platforms::openai::{Asked, OpenAi, Reply};
use serde_json::json;

use crate::world::{PATIENCE, World, from_channel, key, message, told};

fn offered(asked: &Asked) -> Vec<&str> {
    let tools = asked.body["tools"].as_array();
    let tools = tools.map(Vec::as_slice).unwrap_or_default().iter();
    tools
        .map(|tool| tool["function"]["name"].as_str().unwrap())
        .collect()
}

fn has_commands(asked: &Asked) -> bool {
    let names = offered(asked);
    names.contains(&"exec") && names.contains(&"process")
}

/// Seconds to sleep for which nothing else on this machine sleeps: runs of this test at the same time are told apart.
fn seconds(whole: u32) -> String {
    format!("{whole}.{:07}", std::process::id())
}

/// Whether a process with this among its arguments lives.
fn lives(argument: &str) -> bool {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let mut lines = entries.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines.any(|line| {
        line.split(|byte| *byte == 0)
            .any(|part| part == argument.as_bytes())
    })
}

async fn until(is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits for the end of the newest job of the main session, and for the note of it.
async fn until_noted(world: &World) {
    let list = json!({"action": "list"});
    let begun = Instant::now();
    loop {
        let agent = &world.it().agent;
        let listed = agent.call_tool(&key("main"), "process", &list, None).await;
        if listed.unwrap().details.unwrap()["sessions"][0]["status"] == "completed" {
            break;
        }
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // The one who notes it runs beside.
    tokio::time::sleep(Duration::from_millis(100)).await;
}

#[tokio::test]
async fn the_owner_in_the_main_session_runs_commands_and_nobody_else_does() {
    let world = World::new().await;
    world.say("r1", "main", "hi").await;
    world.say("r2", "other", "hi").await;
    world.accept("r3", "main", from_channel("hi")).await;
    world.wait("r3").await;
    let asked = world.server.asked();
    assert_eq!(
        asked.iter().map(has_commands).collect::<Vec<_>>(),
        [true, false, false]
    );
    world
        .it()
        .agent
        .call_tool(&key("other"), "exec", &json!({"command": "true"}), None)
        .await
        .unwrap_err();
}

#[tokio::test]
async fn commands_are_not_offered_where_the_config_sends_them_nowhere_or_denies_them() {
    for (tools, has) in [
        (json!({"exec": {"host": "node"}}), false),
        (json!({"exec": {"host": "sandbox"}}), false),
        (json!({"exec": {"host": "gateway"}}), true),
        (json!({"deny": ["group:runtime"]}), false),
        (json!({"deny": ["bash"]}), false),
    ] {
        let world = World::with(OpenAi::start().await, json!({"tools": tools})).await;
        world.say("r1", "main", "hi").await;
        assert_eq!(has_commands(&world.server.asked()[0]), has, "{tools}");
    }
}

#[tokio::test]
async fn a_command_runs_in_the_workspace_without_the_gateways_secrets_and_is_told_as_it_prints() {
    let world = World::new().await;
    // It goes on once the first of it was told.
    let command = "echo first; until [ -e go ]; do sleep 0.05; done; pwd; env | grep -c a-secret; \
                   echo $OPENCLAW_SHELL; exit 3";
    world
        .server
        .push(Reply::call("c1", "exec", &json!({"command": command})));
    world.server.push(Reply::text("Done."));
    let (mut events, mut news) = (world.it().agent.events(), world.it().agent.events());
    world.accept("r1", "main", message("run it")).await;
    while !matches!(news.recv().await.unwrap().body, Body::ToolUpdate { .. }) {}
    fs::write(world.workspace().join("go"), "").unwrap();
    let told = told(&mut events, "r1").await;
    let updates = told.iter().filter_map(|event| match &event.body {
        Body::ToolUpdate { text, .. } => Some(text.as_str()),
        _ => None,
    });
    assert_eq!(updates.collect::<Vec<_>>().first(), Some(&"first\n"));
    let workspace = world.workspace().canonicalize().unwrap();
    let text = format!("first\n{}\n0\nexec\n\n(exit code 3)", workspace.display());
    assert_eq!(world.server.asked()[1].last_text(), text);
    let outcome = world.wait("r1").await;
    assert_eq!(
        (outcome.status, outcome.tools),
        (Status::Ok, vec!["exec".to_owned()])
    );
}

#[tokio::test]
async fn a_stopped_turn_ends_its_command_and_a_stopped_gateway_ends_all() {
    let mut world = World::new().await;
    let (behind, before) = (seconds(61), seconds(62));
    let background = json!({"command": format!("sleep {behind}"), "background": true});
    let started = world
        .it()
        .agent
        .call_tool(&key("main"), "exec", &background, None)
        .await
        .unwrap();
    assert_eq!(started.details.unwrap()["status"], "running");
    let foreground = json!({"command": format!("sleep {before} & setsid sleep {before} & wait")});
    world.server.push(Reply::call("c1", "exec", &foreground));
    world.accept("r1", "main", message("run it")).await;
    until(|| lives(&before)).await;
    world.it().agent.abort(&key("main"), None).await.unwrap();
    assert_eq!(world.wait("r1").await.status, Status::Aborted);
    until(|| !lives(&before)).await;
    until(|| lives(&behind)).await;
    world.stop().await;
    assert!(!lives(&behind));
}

#[tokio::test]
async fn the_end_of_a_job_is_told_with_the_next_message_once() {
    let world = World::new().await;
    let agent = &world.it().agent;
    world.say("r0", "main", "hello").await;
    let command = json!({"command": "sleep 0.1; echo built; exit 2", "background": true});
    let started = agent
        .call_tool(&key("main"), "exec", &command, None)
        .await
        .unwrap();
    let id = started.details.unwrap()["sessionId"].as_str().unwrap().to_owned();
    until_noted(&world).await;
    world.say("r1", "main", "what now?").await;
    world.say("r2", "main", "and now?").await;
    let asked = world.server.asked();
    let text = asked[1].last_text();
    assert!(text.starts_with("System: [2"), "{text}");
    assert!(
        text.contains(&format!(
            "] Exec finished ({id}, exit code 2): built\n\nwhat now?"
        )),
        "{text}"
    );
    assert_eq!(asked[2].last_text(), "and now?");
    // The person's own words are what is shown.
    let talk = world.talk("main").await;
    assert!(talk.contains(&("user".to_owned(), "what now?".to_owned())));
}

#[tokio::test]
async fn a_new_conversation_does_not_hear_of_jobs_of_the_one_before() {
    let world = World::new().await;
    let agent = &world.it().agent;
    world.say("r0", "main", "hello").await;
    let command = json!({"command": "sleep 0.1; echo built", "background": true});
    agent
        .call_tool(&key("main"), "exec", &command, None)
        .await
        .unwrap();
    until_noted(&world).await;
    assert_eq!(world.say("r1", "main", "/new").await.status, Status::Ok);
    world.say("r2", "main", "hello again").await;
    assert_eq!(world.server.asked()[1].last_text(), "hello again");
}

#[tokio::test]
async fn a_command_whose_turn_was_cut_off_by_a_crash_is_not_run_again() {
    let mut world = World::new().await;
    let mark = world.folder.path().join("mark");
    let nap = seconds(63);
    let command = format!("echo x >> {}; sleep {nap}", mark.display());
    world
        .server
        .push(Reply::call("c1", "exec", &json!({"command": command})));
    assert_eq!(
        world.accept("r1", "main", message("run it")).await,
        Acceptance::Started
    );
    until(|| lives(&nap)).await;
    world.stop().await;
    assert!(!lives(&nap));
    world.start().await;
    let outcome = world.wait("r1").await;
    assert_eq!(outcome.status, Status::Error);
    assert!(outcome.error.unwrap().message.contains("exec ran"));
    assert_eq!(fs::read_to_string(mark).unwrap(), "x\n");
}
