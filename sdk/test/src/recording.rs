//! Recordings: a file with every call of a run, to the component and from it, in order.
//!
//! **Promise.** On replay the answers come from the file, in its order; the first call that differs ends the run and
//! is told with what the file has in its place. A file is rewritten only when `OPENCLAW_RECORD=1` asks for it, and
//! then it is equal for equal runs.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::script::HostCall;
use crate::value::shorten;

/// The variable that asks for recordings to be written.
const VARIABLE: &str = "OPENCLAW_RECORD";

/// The file.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct File {
    runs: Vec<Run>,
}

/// One call of the component.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Run {
    /// The tool, or none for the instructions of a skill.
    tool: Option<String>,
    arguments: Value,
    host: Vec<Exchange>,
    /// `ok` or `err`, as the component gave it.
    result: Value,
}

/// One call of the host.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Exchange {
    interface: String,
    function: String,
    arguments: Value,
    answer: Value,
}

/// A recording that is being written or replayed.
#[derive(Debug)]
pub(crate) struct Recording {
    path: PathBuf,
    file: File,
    is_written: bool,
    /// The run and the exchange that come next on replay.
    run: usize,
    exchange: usize,
}

impl Recording {
    /// Begins to write or to replay, as the environment says.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let is_written = std::env::var_os(VARIABLE).is_some_and(|value| value == "1");
        Self::begin(path, is_written)
    }

    /// Begins to write or to replay.
    pub(crate) fn begin(path: &Path, is_written: bool) -> Result<Self> {
        let file = match is_written {
            true => File::default(),
            false => read(path)?,
        };
        Ok(Self {
            path: path.to_owned(),
            file,
            is_written,
            run: 0,
            exchange: 0,
        })
    }

    pub(crate) fn is_replay(&self) -> bool {
        !self.is_written
    }

    fn differ(&self, what: &str, recorded: String, now: String) -> Error {
        Error::Recording {
            path: self.path.clone(),
            what: what.to_owned(),
            recorded,
            now,
        }
    }

    /// A call of the component begins.
    pub(crate) fn start(&mut self, tool: Option<&str>, arguments: &Value) -> Result<()> {
        if self.is_written {
            self.file.runs.push(Run {
                tool: tool.map(str::to_owned),
                arguments: arguments.clone(),
                host: Vec::new(),
                result: Value::Null,
            });
            return Ok(());
        }
        let write = |tool: Option<&str>, arguments: &Value| {
            format!("{}({})", tool.unwrap_or("instructions"), shorten(arguments))
        };
        match self.file.runs.get(self.run) {
            Some(run) if run.tool.as_deref() == tool && run.arguments == *arguments => Ok(()),
            Some(run) => {
                let recorded = write(run.tool.as_deref(), &run.arguments);
                Err(self.differ("another call of the component", recorded, write(tool, arguments)))
            }
            None => Err(self.differ("a call more", "nothing more".to_owned(), write(tool, arguments))),
        }
    }

    /// The recorded answer to the call that comes next.
    pub(crate) fn replay(&mut self, call: &HostCall) -> Result<Value> {
        let next = self
            .file
            .runs
            .get(self.run)
            .and_then(|run| run.host.get(self.exchange));
        let Some(next) = next else {
            return Err(self.differ("a call more", "nothing more".to_owned(), call.write()));
        };
        let is_same = next.interface == call.interface
            && next.function == call.function
            && next.arguments == call.arguments;
        if !is_same {
            let recorded = HostCall {
                interface: next.interface.clone(),
                function: next.function.clone(),
                arguments: next.arguments.clone(),
                gives_result: call.gives_result,
            };
            let what = format!("call {} is another one", self.exchange + 1);
            return Err(self.differ(&what, recorded.write(), call.write()));
        }
        let answer = next.answer.clone();
        self.exchange += 1;
        Ok(answer)
    }

    /// Keeps a call with its answer.
    pub(crate) fn keep(&mut self, call: &HostCall, answer: &Value) {
        if let Some(run) = self.file.runs.last_mut().filter(|_| self.is_written) {
            run.host.push(Exchange {
                interface: call.interface.clone(),
                function: call.function.clone(),
                arguments: call.arguments.clone(),
                answer: answer.clone(),
            });
        }
    }

    /// The call of the component is over.
    pub(crate) fn end(&mut self, result: &Value) -> Result<()> {
        if self.is_written {
            if let Some(run) = self.file.runs.last_mut() {
                run.result = result.clone();
            }
            return Ok(());
        }
        let Some(run) = self.file.runs.get(self.run) else {
            return Ok(());
        };
        if let Some(left) = run.host.get(self.exchange) {
            let recorded = format!(
                "{}.{}({})",
                left.interface,
                left.function,
                shorten(&left.arguments)
            );
            return Err(self.differ(
                "a recorded call was not made",
                recorded,
                "nothing more".to_owned(),
            ));
        }
        if run.result != *result {
            return Err(self.differ("another result", shorten(&run.result), shorten(result)));
        }
        self.run += 1;
        self.exchange = 0;
        Ok(())
    }

    /// The test is over: writes the file, or says what of it was not played.
    pub(crate) fn finish(&self) -> Result<()> {
        if !self.is_written {
            return match self.file.runs.get(self.run) {
                Some(run) => {
                    let tool = run.tool.as_deref().unwrap_or("instructions");
                    let recorded = format!("{tool}({})", shorten(&run.arguments));
                    Err(self.differ(
                        "a recorded call of the component was not made",
                        recorded,
                        "nothing".to_owned(),
                    ))
                }
                None => Ok(()),
            };
        }
        if self.file.runs.iter().any(|run| run.result.is_null()) {
            let why = "a call ended without a result, so nothing was recorded".to_owned();
            return Err(Error::NoRecording {
                path: self.path.clone(),
                why,
            });
        }
        let failed = |what| {
            move |path: &Path, source| Error::File {
                path: path.to_owned(),
                what,
                source,
            }
        };
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| failed("created")(folder, error))?;
        }
        let text = format!("{:#}\n", json!(self.file));
        std::fs::write(&self.path, text).map_err(|error| failed("written")(&self.path, error))
    }
}

fn read(path: &Path) -> Result<File> {
    let unusable = |why: String| Error::NoRecording {
        path: path.to_owned(),
        why,
    };
    let bytes = std::fs::read(path).map_err(|error| unusable(format!("there is no recording: {error}")))?;
    serde_json::from_slice(&bytes).map_err(|error| unusable(format!("it is no recording: {error}")))
}
