//! The `openclaw` binary of this tree, if it has one: how to build it and how to start it apart from the
//! developer's own OpenClaw.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use cargo_metadata::{Message, Package, TargetKind};

use crate::process::{capture, cargo, say};
use crate::tree::Tree;

/// The binary's name.
pub(crate) const NAME: &str = "openclaw";

/// The package that holds the binary.
pub(crate) fn find_package(tree: &Tree) -> Option<&Package> {
    let has_binary = |package: &&Package| {
        package
            .targets
            .iter()
            .any(|target| target.name == NAME && target.is_kind(TargetKind::Bin))
    };
    tree.main.packages.iter().find(has_binary)
}

/// Which profile to build with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    Debug,
    Release,
}

/// Builds the binary and returns where cargo put it.
pub(crate) fn build(tree: &Tree, package: &Package, profile: Profile) -> Result<PathBuf> {
    let mut command = cargo();
    command.args(["build", "--package", package.name.as_str(), "--bin", NAME]);
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
