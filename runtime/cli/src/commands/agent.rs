//! `openclaw agent`: one turn of the agent, through the gateway.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::gateway::block_on;
use crate::args::Agent;
use crate::context::Context;
use crate::failure::Failure;
use crate::fields::Fields as _;
use crate::gateway_client::{Talk, not_done};
use crate::output;

/// How long a turn may take where nothing else was said.
const PATIENCE: Duration = Duration::from_secs(600);

/// Says it and prints the reply.
pub(crate) fn run(context: &Context, args: &Agent) -> Result<ExitCode, Failure> {
    let mut reach = args.reach.clone();
    reach
        .timeout
        .get_or_insert(PATIENCE.as_millis().try_into().unwrap_or(u64::MAX));
    let mut params = Map::from_iter([
        ("message".to_owned(), json!(args.message)),
        (
            "idempotencyKey".to_owned(),
            json!(uuid::Uuid::new_v4().to_string()),
        ),
    ]);
    let named = [
        ("agentId", &args.agent),
        ("sessionKey", &args.session_key),
        ("model", &args.model),
        ("thinking", &args.thinking),
    ];
    for (key, value) in named {
        if let Some(value) = value {
            params.insert(key.to_owned(), json!(value));
        }
    }
    let answer = block_on(async {
        let mut talk = Talk::begin(context, &reach).await?;
        let is_last = |answer: &Value| answer.field("status") != "accepted";
        let asked = talk.client.ask("agent", &Value::Object(params), is_last).await;
        asked.map_err(|why| not_done("agent", &why))
    })?;
    if args.json {
        output::print_json(&answer);
    } else {
        for payload in answer.field("result").elements("payloads") {
            if let Some(text) = payload.field("text").as_str() {
                output::print_shown(text);
            }
        }
    }
    match answer.field("status").as_str() {
        Some("ok" | "in_flight") => Ok(ExitCode::SUCCESS),
        _ => {
            let why = answer.field("summary").as_str().unwrap_or("the turn failed");
            if !args.json {
                output::complain(why);
            }
            Ok(ExitCode::FAILURE)
        }
    }
}
