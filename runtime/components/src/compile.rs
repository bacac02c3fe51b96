//! Compiling a component, in a process of its own.
//!
//! **Promise.** Whatever a stranger's bytes do to the compiler, they do it to a process that was handed nothing but
//! them, may use so much memory, processor time and disk, and is dead afterwards. Its words reach people made safe to show.
//! **Bound.** [`CompileLimits`]. **Cost.** A process for each compilation, beside the compiling itself.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{ExitCode, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{
    Resource, Rlimit, Signal, getrlimit, set_parent_process_death_signal, setpriority_process, setrlimit,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use crate::engine;
use crate::error::{CompileFailure, Error, Result};
use crate::validate::MAX_BYTES;

/// How much of the child's words is read.
const MAX_WORDS: u64 = 4 << 10;
/// Compiled code is some 3 times the component; this leaves room for any that may be compiled.
const MAX_OUTPUT: u64 = 1 << 30;
/// Compiling may wait for whoever else needs the processor.
const NICENESS: i32 = 10;
/// How the child says that the component is at fault and not the child.
const REFUSED: u8 = 2;
/// How it says that there is no room for the code.
const UNWRITTEN: u8 = 3;

/// How much compiling may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CompileLimits {
    /// Processor time in seconds, of all threads together.
    pub cpu_seconds: u64,
    /// Bytes of memory.
    pub memory: u64,
    /// Time until it is killed, on a machine that is busy with other things.
    pub wait: Duration,
}

impl Default for CompileLimits {
    /// Enough for the largest components there are, some tens of megabytes.
    fn default() -> Self {
        Self {
            cpu_seconds: 120,
            memory: 2 << 30,
            wait: Duration::from_secs(300),
        }
    }
}

/// The program that compiles: one that calls [`compile_child`] with what follows `args`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Compiler {
    /// The executable.
    pub program: PathBuf,
    /// What makes it call [`compile_child`].
    pub args: Vec<OsString>,
    /// How much it may take.
    pub limits: CompileLimits,
}

impl Compiler {
    /// Compiles a component into a file.
    pub(crate) async fn compile(&self, bytes: Vec<u8>, output: File) -> Result<()> {
        let failed = |what: std::io::Error| Error::Compile(CompileFailure::Process(what.to_string()));
        let CompileLimits {
            cpu_seconds,
            memory,
            wait,
        } = self.limits;
        let mut child = Command::new(&self.program)
            .args(&self.args)
            .args([cpu_seconds.to_string(), memory.to_string()])
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::from(output))
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
        let feed = async move {
            if let Some(mut stdin) = stdin {
                // A child that died has said why; that it no longer reads adds nothing.
                let _ = stdin.write_all(&bytes).await;
            }
        };
        let listen = async move {
            let mut words = Vec::new();
            if let Some(stderr) = stderr {
                let _ = stderr.take(MAX_WORDS).read_to_end(&mut words).await;
            }
            String::from_utf8_lossy(&words).trim().to_owned()
        };
        let all = async { tokio::join!(feed, listen, child.wait()) };
        let Ok(((), words, status)) = tokio::time::timeout(wait, all).await else {
            return Err(Error::Compile(CompileFailure::Time(wait)));
        };
        self.judge(status.map_err(failed)?, words)
    }

    fn judge(&self, status: ExitStatus, words: String) -> Result<()> {
        let signal = status.signal();
        let is = |wanted: Signal| signal == Some(wanted.as_raw());
        if status.success() {
            Ok(())
        } else if status.code() == Some(i32::from(REFUSED)) {
            Err(Error::Malformed { what: words })
        } else if status.code() == Some(i32::from(UNWRITTEN)) {
            Err(Error::Compile(CompileFailure::Unwritten(words)))
        } else if is(Signal::XCPU) {
            let time = Duration::from_secs(self.limits.cpu_seconds);
            Err(Error::Compile(CompileFailure::Time(time)))
        } else if is(Signal::KILL) {
            let what = "the system ended it, perhaps for want of memory; try again when less is going on";
            Err(Error::Compile(CompileFailure::Process(what.to_owned())))
        } else if is(Signal::ABORT) {
            Err(Error::Compile(CompileFailure::Memory(self.limits.memory)))
        } else {
            let what = format!("{status}: {words}");
            Err(Error::Compile(CompileFailure::Process(what)))
        }
    }
}

/// What the compiling process does: it gives up what it does not need, compiles what it reads from its standard
/// input and writes the code to its standard output. `args` is what stands behind [`Compiler::args`].
pub fn compile_child(args: impl IntoIterator<Item = String>) -> ExitCode {
    match run(args.into_iter()) {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, words)) => {
            eprintln!("{words}");
            ExitCode::from(code)
        }
    }
}

type Failed = (u8, String);

fn run(mut args: impl Iterator<Item = String>) -> Result<(), Failed> {
    let mut number = |name: &str| {
        let number = args.next().and_then(|arg| arg.parse::<u64>().ok());
        number.ok_or_else(|| {
            (
                1,
                format!("the {name} is missing; this is called by openclaw itself"),
            )
        })
    };
    let (seconds, memory) = (number("processor time")?, number("memory")?);
    // Address space is not limited, because the engine reserves some that it never uses.
    for (resource, most) in [
        (Resource::Cpu, seconds),
        (Resource::Data, memory),
        (Resource::Fsize, MAX_OUTPUT),
        (Resource::Core, 0),
        (Resource::Nofile, 64),
    ] {
        // Where the system allows less, less it is.
        let most = getrlimit(resource)
            .maximum
            .map_or(most, |allowed| allowed.min(most));
        // At the current one of processor time comes a signal that tells; a second later one that does not.
        let spare = u64::from(matches!(resource, Resource::Cpu));
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most + spare),
        };
        setrlimit(resource, limit).map_err(|error| (1, format!("a limit cannot be set: {error}")))?;
    }
    // Whoever started this may have stepped back farther already, and then there is nothing to do.
    let _ = setpriority_process(None, NICENESS);
    // Nobody waits for the code of a gateway that is gone.
    set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|error| (1, format!("cannot be tied to the gateway: {error}")))?;
    let mut bytes = Vec::new();
    let most = MAX_BYTES as u64 + 1;
    let read = std::io::stdin().lock().take(most).read_to_end(&mut bytes);
    read.map_err(|error| (1, format!("the component cannot be read: {error}")))?;
    let engine = engine::on_demand().map_err(|error| (1, error.to_string()))?;
    let code = engine
        .precompile_component(&bytes)
        .map_err(|error| (REFUSED, format!("{error:#}")))?;
    let mut out = std::io::stdout().lock();
    let written = out.write_all(&code).and_then(|()| out.flush());
    written.map_err(|error| (UNWRITTEN, error.to_string()))
}
