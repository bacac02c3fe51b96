//! `openclaw gateway run`: everything that the gateway is made of, in the order in which it starts and stops.
//!
//! **Promise.** Whoever connects from the moment the port is open is served, once the rest has started. It stops in
//! the opposite order, so that what was accepted is kept, and what had begun is taken up at the next start. An extension or an account that cannot start
//! keeps nothing else from it. **Bound.** Stopping has an end.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use openclaw_agent::{Agent, Commands, Nods};
use openclaw_channels::Channels;
use openclaw_components::Host;
use openclaw_config::tree::Config;
use openclaw_config::tree::gateway::{Bind, GatewayMode};
use openclaw_config::tree::gateway_auth::AuthMode as ConfigAuth;
use openclaw_config::tree::logging::LogLevel;
use openclaw_config::tree::sandbox::SandboxMode;
use openclaw_config::{Current, Snapshot, secret_paths};
use openclaw_gateway::access::Access;
use openclaw_gateway::auth::credentials::Overrides;
use openclaw_gateway::services::{Enabler, Parts, Services};
use openclaw_gateway::{Options, api, bind, key, limits, log, methods, server, takeover};
use openclaw_models::Models;
use openclaw_policy::PluginId;
use openclaw_sandbox::approvals::Store;
use openclaw_sandbox::machine;
use openclaw_sandbox::wasm::Wasm;
use openclaw_sandbox::{Backend, Rules, Sandboxes, workspace};
use openclaw_secrets::collect::collect;
use openclaw_secrets::snapshot::Strictness;
use openclaw_secrets::{SecretValue, Snapshot as Secrets, SnapshotCell};
use openclaw_state::State;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::Level;

use super::log_place;
use crate::args::{AuthMode, BindMode, GatewayRun, Global};
use crate::commands::plugins::{Extensions, enable, is_off, network_options, raise_open_files, variables};
use crate::context::Context;
use crate::failure::Failure;
use crate::{output, programs};

