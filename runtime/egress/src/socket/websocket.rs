//! The opening of a WebSocket over a stream that is connected already, and what its failures mean.
//!
//! **Promise.** The one address is asked for that was judged. Only an answer that accepts exactly what was offered
//! opens the connection: another protocol, an extension, a subprotocol that was not offered or a redirect does not.
//! **Bound.** The given time, 64 KiB of an answer, [`Limits`] for frames.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Request, Response, Uri};
use openclaw_policy::{Host, display_safe};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Error as Failure;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError, SubProtocolError};
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::framing::too_large;
use super::{Frame, Incoming, Limits, Wire};
use crate::error::{Cause, Phase, Result, SHOWN, Sent};
use crate::header::Header;
use crate::tls::explain_after_handshake;

/// What a read may bring at once.
const READ: usize = 8 * 1024;

// The library writes whole requests and frames to its log, secrets included, at the level that this turns off for
// the whole program.
const _: () = assert!(
    log::STATIC_MAX_LEVEL as usize <= log::LevelFilter::Debug as usize,
    "the feature max_level_debug of the crate log must be on"
);

/// The request that opens a WebSocket. It may hold secrets, so nothing shows it.
pub(crate) struct Upgrade {
    /// What the `Host` header says: the host, and the port if it is not the usual one.
    pub(crate) authority: String,
    /// Path and query.
    pub(crate) path: String,
    /// Headers that the handshake has no part in.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// Subprotocols to offer, best first.
    pub(crate) subprotocols: Vec<String>,
}

impl Upgrade {
    fn request(self) -> Result<Request<()>> {
        let uri: Result<Uri, _> = format!("ws://{}{}", self.authority, self.path).parse();
        let uri = uri.map_err(|_| Cause::url("cannot be asked for as it is"))?;
        // A parser that drops or changes something would ask for another address than the one that was judged.
        if !self.path.starts_with('/')
            || uri.path_and_query().is_none_or(|path| path.as_str() != self.path)
            || uri
                .authority()
                .is_none_or(|authority| authority.as_str() != self.authority)
        {
            return Err(Cause::url("cannot be asked for as it is").unsent());
        }
        let mut headers = HeaderMap::new();
        for (name, value) in self.headers {
            // One table says which headers are the gate's, whoever built this request.
            let name = crate::header::name_of(name.as_str())?;
            headers.append(name, value);
        }
        let value =
            |text: &str| HeaderValue::from_str(text).map_err(|_| Cause::url("has a host that is none"));
        headers.insert(header::HOST, value(&self.authority)?);
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        headers.insert(header::SEC_WEBSOCKET_KEY, value(&generate_key())?);
        if let Some(offer) = offer(&self.subprotocols)? {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, offer);
        }
        let mut request = Request::new(());
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

fn offer(subprotocols: &[String]) -> Result<Option<HeaderValue>> {
    let refuse = |why| Cause::Request { why }.unsent();
    for (at, name) in subprotocols.iter().enumerate() {
        let is_token = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c);
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(refuse("offers a subprotocol whose name is no token"));
        }
        if subprotocols.iter().take(at).any(|before| before == name) {
            return Err(refuse("offers a subprotocol twice"));
        }
    }
    if subprotocols.is_empty() {
        return Ok(None);
    }
    let offer = HeaderValue::from_str(&subprotocols.join(", "));
    offer
        .map(Some)
        .map_err(|_| refuse("offers a subprotocol whose name is no token"))
}

/// A WebSocket that is open.
pub(super) struct Opened<S> {
    pub(super) stream: WebSocketStream<S>,
    pub(super) subprotocol: Option<String>,
    pub(super) headers: Vec<Header>,
}

/// Opens a WebSocket over a stream that leads to `host`.
pub(super) async fn open<S: Wire>(
    stream: S,
    host: &Host,
    upgrade: Upgrade,
    limits: &Limits,
    incoming: &mut dyn Incoming,
    until: Instant,
) -> Result<Opened<S>> {
    let within = until.saturating_duration_since(Instant::now());
    let request = upgrade.request()?;
    let config = WebSocketConfig::default()
        .read_buffer_size(READ)
        .write_buffer_size(0)
        // One frame, its head, and answers to pings.
        .max_write_buffer_size(limits.leaving.saturating_add(READ))
        .max_message_size(Some(limits.arriving))
        .max_frame_size(Some(limits.arriving));
    let opening = client_async_with_config(request, stream, Some(config));
    let opened = tokio::time::timeout_at(until, opening).await;
    let (stream, answer) = match opened {
        Ok(Ok(opened)) => opened,
        Ok(Err(failure)) => return Err(refused(host, &failure, limits, incoming).when(Sent::Yes)),
        Err(_) => {
            let phase = Phase::Connect;
            return Err(Cause::Timeout { phase, within }.when(Sent::Unknown));
        }
    };
    let subprotocol = judge(host, &answer).map_err(|cause| cause.when(Sent::Yes))?;
    Ok(Opened {
        stream,
        subprotocol,
        headers: shown(&answer, incoming),
    })
}

