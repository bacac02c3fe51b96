//! A component that is ready to be called, with its grant and settings, and the tools it has.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use openclaw_egress::Client;
use openclaw_egress::secret::Vault;
use openclaw_policy::{Digest, Effective, Grant, Limit, PluginId};
use openclaw_state::Namespace;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wasmtime_wasi::p2::bindings::CommandPre;

use crate::bindings::ToolPre;
use crate::bindings::channel::ChannelPre;
use crate::bindings::skill::SkillPre;
use crate::files::Mounts;
use crate::flow::Flow;
use crate::guest::Guest;
use crate::reputation::Reputation;

/// What is good to know about a tool before it is called.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToolTrait {
    /// It changes nothing.
    ReadOnly,
    /// It may destroy something that cannot be brought back.
    Destructive,
    /// Calling it twice is the same as calling it once.
    Idempotent,
    /// What it returns comes from strangers.
    UntrustedOutput,
    /// Only an owner may call it.
    OwnerOnly,
    /// It is not there until the operator lists it.
    OptIn,
    /// What this version does not know.
    Other,
}

/// A tool, as it describes itself.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolSpec {
    /// Its name.
    pub name: String,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it does and when to use it, for the model.
    pub description: String,
    /// The JSON Schema of its arguments.
    pub parameters: String,
    /// The JSON Schema of the structured part of its output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<String>,
    /// What else is good to know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traits: Vec<ToolTrait>,
    /// More about it for programs that list it, as a JSON object. Nothing is decided by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<String>,
}

/// What a component exports, linked to what it imports.
pub(crate) enum Program {
    /// Tools of ours, and instructions for the model if it is a skill.
    Toolbox(ToolPre<Guest>, Option<SkillPre<Guest>>),
    /// An adapter to a chat platform.
    Channel(ChannelPre<Guest>),
    /// A program of the standard's: its input is the arguments, its output what it prints.
    Command(CommandPre<Guest>),
}

/// A component that is ready to be called.
pub(crate) struct Extension {
    pub(crate) id: PluginId,
    /// The channel's account that it works for.
    pub(crate) account: Option<String>,
    pub(crate) digest: Digest,
    pub(crate) grant: Grant,
    pub(crate) limits: Effective,
    pub(crate) settings: Value,
    pub(crate) tools: Vec<ToolSpec>,
    /// The directories that it was granted, open.
    pub(crate) mounts: Arc<Mounts>,
    pub(crate) reputation: Arc<Reputation>,
    /// What it may still say to the log.
    pub(crate) flow: Arc<Flow>,
    /// Its way through the gate, with its secrets.
    pub(crate) client: Arc<Client>,
    loaded: Mutex<Option<Loaded>>,
    /// Held while the program is loaded, so that many first calls load it once.
    pub(crate) loading: tokio::sync::Mutex<()>,
}

struct Loaded {
    program: Arc<Program>,
    used: Instant,
}

/// What an extension is made of.
pub(crate) struct Made {
    pub(crate) id: PluginId,
    pub(crate) account: Option<String>,
    pub(crate) grant: Grant,
    pub(crate) limits: Effective,
    pub(crate) settings: Value,
    pub(crate) tools: Vec<ToolSpec>,
    pub(crate) mounts: Mounts,
    pub(crate) flow: Arc<Flow>,
    pub(crate) client: Arc<Client>,
}

impl Extension {
    pub(crate) fn new(made: Made) -> Self {
        Self {
            id: made.id,
            account: made.account,
            digest: made.grant.digest(),
            grant: made.grant,
            limits: made.limits,
            settings: made.settings,
            tools: made.tools,
            mounts: Arc::new(made.mounts),
            reputation: Arc::default(),
            flow: made.flow,
            client: made.client,
            loaded: Mutex::default(),
            loading: tokio::sync::Mutex::default(),
        }
    }

    /// Its secrets.
    pub(crate) fn vault(&self) -> &Arc<Vault> {
        &self.client.tenant().vault
    }

    /// Who holds places for calls.
    pub(crate) fn holder(&self) -> String {
        match &self.account {
            Some(account) => format!("{}/{account}", self.id),
            None => self.id.to_string(),
        }
    }

    /// The store that it may have.
    pub(crate) fn namespace(&self) -> openclaw_state::Result<Namespace> {
        let id = self.id.as_str();
        match &self.account {
            Some(account) => Namespace::of_account(id, account),
            None => Namespace::of(id),
        }
    }

    /// How long one call may take, waiting included.
    pub(crate) fn deadline(&self) -> Duration {
        Duration::from_millis(self.limits.get(Limit::Deadline).amount.get())
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Loaded>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The program, if it is in memory.
    pub(crate) fn program(&self) -> Option<Arc<Program>> {
        let mut slot = self.slot();
        let loaded = slot.as_mut()?;
        loaded.used = Instant::now();
        Some(Arc::clone(&loaded.program))
    }

    pub(crate) fn put_program(&self, program: Arc<Program>) {
        let used = Instant::now();
        *self.slot() = Some(Loaded { program, used });
    }

    /// Lets go of a program that was not used for so long. Calls under way keep theirs.
    pub(crate) fn drop_idle(&self, idle: Duration) {
        let mut slot = self.slot();
        if slot.as_ref().is_some_and(|loaded| loaded.used.elapsed() >= idle) {
            *slot = None;
        }
    }
}

impl fmt::Debug for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extension")
            .field("id", &self.id)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}
