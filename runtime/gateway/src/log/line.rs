//! From an event to its line.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use jiff::Zoned;
use jiff::tz::TimeZone;
use openclaw_secrets::Redactor;
use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

/// The field that names the part of the house that an event is of.
const SUBSYSTEM: &str = "subsystem";

/// What writes lines.
pub(super) struct Words {
    redactor: Arc<Redactor>,
    host: String,
    zone: TimeZone,
}

/// What an event says.
#[derive(Default)]
struct Said {
    message: String,
    subsystem: Option<String>,
    fields: Map<String, Value>,
}

impl Words {
    pub(super) fn new(redactor: Arc<Redactor>, host: String) -> Self {
        Self {
            redactor,
            host,
            zone: TimeZone::system(),
        }
    }

    /// The line of an event, without its end.
    pub(super) fn write(&self, event: &Event<'_>) -> String {
        let mut said = Said::default();
        event.record(&mut said);
        let metadata = event.metadata();
        let (id, name) = match *metadata.level() {
            Level::TRACE => (1, "TRACE"),
            Level::DEBUG => (2, "DEBUG"),
            Level::INFO => (3, "INFO"),
            Level::WARN => (4, "WARN"),
            Level::ERROR => (5, "ERROR"),
        };
        // What an extension says is marked as its own, whatever part of the house it claims to be.
        let subsystem = match (
            metadata.target(),
            said.fields.get("extension").and_then(Value::as_str),
        ) {
            ("extension", Some(id)) => Some(format!("extension/{id}")),
            (target, _) => said.subsystem.take().or_else(|| subsystem_of(target)),
        };
        let who = subsystem.map(|subsystem| json!({"subsystem": subsystem}).to_string());
        let message = self.redactor.redact(&said.message).into_owned();
        for value in said.fields.values_mut() {
            if let Value::String(text) = value {
                *text = self.redactor.redact(text).into_owned();
            }
        }
        let mut words: Vec<Value> = who.clone().map(Value::from).into_iter().collect();
        if !said.fields.is_empty() {
            words.push(Value::Object(said.fields));
        }
        words.push(message.clone().into());
        let now = Zoned::now().with_time_zone(self.zone.clone());
        let mut line: Map<String, Value> = words
            .into_iter()
            .enumerate()
            .map(|(nth, word)| (nth.to_string(), word))
            .collect();
        line.insert(
            "_meta".to_owned(),
            json!({
                "runtime": "rust",
                "runtimeVersion": env!("CARGO_PKG_RUST_VERSION"),
                "hostname": self.host,
                "date": now.timestamp().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
                "logLevelId": id,
                "logLevelName": name,
                "name": who.unwrap_or_else(|| "openclaw".to_owned()),
                "parentNames": ["openclaw"],
            }),
        );
        line.insert(
            "time".to_owned(),
            now.strftime("%Y-%m-%dT%H:%M:%S.%3f%:z").to_string().into(),
        );
        line.insert("hostname".to_owned(), self.host.clone().into());
        line.insert("message".to_owned(), message.into());
        Value::Object(line).to_string()
    }
}

/// The part of the house that a module is of: `openclaw_channels::delivery` is `channels/delivery`.
fn subsystem_of(target: &str) -> Option<String> {
    target
        .strip_prefix("openclaw_")
        .map(|module| module.replace("::", "/"))
}

impl Said {
    fn put(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::String(text)) => self.message = text,
            (SUBSYSTEM, Value::String(text)) => self.subsystem = Some(text),
            (name, value) => {
                self.fields.insert(name.to_owned(), value);
            }
        }
    }
}

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        // Writing to a string fails only when the value itself does.
        let _ = write!(text, "{value:?}");
        self.put(field, text.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
}
