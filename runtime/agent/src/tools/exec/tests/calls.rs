//! What one call of `exec` answers.

use super::*;

#[tokio::test]
async fn what_a_command_printed_and_how_it_ended_are_told() {
    let place = Place::new();
    let output = place
        .exec(json!({"command": "echo out; echo err >&2; exit 3"}))
        .await;
    assert!(!output.is_error);
    assert!(
        ["out\nerr\n\n(exit code 3)", "err\nout\n\n(exit code 3)"].contains(&output.text.as_str()),
        "{}",
        output.text
    );
    let told = details(&output);
    assert_eq!(
        (&told["status"], &told["exitCode"]),
        (&json!("completed"), &json!(3))
    );
    assert_eq!(told["cwd"], json!(place.bench.workspace));
    assert!(told["durationMs"].is_u64() && told["aggregated"].as_str().unwrap().len() == 8);
    assert_eq!(place.exec(json!({"command": "true"})).await.text, "(no output)");
    let killed = place.exec(json!({"command": "kill -9 $$"})).await;
    assert!(killed.is_error && killed.text.ends_with("(ended by SIGKILL)"));
    assert_eq!(
        (&details(&killed)["status"], &details(&killed)["exitSignal"]),
        (&json!("failed"), &json!("SIGKILL"))
    );
    assert_eq!(details(&killed)["exitCode"], Value::Null);
    assert!(
        place
            .process(json!({"action": "list"}))
            .await
            .text
            .starts_with("No command")
    );
}

#[tokio::test]
async fn a_command_is_killed_when_its_time_is_up() {
    let place = Place::new();
    let output = place
        .exec(json!({"command": "echo begun; sleep 71.0471", "timeout": 3}))
        .await;
    assert!(
        output.is_error
            && output.text.starts_with("begun\n\n(killed after ")
            && output.text.ends_with(" s, because its time was up (timeout))"),
        "{}",
        output.text
    );
    assert_eq!(
        (&details(&output)["timedOut"], &details(&output)["status"]),
        (&json!(true), &json!("failed"))
    );
    assert!(details(&output)["durationMs"].as_u64().unwrap() >= 3000);
    assert!(!lives("71.0471"));
    let id = place
        .exec(json!({"command": "sleep 71.0472", "timeoutSeconds": 0.3, "yieldMs": 10}))
        .await;
    let ended = place.end(details(&id)["sessionId"].as_str().unwrap()).await;
    assert_eq!(
        (&details(&ended)["timedOut"], &details(&ended)["status"]),
        (&json!(true), &json!("failed"))
    );
}

#[tokio::test]
async fn what_is_printed_is_told_as_it_comes() {
    let place = Place::new();
    let (progress, mut told) = mpsc::channel(32);
    let folder = place.folder.path().join("go");
    let command = format!(
        "echo one; while [ ! -e {} ]; do sleep 0.01; done; echo two",
        folder.display()
    );
    let heard = async {
        let first = told.recv().await.unwrap();
        fs::write(&folder, "").unwrap();
        first
    };
    let (output, first) = tokio::join!(place.exec_telling(json!({"command": command}), progress), heard);
    assert_eq!((first.as_str(), output.text.as_str()), ("one\n", "one\ntwo"));
}

#[tokio::test]
async fn a_flood_reaches_the_model_from_its_end() {
    let place = Place::new();
    let output = place
        .exec(
            json!({"command": "head -c 10000000 /dev/zero | tr '\\0' x; echo; echo end", "yieldMs": 60_000}),
        )
        .await;
    assert!(
        output
            .text
            .starts_with("[… the first 9800005 characters are not kept …]\nx"),
        "{}",
        &output.text[..80]
    );
    assert!(output.text.ends_with("x\nend"));
    let told = details(&output);
    assert_eq!(
        (told["aggregated"].as_str().unwrap().len(), &told["truncated"]),
        (30_000, &json!(true))
    );
}

#[tokio::test]
async fn without_process_a_command_is_waited_for() {
    let mut place = Place::new();
    place.bench.has_process = false;
    let asked = json!({"command": "sleep 0.3; echo done", "background": true, "yieldMs": 10});
    assert_eq!(place.exec(asked).await.text, "done");
}

#[tokio::test]
async fn a_folder_that_is_not_there_gives_way_and_variables_that_run_code_do_not_pass() {
    let place = Place::new();
    fs::create_dir(place.folder.path().join("sub")).unwrap();
    let inside = place
        .exec(json!({"command": "pwd; echo $A", "workdir": "sub", "env": {"A": "b"}}))
        .await;
    assert_eq!(inside.text, format!("{}/sub\nb", place.bench.workspace.display()));
    let missing = place.exec(json!({"command": "pwd", "workdir": "~/x"})).await;
    let workspace = place.bench.workspace.display();
    assert_eq!(
        missing.text,
        format!("Warning: there is no folder ~/x; the command was run in {workspace}.\n{workspace}")
    );
    let left_out = place
        .exec(
            json!({"command": "echo [$NODE_OPTIONS$OPENCLAW_CHANNEL_CONTEXT]", "env":
            {"NODE_OPTIONS": "x", "OPENCLAW_CHANNEL_CONTEXT": "{}"}}),
        )
        .await;
    assert!(left_out.text.ends_with("NODE_OPTIONS.\n[]"), "{}", left_out.text);
    for name in ["PATH", "LD_PRELOAD"] {
        let refused = place
            .exec(json!({"command": "echo ran", "env": {name: "x"}}))
            .await;
        assert!(
            refused.is_error && refused.text.contains(name) && !refused.text.contains("ran\n"),
            "{}",
            refused.text
        );
    }
}

#[tokio::test]
async fn what_is_wrong_in_a_call_runs_nothing() {
    let place = Place::new();
    for (asked, part) in [
        (json!({}), "command is missing"),
        (json!({"command": 5}), "not as they should be"),
        (json!({"command": "touch ran", "host": "mars"}), "not mars"),
        (
            json!({"command": "touch ran", "host": "sandbox"}),
            "this session has none",
        ),
        (json!({"command": "touch ran", "host": "node"}), "paired devices"),
        (
            json!({"command": "touch ran", "timeout": -1}),
            "timeout is a number",
        ),
        (
            json!({"command": "touch ran; /approve x allow-once"}),
            "only a person",
        ),
        (json!({"command": "touch ran", "security": "deny"}), "denied"),
        (
            json!({"command": "touch ran", "security": "allowlist"}),
            "has no list",
        ),
        (
            json!({"command": "touch ran", "ask": "always"}),
            "cannot ask anybody",
        ),
    ] {
        let output = place.exec(asked.clone()).await;
        assert!(
            output.is_error && output.text.contains(part),
            "{asked}: {}",
            output.text
        );
    }
    assert!(!place.folder.path().join("ran").exists());
    for (exec, part) in [
        (json!({"mode": "deny"}), "denied"),
        (json!({"security": "allowlist"}), "has no list"),
    ] {
        let place = Place::with(exec);
        // A call cannot loosen what the config says.
        let output = place
            .exec(json!({"command": "touch ran", "security": "full"}))
            .await;
        assert!(output.is_error && output.text.contains(part), "{}", output.text);
    }
    assert!(!Place::with(json!({"host": "node"})).bench.is_usable());
    assert!(!Place::with(json!({"host": "sandbox"})).bench.is_usable());
}