/// The headers of an answer, as the tenant may see them.
fn shown(answer: &Response<Option<Vec<u8>>>, incoming: &mut dyn Incoming) -> Vec<Header> {
    let mut shown = |(name, value): (&HeaderName, &HeaderValue)| {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        match incoming.pass(Frame::Text(text)) {
            Frame::Text(text) => Some((name.as_str().to_owned(), text.into_bytes())),
            Frame::Binary(_) | Frame::Event(_) => None,
        }
    };
    answer.headers().iter().filter_map(&mut shown).collect()
}

/// What the library does not look at in an answer that accepts.
fn judge(host: &Host, answer: &Response<Option<Vec<u8>>>) -> Result<Option<String>, Cause> {
    let headers = answer.headers();
    if headers.contains_key(header::SEC_WEBSOCKET_EXTENSIONS) {
        return Err(Cause::peer(
            host,
            "accepted a WebSocket extension that was not offered",
        ));
    }
    let mut chosen = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let first = chosen.next();
    if chosen.next().is_some() {
        return Err(Cause::peer(host, "chose more than one subprotocol"));
    }
    Ok(first.and_then(|name| name.to_str().ok()).map(str::to_owned))
}

fn refused(host: &Host, failure: &Failure, limits: &Limits, incoming: &mut dyn Incoming) -> Cause {
    match failure {
        Failure::Http(answer) => refused_with_status(host, answer, incoming),
        Failure::AttackAttempt => Cause::peer(host, "sent an answer without an end"),
        Failure::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Cause::peer(
            host,
            "closed the connection before it had answered the request for a WebSocket",
        ),
        Failure::Protocol(ProtocolError::HandshakeIncomplete) => Cause::peer(
            host,
            "closed the connection before it had answered the request for a WebSocket",
        ),
        Failure::Protocol(ProtocolError::SecWebSocketSubProtocolError(problem)) => Cause::peer(
            host,
            match problem {
                SubProtocolError::NoSubProtocol => "chose none of the subprotocols that were offered",
                SubProtocolError::ServerSentSubProtocolNoneRequested
                | SubProtocolError::InvalidSubProtocol => "chose a subprotocol that was not offered",
            },
        ),
        other => explain(host, other, limits),
    }
}

/// The body of such an answer is not shown: it may have arrived in part, and half of a value that comes back is not
/// recognised as one.
fn refused_with_status(
    host: &Host,
    answer: &Response<Option<Vec<u8>>>,
    incoming: &mut dyn Incoming,
) -> Cause {
    let status = answer.status();
    let mut why = format!(
        "answered the request for a WebSocket with status {}",
        status.as_u16()
    );
    if status.is_redirection() {
        let to = answer
            .headers()
            .get(header::LOCATION)
            .and_then(|to| to.to_str().ok());
        // Whole, before it is cut.
        let to = match to.map(|to| incoming.pass(Frame::Text(to.to_owned()))) {
            Some(Frame::Text(to)) => display_safe(&to, SHOWN),
            _ => "another address".to_owned(),
        };
        why = format!("{why}: it sends on to {to}, which is not followed; ask for that address itself");
    }
    let (host, status) = (host.to_string(), status.as_u16());
    Cause::Status { host, status, why }
}

/// What a failure of an open WebSocket means.
pub(super) fn explain(host: &Host, failure: &Failure, limits: &Limits) -> Cause {
    let ended = |why: &str| Cause::Closed {
        host: host.to_string(),
        why: why.to_owned(),
    };
    match failure {
        Failure::ConnectionClosed | Failure::AlreadyClosed => ended(""),
        Failure::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            ended(", which the other side left open")
        }
        Failure::Protocol(ProtocolError::SendAfterClosing) => ended(""),
        Failure::Io(error) => broken(host, error),
        Failure::Capacity(CapacityError::MessageTooLong { .. }) => too_large(limits.arriving),
        Failure::Capacity(CapacityError::TooManyHeaders) => Cause::peer(host, "sent too many headers"),
        Failure::WriteBufferFull(_) => ended(", because the other side takes nothing more"),
        Failure::Utf8(_) => Cause::peer(host, "sent text that is not UTF-8"),
        Failure::Protocol(problem) => Cause::peer(host, &format!("broke the WebSocket protocol: {problem}")),
        other => Cause::peer(host, &format!("broke the WebSocket protocol: {other}")),
    }
}

/// What the failure of a stream means.
pub(super) fn broken(host: &Host, error: &std::io::Error) -> Cause {
    let host = host.to_string();
    if let Some(why) = explain_after_handshake(error) {
        return Cause::Tls { host, why };
    }
    let why = match error.kind() {
        // TLS says so if the other side did not say goodbye: somebody on the way can cut a connection, too.
        std::io::ErrorKind::UnexpectedEof => ", because it was cut off".to_owned(),
        _ => format!(", because it broke: {error}"),
    };
    Cause::Closed { host, why }
}
