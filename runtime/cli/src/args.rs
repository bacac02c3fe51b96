//! What can be typed, with the help that goes with it.

mod approvals;
mod gateway;
mod people;
mod plugins;
mod sandbox;
mod tools;

use std::ffi::OsString;

use clap::{Args, ColorChoice, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use crate::failure::Failure;

pub(crate) use approvals::{
    AllowlistCommand, AllowlistOne, ApprovalsCommand, ApprovalsResolve, ApprovalsSet, Whose,
};
pub(crate) use gateway::{
    Agent, Asked, AuthMode, BindMode, Gateway, GatewayCall, GatewayCommand, GatewayRun, GatewayStatus,
    Health, Logs, Reach, Status,
};
pub(crate) use people::{
    ChannelsAdd, ChannelsCommand, ChannelsStatus, DevicesApprove, DevicesCommand, DevicesOne, LettersCommand,
    Numbered, Onboard, PairingApprove, PairingCommand, PairingList, ParkedCommand,
};
pub(crate) use plugins::{
    GrantFlags, PluginsActivity, PluginsAudit, PluginsCommand, PluginsGrant, PluginsInstall, PluginsOne,
    PluginsRun, PluginsTarget, PluginsUninstall,
};
pub(crate) use sandbox::{Sandbox, SandboxCommand, SandboxExplain, SandboxRecreate};

pub(crate) use tools::{OfSession, ToolsCommand};

/// The version and the commit it was built from, in OpenClaw's form.
pub(crate) const VERSION: &str = concat!(
    "OpenClaw ",
    env!("CARGO_PKG_VERSION"),
    " (",
    env!("OPENCLAW_COMMIT"),
    ")"
);

/// The gateway of OpenClaw, a personal AI assistant, as a native program.
#[derive(Parser)]
#[command(
    name = "openclaw",
    override_usage = "openclaw [options] [command]",
    disable_version_flag = true,
    disable_help_subcommand = true,
    subcommand_required = false,
    allow_external_subcommands = true
)]
pub(crate) struct Invocation {
    #[command(flatten)]
    pub(crate) global: Global,
    /// Print the version
    #[arg(short = 'V', long, visible_short_alias = 'v')]
    pub(crate) version: bool,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What every command understands.
#[derive(Args, Clone)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Use the profile "dev": state under ~/.openclaw-dev, gateway on port 19001
    #[arg(long, global = true)]
    pub(crate) dev: bool,
    /// Use a profile of its own: state under ~/.openclaw-NAME
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Run inside a running container (not in this build)
    #[arg(long, global = true, value_name = "NAME", hide = true)]
    pub(crate) container: Option<String>,
    /// How much is logged, on the console and in the log file
    #[arg(long, global = true, value_name = "LEVEL")]
    pub(crate) log_level: Option<LogLevel>,
    /// Print without colours
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
    /// Update the program (not in this build)
    #[arg(long, global = true, hide = true)]
    pub(crate) update: bool,
}

