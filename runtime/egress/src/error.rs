//! Why something did not leave, or did not come back.
//!
//! Each failure says whether something left this machine before it, because that decides whether to try again.
//! No text of one holds a value of a secret: what a tenant sent is named by its parts, never quoted whole.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use openclaw_policy::{AddressClass, Bytes, display_safe};

use crate::secret::SecretFailure;

/// What is shown of a text that a stranger chose.
pub(crate) const SHOWN: usize = 200;

/// Whether something left this machine before a failure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sent {
    /// It left, so the other side may have acted on it.
    Yes,
    /// It did not leave: trying again is safe.
    No,
    /// Nobody can tell.
    Unknown,
}

/// A failure of the gate.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub struct Error {
    /// What failed.
    pub cause: Cause,
    /// Whether something had left before.
    pub sent: Sent,
}

impl Error {
    /// The same failure after something else: what had left by then counts.
    pub(crate) fn behind(self, before: Sent) -> Self {
        match before {
            Sent::No => self,
            Sent::Yes | Sent::Unknown => Self { sent: before, ..self },
        }
    }
}

/// The kind of a failure, for programs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// What was asked is wrong in itself.
    Invalid,
    /// Nothing has this name.
    NotFound,
    /// The grant does not allow it, or the gate never does.
    Denied,
    /// Too much in too short a time.
    RateLimited,
    /// Too many at once.
    Quota,
    /// More bytes or items than allowed.
    TooLarge,
    /// It took longer than allowed.
    Timeout,
    /// The other side cannot be reached.
    Unavailable,
    /// It contradicts what went before.
    Conflict,
    /// It was closed.
    Closed,
    /// The other side does not follow its protocol.
    Protocol,
    /// This build or configuration does not have it.
    Unsupported,
    /// A mistake on this side.
    Internal,
}

/// What a limit is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Measure {
    /// The number of a request's headers.
    RequestHeaders,
    /// The bytes of a request's headers.
    RequestHeaderBytes,
    /// The number of a response's headers.
    ResponseHeaders,
    /// The bytes of a response's headers.
    ResponseHeaderBytes,
    /// The bytes of a response's body, decompressed.
    ResponseBody,
    /// How many times a response's body is larger than what arrived.
    Ratio,
    /// The bytes of a URL.
    Url,
    /// The bytes of a frame that arrives.
    Frame,
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RequestHeaders => "the number of the request's headers",
            Self::RequestHeaderBytes => "the bytes of the request's headers",
            Self::ResponseHeaders => "the number of the response's headers",
            Self::ResponseHeaderBytes => "the bytes of the response's headers",
            Self::ResponseBody => "the bytes of the response's body",
            Self::Ratio => "how many times a body may grow when it is decompressed",
            Self::Url => "the bytes of the URL",
            Self::Frame => "the bytes of a frame",
        })
    }
}

/// What took too long.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Phase {
    /// Resolving the name.
    Resolve,
    /// Connecting, TLS included.
    Connect,
    /// Waiting for the headers of the response.
    FirstByte,
    /// Waiting for more of the response, or for the other side to take more of the request.
    Idle,
    /// All of it together.
    Total,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "the name was not resolved",
            Self::Connect => "no connection was made",
            Self::FirstByte => "no answer began",
            Self::Idle => "nothing more came",
            Self::Total => "it was not finished",
        })
    }
}

/// What failed.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// A URL that is none, or that can be read in two ways.
    #[error("the URL {why}")]
    Url {
        /// What is wrong with it.
        why: String,
    },
    /// A method that is none, or that opens what no rule can judge.
    #[error("the method \"{method}\" {why}")]
    Method {
        /// The method.
        method: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A header that may not be sent.
    #[error("the header \"{name}\" {why}")]
    Header {
        /// Its name.
        name: String,
        /// Why not.
        why: &'static str,
    },
    /// A request that is wrong in itself.
    #[error("the request {why}")]
    Request {
        /// What is wrong with it.
        why: &'static str,
    },
    /// No rule of the grant allows it.
    #[error("{what} is not granted: {why}")]
    NotGranted {
        /// What was asked for.
        what: String,
        /// The first thing about it that no rule has, and what to do.
        why: String,
    },
    /// A host whose address is not public, without a rule that says `private`.
    #[error(
        "{host} has the address {address}, which is {class} and not public; a rule with \"private\": true that names {host} would allow it"
    )]
    NotPublic {
        /// The host.
        host: String,
        /// The first such address.
        address: IpAddr,
        /// What kind of address it is.
        class: AddressClass,
    },
    /// A secret that may not be used so.
    #[error(transparent)]
    Secret(#[from] SecretFailure),
    /// A name that does not resolve.
    #[error("the name {host} was not resolved: {why}")]
    Resolve {
        /// The name.
        host: String,
        /// What the resolver said.
        why: String,
    },
    /// A connection that was not made.
    #[error("no connection to {host}: {why}")]
    Connect {
        /// The host.
        host: String,
        /// What went wrong.
        why: String,
    },
    /// A server whose certificate was not accepted, or that does no TLS.
    #[error("no secure connection to {host}: {why}")]
    Tls {
        /// The host.
        host: String,
        /// What went wrong.
        why: String,
    },
    /// The operator's proxy did not do its part.
    #[error("the proxy did not connect to {host}: {why}")]
    Proxy {
        /// The host behind it.
        host: String,
        /// What went wrong.
        why: String,
    },
    /// The other side broke the protocol or the connection.
    #[error("{host} {why}")]
    Peer {
        /// The host.
        host: String,
        /// What it did.
        why: String,
    },
    /// A server that refused to open a connection.
    #[error("{host} {why}")]
    Status {
        /// The host.
        host: String,
        /// The status of its answer.
        status: u16,
        /// What it said, in our words.
        why: String,
    },
    /// A connection that has ended.
    #[error("the connection to {host} is closed{why}")]
    Closed {
        /// The host.
        host: String,
        /// How it ended, with a comma before it; empty if it ended in good order.
        why: String,
    },
    /// Something that was asked for too late.
    #[error("{what}")]
    Late {
        /// What.
        what: String,
    },
    /// A limit on sizes.
    #[error("{measure} may be {most}, and there is more")]
    TooLarge {
        /// What was measured.
        measure: Measure,
        /// The limit.
        most: u64,
    },
    /// A body beyond what the grant allows.
    #[error(
        "a body of more than {most} was not granted for this address; its rule can ask for more with \"maxBody\""
    )]
    Body {
        /// The limit.
        most: Bytes,
    },
    /// A limit on time.
    #[error("{phase} within {} ms", .within.as_millis())]
    Timeout {
        /// What took too long.
        phase: Phase,
        /// The limit.
        within: Duration,
    },
    /// Redirects without end.
    #[error("it was redirected more than {most} times")]
    Redirects {
        /// The limit.
        most: u32,
    },
    /// Too many requests in a short time.
    #[error("too many requests to {host}; the next may be sent in {} ms", .after.as_millis())]
    Rate {
        /// The host.
        host: String,
        /// When the next is allowed.
        after: Duration,
    },
    /// Too much at once.
    #[error("{what} are open at once for this extension; close some")]
    TooMany {
        /// What.
        what: &'static str,
    },
    /// What this build or its configuration does not have.
    #[error("{what}")]
    Unsupported {
        /// What, and what to do without it.
        what: String,
    },
    /// A mistake on this side.
    #[error("{what}")]
    Internal {
        /// What.
        what: String,
    },
}

