//! The table: all cases, one file for each theme.

mod addresses;
mod bodies;
mod codes;
mod connections;
mod echoes;
mod headers;
mod methods;
mod paths;
mod redirects;
mod secrets;
mod sockets;
mod urls;

use super::case::Case;

/// What cases are about.
#[derive(Clone, Copy, Debug)]
pub enum Theme {
    /// Where a name or an address leads.
    Addresses,
    /// Texts that are URLs to some and none to others.
    Urls,
    /// Being sent elsewhere.
    Redirects,
    /// Headers, both ways.
    Headers,
    /// Bodies, both ways.
    Bodies,
    /// Paths that lead out of what was granted.
    Paths,
    /// Methods.
    Methods,
    /// Connections: kept, stale, slow, of the second version.
    Connections,
    /// Lasting connections.
    Sockets,
    /// Secrets on their way out.
    Secrets,
    /// Secrets that come back.
    Echoes,
    /// What is computed with secrets, and what is issued.
    Codes,
}

impl Theme {
    pub(super) fn cases(self) -> Vec<Case> {
        match self {
            Self::Addresses => addresses::cases(),
            Self::Urls => urls::cases(),
            Self::Redirects => redirects::cases(),
            Self::Headers => headers::cases(),
            Self::Bodies => bodies::cases(),
            Self::Paths => paths::cases(),
            Self::Methods => methods::cases(),
            Self::Connections => connections::cases(),
            Self::Sockets => sockets::cases(),
            Self::Secrets => secrets::cases(),
            Self::Echoes => echoes::cases(),
            Self::Codes => codes::cases(),
        }
    }
}
