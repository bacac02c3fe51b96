//! `openclaw status`: the whole at one look. It ends with 0 also when the gateway is down, and says so.

use std::process::ExitCode;

use openclaw_config::tree::gateway::GatewayMode;
use serde_json::{Value, json};

use super::gateway::{Probe, block_on};
use crate::args::{Status, VERSION};
use crate::context::Context;
use crate::failure::Failure;
use crate::fields::Fields as _;
use crate::output;

/// Tells it.
pub(crate) fn run(context: &Context, args: &Status) -> Result<ExitCode, Failure> {
    let snapshot = context.load()?;
    let probe = block_on(Probe::of(context, &snapshot, &args.reach, true))?;
    let mode = match snapshot.config.gateway.mode {
        Some(GatewayMode::Remote) => "remote",
        _ => "local",
    };
    match args.json {
        true => output::print_json(&as_json(&probe, mode)),
        false => output::print_shown(&as_text(context, &probe, mode)),
    }
    Ok(ExitCode::SUCCESS)
}

fn system() -> String {
    format!("{} ({})", std::env::consts::OS, std::env::consts::ARCH)
}

fn as_text(context: &Context, probe: &Probe, mode: &str) -> String {
    let mut rows = vec![
        ("OS", system()),
        ("Version", VERSION.to_owned()),
        ("Config", context.short(&context.place.config_path)),
        ("State", context.short(&context.place.state_dir)),
    ];
    let url = &probe.target.url;
    match &probe.outcome {
        Ok(answer) => {
            let took = probe.took.as_millis();
            rows.push((
                "Gateway",
                format!("{mode} · {url} · reachable {took}ms · {}", answer.version),
            ));
            let page = url.replacen("ws", "http", 1);
            rows.push(("Dashboard", format!("{page}/")));
            let status = answer.status.as_ref().unwrap_or(&Value::Null);
            let sessions = &status.field("sessions");
            rows.push((
                "Sessions",
                format!("{}", sessions.field("count").as_u64().unwrap_or_default()),
            ));
            if let Some(model) = sessions.field("defaults").field("model").as_str() {
                rows.push(("Model", model.to_owned()));
            }
            let channels: Vec<_> = status
                .elements("channelSummary")
                .filter_map(Value::as_str)
                .collect();
            if !channels.is_empty() {
                rows.push(("Channels", channels.join("; ")));
            }
        }
        Err(why) => {
            rows.push(("Gateway", format!("{mode} · {url} · not reachable: {why}")));
        }
    }
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let mut lines = vec!["OpenClaw status".to_owned(), String::new(), "Overview".to_owned()];
    lines.extend(
        rows.into_iter()
            .map(|(name, value)| format!("  {name:width$}  {value}")),
    );
    lines.push(String::new());
    lines.push(match probe.outcome.is_ok() {
        true => "Next: openclaw agent --message hello, or open the dashboard".to_owned(),
        false => "Next: openclaw gateway run".to_owned(),
    });
    lines.join("\n")
}

fn as_json(probe: &Probe, mode: &str) -> Value {
    let status = probe
        .outcome
        .as_ref()
        .ok()
        .and_then(|answer| answer.status.clone());
    let mut told = status.unwrap_or_else(|| json!({}));
    if let Value::Object(told) = &mut told {
        told.insert(
            "os".to_owned(),
            json!({
                "platform": std::env::consts::OS,
                "arch": std::env::consts::ARCH,
                "label": system(),
            }),
        );
        told.insert(
            "gateway".to_owned(),
            json!({
                "mode": mode,
                "url": probe.target.url,
                "urlSource": probe.target.source,
                "misconfigured": false,
                "reachable": probe.outcome.is_ok(),
                "connectLatencyMs": probe.outcome.is_ok().then_some(probe.took.as_millis()),
                "self": probe.outcome.as_ref().ok().map(|answer| json!({"version": answer.version})),
                "error": probe.outcome.as_ref().err().map(ToString::to_string),
            }),
        );
    }
    told
}
