//! `gateway`: the server itself, and how a client reaches one that runs elsewhere.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tree::gateway_auth::{GatewayAuth, Remote, Roles};
use crate::tree::gateway_http::{ControlUi, Http};
use crate::tree::gateway_nodes::Nodes;

/// The server itself: where it listens, whom it lets in, what it serves.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Gateway {
    /// Whether this machine runs the gateway or only talks to one. It must be `local` for the gateway to
    /// start.
    pub mode: Option<GatewayMode>,
    /// The one port for WebSocket and HTTP. The command line and `OPENCLAW_GATEWAY_PORT` come before it.
    #[schemars(range(min = 1, max = 65535))]
    pub port: u16,
    /// Which addresses are listened on. Unset: loopback, and `auto` inside a container.
    #[schemars(extend("default" = "loopback"))]
    pub bind: Option<Bind>,
    /// The IPv4 address to listen on when `bind` is `custom`.
    pub custom_bind_host: Option<String>,
    /// The origin under which people reach the gateway from outside: https, or http for loopback names only.
    pub public_origin: Option<String>,
    /// Private sites served through the gateway.
    pub portals: Portals,
    /// The dashboard.
    pub control_ui: ControlUi,
    /// Coding agents of the command line that the dashboard may start.
    pub cli_agents: CliAgents,
    /// The operator's terminal in the dashboard.
    pub terminal: Terminal,
    /// How callers prove who they are.
    pub auth: GatewayAuth,
    /// Roles for a team that shares the gateway.
    pub roles: Option<Roles>,
    /// Addresses or CIDR ranges of proxies whose forwarded headers are believed.
    pub trusted_proxies: Vec<String>,
    /// Whether `X-Real-IP` is believed when a trusted proxy sends no `X-Forwarded-For`.
    pub allow_real_ip_fallback: bool,
    /// Which tools `/tools/invoke` serves, relative to its own list of refusals.
    pub tools: InvokeTools,
    /// Exposure through Tailscale.
    pub tailscale: Tailscale,
    /// The gateway that this machine is a client of.
    pub remote: Remote,
    /// What happens when the config file changes.
    pub reload: Reload,
    /// TLS on the gateway's own port.
    pub tls: Tls,
    /// The HTTP API.
    pub http: Http,
    /// Push messages to phones.
    pub push: Push,
    /// Paired devices and what may be asked of them.
    pub nodes: Nodes,
    /// How often channel accounts are checked, in minutes. 0: never.
    pub channel_health_check_minutes: u32,
    /// How long a connected account may be silent before it counts as stale, in minutes.
    #[schemars(range(min = 1))]
    pub channel_stale_event_threshold_minutes: u32,
    /// How often in an hour the check may restart one account.
    #[schemars(range(min = 1))]
    pub channel_max_restarts_per_hour: u32,
    /// How long a client may take to say who it is, in milliseconds.
    #[schemars(range(min = 1))]
    pub handshake_timeout_ms: Option<u64>,
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            mode: None,
            port: 18_789,
            bind: None,
            custom_bind_host: None,
            public_origin: None,
            portals: Portals::default(),
            control_ui: ControlUi::default(),
            cli_agents: CliAgents::default(),
            terminal: Terminal::default(),
            auth: GatewayAuth::default(),
            roles: None,
            trusted_proxies: Vec::new(),
            allow_real_ip_fallback: false,
            tools: InvokeTools::default(),
            tailscale: Tailscale::default(),
            remote: Remote::default(),
            reload: Reload::default(),
            tls: Tls::default(),
            http: Http::default(),
            push: Push::default(),
            nodes: Nodes::default(),
            channel_health_check_minutes: 5,
            channel_stale_event_threshold_minutes: 30,
            channel_max_restarts_per_hour: 10,
            handshake_timeout_ms: None,
        }
    }
}

/// Which side of the connection this machine is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GatewayMode {
    /// Runs the gateway.
    Local,
    /// Talks to a gateway elsewhere.
    Remote,
}

