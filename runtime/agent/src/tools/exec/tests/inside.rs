//! Commands of sandboxed sessions.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openclaw_sandbox::{About, Process, Result as Started};

use super::*;

/// A sandbox that says what it is asked to run.
struct Echo;

impl Runner for Echo {
    fn start(&self, command: Command) -> BoxFuture<'_, Started<Process>> {
        async move {
            let (process, pipes) = Process::open(None, false);
            let text = format!("{} in [{}]\n", command.text, command.folder);
            let bytes = text.into();
            let said = openclaw_sandbox::Output { is_err: false, bytes };
            let _ = pipes.output.send(said).await;
            let _ = pipes
                .end
                .send(openclaw_sandbox::End::Broken("out of memory".to_owned()));
            Ok(process)
        }
        .boxed()
    }

    fn about(&self) -> About {
        About {
            name: "echo".to_owned(),
            folder: "/workspace".to_owned(),
            has_terminals: false,
            is_this_machine: false,
        }
    }
}

#[tokio::test]
async fn a_sandboxed_session_runs_in_its_sandbox_and_its_limits_are_told() {
    let mut place = Place::with(json!({"mode": "deny"}));
    place.bench.sandbox = Some(Arc::new(Echo));
    let output = place
        .exec(json!({"command": "ls", "pty": true, "env": {"PATH": "/x"}}))
        .await;
    assert!(
        output.text.starts_with("Warning: there is no terminal"),
        "{}",
        output.text
    );
    assert!(
        output.is_error && output.text.ends_with("\nls in []\n\n(out of memory)"),
        "{}",
        output.text
    );
    assert_eq!(
        (&details(&output)["cwd"], &details(&output)["exitReason"]),
        (&json!("/workspace"), &json!("out of memory"))
    );
    for leaving in [
        json!({"command": "touch ran", "host": "gateway"}),
        json!({"command": "touch ran", "elevated": true}),
    ] {
        assert!(
            place
                .exec(leaving)
                .await
                .text
                .contains("may not leave the sandbox")
        );
    }
    assert!(!place.folder.path().join("ran").exists());
}

/// A sandbox in which what runs reads its input to the end.
#[derive(Default)]
struct Reader;

impl Runner for Reader {
    fn start(&self, _: Command) -> BoxFuture<'_, Started<Process>> {
        async move {
            let (process, mut pipes) = Process::open(None, false);
            tokio::spawn(async move {
                loop {
                    tokio::select! {
                        () = pipes.stop.cancelled() => break,
                        read = pipes.input.recv() => match read {
                            Some(openclaw_sandbox::Input::Bytes(_)) => {}
                            Some(openclaw_sandbox::Input::End) | None => break,
                        },
                    }
                }
                let _ = pipes.end.send(openclaw_sandbox::End::Code(0));
            });
            Ok(process)
        }
        .boxed()
    }

    fn about(&self) -> About {
        Echo.about()
    }
}

#[tokio::test]
async fn what_nobody_could_write_to_finds_its_input_closed() {
    let mut place = Place::new();
    place.bench.sandbox = Some(Arc::new(Reader));
    place.bench.has_process = false;
    let output = place.exec(json!({"command": "cat"})).await;
    assert_eq!(details(&output)["exitCode"], 0, "{}", output.text);
}

#[tokio::test]
async fn sixteen_commands_go_on_in_the_background_of_a_sandbox_and_no_seventeenth() {
    let mut place = Place::new();
    place.bench.sandbox = Some(Arc::new(Reader));
    place.bench.scope = Some("agent:main".to_owned());
    let mut last = String::new();
    for _ in 0..IN_BACKGROUND {
        let output = place.exec(json!({"command": "cat", "yieldMs": 10})).await;
        assert_eq!(details(&output)["status"], "running", "{}", output.text);
        last = details(&output)["sessionId"].as_str().unwrap().to_owned();
    }
    let refused = place.exec(json!({"command": "cat", "background": true})).await;
    assert!(
        refused.is_error && refused.text.contains("16 commands"),
        "{}",
        refused.text
    );
    // One that is waited for is waited for until there is room.
    let waited = place.exec(json!({"command": "cat", "yieldMs": 10}));
    tokio::pin!(waited);
    let early = tokio::time::timeout(Duration::from_millis(300), &mut waited).await;
    assert!(early.is_err());
    place.process(json!({"action": "kill", "sessionId": last})).await;
    let output = tokio::time::timeout(PATIENCE, waited).await.unwrap();
    assert_eq!(details(&output)["status"], "running", "{}", output.text);
    place.bench.jobs.close().await;
}
