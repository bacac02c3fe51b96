//! `/v1/models`: the agents, in the shape in which OpenAI's API lists models.

use http::StatusCode;
use percent_encoding::percent_decode_str;
use serde::Serialize;

use super::completions::model::Wanted;
use super::refusal::{Refusal, text};

#[derive(Serialize)]
struct Model<'a> {
    id: &'a str,
    object: &'static str,
    created: u8,
    owned_by: &'static str,
    permission: [u8; 0],
}

#[derive(Serialize)]
struct List<'a> {
    object: &'static str,
    data: Vec<Model<'a>>,
}

fn model(id: &str) -> Model<'_> {
    Model {
        id,
        object: "model",
        created: 0,
        owned_by: "openclaw",
        permission: [],
    }
}

/// All of them.
pub(crate) fn list<'a>(agents: impl IntoIterator<Item = &'a str>) -> String {
    let named: Vec<_> = agents.into_iter().map(|id| format!("openclaw/{id}")).collect();
    let always = ["openclaw", "openclaw/default"];
    let ids = always.into_iter().chain(named.iter().map(String::as_str));
    text(&List {
        object: "list",
        data: ids.map(model).collect(),
    })
}

/// One of them, by an id as it stands in a path.
pub(crate) fn one(path: &str, is_known: impl Fn(&str) -> bool) -> Result<String, Refusal> {
    let id = percent_decode_str(path).decode_utf8_lossy();
    match Wanted::parse(&id) {
        None => Err(Refusal::bad_request("Invalid model id.")),
        Some(Wanted::Agent(agent)) if !is_known(&agent) => Err(Refusal::new(
            StatusCode::NOT_FOUND,
            "invalid_request_error",
            format!("Model '{id}' not found."),
        )),
        Some(_) => Ok(text(&model(&id))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_agent_is_a_model() {
        assert_eq!(
            list(["main"]),
            r#"{"object":"list","data":[{"id":"openclaw","object":"model","created":0,"owned_by":"openclaw","permission":[]},{"id":"openclaw/default","object":"model","created":0,"owned_by":"openclaw","permission":[]},{"id":"openclaw/main","object":"model","created":0,"owned_by":"openclaw","permission":[]}]}"#
        );
    }

    #[test]
    fn one_is_found_by_an_id_as_it_stands_in_a_path() {
        let is_known = |id: &str| id == "main";
        assert!(
            one("openclaw%2Fdefault", is_known)
                .unwrap()
                .contains(r#""id":"openclaw/default""#)
        );
        assert_eq!(one("nope", is_known).unwrap_err().message, "Invalid model id.");
        assert_eq!(
            one("openclaw/nope", is_known).unwrap_err().status,
            StatusCode::NOT_FOUND
        );
    }
}
