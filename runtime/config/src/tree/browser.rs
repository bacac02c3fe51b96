//! `browser`: the browser that agents steer.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tree::tools_web::SsrfPolicy;

/// The browser that agents steer.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Browser {
    /// Whether there is one.
    pub enabled: bool,
    /// Whether agents may run scripts in pages.
    pub evaluate_enabled: bool,
    /// A browser that runs already, by the address of its debugging protocol.
    pub cdp_url: Option<String>,
    /// The program. Unset: the one that is found.
    pub executable_path: Option<String>,
    /// Whether it has no window.
    pub headless: bool,
    /// Starts it without its own sandbox.
    pub no_sandbox: bool,
    /// Whether it is never started, only attached to.
    pub attach_only: bool,
    /// The profile that is used when none is named.
    pub default_profile: String,
    /// More arguments.
    pub extra_args: Vec<String>,
    /// How pages are described.
    pub snapshot_defaults: SnapshotDefaults,
    /// Which addresses it may reach.
    pub ssrf_policy: Option<SsrfPolicy>,
    /// Profiles by name.
    pub profiles: BTreeMap<String, BrowserProfile>,
    /// Tabs that nobody needs any more.
    pub tab_cleanup: TabCleanup,
    /// The extension through which the person lends a tab.
    pub extension_relay: ExtensionRelay,
    /// Whether the person's own profile may be copied.
    pub allow_system_profile_import: bool,
}

impl Default for Browser {
    fn default() -> Self {
        Self {
            enabled: true,
            evaluate_enabled: true,
            cdp_url: None,
            executable_path: None,
            headless: false,
            no_sandbox: false,
            attach_only: false,
            default_profile: "openclaw".to_owned(),
            extra_args: Vec::new(),
            snapshot_defaults: SnapshotDefaults::default(),
            ssrf_policy: None,
            profiles: BTreeMap::new(),
            tab_cleanup: TabCleanup::default(),
            extension_relay: ExtensionRelay::default(),
            allow_system_profile_import: false,
        }
    }
}

/// How pages are described.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SnapshotDefaults {
    /// How much of them.
    pub mode: Option<SnapshotMode>,
}

/// How much of a page is described.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SnapshotMode {
    /// What matters.
    Efficient,
}

/// A profile of the browser.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BrowserProfile {
    /// The port of its debugging protocol.
    #[schemars(range(min = 1, max = 65535))]
    pub cdp_port: Option<u16>,
    /// A browser that runs already.
    pub cdp_url: Option<String>,
    /// Where it keeps its data.
    pub user_data_dir: Option<String>,
    /// How it is steered.
    pub driver: Option<BrowserDriver>,
    /// Whether it has no window.
    pub headless: Option<bool>,
    /// The program.
    pub executable_path: Option<String>,
    /// Whether it is only attached to.
    pub attach_only: Option<bool>,
    /// The program that steers it.
    pub mcp_command: Option<String>,
    /// That program's arguments.
    pub mcp_args: Option<Vec<String>>,
    /// The colour of its window.
    pub color: Option<String>,
}

/// How a browser is steered.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(extend("x-aliases" = ["clawd"]))]
pub enum BrowserDriver {
    /// By the gateway.
    #[serde(alias = "clawd")]
    Openclaw,
    /// As a browser that the person has open.
    ExistingSession,
    /// Through the extension.
    Extension,
}

/// Tabs that nobody needs any more.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TabCleanup {
    /// Whether they are closed.
    pub enabled: Option<bool>,
}

/// The extension through which the person lends a tab.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExtensionRelay {
    /// Whether older versions of it may connect.
    pub allow_legacy_auth: bool,
}

impl Default for ExtensionRelay {
    fn default() -> Self {
        Self {
            allow_legacy_auth: true,
        }
    }
}
