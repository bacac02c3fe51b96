//! What must be on the machine before anything can be built: a C compiler and the std of wasm32-wasip2.
//! Costs one `rustc` call when both are there.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::process::{capture, find_on_path, run};

/// The target that guests are built for.
pub(crate) const GUEST_TARGET: &str = "wasm32-wasip2";

/// Adds the guests' target if it is missing, and fails with the way out when something cannot be added.
pub(crate) fn prepare(root: &Path) -> Result<()> {
    let compiler_named = std::env::var_os("CC").is_some_and(|cc| !cc.is_empty());
    if !compiler_named
        && !["cc", "gcc", "clang"]
            .iter()
            .any(|name| find_on_path(name).is_some())
    {
        bail!("no C compiler found: install one, for example `apt-get install gcc`");
    }
    if guest_target_is_installed(root) {
        return Ok(());
    }
    if find_on_path("rustup").is_none() {
        bail!(
            "the Rust target {GUEST_TARGET} is missing and rustup is not on PATH: install rustup, \
             for example `apt-get install rustup`, and open a new terminal"
        );
    }
    run(
        &format!("adding the Rust target {GUEST_TARGET}"),
        Command::new("rustup")
            .args(["target", "add", GUEST_TARGET])
            .current_dir(root),
        "rustup downloads it, so the network must be reachable",
    )
}

fn guest_target_is_installed(root: &Path) -> bool {
    let mut rustc = Command::new("rustc");
    rustc
        .args(["--print", "target-libdir", "--target", GUEST_TARGET])
        .current_dir(root);
    capture(&mut rustc).is_ok_and(|(ok, printed)| ok && Path::new(printed.trim()).is_dir())
}
