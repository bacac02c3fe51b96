//! `cargo xtask test`: guests and their own tests first, then doc tests, then everything else, so that the last
//! thing printed is the runner's own summary of the suite.

use std::process::{Command, Stdio};

use anyhow::{Result, bail};
use cargo_metadata::TargetKind;

use crate::process::{cargo, is_ci, run, say};
use crate::real_parts::{REAL_PARTS, list_missing};
use crate::tree::Tree;
use crate::{guests, toolchain};

const MEND: &str = "the failing tests are named above";

/// Runs the suite, or with `args` the part of it that they select.
pub(crate) fn test(tree: &Tree, args: &[String]) -> Result<()> {
    toolchain::prepare(&tree.root)?;
    let missing = list_missing(REAL_PARTS);
    for line in &missing {
        eprintln!("{line}");
    }
    if is_ci() && !missing.is_empty() {
        bail!("CI=true and the programs named above are missing; install their packages");
    }
    guests::build(tree)?;

    if args.is_empty() {
        guests::test(tree)?;
    } else {
        say("the guests' own tests and doc tests are left out, because words for the runner were given");
    }
    if args.is_empty() && has_library(tree) {
        let mut doc = cargo();
        doc.args(["test", "--doc", "--workspace"]).current_dir(&tree.root);
        run("running the doc tests", &mut doc, MEND)?;
    }

    let mut suite = cargo();
    let what = if nextest_is_installed() {
        suite.args(["nextest", "run"]);
        if is_ci() {
            // One run names all that fails. What passes at its second try is named as flaky and is a bug to mend,
            // but says nothing against the commit that happened to meet it.
            suite.args(["--no-fail-fast", "--retries", "1"]);
        }
        "running the suite with nextest"
    } else {
        // Benches are tests to cargo too; they belong to `cargo xtask bench`.
        suite.args(["test", "--lib", "--bins", "--tests", "--examples"]);
        "running the suite with cargo test (cargo-nextest is not installed)"
    };
    // With words for the runner the choice of packages is theirs.
    if args.is_empty() {
        suite.arg("--workspace");
    }
    run(what, suite.args(args).current_dir(&tree.root), MEND)
}

fn has_library(tree: &Tree) -> bool {
    tree.main.packages.iter().any(|package| {
        package
            .targets
            .iter()
            .any(|target| target.is_kind(TargetKind::Lib))
    })
}

fn nextest_is_installed() -> bool {
    let mut command: Command = cargo();
    command
        .args(["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
