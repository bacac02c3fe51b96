//! What the host says about one run: the limits of the interpreter and the folders that there are.
//!
//! **Promise.** Every limit of the interpreter has its value here and nowhere else; a setting that the host does not
//! name has the value below, a setting that nobody knows is an error that names it. **Bound.** The host measures
//! memory, time and bytes itself and stops the program; these limits are only what ends a script politely before that.
//! **Cost.** One small JSON text per run.

use std::path::PathBuf;
use std::time::Duration;

use bashkit::{ExecutionLimits, MemoryLimits, PythonLimits, SessionLimits};
use serde::Deserialize;

/// How long a script may run as far as the interpreter is concerned: the host has clocks of its own.
const FOREVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// The interpreter refuses more whatever it is told, because every level costs stack.
const DEEPEST: usize = 100;

/// What the host says about one run.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Settings {
    /// How many commands, and how many turns of loops, a script may take.
    pub steps: usize,
    /// Hosts that the operator lets scripts talk to. Their names appear in refusals.
    pub hosts: Vec<String>,
    /// Where `cd` without an argument goes, and where a session begins.
    pub home: PathBuf,
    /// The folders that there are. One that the host did not open is left out.
    pub mounts: Vec<PathBuf>,
    /// The largest script, in bytes.
    pub script_bytes: usize,
    /// The most that one command, a pipe or the whole run may put out, in bytes.
    pub output_bytes: usize,
    /// The most that is held in buffers between commands at one time, in bytes.
    pub buffer_bytes: u64,
    /// The most that commands may take in altogether, in bytes.
    pub input_bytes: u64,
    /// How many `&` jobs and running pipes there may be at one time.
    pub jobs: usize,
    /// What Python may use.
    pub python: Python,
}

/// What one Python program may use.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Python {
    /// Memory in bytes.
    pub memory_bytes: usize,
    /// Seconds.
    pub seconds: u64,
    /// How deep calls may nest.
    pub depth: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            steps: 10_000_000,
            hosts: Vec::new(),
            home: PathBuf::from("/workspace"),
            mounts: ["/workspace", "/agent", "/tmp"].map(PathBuf::from).to_vec(),
            script_bytes: 16 << 20,
            output_bytes: 64 << 20,
            buffer_bytes: 512 << 20,
            input_bytes: 16 << 30,
            jobs: 256,
            python: Python::default(),
        }
    }
}

impl Default for Python {
    fn default() -> Self {
        Self {
            memory_bytes: 128 << 20,
            seconds: 600,
            depth: 200,
        }
    }
}

impl Settings {
    /// Reads what the host wrote.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The limits of one script.
    pub(crate) fn of_script(&self) -> ExecutionLimits {
        let mut limits = ExecutionLimits::new()
            .max_work_units(u64::MAX)
            .max_aggregate_input_bytes(self.input_bytes)
            .max_live_intermediate_bytes(self.buffer_bytes)
            .max_commands(self.steps)
            .max_loop_iterations(self.steps)
            .max_total_loop_iterations(self.steps)
            .max_function_depth(DEEPEST)
            .timeout(FOREVER)
            .parser_timeout(FOREVER)
            .max_input_bytes(self.script_bytes)
            .max_ast_depth(DEEPEST)
            .max_parser_operations(self.steps)
            .max_stdout_bytes(self.output_bytes)
            .max_stderr_bytes(self.output_bytes)
            .max_subst_depth(DEEPEST)
            .max_subshell_depth(DEEPEST)
            .max_word_split_fields(self.steps)
            .max_word_split_bytes(self.output_bytes);
        limits.max_background_jobs = self.jobs;
        limits.max_history_entries = 0;
        limits
    }

    /// The limits of one session: none, because every run is counted anew.
    pub(crate) fn of_session(&self) -> SessionLimits {
        SessionLimits::unlimited()
    }

    /// The limits of what a script may remember.
    pub(crate) fn of_memory(&self) -> MemoryLimits {
        MemoryLimits::new()
            .max_variable_count(self.steps)
            .max_total_variable_bytes(self.output_bytes)
            .max_array_entries(self.steps)
            .max_function_count(self.steps)
            .max_function_body_bytes(self.script_bytes)
    }

    /// The limits of one Python program.
    pub(crate) fn of_python(&self) -> PythonLimits {
        PythonLimits::default()
            .max_duration(Duration::from_secs(self.python.seconds))
            .max_memory(self.python.memory_bytes)
            .max_recursion(self.python.depth)
    }
}
