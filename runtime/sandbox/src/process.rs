//! A command that runs, whoever runs it.
//!
//! **Promise.** All backends hand out this one shape: what it prints comes as it is printed, with whichever stream it was
//! printed to; it ends once and says how; whoever drops it, stops it. **Bound.** [`AHEAD`] pieces of output wait for a
//! listener, and then the command waits. **Cost.** Two channels.

use std::collections::BTreeMap;

pub use openclaw_components::{Input, Printed as Output};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};

/// How many pieces of output, and of input, wait before the one who sends them waits.
pub const AHEAD: usize = 16;

/// A command as it is to be run.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Command {
    /// The text for the shell.
    pub text: String,
    /// Where it begins, as whoever runs it names folders. Empty: where the session is.
    pub folder: String,
    /// What is added to its environment.
    pub env: BTreeMap<String, String>,
    /// Whether it wants a terminal. Who has none to give runs it without, and the process says so.
    pub wants_terminal: bool,
}

/// How a command ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum End {
    /// By itself, with this code.
    Code(i32),
    /// By a signal of the system, by its name.
    Signal(String),
    /// Because it was stopped.
    Stopped,
    /// For a reason that whoever ran it can tell: a limit, or that it went out of order.
    Broken(String),
}

/// A command that runs. Dropping it stops it, with all that it started.
#[derive(Debug)]
pub struct Process {
    /// Its number on this machine, if it has one.
    pub pid: Option<u32>,
    /// Whether it has a terminal.
    pub has_terminal: bool,
    /// What is written to it. Sending fails when it has ended or reads no more.
    pub input: mpsc::Sender<Input>,
    /// What it prints. Ends when all that could print to it has ended.
    pub output: mpsc::Receiver<Output>,
    /// How it ended. Comes after the last of its own output was sent. If the sender is gone, it was stopped.
    pub end: oneshot::Receiver<End>,
    stop: CancellationToken,
    _guard: DropGuard,
}

/// The ends of a process that whoever runs it holds.
#[derive(Debug)]
pub struct Pipes {
    /// What is written to it.
    pub input: mpsc::Receiver<Input>,
    /// What it prints.
    pub output: mpsc::Sender<Output>,
    /// How it ended.
    pub end: oneshot::Sender<End>,
    /// Somebody wants it stopped.
    pub stop: CancellationToken,
}

impl Process {
    /// A process and the ends for whoever runs it.
    pub fn open(pid: Option<u32>, has_terminal: bool) -> (Self, Pipes) {
        let (input, input_end) = mpsc::channel(AHEAD);
        let (output_end, output) = mpsc::channel(AHEAD);
        let (end_end, end) = oneshot::channel();
        let stop = CancellationToken::new();
        let process = Self {
            pid,
            has_terminal,
            input,
            output,
            end,
            stop: stop.clone(),
            _guard: stop.clone().drop_guard(),
        };
        let pipes = Pipes {
            input: input_end,
            output: output_end,
            end: end_end,
            stop,
        };
        (process, pipes)
    }

    /// What stops it, and all that it started, when it is cancelled.
    pub fn stop(&self) -> CancellationToken {
        self.stop.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_drops_a_process_stops_it() {
        let (process, pipes) = Process::open(None, false);
        drop(process);
        pipes.stop.cancelled().await;
    }
}
