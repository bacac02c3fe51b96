//! `commands.list`: what people may order by message.

use serde::Serialize;

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
    command("status", &["/status"], "Tell how this conversation stands.", "status", false),
    command("whoami", &["/whoami", "/id"], "Tell by which id you are known.", "status", false),
    command("stop", &["/stop"], "Stop what the agent is doing.", "session", false),
    command("reset", &["/reset"], "Begin this conversation anew.", "session", true),
    command("new", &["/new"], "Begin a new conversation.", "session", true),
];
