//! OpenClaw's own command line and terminal window against the gateway, from the outside: its program, a real terminal.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use openclaw_tests::gateway::{House, Running, text_of};
use openclaw_tests::peer::{Peer, write_home};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A client of this kind takes seconds to start, more so on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(90);

/// A gateway of ours and OpenClaw's client, which knows it by its config alone.
struct World {
    house: House,
    gateway: Running,
    peer: Peer,
    home: TempDir,
}

impl World {
    async fn new() -> Option<Self> {
        let peer = tokio::task::spawn_blocking(Peer::find).await.unwrap()?;
        let house = House::onboarded();
        // A log of its own, in which something stands already: how the first run of the gateway ended.
        let log = house.home().join("gateway.log");
        house.configure(|config| config["logging"] = json!({"file": log}));
        house.start().await.stop();
        let gateway = house.start().await;
        let home = TempDir::new().unwrap();
        write_home(home.path(), house.port(), &house.token(), &json!({}));
        Some(Self {
            house,
            gateway,
            peer,
            home,
        })
    }

    fn run(&self, words: &[&str]) -> Output {
        self.peer.command(self.home.path(), words).output().unwrap()
    }

    fn must(&self, words: &[&str]) -> String {
        let output = self.run(words);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let faults = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{words:?}: {said}{faults}{}",
            self.house.console()
        );
        said
    }

    fn must_json(&self, words: &[&str]) -> Value {
        let said = self.must(words);
        serde_json::from_str(&said).unwrap_or_else(|fault| panic!("{words:?}: {fault}: {said}"))
    }
}

/// What does not change between two answers.
fn lasting(mut health: Value) -> Value {
    let fields = health.as_object_mut().unwrap();
    fields.remove("ts");
    fields.remove("durationMs");
    health
}

#[tokio::test]
async fn openclaws_own_commands_show_what_the_gateway_says() {
    let Some(world) = World::new().await else { return };
    let mut line = world.gateway.connect().await;

    let health = line.must("health", json!({})).await;
    assert_eq!(
        lasting(world.must_json(&["health", "--json"])),
        lasting(health.clone())
    );
    let called = world.must_json(&["gateway", "call", "health", "--json"]);
    assert_eq!(lasting(called), lasting(health));

    let status = world.must(&["gateway", "status", "--require-rpc"]);
    assert!(status.contains("Read probe: ok"), "{status}");
    assert!(status.contains("Capability: read-only"), "{status}");

    let status = world.must_json(&["status", "--json"]);
    let gateway = &status["gateway"];
    assert_eq!(
        (&gateway["reachable"], &gateway["error"]),
        (&json!(true), &Value::Null),
        "{gateway}"
    );
    assert_eq!(gateway["self"]["version"], line.hello.server.version);
    assert_eq!(status["pid"], world.gateway.pid());

    let logs = world.must(&["logs", "--json", "--limit", "200"]);
    assert!(
        logs.lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok())
    );
    assert!(logs.contains("the gateway stops"), "{logs}");
}

#[tokio::test]
async fn what_is_said_through_openclaws_own_command_is_answered_and_kept() {
    let Some(world) = World::new().await else { return };
    let said = world.must(&["agent", "--agent", "main", "--message", "ls: ."]);
    assert!(said.contains("AGENTS.md"), "{said}");
    let answer = world.must_json(&["agent", "--agent", "main", "--message", "hello", "--json"]);
    assert_eq!(answer["status"], "ok");
    let text = answer["result"]["payloads"][0]["text"].as_str().unwrap();
    assert!(text.contains("offline model"), "{text}");

    let mut line = world.gateway.connect().await;
    let past = line
        .must("chat.history", json!({"sessionKey": "agent:main:main"}))
        .await;
    let past = past["messages"].as_array().unwrap();
    let asked = past.iter().filter(|message| message["role"] == "user");
    assert_eq!(asked.map(text_of).collect::<Vec<_>>(), ["ls: .", "hello"]);
    assert_eq!(text_of(past.last().unwrap()), text);
    let listed = world.must_json(&["gateway", "call", "sessions.list", "--json"]);
    assert_eq!(listed["sessions"][0]["key"], "agent:main:main");
}

