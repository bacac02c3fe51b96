//! What a command costs that a model runs in a sandbox, from the call of the tool `exec` to its answer, beside the same in
//! a container of Docker's where there is an engine.
//!
//! What is measured is the program of the release build, or the one that `OPENCLAW_TEST_PROGRAM` names, as a client on its
//! socket feels it. Docker is asked by its own command, which is how a gateway asks it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a bench that cannot measure ends"
)]

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use futures_util::future::join_all;
use openclaw_tests::gateway::{House, Line, Running};
use openclaw_tests::measure::{median, report, report_beside};
use serde_json::{Value, json};

/// What is run everywhere.
const PIPE: &str = "echo hi | tr a-z A-Z";
const COMMANDS: usize = 300;
const STARTS: usize = 5;
const CONTAINERS: usize = 15;
const SESSIONS: usize = 32;
const IMAGE: &str = "openclaw-bench-busybox";
/// What is asked for: half of all commands, and the first one after a start, in milliseconds.
const WANTED: f64 = 3.0;
const WANTED_FIRST: f64 = 50.0;

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(measure());
}

/// A gateway whose sessions are all sandboxed, each in a sandbox of its own.
fn set_up() -> House {
    let house = House::onboarded();
    house.configure(|config| {
        config["agents"]["defaults"]["sandbox"] =
            json!({"mode": "all", "backend": "wasm", "scope": "session"});
        // Clients may not call it by itself otherwise.
        config["gateway"]["tools"] = json!({"allow": ["exec"]});
    });
    house
}

/// Runs the pipe in a session by the tool `exec`, and says how long that took.
async fn run(line: &mut Line, session: &str) -> f64 {
    let begun = Instant::now();
    let call = json!({"name": "exec", "sessionKey": session, "args": {"command": PIPE}});
    let told = line.must("tools.invoke", call).await;
    let took = ms(begun);
    assert!(told.to_string().contains("HI"), "{told}");
    took
}

/// One command in each of many sessions at once, each asked for on a line of its own.
async fn run_at_once(lines: &mut [Line]) -> f64 {
    let begun = Instant::now();
    let runs = lines.iter_mut().enumerate();
    join_all(
        runs.map(|(number, line)| async move { run(line, &format!("agent:main:direct:{number}")).await }),
    )
    .await;
    ms(begun)
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

async fn measure() {
    let house = set_up();
    // Its guests are compiled, which is done once for each version.
    let running = house.start().await;
    let first_ever = run(&mut running.connect().await, "main").await;
    report_beside("sandbox.first_ever", "ms", first_ever, None);
    running.stop();

    let mut firsts = Vec::new();
    let mut running: Option<Running> = None;
    for _ in 0..STARTS {
        running.take().map(Running::stop);
        let started = house.start().await;
        firsts.push(run(&mut started.connect().await, "main").await);
        running = Some(started);
    }
    let running = running.unwrap();
    // What is asked for stands in the place of a baseline.
    report("sandbox.first_after_start", "ms", (median(firsts), WANTED_FIRST));

    let mut line = running.connect().await;
    let mut took = Vec::new();
    for _ in 0..COMMANDS {
        took.push(run(&mut line, "main").await);
    }
    took.sort_by(f64::total_cmp);
    let p50 = median(took.clone());
    report("sandbox.exec_p50", "ms", (p50, WANTED));
    report_beside("sandbox.exec_p99", "ms", took[COMMANDS * 99 / 100], None);

    let mut lines = Vec::new();
    for _ in 0..SESSIONS {
        lines.push(running.connect().await);
    }
    report_beside(
        "sandbox.32_new_sessions",
        "ms",
        run_at_once(&mut lines).await,
        None,
    );
    report_beside("sandbox.32_sessions", "ms", run_at_once(&mut lines).await, None);
    let listed = line.must("sandbox.list", json!({})).await;
    let at_rest = listed["containers"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let is_at_rest = |sandbox: &&Value| sandbox["running"] == false;
    report_beside(
        "sandbox.at_rest",
        "rows",
        at_rest.iter().filter(is_at_rest).count() as f64,
        None,
    );

    match Engine::find() {
        Some(engine) => {
            let exec = engine.time(&["exec", &engine.container]);
            let run = engine.time(&["run", "--rm", "--network=none", IMAGE]);
            report("sandbox.docker_exec", "ms", (exec, p50));
            report("sandbox.docker_run", "ms", (run, p50));
        }
        None => eprintln!("sandbox: no Docker engine answers here, so nothing is compared with one"),
    }
    running.stop();
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
