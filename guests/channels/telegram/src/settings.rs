//! What the operator set for an account, as far as the adapter needs it. The host resolves who may write, and reads
//! everything else itself.

use openclaw_sdk::{Error, config};
use serde::Deserialize;

/// The server that everybody uses.
const PUBLIC: &str = "https://api.telegram.org";

/// The keys under `channels.telegram` that are read here.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Settings {
    /// A server of one's own.
    api_root: Option<String>,
    /// The public address that Telegram calls. Without it Telegram is asked.
    pub(crate) webhook_url: Option<String>,
    /// Whether links are shown with a preview.
    link_preview: Option<bool>,
    /// Commands for the menu beside the gateway's.
    pub(crate) custom_commands: Vec<CustomCommand>,
}

/// A command for the menu.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct CustomCommand {
    /// The word after the slash.
    pub(crate) command: String,
    /// What it does.
    pub(crate) description: String,
}

impl Settings {
    /// Reads them.
    pub(crate) fn load() -> Result<Self, Error> {
        config::all()
    }

    /// Where the server is, without a slash at the end.
    pub(crate) fn server(&self) -> &str {
        match self.api_root.as_deref().map(str::trim) {
            None | Some("") => PUBLIC,
            Some(own) => own.trim_end_matches('/'),
        }
    }

    /// Whether the server is the one that everybody uses, which hands out files of 20 MB at most.
    pub(crate) fn is_public(&self) -> bool {
        self.server() == PUBLIC
    }

    /// Whether links are shown with a preview.
    pub(crate) fn previews_links(&self) -> bool {
        self.link_preview.unwrap_or(true)
    }

    /// The address that Telegram is to call, if it is to call.
    pub(crate) fn webhook(&self) -> Option<&str> {
        self.webhook_url
            .as_deref()
            .map(str::trim)
            .filter(|url| !url.is_empty())
    }
}
