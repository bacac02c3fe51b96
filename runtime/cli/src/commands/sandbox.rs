//! `openclaw sandbox`: where sessions run that are not trusted with this machine.

use std::process::ExitCode;

use jiff::Timestamp;
use openclaw_agent::session::Key;
use openclaw_sandbox::{Explained, Subject};
use serde_json::{Value, json};

use super::gateway::block_on;
use crate::args::{Asked, Global, SandboxCommand, SandboxExplain, SandboxRecreate};
use crate::context::Context;
use crate::failure::Failure;
use crate::fields::Fields as _;
use crate::gateway_client::Talk;
use crate::{output, programs};

/// Does what was asked for.
pub(crate) fn run(global: &Global, command: SandboxCommand) -> Result<ExitCode, Failure> {
    let context = Context::find(global)?;
    match command {
        SandboxCommand::List(args) => list(&context, &args),
        SandboxCommand::Recreate(args) => recreate(&context, args),
        SandboxCommand::Explain(args) => explain(&context, &args),
    }
}

fn list(context: &Context, args: &Asked) -> Result<ExitCode, Failure> {
    let found = block_on(async {
        let mut talk = Talk::begin(context, &args.reach).await?;
        talk.call("sandbox.list", json!({})).await
    })?;
    if args.json {
        output::print_json(&found);
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<_> = found.elements("sandboxes").map(row).collect();
    output::print_shown(&match rows.is_empty() {
        true => "No sandboxes. One is made when a sandboxed session first runs a tool.".to_owned(),
        false => rows.join("\n"),
    });
    Ok(ExitCode::SUCCESS)
}

fn row(sandbox: &Value) -> String {
    let time = |key: &str| {
        let ms = sandbox.field(key).as_i64().unwrap_or_default();
        Timestamp::from_millisecond(ms)
            .map(|time| format!("{time:.0}"))
            .unwrap_or_default()
    };
    let state = match sandbox.field("running").as_bool() {
        Some(true) => "running",
        _ => "at rest",
    };
    format!(
        "{}\n  {} · {state} · made {} · used {}\n  {}",
        sandbox.text("sessionKey"),
        sandbox.text("backendId"),
        time("createdAtMs"),
        time("lastUsedAtMs"),
        sandbox.text("workspace"),
    )
}

fn recreate(context: &Context, args: SandboxRecreate) -> Result<ExitCode, Failure> {
    let mut params = json!({ "force": args.force });
    if let Value::Object(params) = &mut params {
        if args.all {
            params.insert("all".to_owned(), json!(true));
        }
        let named = [("session", args.session), ("agent", args.agent)];
        params.extend(
            named
                .into_iter()
                .filter_map(|(key, value)| Some((key.to_owned(), json!(value?)))),
        );
    }
    let done = block_on(async {
        let mut talk = Talk::begin(context, &args.reach).await?;
        talk.call("sandbox.recreate", params).await
    })?;
    let names = |key: &str| {
        done.elements(key)
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let (removed, busy) = (names("removed"), names("busy"));
    if args.json {
        output::print_json(&done);
    } else {
        let mut lines: Vec<_> = removed.iter().map(|scope| format!("Removed {scope}.")).collect();
        let running = busy
            .iter()
            .map(|scope| format!("Left {scope}: something runs in it. --force removes it all the same."));
        lines.extend(running);
        if lines.is_empty() {
            lines.push("There is no such sandbox.".to_owned());
        }
        output::print_shown(&lines.join("\n"));
    }
    Ok(match busy.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn explain(context: &Context, args: &SandboxExplain) -> Result<ExitCode, Failure> {
    let snapshot = context.load()?;
    let config = &snapshot.config;
    let default = openclaw_agent::default_id(config);
    let named = args.agent.clone().unwrap_or_else(|| default.to_owned());
    let key = Key::parse(args.session.as_deref().unwrap_or_default(), &named);
    let key = key.map_err(|error| Failure::negative(error.to_string()))?;
    let agent = key.agent().unwrap_or(&named).to_owned();
    if !openclaw_agent::is_known(config, &agent) {
        return Err(Failure::negative(format!(
            "there is no agent {agent} in the config"
        )));
    }
    let workspace = openclaw_agent::workspace_of(&snapshot, &agent);
    let main = Key::main(&agent);
    let explained = Explained::of(
        config,
        &snapshot.place,
        Subject {
            agent: &agent,
            session: key.as_str(),
            main_session: main.as_str(),
            is_main: key.is_main(),
            workspace: &workspace,
            backends: programs::BACKENDS,
        },
    );
    match args.json {
        true => output::print_json(&json!(explained)),
        false => output::print_shown(&explained.to_string()),
    }
    Ok(ExitCode::SUCCESS)
}