impl Cause {
    /// A failure before anything left.
    pub fn unsent(self) -> Error {
        self.when(Sent::No)
    }

    /// A failure after something left, or not.
    pub fn when(self, sent: Sent) -> Error {
        Error { cause: self, sent }
    }

    pub(crate) fn url(why: impl Into<String>) -> Self {
        Self::Url { why: why.into() }
    }

    /// What the other side did wrong, in words that may be its own.
    pub(crate) fn peer(host: &impl fmt::Display, why: &str) -> Self {
        Self::Peer {
            host: host.to_string(),
            why: display_safe(why, SHOWN),
        }
    }

    /// Its words without values of secrets: some of them are the other side's, which may say what it was sent.
    pub(crate) fn mask(&mut self, mask: impl Fn(&str) -> String) {
        let (one, other) = match self {
            Self::Url { why } => (why, None),
            Self::Method { method: text, .. } | Self::Header { name: text, .. } => (text, None),
            Self::NotPublic { host, .. } | Self::Rate { host, .. } => (host, None),
            Self::NotGranted { what, why } => (what, Some(why)),
            Self::Resolve { host, why }
            | Self::Connect { host, why }
            | Self::Tls { host, why }
            | Self::Proxy { host, why }
            | Self::Peer { host, why }
            | Self::Status { host, why, .. }
            | Self::Closed { host, why } => (host, Some(why)),
            Self::Late { what } | Self::Unsupported { what } | Self::Internal { what } => (what, None),
            Self::Request { .. }
            | Self::Secret(_)
            | Self::TooLarge { .. }
            | Self::Body { .. }
            | Self::Timeout { .. }
            | Self::Redirects { .. }
            | Self::TooMany { .. } => return,
        };
        for text in [Some(one), other].into_iter().flatten() {
            *text = mask(text);
        }
    }

    /// Whether a connection ended because something broke, and not because the other side ended it.
    pub fn is_break(&self) -> bool {
        // Every way to break is told with its reason; an end in good order has none.
        matches!(self, Self::Closed { why, .. } if why.starts_with(", because"))
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Url { .. } | Self::Method { .. } | Self::Header { .. } | Self::Request { .. } => {
                Kind::Invalid
            }
            Self::NotGranted { .. } | Self::NotPublic { .. } => Kind::Denied,
            Self::Secret(failure) => failure.kind(),
            Self::Resolve { .. } | Self::Connect { .. } | Self::Proxy { .. } => Kind::Unavailable,
            Self::Tls { .. } | Self::Peer { .. } | Self::Status { .. } | Self::Redirects { .. } => {
                Kind::Protocol
            }
            Self::Closed { .. } => Kind::Closed,
            Self::Late { .. } => Kind::Conflict,
            Self::TooLarge { .. } | Self::Body { .. } => Kind::TooLarge,
            Self::Timeout { .. } => Kind::Timeout,
            Self::Rate { .. } => Kind::RateLimited,
            Self::TooMany { .. } => Kind::Quota,
            Self::Unsupported { .. } => Kind::Unsupported,
            Self::Internal { .. } => Kind::Internal,
        }
    }

    /// When to try again, where that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Rate { after, .. } => Some(*after),
            _ => None,
        }
    }
}

impl From<Cause> for Error {
    /// Most failures are found before anything leaves.
    fn from(cause: Cause) -> Self {
        cause.unsent()
    }
}

impl From<SecretFailure> for Error {
    fn from(failure: SecretFailure) -> Self {
        Cause::Secret(failure).unsent()
    }
}

/// A result of the gate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
