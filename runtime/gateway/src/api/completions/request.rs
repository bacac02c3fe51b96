//! What `/v1/chat/completions` is asked: checked field by field, every refusal naming the field.
//!
//! Cost: one walk over the parsed body. What OpenAI's API knows and this one does not is ignored, as programs send
//! such fields by habit; what would change the answer and cannot be honoured is refused.

use serde_json::{Map, Value};

use super::conversation::{Conversation, conversation};
use super::tools::{ClientTools, client_tools};
use crate::api::refusal::Refusal;

/// A request that can be answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Completion {
    /// The model as it was asked for; answers repeat it.
    pub(crate) model: String,
    /// What was said.
    pub(crate) conversation: Conversation,
    /// Whether the answer comes in pieces.
    pub(crate) stream: bool,
    /// Whether the stream ends with what it cost.
    pub(crate) include_usage: bool,
    /// Whose conversation this is.
    pub(crate) user: Option<String>,
    /// What the client can do for the model.
    pub(crate) tools: ClientTools,
    /// The most tokens of an answer.
    pub(crate) max_tokens: Option<u32>,
    /// How freely the model chooses.
    pub(crate) temperature: Option<f64>,
}

/// Checks a body.
pub(crate) fn completion(body: &Value) -> Result<Completion, Refusal> {
    let empty = Map::new();
    let body = body.as_object().unwrap_or(&empty);
    let conversation = conversation(body.get("messages"))?;
    let temperature = number(body, "temperature", 0.0, 2.0)?;
    number(body, "top_p", 0.0, 1.0)?;
    number(body, "frequency_penalty", -2.0, 2.0)?;
    number(body, "presence_penalty", -2.0, 2.0)?;
    check_stop(body.get("stop"))?;
    let completion_tokens = tokens(body, "max_completion_tokens")?;
    let max_tokens = completion_tokens.or(tokens(body, "max_tokens")?);
    let text = |name: &str| {
        let text = body.get(name).and_then(Value::as_str).map(str::trim);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let options = body.get("stream_options");
    let include_usage = options.and_then(|options| options.get("include_usage"));
    Ok(Completion {
        model: text("model").unwrap_or_else(|| super::model::ANY.to_owned()),
        conversation,
        stream: body.get("stream") == Some(&Value::Bool(true)),
        include_usage: include_usage == Some(&Value::Bool(true)),
        user: text("user"),
        tools: client_tools(body.get("tools"), body.get("tool_choice"))?,
        max_tokens,
        temperature,
    })
}

fn number(body: &Map<String, Value>, name: &str, least: f64, most: f64) -> Result<Option<f64>, Refusal> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_f64() {
            Some(number) if (least..=most).contains(&number) => Ok(Some(number)),
            _ => Err(Refusal::bad_request(format!(
                "`{name}` must be between {least} and {most}."
            ))),
        },
    }
}

fn tokens(body: &Map<String, Value>, name: &str) -> Result<Option<u32>, Refusal> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64().map(u32::try_from) {
            Some(Ok(count)) if count > 0 => Ok(Some(count)),
            _ => Err(Refusal::bad_request(format!(
                "`{name}` must be a positive integer."
            ))),
        },
    }
}

fn check_stop(stop: Option<&Value>) -> Result<(), Refusal> {
    let is_fine = match stop {
        None | Some(Value::Null | Value::String(_)) => true,
        Some(Value::Array(words)) => words.len() <= 4 && words.iter().all(Value::is_string),
        Some(_) => false,
    };
    match is_fine {
        true => Ok(()),
        false => Err(Refusal::bad_request(
            "`stop` must be a string or an array of at most 4 strings.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with(field: &str, value: Value) -> Result<Completion, Refusal> {
        let mut body = json!({ "messages": [{ "role": "user", "content": "hi" }] });
        body[field] = value;
        completion(&body)
    }

    #[test]
    fn what_is_out_of_range_is_refused_by_name() {
        let message = |field: &str, value: Value| with(field, value).unwrap_err().message;
        assert_eq!(
            message("temperature", json!(9)),
            "`temperature` must be between 0 and 2."
        );
        assert_eq!(
            message("presence_penalty", json!("x")),
            "`presence_penalty` must be between -2 and 2."
        );
        assert_eq!(
            message("max_tokens", json!(0)),
            "`max_tokens` must be a positive integer."
        );
        assert!(message("stop", json!(["a", "b", "c", "d", "e"])).contains("at most 4"));
        assert!(with("temperature", Value::Null).is_ok());
    }

    #[test]
    fn the_newer_name_of_the_token_limit_wins() {
        let mut body = json!({ "messages": [{ "role": "user", "content": "hi" }], "max_tokens": 5 });
        body["max_completion_tokens"] = json!(7);
        assert_eq!(completion(&body).unwrap().max_tokens, Some(7));
    }

    #[test]
    fn usage_is_streamed_only_when_asked_for() {
        let asked = with("stream_options", json!({ "include_usage": true })).unwrap();
        assert!(asked.include_usage);
        assert!(!with("stream", json!(true)).unwrap().include_usage);
    }
}
