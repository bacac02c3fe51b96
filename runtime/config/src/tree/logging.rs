//! `logging` and `diagnostics`: what the gateway says about itself.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret_ref::PlainText;

/// What the gateway says about itself.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Logging {
    /// What goes into the file.
    pub level: LogLevel,
    /// What goes to the console; `--verbose` raises it.
    pub console_level: LogLevel,
    /// How it looks there.
    pub console_style: ConsoleStyle,
    /// The file. Unset: one a day in the folder for temporary files.
    pub file: Option<String>,
    /// The largest file, in bytes.
    #[schemars(range(min = 1))]
    pub max_file_bytes: u64,
    /// Whether secrets are struck out.
    pub redact_sensitive: RedactSensitive,
    /// Expressions for what is struck out, in place of the built-in ones.
    pub redact_patterns: Option<Vec<String>>,
    /// The record of who did what.
    pub audit: AuditLog,
}

impl Default for Logging {
    fn default() -> Self {
        Self {
            level: LogLevel::default(),
            console_level: LogLevel::default(),
            console_style: ConsoleStyle::default(),
            file: None,
            max_file_bytes: 104_857_600,
            redact_sensitive: RedactSensitive::default(),
            redact_patterns: None,
            audit: AuditLog::default(),
        }
    }
}

/// How much is said.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Nothing.
    Silent,
    /// What ends the gateway.
    Fatal,
    /// What failed.
    Error,
    /// What may fail.
    Warn,
    /// What happens.
    #[default]
    Info,
    /// How it happens.
    Debug,
    /// Everything.
    Trace,
}

/// How the console looks.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ConsoleStyle {
    /// In colours.
    #[default]
    Pretty,
    /// In short lines.
    Compact,
    /// One JSON object a line.
    Json,
}

/// Whether secrets are struck out.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RedactSensitive {
    /// In all that is said.
    #[default]
    Tools,
    /// Only where a reference was resolved.
    Off,
}

/// The record of who did what.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AuditLog {
    /// Whether it is kept.
    pub enabled: bool,
    /// Whether it names the user of the system.
    pub execution_identity: bool,
    /// Which messages are recorded.
    pub messages: AuditMessages,
}

impl Default for AuditLog {
    fn default() -> Self {
        Self {
            enabled: true,
            execution_identity: false,
            messages: AuditMessages::default(),
        }
    }
}

/// Which messages are recorded.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AuditMessages {
    /// None.
    #[default]
    Off,
    /// Those of direct chats.
    Direct,
    /// All.
    All,
}

/// What the gateway measures.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Diagnostics {
    /// Whether anything is measured.
    pub enabled: bool,
    /// Parts that are watched closely.
    pub flags: Vec<String>,
    /// OpenTelemetry.
    pub otel: Otel,
    /// A record of what providers cached.
    pub cache_trace: CacheTrace,
}

impl Default for Diagnostics {
    fn default() -> Self {
        Self {
            enabled: true,
            flags: Vec::new(),
            otel: Otel::default(),
            cache_trace: CacheTrace::default(),
        }
    }
}

/// Export to OpenTelemetry.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Otel {
    /// Whether there is any.
    pub enabled: bool,
    /// Where it goes.
    pub endpoint: Option<String>,
    /// Where traces go, if elsewhere.
    pub traces_endpoint: Option<String>,
    /// Where metrics go, if elsewhere.
    pub metrics_endpoint: Option<String>,
    /// Where logs go, if elsewhere.
    pub logs_endpoint: Option<String>,
    /// How it goes.
    pub protocol: OtelProtocol,
    /// Headers that it bears.
    pub headers: BTreeMap<String, PlainText>,
    /// What the gateway is called there.
    pub service_name: String,
    /// What the names of metrics start with.
    #[schemars(length(max = 128))]
    pub metric_name_prefix: Option<String>,
    /// Whether traces go.
    pub traces: bool,
    /// Whether metrics go.
    pub metrics: bool,
    /// Whether logs go.
    pub logs: bool,
    /// Where logs go.
    pub logs_exporter: LogsExporter,
    /// The share of traces that go. Unset: all.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub sample_rate: Option<f64>,
    /// How often they go, in milliseconds.
    pub flush_interval_ms: Option<u64>,
    /// Whether they hold what was said.
    pub capture_content: bool,
}

impl Default for Otel {
    fn default() -> Self {
        Self {
            enabled: false,
            endpoint: None,
            traces_endpoint: None,
            metrics_endpoint: None,
            logs_endpoint: None,
            protocol: OtelProtocol::default(),
            headers: BTreeMap::new(),
            service_name: "openclaw-gateway".to_owned(),
            metric_name_prefix: None,
            traces: true,
            metrics: true,
            logs: false,
            logs_exporter: LogsExporter::default(),
            sample_rate: None,
            flush_interval_ms: None,
            capture_content: false,
        }
    }
}

/// How data goes to OpenTelemetry.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OtelProtocol {
    /// Protocol buffers over HTTP.
    #[default]
    #[serde(rename = "http/protobuf")]
    HttpProtobuf,
}

/// Where logs go.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogsExporter {
    /// To OpenTelemetry.
    #[default]
    Otlp,
    /// To standard output.
    Stdout,
    /// To both.
    Both,
}

/// A record of what providers cached.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CacheTrace {
    /// Whether it is kept.
    pub enabled: bool,
}
