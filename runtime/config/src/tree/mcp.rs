//! `mcp`: servers that speak the Model Context Protocol.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tree::values::PlainScalar;

/// Servers that speak the Model Context Protocol.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Mcp {
    /// Servers by name.
    pub servers: BTreeMap<String, McpServer>,
    /// After this long without use a connection is closed, in milliseconds.
    #[schemars(range(min = 0.0))]
    pub session_idle_ttl_ms: Option<f64>,
    /// Pages that servers bring.
    pub apps: McpApps,
}

/// A server that speaks the Model Context Protocol: a program, or an address.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct McpServer {
    /// Whether it is used. Unset: yes.
    pub enabled: Option<bool>,
    /// The program.
    pub command: Option<String>,
    /// Its arguments.
    pub args: Vec<String>,
    /// Variables it is given.
    pub env: BTreeMap<String, PlainScalar>,
    /// The folder it starts in.
    pub cwd: Option<String>,
    /// The address.
    pub url: Option<String>,
    /// How it is spoken to. Unset: as a program or an address suggests.
    pub transport: Option<McpTransport>,
    /// Headers of requests.
    pub headers: BTreeMap<String, PlainScalar>,
    /// How long connecting may take, in milliseconds.
    #[schemars(range(min = 1))]
    pub connection_timeout_ms: Option<u64>,
    /// How long a request may take, in milliseconds.
    #[schemars(range(min = 1))]
    pub request_timeout_ms: Option<u64>,
    /// Whether it takes several calls at the same time.
    pub supports_parallel_tool_calls: Option<bool>,
    /// How it is told who asks.
    pub auth: Option<McpAuth>,
    /// How that is done.
    pub oauth: Option<McpOauth>,
    /// Whether its certificate is checked. Unset: yes.
    pub ssl_verify: Option<bool>,
    /// The certificate shown to it.
    pub client_cert: Option<String>,
    /// The file of that certificate's key.
    pub client_key: Option<String>,
    /// Which of its tools are offered.
    pub tool_filter: Option<McpToolFilter>,
    /// What Codex does with it.
    pub codex: Option<McpCodex>,
}

/// How an MCP server is spoken to.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(extend("x-aliases" = ["http"]))]
pub enum McpTransport {
    /// Through a program's input and output.
    Stdio,
    /// Through a stream of events.
    Sse,
    /// Through HTTP.
    #[serde(alias = "http")]
    StreamableHttp,
}

/// How an MCP server is told who asks.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum McpAuth {
    /// By signing in.
    Oauth,
}

/// How signing in to an MCP server is done.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct McpOauth {
    /// As whom.
    pub identity: Option<McpIdentity>,
    /// The credential.
    #[schemars(length(min = 1))]
    pub auth_profile_id: Option<String>,
    /// What is asked for.
    #[schemars(length(min = 1))]
    pub scope: Option<String>,
    /// Where the browser comes back to.
    pub redirect_url: Option<String>,
    /// What describes this client.
    pub client_metadata_url: Option<String>,
}

/// As whom one signs in to an MCP server.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum McpIdentity {
    /// As the same for all.
    Shared,
    /// As who asks.
    PerRequester,
}

/// Which tools of an MCP server are offered.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct McpToolFilter {
    /// Only these.
    #[schemars(length(min = 1))]
    pub include: Option<Vec<String>>,
    /// Not these.
    #[schemars(length(min = 1))]
    pub exclude: Option<Vec<String>>,
}

/// What Codex does with an MCP server.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct McpCodex {
    /// The only agents that get it.
    #[schemars(length(min = 1))]
    pub agents: Option<Vec<String>>,
    /// When a person is asked.
    pub default_tools_approval_mode: Option<CodexApproval>,
}

/// When a person is asked about a tool.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CodexApproval {
    /// As Codex sees fit.
    Auto,
    /// Always.
    Prompt,
    /// Never.
    Approve,
}

/// Pages that MCP servers bring.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct McpApps {
    /// Whether they are shown.
    pub enabled: bool,
    /// The origin they are served from.
    pub sandbox_origin: Option<String>,
    /// The port they are served from. Unset: the one after the gateway's.
    #[schemars(range(min = 1, max = 65535))]
    pub sandbox_port: Option<u16>,
}
