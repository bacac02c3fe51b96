//! What a host holds, and how each call from a component is answered: from a recording, else by the script, else from
//! memory. What none of them has an answer for ends the run.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::http::Http;
use super::kv::Kv;
use super::media::Media;
use super::secrets::Secrets;
use super::{Context, Directory, Line, Step, refuse, text};
use crate::error::{Error, Result};
use crate::recording::Recording;
use crate::script::{HostCall, Script};

/// 2026-01-01T00:00:00Z.
const MOMENT: u64 = 1_767_225_600_000;
/// Some seconds of computing.
const FUEL: u64 = 10_000_000_000;
const DEADLINE: Duration = Duration::from_secs(60);
const MAX_LINES: usize = 10_000;

/// What a host holds. It moves into the call and back.
#[derive(Debug)]
pub(crate) struct State {
    pub(super) context: Context,
    pub(super) settings: Value,
    pub(super) http: Http,
    pub(super) kv: Kv,
    pub(super) media: Media,
    pub(super) secrets: Secrets,
    pub(super) lines: Vec<Line>,
    pub(super) steps: Vec<Step>,
    pub(super) streamed: String,
    pub(super) script: Script,
    pub(super) recording: Option<Recording>,
    /// Held so that they live as long as the host.
    pub(super) folders: Vec<TempDir>,
    pub(crate) directories: Vec<Directory>,
    pub(crate) moment: u64,
    pub(crate) fuel: u64,
    pub(crate) deadline: Duration,
    calls: u64,
    handles: u64,
    /// Whether the test was handed an error that says more than what is still open.
    pub(crate) is_told: bool,
    /// What ended the running call, if the host did.
    pub(crate) failure: Option<Error>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            context: Context::default(),
            settings: json!({}),
            http: Http::default(),
            kv: Kv::default(),
            media: Media::default(),
            secrets: Secrets::default(),
            lines: Vec::new(),
            steps: Vec::new(),
            streamed: String::new(),
            script: Script::default(),
            recording: None,
            folders: Vec::new(),
            directories: Vec::new(),
            moment: MOMENT,
            fuel: FUEL,
            deadline: DEADLINE,
            calls: 0,
            handles: 0,
            is_told: false,
            failure: None,
        }
    }
}

impl State {
    /// A call of the component begins.
    pub(crate) fn begin(&mut self, tool: Option<&str>, arguments: &Value) -> Result<()> {
        self.calls += 1;
        self.handles = 0;
        self.http.begin();
        self.media.begin();
        match &mut self.recording {
            Some(recording) => recording.start(tool, arguments),
            None => Ok(()),
        }
    }

    /// The component answered.
    pub(crate) fn end(&mut self, result: &Value) -> Result<()> {
        self.recording
            .as_mut()
            .map_or(Ok(()), |recording| recording.end(result))
    }

    /// The component closed a handle.
    pub(crate) fn drop_handle(&mut self, number: u32) {
        self.http.drop_handle(number.into());
        self.media.drop_handle(number.into());
    }

    /// Answers a call: from the recording, else by the script, else from memory.
    pub(crate) fn answer(&mut self, call: &HostCall, order: &[String]) -> Result<Value> {
        if let Some(recording) = self.recording.as_mut().filter(|recording| recording.is_replay()) {
            return recording.replay(call);
        }
        let answer = match self.script.answer(call, order) {
            Some(answer) => answer.map_err(Error::Unexpected)?,
            None => {
                let built_in = self.answer_built_in(call);
                let built_in = built_in.unwrap_or_else(|| Err(self.script.tell_unexpected(call)));
                built_in.map_err(Error::Unexpected)?
            }
        };
        if let Some(recording) = &mut self.recording {
            recording.keep(call, &answer);
        }
        Ok(answer)
    }

    /// Answers a call from memory; none if this host has nothing to say to it, and an error if the run ends.
    fn answer_built_in(&mut self, call: &HostCall) -> Option<Result<Value, String>> {
        let (function, arguments) = (call.function.as_str(), &call.arguments);
        let number = self.handles + 1;
        match call.interface_name() {
            "openclaw:http/client" => {
                self.handles = number;
                return self.http.answer(function, arguments, number, &mut self.media);
            }
            "openclaw:http/types" => {
                self.handles = number;
                return self.http.answer_end(function, arguments, number);
            }
            _ => {}
        }
        let answer = match call.interface_name() {
            "openclaw:context/call" if function == "current" => {
                self.handles = number;
                Some(json!(number))
            }
            "openclaw:context/call" => self.context.answer(function, self.calls, self.moment),
            "openclaw:kv/store" => match self.find_placeholder(arguments) {
                Some(refusal) => Some(refusal),
                None => self.kv.answer(function, arguments),
            },
            "openclaw:secrets/placeholders" => self.secrets.answer(function, arguments, &mut self.http),
            "openclaw:media/store" => {
                self.handles = number;
                self.media.answer(function, arguments, number)
            }
            "openclaw:media/types" => self.media.answer(function, arguments, number),
            "openclaw:config/settings" if function == "read" => {
                let pointer = text(arguments, "pointer");
                if !pointer.is_empty() && !pointer.starts_with('/') {
                    return Some(Ok(refuse(
                        "invalid",
                        "a JSON pointer is empty or begins with \"/\"",
                    )));
                }
                Some(json!({"ok": self.settings.pointer(pointer).map(Value::to_string)}))
            }
            "openclaw:log/lines" if function == "write" => {
                push(&mut self.lines, arguments);
                Some(Value::Null)
            }
            "openclaw:progress/report" if function == "update" => {
                push(&mut self.steps, arguments.get("step")?);
                Some(Value::Null)
            }
            "openclaw:progress/report" if function == "output" => {
                self.streamed.push_str(text(arguments, "text"));
                Some(Value::Null)
            }
            _ => None,
        };
        answer.map(Ok)
    }

    /// A placeholder is worth nothing after the gateway's end, so the store refuses it.
    fn find_placeholder(&self, arguments: &Value) -> Option<Value> {
        let value = arguments.get("value").and_then(Value::as_str)?;
        let name = self.secrets.find_in(value)?;
        Some(refuse(
            "denied",
            &format!("the value has the placeholder of {name:?} in it; look it up in every call"),
        ))
    }

    pub(super) fn finish(&mut self) -> Result<()> {
        let (unmet, requests) = (self.script.finish(), self.http.finish());
        let requests = (!requests.is_empty()).then(|| {
            format!(
                "expected requests that were not made:\n  {}",
                requests.join("\n  ")
            )
        });
        let unmet = match (unmet, requests) {
            (Some(calls), Some(requests)) => Some(format!("{calls}\n{requests}")),
            (calls, requests) => calls.or(requests),
        };
        match self.recording.take() {
            Some(recording) if recording.is_replay() => recording.finish(),
            recording => {
                unmet.map_or(Ok(()), |unmet| Err(Error::Unmet(unmet)))?;
                recording.map_or(Ok(()), |recording| recording.finish())
            }
        }
    }
}

/// Keeps a line as long as there is room, as the gateway does.
fn push<'a, T: Deserialize<'a>>(lines: &mut Vec<T>, line: &'a Value) {
    if let (true, Ok(line)) = (lines.len() < MAX_LINES, T::deserialize(line)) {
        lines.push(line);
    }
}
