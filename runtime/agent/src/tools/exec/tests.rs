//! `exec` and `process` with real commands.

mod nods;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openclaw_components::CallContext;
use openclaw_config::tree::Config;
use openclaw_sandbox::approvals::Verdict;
use openclaw_sandbox::jobs::Ended;
use openclaw_sandbox::{About, Process, Result as Started};
use parking_lot::Mutex;
use tempfile::TempDir;

use super::*;
use crate::tools::{Card, process};

/// Nothing here takes as long.
const PATIENCE: Duration = Duration::from_secs(60);

struct Place {
    bench: Bench,
    folder: TempDir,
}

fn card() -> Card {
    Card {
        session_key: String::new(),
        session_id: String::new(),
        agent: String::new(),
        model: String::new(),
        context_tokens: 0,
        used_tokens: 0,
        total_tokens: 0,
        waiting: 0,
        thinking: String::new(),
        has_files: true,
        time_zone: "UTC".to_owned(),
    }
}

impl Place {
    fn new() -> Self {
        Self::with(json!({}))
    }

    /// `exec` is what the config says under `tools.exec`.
    fn with(exec: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config: Config = serde_json::from_value(json!({"tools": {"exec": exec}})).unwrap();
        let settings = Settings::of(&config, "main", None);
        let machine = Machine::new(machine::Settings {
            environment: vec![("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into())],
            login_patience: Duration::ZERO,
            grace: Duration::from_millis(300),
        });
        let workspace = folder.path().canonicalize().unwrap();
        Self {
            bench: Bench {
                jobs: Jobs::default(),
                machine: Some(machine.with(workspace.clone(), settings.prepended.clone())),
                sandbox: None,
                scope: None,
                gate: None,
                notes: Notes::default(),
                settings,
                agent: "main".to_owned(),
                session: "agent:main:main".to_owned(),
                workspace,
                elevated: Reach::of(&Config::default(), "main", None, None, None),
                has_process: true,
            },
            folder,
        }
    }

    async fn exec(&self, arguments: Value) -> ToolOutput {
        self.exec_telling(arguments, mpsc::channel(1).0).await
    }

    async fn exec_telling(&self, arguments: Value, progress: mpsc::Sender<String>) -> ToolOutput {
        let call = Call {
            name: "exec",
            arguments: &arguments,
            context: CallContext::default(),
            progress,
            card: &card(),
        };
        tokio::time::timeout(PATIENCE, call_it(&self.bench, call))
            .await
            .expect("the call ends")
    }

    async fn process(&self, arguments: Value) -> ToolOutput {
        let asked = process::call(&self.bench, &arguments);
        tokio::time::timeout(PATIENCE, asked)
            .await
            .expect("the call ends")
    }

    /// Starts a command in the background; says its name.
    async fn start(&self, command: &str) -> String {
        let output = self.exec(json!({"command": command, "background": true})).await;
        details(&output)["sessionId"].as_str().unwrap().to_owned()
    }

    /// Polls until a job has ended.
    async fn end(&self, id: &str) -> ToolOutput {
        let begun = Instant::now();
        loop {
            let output = self
                .process(json!({"action": "poll", "sessionId": id, "timeout": 1000}))
                .await;
            if details(&output)["status"] != "running" {
                return output;
            }
            assert!(begun.elapsed() < PATIENCE);
        }
    }
}

async fn call_it(bench: &Bench, call: Call<'_>) -> ToolOutput {
    super::call(bench, call).await
}

fn details(output: &ToolOutput) -> &Value {
    output.details.as_ref().unwrap()
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

async fn until(mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

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
        .exec(json!({"command": "echo begun; sleep 71.0471", "timeout": 0.3}))
        .await;
    assert!(
        output.is_error && output.text.starts_with("begun\n\n(killed after 0 s"),
        "{}",
        output.text
    );
    assert_eq!(
        (&details(&output)["timedOut"], &details(&output)["status"]),
        (&json!(true), &json!("failed"))
    );
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
async fn what_takes_longer_than_the_call_goes_on_and_is_looked_after() {
    let place = Place::new();
    let command = "echo begun; read line; echo got $line; sleep 72.0471 & setsid sleep 72.0471 & wait";
    let output = place.exec(json!({"command": command, "yieldMs": 200})).await;
    let told = details(&output).clone();
    let id = told["sessionId"].as_str().unwrap();
    assert!(
        output.text.starts_with(&format!(
            "Command still running (session {id}, pid {}).",
            told["pid"]
        )),
        "{}",
        output.text
    );
    assert!(output.text.ends_with("\nbegun"));
    assert_eq!(
        (&told["status"], &told["tail"]),
        (&json!("running"), &json!("begun\n"))
    );

    let nothing = place.process(json!({"action": "poll", "sessionId": id})).await;
    let told = details(&nothing);
    assert!(nothing.text.starts_with("(no new output)"));
    assert_eq!(
        (&told["status"], &told["stdinWritable"], &told["waitingForInput"]),
        (&json!("running"), &json!(true), &json!(false))
    );
    assert_eq!(
        (&told["retryInMs"], &told["aggregated"]),
        (&json!(5000), &json!("begun\n"))
    );

    place
        .process(json!({"action": "write", "sessionId": id, "data": "hello\n"}))
        .await;
    let news = place
        .process(json!({"action": "poll", "sessionId": id, "timeout": 30_000}))
        .await;
    assert!(news.text.starts_with("got hello\n"), "{}", news.text);
    assert_eq!(details(&news).get("retryInMs"), None);
    until(|| lives("72.0471")).await;

    let list = place.process(json!({"action": "list"})).await;
    let listed = &details(&list)["sessions"][0];
    assert_eq!(
        (&listed["sessionId"], &listed["status"], &listed["command"]),
        (&json!(id), &json!("running"), &json!(command))
    );
    assert!(listed["name"].as_str().unwrap().starts_with("echo begun;") && listed.get("exitCode").is_none());

    let early = place.process(json!({"action": "clear", "sessionId": id})).await;
    assert!(early.is_error);
    let killed = place.process(json!({"action": "kill", "sessionId": id})).await;
    assert_eq!(details(&killed)["status"], "completed");
    assert!(!lives("72.0471"));
    let log = place.process(json!({"action": "log", "sessionId": id})).await;
    assert_eq!(log.text, "begun\ngot hello");
    assert_eq!(
        (&details(&log)["status"], &details(&log)["totalLines"]),
        (&json!("failed"), &json!(2))
    );
    let ended = place.process(json!({"action": "poll", "sessionId": id})).await;
    assert_eq!(details(&ended)["exitReason"], "killed");
    place.process(json!({"action": "remove", "sessionId": id})).await;
    let gone = place.process(json!({"action": "log", "sessionId": id})).await;
    assert!(gone.is_error && details(&gone)["status"] == "failed");
}

#[tokio::test]
async fn a_log_is_read_by_lines() {
    let place = Place::new();
    let id = place.start("seq 1 500").await;
    place.end(&id).await;
    let log = async |more: Value| {
        let mut asked = json!({"action": "log", "sessionId": id});
        asked
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        place.process(asked).await
    };
    let usual = log(json!({})).await;
    assert!(
        usual.text.starts_with("301\n302")
            && usual
                .text
                .ends_with("500\n\n[Lines 300 to 499 of 500; offset and limit show others.]")
    );
    let some = log(json!({"offset": 9, "limit": 2})).await;
    assert_eq!(
        (&details(&some)["output"], &details(&some)["total"]),
        (&json!("10\n11"), &json!(500))
    );
    assert_eq!(details(&log(json!({"offset": 498})).await)["output"], "499\n500");
    assert_eq!(details(&log(json!({"limit": 1})).await)["output"], "500");
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
        .exec(json!({"command": "head -c 10000000 /dev/zero | tr '\\0' x; echo; echo end"}))
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
async fn whoever_drops_the_call_ends_the_command_and_not_one_in_the_background() {
    let place = Place::new();
    place.start("sleep 73.0471").await;
    {
        let call = place.exec(json!({"command": "sleep 73.0472 & setsid sleep 73.0472 & wait"}));
        tokio::pin!(call);
        let begun = until(|| lives("73.0472"));
        tokio::select! {
            _ = &mut call => panic!("it does not end"),
            () = begun => {}
        }
    }
    until(|| !lives("73.0472")).await;
    assert!(lives("73.0471"));
    place.bench.jobs.close().await;
    assert!(!lives("73.0471"));
}

#[tokio::test]
async fn what_a_command_leaves_behind_and_still_prints_is_a_job_of_its_own() {
    let place = Place::new();
    let output = place
        .exec(json!({"command": "(sleep 0.8; echo late; sleep 74.0471) & echo early"}))
        .await;
    let told = details(&output);
    assert!(
        output.text.starts_with("early\n\n(What it started still runs"),
        "{}",
        output.text
    );
    assert_eq!(
        (&told["status"], &told["exitCode"]),
        (&json!("completed"), &json!(0))
    );
    let id = told["sessionId"].as_str().unwrap();
    let news = place
        .process(json!({"action": "poll", "sessionId": id, "timeout": 30_000}))
        .await;
    assert!(news.text.starts_with("late\n"), "{}", news.text);
    place.process(json!({"action": "remove", "sessionId": id})).await;
    assert!(!lives("74.0471"));
}

#[tokio::test]
async fn without_process_a_command_is_waited_for() {
    let mut place = Place::new();
    place.bench.has_process = false;
    let asked = json!({"command": "sleep 0.3; echo done", "background": true, "yieldMs": 10});
    assert_eq!(place.exec(asked).await.text, "done");
}

#[tokio::test]
async fn a_terminal_hears_keys() {
    let place = Place::new();
    let asked = json!({"command": "stty -echo; echo ready; read -r a; echo \"<$a>\"; read -r b; echo \"<$b>\"; sleep 75.0471", "pty": true, "yieldMs": 10});
    let id = details(&place.exec(asked).await)["sessionId"]
        .as_str()
        .unwrap()
        .to_owned();
    let send = async |more: Value| {
        let mut asked = json!({"action": "send-keys", "sessionId": id});
        asked
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        place.process(asked).await
    };
    let log = async || {
        place
            .process(json!({"action": "log", "sessionId": id}))
            .await
            .text
    };
    let shows = async |text: &str| {
        let begun = Instant::now();
        while !log().await.contains(text) {
            assert!(begun.elapsed() < PATIENCE, "{}", log().await);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    shows("ready").await;
    assert!(
        !send(json!({"literal": "one", "hex": ["20 74"], "keys": ["w", "x", "BSpace", "o", "Enter"]}))
            .await
            .is_error
    );
    shows("<one two>").await;
    assert!(
        send(json!({"keys": ["Entr"]}))
            .await
            .text
            .contains("There is no key Entr")
    );
    place
        .process(json!({"action": "paste", "sessionId": id, "text": "three", "bracketed": false}))
        .await;
    place.process(json!({"action": "submit", "sessionId": id})).await;
    shows("<three>").await;
    send(json!({"keys": ["C-c"]})).await;
    let ended = place.end(&id).await;
    assert_eq!(
        (&details(&ended)["exitSignal"], &details(&ended)["status"]),
        (&json!("SIGINT"), &json!("failed"))
    );
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
        .exec(json!({"command": "echo [$NODE_OPTIONS]", "env": {"NODE_OPTIONS": "x"}}))
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

#[tokio::test]
async fn agents_do_not_reach_each_others_jobs() {
    let place = Place::new();
    let id = place.start("sleep 76.0471").await;
    let mut other = Place::new();
    other.bench.jobs = place.bench.jobs.clone();
    other.bench.agent = "other".to_owned();
    assert_eq!(
        details(&other.process(json!({"action": "list"})).await)["sessions"],
        json!([])
    );
    for action in ["poll", "log", "write", "kill", "remove"] {
        let output = other
            .process(json!({"action": action, "sessionId": id, "data": "x"}))
            .await;
        assert!(
            output.is_error && details(&output)["status"] == "failed",
            "{action}"
        );
    }
    until(|| lives("76.0471")).await;
    place.bench.jobs.close().await;
}

/// Lets commands wait until it is told, and keeps what it was asked.
#[derive(Default)]
struct Keeper {
    asked: Mutex<Vec<Wanted>>,
    verdicts: Mutex<Vec<tokio::sync::oneshot::Receiver<Result<Command, String>>>>,
}

impl Gate for Keeper {
    fn decide(&self, wanted: Wanted) -> BoxFuture<'_, Decision> {
        let decision = match (wanted.ask, self.verdicts.lock().pop()) {
            (ExecAsk::Off, _) => Decision::Run(Command {
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
            (asked[1].security, asked[1].ask, asked[1].host),
            (ExecSecurity::Full, ExecAsk::Always, "gateway")
        );
        assert_eq!(asked[1].command.env["A"], "b");
        assert!(Path::new(&asked[1].command.folder).is_absolute() && asked[1].path.contains("/bin"));
    }

    let (yes, nod) = tokio::sync::oneshot::channel();
    let (no, shake) = tokio::sync::oneshot::channel();
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
    no.send(Err("Ann said no".to_owned())).unwrap();
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

#[tokio::test]
async fn the_end_of_a_background_job_is_told_with_its_tail() {
    let place = Place::new();
    let mut ends = place.bench.jobs.ends();
    let id = place.start("sleep 0.1; echo one; echo two; exit 7").await;
    let Ended { agent, glance } = tokio::time::timeout(PATIENCE, ends.recv())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(agent, "main");
    assert_eq!(
        summary(&glance, NOTE_CHARS),
        format!("Exec finished ({id}, exit code 7): one\ntwo")
    );
}
