//! The root of the config file: one field for each section.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tree::agents::Agents;
use crate::tree::approvals::{AccessGroup, Approvals, Security};
use crate::tree::browser::Browser;
use crate::tree::channels::Channels;
use crate::tree::cron::Cron;
use crate::tree::extensions::{Plugins, Skills};
use crate::tree::gateway::Gateway;
use crate::tree::hooks::Hooks;
use crate::tree::logging::{Diagnostics, Logging};
use crate::tree::mcp::Mcp;
use crate::tree::memory::Memory;
use crate::tree::messages::{Commands, Messages};
use crate::tree::models::{Auth, Models};
use crate::tree::routing::{Binding, Broadcast};
use crate::tree::secrets::Secrets;
use crate::tree::session::Session;
use crate::tree::speaking::{Talk, Tts};
use crate::tree::system::{
    Attachments, CanvasHost, Discovery, Env, Meta, Proxy, Surface, Telemetry, Ui, Update, Web, Wizard,
};
use crate::tree::tools::Tools;

/// Everything that `openclaw.json` can say.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Config {
    /// The address of a schema, for editors. Without effect.
    #[serde(rename = "$schema")]
    pub schema: Option<String>,
    /// Marks of who wrote this file. Kept by the program.
    pub meta: Option<Meta>,
    /// Variables for the gateway's process.
    pub env: Env,
    /// What the setup wrote down. Kept by the program.
    pub wizard: Option<Wizard>,
    /// The server itself.
    pub gateway: Gateway,
    /// The assistants of this gateway, and what they share.
    pub agents: Agents,
    /// Where people write to the agent.
    pub channels: Channels,
    /// Which agent answers where.
    pub bindings: Vec<Binding>,
    /// Conversations in which several agents answer.
    pub broadcast: Broadcast,
    /// Which messages belong together, and for how long.
    pub session: Session,
    /// How the agent takes part in conversations.
    pub messages: Messages,
    /// What people may order by message.
    pub commands: Commands,
    /// Where models are found.
    pub models: Models,
    /// Who pays for models.
    pub auth: Auth,
    /// What agents may use, and how far each tool may go.
    pub tools: Tools,
    /// Where credentials are kept and how they are fetched.
    pub secrets: Secrets,
    /// What the audit says, and what may be installed.
    pub security: Security,
    /// Where questions for a nod are shown, besides where they arise.
    pub approvals: Approvals,
    /// People who belong together, by name.
    pub access_groups: BTreeMap<String, AccessGroup>,
    /// What other programs may set off over HTTP, and what the gateway sets off by itself.
    pub hooks: Hooks,
    /// Work at set times.
    pub cron: Cron,
    /// What agents remember.
    pub memory: Memory,
    /// Skills: instructions and tools that agents read when they need them.
    pub skills: Skills,
    /// Plugins.
    pub plugins: Plugins,
    /// Servers that speak the Model Context Protocol.
    pub mcp: Mcp,
    /// The browser that agents steer.
    pub browser: Browser,
    /// How agents speak.
    pub tts: Tts,
    /// Spoken conversations.
    pub talk: Talk,
    /// Files that came with messages.
    pub attachments: Attachments,
    /// How the agent behaves on single surfaces.
    pub surfaces: BTreeMap<String, Surface>,
    /// A proxy for the gateway's own requests.
    pub proxy: Option<Proxy>,
    /// How gateways and devices find each other.
    pub discovery: Discovery,
    /// What the gateway says about itself.
    pub logging: Logging,
    /// What the gateway measures.
    pub diagnostics: Diagnostics,
    /// What the dashboard looks like.
    pub ui: Ui,
    /// New versions.
    pub update: Update,
    /// Figures for those who make this program.
    pub telemetry: Telemetry,
    /// Where copies of repositories are made for agents.
    #[schemars(length(min = 1))]
    pub worktree_root: Option<String>,
    /// Whether such copies share files with the original.
    pub worktree_acceleration: Option<bool>,
    /// The canvas, in the older spelling.
    pub canvas_host: Option<CanvasHost>,
    /// WhatsApp's connection, in the older spelling.
    pub web: Option<Web>,
}
