//! The developer's commands: `cargo xtask run`, `test`, `lint` and `bench`.
//!
//! Each command works on the checkout in whose folder it is started, says on stderr what it is doing while
//! it does it, and ends a failure with one line that tells how to mend it. Nothing here is part of what is
//! shipped, and nothing here uses a crate of the gateway.

mod bench;
mod commands;
mod guests;
mod lint;
mod openclaw;
mod process;
mod real_parts;
mod run;
mod test;
mod toolchain;
mod tree;

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;

use commands::{Xtask, XtaskCommand};
use tree::Tree;

fn main() -> ExitCode {
    match dispatch(&Xtask::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(xtask: &Xtask) -> Result<ExitCode> {
    let here = std::env::current_dir().context("the current folder cannot be read")?;
    let tree = Tree::load(&here)?;
    match &xtask.command {
        XtaskCommand::Run { port } => run::run(&tree, *port)?,
        XtaskCommand::Test { args } => test::test(&tree, args)?,
        XtaskCommand::Lint { only } => {
            if !lint::lint(&tree, *only)? {
                return Ok(ExitCode::FAILURE);
            }
        }
        XtaskCommand::Bench { filter } => bench::bench(&tree, filter.as_deref())?,
    }
    Ok(ExitCode::SUCCESS)
}
