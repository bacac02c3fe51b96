//! What is said of a command: to the model in words, to programs in fields.

use openclaw_sandbox::End;
use openclaw_sandbox::jobs::{Glance, Job, TAIL_CHARS};
use serde_json::{Map, Value, json};

use super::gate::Waiting;
use crate::clock::iso;
use crate::tools::ToolOutput;

/// How much of what a command printed programs are given, in characters, from its end. The conversation keeps it beside
/// what the model reads.
const DETAILS_CHARS: usize = 30_000;
/// How much of it stands in a note.
pub(crate) const NOTE_CHARS: usize = 400;

/// The last characters of a text.
pub(crate) fn tail_of(text: &str, chars: usize) -> &str {
    match chars
        .checked_sub(1)
        .and_then(|at| text.char_indices().rev().nth(at))
    {
        Some((at, _)) => text.get(at..).unwrap_or_default(),
        None if chars == 0 => "",
        None => text,
    }
}

/// How a job ended, in a few words; none for success.
pub(crate) fn ending(glance: &Glance) -> Option<String> {
    let seconds = glance.runtime.as_secs();
    Some(match &glance.end {
        _ if glance.timed_out => format!("killed after {seconds} s, because its time was up (timeout)"),
        Some(End::Code(0)) => return None,
        Some(End::Code(code)) => format!("exit code {code}"),
        _ if glance.was_killed => "killed".to_owned(),
        Some(End::Signal(signal)) => format!("ended by {signal}"),
        Some(End::Stopped) | None => "stopped".to_owned(),
        Some(End::Broken(why)) => why.clone(),
    })
}

/// What programs are told of how a job ended.
pub(crate) fn end_fields(glance: &Glance, output: &str) -> Map<String, Value> {
    let kept = tail_of(output, DETAILS_CHARS);
    let mut fields = Map::from_iter([
        ("status".to_owned(), json!(glance.status())),
        ("exitCode".to_owned(), json!(glance.code())),
        ("durationMs".to_owned(), json!(millis(glance))),
        ("aggregated".to_owned(), json!(kept)),
        ("cwd".to_owned(), json!(glance.folder)),
    ]);
    if glance.is_cut || kept.len() < output.len() {
        fields.insert("truncated".to_owned(), json!(true));
    }
    if let Some(signal) = glance.signal() {
        fields.insert("exitSignal".to_owned(), json!(signal));
    }
    if glance.timed_out {
        fields.insert("timedOut".to_owned(), json!(true));
    }
    let reason = match &glance.end {
        Some(End::Broken(why)) => Some(why.as_str()),
        Some(End::Stopped | End::Signal(_)) if glance.was_killed => Some("killed"),
        _ => None,
    };
    if let Some(reason) = reason {
        fields.insert("exitReason".to_owned(), json!(reason));
    }
    fields
}

pub(crate) fn millis(glance: &Glance) -> u64 {
    u64::try_from(glance.runtime.as_millis()).unwrap_or(u64::MAX)
}

/// A command has ended. `left_over`: something that it started still prints, and whether that is a job now.
pub(super) fn ended(
    glance: &Glance,
    output: &str,
    warnings: &[String],
    left_over: Option<bool>,
) -> ToolOutput {
    let mut text = warnings
        .iter()
        .map(|warning| format!("{warning}\n"))
        .collect::<String>();
    if glance.is_cut {
        let lost = glance.total_chars.saturating_sub(output.chars().count() as u64);
        text.push_str(&format!("[… the first {lost} characters are not kept …]\n"));
    }
    let printed = output.trim_end();
    text.push_str(if printed.is_empty() {
        "(no output)"
    } else {
        printed
    });
    if let Some(ending) = ending(glance) {
        text.push_str(&format!("\n\n({ending})"));
    }
    // What still prints does not make the command itself unfinished.
    let glance = Glance {
        ended_ms: glance.ended_ms.or(Some(glance.started_ms)),
        ..glance.clone()
    };
    let mut details = end_fields(&glance, output);
    match left_over {
        Some(true) => {
            text.push_str(&format!(
                "\n\n(What it started still runs, as session {}; process looks after it.)",
                glance.id
            ));
            details.insert("sessionId".to_owned(), json!(glance.id));
        }
        Some(false) => text.push_str(
            "\n\n(What it started and still printed was ended with it; have it print to a file to outlive the call.)",
        ),
        None => {}
    }
    ToolOutput {
        is_error: glance.status() == "failed",
        ..ToolOutput::ok(text).with(Value::Object(details))
    }
}

