//! `exec`: run a command, and wait for it as long as makes sense.
//!
//! **Promise.** A command runs where [`place`] says, after [`gate`] has let it, and nowhere else. What it prints is told
//! as it comes. One that takes longer than the call waits goes on in the background as a job; whoever drops the call
//! before ends the command, with all that it started. **Bound.** Its time, and what [`openclaw_sandbox::jobs`] keeps of
//! what it prints.

mod gate;
mod nodded;
mod place;
mod refused;
mod report;
mod settings;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use openclaw_config::tree::Config;
use openclaw_config::tree::exec::{ExecAsk, ExecHost, ExecSecurity};
use openclaw_sandbox::approvals::{Ask, Policy, Said, Security, Wish};
use openclaw_sandbox::jobs::{Foreground, Job, Jobs, Terms, Viewer};
use openclaw_sandbox::machine::{self, Machine};
use openclaw_sandbox::{Command, Runner};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

pub use gate::{Decision, Gate, Waiting, Wanted};
pub(crate) use settings::Settings;

use super::elevated::Reach;
use super::{Call, ToolOutput, policy};
use crate::notes::Notes;
use place::{Place, Places, host_of};
pub(crate) use report::{NOTE_CHARS, summary};
pub(super) use report::{end_fields, ending, millis};

pub(super) const ABOUT: &str = "Run a shell command. What takes longer than yieldMs goes on in the background, and \
process looks after it. Quote what holds spaces; there is no terminal unless pty is set.";

/// The variable that tells a command on a channel who asked for it.
pub(crate) const CHANNEL_CONTEXT: &str = "OPENCLAW_CHANNEL_CONTEXT";
/// How often what a command prints is told while it is waited for.
const TELL_EVERY: Duration = Duration::from_millis(100);
/// How many commands may be sent to the background of one sandbox, so that there is room for those that are waited for.
const IN_BACKGROUND: usize = 16;
/// How often it is looked whether there is room in the background by now.
const ROOM_EVERY: Duration = Duration::from_millis(500);
/// How long what a command started may go on printing after its end before the call returns without it.
const LEFT_OVER: Duration = Duration::from_millis(300);

pub(super) fn parameters() -> Value {
    json!({
        "type": "object",
        "properties": {
            "command": {"type": "string", "description": "The text for the shell"},
            "workdir": {"type": "string", "description": "The folder to begin in; without it the workspace"},
            "env": {
                "type": "object", "additionalProperties": {"type": "string"},
                "description": "Variables to add",
            },
            "yieldMs": {
                "type": "number",
                "description": "How long to wait before it goes on in the background, in milliseconds (10 to 120000)",
            },
            "background": {"type": "boolean", "description": "Do not wait at all"},
            "timeout": {
                "type": "number",
                "description": "How long it may run, in seconds, in the background too; 0: as long as it wants",
            },
            "pty": {"type": "boolean", "description": "Whether it needs a terminal"},
            "elevated": {"type": "boolean", "description": "Leave the sandbox, if that is permitted"},
            "host": {
                "type": "string", "enum": ["auto", "sandbox", "gateway", "node"],
                "description": "Where it runs; without it where the config says",
            },
            "security": {
                "type": "string", "enum": ["deny", "allowlist", "full"],
                "description": "Which commands may run; can only be stricter than the config",
            },
            "ask": {
                "type": "string", "enum": ["off", "on-miss", "always"],
                "description": "When a person is asked; can only be stricter than the config",
            },
            "node": {"type": "string", "description": "The device, where host is node"},
            "title": {"type": "string", "description": "What to call it in the person's view"},
        },
        "required": ["command"],
    })
}

/// What `exec` and `process` work with in one turn.
pub(crate) struct Bench {
    pub(crate) jobs: Jobs,
    /// This machine, beginning in the workspace, if the session's commands may run on it.
    pub(crate) machine: Option<Machine>,
    /// The session's sandbox, if it has one.
    pub(crate) sandbox: Option<Arc<dyn Runner>>,
    /// What shares that sandbox.
    pub(crate) scope: Option<String>,
    pub(crate) gate: Option<Arc<dyn Gate>>,
    pub(crate) notes: Notes,
    pub(crate) settings: Settings,
    pub(crate) agent: String,
    pub(crate) session: String,
    pub(crate) workspace: PathBuf,
    /// How far the commands of a sandboxed session go.
    pub(crate) elevated: Reach,
    /// Whether there is a tool that looks after what goes on in the background.
    pub(crate) has_process: bool,
}

impl Bench {
    /// Whether commands can be run at all where the config says.
    pub(super) fn is_usable(&self) -> bool {
        self.places().resolve(None, false).is_ok()
    }

