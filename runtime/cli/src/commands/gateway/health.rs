//! `openclaw health` and `openclaw gateway health`.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use serde_json::{Value, json};

use super::block_on;
use crate::args::{Asked, Health, Reach};
use crate::context::Context;
use crate::failure::Failure;
use crate::fields::Fields as _;
use crate::gateway_client::Talk;
use crate::output;

/// `openclaw gateway health`: whether it answers, and how fast.
pub(super) fn run_short(context: &Context, args: &Asked) -> Result<ExitCode, Failure> {
    let (health, took) = block_on(ask(context, &args.reach))?;
    match args.json {
        true => output::print_json(&health),
        false => output::print(&format!("Gateway Health\nOK ({took}ms)")),
    }
    Ok(ExitCode::SUCCESS)
}

/// `openclaw health`: channels, agents and their sessions.
pub(crate) fn run(context: &Context, args: &Health) -> Result<ExitCode, Failure> {
    let (health, took) = block_on(ask(context, &args.reach))?;
    match args.json {
        true => output::print_json(&health),
        false => output::print_shown(&tell(&health, args.verbose.then_some(took))),
    }
    Ok(ExitCode::SUCCESS)
}

async fn ask(context: &Context, reach: &Reach) -> Result<(Value, u128), Failure> {
    let mut talk = Talk::begin(context, reach).await?;
    let begun = Instant::now();
    let health = talk.call("health", json!({})).await?;
    Ok((health, begun.elapsed().as_millis()))
}

fn tell(health: &Value, took: Option<u128>) -> String {
    let mut text = String::new();
    for channel in health.elements("channelOrder").filter_map(Value::as_str) {
        let label = health
            .field("channelLabels")
            .field(channel)
            .as_str()
            .unwrap_or(channel);
        let state = &health.field("channels").field(channel);
        let word = |key: &str, yes, no| if state.field(key) == true { yes } else { no };
        let _ = writeln!(
            text,
            "{label}: {}, {}",
            word("configured", "configured", "not configured"),
            word("running", "running", "not running")
        );
    }
    if let Some(took) = took {
        let _ = writeln!(text, "Gateway probe duration: {took}ms");
    }
    let agents: Vec<_> = health
        .elements("agents")
        .filter_map(|agent| {
            let id = agent.field("agentId").as_str()?;
            let usual = if agent.field("isDefault") == true {
                " (default)"
            } else {
                ""
            };
            Some(format!("{id}{usual}"))
        })
        .collect();
    let _ = writeln!(text, "Agents: {}", agents.join(", "));
    for agent in health.elements("agents") {
        let sessions = &agent.field("sessions");
        let _ = writeln!(
            text,
            "Session store ({}): {} ({} entries)",
            agent.text("agentId"),
            sessions.text("path"),
            sessions.field("count")
        );
        for session in sessions.elements("recent") {
            let minutes = session.field("age").as_u64().unwrap_or_default() / 60_000;
            let key = session.text("key");
            let _ = writeln!(text, "- {key} ({minutes}m ago)");
        }
    }
    text.truncate(text.trim_end().len());
    text
}
