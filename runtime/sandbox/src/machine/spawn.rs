//! A process of this machine, with pipes or a terminal at its ends.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::Stdio;

use process_wrap::tokio::{ChildWrapper, CommandWrap, ProcessSession};
use rustix::process::Pid;
use tokio::io::{AsyncRead, AsyncWrite};

/// How large a terminal is.
const ROWS: u16 = 30;
const COLUMNS: u16 = 120;

/// What is to be run.
pub(super) struct Launch<'a> {
    pub(super) program: &'a Path,
    pub(super) arguments: &'a [&'a OsStr],
    pub(super) folder: &'a Path,
    pub(super) variables: &'a BTreeMap<OsString, OsString>,
    pub(super) wants_terminal: bool,
}

/// A process that was started: it leads a session and a group of its own.
pub(super) struct Started {
    pub(super) child: Box<dyn ChildWrapper>,
    pub(super) leader: Pid,
    pub(super) has_terminal: bool,
    pub(super) input: Box<dyn AsyncWrite + Send + Unpin>,
    /// What it prints, and whether that is the stream for errors.
    pub(super) outputs: Vec<(bool, Box<dyn AsyncRead + Send + Unpin>)>,
}

impl Launch<'_> {
    pub(super) fn start(&self) -> io::Result<Started> {
        if self.wants_terminal {
            match open_terminal() {
                Ok((terminal, inside)) => return self.start_on(terminal, inside),
                Err(error) => tracing::warn!(%error, "there is no terminal for a command; it gets pipes"),
            }
        }
        let mut wrap = CommandWrap::with_new(self.program, |command| {
            command
                .args(self.arguments)
                .current_dir(self.folder)
                .env_clear()
                .envs(self.variables)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
        });
        let mut child = wrap.wrap(ProcessSession).spawn()?;
        let (input, out, err) = (child.stdin().take(), child.stdout().take(), child.stderr().take());
        let (Some(input), Some(out), Some(err)) = (input, out, err) else {
            return Err(io::Error::other("it has no pipes"));
        };
        Ok(Started {
            leader: leader(child.id())?,
            child,
            has_terminal: false,
            input: Box::new(input),
            outputs: vec![(false, Box::new(out)), (true, Box::new(err))],
        })
    }

    fn start_on(&self, terminal: pty_process::Pty, inside: pty_process::Pts) -> io::Result<Started> {
        let command = pty_process::Command::new(self.program)
            .args(self.arguments)
            .current_dir(self.folder)
            .env_clear()
            .envs(self.variables);
        let child = command.spawn(inside).map_err(io_error)?;
        let (out, input) = terminal.into_split();
        Ok(Started {
            leader: leader(child.id())?,
            child: Box::new(child),
            has_terminal: true,
            input: Box::new(input),
            outputs: vec![(false, Box::new(out))],
        })
    }
}

fn open_terminal() -> io::Result<(pty_process::Pty, pty_process::Pts)> {
    let (terminal, inside) = pty_process::open().map_err(io_error)?;
    let size = pty_process::Size::new(ROWS, COLUMNS);
    terminal.resize(size).map_err(io_error)?;
    Ok((terminal, inside))
}

fn io_error(error: pty_process::Error) -> io::Error {
    match error {
        pty_process::Error::Io(error) => error,
        pty_process::Error::Rustix(error) => error.into(),
        other => io::Error::other(other.to_string()),
    }
}

fn leader(id: Option<u32>) -> io::Result<Pid> {
    let pid = id.and_then(|id| Pid::from_raw(id.cast_signed()));
    pid.ok_or_else(|| io::Error::other("it has no process id"))
}
