//! What a request says, as JSON.

use bytes::Bytes;
use openclaw_config::tree::agent_defaults::Thinking;
use openclaw_config::tree::values::Open;
use serde::Serialize;
use serde_json::{Map, Value};

use super::messages::{self, Entry};
use crate::call::{Call, ToolDefinition};
use crate::error::{Class, Error, Result};
use crate::provider::Chosen;

/// The longest name of a tool.
const MAX_NAME: usize = 64;

#[derive(Serialize)]
struct Body<'c> {
    model: &'c str,
    messages: Vec<Entry<'c>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'c>>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<&'c str>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "function")]
struct Tool<'c> {
    function: Function<'c>,
}

#[derive(Serialize)]
struct Function<'c> {
    name: &'c str,
    description: &'c str,
    parameters: Map<String, Value>,
}

/// The body of a request.
pub(super) fn body(chosen: &Chosen, call: &Call) -> Result<Bytes> {
    let fail = |why: String| Error::Call {
        model: chosen.info.reference(),
        class: Class::BadRequest,
        status: None,
        message: why,
        streamed: false,
    };
    let compat = |name: &str| flag(&chosen.compat, name);
    let tools = match compat("supportsTools") {
        Some(false) => Vec::new(),
        Some(true) | None => {
            let tools = call.tools.iter().map(Tool::new);
            tools.collect::<Result<_, _>>().map_err(&fail)?
        }
    };
    let most = call.max_tokens.map(u64::from);
    let most = most
        .or_else(|| chosen.params.get("maxTokens").and_then(Value::as_u64))
        .or(chosen.max_tokens);
    let is_new = match chosen.compat.get("maxTokensField").and_then(Value::as_str) {
        Some(field) => field == "max_completion_tokens",
        None => chosen.endpoint.is_openai(),
    };
    let temperature = chosen.params.get("temperature").and_then(Value::as_f64);
    let body = Body {
        model: &chosen.info.id,
        messages: messages::entries(chosen, call),
        tools,
        stream: true,
        stream_options: (compat("supportsUsageInStreaming") != Some(false))
            .then_some(StreamOptions { include_usage: true }),
        max_tokens: most.filter(|_| !is_new),
        max_completion_tokens: most.filter(|_| is_new),
        temperature: call.temperature.or(temperature),
        reasoning_effort: call.thinking.and_then(|level| effort(chosen, level)),
    };
    let body = serde_json::to_vec(&body).map_err(|error| fail(error.to_string()))?;
    Ok(body.into())
}

/// A flag by which a model departs from the protocol.
pub(super) fn flag(compat: &Open, name: &str) -> Option<bool> {
    compat.get(name).and_then(Value::as_bool)
}

impl<'c> Tool<'c> {
    fn new(tool: &'c ToolDefinition) -> Result<Self, String> {
        let is_fit = |c: u8| c.is_ascii_alphanumeric() || b"_-".contains(&c);
        let name = tool.name.as_str();
        if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(is_fit) {
            return Err(format!(
                "the tool \"{name}\" cannot be offered: a name has letters, digits, \"_\" and \"-\", {MAX_NAME} at most"
            ));
        }
        let mut parameters = tool.parameters.as_object().cloned().unwrap_or_default();
        parameters.entry("type").or_insert("object".into());
        parameters
            .entry("properties")
            .or_insert_with(|| Value::Object(Map::new()));
        let description = tool.description.as_str();
        Ok(Self {
            function: Function {
                name,
                description,
                parameters,
            },
        })
    }
}

/// What the model calls a level of thinking; none where it has none.
fn effort(chosen: &Chosen, level: Thinking) -> Option<&str> {
    if !chosen.info.reasoning || flag(&chosen.compat, "supportsReasoningEffort") == Some(false) {
        return None;
    }
    let (name, usual) = match level {
        Thinking::Off => ("off", None),
        Thinking::Minimal => ("minimal", Some("minimal")),
        Thinking::Low => ("low", Some("low")),
        Thinking::Medium => ("medium", Some("medium")),
        Thinking::High => ("high", Some("high")),
        Thinking::Xhigh => ("xhigh", Some("high")),
        Thinking::Max => ("max", Some("high")),
        Thinking::Ultra => ("ultra", Some("high")),
        Thinking::Adaptive => ("adaptive", None),
    };
    match chosen.thinking.get(name) {
        Some(own) => own.as_deref(),
        None => usual,
    }
}
