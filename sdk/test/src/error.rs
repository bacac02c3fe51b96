//! Why a run is not what its test wanted. The text is made for the person who reads the failed test, so `Debug`,
//! which `unwrap` prints, shows it as it is.

use std::fmt;
use std::path::PathBuf;

use crate::output::Refusal;

/// Why there is no output.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file cannot be read or written.
    #[error("{path}: cannot be {what}: {source}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// The bytes are no component.
    #[error("{path} is no component: {why}\nbuild it with `cargo build --release --target wasm32-wasip2`", path = path.display())]
    NoComponent {
        /// Where it is.
        path: PathBuf,
        /// What the engine says.
        why: String,
    },
    /// It imports what can neither be built in nor scripted.
    #[error("the component imports {import}, which can be neither scripted nor built in: {why}")]
    Import {
        /// The import's name.
        import: String,
        /// Why.
        why: String,
    },
    /// It exports no tools.
    #[error(
        "the component does not export {export}; it exports {found}\nmake it with `openclaw_sdk::tool!` or `openclaw_sdk::skill!`, as a `cdylib`"
    )]
    Export {
        /// What is missing.
        export: &'static str,
        /// What is there.
        found: String,
    },
    /// The author's package cannot be built.
    #[error("{package}: {why}", package = package.display())]
    Build {
        /// Its folder.
        package: PathBuf,
        /// What failed and what to do.
        why: String,
    },
    /// The manifest is missing, or says something else than the component.
    #[error("{manifest}: {why}", manifest = manifest.display())]
    Manifest {
        /// Its path.
        manifest: PathBuf,
        /// What is wrong and what to do.
        why: String,
    },
    /// What the component says about its tools cannot stand.
    #[error("the description of the tool {tool:?}: {why}")]
    Description {
        /// Which tool.
        tool: String,
        /// What is wrong.
        why: String,
    },
    /// The component has no such tool.
    #[error("the component has no tool {tool:?}; its tools are {tools}")]
    NoTool {
        /// The name that was asked for.
        tool: String,
        /// Those that exist.
        tools: String,
    },
    /// The tool returned an error, which the gateway takes for a fault around the tool.
    #[error("the tool returned the error {code}: {message}", code = .0.code, message = .0.message)]
    Refused(Refusal),
    /// The component called something that nobody expected.
    #[error("{0}")]
    Unexpected(String),
    /// An answer does not have the type that the component wants.
    #[error("the answer to {call} does not fit: {why}")]
    Answer {
        /// The interface and function.
        call: String,
        /// Where and why.
        why: String,
    },
    /// Expectations that no call met, or recorded calls that nobody made.
    #[error("{0}")]
    Unmet(String),
    /// The run differs from its recording.
    #[error("{path}: {what}\n  recorded: {recorded}\n  now:      {now}\nif the new behaviour is right, record it: OPENCLAW_RECORD=1", path = path.display())]
    Recording {
        /// The recording.
        path: PathBuf,
        /// Which difference it is.
        what: String,
        /// What the recording has.
        recorded: String,
        /// What happened.
        now: String,
    },
    /// There is no recording, or it cannot be understood.
    #[error("{path}: {why}\nmake the recording with OPENCLAW_RECORD=1", path = path.display())]
    NoRecording {
        /// Where it should be.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The component panicked or did something that ends it.
    #[error("the component ended without an answer: {why}{printed}")]
    Trap {
        /// The trap.
        why: String,
        /// What it printed to standard error.
        printed: String,
    },
    /// It computed for too long.
    #[error("the component used up its fuel of {fuel} instructions; Host::fuel sets another bound")]
    Fuel {
        /// The bound.
        fuel: u64,
    },
    /// It waited for too long.
    #[error("the call did not end within {seconds} s; Host::deadline sets another bound")]
    Deadline {
        /// The bound.
        seconds: f64,
    },
    /// The engine failed.
    #[error("the engine failed: {0}")]
    Engine(String),
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error {
    pub(crate) fn engine(error: &wasmtime::Error) -> Self {
        Self::Engine(format!("{error:#}"))
    }
}

/// What the functions of this crate return.
pub type Result<T, E = Error> = std::result::Result<T, E>;
