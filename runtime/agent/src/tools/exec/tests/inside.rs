//! Commands of sandboxed sessions.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openclaw_sandbox::jobs::Ended;
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
