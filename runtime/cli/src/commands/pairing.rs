//! `openclaw pairing`: who wants to write to the agent, and letting them.

use std::process::ExitCode;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::gateway::block_on;
use crate::args::{Global, PairingApprove, PairingCommand, PairingList};
use crate::context::Context;
use crate::failure::Failure;
use crate::fields::Fields as _;
use crate::gateway_client::Talk;
use crate::output;

/// Does what was asked for.
pub(crate) fn run(global: &Global, command: PairingCommand) -> Result<ExitCode, Failure> {
    let context = Context::find(global)?;
    match command {
        PairingCommand::List(args) => list(&context, &args),
        PairingCommand::Approve(args) => approve(&context, &args),
    }
}

fn list(context: &Context, args: &PairingList) -> Result<ExitCode, Failure> {
    let channel = args.name.as_deref().or(args.channel.as_deref());
    let requests = block_on(async {
        let mut talk = Talk::begin(context, &args.reach).await?;
        pending(&mut talk, channel, args.account.as_deref()).await
    })?;
    if args.json {
        let requests: Vec<_> = requests.iter().map(as_json).collect();
        output::print_json(&json!({"channel": channel, "requests": requests}));
        return Ok(ExitCode::SUCCESS);
    }
    if requests.is_empty() {
        output::print_shown(&match channel {
            Some(channel) => format!("No pending {channel} pairing requests."),
            None => "No pending pairing requests.".to_owned(),
        });
        return Ok(ExitCode::SUCCESS);
    }
    let mut lines = vec![format!("Pairing requests ({})", requests.len())];
    lines.extend(requests.iter().map(|request| {
        let text = |key: &str| request.text(key);
        format!(
            "  {}  {} {}  {}  \"{}\"",
            text("code"),
            text("channel"),
            text("accountId"),
            text("senderId"),
            text("senderLabel").replace('"', "'"),
        )
    }));
    lines.push("To let one in: openclaw pairing approve CHANNEL CODE".to_owned());
    output::print_shown(&lines.join("\n"));
    Ok(ExitCode::SUCCESS)
}

/// A request in OpenClaw's shape.
fn as_json(request: &Value) -> Value {
    let time = |key: &str| {
        let ms = request.field(key).as_i64()?;
        Timestamp::from_millisecond(ms).ok().map(|time| time.to_string())
    };
    json!({
        "id": request.field("senderId"),
        "code": request.field("code"),
        "createdAt": time("createdAt"),
        "lastSeenAt": time("lastSeenAt"),
        "meta": {"channel": request.field("channel"), "accountId": request.field("accountId"), "name": request.field("senderLabel")},
    })
}

async fn pending(
    talk: &mut Talk,
    channel: Option<&str>,
    account: Option<&str>,
) -> Result<Vec<Value>, Failure> {
    let mut params = Map::new();
    for (key, value) in [("channel", channel), ("accountId", account)] {
        if let Some(value) = value {
            params.insert(key.to_owned(), json!(value));
        }
    }
    let found = talk.call("channels.pairing.list", Value::Object(params)).await?;
    Ok(found.elements("requests").cloned().collect())
}

fn approve(context: &Context, args: &PairingApprove) -> Result<ExitCode, Failure> {
    let (channel, code) = match (args.words.as_slice(), &args.channel) {
        ([channel, code], None) => (Some(channel.as_str()), code),
        ([code], channel) => (channel.as_deref(), code),
        _ => {
            return Err(Failure::negative(
                "name the channel once: openclaw pairing approve CHANNEL CODE",
            ));
        }
    };
    let code = code.trim().to_ascii_uppercase();
    let (request, done) = block_on(async {
        let mut talk = Talk::begin(context, &args.reach).await?;
        let requests = pending(&mut talk, channel, args.account.as_deref()).await?;
        let mut fitting = requests
            .into_iter()
            .filter(|request| request.text("code") == code);
        let request = match (fitting.next(), fitting.next()) {
            (Some(request), None) => request,
            (Some(_), Some(_)) => {
                return Err(Failure::negative(
                    "that code is used by more than one account: name the channel and --account",
                ));
            }
            (None, _) => {
                return Err(Failure::negative(format!(
                    "no pending pairing request has the code {}. Codes are good for an hour; openclaw pairing list shows \
                     those that wait.",
                    code.escape_debug()
                )));
            }
        };
        let params = json!({
            "channel": request.field("channel"),
            "accountId": request.field("accountId"),
            "requestId": request.field("requestId"),
            "notify": args.notify,
            "bootstrapCommandOwner": true,
        });
        let done = talk.call("channels.pairing.approve", params).await?;
        Ok((request, done))
    })?;
    if args.json {
        output::print_json(&done);
        return Ok(ExitCode::SUCCESS);
    }
    let text = |key: &str| request.text(key);
    let mut told = format!("{} may write on {} now.", text("senderId"), text("channel"));
    match done.field("notification").as_str() {
        Some("sent") => told += " They were told.",
        Some("failed") => told += " They could not be told.",
        _ => {}
    }
    match done.text("commandOwnerBootstrap") {
        "configured" => {
            told +=
                " They are the first, so they are the owner: commands.ownerAllowFrom in the config has them.";
        }
        "unavailable" => told += " They are not the owner: the config cannot be written.",
        _ => {}
    }
    output::print_shown(&told);
    Ok(ExitCode::SUCCESS)
}
