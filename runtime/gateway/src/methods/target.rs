//! Which session and which agent a request is about.

use openclaw_agent::session::Key;
use openclaw_config::tree::Config;
use openclaw_protocol::Error;
use serde_json::json;

use super::roster::Roster;

/// A session and its agent.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) key: Key,
    pub(crate) agent: String,
}

/// The agent that a request names, else the one that its session's key names, else the default one.
pub(crate) fn target(config: &Config, key: Option<&str>, agent: Option<&str>) -> Result<Target, Error> {
    let roster = Roster::of(config);
    let named = agent.map(|id| id.trim().to_ascii_lowercase());
    let selected = named.as_deref().unwrap_or_else(|| roster.default_id());
    known(roster, selected)?;
    let key =
        Key::parse(key.unwrap_or_default(), selected).map_err(|error| Error::invalid(error.to_string()))?;
    let owner = key.agent().unwrap_or(selected).to_owned();
    known(roster, &owner)?;
    if named.is_some_and(|named| named != owner) {
        return Err(Error::invalid(format!(
            "agentId does not match session key agent \"{owner}\""
        )));
    }
    Ok(Target { key, agent: owner })
}

fn known(roster: Roster<'_>, id: &str) -> Result<(), Error> {
    match roster.is_known(id) {
        true => Ok(()),
        false => Err(Error::invalid(format!("unknown agent id \"{id}\""))
            .details(json!({ "code": "UNKNOWN_AGENT_ID", "agentId": id }))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(key: Option<&str>, agent: Option<&str>) -> Result<(String, String), String> {
        let config: Config =
            serde_json::from_value(json!({ "agents": { "entries": { "main": {}, "work": {} } } })).unwrap();
        let found = target(&config, key, agent).map_err(|error| error.message)?;
        Ok((found.key.to_string(), found.agent))
    }

    fn pair(key: &str, agent: &str) -> Result<(String, String), String> {
        Ok((key.to_owned(), agent.to_owned()))
    }

    #[test]
    fn main_is_the_main_session_of_the_agent_that_is_meant() {
        assert_eq!(of(None, None), pair("agent:main:main", "main"));
        assert_eq!(of(Some("main"), Some("work")), pair("agent:work:main", "work"));
        assert_eq!(of(Some("desk"), Some("Work")), pair("agent:work:desk", "work"));
        assert_eq!(of(Some("agent:work:x"), None), pair("agent:work:x", "work"));
    }

    #[test]
    fn an_agent_that_is_not_there_is_never_taken_for_the_default_one() {
        for (key, agent) in [(Some("agent:nope:x"), None), (None, Some("nope"))] {
            assert!(of(key, agent).unwrap_err().contains("unknown agent id \"nope\""));
        }
        assert!(of(Some("agent::x"), None).is_err());
        assert!(
            of(Some("agent:main:x"), Some("work"))
                .unwrap_err()
                .contains("does not match")
        );
    }
}
