//! A gateway of its own for a test: the real program, in an empty home, on a port that nobody else has.
//!
//! **Promise.** Nothing of the machine's own OpenClaw is seen. What was started ends with the value that started it.
//! `OPENCLAW_TEST_PROGRAM` names another program than the one of this build, such as the one built in release.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "it is a part of tests, in a library because several of them share it"
)]

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures_util::{SinkExt as _, StreamExt as _};
use openclaw_protocol::client::{Requests, cli_connect, read_challenge, read_hello};
use openclaw_protocol::connect::{Auth, Mode};
use openclaw_protocol::frame::Incoming;
use openclaw_protocol::hello::Hello;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// How long anything may take that is expected to happen.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Everything that an operator may do.
const SCOPES: &[&str] = &[
    "operator.admin",
    "operator.read",
    "operator.write",
    "operator.approvals",
    "operator.pairing",
];

/// The program that is tested.
pub fn program() -> PathBuf {
    if let Some(named) = std::env::var_os("OPENCLAW_TEST_PROGRAM") {
        return named.into();
    }
    // It stands beside the folder of the test programs.
    let tests = std::env::current_exe().unwrap();
    let folder = tests.ancestors().nth(2).unwrap();
    folder.join("openclaw")
}

/// The extensions that come with the program, as `cargo xtask test` packs them.
pub fn bundled() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folder = root.join("target/extensions");
    assert!(
        folder.is_dir(),
        "{} is not there; `cargo xtask test` builds it",
        folder.display()
    );
    folder
}

/// The guests that the program runs itself, as `cargo xtask test` builds them.
pub fn programs() -> PathBuf {
    let folder = bundled().with_file_name("programs");
    assert!(
        folder.join("shell.wasm").is_file(),
        "{} has no shell.wasm; `cargo xtask test` builds it",
        folder.display()
    );
    folder
}

/// A port that nobody listens on, and that the system gives to nobody who asks for any: it is bound only later.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = std::process::id() * 10 + NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 20_000 + u16::try_from(number % 12_000).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A home without anything in it, and the port of its gateway.
pub struct House {
    folder: TempDir,
    port: u16,
    variables: Vec<(String, String)>,
}

impl Default for House {
    fn default() -> Self {
        Self::new()
    }
}

