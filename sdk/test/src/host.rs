//! The host of a test: what is deterministic it answers by itself, from memory; the rest is for the script.
//!
//! **Promise.** Equal tests see equal hosts: the clock starts at a moment of the test's choice and goes on by a
//! millisecond whenever it is read, random bytes are always the same, and nothing is read that the test did not name.
//! **Bound.** A call has fuel and a deadline, memory of 512 MiB, and 10,000 lines of log and progress.

mod context;
mod http;
mod kv;
mod media;
mod secrets;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::error::{Error, Result};
use crate::exchange::Exchange;
use crate::output::Refusal;
use crate::recording::Recording;
use crate::script::{Expectation, HostCall, Script};
pub use context::Context;
use http::Http;
use kv::Kv;
use media::Media;
use secrets::Secrets;

/// 2026-01-01T00:00:00Z.
const MOMENT: u64 = 1_767_225_600_000;
/// Some seconds of computing.
const FUEL: u64 = 10_000_000_000;
const DEADLINE: Duration = Duration::from_secs(60);
const MAX_LINES: usize = 10_000;

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Line {
    /// How much it matters, such as `info`.
    pub level: String,
    /// What it says.
    pub message: String,
    /// The named values beside it.
    pub fields: Vec<Field>,
}

/// A named value in a line of the log.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A report of progress.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Step {
    /// What is being done.
    pub message: String,
    /// How many units are done.
    pub done: Option<u64>,
    /// How many there are.
    pub total: Option<u64>,
}

/// What a component may do with a directory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// Read.
    ReadOnly,
    /// Read and write.
    ReadWrite,
}

/// A directory that the component sees.
#[derive(Clone, Debug)]
pub(crate) struct Directory {
    pub(crate) guest: String,
    pub(crate) path: PathBuf,
    pub(crate) access: Access,
}

