//! `openclaw approvals`: what can be typed.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use super::gateway::{Asked, Reach};

/// What to do about commands that need a nod.
#[derive(Subcommand)]
pub(crate) enum ApprovalsCommand {
    /// Print which commands run unasked, and about which somebody is asked
    Get(ApprovalsGet),
    /// Put another file in the place of the one that says so
    Set(ApprovalsSet),
    /// Change which programs run unasked
    #[command(subcommand)]
    Allowlist(AllowlistCommand),
    /// List the commands that wait for an answer
    Pending(Asked),
    /// Answer about one of them
    Resolve(ApprovalsResolve),
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

/// Which file is meant.
#[derive(Args)]
pub(crate) struct Whose {
    /// The running gateway's file; without it, or a gateway's address, the one of this machine
    #[arg(long)]
    pub(crate) gateway: bool,
    /// The file of a paired device (not in this build)
    #[arg(long, value_name = "NODE", hide = true)]
    pub(crate) node: Option<String>,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

impl Whose {
    /// Whether the gateway is asked.
    pub(crate) fn is_gateway(&self) -> bool {
        self.gateway || self.reach.url.is_some() || self.reach.port.is_some()
    }
}

/// `approvals get`.
#[derive(Args)]
pub(crate) struct ApprovalsGet {
    #[command(flatten)]
    pub(crate) whose: Whose,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// `approvals set`.
#[derive(Args)]
#[command(group = ArgGroup::new("source").required(true).args(["file", "stdin"]))]
pub(crate) struct ApprovalsSet {
    /// The new file
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Read the new file from standard input
    #[arg(long)]
    pub(crate) stdin: bool,
    #[command(flatten)]
    pub(crate) whose: Whose,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// What to do with the list.
#[derive(Subcommand)]
pub(crate) enum AllowlistCommand {
    /// Let a program run unasked
    Add(AllowlistOne),
    /// Take a program off the list
    Remove(AllowlistOne),
}

/// An entry of the list.
#[derive(Args)]
pub(crate) struct AllowlistOne {
    /// A path such as /usr/bin/git or ~/bin/**, or a name such as git; what is removed may be named by its id
    pub(crate) pattern: String,
    /// Whose commands; * for those of all agents
    #[arg(long, value_name = "ID", default_value = "*")]
    pub(crate) agent: String,
    #[command(flatten)]
    pub(crate) whose: Whose,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// `approvals resolve`.
#[derive(Args)]
pub(crate) struct ApprovalsResolve {
    /// The question's id, or the beginning of it
    pub(crate) id: String,
    /// The answer
    pub(crate) decision: Answer,
    /// After how many days "allow-always" ends
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub(crate) expires_in_days: Option<u32>,
    /// Why, for whoever reads what this prints; it is not sent
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// An answer.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Answer {
    /// This once
    AllowOnce,
    /// This and from now on
    AllowAlways,
    /// No
    Deny,
}

impl Answer {
    /// The word for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AllowOnce => "allow-once",
            Self::AllowAlways => "allow-always",
            Self::Deny => "deny",
        }
    }
}
