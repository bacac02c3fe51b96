//! Which agent a request means: the `model` of OpenAI's API names an agent here, and a header may name another.

use http::HeaderMap;

use crate::api::refusal::Refusal;

/// What programs get that ask for no model.
pub(crate) const ANY: &str = "openclaw";

/// An agent as a client names it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Wanted {
    /// Whichever answers by default.
    Default,
    /// This one.
    Agent(String),
}

impl Wanted {
    /// The agent that a model's name means; none where it means no agent at all.
    pub(crate) fn parse(model: &str) -> Option<Self> {
        let name = model.trim().to_ascii_lowercase();
        if name.is_empty() || name == ANY || name == "openclaw/default" || name == "openclaw:default" {
            return Some(Self::Default);
        }
        let id = ["openclaw/", "openclaw:", "agent:"]
            .iter()
            .find_map(|prefix| name.strip_prefix(prefix))?;
        is_agent_id(id).then(|| Self::Agent(id.to_owned()))
    }

    /// The agent of a request: of its header, else of its model.
    pub(crate) fn of(headers: &HeaderMap, model: &str) -> Result<Self, Refusal> {
        let named = ["x-openclaw-agent-id", "x-openclaw-agent"]
            .iter()
            .find_map(|name| headers.get(*name)?.to_str().ok())
            .map(str::trim)
            .filter(|id| !id.is_empty());
        if let Some(id) = named {
            return Ok(Self::Agent(id.to_ascii_lowercase()));
        }
        Self::parse(model)
            .ok_or_else(|| Refusal::bad_request("Invalid `model`. Use `openclaw` or `openclaw/<agentId>`."))
    }

    /// The id of the agent, if there is one of that name.
    pub(crate) fn find(&self, default: &str, is_known: impl Fn(&str) -> bool) -> Result<String, Refusal> {
        match self {
            Self::Default => Ok(default.to_owned()),
            Self::Agent(id) if is_known(id) => Ok(id.clone()),
            Self::Agent(id) => Err(Refusal::bad_request(format!("Unknown agent '{id}'."))),
        }
    }
}

fn is_agent_id(id: &str) -> bool {
    let mut letters = id.bytes();
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    id.len() <= 64
        && letters.next().is_some_and(is_plain)
        && letters.all(|byte| is_plain(byte) || byte == b'-' || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_names_an_agent_and_nothing_else() {
        let agent = |id: &str| Some(Wanted::Agent(id.to_owned()));
        for model in ["openclaw", "OpenClaw/default", "", "openclaw:default"] {
            assert_eq!(Wanted::parse(model), Some(Wanted::Default), "{model}");
        }
        assert_eq!(Wanted::parse("openclaw/main"), agent("main"));
        assert_eq!(Wanted::parse("openclaw:work_2"), agent("work_2"));
        assert_eq!(Wanted::parse("agent:main"), agent("main"));
        for model in ["gpt-4", "openclaw/", "openclaw/a b", "openclaw/-x", "nope"] {
            assert_eq!(Wanted::parse(model), None, "{model}");
        }
    }

    #[test]
    fn the_header_wins_over_the_model() {
        let mut headers = HeaderMap::new();
        headers.insert("x-openclaw-agent-id", "Work".parse().unwrap());
        assert_eq!(
            Wanted::of(&headers, "openclaw/main").unwrap(),
            Wanted::Agent("work".to_owned())
        );
    }
}
