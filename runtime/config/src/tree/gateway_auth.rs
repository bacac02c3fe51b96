//! `gateway.auth`, `gateway.roles` and `gateway.remote`: who may do what, here and there.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret_ref::SecretInput;

/// How callers prove who they are.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GatewayAuth {
    /// The kind of proof. Unset: password if one is set, else token.
    pub mode: Option<AuthMode>,
    /// The shared token. `OPENCLAW_GATEWAY_TOKEN` stands in when this is absent.
    pub token: Option<SecretInput>,
    /// The shared password. `OPENCLAW_GATEWAY_PASSWORD` stands in when this is absent.
    pub password: Option<SecretInput>,
    /// Whether the identity that Tailscale Serve attests is enough. Unset: yes if `gateway.tailscale.mode`
    /// is `serve`.
    pub allow_tailscale: Option<bool>,
    /// What a caller may do, by the identity that a proxy or Tailscale attests. Holds for that connection
    /// only.
    pub identity_scopes: BTreeMap<String, Vec<Scope>>,
    /// How failed attempts are slowed down.
    pub rate_limit: RateLimit,
    /// What is taken from a proxy that has checked the caller already.
    pub trusted_proxy: Option<TrustedProxy>,
}

/// The kind of proof that callers bring.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthMode {
    /// None at all.
    None,
    /// A shared token.
    Token,
    /// A shared password.
    Password,
    /// The word of a trusted proxy.
    TrustedProxy,
}

/// One thing that an operator's connection may do.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Everything, including configuration.
    #[serde(rename = "operator.admin")]
    OperatorAdmin,
    /// Read state.
    #[serde(rename = "operator.read")]
    OperatorRead,
    /// Send messages and run agents.
    #[serde(rename = "operator.write")]
    OperatorWrite,
    /// Read sessions.
    #[serde(rename = "operator.sessions.read")]
    OperatorSessionsRead,
    /// Change sessions.
    #[serde(rename = "operator.sessions.write")]
    OperatorSessionsWrite,
    /// Decide approvals.
    #[serde(rename = "operator.approvals")]
    OperatorApprovals,
    /// Answer the agent's questions.
    #[serde(rename = "operator.questions")]
    OperatorQuestions,
    /// Pair devices.
    #[serde(rename = "operator.pairing")]
    OperatorPairing,
    /// Hold voice conversations.
    #[serde(rename = "operator.talk")]
    OperatorTalk,
    /// Fetch the keys that voice needs.
    #[serde(rename = "operator.talk.secrets")]
    OperatorTalkSecrets,
}

/// How failed attempts to authenticate are slowed down.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RateLimit {
    /// How many may fail within the window.
    #[schemars(range(min = 1))]
    pub max_attempts: u32,
    /// The window, in milliseconds.
    #[schemars(range(min = 1))]
    pub window_ms: u64,
    /// How long the address is shut out afterwards, in milliseconds.
    pub lockout_ms: u64,
    /// Whether this machine itself is never shut out.
    pub exempt_loopback: bool,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self {
            max_attempts: 10,
            window_ms: 60_000,
            lockout_ms: 300_000,
            exempt_loopback: true,
        }
    }
}

/// What is taken from a proxy that has checked the caller already.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrustedProxy {
    /// The header that names the user.
    #[schemars(length(min = 1))]
    pub user_header: String,
    /// Headers that must be present as well.
    #[serde(default)]
    pub required_headers: Vec<String>,
    /// The only users let in. Empty: all that the proxy lets through.
    #[serde(default)]
    pub allow_users: Vec<String>,
    /// Whether the proxy may run on this machine.
    #[serde(default)]
    pub allow_loopback: bool,
    /// Devices that are paired without a question because the proxy vouches for their user.
    #[serde(default)]
    pub device_auto_approve: DeviceAutoApprove,
    /// The Cloudflare Access application that signs users in.
    pub cloudflare_access_oidc: Option<CloudflareAccess>,
}

