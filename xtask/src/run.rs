//! `cargo xtask run`: from a fresh clone to a running gateway, in one command.
//!
//! The gateway replaces this process, so whoever stops the command stops the gateway. State lives in
//! `target/dev-state`; nothing outside of the checkout is read or written.

use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;

use anyhow::{Context, Result};

use crate::openclaw::{self, Profile};
use crate::process::run as run_command;
use crate::tree::Tree;
use crate::{guests, toolchain};

/// Builds everything and starts it.
pub(crate) fn run(tree: &Tree, port: u16) -> Result<()> {
    toolchain::prepare(&tree.root)?;
    guests::build(tree)?;
    let binary = openclaw::build(tree, Profile::Release)?;
    let state = tree.root.join("target/dev-state");
    let packed = tree.root.join(guests::PACKED);
    let openclaw = || {
        let mut command = openclaw::isolated(&binary, &state);
        command
            .env("OPENCLAW_BUNDLED_PLUGINS_DIR", &packed)
            .env("OPENCLAW_PROGRAMS_DIR", tree.root.join(guests::PROGRAMS));
        command
    };
    // Asked before anything is printed: otherwise the address below could be another program's.
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).with_context(|| {
        format!(
            "port {port} on 127.0.0.1 cannot be used: stop what listens there, or choose another with --port"
        )
    })?;
    run_command(
        "setting up the state in target/dev-state",
        openclaw()
            .args(["onboard", "--non-interactive", "--accept-risk", "--gateway-port"])
            .arg(port.to_string()),
        "its words are above; delete target/dev-state to begin anew",
    )?;
    println!();
    println!("Starting the gateway: open the address above. Stop it with Ctrl-C.");
    println!();
    println!(
        "  talk      OPENCLAW_STATE_DIR={} {} agent --message hello",
        state.display(),
        binary.display()
    );
    println!("  state     {} (delete it to begin anew)", state.display());
    println!("  config    {}", state.join("openclaw.json").display());
    println!();
    let mut command = openclaw();
    command.args(["gateway", "run"]);
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
        anyhow::bail!("the gateway ended with {status}; its last words are above");
    }
    Ok(())
}
