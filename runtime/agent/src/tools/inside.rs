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
use openclaw_sandbox::{About, Asked, Command, Error, Process, Rules, Runner, Sandboxes, Scope, Seat};
use serde_json::Value;

use super::{FileTool, FileTools, ToolOutput};
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
    /// What shares the sandbox.
    pub(crate) fn scope(&self) -> String {
        let rules = Rules::of(&self.snapshot.config, &self.agent);
        Scope::of(rules.scope.value, &self.agent, &self.session).to_string()
    }

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

impl FileTools for Inside {
    fn call(&self, tool: FileTool, arguments: Value) -> BoxFuture<'_, ToolOutput> {
        async move {
            let called = async {
                let seat = self.enter(tool.name()).await?;
                seat.sandbox.call_files(tool.name(), arguments.to_string()).await
            };
            match called.await {
                Ok(answer) => read(&answer).unwrap_or_else(|| {
                    ToolOutput::failed(format!("{} gave an answer that is none.", tool.name()))
                }),
                Err(error) => ToolOutput::failed(error.to_string()),
            }
        }
        .boxed()
    }
}

/// An answer of the guest.
fn read(answer: &str) -> Option<ToolOutput> {
    let answer: Value = serde_json::from_str(answer).ok()?;
    Some(ToolOutput {
        text: answer.get("text")?.as_str()?.to_owned(),
        details: answer
            .get("details")
            .filter(|details| !details.is_null())
            .cloned(),
        is_error: answer.get("isError")?.as_bool()?,
    })
}
