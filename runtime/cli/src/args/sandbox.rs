//! `openclaw sandbox`: what can be typed.

use clap::{ArgGroup, Args, Subcommand};

use super::gateway::{Asked, Reach};

/// `sandbox`.
#[derive(Args)]
pub(crate) struct Sandbox {
    /// Only the browsers (not in this build)
    #[arg(long, global = true, hide = true)]
    pub(crate) browser: bool,
    #[command(subcommand)]
    pub(crate) command: SandboxCommand,
}

/// What to do with sandboxes.
#[derive(Subcommand)]
pub(crate) enum SandboxCommand {
    /// List the sandboxes that there are
    List(Asked),
    /// Remove sandboxes with their files; the next use makes them anew
    Recreate(SandboxRecreate),
    /// Say where a session's tools run, which rule says so, and what would change it
    Explain(SandboxExplain),
}

/// `sandbox recreate`.
#[derive(Args)]
#[command(group = ArgGroup::new("which").required(true).args(["all", "session", "agent"]))]
pub(crate) struct SandboxRecreate {
    /// All of them
    #[arg(long)]
    pub(crate) all: bool,
    /// The one of this session
    #[arg(long, value_name = "KEY")]
    pub(crate) session: Option<String>,
    /// All of this agent's sessions
    #[arg(long, value_name = "ID")]
    pub(crate) agent: Option<String>,
    /// Also those in which something runs
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// `sandbox explain`.
#[derive(Args)]
pub(crate) struct SandboxExplain {
    /// The session; the agent's main one if none is named
    #[arg(long, value_name = "KEY")]
    pub(crate) session: Option<String>,
    /// The agent; the one that the session's key names, or the default one
    #[arg(long, value_name = "ID")]
    pub(crate) agent: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}
