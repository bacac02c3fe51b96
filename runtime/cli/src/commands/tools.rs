//! `openclaw tools`: which tools a session has, and why. It asks the gateway that runs; where none does, it reads
//! the config and the state itself.

pub(super) mod here;
pub(super) mod text;

use std::process::ExitCode;

use openclaw_config::tree::gateway::GatewayMode;
use openclaw_protocol::connect::Mode;
use serde_json::{Map, Value, json};

use super::gateway::block_on;
use super::plugins::Extensions;
use crate::args::{Global, OfSession, ToolsCommand};
use crate::failure::Failure;
use crate::gateway_client::{Client, Target, Unanswered, not_done, not_reached};
use crate::output;

/// Does what was asked for.
pub(crate) fn run(global: &Global, command: ToolsCommand) -> Result<ExitCode, Failure> {
    let (name, of) = match &command {
        ToolsCommand::List(args) => (None, &args.of),
        ToolsCommand::Explain(args) => (Some(args.tool.as_str()), &args.of),
    };
    let extensions = Extensions::find(global)?;
    let told = match ask(&extensions, name, of)? {
        Some(told) => with(told, "gateway"),
        None => with(here::explain(&extensions, name, of)?, "files"),
    };
    match of.json {
        true => output::print_json(&told),
        false => output::print_shown(&text::of(&told, name.is_some())),
    }
    Ok(ExitCode::SUCCESS)
}

/// Says where it was read.
fn with(mut told: Value, from: &str) -> Value {
    if let Some(fields) = told.as_object_mut() {
        fields.insert("from".to_owned(), json!(from));
    }
    told
}

/// What the gateway says; none if none runs on this machine.
fn ask(extensions: &Extensions, name: Option<&str>, of: &OfSession) -> Result<Option<Value>, Failure> {
    let context = &extensions.context;
    let snapshot = context.load()?;
    let mut params = Map::from_iter([("sessionKey".to_owned(), json!(of.session))]);
    for (key, value) in [("agentId", of.agent.as_deref()), ("name", name)] {
        if let Some(value) = value {
            params.insert(key.to_owned(), json!(value));
        }
    }
    // A gateway elsewhere has another config, and one that was named must be the one that answers.
    let is_here = snapshot.config.gateway.mode != Some(GatewayMode::Remote)
        && of.reach.url.is_none()
        && of.reach.port.is_none()
        && snapshot.environment.get("OPENCLAW_GATEWAY_URL").is_none();
    block_on(async {
        let target = Target::find(context, &snapshot, &of.reach).await?;
        let mut client = match Client::connect(&target, &of.reach, Mode::Cli).await {
            Ok(client) => client,
            Err(Unanswered::Unreachable(_)) if is_here => return Ok(None),
            Err(why) => return Err(not_reached(&target, &why)),
        };
        let answer = client.call("tools.explain", &Value::Object(params)).await;
        answer.map(Some).map_err(|why| not_done("tools.explain", &why))
    })
}
