//! `openclaw gateway`: run it, and talk to the one that runs.

mod call;
mod health;
mod run;
mod status;

use std::process::ExitCode;

use openclaw_config::Snapshot;
use openclaw_config::tree::Config;
use openclaw_gateway::log::Place;

use crate::args::{Gateway, GatewayCommand, Global};
use crate::context::Context;
use crate::failure::Failure;

pub(crate) use health::run as run_health;
pub(crate) use status::Probe;

/// Does what was asked for.
pub(crate) fn run(global: &Global, gateway: Gateway) -> Result<ExitCode, Failure> {
    match gateway.command {
        None => run::run(global, &gateway.run),
        Some(GatewayCommand::Run(args)) => run::run(global, &args),
        Some(GatewayCommand::Status(args)) => status::run(&Context::find(global)?, &args),
        Some(GatewayCommand::Call(args)) => call::run(&Context::find(global)?, &args),
        Some(GatewayCommand::Health(args)) => health::run_short(&Context::find(global)?, &args),
    }
}

/// Where the gateway's log is.
pub(crate) fn log_place(context: &Context, snapshot: &Snapshot<Config>) -> Place {
    match &snapshot.config.logging.file {
        Some(file) => context.place.expand(file, &context.place.home).into(),
        None => Place::daily(&std::env::temp_dir(), context.place.profile.as_deref()),
    }
}

/// What drives a command that talks to the gateway.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Failure::System {
            doing: "start the runtime",
            source,
        })?
        .block_on(work)
}
