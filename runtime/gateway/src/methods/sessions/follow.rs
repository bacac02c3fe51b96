//! Following sessions: who does hears of messages and changes as they come.

use std::sync::Arc;

use openclaw_protocol::Error;
use openclaw_protocol::shape::{Field, Kind, Object, WORD, WORDS};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::list::{self, Ask, listed};
use crate::gateway::Gateway;
use crate::method::{Answer, Caller, Params};
use crate::methods::target::target;
use crate::projection::{SESSIONS, messages_topic};

pub(super) async fn subscribe(gateway: Arc<Gateway>, caller: Caller, params: Params) -> Answer {
    let given: Map<String, Value> = params.read(&list::SHAPE)?;
    let is_list = !given.is_empty();
    let ask: Ask =
        serde_json::from_value(Value::Object(given)).map_err(|error| Error::invalid(error.to_string()))?;
    if !caller.connection().subscribe(SESSIONS) {
        return Err(too_many());
    }
    // Followed first and listed then, so that no change falls between the two.
    Ok(match is_list {
        true => json!({ "subscribed": true, "list": listed(&gateway, &ask).await? }),
        false => json!({ "subscribed": true }),
    }
    .into())
}

const NOTHING: Object = Object::closed(&[]);

pub(super) fn unsubscribe(caller: &Caller, params: Params) -> Answer {
    let _: Value = params.read(&NOTHING)?;
    caller.connection().unsubscribe(SESSIONS);
    Ok(json!({ "subscribed": false }).into())
}

const MESSAGES: Object = Object::closed(&[
    Field::required("key", WORD),
    Field::optional("agentId", WORD),
    Field::optional("includeApprovals", Kind::Bool),
]);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Whose {
    key: String,
    agent_id: Option<String>,
}

pub(super) fn messages(gateway: &Gateway, caller: &Caller, params: Params, is_on: bool) -> Answer {
    let whose: Whose = params.read(&MESSAGES)?;
    let config = gateway.config().get();
    let target = target(&config.config, Some(&whose.key), whose.agent_id.as_deref())?;
    let topic = messages_topic(target.key.as_str());
    match is_on {
        true if !caller.connection().subscribe(&topic) => return Err(too_many()),
        true => {}
        false => caller.connection().unsubscribe(&topic),
    }
    Ok(json!({ "subscribed": is_on, "key": target.key.as_str() }).into())
}

const VIEWERS: Object = Object::closed(&[Field::required("sessionKeys", WORDS)]);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Viewed {
    session_keys: Vec<String>,
}

pub(super) fn viewers(gateway: &Gateway, params: Params) -> Answer {
    let viewed: Viewed = params.read(&VIEWERS)?;
    let config = gateway.config().get();
    let keys = viewed
        .session_keys
        .iter()
        .map(|key| Ok(target(&config.config, Some(key), None)?.key.to_string()));
    let keys = keys.collect::<Result<Vec<_>, Error>>()?;
    Ok(json!({ "sessionKeys": keys }).into())
}

fn too_many() -> Error {
    Error::unavailable("this connection follows as many sessions as it may; unsubscribe from one first")
}
