//! OpenClaw's commands and flags that this build does not have: known, and refused by name.

use std::ffi::OsString;

use crate::args::{Command, Invocation};
use crate::failure::Failure;

/// OpenClaw's commands besides those of this build.
const COMMANDS: &[&str] = &[
    "acp",
    "agents",
    "attach",
    "audit",
    "automations",
    "backup",
    "browser",
    "capability",
    "chat",
    "claws",
    "clawbot",
    "commitments",
    "configure",
    "connect",
    "cron",
    "daemon",
    "database",
    "directory",
    "dns",
    "docs",
    "doctor",
    "exec-policy",
    "fleet",
    "flows",
    "hooks",
    "infer",
    "mcp",
    "memory",
    "message",
    "migrate",
    "models",
    "node",
    "nodes",
    "promos",
    "proxy",
    "qr",
    "reset",
    "resume",
    "security",
    "sessions",
    "setup",
    "skills",
    "system",
    "tasks",
    "telemetry",
    "terminal",
    "transcripts",
    "triage",
    "tui",
    "uninstall",
    "update",
    "users",
    "voicecall",
    "webhooks",
    "wiki",
    "worker",
    "worktrees",
];

/// OpenClaw's verbs of `approvals` besides those of this build.
const APPROVAL_VERBS: &[&str] = &["grants"];

/// OpenClaw's verbs of `plugins` besides those of this build.
const PLUGIN_VERBS: &[&str] = &[
    "build",
    "disable",
    "doctor",
    "enable",
    "init",
    "marketplace",
    "pack",
    "registry",
    "reload",
    "search",
    "update",
    "validate",
];

/// Refuses the flags that this build does not have.
pub(crate) fn check(invocation: &Invocation) -> Result<(), Failure> {
    let global = &invocation.global;
    if global.container.is_some() {
        return Err(Failure::NotInThisBuild(
            "--container is not in this build; run openclaw inside the container".into(),
        ));
    }
    if global.update {
        return Err(Failure::NotInThisBuild(
            "--update is not in this build; install a newer one in its place".into(),
        ));
    }
    if let Some(Command::Sandbox(sandbox)) = &invocation.command
        && sandbox.browser
    {
        return Err(Failure::NotInThisBuild(
            "--browser is not in this build; no sandbox has a browser".into(),
        ));
    }
    Ok(())
}

/// Why `approvals --node` is refused.
pub(crate) fn node() -> Failure {
    Failure::NotInThisBuild(
        "--node is not in this build; commands run on the gateway's machine or in a sandbox".into(),
    )
}

/// Why words that begin no verb of `approvals` are refused.
pub(crate) fn approvals_verb(words: &[OsString]) -> Failure {
    verb("approvals", APPROVAL_VERBS, words)
}

/// Why words that begin no verb of `plugins` are refused.
pub(crate) fn plugins_verb(words: &[OsString]) -> Failure {
    verb("plugins", PLUGIN_VERBS, words)
}

fn verb(of: &str, missing: &[&str], words: &[OsString]) -> Failure {
    let word = first(words);
    if missing.contains(&word.as_str()) {
        return Failure::NotInThisBuild(format!(
            "the command \"{of} {word}\" is not in this build. Try: openclaw {of} --help"
        ));
    }
    Failure::negative(format!(
        "unknown command '{of} {}'. Try: openclaw {of} --help",
        word.escape_debug()
    ))
}

fn first(words: &[OsString]) -> String {
    words
        .first()
        .map(|word| word.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Why words that begin no command of this build are refused.
pub(crate) fn command(words: &[OsString]) -> Failure {
    let word = first(words);
    if COMMANDS.contains(&word.as_str()) {
        return Failure::NotInThisBuild(format!(
            "the command \"{word}\" is not in this build. Try: openclaw --help"
        ));
    }
    // A word that nobody knows may hold anything, so it is shown escaped.
    Failure::negative(format!(
        "unknown command '{}'. Try: openclaw --help",
        word.escape_debug()
    ))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn names(command: &clap::Command) -> Vec<String> {
        command
            .get_subcommands()
            .flat_map(|one| std::iter::once(one.get_name()).chain(one.get_all_aliases()))
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn nothing_that_is_there_is_said_to_be_missing() {
        let program = Invocation::command();
        let verbs = |of: &str| names(program.find_subcommand(of).unwrap());
        for (there, missing) in [
            (names(&program), COMMANDS),
            (verbs("approvals"), APPROVAL_VERBS),
            (verbs("plugins"), PLUGIN_VERBS),
        ] {
            let both: Vec<_> = there
                .iter()
                .filter(|name| missing.contains(&name.as_str()))
                .collect();
            assert!(both.is_empty(), "{both:?}");
        }
    }
}
