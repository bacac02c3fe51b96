//! One run of a program, from start to the end of everything it started.
//!
//! Promise: the program leads a process group of its own, and the whole group is killed when it ends, when a limit is
//! reached and when the run is dropped. The kill comes before the leader is reaped, so its group id cannot have become
//! somebody else's. Writing, reading and waiting go on side by side: a program that never reads, or never stops
//! printing, stops at a limit. Bound: the deadline, the silence limit, the output limit (standard error counts towards
//! the last two and is thrown away unread). A process that leaves the group with `setsid` outlives the run, but cannot
//! delay it: after the leader's end, what stands in the pipe is read, and no more than [`LINGER`] is spent waiting for
//! its other holders.

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep_until};
use zeroize::Zeroizing;

use crate::error::ExecFailure;
use crate::value::WipedBytes;

/// How long a pipe may stay quiet and open after the program itself has ended.
const LINGER: Duration = Duration::from_millis(100);

/// What to run and how far it may go.
pub(crate) struct Launch<'a> {
    pub(crate) command: PathBuf,
    pub(crate) args: &'a [String],
    /// The whole environment; nothing is inherited. Starting a process copies it into memory that nobody wipes.
    pub(crate) variables: Vec<(&'a str, &'a str)>,
    pub(crate) timeout_ms: u64,
    pub(crate) silence_ms: u64,
    pub(crate) max_output_bytes: u64,
}

/// Why a run gave no output.
pub(crate) enum Stop {
    Failure(ExecFailure),
    /// It printed more than it may.
    Flood,
}

impl From<ExecFailure> for Stop {
    fn from(failure: ExecFailure) -> Self {
        Self::Failure(failure)
    }
}

/// Runs the program with this input and returns what it printed.
pub(crate) async fn run(launch: Launch<'_>, input: Vec<u8>) -> Result<WipedBytes, Stop> {
    let deadline = Instant::now() + Duration::from_millis(launch.timeout_ms);
    let mut group = Group::start(&launch)?;
    let mut output = Output::new(launch.max_output_bytes);
    let overdue = || Stop::from(ExecFailure::TimedOut(launch.timeout_ms));

    let mut stdin = group.child.stdin.take();
    let mut stdout = group.child.stdout.take();
    let mut stderr = group.child.stderr.take();
    let write = async {
        if let Some(stdin) = &mut stdin {
            // A program that does not read its input is judged by what it prints.
            let _ = stdin.write_all(&input).await;
        }
        stdin = None;
    };
    tokio::pin!(write);
    let mut written = false;
    let ended = wait_unreaped(group.leader);
    tokio::pin!(ended);

    let silence = Duration::from_millis(launch.silence_ms);
    let mut quiet_until = Instant::now() + silence;
    let mut out_chunk = chunk();
    let mut err_chunk = chunk();
    loop {
        tokio::select! {
            biased;
            () = sleep_until(deadline) => return Err(overdue()),
            () = &mut ended => break,
            () = &mut write, if !written => written = true,
            count = read(&mut stdout, &mut out_chunk), if stdout.is_some() => match count {
                Some(count) => {
                    output.keep(out_chunk.get(..count).unwrap_or_default())?;
                    quiet_until = Instant::now() + silence;
                }
                None => stdout = None,
            },
            count = read(&mut stderr, &mut err_chunk), if stderr.is_some() => match count {
                Some(count) => {
                    output.count(count)?;
                    quiet_until = Instant::now() + silence;
                }
                None => stderr = None,
            },
            () = sleep_until(quiet_until) => return Err(ExecFailure::Silent(launch.silence_ms).into()),
        }
    }

    group.kill();
    let linger = || deadline.min(Instant::now() + LINGER);
    while let Ok(Some(count)) = tokio::time::timeout_at(linger(), read(&mut stdout, &mut out_chunk)).await {
        output.keep(out_chunk.get(..count).unwrap_or_default())?;
        if Instant::now() >= deadline {
            return Err(overdue());
        }
    }
    match group.reap().await {
        0 => Ok(output.kept),
        code => Err(ExecFailure::Exited(code).into()),
    }
}

fn chunk() -> Zeroizing<Vec<u8>> {
    Zeroizing::new(vec![0u8; 16 * 1024])
}

/// Reads once. `None`: there is no more, or nothing to read from.
async fn read(pipe: &mut Option<impl AsyncRead + Unpin>, chunk: &mut [u8]) -> Option<usize> {
    match pipe.as_mut()?.read(chunk).await {
        Ok(0) | Err(_) => None,
        Ok(count) => Some(count),
    }
}

/// Waits until the process has ended, and leaves it for somebody else to reap.
async fn wait_unreaped(leader: Pid) {
    let wait = move || {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(leader), options) {}
    };
    // The thread cannot fail; if the runtime is going away, the run is dropped and its group killed.
    let _ = tokio::task::spawn_blocking(wait).await;
}

/// What was printed, within its limit.
struct Output {
    kept: WipedBytes,
    left: u64,
}

impl Output {
    fn new(max: u64) -> Self {
        Self {
            kept: WipedBytes::new(),
            left: max,
        }
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        self.count(bytes.len())?;
        self.kept.extend(bytes);
        Ok(())
    }

    fn count(&mut self, bytes: usize) -> Result<(), Stop> {
        self.left = self.left.checked_sub(bytes as u64).ok_or(Stop::Flood)?;
        Ok(())
    }
}

/// A program and everything it started that stayed in its process group.
struct Group {
    child: Child,
    leader: Pid,
    reaped: bool,
}

impl Group {
    fn start(launch: &Launch<'_>) -> Result<Self, ExecFailure> {
        let child = Command::new(&launch.command)
            .args(launch.args)
            .env_clear()
            .envs(launch.variables.iter().copied())
            .current_dir(launch.command.parent().unwrap_or(Path::new("/")))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|error| ExecFailure::NotStarted(error.kind().to_string()))?;
        let leader = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let leader = leader.ok_or_else(|| ExecFailure::NotStarted("it has no process id".to_owned()))?;
        Ok(Self {
            child,
            leader,
            reaped: false,
        })
    }

    fn kill(&self) {
        // The only failure is that nobody is left.
        let _ = kill_process_group(self.leader, Signal::KILL);
    }

    /// The exit code of a program that has ended. A signal counts as 128 and its number.
    async fn reap(&mut self) -> i32 {
        let status = self.child.wait().await;
        self.reaped = true;
        match status {
            Ok(status) => status
                .code()
                .or(status.signal().map(|signal| signal.saturating_add(128))),
            Err(_) => None,
        }
        .unwrap_or(1)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.reaped {
            self.kill();
        }
    }
}
