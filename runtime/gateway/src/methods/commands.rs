//! `commands.list`: what people may order by message.

use openclaw_protocol::scope::Scope;
use openclaw_protocol::shape::{Field, Kind, Object, TEXT};
use serde::Serialize;
use serde_json::{Value, json};

use crate::method::{Method, Payload};

/// The methods of this family.
pub(crate) const METHODS: &[Method] = &[Method {
    name: "commands.list",
    scope: Some(Scope::Read),
    run: |_, _, params| {
        Box::pin(async move {
            params.read::<Value>(&SHAPE)?;
            Ok(Payload::from(json!({ "commands": COMMANDS })))
        })
    },
}];

const SHAPE: Object = Object::closed(&[
    Field::optional("sessionKey", TEXT),
    Field::optional("agentId", TEXT),
    Field::optional("provider", TEXT),
    Field::optional("scope", Kind::OneOf(&["text", "native", "both"])),
    Field::optional("includeArgs", Kind::Bool),
]);

/// A command.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Command {
    name: &'static str,
    native_name: &'static str,
    text_aliases: &'static [&'static str],
    description: &'static str,
    category: &'static str,
    source: &'static str,
    scope: &'static str,
    accepts_args: bool,
}

const fn command(
    name: &'static str,
    text_aliases: &'static [&'static str],
    description: &'static str,
    category: &'static str,
    accepts_args: bool,
) -> Command {
    Command {
        name,
        native_name: name,
        text_aliases,
        description,
        category,
        source: "native",
        scope: "both",
        accepts_args,
    }
}

/// Those that turns obey.
pub(crate) const COMMANDS: [Command; 6] = [
    command("help", &["/help"], "List the commands.", "status", false),
    command(
        "status",
        &["/status"],
        "Tell how this conversation stands.",
        "status",
        false,
    ),
    command(
        "whoami",
        &["/whoami", "/id"],
        "Tell by which id you are known.",
        "status",
        false,
    ),
    command(
        "stop",
        &["/stop"],
        "Stop what the agent is doing.",
        "session",
        false,
    ),
    command(
        "reset",
        &["/reset"],
        "Begin this conversation anew.",
        "session",
        true,
    ),
    command("new", &["/new"], "Begin a new conversation.", "session", true),
];