/// How much is logged.
#[derive(Clone, Copy, Eq, PartialEq, ValueEnum)]
pub(crate) enum LogLevel {
    Silent,
    Fatal,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl Global {
    /// How much is logged, where the command line or the environment says so.
    pub(crate) fn log_level(&self) -> Option<LogLevel> {
        let named = || std::env::var("OPENCLAW_LOG_LEVEL").ok();
        self.log_level
            .or_else(|| LogLevel::from_str(named()?.trim(), true).ok())
    }
}

impl LogLevel {
    /// The events that are shown, up to this level; none when it is silent.
    pub(crate) fn most(self) -> Option<tracing::Level> {
        match self {
            Self::Silent => None,
            Self::Fatal | Self::Error => Some(tracing::Level::ERROR),
            Self::Warn => Some(tracing::Level::WARN),
            Self::Info => Some(tracing::Level::INFO),
            Self::Debug => Some(tracing::Level::DEBUG),
            Self::Trace => Some(tracing::Level::TRACE),
        }
    }
}

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Set up the config and the workspace, and start the gateway
    Onboard(Onboard),
    /// Run the gateway, or talk to the one that runs
    Gateway(Gateway),
    /// Tell where the gateway is, whether it answers and what it serves
    Status(Status),
    /// Ask the gateway how it and its channels fare
    Health(Health),
    /// Say something to the agent, and print its reply
    Agent(Agent),
    /// Print the gateway's log
    Logs(Logs),
    /// Print the address of the gateway's page, signed in
    Dashboard(Json),
    /// Set up channels, and see how they fare
    #[command(subcommand)]
    Channels(ChannelsCommand),
    /// Let people write to the agent
    #[command(subcommand)]
    Pairing(PairingCommand),
    /// Let devices connect to the gateway
    #[command(subcommand)]
    Devices(DevicesCommand),
    /// Read and check the config
    #[command(subcommand, subcommand_required = false)]
    Config(ConfigCommand),
    /// Tell which tools a session has, and which rule decided
    #[command(subcommand)]
    Tools(ToolsCommand),
    /// Look after the secrets that the config refers to
    #[command(subcommand)]
    Secrets(SecretsCommand),
    /// Install extensions, and decide what each may do
    #[command(subcommand, visible_alias = "components")]
    Plugins(PluginsCommand),
    /// Look at the sandboxes that sessions run in
    Sandbox(Sandbox),
    /// Say which commands run on the gateway's machine unasked, and answer about the others
    #[command(subcommand, visible_alias = "exec-approvals")]
    Approvals(ApprovalsCommand),
    /// Print a completion script for a shell
    Completion(Completion),
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

/// What to do with the config.
#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print a value of the config, secrets masked
    Get(ConfigGet),
    /// Set a value of the config, in its file
    Set(ConfigSet),
    /// Print where the config file is
    File(Json),
    /// Print the JSON schema of the config
    Schema,
    /// Check the config and say what is wrong with it, and where
    Validate(Json),
}

/// `config get`.
#[derive(Args)]
pub(crate) struct ConfigGet {
    /// The key, such as gateway.port or channels.telegram.groups["-100"]
    pub(crate) path: String,
    /// Print it as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `config set`.
#[derive(Args)]
pub(crate) struct ConfigSet {
    /// The key, such as gateway.port or channels.telegram.groups["-100"]
    pub(crate) path: String,
    /// The value in JSON5; what is none is taken as text
    #[arg(allow_hyphen_values = true)]
    pub(crate) value: String,
    /// Refuse a value that is not JSON
    #[arg(long)]
    pub(crate) strict_json: bool,
    /// Let entries go that stand there now and not in the value
    #[arg(long)]
    pub(crate) replace: bool,
}

/// A command that has nothing but `--json`.
#[derive(Args)]
pub(crate) struct Json {
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// What to do with the secrets.
#[derive(Subcommand)]
pub(crate) enum SecretsCommand {
    /// Find plain text secrets, references that do not resolve, and credentials that are shadowed
    Audit(SecretsAudit),
}

/// `secrets audit`.
#[derive(Args)]
pub(crate) struct SecretsAudit {
    /// End with 1 when anything was found
    #[arg(long)]
    pub(crate) check: bool,
    /// Run the programs of exec providers to see whether their references resolve
    #[arg(long)]
    pub(crate) allow_exec: bool,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// `completion`.
#[derive(Args)]
pub(crate) struct Completion {
    /// The shell that the script is for
    #[arg(short, long, default_value = "zsh")]
    pub(crate) shell: CompletionShell,
}

/// The shells that scripts are made for.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum CompletionShell {
    Bash,
    Fish,
    #[value(name = "powershell")]
    PowerShell,
    Zsh,
}

/// Reads the command line. Help and version are printed here and end the program.
pub(crate) fn parse(words: Vec<OsString>) -> Result<Invocation, Failure> {
    let plain = words.iter().any(|word| word == "--no-color");
    let parsed = command(plain)
        .try_get_matches_from(words)
        .and_then(|found| Invocation::from_arg_matches(&found));
    match parsed {
        Ok(invocation) if invocation.version => {
            crate::output::print(VERSION);
            std::process::exit(0)
        }
        Ok(invocation) => Ok(invocation),
        Err(error) if !error.use_stderr() => error.exit(),
        Err(error) => Err(Failure::Usage(error)),
    }
}

/// Prints the help of the whole program.
pub(crate) fn print_help(plain: bool) -> Result<(), Failure> {
    command(plain).print_help().map_err(|source| Failure::System {
        doing: "print the help",
        source,
    })
}

/// The command line's description. Colours follow the terminal and `NO_COLOR`, unless they are switched off.
fn command(plain: bool) -> clap::Command {
    let command = Invocation::command();
    if plain {
        command.color(ColorChoice::Never)
    } else {
        command
    }
}
