//! What was accepted is answered once, whenever the process is killed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use openclaw_agent::Status;
use openclaw_state::{NewTurn, State, Tx};
use openclaw_tests::assistant::Assistant;
use openclaw_tests::platforms::openai::{Answer, OpenAi, Reply};
use serde_json::{Value, json};

use crate::world::{PATIENCE, World, config, from_channel, kind, outbox, put};

const ROUNDS: usize = 6;
const MESSAGES: usize = 20;

struct Runner {
    child: Child,
    orders: ChildStdin,
    lines: Receiver<String>,
}

impl Runner {
    fn start(folder: &std::path::Path, config: &Value) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_agent-runner"))
            .arg(folder)
            .arg(config.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self {
            orders: child.stdin.take().unwrap(),
            child,
            lines,
        }
    }

    fn order(&mut self, order: &str) {
        writeln!(self.orders, "{order}").unwrap();
    }

    fn hear(&self) -> String {
        let line = self.lines.recv_timeout(PATIENCE).expect("the runner answers");
        assert!(!line.starts_with('!'), "{line}");
        line
    }

    /// Kills it; says which runs it had acknowledged beyond those that were heard.
    fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.lines.iter().filter_map(|line| acknowledged(&line)).collect()
    }
}

fn acknowledged(line: &str) -> Option<String> {
    line.strip_prefix("a ").map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_is_answered_once_through_kills_at_any_moment() {
    let seed = fastrand::u64(..);
    fastrand::seed(seed);
    println!("seed {seed}");
    let server = OpenAi::answering(|asked| {
        Reply::Answer(Answer {
            text: format!("re {}", asked.last_text()),
            pause: Duration::from_millis(1),
            ..Answer::default()
        })
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let config = config(&server, &json!({}));
    let mut accepted = BTreeSet::new();
    for round in 0..ROUNDS {
        let mut runner = Runner::start(folder.path(), &config);
        for n in 0..MESSAGES {
            let run = format!("r{round}-{n}");
            runner.order(&format!("accept {run} s{} {run}", n % 3));
        }
        // Something is there to lose.
        accepted.extend(acknowledged(&runner.hear()));
        std::thread::sleep(Duration::from_millis(40).mul_f64(fastrand::f64()));
        accepted.extend(runner.kill());
    }
    assert!(accepted.len() >= ROUNDS);
    let mut runner = Runner::start(folder.path(), &config);
    for run in &accepted {
        runner.order(&format!("wait {run}"));
    }
    for _ in &accepted {
        let line = runner.hear();
        assert!(line.ends_with(" Ok"), "{line}");
    }
    runner.kill();
    let mut answers = BTreeMap::<String, usize>::new();
    for (_, text) in outbox(
        &folder
            .path()
            .join(".openclaw")
            .join(openclaw_state::DATABASE_FILE),
    ) {
        *answers
            .entry(text.trim_start_matches("re ").to_owned())
            .or_default() += 1;
    }
    for run in &accepted {
        assert_eq!(answers.get(run), Some(&1), "{run}");
    }
    assert!(answers.values().all(|&times| times == 1), "{answers:?}");
}

/// Leaves a turn behind that was killed while it called a tool.
async fn leave_behind(state: &State, tool: &'static str) {
    let call = json!({"message": {
        "role": "assistant", "api": "x", "provider": "fake", "model": "small", "stopReason": "toolUse", "timestamp": 1,
        "content": [{"type": "toolCall", "id": "c1", "name": tool, "arguments": {"path": "a.txt", "content": "again"}}],
    }});
    let said = json!({"message": {"role": "user", "content": "hello", "timestamp": 1}});
    let work = move |tx: &Tx<'_>| {
        let session = tx.session("agent:main:main")?.unwrap();
        tx.turn_put(&NewTurn {
            run_id: "r1".to_owned(),
            session_key: session.key.clone(),
            agent_id: "main".to_owned(),
            request: json!({"message": "hello", "route": from_channel("").route}).to_string(),
            received_ms: 0,
        })?;
        tx.turn_begin("r1", &session.session_id)?;
        for body in [said, call] {
            tx.transcript_append(&session.session_id, Some("r1"), "message", &body.to_string())?;
        }
        Ok::<_, openclaw_state::Error>(())
    };
    state.write(work).await.unwrap();
}

async fn killed_in(tool: &'static str) -> World {
    killed_before(tool, World::new().await, None).await
}

/// `order` waits behind the turn that was killed.
async fn killed_before(tool: &'static str, world: World, order: Option<&'static str>) -> World {
    killed_with(tool, world, async |state| {
        if let Some(order) = order {
            put(state, "r2", json!(from_channel(order)).to_string()).await;
        }
    })
    .await
}

/// `more` happens to the state that was left behind.
async fn killed_with(tool: &'static str, mut world: World, more: impl AsyncFnOnce(&State)) -> World {
    world.say("r0", "main", "first").await;
    std::fs::write(world.workspace().join("a.txt"), "before").unwrap();
    world.stop().await;
    let state = Assistant::open_state(world.folder.path()).unwrap();
    leave_behind(&state, tool).await;
    more(&state).await;
    state.close().await;
    world.start().await;
    world
}

#[tokio::test]
async fn a_tool_that_may_have_changed_something_is_not_called_again_and_the_person_is_told() {
    let world = killed_in("write").await;
    let outcome = world.wait("r1").await;
    assert_eq!(
        (outcome.status, outcome.error.unwrap().kind.as_str()),
        (Status::Error, "interrupted")
    );
    let left = world.outbox();
    assert!(left[0].1.contains("the tool write ran"), "{left:?}");
    assert_eq!(
        std::fs::read_to_string(world.workspace().join("a.txt")).unwrap(),
        "before"
    );
    // The conversation goes on behind it, and the model knows.
    world.say("r2", "main", "and now?").await;
    let asked = world.server.asked();
    let told = asked.last().unwrap().body["messages"].to_string();
    assert!(told.contains("what it did is not known"), "{told}");
}

#[tokio::test]
async fn a_tool_that_only_looks_is_called_again_and_the_turn_goes_on() {
    let world = killed_in("read").await;
    assert_eq!(world.wait("r1").await.text.as_deref(), Some("You said: before"));
    assert_eq!(world.outbox(), [("42".to_owned(), "You said: before".to_owned())]);
}

#[tokio::test]
async fn an_order_to_stop_that_was_kept_is_carried_out_after_a_crash() {
    let world = World::answering(|asked| match asked.last_role() {
        "tool" => Reply::Silence,
        _ => Reply::text("ok"),
    });
    let world = killed_before("read", world.await, Some("stop")).await;
    assert_eq!(world.wait("r1").await.status, Status::Aborted);
    assert_eq!(world.outbox(), [("42".to_owned(), "Stopped.".to_owned())]);
}

#[tokio::test]
async fn a_tool_that_is_gone_after_a_crash_may_have_changed_something_too() {
    let world = killed_in("transfer").await;
    let outcome = world.wait("r1").await;
    assert_eq!((outcome.status, kind(&outcome)), (Status::Error, "interrupted"));
    let left = world.outbox();
    assert!(left[0].1.contains("the tool transfer ran"), "{left:?}");
}

#[tokio::test]
async fn a_turn_that_was_asked_to_stop_does_not_go_on_after_a_crash_and_leaves_no_call_without_a_result() {
    let world = World::new().await;
    let mut world = killed_with("read", world, async |state| {
        // As the gateway keeps it that is told to stop a run.
        assert!(state.write(|tx| tx.turn_ask_stop("r1")).await.unwrap());
        put(state, "r2", json!(from_channel("next")).to_string()).await;
    })
    .await;
    assert_eq!(world.wait("r1").await.status, Status::Aborted);
    let next = world.wait("r2").await;
    assert_eq!(next.text.as_deref(), Some("You said: next"));
    assert_eq!(world.outbox(), [("42".to_owned(), "You said: next".to_owned())]);
    // The first message, and the one behind the turn that was stopped.
    assert_eq!(world.server.asked().len(), 2);
    let told = world.server.asked()[1].body["messages"].to_string();
    assert!(told.contains("what it did is not known"), "{told}");
    world.stop().await;
}

#[tokio::test]
async fn whoever_asked_is_told_of_a_turn_that_cannot_be_taken_up_or_read() {
    let world = World::new().await;
    let route = json!(from_channel("").route);
    let world = killed_with("read", world, async |state| {
        put(state, "r2", json!({"message": 7, "route": route}).to_string()).await;
        put(
            state,
            "r3",
            json!({"message": 7, "route": {"channel": ""}}).to_string(),
        )
        .await;
        put(state, "r4", json!(from_channel("next")).to_string()).await;
        let spoiled = json!({"message": 7, "route": route}).to_string();
        state
            .write(move |tx| {
                let turn = tx.turn("r1")?.unwrap();
                tx.turn_end("r1", openclaw_state::TurnState::Failed, "{}")?;
                tx.turn_put(&NewTurn {
                    run_id: "r0-again".to_owned(),
                    session_key: turn.session_key,
                    agent_id: turn.agent_id,
                    request: spoiled,
                    received_ms: 0,
                })?;
                tx.turn_begin("r0-again", &turn.session_id.unwrap())
            })
            .await
            .unwrap();
    })
    .await;
    assert_eq!(kind(&world.wait("r0-again").await), "interrupted");
    assert_eq!(kind(&world.wait("r2").await), "unreadable");
    assert_eq!(kind(&world.wait("r3").await), "unreadable");
    assert_eq!(world.wait("r4").await.status, Status::Ok);
    let left = world.outbox();
    assert_eq!(left.len(), 3, "{left:?}");
    assert!(left[0].1.contains("was interrupted"), "{left:?}");
    assert!(left[1].1.contains("r2 cannot be read"), "{left:?}");
    assert_eq!(left[2].1, "You said: next");
}
