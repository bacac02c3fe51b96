//! Small root sections: what the dashboard looks like, how gateways find each other, updates, machine-kept marks.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret_ref::PlainText;
use crate::tree::agent_defaults::SilentReply;
use crate::tree::gateway::GatewayMode;

/// What the dashboard looks like.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Ui {
    /// Its leading colour.
    #[schemars(regex(pattern = r"^#?[0-9a-fA-F]{6}$"))]
    pub seam_color: Option<String>,
    /// What the agent looks like there.
    pub assistant: Option<UiAssistant>,
    /// What the person chose.
    pub prefs: Prefs,
}

/// What the agent looks like in the dashboard.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UiAssistant {
    /// Its name.
    pub name: Option<String>,
    /// Its picture: an emoji, a letter, or an address.
    pub avatar: Option<String>,
}

/// What the person chose in the dashboard.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Prefs {
    /// The colours.
    pub theme: Option<Theme>,
    /// Light or dark.
    pub theme_mode: Option<ThemeMode>,
    /// The colour of what stands out; `theme` is the theme's own.
    pub accent: Option<String>,
    /// The language.
    #[schemars(length(max = 20))]
    pub locale: Option<String>,
    /// Whether reasoning is shown.
    pub chat_show_thinking: Option<bool>,
    /// Whether tool work is shown.
    pub chat_show_tool_calls: Option<bool>,
    /// Whether remarks in between stay.
    pub chat_persist_commentary: Option<bool>,
    /// What sends a message.
    pub chat_send_shortcut: Option<SendShortcut>,
    /// What becomes of a message while the agent is busy.
    pub chat_follow_up_mode: Option<FollowUp>,
    /// What stands at the side.
    pub sidebar_entries: Option<Vec<String>>,
}

/// The colours of the dashboard.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// Claw.
    Claw,
    /// Knot.
    Knot,
    /// Dash.
    Dash,
    /// Absolutely.
    Absolutely,
    /// Tide.
    Tide,
    /// Beacon.
    Beacon,
    /// Phosphor.
    Phosphor,
    /// CRT.
    Crt,
    /// Manuscript.
    Manuscript,
    /// Rose.
    Rose,
    /// Miami.
    Miami,
    /// The person's own.
    Custom,
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ThemeMode {
    /// Light.
    Light,
    /// Dark.
    Dark,
    /// As the system is.
    System,
}

/// What sends a message.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SendShortcut {
    /// The enter key.
    Enter,
    /// The enter key with another.
    ModifierEnter,
}

/// What becomes of a message while the agent is busy.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FollowUp {
    /// It joins the turn.
    Steer,
    /// It waits.
    Queue,
}

/// How gateways and devices find each other.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Discovery {
    /// On the local network.
    pub mdns: Mdns,
    /// Across networks.
    pub wide_area: WideArea,
}

/// How the gateway is found on the local network.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Mdns {
    /// What it tells.
    pub mode: MdnsMode,
}

/// What the gateway tells the local network.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MdnsMode {
    /// Nothing.
    Off,
    /// Where it is.
    #[default]
    Minimal,
    /// Where it is, and how it is reached by SSH.
    Full,
}

/// How the gateway is found across networks.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WideArea {
    /// The domain that it is announced in. Unset: it is not.
    pub domain: Option<String>,
}

/// Variables for the gateway's process. Those that are set already stay as they are.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Env {
    /// Variables by name; plain values, never references.
    pub vars: BTreeMap<String, PlainText>,
    /// Variables of the person's shell.
    pub shell_env: ShellEnv,
}

/// Variables of the person's shell, for keys that are expected and missing.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ShellEnv {
    /// Whether they are read.
    pub enabled: bool,
    /// How long the shell may take, in milliseconds.
    pub timeout_ms: u64,
}

impl Default for ShellEnv {
    fn default() -> Self {
        Self {
            enabled: false,
            timeout_ms: 15_000,
        }
    }
}

/// New versions.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Update {
    /// Which ones. Unset: as it was installed.
    pub channel: Option<UpdateChannel>,
    /// Whether the gateway looks for them when it starts.
    pub check_on_start: bool,
    /// Updates without being asked.
    pub auto: AutoUpdate,
}

impl Default for Update {
    fn default() -> Self {
        Self {
            channel: None,
            check_on_start: true,
            auto: AutoUpdate::default(),
        }
    }
}

