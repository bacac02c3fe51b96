//! The manifest `openclaw.plugin.json`: who an extension is, what it brings and what it asks for.
//!
//! The keys are OpenClaw's, and `component`, `capabilities` and `limits` beside them. A key that is not known is
//! an error with its line and the nearest known one, because a misspelled request would silently be none. What
//! this crate does not use of OpenClaw's own keys is kept as the value that stands there, or known and left aside.

mod check;
mod names;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

pub use names::{PackagePath, PluginId, PluginName, ServiceId};

use self::check::Objection;
use self::names::distinct;
use crate::capability::Capabilities;
use crate::capability::tools::ToolName;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::limits::{Limit, LimitSet};
use crate::syntax;
use crate::typed::{self, Step};

/// A role that only one extension has at a time.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Long-term memory.
    Memory,
    /// What the model is shown of a session.
    ContextEngine,
}

/// What a component exports.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum World {
    /// Tools.
    Tool,
    /// Tools and instructions.
    Skill,
    /// An adapter to a chat platform.
    Channel,
}

/// The WebAssembly component of a package.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// Where it is in the package. Left out where the manifest is inside the component.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PackagePath>,
    /// What it exports; if left out, its exports tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub world: Option<World>,
    /// What its bytes must be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Digest>,
}

/// What an extension owns, so that it is known without running it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Contracts {
    /// Names of its tools.
    #[serde(default, deserialize_with = "distinct")]
    pub tools: Vec<ToolName>,
    /// Other lists, such as `speechProviders`.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

/// How a form shows a setting.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct UiHint {
    /// Its name for people.
    pub label: Option<String>,
    /// A sentence about it.
    pub help: Option<String>,
    /// What an empty field shows.
    pub placeholder: Option<String>,
    /// Whether its value is hidden.
    pub sensitive: bool,
    /// Whether it is shown only on demand.
    pub advanced: bool,
    /// Other hints.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

/// A manifest.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Manifest {
    /// Who it is.
    pub id: PluginId,
    /// The JSON schema of its config.
    pub config_schema: Map<String, Value>,
    /// Its name for people.
    pub name: Option<String>,
    /// A sentence about it.
    pub description: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// A picture.
    pub icon: Option<String>,
    /// Roles that it wants.
    #[serde(default, deserialize_with = "one_or_many")]
    pub kind: BTreeSet<Kind>,
    /// Chat platforms that it serves.
    #[serde(default, deserialize_with = "distinct")]
    pub channels: Vec<ServiceId>,
    /// Model providers that it serves.
    #[serde(default, deserialize_with = "distinct")]
    pub providers: Vec<ServiceId>,
    /// Command-line backends that it serves.
    #[serde(default, deserialize_with = "distinct")]
    pub cli_backends: Vec<ServiceId>,
    /// Folders of skills in the package.
    #[serde(default)]
    pub skills: Vec<PackagePath>,
    /// Chat commands.
    pub commands: Option<Value>,
    /// Commands of the command line.
    pub cli_commands: Option<Value>,
    /// What it owns.
    #[serde(default)]
    pub contracts: Contracts,
    /// The schemas of channels' settings.
    #[serde(default)]
    pub channel_configs: BTreeMap<String, Value>,
    /// How forms show its settings, by their paths.
    #[serde(default)]
    pub ui_hints: BTreeMap<String, UiHint>,
    /// Whether it is on without being asked for.
    #[serde(default)]
    pub enabled_by_default: bool,
    /// Extensions that it needs.
    #[serde(default, deserialize_with = "distinct")]
    pub requires_plugins: Vec<PluginName>,
    /// Ids that it had before.
    #[serde(default, deserialize_with = "distinct")]
    pub legacy_plugin_ids: Vec<PluginName>,
    /// When it is started.
    pub activation: Option<Value>,
    /// What must be set up.
    pub setup: Option<Value>,
    /// Ways to sign in to its providers.
    pub provider_auth_choices: Option<Value>,
    /// Models that it serves.
    pub model_support: Option<Value>,
    /// What is known of its models.
    pub model_catalog: Option<Value>,
    /// Addresses of its providers.
    pub provider_endpoints: Option<Value>,
    /// MCP servers.
    pub mcp_servers: Option<Value>,
    /// What a backup must hold.
    pub backup_resources: Option<Value>,
    /// Providers of secrets.
    pub secret_provider_integrations: Option<Value>,
    /// What it expects of the config.
    pub config_contracts: Option<Value>,
    /// Its component.
    pub component: Option<Component>,
    /// What the component asks for.
    #[serde(default)]
    pub capabilities: Capabilities,
    /// How much of the machine it asks for.
    #[serde(default)]
    pub limits: LimitSet,
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<Kind>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let list = match value {
        Value::Array(list) => list,
        one => vec![one],
    };
    let kind = |value: Value| {
        let wrong =
            || serde::de::Error::custom("must be \"memory\" or \"context-engine\", or a list of them");
        Kind::deserialize(value).map_err(|_| wrong())
    };
    list.into_iter().map(kind).collect()
}

impl Manifest {
    /// Parses the bytes of a manifest.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let (text, mut value) = syntax::parse_bytes("the manifest", syntax::MAX_BYTES, bytes)?;
        let error = |path: &[Step], what, nearest| Error::Manifest {
            path: typed::write_path(path, "the manifest"),
            line: syntax::find_line(text, path),
            what,
            nearest,
        };
        let refuse = |Objection { path, what, nearest }| {
            let path: Vec<_> = path.into_iter().map(Step::Key).collect();
            error(&path, what, nearest)
        };
        if let Value::Object(keys) = &mut value {
            check::drop_ignored(keys);
            if let Some(objection) = check::find_misplaced(keys) {
                return Err(refuse(objection));
            }
        }
        let manifest: Self =
            typed::read(&value).map_err(|fault| error(&fault.path(), fault.what, fault.nearest))?;
        match check::find_objection(&manifest) {
            Some(objection) => Err(refuse(objection)),
            None => Ok(manifest),
        }
    }

    /// The limits that it asks for, the store's included.
    pub fn requested_limits(&self) -> LimitSet {
        let mut limits = self.limits.clone();
        if let Some(kv) = self.capabilities.kv {
            // Its range was checked when it was parsed; a quota out of range asks for nothing.
            let _ = limits.set(Limit::Kv, kv.quota.get());
        }
        limits
    }
}
