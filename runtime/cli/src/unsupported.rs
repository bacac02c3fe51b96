//! OpenClaw's commands and flags that this build does not have: known, and refused by name.

use std::ffi::OsString;

use crate::args::Invocation;
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
    "sandbox",
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
    Ok(())
}

/// Why words that begin no verb of `plugins` are refused.
pub(crate) fn plugins_verb(words: &[OsString]) -> Failure {
    let word = first(words);
    if PLUGIN_VERBS.contains(&word.as_str()) {
        return Failure::NotInThisBuild(format!(
            "the command \"plugins {word}\" is not in this build. Try: openclaw plugins --help"
        ));
    }
    Failure::negative(format!(
        "unknown command 'plugins {}'. Try: openclaw plugins --help",
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
