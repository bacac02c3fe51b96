//! What happened to an account, with the SDK's own types where it has some.

use crate::bindings::channel::openclaw::bridge::types::BridgeId;
use crate::bindings::channel::openclaw::channel::events as wit;
use crate::channel::StartReason;
use crate::http::Response;
use crate::wit::types::errors::Error;

/// One thing that happened.
#[derive(Debug)]
pub struct Event {
    /// Names it: the same at every attempt.
    pub id: String,
    /// Which attempt this is; the first is 1.
    pub attempt: u32,
    /// When it happened, in milliseconds since 1970.
    pub time: u64,
    /// What happened.
    pub what: Happening,
}

/// What happened.
#[derive(Debug)]
pub enum Happening {
    /// The account begins: no connection is open and no request in flight. The only event with which transports are
    /// started.
    Started(StartReason),
    /// The account is about to end.
    Stopping,
    /// The timer of this name is due.
    Timer(String),
    /// A request that was [started](crate::http::Request::start) has its result.
    HttpDone {
        /// Its token.
        token: String,
        /// The response, or why there is none.
        outcome: Result<Response, Error>,
    },
    /// A connection is open.
    SocketOpened(wit::SocketOpened),
    /// Frames arrived.
    SocketFrames(wit::SocketFrames),
    /// A connection has ended, or could not be opened.
    SocketClosed(wit::SocketClosed),
    /// A bridge runs.
    BridgeOpened(BridgeId),
    /// A line came from a bridge.
    BridgeLine(wit::BridgeLine),
    /// A bridge has ended, or could not be started.
    BridgeClosed(wit::BridgeClosed),
    /// Something that this version does not know; return ok.
    Other(String),
}

impl From<wit::Event> for Event {
    fn from(event: wit::Event) -> Self {
        Self {
            id: event.id,
            attempt: event.attempt,
            time: event.time,
            what: event.what.into(),
        }
    }
}

impl From<wit::Happening> for Happening {
    fn from(what: wit::Happening) -> Self {
        match what {
            wit::Happening::Started(reason) => Self::Started(reason),
            wit::Happening::Stopping => Self::Stopping,
            wit::Happening::Timer(name) => Self::Timer(name),
            wit::Happening::HttpDone(done) => Self::HttpDone {
                token: done.token,
                outcome: done.outcome.map(Response::new),
            },
            wit::Happening::SocketOpened(opened) => Self::SocketOpened(opened),
            wit::Happening::SocketFrames(frames) => Self::SocketFrames(frames),
            wit::Happening::SocketClosed(closed) => Self::SocketClosed(closed),
            wit::Happening::BridgeOpened(bridge) => Self::BridgeOpened(bridge),
            wit::Happening::BridgeLine(line) => Self::BridgeLine(line),
            wit::Happening::BridgeClosed(closed) => Self::BridgeClosed(closed),
            wit::Happening::Other(text) => Self::Other(text),
        }
    }
}
