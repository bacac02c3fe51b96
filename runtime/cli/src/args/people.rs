//! `openclaw channels`, `pairing`, `devices` and `onboard`: what can be typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::gateway::{AuthMode, BindMode, Reach};

/// What to do with channels.
#[derive(Subcommand)]
pub(crate) enum ChannelsCommand {
    /// Set up an account of a channel
    Add(ChannelsAdd),
    /// Tell how the accounts of channels fare
    Status(ChannelsStatus),
    /// Look at messages that were not sent, or of which nobody knows, and decide about them
    #[command(subcommand)]
    DeadLetters(LettersCommand),
    /// Look at events that an adapter could not deal with
    #[command(subcommand)]
    Parked(ParkedCommand),
}

/// What to do about messages that were not sent.
#[derive(Subcommand)]
pub(crate) enum LettersCommand {
    /// List them, the newest first, with the reason
    List(super::gateway::Asked),
    /// Send one after all; it may arrive twice if it had arrived
    Resubmit(Numbered),
    /// Forget one
    Drop(Numbered),
}

/// What to do about events that were set aside.
#[derive(Subcommand)]
pub(crate) enum ParkedCommand {
    /// List them, the oldest first, with the reason
    List(super::gateway::Asked),
    /// Hand one to its adapter again
    Replay(Numbered),
}

/// Something by its number.
#[derive(Args)]
pub(crate) struct Numbered {
    /// Its number, as the list shows it
    pub(crate) id: i64,
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// `channels add`.
#[derive(Args)]
pub(crate) struct ChannelsAdd {
    /// The channel, such as telegram
    #[arg(value_name = "CHANNEL")]
    pub(crate) name: Option<String>,
    /// The channel, another way to say it
    #[arg(long = "channel", value_name = "CHANNEL", conflicts_with = "name")]
    pub(crate) channel: Option<String>,
    /// The account; a channel has one named default
    #[arg(long, value_name = "ID", default_value = "default")]
    pub(crate) account: String,
    /// What people call the account
    #[arg(long, value_name = "TEXT")]
    pub(crate) name_text: Option<String>,
    /// The account's token, as the platform gave it
    #[arg(long, visible_alias = "bot-token", value_name = "TOKEN", conflicts_with_all = ["token_file", "use_env"])]
    pub(crate) token: Option<String>,
    /// A file that holds the token
    #[arg(long, value_name = "FILE", conflicts_with = "use_env")]
    pub(crate) token_file: Option<PathBuf>,
    /// Take the token from the channel's usual environment variable, such as TELEGRAM_BOT_TOKEN
    #[arg(long)]
    pub(crate) use_env: bool,
    /// A server of one's own in the place of the platform's
    #[arg(long, value_name = "URL")]
    pub(crate) api_root: Option<String>,
    /// What the adapter may do: all that it asks for, none of it, or what stands in a file
    #[arg(long, value_name = "FILE|all|none")]
    pub(crate) grant: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// `channels status`.
#[derive(Args)]
pub(crate) struct ChannelsStatus {
    /// Ask each platform whether its account works
    #[arg(long)]
    pub(crate) probe: bool,
    /// Only this channel
    #[arg(long, value_name = "CHANNEL")]
    pub(crate) channel: Option<String>,
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// What to do about people who want to write to the agent.
#[derive(Subcommand)]
pub(crate) enum PairingCommand {
    /// List who waits for an answer
    List(PairingList),
    /// Let somebody write to the agent, by the code that they were told
    Approve(PairingApprove),
}

/// `pairing list`.
#[derive(Args)]
pub(crate) struct PairingList {
    /// The channel; all of them if none is named
    #[arg(value_name = "CHANNEL")]
    pub(crate) name: Option<String>,
    /// The channel, another way to say it
    #[arg(long = "channel", value_name = "CHANNEL", conflicts_with = "name")]
    pub(crate) channel: Option<String>,
    /// Only this account
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<String>,
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// `pairing approve`.
#[derive(Args)]
pub(crate) struct PairingApprove {
    /// The channel and the code, or the code alone
    #[arg(value_name = "CHANNEL] [CODE", num_args = 1..=2, required = true)]
    pub(crate) words: Vec<String>,
    /// The channel, another way to say it
    #[arg(long = "channel", value_name = "CHANNEL")]
    pub(crate) channel: Option<String>,
    /// Only requests to this account
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<String>,
    /// Tell the person that they may write now
    #[arg(long)]
    pub(crate) notify: bool,
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// What to do with devices.
#[derive(Subcommand)]
pub(crate) enum DevicesCommand {
    /// List the devices that are paired, and those that ask to be
    List(super::gateway::Asked),
    /// Let a device in
    Approve(DevicesApprove),
    /// Turn a request down
    Reject(DevicesOne),
    /// Take a device away: it is disconnected, and its token is worth nothing any more
    Remove(DevicesOne),
}

/// A device or a request by its id.
#[derive(Args)]
pub(crate) struct DevicesOne {
    /// The request or the device, as devices list shows it
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// `devices approve`.
#[derive(Args)]
pub(crate) struct DevicesApprove {
    /// The request, as devices list shows it
    #[arg(value_name = "REQUEST")]
    pub(crate) request: Option<String>,
    /// Show the newest request, and the command that approves it
    #[arg(long, conflicts_with = "request")]
    pub(crate) latest: bool,
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// `onboard`.
#[derive(Args)]
pub(crate) struct Onboard {
    /// Ask nothing; needs --accept-risk
    #[arg(long)]
    pub(crate) non_interactive: bool,
    /// You know that an agent acts on this machine on your behalf
    #[arg(long)]
    pub(crate) accept_risk: bool,
    /// The agent's workspace
    #[arg(long, value_name = "FOLDER")]
    pub(crate) workspace: Option<PathBuf>,
    /// The gateway's port
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) gateway_port: Option<u16>,
    /// Which addresses the gateway listens on
    #[arg(long, value_name = "MODE")]
    pub(crate) gateway_bind: Option<BindMode>,
    /// How callers prove who they are: token or password
    #[arg(long, value_name = "MODE")]
    pub(crate) gateway_auth: Option<AuthMode>,
    /// The shared token; one is made if none is given
    #[arg(long, value_name = "TOKEN")]
    pub(crate) gateway_token: Option<String>,
    /// The shared password, for --gateway-auth password
    #[arg(long, value_name = "PASSWORD")]
    pub(crate) gateway_password: Option<String>,
    /// A model server that speaks OpenAI's completions: its address
    #[arg(long, value_name = "URL")]
    pub(crate) custom_base_url: Option<String>,
    /// The key for it
    #[arg(long, value_name = "KEY")]
    pub(crate) custom_api_key: Option<String>,
    /// The model to use there
    #[arg(long, value_name = "ID")]
    pub(crate) custom_model_id: Option<String>,
    /// What the server is called in the config
    #[arg(long, value_name = "ID")]
    pub(crate) custom_provider_id: Option<String>,
    /// Install no tools
    #[arg(long)]
    pub(crate) skip_skills: bool,
    /// Do not offer to set up a channel
    #[arg(long)]
    pub(crate) skip_channels: bool,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}
