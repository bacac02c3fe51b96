//! How a client says who it is, and which protocols suit.
//!
//! **Promise.** What is read is complete and closed: a field that is not known, or a client that is not, is told by its
//! place. Unknown capabilities and scopes are carried, as newer clients have more of them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Error;
use crate::shape::{Field, Kind, Object, TEXT, TEXTS, WORD};
use crate::{PROBE_PROTOCOL, PROTOCOL};

/// The page that OpenClaw serves.
pub const CONTROL_UI: &str = "openclaw-control-ui";
/// A chat page.
pub const WEBCHAT: &str = "webchat";
/// A program on the gateway's own host.
pub const BACKEND_CLIENT: &str = "gateway-client";
/// The command line.
pub const CLI_CLIENT: &str = "cli";

const CLIENT_IDS: &[&str] = &[
    "webchat-ui",
    CONTROL_UI,
    "openclaw-browser-copilot",
    "openclaw-tui",
    WEBCHAT,
    CLI_CLIENT,
    BACKEND_CLIENT,
    "openclaw-macos",
    "openclaw-linux",
    "openclaw-ios",
    "openclaw-watchos",
    "openclaw-android",
    "node-host",
    "openclaw-worker",
    "test",
    "fingerprint",
    "openclaw-probe",
];

/// What kind of program a client is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// A page.
    Webchat,
    /// A command.
    Cli,
    /// An interface of another kind.
    Ui,
    /// A service on the same host.
    Backend,
    /// A node, which lends its abilities.
    Node,
    /// A worker.
    Worker,
    /// A look whether the gateway is there.
    Probe,
    /// A test.
    Test,
}

const MODES: &[&str] = &[
    "webchat", "cli", "ui", "backend", "node", "worker", "probe", "test",
];

impl Mode {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Webchat => "webchat",
            Self::Cli => "cli",
            Self::Ui => "ui",
            Self::Backend => "backend",
            Self::Node => "node",
            Self::Worker => "worker",
            Self::Probe => "probe",
            Self::Test => "test",
        }
    }
}

const CLIENT: Object = Object::closed(&[
    Field::required("id", Kind::OneOf(CLIENT_IDS)),
    Field::required("version", WORD),
    Field::required("platform", WORD),
    Field::required("mode", Kind::OneOf(MODES)),
    Field::optional("displayName", WORD),
    Field::optional("deviceFamily", WORD),
    Field::optional("modelIdentifier", WORD),
    Field::optional("instanceId", WORD),
    Field::optional("buildId", Kind::Text(1, 96)),
    Field::optional("timeZone", Kind::Text(0, 64)),
]);

const DEVICE: Object = Object::closed(&[
    Field::required("id", WORD),
    Field::required("publicKey", WORD),
    Field::required("signature", WORD),
    Field::required("signedAt", Kind::Integer(0, i64::MAX)),
    Field::required("nonce", TEXT),
]);

const AUTH: Object = Object::closed(&[
    Field::optional("token", TEXT),
    Field::optional("bootstrapToken", TEXT),
    Field::optional("deviceToken", TEXT),
    Field::optional("password", TEXT),
    Field::optional("approvalRuntimeToken", TEXT),
    Field::optional("agentRuntimeIdentityToken", TEXT),
]);

const CONNECT: Object = Object::closed(&[
    Field::required("minProtocol", Kind::Integer(1, u32::MAX as i64)),
    Field::required("maxProtocol", Kind::Integer(1, u32::MAX as i64)),
    Field::required("client", Kind::Object(&CLIENT)),
    Field::optional("caps", TEXTS),
    Field::optional("commands", TEXTS),
    Field::optional("permissions", Kind::Map(&Kind::Bool)),
    Field::optional("computerUse", Kind::Any),
    Field::optional("workerRuns", Kind::Any),
    Field::optional("pathEnv", TEXT),
    Field::optional("role", WORD),
    Field::optional("scopes", TEXTS),
    Field::optional("modelCatalog", Kind::Object(&Object::open(&[]))),
    Field::optional("device", Kind::Object(&DEVICE)),
    Field::optional("auth", Kind::Object(&AUTH)),
    Field::optional("locale", TEXT),
    Field::optional("userAgent", TEXT),
]);