#[tokio::test]
async fn openclaws_own_command_says_why_it_is_not_let_in() {
    let Some(world) = World::new().await else { return };
    write_home(
        world.home.path(),
        world.house.port(),
        "not-the-token-0123456789",
        &json!({}),
    );
    let output = world.run(&["gateway", "call", "health"]);
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("unauthorized"), "{said}");
}

#[tokio::test]
async fn openclaws_own_terminal_window_chats_and_comes_to_rest_after_each_answer() {
    let Some(world) = World::new().await else { return };
    let mut window = Window::open(&world);
    window.until("connected | idle");
    window.say("ls: .");
    window.until("BOOTSTRAP.md");
    window.until("connected | idle");
    // An order is answered at once: the window must not miss the end of what it has not yet heard the beginning of.
    for _ in 0..3 {
        window.say("/status");
        window.until("Session: agent:main:main");
        window.until("connected | idle");
    }
    let mut line = world.gateway.connect().await;
    let past = line
        .must("chat.history", json!({"sessionKey": "agent:main:main"}))
        .await;
    let said = past["messages"].as_array().unwrap().iter().map(text_of);
    assert!(said.into_iter().any(|text| text == "ls: ."), "{past}");
}

/// A terminal in which OpenClaw's window runs.
struct Window {
    process: Child,
    keys: ChildStdin,
    drawn: Arc<Mutex<Vec<u8>>>,
    /// Up to where it was looked at.
    seen: usize,
}

impl Window {
    fn open(world: &World) -> Self {
        let plain = world.peer.command(world.home.path(), &["tui"]);
        let words: Vec<_> = [plain.get_program()]
            .into_iter()
            .chain(plain.get_args())
            .collect();
        let quoted: Vec<_> = words.iter().map(|word| format!("'{}'", word.display())).collect();
        let inside = format!("stty cols 180 rows 50; exec {}", quoted.join(" "));
        let mut script = std::process::Command::new("script");
        script.args([
            "--quiet",
            "--flush",
            "--return",
            "--command",
            &inside,
            "/dev/null",
        ]);
        script.env_clear().env("TERM", "xterm-256color");
        for (name, value) in plain.get_envs() {
            script.env(name, value.unwrap());
        }
        script.current_dir(world.home.path());
        let mut process = script
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (keys, mut screen) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let drawn = Arc::new(Mutex::new(Vec::new()));
        let paper = Arc::clone(&drawn);
        thread::spawn(move || {
            let mut some = [0_u8; 8192];
            while let Ok(length @ 1..) = screen.read(&mut some) {
                paper.lock().unwrap().extend_from_slice(&some[..length]);
            }
        });
        Self {
            process,
            keys,
            drawn,
            seen: 0,
        }
    }

    /// Types a line.
    fn say(&mut self, text: &str) {
        let before = self.drawn.lock().unwrap().len();
        self.keys.write_all(text.as_bytes()).unwrap();
        self.keys.flush().unwrap();
        // Keys that come at once are a paste, in which the last one only begins a new line.
        let deadline = Instant::now() + PATIENCE;
        while self.drawn.lock().unwrap().len() == before {
            assert!(Instant::now() < deadline, "{text:?} is not drawn");
            thread::sleep(Duration::from_millis(20));
        }
        thread::sleep(Duration::from_millis(300));
        self.seen = self.drawn.lock().unwrap().len();
        self.keys.write_all(b"\r").unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits until this is drawn, behind what was waited for before.
    fn until(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let drawn = self.drawn.lock().unwrap().clone();
            let found = drawn[self.seen..]
                .windows(text.len())
                .position(|some| some == text.as_bytes());
            if let Some(at) = found {
                self.seen += at + text.len();
                return;
            }
            let shown = String::from_utf8_lossy(&drawn);
            assert!(Instant::now() < deadline, "{text:?} is not drawn: {shown}");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // The terminal ends with its program, and the program with the terminal.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
