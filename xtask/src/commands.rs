//! What can be typed after `cargo xtask`. The help texts are read by newcomers, and the lint `docs` holds
//! every page of the book against them.

use clap::{Parser, Subcommand};

use crate::lint::Check;

/// Build, run, test, check and measure this checkout.
///
/// A fresh clone needs rustup and a C compiler; each command fetches or names whatever else it needs.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", arg_required_else_help = true)]
pub(crate) struct Xtask {
    #[command(subcommand)]
    pub(crate) command: XtaskCommand,
}

/// The commands themselves.
#[derive(Debug, Subcommand)]
pub(crate) enum XtaskCommand {
    /// Build everything in release and start the gateway with a state of its own.
    ///
    /// Adds the wasm32-wasip2 target if it is missing, builds the guests and the gateway, sets up a state in
    /// target/dev-state, prints the address of the gateway's page and starts the gateway on 127.0.0.1. Your
    /// own ~/.openclaw is not touched; delete target/dev-state to begin anew. Stop it with Ctrl-C.
    Run {
        /// The port that the gateway listens on.
        #[arg(long, default_value_t = 18789, value_name = "PORT")]
        port: u16,
    },

    /// Build the guests and run the whole suite: doc tests, then everything else.
    ///
    /// Uses cargo-nextest where it is installed, `cargo test` where it is not. Names the programs that some
    /// tests need and that this machine lacks; with CI=true a missing one is a failure.
    Test {
        /// Words for the test runner, after `--`: a filter, for example. Tests of guests and doc tests are left out then.
        #[arg(last = true, value_name = "ARGS")]
        args: Vec<String>,
    },

    /// Check everything that needs no test: format, lints, crate arrows, pages, spelling, licences.
    ///
    /// All checks run even when one fails. A finding reads `file:line: what is wrong; what to do`, and any
    /// finding makes the exit code 1. A check whose program is not installed is skipped; with CI=true that
    /// is a finding too.
    Lint {
        /// Run this check alone.
        #[arg(long, value_enum, value_name = "CHECK")]
        only: Option<Check>,
    },

    /// Run the benches and print one JSON object per measurement, and nothing else, on stdout.
    ///
    /// Each line has the fields name, value, unit, baseline and ratio; baseline is what the value is held
    /// against, measured in the same run, ratio is value over baseline, and both are null where there is no
    /// such thing.
    Bench {
        /// Run only the benches whose `package/bench` name contains this.
        #[arg(value_name = "FILTER")]
        filter: Option<String>,
    },
}