/// The parameters of `connect`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Connect {
    /// The oldest protocol that the client speaks.
    pub min_protocol: u32,
    /// The newest.
    pub max_protocol: u32,
    /// The program.
    pub client: Client,
    /// What it can do with what it is sent.
    #[serde(default)]
    pub caps: Vec<String>,
    /// As what it comes.
    #[serde(default)]
    pub role: Option<String>,
    /// What it asks to be allowed; absent: nothing.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The device it runs on, with proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Device>,
    /// What it knows.
    #[serde(default)]
    pub auth: Auth,
    /// The person's language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// The program, in its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// A program that connects.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Client {
    /// Which one of those that are known.
    pub id: String,
    /// Its version.
    pub version: String,
    /// What it runs on.
    pub platform: String,
    /// What kind it is.
    pub mode: Mode,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The family of its device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_family: Option<String>,
    /// The model of its device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_identifier: Option<String>,
    /// Which running copy it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// Where it is in the day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

/// A device and the proof that the client holds its key; see [`device`](crate::device).
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// The hash of the key.
    pub id: String,
    /// The key.
    pub public_key: String,
    /// The signature.
    pub signature: String,
    /// When it was made.
    pub signed_at: i64,
    /// The challenge that it answers.
    pub nonce: String,
}

/// What a client knows. None of it is ever printed.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Auth {
    /// The shared token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// A token for the first pairing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bootstrap_token: Option<String>,
    /// The token that was issued to the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_token: Option<String>,
    /// The shared password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Auth").finish_non_exhaustive()
    }
}

impl Auth {
    /// The token that a device's signature covers; empty if there is none.
    pub fn signed_token(&self) -> &str {
        let tokens = [&self.token, &self.device_token, &self.bootstrap_token];
        tokens.into_iter().flatten().next().map_or("", String::as_str)
    }
}

impl Connect {
    /// Reads the parameters.
    pub fn read(params: Option<Value>) -> Result<Self, Error> {
        let params = params.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        let invalid = |faults: String| Error::invalid(format!("invalid connect params: {faults}"));
        if let Some(faults) = CONNECT.faults(&params) {
            return Err(invalid(faults));
        }
        serde_json::from_value(params).map_err(|fault| invalid(fault.to_string()))
    }

    /// As what it comes.
    pub fn role(&self) -> &str {
        self.role.as_deref().unwrap_or("operator")
    }

    /// Whether one of its protocols is ours.
    pub fn suits(&self) -> bool {
        let (min, max) = (self.min_protocol, self.max_protocol);
        let probe = self.client.mode == Mode::Probe && max >= PROBE_PROTOCOL && min <= PROTOCOL;
        let node = self.role() == "node"
            && self.client.mode == Mode::Node
            && max >= PROBE_PROTOCOL
            && min <= PROBE_PROTOCOL;
        (max >= PROTOCOL && min <= PROTOCOL) || probe || node
    }

    /// Whether it understands this.
    pub fn has_cap(&self, cap: &str) -> bool {
        self.caps.iter().any(|have| have == cap)
    }

    /// Whether it is a page in a browser.
    pub fn is_page(&self) -> bool {
        matches!(self.client.id.as_str(), CONTROL_UI | WEBCHAT | "webchat-ui")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn params(min: u32, max: u32, mode: &str, role: &str) -> Value {
        json!({"minProtocol": min, "maxProtocol": max, "role": role,
            "client": {"id": "cli", "version": "1", "platform": "linux", "mode": mode}})
    }

    #[test]
    fn the_range_must_hold_our_protocol_except_for_probes_and_nodes() {
        let suits = |min, max, mode, role| Connect::read(Some(params(min, max, mode, role))).unwrap().suits();
        assert!(suits(4, 4, "cli", "operator") && suits(3, 9, "cli", "operator"));
        assert!(!suits(1, 3, "cli", "operator") && !suits(5, 9, "cli", "operator"));
        assert!(suits(3, 3, "probe", "operator") && !suits(1, 2, "probe", "operator"));
        assert!(suits(1, 3, "node", "node") && !suits(1, 3, "node", "operator"));
    }

    #[test]
    fn a_field_that_nobody_knows_is_told() {
        let mut value = params(4, 4, "cli", "operator");
        value["surprise"] = json!(true);
        let told = Connect::read(Some(value)).unwrap_err().message;
        assert_eq!(
            told,
            "invalid connect params: at root: unexpected property 'surprise'"
        );
        let told = Connect::read(Some(json!({"minProtocol": 4, "maxProtocol": 4})))
            .unwrap_err()
            .message;
        assert_eq!(
            told,
            "invalid connect params: must have required property 'client'"
        );
    }

    #[test]
    fn what_a_client_knows_is_not_printed() {
        let mut value = params(4, 4, "cli", "operator");
        value["auth"] = json!({"token": "hunter2hunter2"});
        let connect = Connect::read(Some(value)).unwrap();
        assert_eq!(connect.auth.signed_token(), "hunter2hunter2");
        assert!(!format!("{connect:?}").contains("hunter2"));
    }
}