/// Which addresses are listened on.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Bind {
    /// All addresses in a container, else loopback.
    Auto,
    /// Every address of the machine.
    Lan,
    /// This machine only.
    #[default]
    Loopback,
    /// The address in `customBindHost`.
    Custom,
    /// The machine's Tailscale address.
    Tailnet,
}

/// Private sites served through the gateway.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Portals {
    /// Where they are reached.
    pub ingress: Option<PortalIngress>,
}

/// Where private sites are reached.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PortalIngress {
    /// The wildcard domain.
    pub domain: String,
    /// The port that the ingress listens on.
    #[schemars(range(min = 1, max = 65535))]
    pub port: u16,
}

/// Coding agents of the command line that the dashboard may start.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CliAgents {
    /// Whether they are offered.
    pub enabled: bool,
}

impl Default for CliAgents {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// The operator's terminal in the dashboard.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Terminal {
    /// Whether it can be opened.
    pub enabled: bool,
    /// The shell it runs. Unset: the user's own.
    pub shell: Option<String>,
    /// How long a terminal that nobody looks at lives on, in seconds.
    pub detached_session_timeout_seconds: u64,
}

impl Default for Terminal {
    fn default() -> Self {
        Self {
            enabled: true,
            shell: None,
            detached_session_timeout_seconds: 300,
        }
    }
}

/// Which tools `/tools/invoke` serves, relative to its own list of refusals.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InvokeTools {
    /// Tools refused in addition.
    pub deny: Vec<String>,
    /// Tools taken off the list of refusals.
    pub allow: Vec<String>,
}

/// Exposure through Tailscale.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Tailscale {
    /// What is exposed.
    pub mode: TailscaleMode,
    /// Deprecated: keeps a funnel that somebody else set up.
    pub preserve_funnel: bool,
}

/// What is exposed through Tailscale.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TailscaleMode {
    /// Nothing.
    #[default]
    Off,
    /// The gateway, inside the tailnet.
    Serve,
    /// The gateway, on the public internet.
    Funnel,
}

/// What happens when the config file changes.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Reload {
    /// Which changes are applied, and how.
    pub mode: ReloadMode,
    /// How long the file must be quiet before it is read again, in milliseconds.
    pub debounce_ms: u64,
    /// How long a restart waits for work in progress, in milliseconds.
    pub deferral_timeout_ms: u64,
}

impl Default for Reload {
    fn default() -> Self {
        Self {
            mode: ReloadMode::default(),
            debounce_ms: 300,
            deferral_timeout_ms: 300_000,
        }
    }
}

/// Which changes of the config file are applied to a running gateway.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ReloadMode {
    /// None; the file is only checked.
    Off,
    /// Those that need no restart; the others wait for one.
    Hot,
    /// All, by restarting.
    Restart,
    /// Those that need no restart at once, the others by restarting.
    #[default]
    Hybrid,
}

/// TLS on the gateway's own port.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Tls {
    /// Whether the port speaks TLS.
    pub enabled: bool,
    /// Whether a self-signed certificate is made when there is none.
    pub auto_generate: bool,
    /// The certificate. Unset: `gateway/tls/gateway-cert.pem` in the state directory.
    pub cert_path: Option<String>,
    /// Its key. Unset: next to the certificate.
    pub key_path: Option<String>,
    /// The authorities that client certificates are checked against.
    pub ca_path: Option<String>,
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            enabled: false,
            auto_generate: true,
            cert_path: None,
            key_path: None,
            ca_path: None,
        }
    }
}

/// Push messages to phones.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Push {
    /// Apple's service.
    pub apns: Apns,
}

/// Apple's push service.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Apns {
    /// The relay that talks to it. Unset: the hosted one.
    pub relay: Option<ApnsRelay>,
}

/// The relay that talks to Apple's push service.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApnsRelay {
    /// Where it is.
    pub base_url: Option<String>,
    /// How long one request may take, in milliseconds.
    #[schemars(range(min = 1))]
    pub timeout_ms: u64,
}

impl Default for ApnsRelay {
    fn default() -> Self {
        Self {
            base_url: None,
            timeout_ms: 10_000,
        }
    }
}