    /// Whose jobs are looked after.
    pub(super) fn viewer(&self) -> Viewer {
        Viewer {
            agent: self.agent.clone(),
            session: self.session.clone(),
            sandbox: self.scope.clone(),
            // Where its commands run beside the sandbox by the config, it looks after them there.
            may_leave: self.elevated.may_leave()
                || (self.machine.is_some() && self.settings.host == ExecHost::Gateway),
        }
    }

    fn places(&self) -> Places {
        Places {
            configured: self.settings.host,
            has_sandbox: self.sandbox.is_some(),
            has_machine: self.machine.is_some(),
            may_leave: self.elevated.may_leave(),
        }
    }
}

/// Where the commands of an agent's session run that are asked to run nowhere in particular.
pub(crate) fn machine_of(
    config: &Config,
    agent: &str,
    has_sandbox: bool,
    has_machine: bool,
    reach: &Reach,
) -> policy::Machine {
    let places = Places {
        configured: Settings::of(config, agent, None).host,
        has_sandbox,
        has_machine,
        may_leave: reach.may_leave(),
    };
    match places.resolve(None, reach.may_leave()) {
        Ok(Place::Sandbox) => policy::Machine::Sandbox,
        Ok(Place::Machine) => policy::Machine::Host,
        Err(_) => policy::Machine::Nowhere,
    }
}

/// What a call asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Asked {
    command: String,
    workdir: Option<String>,
    env: Option<BTreeMap<String, String>>,
    yield_ms: Option<f64>,
    background: Option<bool>,
    #[serde(alias = "timeoutSeconds")]
    timeout: Option<f64>,
    pty: Option<bool>,
    elevated: Option<bool>,
    host: Option<String>,
    security: Option<ExecSecurity>,
    ask: Option<ExecAsk>,
}

/// A command that has been looked at and may be started.
struct Ready {
    place: Place,
    command: Command,
    folder: String,
    /// How long the call waits; none: until it has ended.
    patience: Option<Duration>,
    lifetime: Option<Duration>,
    warnings: Vec<String>,
}

pub(super) async fn call(bench: &Bench, call: Call<'_>) -> ToolOutput {
    run(bench, call).await.unwrap_or_else(|refusal| refusal)
}

async fn run(bench: &Bench, call: Call<'_>) -> Result<ToolOutput, ToolOutput> {
    let asked = Asked::deserialize(call.arguments).map_err(|error| {
        ToolOutput::failed(format!(
            "The arguments of exec are not as they should be: {error}."
        ))
    })?;
    let mut ready = prepare(bench, &asked, &call)?;
    if ready.place == Place::Machine {
        let wanted = wanted(bench, &asked, &call, &ready).await;
        let (host, command, folder) = (wanted.host, asked.command.clone(), ready.folder.clone());
        match gate::decide(bench.gate.as_ref(), wanted).await {
            Decision::Run(command) => ready.command = command,
            Decision::Refuse(why) => {
                return Err(ToolOutput::failed(format!("The command was not run: {why}."))
                    .with(json!({"status": "failed", "error": why, "host": host, "cwd": folder})));
            }
            Decision::Unavailable(why) => return Err(report::unavailable(&why, host, &command, &folder)),
            Decision::Wait(waiting) => {
                let warnings = std::mem::take(&mut ready.warnings);
                let output = report::pending(&waiting, host, &command, &folder, &warnings);
                nodded::run_later(bench, ready, waiting);
                return Ok(output);
            }
        }
    }
    let patience = ready.patience;
    let warnings = std::mem::take(&mut ready.warnings);
    let started = start(bench, ready).await;
    let (foreground, more) = started.map_err(|why| report::not_started(&why))?;
    let warnings = [warnings, more].concat();
    Ok(attend(bench, foreground, patience, &warnings, &call.progress).await)
}

