//! Stays with a process from its start until nobody prints to it any more.
//!
//! **Promise.** What it prints is handed on as it comes; its end is told once, after the last of what it printed
//! itself, even if somebody that it started goes on printing. Asked to stop, all that it started is ended, also after
//! its own end; whoever it left behind without a pipe to us is left alone. If the runtime goes away, all are killed.
//! **Bound.** [`PIECE`] bytes are read at once, and no more than the listener takes. **Cost.** Three or four tasks.

use std::time::Duration;

use bytes::BytesMut;
use process_wrap::tokio::ChildWrapper;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, waitid};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::spawn::Started;
use super::tree::Tree;
use crate::process::{End, Input, Output, Pipes};

/// How much is read at once.
const PIECE: usize = 16 << 10;
/// How long a pipe must have been silent after the process's end for all of its own output to have been read.
const QUIET: Duration = Duration::from_millis(25);
/// How long pipes are listened to after all were killed.
const LINGER: Duration = Duration::from_millis(300);
/// What a terminal takes for the end of input.
const END_OF_INPUT: &[u8] = &[4];

/// Tends a process. It is held from here on, also if the future never runs.
pub(super) fn tend(
    started: Started,
    mark: String,
    pipes: Pipes,
    grace: Duration,
) -> impl Future<Output = ()> + Send {
    let leader = started.leader;
    let held = Held {
        tree: Tree { leader, mark },
        is_settled: false,
    };
    stay(held, started, pipes, grace)
}

async fn stay(held: Held, started: Started, pipes: Pipes, grace: Duration) {
    let Started {
        child,
        leader,
        has_terminal,
        input,
        outputs,
    } = started;
    // Declared behind the child, so that its tree is killed before somebody else may reap it.
    let mut held = held;
    let mut writer = JoinSet::new();
    writer.spawn(write(pipes.input, input, has_terminal));
    let exited = CancellationToken::new();
    let (mut readers, mut drained) = (JoinSet::new(), Vec::new());
    for (is_err, source) in outputs {
        let (told, hears) = oneshot::channel();
        readers.spawn(read(source, is_err, pipes.output.clone(), exited.clone(), told));
        drained.push(hears);
    }
    drop(pipes.output);

    let stop = pipes.stop;
    let mut is_stopped = false;
    let end = tokio::select! {
        end = leave(leader) => end,
        () = stop.cancelled() => {
            is_stopped = true;
            held.tree.end(grace).await;
            End::Stopped
        }
    };
    drop(writer);
    exited.cancel();
    let all_drained = async {
        for hears in drained {
            // Whoever has read to the end tells nothing more.
            let _ = hears.await;
        }
    };
    if is_stopped {
        let _ = timeout(LINGER, all_drained).await;
    } else {
        tokio::select! {
            () = all_drained => {}
            () = stop.cancelled() => {
                is_stopped = true;
                held.tree.end(grace).await;
            }
        }
    }
    // Nobody has to listen.
    let _ = pipes.end.send(end);
    if !is_stopped {
        let all_read = async { while readers.join_next().await.is_some() {} };
        tokio::select! {
            () = all_read => {}
            () = stop.cancelled() => held.tree.end(grace).await,
        }
    }
    held.is_settled = true;
    drop(readers);
    reap(child).await;
}

/// A tree that is killed if it is dropped before its time.
struct Held {
    tree: Tree,
    is_settled: bool,
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.is_settled {
            self.tree.signal_now(Signal::KILL);
        }
    }
}

/// Writes what comes to a process.
async fn write(
    mut input: mpsc::Receiver<Input>,
    mut sink: Box<dyn AsyncWrite + Send + Unpin>,
    is_terminal: bool,
) {
    while let Some(next) = input.recv().await {
        let written = match next {
            Input::Bytes(bytes) => sink.write_all(&bytes).await,
            // A terminal is not closed: its other end would hear that it was hung up.
            Input::End if is_terminal => sink.write_all(END_OF_INPUT).await,
            Input::End => break,
        };
        if written.is_err() || sink.flush().await.is_err() {
            break;
        }
    }
}

