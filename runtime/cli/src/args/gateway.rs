//! `openclaw gateway` and the commands that talk to one that runs: what can be typed.

use clap::{Args, Subcommand, ValueEnum};

/// How the gateway is reached.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Gateway")]
pub(crate) struct Reach {
    /// The gateway to talk to; its credentials must be given too, those of the config are not sent there
    #[arg(long, value_name = "WS-URL", conflicts_with = "port")]
    pub(crate) url: Option<String>,
    /// The port of a gateway on this machine
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<u16>,
    /// The shared token
    #[arg(long, value_name = "TOKEN")]
    pub(crate) token: Option<String>,
    /// The shared password
    #[arg(long, value_name = "PASSWORD")]
    pub(crate) password: Option<String>,
    /// How long to wait, in milliseconds
    #[arg(long, value_name = "MS")]
    pub(crate) timeout: Option<u64>,
}

/// What to do with the gateway; without a word it runs.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Gateway {
    #[command(flatten)]
    pub(crate) run: GatewayRun,
    #[command(subcommand)]
    pub(crate) command: Option<GatewayCommand>,
}

/// What to do with the gateway.
#[derive(Subcommand)]
pub(crate) enum GatewayCommand {
    /// Run the gateway here, until it is stopped
    Run(GatewayRun),
    /// Tell where the gateway is and whether it answers
    Status(GatewayStatus),
    /// Call a method of the running gateway and print what it answers
    Call(GatewayCall),
    /// Ask the running gateway how it fares
    Health(Asked),
}

/// `gateway run`.
#[derive(Args, Clone, Default)]
pub(crate) struct GatewayRun {
    /// The port for WebSocket and HTTP
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,
    /// Which addresses are listened on
    #[arg(long, value_name = "MODE")]
    pub(crate) bind: Option<BindMode>,
    /// How callers prove who they are
    #[arg(long, value_name = "MODE")]
    pub(crate) auth: Option<AuthMode>,
    /// The shared token for this run
    #[arg(long, value_name = "TOKEN")]
    pub(crate) token: Option<String>,
    /// The shared password for this run
    #[arg(long, value_name = "PASSWORD")]
    pub(crate) password: Option<String>,
    /// Run although gateway.mode is not "local" in the config
    #[arg(long)]
    pub(crate) allow_unconfigured: bool,
    /// Stop the gateway that holds the port or the state folder first
    #[arg(long)]
    pub(crate) force: bool,
    /// Show more of the log on the console
    #[arg(long)]
    pub(crate) verbose: bool,
}

/// Which addresses are listened on.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum BindMode {
    Loopback,
    Lan,
    Tailnet,
    Auto,
    Custom,
}

/// How callers prove who they are.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum AuthMode {
    None,
    Token,
    Password,
    TrustedProxy,
}

/// `gateway status`.
#[derive(Args)]
pub(crate) struct GatewayStatus {
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// Do not try to connect
    #[arg(long, conflicts_with = "require_rpc")]
    pub(crate) no_probe: bool,
    /// End with 1 unless it can be asked for its status
    #[arg(long)]
    pub(crate) require_rpc: bool,
    /// Look more closely (there is no more to look at in this build)
    #[arg(long, hide = true)]
    pub(crate) deep: bool,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// `gateway call`.
#[derive(Args)]
pub(crate) struct GatewayCall {
    /// The method, such as health or sessions.list
    pub(crate) method: String,
    /// Its parameters: a JSON object
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub(crate) params: String,
    /// Wait for the last answer, where a method answers twice
    #[arg(long)]
    pub(crate) expect_final: bool,
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// Print the answer alone
    #[arg(long)]
    pub(crate) json: bool,
}

/// A command that asks the gateway and has no flags of its own.
#[derive(Args)]
pub(crate) struct Asked {
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// `health`.
#[derive(Args)]
pub(crate) struct Health {
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// Tell how long it took
    #[arg(long, visible_alias = "debug")]
    pub(crate) verbose: bool,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// `status`.
#[derive(Args)]
pub(crate) struct Status {
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// Ask the gateway for its health as well
    #[arg(long)]
    pub(crate) deep: bool,
    /// Show everything
    #[arg(long)]
    pub(crate) all: bool,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// `agent`.
#[derive(Args)]
pub(crate) struct Agent {
    /// What to say
    #[arg(short, long, value_name = "TEXT")]
    pub(crate) message: String,
    /// The agent; the default one if none is named
    #[arg(long, value_name = "ID")]
    pub(crate) agent: Option<String>,
    /// The session, by its key
    #[arg(long, value_name = "KEY")]
    pub(crate) session_key: Option<String>,
    /// The model for this turn
    #[arg(long, value_name = "PROVIDER/MODEL")]
    pub(crate) model: Option<String>,
    /// How hard the model thinks
    #[arg(long, value_name = "LEVEL")]
    pub(crate) thinking: Option<String>,
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// `logs`.
#[derive(Args)]
pub(crate) struct Logs {
    /// Go on as lines are written
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// How many lines to begin with
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(crate) limit: u32,
    /// How many bytes to read at most
    #[arg(long, value_name = "BYTES", default_value_t = 250_000)]
    pub(crate) max_bytes: u32,
    /// How often to look for new lines, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(50..))]
    pub(crate) interval: u64,
    /// Print times in UTC
    #[arg(long, conflicts_with = "local_time")]
    pub(crate) utc: bool,
    /// Print times in the time zone of this machine, as is usual
    #[arg(long)]
    pub(crate) local_time: bool,
    /// Print without colours, as is usual
    #[arg(long, hide = true)]
    pub(crate) plain: bool,
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// Print a JSON document for each line
    #[arg(long)]
    pub(crate) json: bool,
}
