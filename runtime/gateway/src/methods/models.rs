//! `models.list`: what the agent can think with.

use std::sync::Arc;

use openclaw_protocol::scope::Scope;
use openclaw_protocol::shape::{Field, Kind, Object, TEXT, WORD};
use serde_json::{Value, json};

use super::roster::Roster;
use crate::gateway::Gateway;
use crate::method::{Answer, Method, Params};
use crate::services::Parts;

/// The methods of this family.
pub(crate) const METHODS: &[Method] = &[Method {
    name: "models.list",
    scope: Some(Scope::Read),
    run: |gateway, _, params| Box::pin(async move { list(&gateway, params) }),
}];

const SHAPE: Object = Object::closed(&[
    Field::optional("view", TEXT),
    Field::optional("agentId", WORD),
    Field::optional("sessionKey", WORD),
    Field::optional("preparedOnly", Kind::Bool),
    Field::optional("refresh", Kind::Bool),
    Field::optional("provider", TEXT),
    Field::optional("runtimeId", TEXT),
]);

fn list(gateway: &Arc<Gateway>, params: Params) -> Answer {
    let _: Value = params.read(&SHAPE)?;
    Ok(json!({ "models": listing(gateway, gateway.parts()?) }).into())
}

/// The models.
pub(crate) fn listing(gateway: &Gateway, parts: &Parts) -> Vec<Value> {
    let models = &parts.models;
    let config = gateway.config().get();
    let agent = Roster::of(&config.config).default_id();
    let usual = models
        .resolve_for(agent, None)
        .map(|model| model.reference())
        .ok();
    let told = models.catalog().into_iter().map(|info| {
        let mut told = json!({
            "id": info.id,
            "name": info.name,
            "provider": info.provider,
            "reasoning": info.reasoning,
            "input": info.input,
            "thinkingLevels": [{ "id": "off", "label": "off" }],
            "thinkingDefault": "off",
            "available": true,
        });
        if let Some(fields) = told.as_object_mut() {
            if let Some(window) = info.context_window {
                fields.insert("contextWindow".to_owned(), json!(window));
            }
            if usual.as_ref() == Some(&info.reference()) {
                fields.insert("tags".to_owned(), json!(["default"]));
            }
        }
        told
    });
    told.collect()
}