/// Hands on what a process prints until nobody can print there any more, or nobody listens.
async fn read(
    mut source: Box<dyn AsyncRead + Send + Unpin>,
    is_err: bool,
    output: mpsc::Sender<Output>,
    exited: CancellationToken,
    drained: oneshot::Sender<()>,
) {
    let mut drained = Some(drained);
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(PIECE);
        let count = tokio::select! {
            biased;
            count = source.read_buf(&mut buffer) => count,
            () = quiet(&exited), if drained.is_some() => {
                if let Some(drained) = drained.take() {
                    let _ = drained.send(());
                }
                continue;
            }
        };
        // A terminal whose other end is gone answers with an error.
        if !matches!(count, Ok(1..)) {
            return;
        }
        let bytes = buffer.split().freeze();
        if output.send(Output { is_err, bytes }).await.is_err() {
            return;
        }
    }
}

async fn quiet(exited: &CancellationToken) {
    exited.cancelled().await;
    sleep(QUIET).await;
}

/// Waits until a process has ended, and says how. It is left for somebody else to reap.
async fn leave(leader: Pid) -> End {
    if !hear(leader).await {
        let wait = move || {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(leader), options) {}
        };
        // The thread cannot fail; if the runtime is going away, the tree is killed.
        let _ = tokio::task::spawn_blocking(wait).await;
    }
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    let status = waitid(WaitId::Pid(leader), options).ok().flatten();
    let code = status.as_ref().and_then(|status| status.exit_status());
    let signal = status.as_ref().and_then(|status| status.terminating_signal());
    match (code, signal) {
        (Some(code), _) => End::Code(code),
        (None, Some(signal)) => End::Signal(name_of(signal)),
        (None, None) => End::Broken("nobody can say how it ended".to_owned()),
    }
}

/// Waits for the end of a process without a thread of its own. False where that cannot be.
#[cfg(target_os = "linux")]
#[expect(
    deprecated,
    reason = "its successor is unsafe, for types whose descriptor may change; an owned one does not"
)]
async fn hear(leader: Pid) -> bool {
    use rustix::process::{PidfdFlags, pidfd_open};
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    let Ok(held) = pidfd_open(leader, PidfdFlags::NONBLOCK) else {
        return false;
    };
    match AsyncFd::with_interest(held, Interest::READABLE) {
        Ok(held) => held.readable().await.is_ok(),
        Err(_) => false,
    }
}

#[cfg(not(target_os = "linux"))]
async fn hear(_: Pid) -> bool {
    false
}

fn name_of(signal: i32) -> String {
    let known = [
        (Signal::HUP, "SIGHUP"),
        (Signal::INT, "SIGINT"),
        (Signal::QUIT, "SIGQUIT"),
        (Signal::ILL, "SIGILL"),
        (Signal::TRAP, "SIGTRAP"),
        (Signal::ABORT, "SIGABRT"),
        (Signal::BUS, "SIGBUS"),
        (Signal::FPE, "SIGFPE"),
        (Signal::KILL, "SIGKILL"),
        (Signal::USR1, "SIGUSR1"),
        (Signal::SEGV, "SIGSEGV"),
        (Signal::USR2, "SIGUSR2"),
        (Signal::PIPE, "SIGPIPE"),
        (Signal::ALARM, "SIGALRM"),
        (Signal::TERM, "SIGTERM"),
        (Signal::XCPU, "SIGXCPU"),
        (Signal::XFSZ, "SIGXFSZ"),
        (Signal::SYS, "SIGSYS"),
    ];
    let found = known.iter().find(|(known, _)| known.as_raw() == signal);
    found.map_or_else(|| format!("signal {signal}"), |(_, name)| (*name).to_owned())
}

/// Takes a process that has ended off the system's list. One that cannot be killed is left to the runtime.
async fn reap(mut child: Box<dyn ChildWrapper>) {
    // The wrapper would wait for the whole group.
    let _ = timeout(LINGER, child.inner_mut().wait()).await;
}