/// Reads what is asked for against what the config says.
fn prepare(bench: &Bench, asked: &Asked, call: &Call<'_>) -> Result<Ready, ToolOutput> {
    let text = asked.command.trim();
    if text.is_empty() {
        return Err(ToolOutput::failed(
            "command is missing; it is the text for the shell.",
        ));
    }
    if let Some(why) = refused::refused(text) {
        return Err(ToolOutput::failed(format!("The command was not run: {why}")));
    }
    let host = asked.host.as_deref().map(host).transpose()?;
    let is_elevated = match bench.sandbox {
        Some(_) => bench
            .elevated
            .leaves(asked.elevated)
            .map_err(ToolOutput::failed)?,
        None => false,
    };
    let place = bench
        .places()
        .resolve(host, is_elevated)
        .map_err(ToolOutput::failed)?;
    let mut warnings = Vec::new();
    let mut env = asked.env.clone().unwrap_or_default();
    if place == Place::Machine {
        let screened = machine::screen(&env)
            .map_err(|error| ToolOutput::failed(format!("The command was not run: {error}.")))?;
        if !screened.left_out.is_empty() {
            warnings.push(format!(
                "Warning: these variables were left out, because they have programs run other code: {}.",
                screened.left_out.join(", ")
            ));
        }
        env = screened.env;
    }
    let folder = match place {
        Place::Machine => folder(bench, asked, &mut warnings),
        Place::Sandbox => asked.workdir.clone().unwrap_or_default(),
    };
    // Nobody but the gateway says who asked.
    env.remove(CHANNEL_CONTEXT);
    if let Some(context) = channel_context(call) {
        env.insert(CHANNEL_CONTEXT.to_owned(), context);
    }
    let is_background = asked.background.unwrap_or_default();
    let patience = match asked.yield_ms {
        _ if is_background => Duration::ZERO,
        Some(ms) => settings::patience_of(milliseconds(ms, "yieldMs")?),
        None => bench.settings.patience,
    };
    let lifetime = match asked.timeout {
        Some(seconds) => Duration::from_millis(milliseconds(seconds * 1000.0, "timeout")?),
        None => bench.settings.lifetime,
    };
    Ok(Ready {
        place,
        command: Command {
            text: asked.command.clone(),
            folder: folder.clone(),
            env,
            wants_terminal: asked.pty.unwrap_or_default(),
        },
        folder,
        patience: bench.has_process.then_some(patience),
        lifetime: (!lifetime.is_zero()).then_some(lifetime),
        warnings,
    })
}

fn host(word: &str) -> Result<ExecHost, ToolOutput> {
    host_of(word).ok_or_else(|| {
        ToolOutput::failed(format!(
            "host is one of auto, sandbox, gateway and node, and not {word}: nothing was run."
        ))
    })
}

/// A number of milliseconds that is one.
fn milliseconds(number: f64, name: &str) -> Result<u64, ToolOutput> {
    let duration = Duration::try_from_secs_f64(number / 1000.0);
    let ms = duration
        .ok()
        .and_then(|duration| u64::try_from(duration.as_millis()).ok());
    ms.ok_or_else(|| ToolOutput::failed(format!("{name} is a number, 0 or more: nothing was run.")))
}

/// Where a command on this machine begins.
fn folder(bench: &Bench, asked: &Asked, warnings: &mut Vec<String>) -> String {
    let workspace = bench.workspace.display().to_string();
    let Some(given) = asked.workdir.as_deref().filter(|given| !given.is_empty()) else {
        return workspace;
    };
    let folder = bench.workspace.join(given);
    if folder.is_dir() {
        return folder.display().to_string();
    }
    warnings.push(format!(
        "Warning: there is no folder {given}; the command was run in {workspace}."
    ));
    workspace
}

/// What a command is told of the conversation that it was asked for in.
fn channel_context(call: &Call<'_>) -> Option<String> {
    let context = &call.context;
    let channel = context.channel.as_ref()?;
    let told = json!({
        "channel": channel, "accountId": context.account, "senderId": context.sender, "sessionKey": context.session,
    });
    Some(told.to_string())
}

async fn wanted(bench: &Bench, asked: &Asked, call: &Call<'_>, ready: &Ready) -> Wanted {
    let settings = &bench.settings;
    // On a channel the model's own wish to ask would ask somebody else than who wrote.
    let is_silent = settings
        .wish
        .ask
        .as_ref()
        .is_none_or(|said| said.what == Ask::Off);
    let ask = asked.ask.filter(|_| call.context.channel.is_none() || !is_silent);
    let wish = Wish::of_call(asked.security.map(Into::into), ask.map(Into::into));
    let path = match &bench.machine {
        Some(machine) => machine.path().await.to_string_lossy().into_owned(),
        None => String::new(),
    };
    Wanted {
        command: ready.command.clone(),
        host: "gateway",
        path,
        policy: Policy::of(&[&settings.wish, &wish], Said::default_of(Security::Deny)),
        call: wish,
        agent: bench.agent.clone(),
        session: bench.session.clone(),
        channel: call.context.channel.clone(),
        account: call.context.account.clone(),
        sender: call.context.sender.clone(),
        is_owner: call.context.is_owner,
        may_ask: call.may_ask,
    }
}

