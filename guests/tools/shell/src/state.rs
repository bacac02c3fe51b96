//! What a session remembers between two runs: variables, functions, aliases, options, the folder it is in, and the modes
//! that it gave to files.
//!
//! **Promise.** A run begins where the one before it ended. Variables that only came from the environment of that run are
//! not kept; one that a script changed is kept, until the environment says something new about it. What cannot be read —
//! torn, or of another version — is ignored, and a line says so; it never fails a command. **Bound.** What the
//! interpreter's own limits on memory allow; a variable larger than [`LARGEST`] is not kept, nor anything if it is more
//! than [`MOST`] together, and a line says so. **Cost.** One file read for each run, and written by a run that changed
//! something.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::Path;

use bashkit::parser::FunctionDef;
use bashkit::{Bash, ShellState, SnapshotOptions};
use serde::{Deserialize, Serialize};

use crate::aside;
use crate::given::Given;

/// The form of the file, with the version of the interpreter whose state lies in it.
const FORM: &str = "openclaw-shell 3 bashkit 0.20.2";

/// A variable that is kept is read and written with every run.
const LARGEST: usize = 1 << 20;

/// What the host keeps of a session.
const MOST: usize = 4 << 20;

/// Variables that are about one run and not about a session.
const PASSING: [&str; 6] = [
    "_",
    "PIPESTATUS",
    "BASHPID",
    "PPID",
    "LINENO",
    "BASHKIT_ALLOW_INPROCESS_PYTHON",
];

/// Which form a file has.
#[derive(Deserialize)]
struct Form {
    form: String,
}

/// What is kept.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct State {
    form: String,
    /// The environment that the run was given.
    given: Given,
    shell: ShellState,
    /// The modes of files, by path.
    modes: BTreeMap<String, u32>,
}

impl State {
    /// Reads what an earlier run left, with its bytes; `None` if there was none. The error is a line for the person who
    /// reads.
    pub(crate) fn load(file: &Path) -> Result<Option<(Self, Vec<u8>)>, String> {
        let text = match fs::read(file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(format!(
                    "the state of the session could not be read ({error}); beginning anew"
                ));
            }
        };
        // What else stands in it depends on its form.
        match serde_json::from_slice::<Form>(&text) {
            Ok(Form { form }) if form != FORM => {
                return Err("the state of the session is of another version; beginning anew".to_owned());
            }
            _ => {}
        }
        match serde_json::from_slice::<Self>(&text) {
            Ok(state) => Ok(Some((state, text))),
            Err(_) => Err("the state of the session is damaged; beginning anew".to_owned()),
        }
    }

    /// The modes that it holds, which it then holds no more.
    pub(crate) fn take_modes(&mut self) -> BTreeMap<String, u32> {
        std::mem::take(&mut self.modes)
    }

    /// The functions that it holds.
    pub(crate) fn functions(&self) -> &HashMap<String, FunctionDef> {
        &self.shell.functions
    }

    /// Whether it holds names that stand for other text.
    pub(crate) fn has_aliases(&self) -> bool {
        !self.shell.aliases.is_empty()
    }

    /// What a session holds now. What is too large goes into the notes.
    pub(crate) fn of(
        bash: &Bash,
        mut given: Given,
        variables: &BTreeMap<String, String>,
        modes: BTreeMap<String, u32>,
        notes: &mut Vec<String>,
    ) -> Self {
        let taken = bash.snapshot_state(SnapshotOptions {
            exclude_filesystem: true,
            exclude_functions: false,
        });
        let mut shell = taken.shell;
        for (name, value) in variables {
            if shell.variables.get(name).or_else(|| shell.env.get(name)) == Some(value) {
                forget(&mut shell, name);
            }
        }
        let large = shell.variables.iter().filter(|(_, value)| value.len() > LARGEST);
        let large: Vec<String> = large.map(|(name, _)| name.clone()).collect();
        for name in large {
            forget(&mut shell, &name);
            notes.push(format!(
                "the session does not keep ${name}, which is larger than {LARGEST} bytes; write it to a file"
            ));
        }
        for name in PASSING {
            forget(&mut shell, name);
            shell.arrays.remove(name);
        }
        shell.traps.clear();
        given.take(variables);
        Self {
            form: FORM.to_owned(),
            given,
            shell,
            modes,
        }
    }

    /// Writes it, unless it is what was there before or more than the host keeps.
    pub(crate) fn save(&self, file: &Path, before: &[u8]) -> io::Result<()> {
        let mut sorted = serde_json::to_value(self)?;
        // The same state is the same bytes: maps of the interpreter have no order.
        sorted.sort_all_objects();
        let bytes = serde_json::to_vec(&sorted)?;
        if bytes == before {
            return Ok(());
        }
        if bytes.len() > MOST {
            return Err(io::Error::other(format!(
                "all variables together are larger than {MOST} bytes"
            )));
        }
        aside::write(file, &bytes)
    }

    /// Puts a session back where it was, in an environment that may be another one now, and yields what it knew of the
    /// one before.
    pub(crate) fn restore(self, bash: &mut Bash, variables: &BTreeMap<String, String>) -> Given {
        bash.restore_shell_state(&self.shell);
        for (name, value) in variables.iter().filter(|(name, _)| *name != "PWD") {
            let kept = self.shell.variables.contains_key(name) || self.shell.env.contains_key(name);
            if !kept || !self.given.had(name, value) {
                bash.set_env(name, value);
            }
        }
        self.given
    }
}

fn forget(shell: &mut ShellState, name: &str) {
    shell.variables.remove(name);
    shell.env.remove(name);
    shell.var_attrs.remove(name);
}