/// A command goes on in the background.
pub(super) fn running(job: &Job, warnings: &[String]) -> ToolOutput {
    let glance = job.glance();
    let pid = glance
        .pid
        .map_or_else(|| "none".to_owned(), |pid| pid.to_string());
    let mut text = warnings
        .iter()
        .map(|warning| format!("{warning}\n"))
        .collect::<String>();
    text.push_str(&format!(
        "Command still running (session {}, pid {pid}). process looks after it: poll, log, write, send-keys, kill.",
        glance.id
    ));
    let (pending, lost) = job.drain();
    let shown = tail_of(&pending, TAIL_CHARS);
    if !shown.trim().is_empty() {
        let hidden = lost + (pending.chars().count() - shown.chars().count()) as u64;
        let about = match hidden {
            0 => "It has printed so far:".to_owned(),
            hidden => format!(
                "The end of what it has printed so far ({hidden} characters before it are in the log):"
            ),
        };
        text.push_str(&format!("\n{about}\n{}", shown.trim_end()));
    }
    ToolOutput::ok(text).with(json!({
        "status": "running", "sessionId": glance.id, "pid": glance.pid, "startedAt": glance.started_ms,
        "cwd": glance.folder, "tail": glance.tail,
    }))
}

/// A command could not be started.
pub(super) fn not_started(why: &str) -> ToolOutput {
    ToolOutput::failed(format!("The command was not run: {why}.")).with(json!({
        "status": "failed", "exitCode": null, "durationMs": 0, "aggregated": "", "error": why,
    }))
}

/// Somebody is asked about a command.
pub(super) fn pending(
    waiting: &Waiting,
    host: &str,
    command: &str,
    folder: &str,
    warnings: &[String],
) -> ToolOutput {
    let mut text: String = warnings.iter().map(|warning| format!("{warning}\n\n")).collect();
    text += &format!(
        "The command waits for a nod (id {id}, until {}). It is run when somebody nods, and what comes of it is told in \
         this conversation: do not ask for it again. An owner answers with `/approve {id} allow-once`, or with \
         allow-always or deny in the place of allow-once.",
        iso(waiting.expires_ms),
        id = waiting.slug,
    );
    ToolOutput::ok(text).with(json!({
        "status": "approval-pending", "approvalId": waiting.id, "approvalSlug": waiting.slug,
        "expiresAtMs": waiting.expires_ms, "host": host, "command": command, "cwd": folder,
    }))
}

/// Somebody would have to be asked about a command, and nobody can be.
pub(super) fn unavailable(why: &str, host: &str, command: &str, folder: &str) -> ToolOutput {
    ToolOutput::failed(format!("The command was not run: {why}.")).with(json!({
        "status": "approval-unavailable", "reason": why, "host": host, "command": command, "cwd": folder,
    }))
}

/// That a job has ended, for a note.
pub(crate) fn summary(glance: &Glance, chars: usize) -> String {
    let how = ending(glance).unwrap_or_else(|| "exit code 0".to_owned());
    let tail = tail_of(&glance.tail, chars).trim();
    match tail {
        "" => format!("Exec finished ({}, {how})", glance.id),
        tail => format!("Exec finished ({}, {how}): {tail}", glance.id),
    }
}
