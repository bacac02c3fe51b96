//! What a request must be like.
//!
//! It follows the service's published description: which keys there are and of which kinds, which roles may say
//! what, that each call of a tool is answered before anybody else speaks, and that a tool's parameters are JSON
//! Schema. What the service is known to overlook is not overlooked here.

use serde_json::{Map, Value};

use super::Failure;

/// The keys of a request.
const KEYS: &[&str] = &[
    "frequency_penalty",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "model",
    "n",
    "parallel_tool_calls",
    "presence_penalty",
    "reasoning_effort",
    "response_format",
    "seed",
    "stop",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_p",
    "user",
];

/// Refuses a request that is wrong in itself.
pub(super) fn request(body: &Value) -> Result<(), Failure> {
    let body = object(body, "the body")?;
    known(body, KEYS, "the body")?;
    text(body.get("model"), "model")?;
    messages(body.get("messages"))?;
    if let Some(tools) = body.get("tools") {
        self::tools(tools)?;
    }
    let is_stream = match body.get("stream") {
        None => false,
        Some(Value::Bool(stream)) => *stream,
        Some(_) => return Err(wrong("stream", "must be a boolean")),
    };
    if let Some(options) = body.get("stream_options") {
        let options = object(options, "stream_options")?;
        known(options, &["include_usage"], "stream_options")?;
        if !is_stream || !options.values().all(Value::is_boolean) {
            return Err(wrong(
                "stream_options",
                "is only for streams, and its values are booleans",
            ));
        }
    }
    let limits = ["max_tokens", "max_completion_tokens"].map(|name| (name, body.get(name)));
    for (name, limit) in limits {
        if limit.is_some_and(|limit| limit.as_u64().is_none_or(|limit| limit == 0)) {
            return Err(wrong(name, "must be a whole number above 0"));
        }
    }
    if limits.iter().all(|(_, limit)| limit.is_some()) {
        return Err(wrong("max_tokens", "cannot stand beside max_completion_tokens"));
    }
    let temperature = body.get("temperature").map(Value::as_f64);
    if temperature.is_some_and(|found| found.is_none_or(|found| !(0.0..=2.0).contains(&found))) {
        return Err(wrong("temperature", "must be a number from 0 to 2"));
    }
    let levels = ["none", "minimal", "low", "medium", "high", "xhigh"];
    match body.get("reasoning_effort") {
        None => Ok(()),
        Some(Value::String(level)) if levels.contains(&level.as_str()) => Ok(()),
        Some(_) => Err(wrong("reasoning_effort", "is no level")),
    }
}

fn messages(messages: Option<&Value>) -> Result<(), Failure> {
    let messages = messages
        .and_then(Value::as_array)
        .filter(|messages| !messages.is_empty());
    let messages = messages.ok_or_else(|| wrong("messages", "must be an array with a message at least"))?;
    // Calls that wait for their results.
    let mut open: Vec<&str> = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        let place = format!("messages[{at}]");
        let message = object(message, &place)?;
        let role = text(message.get("role"), &format!("{place}.role"))?;
        if role != "tool" && !open.is_empty() {
            let why = format!("comes before the results of the tool calls {}", open.join(", "));
            return Err(wrong(&place, &why));
        }
        let (keys, kinds): (&[&str], &[&str]) = match role {
            "system" | "developer" => (&["role", "content", "name"], &["text"]),
            "user" => (
                &["role", "content", "name"],
                &["text", "image_url", "input_audio", "file"],
            ),
            "assistant" => (
                &["role", "content", "name", "refusal", "tool_calls"],
                &["text", "refusal"],
            ),
            "tool" => (&["role", "content", "tool_call_id"], &["text"]),
            _ => return Err(wrong(&format!("{place}.role"), "is no role")),
        };
        known(message, keys, &place)?;
        let calls = message.get("tool_calls");
        match message.get("content") {
            None | Some(Value::Null) if role == "assistant" && calls.is_some() => {}
            said => content(said, kinds, &format!("{place}.content"))?,
        }
        if let Some(calls) = calls {
            open = self::calls(calls, &format!("{place}.tool_calls"))?;
        }
        if role == "tool" {
            let id = text(message.get("tool_call_id"), &format!("{place}.tool_call_id"))?;
            let Some(found) = open.iter().position(|call| *call == id) else {
                let why = "answers no call of the message with tool_calls before it";
                return Err(wrong(&format!("{place}.tool_call_id"), why));
            };
            open.remove(found);
        }
    }
    match open.is_empty() {
        true => Ok(()),
        false => Err(wrong(
            "messages",
            &format!("lack the results of {}", open.join(", ")),
        )),
    }
}