/// Which new versions are of interest.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum UpdateChannel {
    /// Finished ones.
    Stable,
    /// Finished ones that are looked after for long.
    ExtendedStable,
    /// Those before they are finished.
    Beta,
    /// The latest.
    Dev,
}

/// Updates without being asked.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AutoUpdate {
    /// Whether they happen.
    pub enabled: bool,
}

/// Figures for those who make this program.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Telemetry {
    /// Whether any are sent.
    pub enabled: bool,
    /// When the person agreed.
    pub consented_at: Option<String>,
}

/// Files that came with messages.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Attachments {
    /// How long they are kept, in hours. Unset: for good.
    #[schemars(range(min = 1, max = 168))]
    pub ttl_hours: Option<u32>,
}

/// How the agent behaves on one surface.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Surface {
    /// Whether it may answer with silence.
    pub silent_reply: SilentReply,
}

/// A proxy for the gateway's own requests.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Proxy {
    /// Whether there is one.
    pub enabled: bool,
    /// Where it is.
    pub proxy_url: Option<String>,
    /// How it is trusted.
    pub tls: ProxyTls,
    /// What becomes of requests to this machine.
    #[schemars(extend("default" = "gateway-only"))]
    pub loopback_mode: Option<LoopbackMode>,
}

/// How the proxy is trusted.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProxyTls {
    /// The authority that signed its certificate.
    #[schemars(length(min = 1))]
    pub ca_file: Option<String>,
}

/// What becomes of requests to this machine.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoopbackMode {
    /// Those to the gateway go straight.
    GatewayOnly,
    /// They go through the proxy.
    Proxy,
    /// They are refused.
    Block,
}

/// What the setup wrote down. Kept by the program.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Wizard {
    /// When it last ran.
    pub last_run_at: Option<String>,
    /// In which version.
    pub last_run_version: Option<String>,
    /// At which commit.
    pub last_run_commit: Option<String>,
    /// By which command.
    pub last_run_command: Option<String>,
    /// For which side.
    pub last_run_mode: Option<GatewayMode>,
    /// When the person read the warning.
    pub security_acknowledged_at: Option<String>,
    /// How much the person trusted the agent with.
    pub access_mode: Option<AccessMode>,
    /// Whether apps are suggested.
    pub app_recommendations: Option<bool>,
}

/// How much the agent is trusted with.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AccessMode {
    /// Everything.
    Full,
    /// What it asks for.
    Guarded,
}

/// Marks of who wrote this file. Kept by the program.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Meta {
    /// The version that last wrote it.
    pub last_touched_version: Option<String>,
    /// When.
    pub last_touched_at: Option<String>,
    /// Changes of form that have been made.
    pub migrations: BTreeMap<String, bool>,
}

/// The canvas. It is served on the gateway's port; these keys stay from when it had its own.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CanvasHost {
    /// Whether it is served.
    pub enabled: bool,
    /// The port it had.
    #[schemars(range(min = 1))]
    pub port: u16,
    /// The folder that is served.
    pub root: Option<String>,
    /// Whether pages follow their files.
    pub live_reload: bool,
}

impl Default for CanvasHost {
    fn default() -> Self {
        Self {
            enabled: true,
            port: 18_793,
            root: None,
            live_reload: true,
        }
    }
}

/// WhatsApp's connection.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Web {
    /// Whether WhatsApp runs.
    pub enabled: Option<bool>,
    /// How often the connection is checked, in seconds.
    #[schemars(range(min = 1))]
    pub heartbeat_seconds: u32,
    /// How it is taken up again.
    pub reconnect: WebReconnect,
}

impl Default for Web {
    fn default() -> Self {
        Self {
            enabled: None,
            heartbeat_seconds: 60,
            reconnect: WebReconnect::default(),
        }
    }
}

/// How WhatsApp's connection is taken up again.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WebReconnect {
    /// The first wait, in milliseconds.
    pub initial_ms: u64,
    /// The longest wait, in milliseconds.
    pub max_ms: u64,
    /// How waits grow.
    #[schemars(range(min = 1.0))]
    pub factor: f64,
    /// How much they vary.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub jitter: f64,
    /// How often it is tried. 0: for ever.
    pub max_attempts: u32,
}

impl Default for WebReconnect {
    fn default() -> Self {
        Self {
            initial_ms: 2000,
            max_ms: 120_000,
            factor: 1.4,
            jitter: 0.2,
            max_attempts: 0,
        }
    }
}
