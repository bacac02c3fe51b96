//! `chat.abort`: stops what a session is doing.

use std::sync::Arc;

use openclaw_protocol::Error;
use openclaw_protocol::shape::{Field, Kind, Object, WORD};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::method::{Answer, Params};
use crate::methods::internal;
use crate::methods::target::{Target, target};

const SHAPE: Object = Object::closed(&[
    Field::required("sessionKey", WORD),
    Field::optional("agentId", WORD),
    Field::optional("runId", WORD),
    Field::optional("preserveSideRuns", Kind::Bool),
]);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Whose {
    session_key: String,
    agent_id: Option<String>,
    run_id: Option<String>,
}

pub(super) async fn abort(gateway: Arc<Gateway>, params: Params) -> Answer {
    let whose: Whose = params.read(&SHAPE)?;
    let config = gateway.config().get();
    let target = target(
        &config.config,
        Some(&whose.session_key),
        whose.agent_id.as_deref(),
    )?;
    let runs = stopped(&gateway, &target, whose.run_id.as_deref()).await?;
    Ok(told(&runs).into())
}

/// What is told of a stop.
pub(super) fn told(runs: &[String]) -> Value {
    json!({ "ok": true, "aborted": !runs.is_empty(), "runIds": runs })
}

/// Stops the runs of a session, or one of them; says which.
pub(crate) async fn stopped(
    gateway: &Gateway,
    target: &Target,
    run: Option<&str>,
) -> Result<Vec<String>, Error> {
    let stopped = gateway.parts()?.agent.abort(&target.key, run).await;
    stopped.map_err(|error| internal(&error))
}