/// Starts a command, and makes a job of it. Says also what is not as it was asked for.
async fn start(bench: &Bench, ready: Ready) -> Result<(Foreground, Vec<String>), String> {
    let runner: &dyn Runner = match (ready.place, &bench.machine, &bench.sandbox) {
        (Place::Machine, Some(machine), _) => machine,
        (Place::Sandbox, _, Some(sandbox)) => sandbox.as_ref(),
        _ => return Err("the place it was to run in is gone".to_owned()),
    };
    let sandbox = bench.scope.clone().filter(|_| ready.place == Place::Sandbox);
    if let (Some(scope), Some(Duration::ZERO)) = (&sandbox, ready.patience)
        && bench.jobs.in_background(scope) >= IN_BACKGROUND
    {
        return Err(format!(
            "{IN_BACKGROUND} commands run in the background of this sandbox already, and no more do at once; process lists \
             them, and its kill ends one"
        ));
    }
    let folder = match ready.folder.as_str() {
        "" => runner.about().folder,
        folder => folder.to_owned(),
    };
    let wants_terminal = ready.command.wants_terminal;
    let text = ready.command.text.clone();
    let process = runner
        .start(ready.command)
        .await
        .map_err(|error| error.to_string())?;
    let mut warnings = Vec::new();
    if wants_terminal && !process.has_terminal {
        warnings.push(
            "Warning: there is no terminal to be had here; the command was run without one.".to_owned(),
        );
    }
    let terms = Terms {
        agent: bench.agent.clone(),
        session: bench.session.clone(),
        sandbox,
        command: text,
        folder,
        lifetime: ready.lifetime,
        kept_for: bench.settings.kept_for,
        tells_end: bench.settings.tells_end,
        tells_silent_success: bench.settings.tells_silent_success,
    };
    let foreground = bench
        .jobs
        .start(terms, process)
        .map_err(|error| error.to_string())?;
    if ready.patience.is_none() {
        // Without `process` nobody could ever write to it. One that has ended already reads nothing.
        let _ = foreground.job().close_input().await;
    }
    Ok((foreground, warnings))
}

/// Waits for a command as long as `patience`, or longer while no more may go on in the background of its sandbox, and
/// says what came of it.
async fn attend(
    bench: &Bench,
    foreground: Foreground,
    patience: Option<Duration>,
    warnings: &[String],
    progress: &mpsc::Sender<String>,
) -> ToolOutput {
    let begun = Instant::now();
    let mut yields = patience.and_then(|patience| begun.checked_add(patience));
    let job = foreground.job().clone();
    let mut changes = job.changes();
    let mut left_over: Option<Instant> = None;
    let mut told = Told::default();
    loop {
        changes.mark_unchanged();
        let glance = job.glance();
        if !glance.is_running() {
            return report::ended(&glance, &job.output(), warnings, None);
        }
        if glance.end.is_some() {
            let since = *left_over.get_or_insert_with(Instant::now);
            if since.elapsed() >= LEFT_OVER {
                let output = job.output();
                let left = bench.has_process.then(|| foreground.release(true));
                left.as_ref().map(Job::drain);
                return report::ended(&glance, &output, warnings, Some(left.is_some()));
            }
        } else if yields.is_some_and(|yields| Instant::now() >= yields) {
            if job
                .sandbox()
                .is_none_or(|scope| bench.jobs.in_background(scope) < IN_BACKGROUND)
            {
                let job = foreground.release(false);
                return report::running(&job, warnings);
            }
            yields = Instant::now().checked_add(ROOM_EVERY);
        }
        told.tell(&glance.tail, glance.total_chars, progress);
        let ends = left_over.and_then(|since| since.checked_add(LEFT_OVER));
        let next = [yields, ends, told.next()].into_iter().flatten().min();
        tokio::select! {
            // Its sender lives as long as the job here.
            _ = changes.changed() => {}
            () = wake(next) => {}
        }
    }
}

async fn wake(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// What was told of what a command prints.
#[derive(Default)]
struct Told {
    chars: u64,
    at: Option<Instant>,
    is_behind: bool,
}

impl Told {
    /// Tells the end of what was printed, if there is something new and it was not told just now.
    fn tell(&mut self, tail: &str, chars: u64, progress: &mpsc::Sender<String>) {
        self.is_behind = chars > self.chars;
        let is_early = self.at.is_some_and(|at| at.elapsed() < TELL_EVERY);
        if !self.is_behind || is_early {
            return;
        }
        // Whoever listens too slowly is told more at once later.
        if progress.try_send(tail.to_owned()).is_ok() {
            self.chars = chars;
            self.is_behind = false;
        }
        self.at = Some(Instant::now());
    }

    /// When there is something to tell that was not told yet.
    fn next(&self) -> Option<Instant> {
        let at = self.at.filter(|_| self.is_behind)?;
        at.checked_add(TELL_EVERY)
    }
}
