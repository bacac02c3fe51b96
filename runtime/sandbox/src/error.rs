//! What goes wrong before a command runs.

use std::io;
use std::path::PathBuf;

/// What comes of asking.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a command does not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program that was to run it could not be started.
    #[error("the command cannot be started in {folder}: {why}")]
    Start {
        /// Where it was to run.
        folder: String,
        /// Why not.
        why: String,
    },
    /// The config names a backend that this build does not have.
    #[error(
        "the sandbox backend \"{backend}\" is not in this build, and nothing runs elsewhere in its stead; set {key} to {there}"
    )]
    NoBackend {
        /// Which.
        backend: String,
        /// Where it is named.
        key: String,
        /// What there is.
        there: String,
    },
    /// A guest of the backend `wasm` is missing.
    #[error("{} is missing, and the sandbox backend wasm runs it; it comes with the gateway: install that anew, or say where its programs are with OPENCLAW_PROGRAMS_DIR", .path.display())]
    NoProgram {
        /// Where it should be.
        path: PathBuf,
    },
    /// A folder of a sandbox cannot be used.
    #[error("{} cannot be {doing}d: {source}", .path.display())]
    Folder {
        /// What was tried.
        doing: &'static str,
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A setting cannot be used.
    #[error("{key}: {why}")]
    Setting {
        /// Which.
        key: String,
        /// Why not.
        why: String,
    },
    /// A file tool broke off.
    #[error("{tool} broke off: {why}")]
    Tool {
        /// Which.
        tool: String,
        /// Why.
        why: String,
    },
    /// The host of the guests.
    #[error(transparent)]
    Host(#[from] openclaw_components::Error),
    /// The state.
    #[error(transparent)]
    State(#[from] openclaw_state::Error),
    /// A variable was to be set that would change what programs are loaded or found.
    #[error("the variable {name} cannot be set for a command on this machine: {why}")]
    Variable {
        /// Its name.
        name: String,
        /// Why not.
        why: &'static str,
    },
    /// Too many commands of an agent run.
    #[error("{running} commands of this agent run, and no more may; end one of them first")]
    Crowded {
        /// How many run.
        running: usize,
    },
}
