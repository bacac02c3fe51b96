//! A gateway's sandboxes without the gateway.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hasher as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use openclaw_components::{Host, Options};
use openclaw_config::Place;
use openclaw_config::tree::Config;
use openclaw_sandbox::wasm::Wasm;
use openclaw_sandbox::{Asked, Command, End, Input, Process, Sandboxes, Seat};
use openclaw_state::State;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::common::compiler;

/// The longest that any command here takes, on a machine that does other things too.
const LONGEST: Duration = Duration::from_secs(60);

pub(crate) struct House {
    pub(crate) folder: TempDir,
    pub(crate) sandboxes: Sandboxes,
    pub(crate) state: State,
    pub(crate) config: Config,
    pub(crate) place: Place,
    host: Host,
}

/// What a command said and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) end: End,
}

/// The tree that this is built in.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The gateway's own guests.
pub(crate) fn programs() -> PathBuf {
    let programs = root().join("target/programs");
    assert!(
        programs.join("shell.wasm").is_file(),
        "{} has no shell.wasm; `cargo xtask test` builds it",
        programs.display()
    );
    programs
}

/// What the guests were compiled to is kept for the next test, for as long as they are the same: compiling takes minutes
/// here.
fn warm(folder: &Path) -> PathBuf {
    let mut hash = DefaultHasher::new();
    for guest in ["shell.wasm", "files.wasm"] {
        hash.write(&fs::read(programs().join(guest)).unwrap());
    }
    let kept = root().join(format!("target/tmp/sandbox-code-{:016x}", hash.finish()));
    if kept.is_dir() {
        fs::create_dir_all(folder).unwrap();
        copy(&kept, folder);
    }
    kept
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => copy(&entry.path(), &target),
            kind if kind.is_symlink() => {
                std::os::unix::fs::symlink(fs::read_link(entry.path()).unwrap(), target).unwrap();
            }
            _ => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

impl House {
    pub(crate) async fn open() -> Self {
        Self::open_with(json!({})).await
    }

    /// With these settings of the sandbox.
    pub(crate) async fn open_with(settings: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::open_in(folder, settings).await
    }

    pub(crate) async fn open_in(folder: TempDir, settings: Value) -> Self {
        let mut sandbox = json!({"mode": "all", "backend": "wasm", "scope": "session"});
        sandbox
            .as_object_mut()
            .unwrap()
            .extend(settings.as_object().unwrap().clone());
        let config = json!({"agents": {"defaults": {"sandbox": sandbox}}});
        let config = serde_json::from_value(config).unwrap();
        let state_dir = folder.path().join("state");
        let state = State::open(openclaw_state::Options::new(&state_dir, str::to_owned)).unwrap();
        let extensions = state_dir.join("extensions");
        let kept = warm(&extensions);
        let host = Host::start(Options::new(&extensions, compiler(), state.clone()))
            .await
            .unwrap();
        let wasm = Wasm::new(host.clone(), state.clone(), programs());
        wasm.prepare().await.unwrap();
        if !kept.is_dir() {
            // Whoever is first leaves it; two at once leave the same.
            let draft = kept.with_extension(format!("{}", std::process::id()));
            copy(&extensions.join("compiled"), &draft.join("compiled"));
            fs::copy(extensions.join("programs"), draft.join("programs")).unwrap();
            let _ = fs::rename(&draft, &kept);
        }
        let agent = folder.path().join("agent");
        fs::create_dir_all(&agent).unwrap();
        let place = Place {
            profile: None,
            home: folder.path().to_owned(),
            config_path: state_dir.join("openclaw.json"),
            default_workspace: agent,
            state_dir,
            is_default_state: false,
            dev_port: None,
            include_roots: Vec::new(),
            read_only: false,
        };
        Self {
            sandboxes: Sandboxes::new(state.clone(), vec![Arc::new(wasm)]),
            folder,
            state,
            config,
            place,
            host,
        }
    }

    /// Starts anew with what is kept.
    pub(crate) async fn restart(self) -> Self {
        let settings = serde_json::to_value(&self.config.agents.defaults.sandbox).unwrap();
        drop(self.sandboxes);
        drop(self.host);
        self.state.close().await;
        Self::open_in(self.folder, settings).await
    }

    /// Starts anew as if nobody had come for some days.
    pub(crate) async fn restart_aged(self, days: i64) -> Self {
        let config = self.config.clone();
        drop(self.sandboxes);
        drop(self.host);
        self.state.close().await;
        let database = self.place.state_dir.join(openclaw_state::DATABASE_FILE);
        let past = days * 24 * 60 * 60 * 1000;
        rusqlite::Connection::open(database)
            .unwrap()
            .execute(
                "UPDATE sandboxes SET created_ms = created_ms - ?1, used_ms = used_ms - ?1",
                [past],
            )
            .unwrap();
        let house = Self::open_in(self.folder, json!({})).await;
        Self { config, ..house }
    }

    pub(crate) async fn enter(&self, session: &str) -> Seat {
        self.try_enter(session).await.unwrap()
    }

    pub(crate) async fn try_enter(&self, session: &str) -> openclaw_sandbox::Result<Seat> {
        let asked = Asked {
            config: &self.config,
            place: &self.place,
            agent: "main",
            session,
            workspace: &self.place.default_workspace,
            seeds: &["AGENTS.md"],
            tool: "exec",
        };
        self.sandboxes.enter(asked).await
    }

    /// Starts a command of a session.
    pub(crate) async fn start(&self, session: &str, text: &str) -> Process {
        let command = Command {
            text: text.to_owned(),
            env: BTreeMap::from([
                ("TZ".to_owned(), "UTC".to_owned()),
                ("LC_ALL".to_owned(), "C.UTF-8".to_owned()),
            ]),
            ..Command::default()
        };
        let seat = self.enter(session).await;
        seat.sandbox.start(session, command).await.unwrap()
    }

    /// Runs a command of a session that is given nothing to read.
    pub(crate) async fn run(&self, session: &str, text: &str) -> Said {
        let process = self.start(session, text).await;
        process.input.send(Input::End).await.ok();
        hear(process).await
    }

    /// Runs a command of another agent's session.
    pub(crate) async fn run_as(&self, agent: &str, session: &str, text: &str) -> Said {
        let asked = Asked {
            config: &self.config,
            place: &self.place,
            agent,
            session,
            workspace: &self.place.default_workspace,
            seeds: &[],
            tool: "exec",
        };
        let seat = self.sandboxes.enter(asked).await.unwrap();
        let command = Command {
            text: text.to_owned(),
            ..Command::default()
        };
        let process = seat.sandbox.start(session, command).await.unwrap();
        process.input.send(Input::End).await.ok();
        hear(process).await
    }

    /// What a command of a session printed.
    pub(crate) async fn out(&self, session: &str, text: &str) -> String {
        self.run(session, text).await.out
    }
}

/// Listens to a command until it has ended.
pub(crate) async fn hear(mut process: Process) -> Said {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let listen = async {
        while let Some(piece) = process.output.recv().await {
            if piece.is_err { &mut err } else { &mut out }.extend_from_slice(&piece.bytes);
        }
        process.end.await.unwrap_or(End::Stopped)
    };
    let end = timeout(LONGEST, listen).await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Said {
        out: text(out),
        err: text(err),
        end,
    }
}
