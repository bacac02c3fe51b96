//! What can go wrong with channels: each error names the thing that failed and the way out.

use std::io;
use std::path::PathBuf;

/// The result of everything here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The state refused a read or a write.
    #[error("the state of channels could not be used: {0}")]
    State(#[from] openclaw_state::Error),
    /// The host refused something.
    #[error("the extension host refused: {0}")]
    Host(#[from] openclaw_components::Error),
    /// A credential could not be had.
    #[error("a credential of a channel could not be had: {0}")]
    Secret(#[from] openclaw_secrets::SecretError),
    /// A credential that an extension brought is no plain text.
    #[error(
        "{place} refers to a secret, and the gateway resolves none there; write its value, or use ${{NAME}}"
    )]
    Credential {
        /// Where it stands in the config.
        place: String,
    },
    /// The file with a token could not be read.
    #[error("cannot read the token in {}: {source}; name a regular file that holds it", path.display())]
    TokenFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No extension that is installed and enabled serves a channel.
    #[error(
        "nothing that is installed serves the channel {channel}; run \"openclaw channels add {channel}\""
    )]
    NoAdapter {
        /// The channel.
        channel: String,
    },
    /// Several extensions were granted for one channel.
    #[error(
        "{extensions} all serve the channel {channel}, and none of them is chosen; run \"openclaw plugins revoke\" for all but one"
    )]
    Contested {
        /// The channel.
        channel: String,
        /// The extensions.
        extensions: String,
    },
    /// The extension has no grant for an account.
    #[error(
        "{extension} was not granted what it asks for on {channel}/{account}; run \"openclaw plugins grant {extension}\""
    )]
    NotGranted {
        /// The extension.
        extension: String,
        /// The channel.
        channel: String,
        /// The account.
        account: String,
    },
    /// The grant that is kept cannot be read.
    #[error("the grant of {extension} cannot be read: {why}; run \"openclaw plugins grant {extension}\"")]
    BadGrant {
        /// The extension.
        extension: String,
        /// Why.
        why: String,
    },
    /// There is no such account.
    #[error("there is no account {account} on {channel}; look at \"openclaw channels list\"")]
    NoAccount {
        /// The channel.
        channel: String,
        /// The account.
        account: String,
    },
    /// An account is there and does not run.
    #[error("{channel}/{account} does not run: {why}")]
    NotRunning {
        /// The channel.
        channel: String,
        /// The account.
        account: String,
        /// Why.
        why: String,
    },
    /// The adapter failed.
    #[error("{channel}/{account} failed: {message}")]
    Adapter {
        /// The channel.
        channel: String,
        /// The account.
        account: String,
        /// What it said.
        message: String,
    },
    /// A pairing code is not known.
    #[error(
        "no pending request on {channel} has the code {code}; codes are good for an hour, see \"openclaw pairing list {channel}\""
    )]
    NoPairing {
        /// The channel.
        channel: String,
        /// The code that was given.
        code: String,
    },
    /// There is no dead letter or parked event of this number.
    #[error("there is no {what} {id}; look at \"openclaw channels status\"")]
    NoLetter {
        /// Which of the two.
        what: &'static str,
        /// The number.
        id: i64,
    },
    /// Several accounts could not be started.
    #[error("{} could not be started: {}", accounts.len(), accounts.join("; "))]
    Several {
        /// Each with why.
        accounts: Vec<String>,
    },
    /// A message to be sent cannot be read.
    #[error("the message {key} cannot be read: {why}; drop it")]
    Unreadable {
        /// Its key.
        key: String,
        /// Why.
        why: String,
    },
}
