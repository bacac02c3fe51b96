//! What a command in a sandbox costs, beside the same in a container of Docker's where there is an engine.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    dead_code
)]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;
use openclaw_components::{CompileLimits, Compiler, Host, Options, compile_child};
use openclaw_config::Place;
use openclaw_config::tree::Config;
use openclaw_sandbox::wasm::Wasm;
use openclaw_sandbox::{Asked, End, Input, Sandboxes};
use openclaw_state::State;
use openclaw_tests::measure::{median, report, report_beside};
use serde_json::json;

/// What is run everywhere.
const PIPE: &str = "echo hi | tr a-z A-Z";
const COMMANDS: usize = 300;
const CONTAINERS: usize = 15;
const SESSIONS: usize = 32;
const IMAGE: &str = "openclaw-bench-busybox";

struct House {
    state: State,
    host: Host,
    sandboxes: Sandboxes,
    config: Config,
    place: Place,
}

impl House {
    async fn open(folder: &Path) -> Self {
        let state_dir = folder.join("state");
        let state = State::open(openclaw_state::Options::new(&state_dir, str::to_owned)).unwrap();
        let compiler = Compiler {
            program: std::env::current_exe().unwrap(),
            args: vec!["compile-child".into()],
            limits: CompileLimits::default(),
        };
        let host = Host::start(Options::new(
            state_dir.join("extensions"),
            compiler,
            state.clone(),
        ))
        .await
        .unwrap();
        let programs = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .unwrap()
            .join("target/programs");
        let wasm = Wasm::new(host.clone(), state.clone(), programs);
        let config = json!({"agents": {"defaults": {"sandbox": {"mode": "all", "backend": "wasm", "scope": "session"}}}});
        Self {
            sandboxes: Sandboxes::new(state.clone(), vec![Arc::new(wasm)]),
            state,
            host,
            config: serde_json::from_value(config).unwrap(),
            place: Place {
                profile: None,
                home: folder.to_owned(),
                config_path: state_dir.join("openclaw.json"),
                default_workspace: folder.join("agent"),
                state_dir,
                is_default_state: false,
                dev_port: None,
                include_roots: Vec::new(),
                read_only: false,
            },
        }
    }

    /// Runs the pipe in a session's sandbox, from the question where that is to the end of its output.
    async fn run(&self, session: &str) {
        let asked = Asked {
            config: &self.config,
            place: &self.place,
            agent: "main",
            session,
            workspace: &self.place.default_workspace,
            seeds: &[],
            tool: "exec",
        };
        let seat = self.sandboxes.enter(asked).await.unwrap();
        let command = openclaw_sandbox::Command {
            text: PIPE.to_owned(),
            env: BTreeMap::new(),
            ..openclaw_sandbox::Command::default()
        };
        let mut process = seat.sandbox.start(session, command).await.unwrap();
        process.input.send(Input::End).await.ok();
        let mut said = Vec::new();
        while let Some(piece) = process.output.recv().await {
            said.extend_from_slice(&piece.bytes);
        }
        assert_eq!(process.end.await.unwrap(), End::Code(0));
        assert_eq!(said, b"HI\n");
    }

    async fn close(self) {
        drop(self.sandboxes);
        drop(self.host);
        self.state.close().await;
    }
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("compile-child") {
        return compile_child(std::env::args().skip(2));
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    runtime.block_on(measure(folder.path()));
    ExitCode::SUCCESS
}

async fn measure(folder: &Path) {
    fs::create_dir_all(folder.join("agent")).unwrap();
    // Compiles the guests, which is done once for each version.
    let house = House::open(folder).await;
    let begun = Instant::now();
    house.run("agent:main:first").await;
    report_beside(
        "the first command ever, its guest compiled",
        "ms",
        ms(begun),
        None,
    );
    house.close().await;

    let house = House::open(folder).await;
    let begun = Instant::now();
    house.run("agent:main:first").await;
    // What is asked for stands in the place of a baseline.
    report("the first command after a start", "ms", (ms(begun), 50.0));

    let mut took = Vec::new();
    for _ in 0..COMMANDS {
        let begun = Instant::now();
        house.run("agent:main:first").await;
        took.push(ms(begun));
    }
    took.sort_by(f64::total_cmp);
    let p50 = median(took.clone());
    report("a command, half of all", "ms", (p50, 3.0));
    report_beside("a command, 99 of 100", "ms", took[COMMANDS * 99 / 100], None);

    let begun = Instant::now();
    let one = |number: usize| {
        let house = &house;
        async move { house.run(&format!("agent:main:{number}")).await }
    };
    join_all((0..SESSIONS).map(one)).await;
    report_beside(
        "32 new sessions with a command each, at once",
        "ms",
        ms(begun),
        None,
    );
    let begun = Instant::now();
    join_all((0..SESSIONS).map(one)).await;
    report_beside("32 sessions with a command each, at once", "ms", ms(begun), None);

    match Engine::find() {
        Some(engine) => {
            let (exec, run) = (
                engine.time(&["exec", &engine.container]),
                engine.time(&["run", "--rm", "--network=none", IMAGE]),
            );
            report("docker exec beside a command", "ms", (exec, p50));
            report("docker run beside a command", "ms", (run, p50));
        }
        None => eprintln!("sandbox: no Docker engine answers here, so nothing is compared with one"),
    }
    house.close().await;
}

/// An engine with a container of busybox.
struct Engine {
    container: String,
}

impl Engine {
    fn find() -> Option<Self> {
        let answers = Command::new("docker")
            .args(["info", "--format", "{{.ServerVersion}}"])
            .output()
            .ok()?;
        let busybox = ["/bin/busybox", "/usr/bin/busybox"]
            .map(PathBuf::from)
            .into_iter()
            .find(|path| path.is_file())?;
        if !answers.status.success() {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        fs::copy(busybox, folder.path().join("bin/busybox")).unwrap();
        for name in ["sh", "tr", "echo", "sleep"] {
            std::os::unix::fs::symlink("busybox", folder.path().join("bin").join(name)).unwrap();
        }
        let image = Command::new("tar")
            .arg("-C")
            .arg(folder.path())
            .args(["-c", "."])
            .output()
            .unwrap()
            .stdout;
        let mut import = Command::new("docker")
            .args(["import", "-", IMAGE])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        import.stdin.take().unwrap().write_all(&image).unwrap();
        assert!(import.wait().unwrap().success());
        let started = Command::new("docker")
            .args(["run", "-d", "--rm", "--network=none", IMAGE, "sleep", "600"])
            .output()
            .unwrap();
        assert!(
            started.status.success(),
            "{}",
            String::from_utf8_lossy(&started.stderr)
        );
        let container = String::from_utf8(started.stdout).unwrap().trim().to_owned();
        Some(Self { container })
    }

    /// How long the pipe takes with these words before it, in the middle of some.
    fn time(&self, words: &[&str]) -> f64 {
        let one = || {
            let begun = Instant::now();
            let said = Command::new("docker")
                .args(words)
                .args(["sh", "-c", PIPE])
                .output()
                .unwrap();
            assert_eq!(said.stdout, b"HI\n", "{}", String::from_utf8_lossy(&said.stderr));
            ms(begun)
        };
        one();
        median((0..CONTAINERS).map(|_| one()).collect())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // It ends by itself after a while.
        let _ = Command::new("docker").args(["kill", &self.container]).output();
    }
}
