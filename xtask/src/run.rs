//! `cargo xtask run`: from a fresh clone to a running gateway, in one command.
//!
//! The gateway replaces this process, so whoever stops the command stops the gateway. State lives in
//! `target/dev-state`; nothing outside of the checkout is read or written.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::openclaw::{self, Profile};
use crate::process::{cargo, run as run_command, say};
use crate::tree::Tree;
use crate::{guests, toolchain};

/// The least that `openclaw gateway run` wants to find: it refuses to start without a mode.
const FIRST_CONFIG: &str = "{\n  \"gateway\": { \"mode\": \"local\" }\n}\n";

/// Builds what the tree has and starts it.
pub(crate) fn run(tree: &Tree, port: u16) -> Result<()> {
    toolchain::prepare(&tree.root)?;
    guests::build(tree)?;
    let Some(package) = openclaw::find_package(tree) else {
        return build_libraries(tree);
    };
    let binary = openclaw::build(tree, package, Profile::Release)?;
    let state = tree.root.join("target/dev-state");
    prepare_state(&state)?;
    if has_gateway(&binary, &state) {
        start_gateway(&binary, &state, port)
    } else {
        run_offline(&binary, &state)
    }
}

fn prepare_state(state: &Path) -> Result<()> {
    std::fs::create_dir_all(state).with_context(|| format!("{} cannot be created", state.display()))?;
    let config = state.join("openclaw.json");
    if !config.exists() {
        std::fs::write(&config, FIRST_CONFIG)
            .with_context(|| format!("{} cannot be written", config.display()))?;
    }
    Ok(())
}

fn has_gateway(binary: &Path, state: &Path) -> bool {
    let mut command = openclaw::isolated(binary, state);
    command
        .args(["gateway", "--help"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn start_gateway(binary: &Path, state: &Path, port: u16) -> Result<()> {
    // Asked before anything is printed: otherwise the address below could be another program's.
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).with_context(|| {
        format!(
            "port {port} on 127.0.0.1 cannot be used: stop what listens there, or choose another with --port"
        )
    })?;
    println!("Starting the gateway. Stop it with Ctrl-C.");
    println!();
    println!("  address   ws://127.0.0.1:{port} for clients, http://127.0.0.1:{port} for the HTTP API");
    print_whereabouts(binary, state);
    let mut command = openclaw::isolated(binary, state);
    command.args(["gateway", "run", "--port", &port.to_string()]);
    become_program(command)
}

#[cfg(unix)]
fn become_program(mut command: Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    Err(error).context("the gateway could not be started")
}

#[cfg(not(unix))]
fn become_program(mut command: Command) -> Result<()> {
    let status = command.status().context("the gateway could not be started")?;
    if !status.success() {
        bail!("the gateway ended with {status}; its last words are above");
    }
    Ok(())
}

fn run_offline(binary: &Path, state: &Path) -> Result<()> {
    say("there is no gateway in this tree yet: running what exists");
    for words in [["--version"].as_slice(), &["config", "validate"]] {
        run_command(
            &format!("openclaw {}", words.join(" ")),
            openclaw::isolated(binary, state).args(words),
            "its words are above; delete target/dev-state to begin anew",
        )?;
    }
    println!();
    print_whereabouts(binary, state);
    Ok(())
}

fn print_whereabouts(binary: &Path, state: &Path) {
    println!(
        "  talk      OPENCLAW_STATE_DIR={} {} --help",
        state.display(),
        binary.display()
    );
    println!("  state     {} (delete it to begin anew)", state.display());
    println!("  config    {}", state.join("openclaw.json").display());
    println!();
}

fn build_libraries(tree: &Tree) -> Result<()> {
    run_command(
        "building the workspace in release",
        cargo()
            .args([
                "build",
                "--release",
                "--workspace",
                "--exclude",
                env!("CARGO_PKG_NAME"),
            ])
            .current_dir(&tree.root),
        "mend what the compiler says above",
    )?;
    let packages = tree
        .main
        .packages
        .iter()
        .filter(|package| package.name != env!("CARGO_PKG_NAME"));
    let names: Vec<&str> = packages.map(|package| package.name.as_str()).collect();
    if names.is_empty() {
        bail!("this tree has no package to build");
    }
    println!(
        "There is no openclaw binary in this tree yet. Built: {}.",
        names.join(", ")
    );
    println!("Use them from a test of your own, or run theirs with `cargo xtask test`.");
    Ok(())
}