fn content(content: Option<&Value>, kinds: &[&str], place: &str) -> Result<(), Failure> {
    match content {
        Some(Value::String(_)) => Ok(()),
        Some(Value::Array(parts)) if !parts.is_empty() => {
            for (at, part) in parts.iter().enumerate() {
                let place = format!("{place}[{at}]");
                let part = object(part, &place)?;
                let kind = text(part.get("type"), &format!("{place}.type"))?;
                if !kinds.contains(&kind) {
                    return Err(wrong(
                        &place,
                        &format!("is of the kind {kind}, which this role cannot say"),
                    ));
                }
                known(part, &["type", kind], &place)?;
                match kind {
                    "text" => text(part.get("text"), &place).map(|_| ())?,
                    "image_url" => {
                        let image = object(part.get("image_url").unwrap_or_default(), &place)?;
                        let url = text(image.get("url"), &format!("{place}.image_url.url"))?;
                        if !url.starts_with("https://") && !url.starts_with("data:image/") {
                            return Err(wrong(&place, "has a URL that is no image"));
                        }
                    }
                    _ => {}
                }
            }
            Ok(())
        }
        _ => Err(wrong(place, "must be a string or an array of parts")),
    }
}

fn calls<'v>(calls: &'v Value, place: &str) -> Result<Vec<&'v str>, Failure> {
    let calls = calls.as_array().filter(|calls| !calls.is_empty());
    let calls = calls.ok_or_else(|| wrong(place, "must be an array with a call at least"))?;
    let mut ids = Vec::new();
    for (at, call) in calls.iter().enumerate() {
        let place = format!("{place}[{at}]");
        let call = object(call, &place)?;
        known(call, &["id", "type", "function"], &place)?;
        let id = text(call.get("id"), &format!("{place}.id"))?;
        if id.len() > 64 || ids.contains(&id) {
            return Err(wrong(
                &format!("{place}.id"),
                "is too long, or another call has it",
            ));
        }
        if call.get("type").and_then(Value::as_str) != Some("function") {
            return Err(wrong(&format!("{place}.type"), "must be \"function\""));
        }
        let function = object(
            call.get("function").unwrap_or_default(),
            &format!("{place}.function"),
        )?;
        known(function, &["name", "arguments"], &place)?;
        name(function.get("name"), &format!("{place}.function.name"))?;
        let arguments = function
            .get("arguments")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let arguments: Result<Map<String, Value>, _> = serde_json::from_str(arguments);
        arguments.map_err(|_| {
            wrong(
                &format!("{place}.function.arguments"),
                "must be an object as text",
            )
        })?;
        ids.push(id);
    }
    Ok(ids)
}

fn tools(tools: &Value) -> Result<(), Failure> {
    let fits = |tools: &&Vec<Value>| (1..=128).contains(&tools.len());
    let tools = tools.as_array().filter(fits);
    let tools = tools.ok_or_else(|| wrong("tools", "must be an array of 1 to 128 tools"))?;
    let mut names = Vec::new();
    for (at, tool) in tools.iter().enumerate() {
        let place = format!("tools[{at}]");
        let tool = object(tool, &place)?;
        known(tool, &["type", "function"], &place)?;
        if tool.get("type").and_then(Value::as_str) != Some("function") {
            return Err(wrong(&format!("{place}.type"), "must be \"function\""));
        }
        let place = format!("{place}.function");
        let function = object(tool.get("function").unwrap_or_default(), &place)?;
        known(function, &["name", "description", "parameters", "strict"], &place)?;
        let name = name(function.get("name"), &format!("{place}.name"))?;
        if names.contains(&name) {
            return Err(wrong(&format!("{place}.name"), "is the name of another tool too"));
        }
        names.push(name);
        let Some(parameters) = function.get("parameters") else {
            continue;
        };
        let place = format!("{place}.parameters");
        if parameters.get("type").and_then(Value::as_str) != Some("object") {
            return Err(wrong(&place, "must be a schema of the type object"));
        }
        if !jsonschema::draft202012::meta::is_valid(parameters) {
            return Err(wrong(&place, "is no JSON Schema"));
        }
    }
    Ok(())
}

fn name<'v>(value: Option<&'v Value>, place: &str) -> Result<&'v str, Failure> {
    let name = text(value, place)?;
    let fits = |c: u8| c.is_ascii_alphanumeric() || c == b'_' || c == b'-';
    match name.len() <= 64 && name.bytes().all(fits) {
        true => Ok(name),
        false => Err(wrong(
            place,
            "must have letters, digits, _ and - only, 64 at most",
        )),
    }
}

fn text<'v>(value: Option<&'v Value>, place: &str) -> Result<&'v str, Failure> {
    let text = value.and_then(Value::as_str).filter(|text| !text.is_empty());
    text.ok_or_else(|| wrong(place, "must be a string that is not empty"))
}

fn object<'v>(value: &'v Value, place: &str) -> Result<&'v Map<String, Value>, Failure> {
    value.as_object().ok_or_else(|| wrong(place, "must be an object"))
}

fn known(object: &Map<String, Value>, keys: &[&str], place: &str) -> Result<(), Failure> {
    match object.keys().find(|key| !keys.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => Err(wrong(&format!("{place}.{key}"), "is a key that nobody knows")),
    }
}

fn wrong(place: &str, why: &str) -> Failure {
    let failure = Failure::new(400, "invalid_request_error", &format!("'{place}' {why}."));
    failure.param(place)
}
