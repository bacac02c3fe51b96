//! `openclaw plugins`: what can be typed.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use openclaw_policy::PluginId;
use openclaw_policy::capability::files::GuestPath;

use super::Json;

/// What to do with extensions.
#[derive(Subcommand)]
pub(crate) enum PluginsCommand {
    /// Tell what a component is and asks for, without installing or running it
    Inspect(PluginsTarget),
    /// Install an extension, and say what it may do
    Install(PluginsInstall),
    /// List what is installed
    List(Json),
    /// Tell what an installed extension is, what it was granted and what its tools are
    Info(PluginsOne),
    /// Say anew what an installed extension may do
    Grant(PluginsGrant),
    /// Take back what an extension was granted; it stays installed and cannot be called
    Revoke(PluginsOne),
    /// Remove an extension, what it was granted and what it kept
    Uninstall(PluginsUninstall),
    /// Call a tool of an installed extension
    Run(PluginsRun),
    /// Show what an extension did on the network
    Activity(PluginsActivity),
    /// Find grants that are wide, and what does not fit together
    Audit(PluginsAudit),
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

/// `plugins inspect`.
#[derive(Args)]
pub(crate) struct PluginsTarget {
    /// A folder, a .wasm file, or the id of an installed extension
    #[arg(value_name = "FOLDER|WASM|ID")]
    pub(crate) target: String,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// An answer that is given on the command line.
#[derive(Args)]
pub(crate) struct GrantFlags {
    /// What it may do: all that it asks for, none of it, or what stands in a JSON5 file with the keys
    /// capabilities, limits and directories
    #[arg(long, value_name = "FILE|all|none")]
    pub(crate) grant: Option<String>,
    /// Which directory of this machine a granted one is, as in /texts=PATH; may be repeated
    #[arg(long, value_name = "GUEST=PATH", value_parser = parse_directory)]
    pub(crate) dir: Vec<DirectoryFlag>,
}

/// A value of `--dir`.
#[derive(Clone)]
pub(crate) struct DirectoryFlag {
    pub(crate) guest: GuestPath,
    pub(crate) path: PathBuf,
}

fn parse_directory(text: &str) -> Result<DirectoryFlag, String> {
    let (guest, path) = text
        .split_once('=')
        .filter(|(_, path)| !path.is_empty())
        .ok_or("write it as GUEST=PATH, as in /texts=notes")?;
    Ok(DirectoryFlag {
        guest: guest
            .parse()
            .map_err(|error: openclaw_policy::Error| error.to_string())?,
        path: PathBuf::from(path),
    })
}

/// `plugins install`.
#[derive(Args)]
pub(crate) struct PluginsInstall {
    /// A folder with openclaw.plugin.json and a component, or a component with its manifest inside
    #[arg(value_name = "FOLDER|WASM")]
    pub(crate) path: PathBuf,
    #[command(flatten)]
    pub(crate) answer: GrantFlags,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// `plugins grant`.
#[derive(Args)]
pub(crate) struct PluginsGrant {
    /// The extension
    pub(crate) id: PluginId,
    #[command(flatten)]
    pub(crate) answer: GrantFlags,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// A command about one installed extension.
#[derive(Args)]
pub(crate) struct PluginsOne {
    /// The extension
    pub(crate) id: PluginId,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// `plugins uninstall`.
#[derive(Args)]
pub(crate) struct PluginsUninstall {
    /// The extension
    pub(crate) id: PluginId,
    /// Leave its store and media for when it is installed again
    #[arg(long)]
    pub(crate) keep_data: bool,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// `plugins run`.
#[derive(Args)]
pub(crate) struct PluginsRun {
    /// The extension
    pub(crate) id: PluginId,
    /// The tool
    pub(crate) tool: String,
    /// Its arguments as a JSON object; @FILE reads them from a file, - from standard input
    #[arg(
        long,
        value_name = "JSON|@FILE|-",
        default_value = "{}",
        allow_hyphen_values = true
    )]
    pub(crate) args: String,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// `plugins activity`.
#[derive(Args)]
pub(crate) struct PluginsActivity {
    /// The extension
    pub(crate) id: PluginId,
    /// How many of the newest entries
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: u32,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// `plugins audit`.
#[derive(Args)]
pub(crate) struct PluginsAudit {
    /// End with 1 when anything was found
    #[arg(long)]
    pub(crate) check: bool,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}
