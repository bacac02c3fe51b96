//! Starting other programs: each is announced on stderr before it starts, keeps the terminal while it runs,
//! and when it fails the error carries the line that tells how to mend it.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Says what is about to happen. On stderr, so that stdout stays free for results.
pub(crate) fn say(what: &str) {
    eprintln!("==> {what}");
}

/// The cargo that started us, so that one toolchain does everything.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Says `what`, runs the command with the terminal's own streams, and fails with `mend`.
pub(crate) fn run(what: &str, command: &mut Command, mend: &str) -> Result<()> {
    say(what);
    let status = command
        .status()
        .with_context(|| format!("{} could not be started; {mend}", command.get_program().display()))?;
    if !status.success() {
        bail!("{what}: ended with {status}; {mend}");
    }
    Ok(())
}

/// Runs the command and returns whether it succeeded and what it printed on stdout. Its stderr reaches the
/// terminal.
pub(crate) fn capture(command: &mut Command) -> Result<(bool, String)> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("{} could not be started", command.get_program().display()))?;
    Ok((
        output.status.success(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
    ))
}

/// The program of this name on PATH.
pub(crate) fn find_on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| is_executable(file))
}

#[cfg(unix)]
fn is_executable(file: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(file: &std::path::Path) -> bool {
    file.is_file() || file.with_extension("exe").is_file()
}

/// Whether this is a CI run, where something missing is a failure and not a skip.
pub(crate) fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}
