//! `openclaw tools`: what can be typed.

use clap::{Args, Subcommand};

use super::gateway::Reach;

/// What to do with tools.
#[derive(Subcommand)]
pub(crate) enum ToolsCommand {
    /// List the tools of a session, and those that it does not have, each with the rule that decided
    List(ToolsList),
    /// Tell whether a session has a tool, which rule decided, and what would change it
    Explain(ToolsExplain),
}

/// `tools list`.
#[derive(Args)]
pub(crate) struct ToolsList {
    #[command(flatten)]
    pub(crate) of: OfSession,
}

/// `tools explain`.
#[derive(Args)]
pub(crate) struct ToolsExplain {
    /// The tool, such as exec
    pub(crate) tool: String,
    #[command(flatten)]
    pub(crate) of: OfSession,
}

/// Which session is meant, and how it is asked about.
#[derive(Args)]
pub(crate) struct OfSession {
    /// The session, such as main or agent:main:telegram:group:-100
    #[arg(long, value_name = "KEY", default_value = "main")]
    pub(crate) session: String,
    /// The agent, where the session does not name it
    #[arg(long, value_name = "ID")]
    pub(crate) agent: Option<String>,
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}
