//! `process`: look after commands that go on in the background.
//!
//! **Promise.** An agent reaches its own jobs and no others. Reading what a job printed is told once by `poll` and as
//! often as wanted by `log`. **Bound.** [`PATIENCE`] for a poll, [`ENDING`] for a kill.

use std::fmt::Write as _;
use std::time::Duration;

use openclaw_sandbox::jobs::{Glance, Job, Jobs, Unheard, from_hex, lines};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use super::ToolOutput;
use super::exec::{Bench, end_fields, ending, millis};

pub(super) const ABOUT: &str = "Look after commands that exec left in the background. list them, poll for news, read \
the log, write to them, send keys to their terminal, kill them.";

/// The longest that a poll waits.
const PATIENCE: u64 = 120_000;
/// How long a kill is waited for.
const ENDING: Duration = Duration::from_secs(20);
/// How much of a command is its name in a list, in characters.
const NAME_CHARS: usize = 48;

pub(super) fn parameters() -> Value {
    json!({
        "type": "object",
        "properties": {
            "action": {
                "type": "string",
                "enum": ["list", "poll", "log", "write", "send-keys", "submit", "paste", "kill", "clear", "remove"],
                "description": "What to do",
            },
            "sessionId": {"type": "string", "description": "The job, by the name that exec gave it; not for list"},
            "data": {"type": "string", "description": "write: what is written"},
            "eof": {"type": "boolean", "description": "write: close its input afterwards"},
            "keys": {
                "type": "array", "items": {"type": "string"},
                "description": "send-keys: names such as Enter, C-c, Up, Escape, M-x, F5",
            },
            "hex": {
                "type": "array", "items": {"type": "string"},
                "description": "send-keys: bytes in hexadecimal digits",
            },
            "literal": {"type": "string", "description": "send-keys: text as it is"},
            "text": {"type": "string", "description": "paste: what is pasted"},
            "bracketed": {"type": "boolean", "description": "paste: mark it as pasted (true)"},
            "offset": {"type": "number", "description": "log: the first line, from 0"},
            "limit": {"type": "number", "description": "log: how many lines"},
            "timeout": {"type": "number", "description": "poll: how long to wait for news, in milliseconds"},
        },
        "required": ["action"],
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Asked {
    action: String,
    session_id: Option<String>,
    data: Option<String>,
    eof: Option<bool>,
    keys: Option<Vec<String>>,
    hex: Option<Vec<String>>,
    literal: Option<String>,
    text: Option<String>,
    bracketed: Option<bool>,
    offset: Option<f64>,
    limit: Option<f64>,
    timeout: Option<f64>,
}

pub(super) async fn call(bench: &Bench, arguments: &Value) -> ToolOutput {
    let asked = match Asked::deserialize(arguments) {
        Ok(asked) => asked,
        Err(error) => {
            return failed(&format!(
                "The arguments of process are not as they should be: {error}."
            ));
        }
    };
    let (jobs, viewer) = (&bench.jobs, bench.viewer());
    if asked.action == "list" {
        return list(&jobs.list(&viewer));
    }
    let Some(id) = asked.session_id.as_deref() else {
        return failed("sessionId is missing; it is the name that exec gave the job, and list names all.");
    };
    let Some(job) = jobs.find(&viewer, id) else {
        return failed(&format!("There is no job {id}; list names those that there are."));
    };
    match asked.action.as_str() {
        "poll" => poll(&job, asked.timeout).await,
        "log" => log(&job, asked.offset, asked.limit),
        "write" => write(&job, &asked).await,
        "send-keys" => send_keys(&job, &asked).await,
        // A program without a terminal reads lines, which end otherwise.
        "submit" => {
            send(
                &job,
                if job.glance().has_terminal { "\r" } else { "\n" },
                "Submitted",
            )
            .await
        }
        "paste" => paste(&job, &asked).await,
        "kill" => kill(&job).await,
        "clear" => clear(jobs, &job),
        "remove" => remove(jobs, &job).await,
        other => failed(&format!(
            "action is one of list, poll, log, write, send-keys, submit, paste, kill, clear and remove, and not {other}."
        )),
    }
}

fn failed(why: &str) -> ToolOutput {
    ToolOutput::failed(why).with(json!({"status": "failed", "error": why}))
}

fn done(text: String, status: &str, job: &Job) -> ToolOutput {
    ToolOutput::ok(text).with(json!({"status": status, "sessionId": job.id()}))
}

/// A number that counts something.
fn count(number: Option<f64>) -> Option<usize> {
    let number = number.filter(|number| number.is_finite() && *number >= 0.0)?;
    Some(format!("{:.0}", number.floor()).parse().unwrap_or(usize::MAX))
}

fn list(all: &[Glance]) -> ToolOutput {
    let mut text = String::new();
    for job in all {
        let how = match ending(job).filter(|_| !job.is_running()) {
            Some(how) => format!("{}, {how}", job.status()),
            None => job.status().to_owned(),
        };
        let _ = writeln!(
            text,
            "{} ({how}, {}): {}",
            job.id,
            spell(job.runtime),
            name_of(&job.command)
        );
    }
    if text.is_empty() {
        text.push_str("No command runs in the background, and none has lately.");
    }
    let sessions: Vec<_> = all.iter().map(fields).collect();
    ToolOutput::ok(text.trim_end()).with(json!({"status": "completed", "sessions": sessions}))
}

fn fields(job: &Glance) -> Value {
    let mut fields = Map::from_iter([
        ("sessionId".to_owned(), json!(job.id)),
        ("name".to_owned(), json!(name_of(&job.command))),
        ("status".to_owned(), json!(job.status())),
        ("startedAt".to_owned(), json!(job.started_ms)),
        ("runtimeMs".to_owned(), json!(millis(job))),
        ("cwd".to_owned(), json!(job.folder)),
        ("command".to_owned(), json!(job.command)),
        ("tail".to_owned(), json!(job.tail)),
        ("truncated".to_owned(), json!(job.is_cut)),
    ]);
    let more = [
        ("pid", job.pid.map(|pid| json!(pid))),
        ("endedAt", job.ended_ms.map(|ended| json!(ended))),
        ("exitCode", job.code().map(|code| json!(code))),
        ("exitSignal", job.signal().map(|signal| json!(signal))),
    ];
    for (name, value) in more {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    }
    Value::Object(fields)
}

/// The first line of a command, as a name.
fn name_of(command: &str) -> String {
    let line = command.trim().lines().next().unwrap_or_default();
    let name: String = line.chars().take(NAME_CHARS).collect();
    match name.len() < command.trim().len() {
        true => format!("{name}…"),
        false => name,
    }
}

fn spell(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

async fn poll(job: &Job, patience: Option<f64>) -> ToolOutput {
    let patience = count(patience)
        .and_then(|ms| u64::try_from(ms).ok())
        .unwrap_or_default();
    if patience > 0 {
        job.news(Duration::from_millis(patience.min(PATIENCE))).await;
    }
    // In this order, so that what comes in between is told with the next poll.
    let glance = job.glance();
    let (news, lost) = job.drain();
    let mut text = String::new();
    if lost > 0 {
        let _ = writeln!(text, "[… {lost} characters before this are in the log …]");
    }
    let has_news = !news.is_empty();
    text.push_str(if has_news {
        news.trim_end()
    } else {
        "(no new output)"
    });
    if !glance.is_running() {
        let how = ending(&glance).unwrap_or_else(|| "exit code 0".to_owned());
        let _ = write!(text, "\n\n(Ended: {how}.)");
        let mut details = end_fields(&glance, &job.output());
        details.insert("sessionId".to_owned(), json!(glance.id));
        details.insert("timedOut".to_owned(), json!(glance.timed_out));
        return ToolOutput::ok(text).with(Value::Object(details));
    }
    let waits = job.waits_for_input();
    text.push_str(match (&glance.end, waits) {
        (Some(_), _) => "\n\n(The command itself has ended; what it started still runs.)",
        (None, true) => "\n\n(Still running. It has been silent for a while and may wait for input.)",
        (None, false) => "\n\n(Still running.)",
    });
    let retry = job.note_poll(has_news);
    let output = job.output();
    let mut details = end_fields(&glance, &output);
    for ended in ["exitCode", "durationMs", "cwd"] {
        details.remove(ended);
    }
    let more = [
        ("sessionId", json!(glance.id)),
        ("stdinWritable", json!(job.takes_input())),
        ("waitingForInput", json!(waits)),
        (
            "idleMs",
            json!(u64::try_from(glance.idle.as_millis()).unwrap_or(u64::MAX)),
        ),
    ];
    details.extend(more.map(|(name, value)| (name.to_owned(), value)));
    if let Some(retry) = retry {
        let ms = u64::try_from(retry.as_millis()).unwrap_or(u64::MAX);
        details.insert("retryInMs".to_owned(), json!(ms));
        let _ = write!(text, " Ask again in {} s.", retry.as_secs());
    }
    ToolOutput::ok(text).with(Value::Object(details))
}

fn log(job: &Job, offset: Option<f64>, limit: Option<f64>) -> ToolOutput {
    let (glance, output) = (job.glance(), job.output());
    let (offset, limit) = (count(offset), count(limit));
    let shown = lines(&output, offset, limit);
    let mut text = match shown.text.is_empty() {
        true => "(no output)".to_owned(),
        false => shown.text.clone(),
    };
    if shown.shown < shown.total {
        let _ = write!(
            text,
            "\n\n[Lines {} to {} of {}; offset and limit show others.]",
            shown.first,
            (shown.first + shown.shown).saturating_sub(1),
            shown.total
        );
    }
    ToolOutput::ok(text).with(json!({
        "status": glance.status(), "sessionId": glance.id, "output": shown.text, "total": shown.total,
        "totalLines": shown.total, "totalChars": glance.total_chars, "truncated": glance.is_cut,
    }))
}

async fn write(job: &Job, asked: &Asked) -> ToolOutput {
    let data = asked.data.clone().unwrap_or_default();
    let closes = asked.eof.unwrap_or_default();
    if data.is_empty() && !closes {
        return failed("data is missing; it is the text that is written.");
    }
    let bytes = data.len();
    let mut told = Ok(());
    if !data.is_empty() {
        told = job.write(data).await;
    }
    if closes && told.is_ok() {
        told = job.close_input().await;
    }
    match told {
        Ok(()) if closes => done(
            format!("Wrote {bytes} bytes to {} and closed its input.", job.id()),
            "running",
            job,
        ),
        Ok(()) => done(format!("Wrote {bytes} bytes to {}.", job.id()), "running", job),
        Err(error) => unheard(job, error),
    }
}

async fn send_keys(job: &Job, asked: &Asked) -> ToolOutput {
    let mut bytes = asked.literal.clone().unwrap_or_default().into_bytes();
    for hex in asked.hex.iter().flatten() {
        match from_hex(hex) {
            Some(more) => bytes.extend(more),
            None => {
                return failed(&format!(
                    "{hex} is not written in hexadecimal digits; nothing was sent."
                ));
            }
        }
    }
    for key in asked.keys.iter().flatten() {
        match job.key(key) {
            Some(more) => bytes.extend(more),
            None => {
                return failed(&format!(
                    "There is no key {key}; nothing was sent. Keys are single characters, names such as Enter, Tab, \
                     Escape, Up, PageDown, F1, and these with C-, M- or S- before them; literal sends text."
                ));
            }
        }
    }
    if bytes.is_empty() {
        return failed("keys, hex and literal are missing; one of them says what is sent.");
    }
    send(job, bytes, "Sent").await
}

async fn paste(job: &Job, asked: &Asked) -> ToolOutput {
    let text = asked
        .text
        .as_deref()
        .or(asked.data.as_deref())
        .unwrap_or_default();
    if text.is_empty() {
        return failed("text is missing; it is what is pasted.");
    }
    // The end of the mark inside of the text would let the rest pass for typed.
    let text = text.replace("\x1b[201~", "");
    match asked.bracketed.unwrap_or(true) {
        true => send(job, format!("\x1b[200~{text}\x1b[201~"), "Pasted").await,
        false => send(job, text, "Pasted").await,
    }
}

async fn send(job: &Job, bytes: impl Into<Vec<u8>>, did: &str) -> ToolOutput {
    let bytes = bytes.into();
    let count = bytes.len();
    match job.write(bytes).await {
        Ok(()) => {
            let mut text = format!("{did} {count} bytes to {}.", job.id());
            if !job.glance().has_terminal {
                text.push_str(" It has no terminal, so that keys mean nothing to it beside their bytes.");
            }
            done(text, "running", job)
        }
        Err(error) => unheard(job, error),
    }
}

fn unheard(job: &Job, error: Unheard) -> ToolOutput {
    failed(&format!("Nothing can be written to {}: {error}.", job.id()))
}

async fn kill(job: &Job) -> ToolOutput {
    if !job.glance().is_running() {
        return failed(&format!("{} does not run any more; clear forgets it.", job.id()));
    }
    end(job).await
}

async fn end(job: &Job) -> ToolOutput {
    job.kill();
    match timeout(ENDING, job.ended()).await {
        Ok(()) => done(
            format!("Killed {}, with all that it started.", job.id()),
            "completed",
            job,
        ),
        Err(_) => failed(&format!(
            "{} was killed and has not ended yet; poll tells when.",
            job.id()
        )),
    }
}

fn clear(jobs: &Jobs, job: &Job) -> ToolOutput {
    match jobs.forget(job) {
        true => done(format!("Cleared {}.", job.id()), "completed", job),
        false => failed(&format!(
            "{} still runs; kill ends it, and remove ends and clears it.",
            job.id()
        )),
    }
}

async fn remove(jobs: &Jobs, job: &Job) -> ToolOutput {
    if job.glance().is_running() {
        let ended = end(job).await;
        if ended.is_error {
            return ended;
        }
    }
    jobs.forget(job);
    done(format!("Removed {}.", job.id()), "completed", job)
}
