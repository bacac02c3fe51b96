//! `gateway.nodes`: paired devices.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Paired devices and what may be asked of them.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Nodes {
    /// Which device's browser is used.
    pub browser: NodeBrowser,
    /// Devices that are paired without a question.
    pub pairing: NodePairing,
    /// Tools of plugins that run on devices.
    pub plugin_tools: NodePluginTools,
    /// Whether devices may bring skills.
    pub allow_skills: bool,
    /// Commands that devices may be sent.
    pub commands: NodeCommands,
}

impl Default for Nodes {
    fn default() -> Self {
        Self {
            browser: NodeBrowser::default(),
            pairing: NodePairing::default(),
            plugin_tools: NodePluginTools::default(),
            allow_skills: true,
            commands: NodeCommands::default(),
        }
    }
}

/// Which device's browser is used.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeBrowser {
    /// How it is chosen.
    pub mode: NodeBrowserMode,
    /// The device, by id or name.
    pub node: Option<String>,
}

/// How the device with the browser is chosen.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeBrowserMode {
    /// The one that offers a browser.
    #[default]
    Auto,
    /// Only the one that is named.
    Manual,
    /// None.
    Off,
}

/// Devices that are paired without a question.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodePairing {
    /// Those on this machine.
    pub auto_approve_local: bool,
    /// Those that connect from these address ranges, once, as a device without further rights.
    pub auto_approve_cidrs: Option<Vec<String>>,
    /// Those that prove by SSH that they share this machine's user.
    pub ssh_verify: SshVerify,
}

impl Default for NodePairing {
    fn default() -> Self {
        Self {
            auto_approve_local: true,
            auto_approve_cidrs: None,
            ssh_verify: SshVerify::default(),
        }
    }
}

/// Whether a device may prove by SSH that it shares this machine's user; an object says how.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(untagged)]
pub enum SshVerify {
    /// Whether it may.
    Plain(bool),
    /// It may, in this way.
    Detailed(SshVerification),
}

impl Default for SshVerify {
    fn default() -> Self {
        Self::Plain(true)
    }
}

/// How a device proves by SSH that it shares this machine's user.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SshVerification {
    /// The user to sign in as.
    pub user: Option<String>,
    /// The key file.
    pub identity: Option<String>,
    /// How long the attempt may take, in milliseconds.
    #[schemars(range(min = 1))]
    pub timeout_ms: Option<u64>,
    /// The only address ranges it is tried for.
    pub cidrs: Option<Vec<String>>,
}

/// Tools of plugins that run on devices.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodePluginTools {
    /// Whether they are offered to agents.
    pub enabled: bool,
}

impl Default for NodePluginTools {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// Commands that devices may be sent.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeCommands {
    /// Commands allowed in addition, by exact name.
    pub allow: Vec<String>,
    /// Commands never sent, by exact name.
    pub deny: Vec<String>,
}
