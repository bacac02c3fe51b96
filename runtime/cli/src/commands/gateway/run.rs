//! `openclaw gateway run`: everything that the gateway is made of, in the order in which it starts and stops.
//!
//! **Promise.** The port opens last: whoever connects is served. It stops in the opposite order, so that what was
//! accepted is kept, and what had begun is taken up at the next start. **Bound.** Stopping has an end.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use openclaw_agent::Agent;
use openclaw_channels::Channels;
use openclaw_components::Host;
use openclaw_config::tree::Config;
use openclaw_config::tree::gateway::{Bind, GatewayMode};
use openclaw_config::tree::gateway_auth::AuthMode as ConfigAuth;
use openclaw_config::{Current, Snapshot, secret_paths};
use openclaw_gateway::access::Access;
use openclaw_gateway::auth::credentials::Overrides;
use openclaw_gateway::server::Running;
use openclaw_gateway::services::{Parts, Services};
use openclaw_gateway::{bind, key, log, methods, server};
use openclaw_models::Models;
use openclaw_secrets::collect::collect;
use openclaw_secrets::snapshot::Strictness;
use openclaw_secrets::{Snapshot as Secrets, SnapshotCell};
use openclaw_state::State;
use tokio::signal::unix::{SignalKind, signal};

use crate::args::{AuthMode, BindMode, GatewayRun, Global};
use crate::commands::plugins::{Extensions, enable, is_off, network_options, raise_open_files, variables};
use crate::failure::Failure;
use crate::output;

/// How long an idle extension's code stays in memory.
const IDLE: Duration = Duration::from_secs(15 * 60);

/// Runs it until it is stopped.
pub(super) fn run(global: &Global, args: &GatewayRun) -> Result<ExitCode, Failure> {
    raise_open_files();
    let extensions = Extensions::find(global)?;
    let snapshot = extensions.context.load().map_err(unusable)?;
    check_mode(&snapshot, args)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("gateway")
        .build()
        .map_err(|source| Failure::System {
            doing: "start the runtime",
            source,
        })?;
    runtime.block_on(serve(&extensions, snapshot, global, args))
}

/// A config that a gateway cannot start with ends it with the code that supervisors take for final.
fn unusable(failure: Failure) -> Failure {
    match failure {
        Failure::Config(error) => Failure::Unconfigured(error.to_string()),
        other => other,
    }
}

fn check_mode(snapshot: &Snapshot<Config>, args: &GatewayRun) -> Result<(), Failure> {
    if args.allow_unconfigured {
        return Ok(());
    }
    match snapshot.config.gateway.mode {
        Some(GatewayMode::Local) => Ok(()),
        Some(GatewayMode::Remote) => Err(Failure::Unconfigured(
            "gateway.mode is \"remote\": this machine talks to a gateway elsewhere. Set gateway.mode to \"local\", or \
             say --allow-unconfigured."
                .to_owned(),
        )),
        None => Err(Failure::Unconfigured(match snapshot.exists {
            true => "Gateway start blocked: gateway.mode is not set. openclaw onboard sets it to \"local\"; or say \
                     --allow-unconfigured."
                .to_owned(),
            false => "Gateway start blocked: there is no config. openclaw onboard makes one; or say \
                      --allow-unconfigured."
                .to_owned(),
        })),
    }
}

async fn serve(
    extensions: &Extensions,
    snapshot: Snapshot<Config>,
    global: &Global,
    args: &GatewayRun,
) -> Result<ExitCode, Failure> {
    let _ = (extensions, snapshot, global, args);
    todo_wiring()
}
