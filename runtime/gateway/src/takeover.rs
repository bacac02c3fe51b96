//! `--force`: making the gateway that runs already give way.
//!
//! **Promise.** Only a process that holds the lock of this state folder and is a gateway is stopped: first asked, then
//! made to. Any other process is left alone and named. **Bound.** `ASKED` and then `MADE`.

use std::path::Path;
use std::time::{Duration, Instant};

use openclaw_state::State;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::error::{Error, Result};

/// How long another process may keep the state before that is an error.
const LOCK: Duration = Duration::from_secs(5);
/// How long a gateway has to stop by itself.
const ASKED: Duration = Duration::from_millis(6000);
/// How long the system has to end it.
const MADE: Duration = Duration::from_millis(2000);
/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Opens the state, waiting up to `LOCK` for whoever has it; with `force` that is stopped first if it is a gateway.
/// Blocks for as long as that takes.
pub fn open_state(options: impl Fn() -> openclaw_state::Options, force: bool) -> Result<State> {
    open_within(LOCK, options, force)
}

fn open_within(
    patience: Duration,
    options: impl Fn() -> openclaw_state::Options,
    mut force: bool,
) -> Result<State> {
    let begun = Instant::now();
    loop {
        let owner = match State::open(options()) {
            Err(openclaw_state::Error::Locked { owner, .. }) => owner,
            other => return Ok(other?),
        };
        match owner {
            Some(pid) if force => {
                force = false;
                stop(pid)?;
            }
            _ if begun.elapsed() >= patience => {
                return Err(Error::Running {
                    pid: owner,
                    waited_ms: begun.elapsed().as_millis(),
                });
            }
            _ => std::thread::sleep(LOOK),
        }
    }
}

/// Stops the process that holds the lock of the state folder. Blocks until it is gone.
pub fn stop(pid: u32) -> Result<()> {
    let name = name_of(pid);
    let target = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let (Some(target), true) = (target, is_gateway(pid)) else {
        return Err(Error::Foreign { pid, name });
    };
    if ends(target, Signal::TERM, ASKED) {
        tracing::info!("force: killed pid {pid} ({name})");
        return Ok(());
    }
    tracing::warn!("force: escalated to SIGKILL while stopping pid {pid}");
    if ends(target, Signal::KILL, MADE) {
        Ok(())
    } else {
        Err(Error::Stuck { pid })
    }
}

fn ends(pid: Pid, signal: Signal, within: Duration) -> bool {
    // One that is gone already cannot be told.
    let _ = kill_process(pid, signal);
    let begun = Instant::now();
    loop {
        if test_kill_process(pid).is_err() || is_defunct(pid) {
            return true;
        }
        if begun.elapsed() >= within {
            return false;
        }
        std::thread::sleep(LOOK);
    }
}

/// Whether only its parent has not taken note of its end yet.
fn is_defunct(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| rest.starts_with('Z'))
}

/// Whether the words that a process was started with are those of a gateway: `openclaw … gateway …`.
fn is_gateway(pid: u32) -> bool {
    let words = words_of(pid);
    let program = words.first().map(Path::new).and_then(Path::file_stem);
    program.is_some_and(|program| program == "openclaw") && words.iter().skip(1).any(|word| word == "gateway")
}

fn words_of(pid: u32) -> Vec<String> {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0)
        .filter(|word| !word.is_empty())
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect()
}

fn name_of(pid: u32) -> String {
    words_of(pid)
        .first()
        .cloned()
        .unwrap_or_else(|| "unknown".to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
    use std::process::{Child, Command, Stdio};

    use super::*;

    /// A process that is called as given, and that ignores being asked if told so.
    fn process(name: &str, stubborn: bool) -> Child {
        let script = if stubborn {
            "trap '' TERM; while :; do sleep 0.1; done"
        } else {
            "while :; do sleep 0.1; done"
        };
        let child = Command::new("/bin/sh")
            .arg0(name)
            .args(["-c", script, "gateway", "gateway"])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        while words_of(child.id()).first().is_none_or(|word| word != name) {
            std::thread::sleep(Duration::from_millis(5));
        }
        child
    }

    #[test]
    fn a_state_that_another_has_is_waited_for_and_then_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let options = || openclaw_state::Options::new(folder.path(), str::to_owned);
        let state = State::open(options()).unwrap();
        let told = open_within(Duration::from_millis(250), options, false)
            .err()
            .unwrap();
        assert!(matches!(&told, Error::Running { waited_ms: 250.., .. }), "{told}");
        // This process is no gateway, so that force does not end it.
        let told = open_within(Duration::from_millis(250), options, true)
            .err()
            .unwrap();
        assert!(
            matches!(&told, Error::Foreign { pid, .. } if *pid == std::process::id()),
            "{told}"
        );
        let freed = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(300));
            drop(state);
        });
        open_within(Duration::from_secs(60), options, false).unwrap();
        freed.join().unwrap();
    }

    #[test]
    fn a_process_that_is_no_gateway_is_left_alone() {
        let mut other = process("somebody-else", false);
        let told = stop(other.id()).unwrap_err();
        assert!(
            matches!(&told, Error::Foreign { name, .. } if name == "somebody-else"),
            "{told}"
        );
        assert!(other.try_wait().unwrap().is_none());
        other.kill().unwrap();
        other.wait().unwrap();
    }

    #[test]
    fn a_gateway_is_asked_to_stop() {
        let mut gateway = process("openclaw", false);
        stop(gateway.id()).unwrap();
        assert_eq!(gateway.wait().unwrap().signal(), Some(Signal::TERM.as_raw()));
    }
}