/// Devices that are paired without a question because the proxy vouches for their user.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeviceAutoApprove {
    /// Whether this is done.
    pub enabled: bool,
    /// What such a device may do.
    pub scopes: Vec<Scope>,
}

impl Default for DeviceAutoApprove {
    fn default() -> Self {
        Self {
            enabled: false,
            scopes: vec![
                Scope::OperatorRead,
                Scope::OperatorWrite,
                Scope::OperatorApprovals,
                Scope::OperatorQuestions,
            ],
        }
    }
}

/// The Cloudflare Access application that signs users in.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CloudflareAccess {
    /// The team's address.
    #[schemars(regex(pattern = r"^https://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\.cloudflareaccess\.com$"))]
    pub issuer: String,
    /// The id of the identity provider.
    #[schemars(length(min = 1))]
    pub provider_id: String,
    /// The claim that holds the GitHub account id.
    #[schemars(length(min = 1))]
    pub github_account_id_claim: String,
}

/// Roles for a team that shares the gateway.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Roles {
    /// The role of people who have no other. It must be one of the definitions.
    #[schemars(length(min = 1, max = 128))]
    pub default: String,
    /// The roles by name.
    pub definitions: BTreeMap<String, Role>,
}

/// What people of one role may do.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Role {
    /// What they may do with sessions.
    pub sessions: RoleSessions,
    /// Whether their sessions are always sandboxed.
    pub sandbox: Option<RoleSandbox>,
    /// Which agents they reach.
    pub agents: RoleAgents,
    /// What their connections may do.
    pub scopes: Vec<Scope>,
    /// A plugin that decides in addition.
    #[schemars(length(min = 1, max = 128))]
    pub access_policy_plugin: Option<String>,
}

/// What people of one role may do with sessions.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleSessions {
    /// What they may do with sessions of other people.
    pub others: OthersSessions,
}

/// What may be done with sessions of other people.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OthersSessions {
    /// Nothing.
    None,
    /// Read them.
    View,
    /// Read them and propose messages.
    Suggest,
    /// Take part in them.
    Write,
}

/// Whether the sessions of a role are always sandboxed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RoleSandbox {
    /// As the agent says.
    Inherit,
    /// Always.
    Required,
}

/// Which agents a role reaches: a list of ids, or `*` for all.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(untagged)]
pub enum RoleAgents {
    /// All of them.
    All(Everyone),
    /// Those with these ids.
    Listed(Vec<String>),
}

/// The word for all.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum Everyone {
    /// All of them.
    #[serde(rename = "*")]
    All,
}

/// The gateway that this machine is a client of.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Remote {
    /// Its WebSocket address.
    pub url: Option<String>,
    /// How it is reached.
    pub transport: RemoteTransport,
    /// Its port on the far side of a tunnel.
    #[schemars(range(min = 1, max = 65535))]
    pub remote_port: Option<u16>,
    /// Its shared token.
    pub token: Option<SecretInput>,
    /// Its shared password.
    pub password: Option<SecretInput>,
    /// Headers that a proxy in front of it wants.
    pub edge_auth: BTreeMap<String, SecretInput>,
    /// The fingerprint of its certificate, if it is self-signed.
    pub tls_fingerprint: Option<String>,
    /// Where the tunnel goes: `user@host`.
    pub ssh_target: Option<String>,
    /// The key file for the tunnel.
    pub ssh_identity: Option<String>,
    /// How the far host's key is checked.
    pub ssh_host_key_policy: SshHostKeys,
}

/// How the remote gateway is reached.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RemoteTransport {
    /// Through a tunnel.
    #[default]
    Ssh,
    /// Straight.
    Direct,
}

/// How the far host's key is checked.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SshHostKeys {
    /// It must be known already.
    #[default]
    Strict,
    /// As the user's SSH settings say.
    Openssh,
}
