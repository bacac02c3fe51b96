//! The gate before commands on this machine.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openclaw_sandbox::approvals::Verdict;
use parking_lot::Mutex;
use tokio::sync::oneshot::{Receiver, channel};

use super::*;

type Concluded = Result<Command, Option<String>>;

/// Lets commands wait until it is told, and keeps what it was asked.
#[derive(Default)]
struct Keeper {
    asked: Mutex<Vec<Wanted>>,
    verdicts: Mutex<Vec<Receiver<Concluded>>>,
}

impl Gate for Keeper {
    fn decide(&self, wanted: Wanted) -> BoxFuture<'_, Decision> {
        let decision = match (wanted.policy.ask.what, self.verdicts.lock().pop()) {
            (Ask::Off, _) => Decision::Run(Command {
                text: format!("echo checked; {}", wanted.command.text),
                ..wanted.command.clone()
            }),
            (_, Some(verdict)) => Decision::Wait(Waiting {
                id: "0123-4567".to_owned(),
                slug: "0123".to_owned(),
                expires_ms: 1000,
                verdict: async { verdict.await.unwrap() }.boxed(),
            }),
            (_, None) => Decision::Refuse("no".to_owned()),
        };
        self.asked.lock().push(wanted);
        async { decision }.boxed()
    }

    fn answer(&self, _: &str, _: Verdict, _: String) -> Result<(), String> {
        Err("nobody asks it".to_owned())
    }

    fn stop(&self, _: &str, _: Option<&str>) {}
}

#[tokio::test]
async fn every_command_on_this_machine_passes_the_gate_and_runs_as_that_wrote_it() {
    let keeper = Arc::new(Keeper::default());
    let mut place = Place::new();
    let gate: Arc<dyn Gate> = keeper.clone();
    place.bench.gate = Some(gate);
    assert_eq!(
        place.exec(json!({"command": "echo ran"})).await.text,
        "checked\nran"
    );
    let refused = place
        .exec(json!({"command": "touch ran", "ask": "always", "env": {"A": "b"}}))
        .await;
    assert!(refused.is_error && !place.folder.path().join("ran").exists());
    {
        let asked = keeper.asked.lock();
        assert_eq!(
            (
                asked[1].policy.security.what,
                asked[1].policy.ask.what,
                asked[1].host
            ),
            (Security::Full, Ask::Always, "gateway")
        );
        assert_eq!(asked[1].command.env["A"], "b");
        assert!(Path::new(&asked[1].command.folder).is_absolute() && asked[1].path.contains("/bin"));
    }

    let (yes, nod) = channel();
    let (no, shake) = channel();
    keeper.verdicts.lock().extend([nod, shake]);
    let denied = place
        .exec(json!({"command": "echo denied", "ask": "always"}))
        .await;
    assert_eq!(
        (
            denied.is_error,
            &details(&denied)["status"],
            &details(&denied)["approvalSlug"]
        ),
        (false, &json!("approval-pending"), &json!("0123"))
    );
    no.send(Err(Some("Ann said no".to_owned()))).unwrap();
    let told = || {
        place
            .bench
            .notes
            .put_before("agent:main:main", "")
            .unwrap_or_default()
    };
    let mut heard = String::new();
    until(|| {
        heard += &told();
        heard.contains("Exec denied (0123): Ann said no")
    })
    .await;
    place
        .exec(json!({"command": "echo later", "ask": "always"}))
        .await;
    yes.send(Ok(Command {
        text: "echo nodded".to_owned(),
        ..Command::default()
    }))
    .unwrap();
    until(|| {
        heard += &told();
        heard.contains("exit code 0): nodded")
    })
    .await;
}
