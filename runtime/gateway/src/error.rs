//! Why the gateway cannot start or go on: what failed, where, and what to do.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use openclaw_protocol::identity::KeyError;
use openclaw_secrets::SecretError;

/// The result of everything here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Anybody on the network could use the gateway.
    #[error(
        "refusing to bind gateway to {address} without auth (set gateway.auth.token/password, or set \
         OPENCLAW_GATEWAY_TOKEN/OPENCLAW_GATEWAY_PASSWORD; or bind to loopback)"
    )]
    Unguarded {
        /// The address.
        address: SocketAddr,
    },
    /// The mode asks for a secret that nobody set.
    #[error(
        "gateway auth mode is {mode} but no {mode} configured; set gateway.auth.{mode} or {variable}",
        variable = if *.mode == "token" { "OPENCLAW_GATEWAY_TOKEN" } else { "OPENCLAW_GATEWAY_PASSWORD" }
    )]
    NoSecret {
        /// The mode, which is also the secret's name.
        mode: &'static str,
    },
    /// Both a token and a password are set.
    #[error(
        "gateway.auth has a token and a password and no mode; set gateway.auth.mode to \"token\" or \"password\""
    )]
    AuthModeUnclear,
    /// A secret of the gateway cannot be had.
    #[error("a secret of gateway.auth cannot be had: {0}")]
    Secret(#[source] SecretError),
    /// A proxy is to vouch for people.
    #[error("gateway.auth.mode=trusted-proxy is not supported; set it to \"token\" or \"password\"")]
    TrustedProxy,
    /// The port is to speak TLS.
    #[error(
        "gateway.tls.enabled is not supported; turn it off and put a proxy that speaks TLS in front, named in \
         gateway.trustedProxies"
    )]
    Tls,
    /// An entry of the trusted proxies means nothing.
    #[error(
        "gateway.trustedProxies has \"{entry}\", which is neither an address nor a range like 10.0.0.0/8"
    )]
    Proxy {
        /// The entry.
        entry: String,
    },
    /// The bind mode needs an address.
    #[error("gateway.bind=custom requires gateway.customBindHost")]
    NoCustomHost,
    /// The address is none.
    #[error("gateway.bind=custom requires a valid IPv4 customBindHost (got {given})")]
    CustomHost {
        /// What stands there.
        given: String,
    },
    /// There is no Tailscale address.
    #[error(
        "gateway bind=tailnet could not resolve a Tailscale or loopback address; refusing wildcard fallback"
    )]
    NoTailnet,
    /// Somebody else listens there.
    #[error(
        "another gateway instance is already listening on ws://{address}; stop it, use --port, or --force"
    )]
    InUse {
        /// The address.
        address: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("failed to bind gateway socket on ws://{address}: {cause}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        cause: io::Error,
    },
    /// Another gateway has the state folder.
    #[error(
        "gateway already running (pid {}); lock timeout after {waited_ms}ms; stop it with \"openclaw gateway stop\", \
         or use --force",
        pid.map_or_else(|| "unknown".to_owned(), |pid| pid.to_string())
    )]
    Running {
        /// Its process, when it is known.
        pid: Option<u32>,
        /// How long was waited for it, in milliseconds.
        waited_ms: u128,
    },
    /// The process in the way is not a gateway of ours.
    #[error("process {pid} ({name}) is in the way and is not an openclaw gateway; --force does not stop it")]
    Foreign {
        /// The process.
        pid: u32,
        /// What it is.
        name: String,
    },
    /// The process in the way does not go away.
    #[error("process {pid} did not end after SIGKILL; end it by hand")]
    Stuck {
        /// The process.
        pid: u32,
    },
    /// A file cannot be used.
    #[error("cannot {doing} {}: {cause}", path.display())]
    File {
        /// What was being done, as in "cannot create".
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The gateway's own key.
    #[error("{}: {cause}", path.display())]
    Key {
        /// The file it is in.
        path: PathBuf,
        /// What is wrong with it.
        cause: KeyError,
    },
    /// The state.
    #[error(transparent)]
    State(#[from] openclaw_state::Error),
}

impl Error {
    /// Whether only another config would help, so that starting again does not.
    pub fn is_of_config(&self) -> bool {
        !matches!(
            self,
            Self::InUse { .. }
                | Self::Bind { .. }
                | Self::Running { .. }
                | Self::Foreign { .. }
                | Self::Stuck { .. }
                | Self::File { .. }
                | Self::Key { .. }
                | Self::State(_)
        )
    }

    pub(crate) fn file(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |cause| Self::File { doing, path, cause }
    }
}
