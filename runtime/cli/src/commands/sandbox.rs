//! `openclaw sandbox`: where sessions run that are not trusted with this machine.

use std::process::ExitCode;

use jiff::Timestamp;
use openclaw_agent::elevated;
use openclaw_agent::policy::{self, Person, SandboxTools};
use openclaw_agent::session::Key;
use openclaw_config::Path;
use openclaw_config::tree::Config;
use openclaw_sandbox::{Explained, Gate, Source, Sources, Subject, Tools};
use serde_json::{Value, json};

use super::gateway::block_on;
use super::plugins::Extensions;
use super::tools::{here, text};
use crate::args::{Asked, Global, SandboxCommand, SandboxExplain, SandboxRecreate};
use crate::context::Context;
use crate::failure::Failure;
use crate::fields::Fields as _;
use crate::gateway_client::Talk;
use crate::{output, programs};

/// Does what was asked for.
pub(crate) fn run(global: &Global, command: SandboxCommand) -> Result<ExitCode, Failure> {
    match command {
        SandboxCommand::List(args) => list(&Context::find(global)?, &args),
        SandboxCommand::Recreate(args) => recreate(&Context::find(global)?, args),
        SandboxCommand::Explain(args) => explain(global, &args),
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
    let rows: Vec<_> = found.elements("containers").map(row).collect();
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
    let is_named = !args.all;
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
    let failed: Vec<_> = done.elements("failed").collect();
    if args.json {
        output::print_json(&done);
    } else {
        let mut lines: Vec<_> = removed.iter().map(|scope| format!("Removed {scope}.")).collect();
        let running = busy.iter().map(|scope| {
            format!("Left {scope}: something runs in it, or works with its files. --force removes it all the same.")
        });
        lines.extend(running);
        lines.extend(failed.iter().map(|failed| {
            let (scope, why) = (failed.field("scope"), failed.field("why"));
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            format!("Not removed {}: {}.", text(scope), text(why))
        }));
        if lines.is_empty() {
            lines.push(
                "There is no such sandbox; openclaw sandbox list names those that there are.".to_owned(),
            );
        }
        output::print_shown(&lines.join("\n"));
    }
    let found_none = is_named && removed.is_empty();
    Ok(match busy.is_empty() && failed.is_empty() && !found_none {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn explain(global: &Global, args: &SandboxExplain) -> Result<ExitCode, Failure> {
    let extensions = Extensions::find(global)?;
    let session = args.session.as_deref().unwrap_or("main");
    let found = here::find(&extensions, session, args.agent.as_deref())?;
    let (config, agent) = (&found.snapshot.config, &found.agent);
    let workspace = openclaw_agent::workspace_of(&found.snapshot, agent);
    let main = Key::main(agent);
    let who = found.explanation.subject.sender.as_ref();
    let explained = Explained::of(
        config,
        &found.snapshot.place,
        Subject {
            agent,
            session: found.key.as_str(),
            main_session: main.as_str(),
            is_main: found.key.is_main(),
            workspace: &workspace,
            backends: programs::BACKENDS,
            tools: tools(config, agent),
            shut: elevated::failures(config, agent, who)
                .into_iter()
                .map(|failure| gate(config, failure, who))
                .collect(),
            elevated: found.explanation.reach.level.word(),
        },
    );
    let session_tools = found.explanation.to_value();
    if args.json {
        let mut told = json!(explained);
        if let Some(fields) = told.as_object_mut() {
            fields.insert("tools".to_owned(), session_tools.field("tools").clone());
        }
        output::print_json(&told);
    } else {
        let mut lines = vec![explained.to_string(), String::new(), "Tools".to_owned()];
        lines.extend(text::verdicts(&session_tools));
        lines.push(String::new());
        lines.push(
            "So says the config on this machine. A gateway that runs goes by the one that it read."
                .to_owned(),
        );
        output::print_shown(&lines.join("\n"));
    }
    Ok(ExitCode::SUCCESS)
}

/// The lists of tools of sandboxed sessions.
fn tools(config: &Config, agent: &str) -> Tools {
    let tools = SandboxTools::of(config, agent);
    let source = |source: policy::Source, key: &Path| Source {
        source: source.word(),
        key: key.to_string(),
    };
    Tools {
        sources: Sources {
            allow: source(tools.allow_source, &tools.allow_key),
            deny: source(tools.deny_source, &tools.deny_key),
        },
        allow: tools.allow,
        deny: tools.deny,
    }
}

/// A gate with what would open it to whoever writes in the session, and to those to whom it is open.
fn gate(config: &Config, failure: elevated::Failure, who: Option<&Person>) -> Gate {
    let id = match who {
        None => "*",
        Some(who) => who.ids.first().map_or("ID", String::as_str),
    };
    let opened_by = match failure.gate {
        "enabled" => json!(true),
        _ => {
            let config = serde_json::to_value(config).unwrap_or_default();
            let listed = failure.key.get(&config).and_then(Value::as_array).cloned();
            let mut listed = listed.unwrap_or_default();
            listed.push(json!(if id.is_empty() { "ID" } else { id }));
            json!(listed)
        }
    };
    Gate {
        gate: failure.gate,
        key: failure.key.to_string(),
        opened_by: opened_by.to_string(),
    }
}
