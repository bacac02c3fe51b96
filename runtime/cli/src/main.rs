//! The `openclaw` command.
//!
//! Parses the command line, does one thing, and says how it ended: results on standard output, everything else
//! on standard error. With `--json` standard output holds one JSON document, also when something failed.
//! The commands here work on files and on the state; they start no thread and no process before they need one.

mod args;
mod bundled;
mod commands;
mod console;
mod context;
mod failure;
mod fields;
mod gateway_client;
mod output;
mod programs;
mod progress;
mod unsupported;

use std::process::ExitCode;

use args::{Command, Invocation};
use context::Context;
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
    let global = &invocation.global;
    match command {
        Command::Onboard(args) => commands::onboard::run(global, &args),
        Command::Gateway(gateway) => commands::gateway::run(global, gateway),
        Command::Status(args) => commands::status::run(&Context::find(global)?, &args),
        Command::Health(args) => commands::gateway::run_health(&Context::find(global)?, &args),
        Command::Agent(args) => commands::agent::run(&Context::find(global)?, &args),
        Command::Logs(args) => commands::logs::run(&Context::find(global)?, &args),
        Command::Dashboard(args) => commands::dashboard::run(&Context::find(global)?, &args),
        Command::Channels(command) => commands::channels::run(global, command),
        Command::Sandbox(sandbox) => commands::sandbox::run(global, sandbox.command),
        Command::Approvals(command) => commands::approvals::run(&Context::find(global)?, command),
        Command::Pairing(command) => commands::pairing::run(global, command),
        Command::Devices(command) => commands::devices::run(&Context::find(global)?, command),
        Command::Config(config) => commands::config::run(global, config),
        Command::Tools(tools) => commands::tools::run(global, tools),
        Command::Secrets(secrets) => commands::secrets::run(global, secrets),
        Command::Plugins(plugins) => commands::plugins::run(global, plugins),
        Command::Completion(completion) => commands::completion::run(&completion),
        Command::Other(words) => Err(unsupported::command(&words)),
    }
}
