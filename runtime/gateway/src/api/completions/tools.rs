//! Tools that the client runs itself: the model may ask for them, and the answer then is that question.

use openclaw_agent::ClientTool;
use serde_json::{Value, json};

use crate::api::refusal::Refusal;

/// The most tools of a request.
const MOST: usize = 128;

/// What the client offers and what it demands.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ClientTools {
    pub(crate) offered: Vec<ClientTool>,
    /// Whether the answer must be a call.
    pub(crate) is_required: bool,
}

/// Checks `tools` and `tool_choice`.
pub(crate) fn client_tools(tools: Option<&Value>, choice: Option<&Value>) -> Result<ClientTools, Refusal> {
    let listed = match tools {
        None | Some(Value::Null) => &[][..],
        Some(Value::Array(tools)) if tools.len() <= MOST => tools,
        Some(_) => {
            return Err(Refusal::bad_request(format!(
                "`tools` must be an array of at most {MOST} functions."
            )));
        }
    };
    let mut offered = Vec::with_capacity(listed.len());
    for tool in listed {
        offered.push(one(tool)?);
    }
    let (wanted, is_required) = match choice {
        None | Some(Value::Null) => (None, false),
        Some(Value::String(word)) => match word.as_str() {
            "auto" => (None, false),
            "required" => (None, true),
            "none" => return Ok(ClientTools::default()),
            _ => return Err(bad_choice()),
        },
        Some(choice) => {
            let name = choice.get("function").and_then(|function| function.get("name"));
            (Some(name.and_then(Value::as_str).ok_or_else(bad_choice)?), true)
        }
    };
    if let Some(name) = wanted {
        offered.retain(|tool| tool.name == name);
    }
    if is_required && offered.is_empty() {
        return Err(Refusal::bad_request(
            "`tool_choice` asks for a tool that is not among `tools`.",
        ));
    }
    Ok(ClientTools { offered, is_required })
}

fn bad_choice() -> Refusal {
    Refusal::bad_request("`tool_choice` must be `auto`, `none`, `required` or name a function.")
}

fn one(tool: &Value) -> Result<ClientTool, Refusal> {
    let function = tool.get("function");
    let name = function.and_then(|function| function.get("name")?.as_str());
    let is_name = |name: &&str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        (1..=64).contains(&name.len()) && name.bytes().all(is_plain)
    };
    let is_function = tool.get("type").is_none_or(|kind| kind == "function");
    let (Some(function), Some(name), true) = (function, name.filter(is_name), is_function) else {
        return Err(Refusal::bad_request(
            "`tools` must hold functions, each with a name of letters, digits, `_` and `-`.",
        ));
    };
    let description = function.get("description").and_then(Value::as_str);
    let parameters = match function.get("parameters") {
        None | Some(Value::Null) => json!({ "type": "object", "properties": {} }),
        Some(schema @ Value::Object(_)) => schema.clone(),
        Some(_) => {
            return Err(Refusal::bad_request(format!(
                "The `parameters` of `{name}` must be a JSON Schema."
            )));
        }
    };
    Ok(ClientTool {
        name: name.to_owned(),
        description: description.unwrap_or_default().to_owned(),
        parameters,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weather() -> Value {
        json!([{ "type": "function", "function": { "name": "get_weather", "description": "Weather" } }])
    }

    #[test]
    fn a_choice_narrows_what_is_offered() {
        let offered = |choice: Value| client_tools(Some(&weather()), Some(&choice));
        assert_eq!(offered(json!("none")).unwrap(), ClientTools::default());
        assert!(offered(json!("required")).unwrap().is_required);
        let named = json!({ "type": "function", "function": { "name": "get_weather" } });
        assert_eq!(offered(named).unwrap().offered.len(), 1);
        let other = json!({ "type": "function", "function": { "name": "other" } });
        assert!(offered(other).is_err());
        assert!(offered(json!("sometimes")).is_err());
    }

    #[test]
    fn what_is_no_function_is_refused() {
        for tools in [
            json!({}),
            json!([{}]),
            json!([{ "type": "web_search" }]),
            json!([{ "function": { "name": "a b" } }]),
            json!([{ "function": { "name": "a", "parameters": [] } }]),
        ] {
            assert!(client_tools(Some(&tools), None).is_err(), "{tools}");
        }
    }
}
