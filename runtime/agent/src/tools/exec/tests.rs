//! `exec` and `process` with real commands.

mod background;
mod calls;
mod gate;
mod inside;
mod nods;

use std::fs;
use std::path::Path;
use std::time::Instant;

use openclaw_components::CallContext;
use openclaw_config::tree::Config;
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
            may_ask: true,
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
