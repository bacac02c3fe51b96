//! What can run a sandbox.
//!
//! **Promise.** A tool does not know which of these it runs on. One that cannot run says so, and nothing runs elsewhere
//! in its stead.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use openclaw_config::tree::sandbox::SandboxWasm;

use crate::error::Result;
use crate::process::{Command, Process};
use crate::rules::WasmKeys;
use crate::scope::Scope;

/// Where a session's tools are to run.
#[derive(Clone, Debug)]
pub struct Area {
    /// What shares it.
    pub scope: Scope,
    /// The folder of this machine that is its workspace.
    pub workspace: PathBuf,
    /// Whether the workspace is the sandbox's own, and not the agent's.
    pub is_own: bool,
    /// The agent's own workspace, to read, where that is another one.
    pub agent: Option<PathBuf>,
    /// A folder of this machine for what comes and goes.
    pub scratch: PathBuf,
    /// Limits of the backend `wasm`.
    pub wasm: SandboxWasm,
    /// Where those stand.
    pub wasm_keys: WasmKeys,
}

/// What a backend is, for those who are told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Abilities {
    /// Where the workspace is inside.
    pub workdir: &'static str,
    /// What can be run in it, in some lines for a model.
    pub can: String,
    /// What cannot, and the way out.
    pub cannot: String,
}

/// What can run sandboxes.
pub trait Backend: Send + Sync {
    /// Its name in the config.
    fn id(&self) -> &'static str;

    /// What it is.
    fn about(&self) -> Abilities;

    /// Makes a sandbox ready.
    fn open(&self, area: Area) -> BoxFuture<'_, Result<Arc<dyn Sandbox>>>;

    /// Removes what it keeps of a sandbox beside its workspace and its scratch folder.
    fn remove<'a>(&'a self, scope: &'a Scope) -> BoxFuture<'a, Result<()>>;
}

/// A sandbox that is ready.
pub trait Sandbox: Send + Sync {
    /// Starts a command of a session.
    fn start<'a>(&'a self, session: &'a str, command: Command) -> BoxFuture<'a, Result<Process>>;

    /// Calls a file tool with its arguments as JSON, and returns its answer as JSON: `text`, `details`, `isError`.
    fn call_files<'a>(&'a self, tool: &'a str, arguments: String) -> BoxFuture<'a, Result<String>>;

    /// Whether something runs in it.
    fn is_busy(&self) -> bool;
}
