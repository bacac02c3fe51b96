//! The sandbox of a session, entered when a tool first needs it.
//!
//! **Promise.** A tool of a sandboxed session runs in the sandbox that the config names for it, or fails and says why.
//! **Cost.** Nothing until a tool is called.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openclaw_config::Snapshot;
use openclaw_config::tree::Config;
use openclaw_sandbox::{About, Asked, Command, Error, Process, Runner, Sandboxes, Seat};

use crate::workspace;

/// Where the workspace is inside.
pub(crate) const WORKDIR: &str = "/workspace";

/// The sandbox of a session.
#[derive(Clone)]
pub(crate) struct Inside {
    pub(crate) sandboxes: Option<Arc<Sandboxes>>,
    pub(crate) snapshot: Snapshot<Config>,
    pub(crate) agent: String,
    /// The key by which the session's rights are decided.
    pub(crate) session: String,
    /// The agent's own workspace.
    pub(crate) workspace: PathBuf,
}

impl Inside {
    /// The sandbox for a tool, made if there is none.
    pub(crate) async fn enter(&self, tool: &str) -> Result<Seat, Error> {
        let sandboxes = self.sandboxes.as_ref().ok_or_else(|| Error::NoBackend {
            backend: "any".to_owned(),
            key: "agents.defaults.sandbox.mode".to_owned(),
            there: "off".to_owned(),
        })?;
        let asked = Asked {
            config: &self.snapshot.config,
            place: &self.snapshot.place,
            agent: &self.agent,
            session: &self.session,
            workspace: &self.workspace,
            seeds: workspace::FILES,
            tool,
        };
        sandboxes.enter(asked).await
    }
}

impl Runner for Inside {
    fn start(&self, command: Command) -> BoxFuture<'_, Result<Process, Error>> {
        async move {
            let seat = self.enter("exec").await?;
            seat.sandbox.start(&self.session, command).await
        }
        .boxed()
    }

    fn about(&self) -> About {
        About {
            name: "sandbox".to_owned(),
            folder: WORKDIR.to_owned(),
            has_terminals: false,
            is_this_machine: false,
        }
    }
}
