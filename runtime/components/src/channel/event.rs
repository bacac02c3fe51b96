//! What happens to an account, as the gateway keeps it: it can be handed over again, and written down.

use std::fmt;
use std::sync::Arc;

use openclaw_egress::Kept;
use openclaw_egress::secret::Vault;
use serde::{Deserialize, Serialize};
use wasmtime::Store;

use super::{AdapterError, CloseReason, ConnectionId, Frame, Header};
use crate::bindings::channel::openclaw::channel::events as wit;
use crate::guest::Guest;
use crate::host::http::{Answered, shown_header};

/// Why an account begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StartReason {
    /// The gateway started, or the account was switched on.
    Boot,
    /// The account's configuration or secrets changed.
    Config,
    /// The adapter itself was updated.
    Update,
    /// It begins again after failures.
    Recovery,
}

/// The result of a request that was sent in the background.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct HttpDone {
    /// Its token.
    pub token: String,
    /// The response, or why there is none.
    pub outcome: Result<Response, AdapterError>,
}

/// A connection is open.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct SocketOpened {
    /// Which.
    pub connection: ConnectionId,
    /// The subprotocol that the server of a WebSocket chose.
    pub subprotocol: Option<String>,
    /// The headers of the server's answer; none for TCP.
    pub headers: Vec<Header>,
}

/// Frames arrived.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct SocketFrames {
    /// On which connection.
    pub connection: ConnectionId,
    /// The frames in their order.
    pub frames: Vec<Frame>,
}

/// A connection has ended, or could not be opened.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct SocketClosed {
    /// Which.
    pub connection: ConnectionId,
    /// How.
    pub reason: CloseReason,
    /// The closing code of a WebSocket.
    pub code: Option<u16>,
    /// What the other side said, or what went wrong.
    pub message: String,
}

/// What happened.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Happening {
    /// The account begins.
    Started(StartReason),
    /// The account is about to end.
    Stopping,
    /// The timer of this name is due.
    Timer(String),
    /// A request in the background has its result.
    HttpDone(HttpDone),
    /// A connection is open.
    SocketOpened(SocketOpened),
    /// Frames arrived.
    SocketFrames(SocketFrames),
    /// A connection has ended, or could not be opened.
    SocketClosed(SocketClosed),
}

/// One thing that happened.
#[derive(Clone, Debug, Deserialize, Serialize)]
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

/// A response that can be read from its beginning at every attempt. Written down it holds no value of a secret; a
/// token that was not captured by then is lost.
#[derive(Clone, Deserialize, Serialize)]
#[serde(from = "Written", into = "Written")]
pub struct Response(Held);

#[derive(Clone)]
enum Held {
    Kept(Arc<Kept>),
    Written(Arc<Written>),
}

/// A response as it is written down.
#[derive(Clone, Deserialize, Serialize)]
struct Written {
    status: u16,
    url: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Body,
}

/// Text as text, because most bodies are.
#[derive(Clone, Deserialize, Serialize)]
#[serde(untagged)]
enum Body {
    Text(String),
    Bytes(Vec<u8>),
}

impl From<Kept> for Response {
    fn from(kept: Kept) -> Self {
        Self(Held::Kept(Arc::new(kept)))
    }
}

impl From<Written> for Response {
    fn from(written: Written) -> Self {
        Self(Held::Written(Arc::new(written)))
    }
}

impl From<Response> for Written {
    fn from(response: Response) -> Self {
        match response.0 {
            Held::Written(written) => Arc::unwrap_or_clone(written),
            Held::Kept(kept) => Self {
                status: kept.status(),
                url: kept.url().to_owned(),
                headers: kept.headers().to_vec(),
                body: match String::from_utf8(kept.body().into()) {
                    Ok(text) => Body::Text(text),
                    Err(error) => Body::Bytes(error.into_bytes()),
                },
            },
        }
    }
}

impl Response {
    /// The status code.
    pub fn status(&self) -> u16 {
        match &self.0 {
            Held::Kept(kept) => kept.status(),
            Held::Written(written) => written.status,
        }
    }

    fn open(&self, vault: &Arc<Vault>) -> openclaw_egress::Response {
        match &self.0 {
            Held::Kept(kept) => kept.open(),
            Held::Written(written) => {
                let body = match &written.body {
                    Body::Text(text) => text.clone().into_bytes(),
                    Body::Bytes(bytes) => bytes.clone(),
                };
                let (url, headers) = (written.url.clone(), written.headers.clone());
                Kept::restore(written.status, url, headers, body.into(), vault).open()
            }
        }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

impl Event {
    /// The event as a guest is given it. A response becomes a resource of this very call.
    pub(super) fn enter(self, store: &mut Store<Guest>) -> wasmtime::Result<wit::Event> {
        Ok(wit::Event {
            id: self.id,
            attempt: self.attempt,
            time: self.time,
            what: self.what.enter(store)?,
        })
    }

    /// How many bytes a guest is handed with it, beside what it reads itself.
    pub(super) fn weight(&self) -> u64 {
        let bytes = match &self.what {
            Happening::SocketFrames(arrived) => arrived.frames.iter().map(weight_of_frame).sum(),
            Happening::SocketOpened(opened) => {
                let header = |header: &Header| header.name.len() + header.value.len();
                opened.headers.iter().map(header).sum()
            }
            Happening::Timer(name) => name.len(),
            Happening::Started(_)
            | Happening::Stopping
            | Happening::HttpDone(_)
            | Happening::SocketClosed(_) => 0,
        };
        (self.id.len() + bytes) as u64
    }
}

fn weight_of_frame(frame: &Frame) -> usize {
    match frame {
        Frame::Text(text) | Frame::Other(text) => text.len(),
        Frame::Binary(bytes) => bytes.len(),
        Frame::Event(event) => event.name.len() + event.data.len() + event.id.as_ref().map_or(0, String::len),
    }
}

impl Happening {
    fn enter(self, store: &mut Store<Guest>) -> wasmtime::Result<wit::Happening> {
        Ok(match self {
            Self::Started(reason) => wit::Happening::Started(match reason {
                StartReason::Boot => wit::StartReason::Boot,
                StartReason::Config => wit::StartReason::Config,
                StartReason::Update => wit::StartReason::Update,
                StartReason::Recovery => wit::StartReason::Recovery,
            }),
            Self::Stopping => wit::Happening::Stopping,
            Self::Timer(name) => wit::Happening::Timer(name),
            Self::HttpDone(HttpDone { token, outcome }) => {
                let guest = store.data_mut();
                let outcome = match outcome {
                    Ok(response) => {
                        let response = response.open(guest.extension.vault());
                        Ok(guest.table.push(Answered::new(response))?)
                    }
                    Err(error) => Err(error.into()),
                };
                wit::Happening::HttpDone(wit::HttpDone { token, outcome })
            }
            Self::SocketOpened(opened) => wit::Happening::SocketOpened(wit::SocketOpened {
                connection: opened.connection,
                subprotocol: opened.subprotocol,
                headers: opened.headers,
            }),
            Self::SocketFrames(arrived) => wit::Happening::SocketFrames(wit::SocketFrames {
                connection: arrived.connection,
                frames: arrived.frames,
            }),
            Self::SocketClosed(closed) => wit::Happening::SocketClosed(wit::SocketClosed {
                connection: closed.connection,
                reason: closed.reason,
                code: closed.code,
                message: closed.message,
            }),
        })
    }
}

/// Headers of the gate as a guest and the gateway see them.
pub(super) fn shown_headers(headers: &[openclaw_egress::Header]) -> Vec<Header> {
    headers.iter().map(shown_header).collect()
}
