//! `openclaw completion`: a script that lets a shell complete the command line.

use std::process::ExitCode;

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use crate::args::{Completion, CompletionShell, Invocation};
use crate::failure::Failure;
use crate::output;

/// Prints the script.
pub(crate) fn run(args: &Completion) -> Result<ExitCode, Failure> {
    let shell = match args.shell {
        CompletionShell::Bash => Shell::Bash,
        CompletionShell::Fish => Shell::Fish,
        CompletionShell::PowerShell => Shell::PowerShell,
        CompletionShell::Zsh => Shell::Zsh,
    };
    let mut script = Vec::new();
    generate(shell, &mut Invocation::command(), "openclaw", &mut script);
    output::print(&String::from_utf8_lossy(&script));
    Ok(ExitCode::SUCCESS)
}
