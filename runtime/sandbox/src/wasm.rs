//! The backend `wasm`: guests of this gateway's own host.
//!
//! **Promise.** A command runs in the shell guest with the session's workspace, a folder for what comes and goes, the hosts
//! that the operator opened, and nothing else: no variable of the gateway, no secret, no other session's files. What its
//! shell remembers is in the state when the command has ended, so that a session at rest is a row there. **Bound.** `sandbox.wasm`. **Cost.** An
//! instance for each command; a folder that is made and removed for it.

mod hosts;
mod limits;
mod run;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openclaw_components::files::Quota;
use openclaw_components::{Cell, Host, Place, Utility};
use openclaw_policy::capability::Http;
use openclaw_state::State;
use tokio::sync::{Mutex, OnceCell};

use crate::backend::{Abilities, Area, Backend, Sandbox};
use crate::error::{Error, Result};
use crate::process::{Command, Process};
use crate::rules::WasmKeys;
use crate::scope::Scope;
use crate::workspace::RUNS;

/// Where the workspace is inside.
const WORKDIR: &str = "/workspace";
/// The agent's own workspace inside.
const AGENT: &str = "/agent";
/// What comes and goes inside.
const TMP: &str = "/tmp";

/// The backend.
pub struct Wasm {
    host: Host,
    state: State,
    /// The folder with the guests.
    programs: PathBuf,
    shell: OnceCell<Utility>,
    files: OnceCell<Utility>,
    turns: parking_lot::Mutex<HashMap<PathBuf, Weak<Turn>>>,
}

/// Whose turn it is with the files of a workspace.
type Turn = Mutex<()>;

impl Wasm {
    /// The backend with guests from a folder: `shell.wasm` and `files.wasm`.
    pub fn new(host: Host, state: State, programs: PathBuf) -> Self {
        Self {
            host,
            state,
            programs,
            shell: OnceCell::new(),
            files: OnceCell::new(),
            turns: parking_lot::Mutex::default(),
        }
    }

    /// The turns of a workspace, which several sandboxes may share.
    fn turn(&self, workspace: &Path) -> Arc<Turn> {
        let mut turns = self.turns.lock();
        turns.retain(|_, turn| turn.strong_count() > 0);
        if let Some(turn) = turns.get(workspace).and_then(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::default();
        turns.insert(workspace.to_owned(), Arc::downgrade(&turn));
        turn
    }

    /// Has the guests compiled and mapped when it returns, so that the first command need not wait for that.
    pub async fn prepare(&self) -> Result<()> {
        self.shell().await?;
        self.files().await.map(drop)
    }

    async fn shell(&self) -> Result<&Utility> {
        self.shell.get_or_try_init(|| self.load("shell")).await
    }

    async fn files(&self) -> Result<&Utility> {
        self.files.get_or_try_init(|| self.load("files")).await
    }

    async fn load(&self, name: &str) -> Result<Utility> {
        let file = self.programs.join(format!("{name}.wasm"));
        if !file.is_file() {
            return Err(Error::NoProgram { path: file });
        }
        Ok(self.host.utility(name, &file).await?)
    }
}

impl Backend for Wasm {
    fn id(&self) -> &'static str {
        "wasm"
    }

    fn about(&self) -> Abilities {
        Abilities {
            workdir: WORKDIR,
            can: "a POSIX-like shell with pipes, redirections, loops, functions and arrays; the usual text and file \
                  utilities (ls, cp, mv, find, grep, sed, awk, sort, tar, diff, patch …), jq, and a subset of Python \
                  (python3 -c, python3 file.py)"
                .to_owned(),
            cannot: "native programs, packages, a terminal, signals, and the network but for hosts that \
                     sandbox.wasm.hosts names, with curl and wget; a sandbox with backend docker runs native programs"
                .to_owned(),
        }
    }

    fn open(&self, area: Area) -> BoxFuture<'_, Result<Arc<dyn Sandbox>>> {
        async move {
            let shell = self
                .cell(
                    self.shell().await?,
                    &area,
                    hosts::opened(&area.wasm, &area.wasm_keys)?,
                )
                .await?;
            let files = self.cell(self.files().await?, &area, Http::default()).await?;
            let sandbox = Room {
                scope: area.scope.to_string(),
                settings: limits::settings(&area.wasm),
                keys: area.wasm_keys.clone(),
                env: area.wasm.env.clone().unwrap_or_default(),
                runs: area.scratch.join(RUNS),
                known_as: area.workspace.to_str().map(str::to_owned),
                turn: self.turn(&area.workspace),
                state: self.state.clone(),
                shell,
                files,
                running: Arc::default(),
            };
            Ok(Arc::new(sandbox) as Arc<dyn Sandbox>)
        }
        .boxed()
    }

    fn remove<'a>(&'a self, _: &'a Scope) -> BoxFuture<'a, Result<()>> {
        // All that there is of it is its folders and its rows.
        async { Ok(()) }.boxed()
    }
}

impl Wasm {
    async fn cell(&self, utility: &Utility, area: &Area, hosts: Http) -> Result<Cell> {
        let quota = limits::quota(&area.wasm);
        let tmp = area.scratch.join("tmp");
        make(&area.workspace)?;
        make(&tmp)?;
        make(&area.scratch.join(RUNS))?;
        let mut places = vec![
            place(&area.workspace, WORKDIR, (true, area.is_own), quota)?,
            place(&tmp, TMP, (true, true), quota)?,
        ];
        if let Some(agent) = &area.agent {
            places.push(place(agent, AGENT, (false, false), quota)?);
        }
        let holder = area.scope.slug();
        Ok(utility
            .cell(
                &holder,
                places,
                limits::limits(&area.wasm, &area.wasm_keys)?,
                hosts,
            )
            .await?)
    }
}

fn make(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|source| Error::Folder {
        doing: "create",
        path: folder.to_owned(),
        source,
    })
}

fn place(path: &Path, guest: &str, (is_writable, may_link): (bool, bool), quota: Quota) -> Result<Place> {
    Ok(Place {
        path: path.to_owned(),
        guest: guest.parse().map_err(openclaw_components::Error::from)?,
        is_writable,
        may_link,
        quota,
    })
}

/// A sandbox of this backend.
struct Room {
    scope: String,
    /// What the shell is told, as JSON.
    settings: String,
    /// Where its limits stand.
    keys: WasmKeys,
    env: std::collections::BTreeMap<String, openclaw_config::secret_ref::PlainText>,
    /// Where each run has a folder for as long as it lasts.
    runs: PathBuf,
    /// Where the workspace is on this machine, as prompts and transcripts may name it.
    known_as: Option<String>,
    /// Two edits of one file are one after the other, whichever sandbox they come from.
    turn: Arc<Turn>,
    state: State,
    shell: Cell,
    files: Cell,
    /// Shared with whatever runs.
    running: Arc<()>,
}

impl Sandbox for Room {
    fn start<'a>(&'a self, session: &'a str, command: Command) -> BoxFuture<'a, Result<Process>> {
        run::start(self, session, command).boxed()
    }

    fn call_files<'a>(&'a self, tool: &'a str, arguments: String) -> BoxFuture<'a, Result<String>> {
        run::call_files(self, tool, arguments).boxed()
    }

    fn is_busy(&self) -> bool {
        Arc::strong_count(&self.running) > 1
    }
}