/// What a host holds. It moves into the call and back.
#[derive(Debug)]
pub(crate) struct State {
    context: Context,
    settings: Value,
    http: Http,
    kv: Kv,
    media: Media,
    secrets: Secrets,
    lines: Vec<Line>,
    steps: Vec<Step>,
    streamed: String,
    script: Script,
    recording: Option<Recording>,
    /// Held so that they live as long as the host.
    folders: Vec<TempDir>,
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

/// The error of an interface, as an answer.
fn refuse(code: &str, message: &str) -> Value {
    json!({"err": Refusal::new(code, message)})
}

/// An argument that is a string.
fn text<'a>(arguments: &'a Value, name: &str) -> &'a str {
    arguments.get(name).and_then(Value::as_str).unwrap_or_default()
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
                    return Some(Ok(refuse("invalid", "a JSON pointer is empty or begins with \"/\"")));
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
        Some(refuse("denied", &format!("the value has the placeholder of {name:?} in it; look it up in every call")))
    }

    fn finish(&mut self) -> Result<()> {
        let (unmet, requests) = (self.script.finish(), self.http.finish());
        let requests = (!requests.is_empty())
            .then(|| format!("expected requests that were not made:\n  {}", requests.join("\n  ")));
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

/// A host: what it has, what is expected of the component, and what the component did. It keeps its store and its
/// media from one call to the next.
///
/// At its end it says which expected calls were not made: [`finish`](Self::finish) returns it. A host that is dropped
/// without it panics, unless the test fails already or a call gave it an error other than the tool's own.
#[derive(Debug, Default)]
pub struct Host {
    pub(crate) state: State,
}

impl Host {
    /// A host that has nothing and expects nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What the component is told about the call.
    pub fn context(&mut self) -> &mut Context {
        &mut self.state.context
    }

    /// What the operator configured.
    pub fn settings(&mut self, settings: Value) -> &mut Self {
        self.state.settings = settings;
        self
    }

    /// The moment at which the clocks of each call start, in milliseconds since 1970.
    pub fn now(&mut self, moment: u64) -> &mut Self {
        self.state.moment = moment;
        self
    }

    /// How many instructions a call may take.
    pub fn fuel(&mut self, fuel: u64) -> &mut Self {
        self.state.fuel = fuel;
        self
    }

    /// How long a call may take in all.
    pub fn deadline(&mut self, deadline: Duration) -> &mut Self {
        self.state.deadline = deadline;
        self
    }

    /// Puts a value into the component's store.
    pub fn kv_set(&mut self, key: &str, value: impl Into<Vec<u8>>) -> &mut Self {
        self.state.kv.entries.insert(key.to_owned(), value.into());
        self
    }

    /// A value in the component's store.
    #[must_use]
    pub fn kv_get(&self, key: &str) -> Option<&[u8]> {
        self.state.kv.entries.get(key).map(Vec::as_slice)
    }

    /// The quota of the store; without this it is 1 MiB and 1000 entries.
    pub fn kv_quota(&mut self, bytes: usize, entries: usize) -> &mut Self {
        (self.state.kv.max_bytes, self.state.kv.max_entries) = (bytes, entries);
        self
    }

    /// Puts media into the store and gives its reference, for the arguments of a call.
    pub fn media(&mut self, kind: &str, content_type: &str, bytes: impl Into<Vec<u8>>) -> String {
        let info = json!({"kind": kind, "content-type": content_type});
        self.state.media.keep(info, bytes.into())
    }

    /// The bytes of media that was put or committed.
    #[must_use]
    pub fn media_bytes(&self, media: &str) -> Option<&[u8]> {
        self.state.media.bytes(media)
    }

    /// Shows the component a directory of this machine, under the path that its manifest asks for.
    pub fn directory(&mut self, guest: &str, path: impl Into<PathBuf>, access: Access) -> &mut Self {
        self.state.directories.push(Directory {
            guest: guest.to_owned(),
            path: path.into(),
            access,
        });
        self
    }

    /// Shows the component a new directory with these files, and gives its place. It goes with the host.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn files(&mut self, guest: &str, access: Access, files: &[(&str, &str)]) -> Result<PathBuf> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::File {
                path,
                what: "written",
                source,
            }
        };
        let folder = tempfile::tempdir().map_err(failed(Path::new("a temporary folder")))?;
        for (name, text) in files {
            let path = folder.path().join(name);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(failed(parent))?;
            }
            fs::write(&path, text).map_err(failed(&path))?;
        }
        let path = folder.path().to_owned();
        self.state.folders.push(folder);
        self.directory(guest, path.clone(), access);
        Ok(path)
    }

    /// Expects a call of any imported interface: `expect("openclaw:http/client", "send")`. The version may be left
    /// out; the function of a resource is `resource.function`, a constructor the resource's name.
    pub fn expect(&mut self, interface: &str, function: &str) -> &mut Expectation {
        self.state.script.expect(interface, function)
    }

    /// Expects a request by its method and address, and answers it with an empty 200 unless more is said:
    /// `host.http("GET", "https://api.example.com/me").with_header("accept", "text/plain").body("ann")`. Requests that
    /// equal expectations fit are answered in the order of these. Redirects, limits of time and what was granted are
    /// the gateway's and play no part here.
    pub fn http(&mut self, method: &str, url: &str) -> &mut Exchange {
        self.state.http.expect(method, url)
    }

    /// Makes a secret exist and gives the placeholder that the component will hold, for expectations:
    /// `.with_header("authorization", format!("Bearer {token}"))`. It is the same in every run.
    pub fn secret(&mut self, name: &str) -> String {
        self.state.secrets.add(name, None)
    }

    /// Makes a field of a secret that is a JSON document exist, and gives its placeholder.
    pub fn secret_field(&mut self, name: &str, pointer: &str) -> String {
        self.state.secrets.add(name, Some(pointer))
    }

    /// The placeholder of a secret that the component joins: `joined("base64", json!([{"text": "ann:"}, {"secret":
    /// password}]))`.
    #[must_use]
    pub fn joined(&self, encoding: &str, parts: Value) -> String {
        secrets::compose(encoding, &parts)
    }

    /// The value that the component had captured out of a response under a name.
    #[must_use]
    pub fn captured(&self, name: &str) -> Option<&str> {
        self.state.secrets.captured(name)
    }

    /// Holds all that follows against a recording. With `OPENCLAW_RECORD=1` the host answers as it does without, and
    /// the file is written when it finishes; otherwise all answers come from the file, and the script does not count.
    /// Files and clocks are not in it.
    ///
    /// # Errors
    /// If there is no recording, or it is none.
    pub fn recording(&mut self, path: impl AsRef<Path>) -> Result<&mut Self> {
        self.state.recording = Some(Recording::open(path.as_ref())?);
        Ok(self)
    }

    /// The lines that the component logged.
    #[must_use]
    pub fn log(&self) -> &[Line] {
        &self.state.lines
    }

    /// What the component said about its progress.
    #[must_use]
    pub fn progress(&self) -> &[Step] {
        &self.state.steps
    }

    /// What the component streamed while it worked.
    #[must_use]
    pub fn streamed(&self) -> &str {
        &self.state.streamed
    }

    /// Ends the test.
    ///
    /// # Errors
    /// If an expected call was not made, or a recording was not played to its end or cannot be written.
    pub fn finish(mut self) -> Result<()> {
        self.state.finish()
    }
}

impl Drop for Host {
    #[expect(
        clippy::panic,
        reason = "it is how a test fails, and a drop has no other way to say it"
    )]
    fn drop(&mut self) {
        if std::thread::panicking() || self.state.is_told {
            return;
        }
        if let Err(error) = self.state.finish() {
            panic!("{error}");
        }
    }
}
