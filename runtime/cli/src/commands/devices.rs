//! `openclaw devices`: who may connect besides those that hold the shared secret.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::gateway::block_on;
use crate::args::{Asked, DevicesApprove, DevicesCommand, DevicesOne};
use crate::context::Context;
use crate::failure::Failure;
use crate::fields::Fields as _;
use crate::gateway_client::Talk;
use crate::output;

/// Does what was asked for.
pub(crate) fn run(context: &Context, command: DevicesCommand) -> Result<ExitCode, Failure> {
    match command {
        DevicesCommand::List(args) => list(context, &args),
        DevicesCommand::Approve(args) => approve(context, &args),
        DevicesCommand::Reject(args) => {
            let params = json!({ "requestId": args.id });
            decide(context, &args, "device.pair.reject", params, "Turned down")
        }
        DevicesCommand::Remove(args) => {
            let params = json!({ "deviceId": args.id });
            decide(context, &args, "device.pair.remove", params, "Taken away")
        }
    }
}

fn decide(
    context: &Context,
    args: &DevicesOne,
    method: &str,
    params: Value,
    done: &str,
) -> Result<ExitCode, Failure> {
    let answer = block_on(async {
        Talk::begin(context, &args.reach)
            .await?
            .call(method, params)
            .await
    })?;
    match args.json {
        true => output::print_json(&answer),
        false => output::print_shown(&format!("{done}: {}", answer.text("deviceId"))),
    }
    Ok(ExitCode::SUCCESS)
}

fn list(context: &Context, args: &Asked) -> Result<ExitCode, Failure> {
    let found = block_on(async {
        let mut talk = Talk::begin(context, &args.reach).await?;
        talk.call("device.pair.list", json!({})).await
    })?;
    if args.json {
        output::print_json(&found);
        return Ok(ExitCode::SUCCESS);
    }
    let mut lines = Vec::new();
    for (title, key, id) in [
        ("Pending", "pending", "requestId"),
        ("Paired", "paired", "deviceId"),
    ] {
        let entries: Vec<_> = found.elements(key).collect();
        if !entries.is_empty() {
            lines.push(format!("{title} ({})", entries.len()));
            lines.extend(entries.into_iter().map(|entry| format!("  {}", tell(entry, id))));
        }
    }
    match lines.is_empty() {
        true => output::print("No device is paired, and none asks to be."),
        false => output::print_shown(&lines.join("\n")),
    }
    Ok(ExitCode::SUCCESS)
}

/// A device in one line, first what commands name it by.
fn tell(device: &Value, id: &str) -> String {
    let text = |key: &str| device.field(key).as_str();
    let name = text("label")
        .or(text("displayName"))
        .or(text("clientId"))
        .unwrap_or("unnamed");
    let mut parts = vec![
        text(id).unwrap_or_default().to_owned(),
        format!("\"{}\"", name.replace('"', "'")),
    ];
    parts.extend(text("platform").map(str::to_owned));
    let scopes: Vec<_> = device.elements("scopes").filter_map(Value::as_str).collect();
    if !scopes.is_empty() {
        parts.push(scopes.join(","));
    }
    parts.extend(text("remoteIp").map(|address| format!("from {address}")));
    parts.join("  ")
}

fn approve(context: &Context, args: &DevicesApprove) -> Result<ExitCode, Failure> {
    let done = block_on(async {
        let mut talk = Talk::begin(context, &args.reach).await?;
        if let Some(request) = &args.request {
            return talk
                .call("device.pair.approve", json!({"requestId": request}))
                .await;
        }
        let found = talk.call("device.pair.list", json!({})).await?;
        let pending = found.field("pending").as_array().cloned().unwrap_or_default();
        let newest = pending.iter().max_by_key(|entry| entry.field("ts").as_i64());
        // What nobody has looked at is not let in: the person sees it first and then names it.
        Err(Failure::negative(match newest {
            None => "No device asks to be paired.".to_owned(),
            Some(newest) => format!(
                "This one asked last:\n  {}\nTo let it in: openclaw devices approve {}",
                tell(newest, "requestId"),
                newest.text("requestId")
            ),
        }))
    })?;
    match args.json {
        true => output::print_json(&done),
        false => output::print_shown(&format!("Let in: {}", tell(done.field("device"), "deviceId"))),
    }
    Ok(ExitCode::SUCCESS)
}
