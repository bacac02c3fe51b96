//! `openclaw channels`: set up accounts, and see how they fare.

mod add;
mod letters;
mod status;

use std::process::ExitCode;

use crate::args::{ChannelsCommand, Global};
use crate::context::Context;
use crate::failure::Failure;

/// Does what was asked for.
pub(crate) fn run(global: &Global, command: ChannelsCommand) -> Result<ExitCode, Failure> {
    match command {
        ChannelsCommand::Add(args) => add::run(global, &args),
        ChannelsCommand::DeadLetters(command) => letters::run_letters(&Context::find(global)?, command),
        ChannelsCommand::Parked(command) => letters::run_parked(&Context::find(global)?, command),
        ChannelsCommand::Status(args) => status::run(&Context::find(global)?, &args),
    }
}
