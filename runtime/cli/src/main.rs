//! The `openclaw` command.
//!
//! Parses the command line, does one thing, and says how it ended: results on standard output, everything else
//! on standard error. With `--json` standard output holds one JSON document, also when something failed.
//! The commands here work on files and on the state; they start no thread and no process before they need one.

mod args;
mod commands;
mod console;
mod context;
mod failure;
mod output;
mod progress;
mod unsupported;

use std::process::ExitCode;

use args::{Command, Invocation};
use failure::Failure;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    if let Some(args) = commands::plugins::compile_args(&words) {
        return openclaw_components::compile_child(args);
    }
    let json = output::wants_json(&words);
    let ended = args::parse(words).and_then(run);
    match ended {
        Ok(code) => code,
        Err(failure) => failure.report(json),
    }
}

fn run(invocation: Invocation) -> Result<ExitCode, Failure> {
    unsupported::check(&invocation)?;
    let Some(command) = invocation.command else {
        args::print_help(invocation.global.no_color)?;
        return Ok(ExitCode::SUCCESS);
    };
    match command {
        Command::Config(config) => commands::config::run(&invocation.global, config),
        Command::Secrets(secrets) => commands::secrets::run(&invocation.global, secrets),
        Command::Plugins(plugins) => commands::plugins::run(&invocation.global, plugins),
        Command::Completion(completion) => commands::completion::run(&completion),
        Command::Other(words) => Err(unsupported::command(&words)),
    }
}
