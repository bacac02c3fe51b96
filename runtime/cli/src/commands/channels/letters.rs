//! `openclaw channels dead-letters` and `openclaw channels parked`: what did not get through.

use std::process::ExitCode;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::args::{Asked, LettersCommand, Numbered, ParkedCommand, Reach};
use crate::commands::gateway::block_on;
use crate::context::Context;
use crate::failure::Failure;
use crate::fields::Fields as _;
use crate::gateway_client::Talk;
use crate::output;

/// What is said of messages that may or may not have arrived.
const NO_LETTERS: &str = "No message waits for a decision.";
const NO_EVENTS: &str = "No event was set aside.";

/// Messages that were not sent, or of which nobody knows.
pub(super) fn run_letters(context: &Context, command: LettersCommand) -> Result<ExitCode, Failure> {
    match command {
        LettersCommand::List(args) => list(
            context,
            &args,
            "channels.deadLetters.list",
            "deadLetters",
            NO_LETTERS,
        ),
        LettersCommand::Resubmit(args) => {
            decide(context, &args, "channels.deadLetters.resubmit", "goes out again")
        }
        LettersCommand::Drop(args) => decide(context, &args, "channels.deadLetters.drop", "is gone"),
    }
}

/// Events that an adapter could not deal with.
pub(super) fn run_parked(context: &Context, command: ParkedCommand) -> Result<ExitCode, Failure> {
    match command {
        ParkedCommand::List(args) => list(context, &args, "channels.parked.list", "parked", NO_EVENTS),
        ParkedCommand::Replay(args) => decide(context, &args, "channels.parked.replay", "was dealt with"),
    }
}

fn ask(context: &Context, reach: &Reach, method: &str, params: Value) -> Result<Value, Failure> {
    block_on(async { Talk::begin(context, reach).await?.call(method, params).await })
}

fn list(
    context: &Context,
    args: &Asked,
    method: &str,
    key: &str,
    nothing: &str,
) -> Result<ExitCode, Failure> {
    let found = ask(context, &args.reach, method, json!({}))?;
    if args.json {
        output::print_json(&found);
        return Ok(ExitCode::SUCCESS);
    }
    let lines: Vec<_> = found.elements(key).map(tell).collect();
    match lines.is_empty() {
        true => output::print(nothing),
        false => output::print_shown(&lines.join("\n")),
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(entry: &Value) -> String {
    let since = entry.field("since").as_i64().unwrap_or_default();
    let since = Timestamp::from_millisecond(since).map(|time| time.strftime("%F %T").to_string());
    let what = match entry.text("event") {
        "" => format!("{} to {}", entry.text("kind"), entry.text("to")),
        event => format!("event {event}, tried {} times", entry.field("attempts")),
    };
    format!(
        "{}  {}  {} {}  {what}\n    {}",
        entry.field("id"),
        since.unwrap_or_default(),
        entry.text("channel"),
        entry.text("accountId"),
        entry.text("error"),
    )
}

fn decide(context: &Context, args: &Numbered, method: &str, done: &str) -> Result<ExitCode, Failure> {
    let answer = ask(context, &args.reach, method, json!({ "id": args.id }))?;
    match args.json {
        true => output::print_json(&answer),
        false => output::print(&format!("{} {done}.", args.id)),
    }
    Ok(ExitCode::SUCCESS)
}