impl House {
    /// An empty one.
    pub fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            port: free_port(),
            variables: Vec::new(),
        }
    }

    /// One in which `onboard` ran, without tools.
    pub fn onboarded() -> Self {
        Self::onboarded_with(&[])
    }

    /// The same with further flags.
    pub fn onboarded_with(flags: &[&str]) -> Self {
        let house = Self::new();
        let port = house.port.to_string();
        let usual = [
            "onboard",
            "--non-interactive",
            "--accept-risk",
            "--skip-skills",
            "--gateway-port",
            &port,
        ];
        house.must(&[&usual, flags].concat());
        house
    }

    /// Sets a variable for all that is run from here on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// The home folder.
    pub fn home(&self) -> &Path {
        self.folder.path()
    }

    /// The state folder.
    pub fn state(&self) -> PathBuf {
        self.home().join(".openclaw")
    }

    /// The gateway's port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The config as it is now.
    pub fn config(&self) -> Value {
        let text = fs::read_to_string(self.state().join("openclaw.json")).unwrap();
        // What onboarding writes are keys without quotes.
        json5_value(&text)
    }

    /// Changes the config.
    pub fn configure(&self, change: impl FnOnce(&mut Value)) {
        let mut config = self.config();
        change(&mut config);
        let text = serde_json::to_string_pretty(&config).unwrap();
        fs::write(self.state().join("openclaw.json"), text).unwrap();
    }

    /// The shared token.
    pub fn token(&self) -> String {
        self.config()["gateway"]["auth"]["token"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// A command of the program, not started.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .args(words)
            .env_clear()
            .env("HOME", self.home())
            // The log goes there.
            .env("TMPDIR", self.home())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("OPENCLAW_BUNDLED_PLUGINS_DIR", bundled())
            .env("OPENCLAW_PROGRAMS_DIR", programs())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.home())
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// Runs a command that must succeed, and yields what it printed.
    pub fn must(&self, words: &[&str]) -> String {
        let output = self.run(words);
        let (stdout, stderr) = (
            String::from_utf8_lossy(&output.stdout).into_owned(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        );
        assert!(output.status.success(), "{words:?}: {stdout}{stderr}");
        stdout
    }

    /// Starts the gateway and waits until it serves.
    pub async fn start(&self) -> Running {
        self.start_with(&[]).await
    }

    /// The same with further flags.
    pub async fn start_with(&self, flags: &[&str]) -> Running {
        let console = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.home().join("console.txt"))
            .unwrap();
        let mut words = vec!["gateway", "run"];
        words.extend_from_slice(flags);
        let child = self
            .command(&words)
            .stdout(console.try_clone().unwrap())
            .stderr(console)
            .spawn()
            .unwrap();
        let mut running = Running {
            child,
            port: self.port,
            token: self.token(),
        };
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            if let Some(status) = running.child.try_wait().unwrap() {
                panic!("the gateway ended with {status}:\n{}", self.console());
            }
            assert!(
                Instant::now() < deadline,
                "the gateway does not listen:\n{}",
                self.console()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        running
    }

    /// What gateways wrote to the console so far.
    pub fn console(&self) -> String {
        fs::read_to_string(self.home().join("console.txt")).unwrap_or_default()
    }
}

fn json5_value(text: &str) -> Value {
    openclaw_config::syntax::parse(text).unwrap().value
}

/// A gateway that runs.
pub struct Running {
    child: Child,
    port: u16,
    token: String,
}

impl Running {
    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it as a power cut would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop and waits until it has.
    pub fn stop(mut self) -> ExitStatus {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "the gateway does not stop");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Connects as the command line does.
    pub async fn connect(&self) -> Line {
        Line::open(self.port, &self.token).await
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended already is not there to be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client's connection.
pub struct Line {
    socket: WebSocketStream<TcpStream>,
    requests: Requests,
    /// What it was told when it was let in.
    pub hello: Hello,
    /// Events that came while something else was waited for.
    events: Vec<(String, Value)>,
}

impl Line {
    /// Connects with the shared token, as an operator without a device.
    pub async fn open(port: u16, token: &str) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let url = format!("ws://127.0.0.1:{port}");
        let (mut socket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
        let mut requests = Requests::default();
        let nonce = read_challenge(&next_text(&mut socket).await).unwrap();
        let auth = Auth {
            token: Some(token.to_owned()),
            ..Auth::default()
        };
        let mut connect = cli_connect(Mode::Cli, SCOPES, auth);
        connect.caps = vec!["tool-events".to_owned()];
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let (_, text) = requests.write_connect(connect, None, &nonce, i64::try_from(now).unwrap());
        socket.send(Message::text(text)).await.unwrap();
        let answer = Incoming::read(&next_text(&mut socket).await).unwrap();
        Self {
            hello: read_hello(answer).unwrap(),
            socket,
            requests,
            events: Vec::new(),
        }
    }

    /// Sends a request, and does not wait.
    pub async fn send(&mut self, method: &str, params: Value) -> String {
        let (id, text) = self.requests.write(method, &params);
        self.socket.send(Message::text(text)).await.unwrap();
        id
    }

    /// Waits for the answer to a request: its payload, or the error.
    pub async fn answer(&mut self, id: &str) -> Result<Value, Value> {
        loop {
            match self.next().await {
                Incoming::Res {
                    id: of,
                    ok,
                    payload,
                    error,
                } if of == id => {
                    return match ok {
                        true => Ok(payload.unwrap_or_default()),
                        false => Err(serde_json::to_value(error).unwrap()),
                    };
                }
                Incoming::Event { event, payload, .. } => {
                    self.events.push((event, payload.unwrap_or_default()));
                }
                Incoming::Res { .. } => {}
            }
        }
    }

    /// The next frame, if it is the answer to a request: its payload, or the error. Events are let go.
    pub async fn any_answer(&mut self) -> Option<Result<Value, Value>> {
        match self.next().await {
            Incoming::Res {
                ok, payload, error, ..
            } => Some(match ok {
                true => Ok(payload.unwrap_or_default()),
                false => Err(serde_json::to_value(error).unwrap()),
            }),
            _ => None,
        }
    }

    /// Asks and waits for the answer.
    pub async fn ask(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        let id = self.send(method, params).await;
        self.answer(&id).await
    }

    /// Asks what must be answered.
    pub async fn must(&mut self, method: &str, params: Value) -> Value {
        match self.ask(method, params).await {
            Ok(payload) => payload,
            Err(error) => panic!("{method}: {error}"),
        }
    }

    /// Waits for an event that fits, those included that came before.
    pub async fn event(&mut self, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let found = self
            .events
            .iter()
            .position(|(event, payload)| event == name && fits(payload));
        if let Some(at) = found {
            return self.events.remove(at).1;
        }
        loop {
            if let Incoming::Event { event, payload, .. } = self.next().await {
                let payload = payload.unwrap_or_default();
                if event == name && fits(&payload) {
                    return payload;
                }
                self.events.push((event, payload));
            }
        }
    }

    /// Says something in a session and waits for the reply; yields its text.
    pub async fn chat(&mut self, session: &str, message: &str, key: &str) -> String {
        let params = json!({"sessionKey": session, "message": message, "idempotencyKey": key});
        let accepted = self.must("chat.send", params).await;
        let run = accepted["runId"].as_str().unwrap().to_owned();
        let last = self
            .event("chat", |chat| chat["runId"] == *run && chat["state"] != "delta")
            .await;
        text_of(&last["message"])
    }

    /// The next frame.
    pub async fn next(&mut self) -> Incoming {
        Incoming::read(&next_text(&mut self.socket).await).unwrap()
    }

    /// Sends a request to a gateway that may be gone; yields its id if it is not.
    pub async fn try_send(&mut self, method: &str, params: Value) -> Option<String> {
        let (id, text) = self.requests.write(method, &params);
        self.socket.send(Message::text(text)).await.ok().map(|()| id)
    }

    /// Sends a message as it stands, and lets go of what comes back until nothing does for so long; false if the
    /// connection ended.
    pub async fn try_raw(&mut self, message: Message, patience: Duration) -> bool {
        if self.socket.send(message).await.is_err() {
            return false;
        }
        loop {
            match timeout(patience, self.socket.next()).await {
                Err(_) => return true,
                Ok(None | Some(Err(_) | Ok(Message::Close(_)))) => return false,
                Ok(Some(Ok(_))) => {}
            }
        }
    }

    /// The next frame of a gateway that may be gone; none if it is, or if nothing comes for so long.
    pub async fn try_next(&mut self, patience: Duration) -> Option<Incoming> {
        let text = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Text(text))) => return Some(text),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return None,
                }
            }
        };
        let text = timeout(patience, text).await.ok()??;
        Some(Incoming::read(text.as_str()).unwrap())
    }

    /// Waits for the end of the connection; yields its code.
    pub async fn closed(&mut self) -> Option<u16> {
        loop {
            match timeout(PATIENCE, self.socket.next()).await.unwrap() {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }
}

/// The text of a message as clients are shown it.
pub fn text_of(message: &Value) -> String {
    match &message["content"] {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    }
}

async fn next_text(socket: &mut WebSocketStream<TcpStream>) -> String {
    loop {
        let received = timeout(PATIENCE, socket.next()).await;
        match received.unwrap_or_else(|_| panic!("nothing came within {PATIENCE:?}")) {
            Some(Ok(Message::Text(text))) => return text.as_str().to_owned(),
            Some(Ok(_)) => {}
            other => panic!("the connection ended: {other:?}"),
        }
    }
}
