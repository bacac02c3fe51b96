//! `openclaw channels status`: how the accounts fare, from the gateway or, when it is down, what the config says.

use std::process::ExitCode;

use openclaw_protocol::connect::Mode;
use serde_json::{Map, Value, json};

use crate::args::ChannelsStatus;
use crate::commands::gateway::block_on;
use crate::context::Context;
use crate::failure::Failure;
use crate::fields::Fields as _;
use crate::gateway_client::{Client, Target, not_done};
use crate::output;

/// Tells it.
pub(super) fn run(context: &Context, args: &ChannelsStatus) -> Result<ExitCode, Failure> {
    let snapshot = context.load()?;
    let mut params = Map::from_iter([("probe".to_owned(), json!(args.probe))]);
    if let Some(channel) = &args.channel {
        params.insert("channel".to_owned(), json!(channel));
    }
    let answer = block_on(async {
        let target = Target::find(context, &snapshot, &args.reach).await?;
        match Client::connect(&target, &args.reach, Mode::Cli).await {
            Ok(mut client) => {
                let asked = client.call("channels.status", &Value::Object(params)).await;
                asked.map(Ok).map_err(|why| not_done("channels.status", &why))
            }
            Err(why) => Ok(Err(why)),
        }
    })?;
    match answer {
        Ok(status) if args.json => output::print_json(&status),
        Ok(status) => output::print_shown(&tell(&status)),
        Err(why) => {
            let accounts = configured(&snapshot.source, args.channel.as_deref());
            if args.json {
                output::print_json(&json!({
                    "ok": false,
                    "error": {"type": "gateway_transport_error", "message": why.to_string()},
                    "configOnly": true,
                    "channels": accounts.iter().map(|(channel, accounts)| (channel.clone(), json!({
                        "configured": true, "accounts": accounts,
                    }))).collect::<Map<_, _>>(),
                }));
                return Ok(ExitCode::SUCCESS);
            }
            let mut lines = vec![
                format!("Gateway not reachable: {why}"),
                "Gateway not reachable; showing config-only status.".to_owned(),
                format!("Config: {}", context.short(&context.place.config_path)),
                String::new(),
            ];
            for (channel, accounts) in accounts {
                lines.extend(
                    accounts
                        .into_iter()
                        .map(|account| format!("- {channel} {account}: configured")),
                );
            }
            output::print_shown(lines.join("\n").trim_end());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The accounts that the config has, by channel.
fn configured(source: &Value, only: Option<&str>) -> Vec<(String, Vec<String>)> {
    let channels = source.field("channels").as_object().into_iter().flatten();
    channels
        .filter(|(channel, _)| *channel != "defaults" && only.is_none_or(|only| only == *channel))
        .map(|(channel, settings)| {
            let named = settings.field("accounts").as_object();
            let accounts = named.map(|accounts| accounts.keys().cloned().collect());
            (
                channel.clone(),
                accounts.unwrap_or_else(|| vec!["default".to_owned()]),
            )
        })
        .collect()
}

fn tell(status: &Value) -> String {
    let mut lines = vec!["Gateway reachable.".to_owned()];
    let order = status.elements("channelOrder");
    for channel in order.filter_map(Value::as_str) {
        let label = status
            .field("channelLabels")
            .field(channel)
            .as_str()
            .unwrap_or(channel);
        for account in status.field("channelAccounts").elements(channel) {
            lines.push(format!("- {label} {}", tell_account(account)));
        }
    }
    if lines.len() == 1 {
        lines.push("No channel is set up. openclaw channels add telegram sets up the first one.".to_owned());
    }
    lines.join("\n")
}

fn tell_account(account: &Value) -> String {
    let is = |key: &str| account.field(key) == true;
    let mut words = Vec::new();
    for (key, yes, no) in [
        ("enabled", "enabled", "disabled"),
        ("configured", "configured", "not configured"),
        ("running", "running", "stopped"),
        ("connected", "connected", ""),
    ] {
        words.push(if is(key) { yes } else { no }.to_owned());
    }
    match &account.field("probe") {
        Value::Object(probe) if probe.get("ok") == Some(&Value::Bool(true)) => words.push("works".to_owned()),
        Value::Object(probe) => words.push(format!(
            "probe failed{}",
            probe
                .get("error")
                .and_then(Value::as_str)
                .map(|error| format!(" ({error})"))
                .unwrap_or_default()
        )),
        _ => {}
    }
    words.extend(
        account
            .field("lastError")
            .as_str()
            .map(|error| format!("last error: {error}")),
    );
    words.retain(|word| !word.is_empty());
    format!("{}: {}", account.text("accountId"), words.join(", "))
}