/// How long a command that is to end has for that before it is killed.
const GRACE: Duration = Duration::from_secs(3);
/// How long what runs on threads of its own, such as the write of a file, may take to end.
const LAST_THREADS: Duration = Duration::from_secs(5);

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
    let place = log_place(&extensions.context, &snapshot);
    let logging = &snapshot.config.logging;
    let (log, writer) = log::open(log::Options {
        place: place.clone(),
        max_bytes: logging.max_file_bytes,
        level: match global.log_level() {
            Some(named) => named.most(),
            None => level(logging.level),
        },
        redactor: output::redactor(),
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
    })?;
    crate::console::start_with(global, log);
    let ended = runtime.block_on(serve(&extensions, snapshot, args, place));
    runtime.shutdown_timeout(LAST_THREADS);
    // What was logged last is written.
    drop(writer);
    ended
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
    args: &GatewayRun,
    log: log::Place,
) -> Result<ExitCode, Failure> {
    let context = &extensions.context;
    let port = args.port.unwrap_or_else(|| context.port(&snapshot));
    for unused in snapshot.inert() {
        tracing::warn!(path = %unused.path, reason = %unused.reason, "a setting has no effect");
    }
    let config = &snapshot.config.gateway;
    let addresses = bind::addresses(config, args.bind.map(bind_mode), port)?;
    let secrets = resolve(context, &snapshot).await?;
    let over = Overrides {
        mode: args.auth.map(auth_mode),
        token: args.token.as_deref().map(SecretValue::new),
        password: args.password.as_deref().map(SecretValue::new),
    };
    let access = Access::find(config, &snapshot.environment, &secrets, &over, &addresses)?;
    let options = extensions.state_options()?;
    let state = tokio::task::block_in_place(|| takeover::open_state(|| options.clone(), args.force))?;
    let identity = key::find(&context.place.state_dir)?;
    // Before anything runs: with the port taken nothing is begun that would have to be broken off. Whoever connects
    // waits for the moment that starting takes.
    let stopping = Stopping::listen()?;
    let listeners = bind::listen(&addresses).await?;
    let house = House::start(extensions, &snapshot, secrets, state).await?;
    let options = Options {
        config: Arc::clone(&house.config),
        state: house.state.clone(),
        access,
        methods: methods::FAMILIES.to_vec(),
        events: methods::EVENTS.to_vec(),
        capabilities: methods::CAPABILITIES.to_vec(),
        services: house.services(extensions),
        routes: api::routes(),
        log_file: Some(log),
        handshake: limits::handshake(config, &snapshot.environment),
        unproven: limits::unproven(&snapshot.environment),
    };
    let running = server::start(options, identity, listeners);
    for address in running.addresses() {
        output::print(&format!("listening on ws://{address}"));
    }
    stopping.come().await;
    tracing::info!("the gateway stops");
    running.stop("gateway stopping", None).await;
    house.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// All secrets of the config. Whoever lacks one starts without it; the gateway itself does not.
async fn resolve(context: &Context, snapshot: &Snapshot<Config>) -> Result<Secrets, Failure> {
    let patterns: Vec<&str> = secret_paths().collect();
    let places =
        collect(&snapshot.source, &patterns).map_err(|error| Failure::negative(error.to_string()))?;
    let resolver = context.resolver(snapshot);
    let secrets = Secrets::resolve(&resolver, &snapshot.source, places, Strictness::Isolated, 1).await?;
    output::know_values(secrets.values());
    for (path, _, error) in secrets.missing() {
        tracing::warn!(%path, %error, "a secret has no value; what needs it does not start");
    }
    Ok(secrets)
}

/// The parts behind the server.
struct House {
    config: Arc<Current<Config>>,
    state: State,
    host: Host,
    models: Models,
    agent: Agent,
    nods: Nods,
    channels: Channels,
}

impl House {
    async fn start(
        extensions: &Extensions,
        snapshot: &Snapshot<Config>,
        secrets: Secrets,
        state: State,
    ) -> Result<Self, Failure> {
        let config = Arc::new(Current::new(snapshot.clone()));
        let secrets = Arc::new(SnapshotCell::new(secrets));
        let network = network_options(snapshot)?;
        let host = extensions
            .start_host(state.clone(), variables(&snapshot.environment), network)
            .await?;
        let models = Models::new(openclaw_models::Options {
            config: Arc::clone(&config),
            secrets: Arc::clone(&secrets),
            gate: host.gate(),
        })?;
        enable_all(extensions, snapshot, &host, &state).await?;
        let programs = programs::folder(&snapshot.environment);
        let wasm = Arc::new(Wasm::new(host.clone(), state.clone(), programs));
        if wants_wasm(&snapshot.config) {
            tokio::spawn(prepare(Arc::clone(&wasm)));
        }
        let wasm: Arc<dyn Backend> = wasm;
        // Before anybody comes: what it removes is nobody's then.
        workspace::sweep(&snapshot.config, &extensions.context.place);
        let nods = nods(snapshot, &config);
        let agent = Agent::start(openclaw_agent::Options {
            state: state.clone(),
            config: Arc::clone(&config),
            models: models.clone(),
            host: Some(host.clone()),
            sandboxes: Some(Arc::new(Sandboxes::new(state.clone(), vec![wasm]))),
            commands: Some(commands(snapshot, &nods)),
        });
        let agent = agent.await?;
        let channels = Channels::start(openclaw_channels::Options {
            state: state.clone(),
            config: Arc::clone(&config),
            secrets,
            host: host.clone(),
            agent: agent.clone(),
        });
        Ok(Self {
            channels: channels.await?,
            config,
            state,
            host,
            models,
            agent,
            nods,
        })
    }

    fn services(&self, extensions: &Extensions) -> Services {
        let mut parts = Parts::new(self.agent.clone(), self.models.clone(), self.host.clone());
        parts.channels = Some(self.channels.clone());
        parts.nods = Some(self.nods.clone());
        parts.enabler = Some(enabler(extensions, self));
        Services {
            parts: Some(Arc::new(parts)),
        }
    }

    /// What channels took in is kept by then; turns that had begun are taken up at the next start.
    async fn stop(self) {
        self.channels.stop().await;
        self.agent.stop().await;
        self.host.settle().await;
        self.state.close().await;
    }
}

/// Who is asked about commands on this machine.
fn nods(snapshot: &Snapshot<Config>, config: &Arc<Current<Config>>) -> Nods {
    let home = variables(&snapshot.environment)
        .into_iter()
        .find_map(|(name, value)| (name == "HOME").then_some(value));
    let store = Store::in_folder(&snapshot.place.state_dir);
    Nods::new(Arc::clone(config), store, home)
}

/// What commands on this machine run with.
fn commands(snapshot: &Snapshot<Config>, nods: &Nods) -> Commands {
    let all = variables(&snapshot.environment).into_iter();
    Commands {
        machine: machine::Settings {
            environment: all.map(|(name, value)| (name.into(), value.into())).collect(),
            login_patience: Duration::from_millis(snapshot.config.env.shell_env.timeout_ms),
            grace: GRACE,
        },
        gate: Some(Arc::new(nods.clone())),
    }
}

/// Whether any agent's sessions may run in the backend `wasm`.
fn wants_wasm(config: &Config) -> bool {
    let agents = config.agents.entries.keys().map(String::as_str);
    let mut agents = agents.chain([openclaw_agent::default_id(config)]);
    agents.any(|agent| {
        let rules = Rules::of(config, agent);
        rules.mode.value != SandboxMode::Off && ["wasm", "auto"].contains(&rules.backend.value.as_str())
    })
}

/// Has the guests of sandboxes ready before somebody waits for them. Compiling them takes seconds, once for each version.
async fn prepare(wasm: Arc<Wasm>) {
    if let Err(error) = wasm.prepare().await {
        tracing::error!(%error, "the tools of sandboxed sessions will fail");
    }
}

/// What is installed, what was granted earlier before what was granted later: where two have a tool of one name, it
/// stays whose it was first.
async fn in_order(host: &Host, state: &State) -> Result<Vec<PluginId>, Failure> {
    let stored: openclaw_state::Result<Vec<_>> = state.read(|view| view.grants()).await;
    let stored = stored?;
    let since = |id: &PluginId| {
        let own = stored.iter().filter(|grant| grant.extension == id.as_str());
        own.map(|grant| grant.updated_ms).min().unwrap_or(i64::MAX)
    };
    let mut ids = host.list().await?;
    ids.sort_by_key(since);
    Ok(ids)
}

/// Makes the tools of all that is installed and switched on callable.
async fn enable_all(
    extensions: &Extensions,
    snapshot: &Snapshot<Config>,
    host: &Host,
    state: &State,
) -> Result<(), Failure> {
    for id in in_order(host, state).await? {
        if let Some(off) = is_off(snapshot, &id) {
            tracing::info!(extension = %id, %off, "an extension is switched off");
            continue;
        }
        let enabled = async {
            let installed = host.find(&id).await?;
            match installed.tools.is_empty() {
                // An adapter is opened for each of its accounts, by the channels.
                true => Ok(()),
                false => enable(&extensions.context, snapshot, (host, state), &installed).await,
            }
        };
        if let Err(error) = enabled.await {
            tracing::warn!(extension = %id, %error, "an extension is not available");
        }
    }
    Ok(())
}

/// What makes an extension callable that is installed or granted while the gateway runs.
fn enabler(extensions: &Extensions, house: &House) -> Enabler {
    let (context, state) = (extensions.context.clone(), house.state.clone());
    let (host, config) = (house.host.clone(), Arc::clone(&house.config));
    Arc::new(move |installed| {
        let (context, state) = (context.clone(), state.clone());
        let (host, snapshot) = (host.clone(), config.get());
        Box::pin(async move {
            let enabled = enable(&context, &snapshot, (&host, &state), &installed).await;
            enabled.map_err(|failure| failure.to_string())
        })
    })
}

/// What stops the gateway: the signal of the system or of a person. Listened to before anything starts, so that a stop
/// in the middle of a start is one like any other.
struct Stopping {
    term: Signal,
    interrupt: Signal,
}

impl Stopping {
    fn listen() -> Result<Self, Failure> {
        let to = |kind| {
            signal(kind).map_err(|source| Failure::System {
                doing: "listen to the signal that stops the gateway",
                source,
            })
        };
        Ok(Self {
            term: to(SignalKind::terminate())?,
            interrupt: to(SignalKind::interrupt())?,
        })
    }

    /// Waits until somebody stops the gateway.
    async fn come(mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// How much goes into the log file.
fn level(level: LogLevel) -> Option<Level> {
    match level {
        LogLevel::Silent => None,
        LogLevel::Fatal | LogLevel::Error => Some(Level::ERROR),
        LogLevel::Warn => Some(Level::WARN),
        LogLevel::Info => Some(Level::INFO),
        LogLevel::Debug => Some(Level::DEBUG),
        LogLevel::Trace => Some(Level::TRACE),
    }
}

fn bind_mode(mode: BindMode) -> Bind {
    match mode {
        BindMode::Loopback => Bind::Loopback,
        BindMode::Lan => Bind::Lan,
        BindMode::Tailnet => Bind::Tailnet,
        BindMode::Auto => Bind::Auto,
        BindMode::Custom => Bind::Custom,
    }
}

fn auth_mode(mode: AuthMode) -> ConfigAuth {
    match mode {
        AuthMode::None => ConfigAuth::None,
        AuthMode::Token => ConfigAuth::Token,
        AuthMode::Password => ConfigAuth::Password,
        AuthMode::TrustedProxy => ConfigAuth::TrustedProxy,
    }
}
