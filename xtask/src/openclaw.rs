//! The `openclaw` binary of this tree, if it has one: how to build it and how to start it apart from the
//! developer's own OpenClaw.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use cargo_metadata::{Message, TargetKind};

use crate::process::{capture, cargo, say};
use crate::tree::Tree;

/// The binary's name.
pub(crate) const NAME: &str = "openclaw";

/// Whether this tree has the binary.
pub(crate) fn is_in(tree: &Tree) -> bool {
    let mut targets = tree.main.packages.iter().flat_map(|package| &package.targets);
    targets.any(|target| target.name == NAME && target.is_kind(TargetKind::Bin))
}

/// Which profile to build with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    Debug,
    Release,
}

/// Builds the binary and returns where cargo put it.
pub(crate) fn build(tree: &Tree, profile: Profile) -> Result<PathBuf> {
    if !is_in(tree) {
        bail!("this tree has no {NAME} binary");
    }
    let mut command = cargo();
    // Cargo chooses the features of dependencies by what is asked for. Asked for one package it would build
    // nearly all of them again for the tests; `--examples`, of which there are none, stands for the tests' own.
    command.args(["build", "--workspace", "--bin", NAME, "--examples"]);
    command
        .arg("--message-format=json-render-diagnostics")
        .current_dir(&tree.root);
    if profile == Profile::Release {
        command.arg("--release");
        say("building openclaw in release (the first time takes minutes)");
    } else {
        say("building openclaw");
    }
    let (ok, printed) = capture(&mut command)?;
    if !ok {
        bail!("openclaw does not build; mend what the compiler says above");
    }
    let artifacts = Message::parse_stream(printed.as_bytes()).filter_map(|message| match message {
        Ok(Message::CompilerArtifact(artifact)) if artifact.target.name == NAME => artifact.executable,
        _ => None,
    });
    let binary = artifacts
        .last()
        .context("cargo built openclaw but did not say where")?;
    Ok(binary.into_std_path_buf())
}

/// A command for the binary that sees this state folder and none of the caller's OPENCLAW_* variables.
pub(crate) fn isolated(binary: &Path, state: &Path) -> Command {
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("OPENCLAW_") {
            command.env_remove(name);
        }
    }
    command.env("OPENCLAW_STATE_DIR", state);
    // Without this the agent would work in the home folder's own workspace.
    command.env("OPENCLAW_WORKSPACE_DIR", state.join("workspace"));
    command
}
