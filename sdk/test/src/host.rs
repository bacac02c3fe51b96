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
mod state;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::exchange::Exchange;
use crate::output::Refusal;
use crate::recording::Recording;
use crate::script::Expectation;
pub use context::Context;
pub(crate) use state::State;

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

/// The error of an interface, as an answer.
fn refuse(code: &str, message: &str) -> Value {
    json!({"err": Refusal::new(code, message)})
}

/// An argument that is a string.
fn text<'a>(arguments: &'a Value, name: &str) -> &'a str {
    arguments.get(name).and_then(Value::as_str).unwrap_or_default()
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

    /// The placeholder that a secret will have, without making it exist: for one that the component captures.
    #[must_use]
    pub fn placeholder(&self, name: &str) -> String {
        secrets::placeholder(name)
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
