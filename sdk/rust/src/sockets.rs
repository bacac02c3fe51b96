//! Connections for as long as a call lasts: WebSockets, lines or bytes over TCP, streams of server-sent events.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use openclaw_sdk::{Result, secrets, sockets};
//!
//! # fn main() {}
//! fn ask(question: &str) -> Result<Option<String>> {
//!     let token = secrets::get("token")?;
//!     let connection = sockets::websocket("wss://live.example.com/v1")
//!         .header("authorization", format!("Bearer {token}"))
//!         .connect()?;
//!     connection.send_text(question)?;
//!     let answer = connection.receive(Duration::from_secs(5))?;
//!     connection.close()?;
//!     Ok(match answer {
//!         Some(sockets::Frame::Text(text)) => Some(text),
//!         _ => None,
//!     })
//! }
//! ```
//!
//! Destinations are asked for in the manifest's `sockets`; a stream of events is a request and is asked for in `http`.
//! Every wait has an end. Nothing here opens again what was closed.

use std::time::Duration;

use crate::http::{Header, milliseconds};
use crate::wit::sockets::dial;
pub use crate::wit::sockets::types::{ClearStep, Frame, ServerEvent, TlsOptions, TlsTrust, TlsUpgrade};
use crate::wit::sockets::types::{
    ConnectionLimits, Endpoint, EventEndpoint, Framing, TcpEndpoint, TlsMode, WebsocketEndpoint,
};
use crate::wit::types::errors::Error;
pub use crate::wit::types::values::Pattern;

/// What the code of a good end of a WebSocket is.
const NORMAL: u16 = 1000;

/// A connection that is not open yet.
#[derive(Clone, Debug)]
#[must_use = "nothing is opened before `connect`"]
pub struct Dial<E> {
    endpoint: E,
    limits: ConnectionLimits,
}

/// A WebSocket, at an address with scheme `wss` or `ws`.
pub fn websocket(url: impl Into<String>) -> Dial<WebsocketEndpoint> {
    Dial::new(WebsocketEndpoint {
        url: url.into(),
        headers: Vec::new(),
        subprotocols: Vec::new(),
    })
}

/// A stream of server-sent events, at an address with scheme `https` or `http`. Nothing can be sent on it.
pub fn events(url: impl Into<String>) -> Dial<EventEndpoint> {
    Dial::new(EventEndpoint {
        url: url.into(),
        headers: Vec::new(),
    })
}

/// A TCP server whose frames are lines of text, without their ends. It is encrypted from the first byte unless
/// something else is said.
pub fn lines(host: impl Into<String>, port: u16) -> Dial<TcpEndpoint> {
    Dial::tcp(host.into(), port, Framing::Lines)
}

/// A TCP server whose frames are bytes as they come. It is encrypted from the first byte unless something else is said.
pub fn bytes(host: impl Into<String>, port: u16) -> Dial<TcpEndpoint> {
    Dial::tcp(host.into(), port, Framing::Bytes)
}

impl TlsOptions {
    /// A certificate for the host's own name, from an authority that the operator trusts.
    #[must_use]
    pub fn new() -> Self {
        Self {
            server_name: None,
            trust: TlsTrust::Public,
            client_certificate: None,
        }
    }
}

impl Default for TlsOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl From<WebsocketEndpoint> for Endpoint {
    fn from(endpoint: WebsocketEndpoint) -> Self {
        Self::Websocket(endpoint)
    }
}

impl From<EventEndpoint> for Endpoint {
    fn from(endpoint: EventEndpoint) -> Self {
        Self::Events(endpoint)
    }
}

impl From<TcpEndpoint> for Endpoint {
    fn from(endpoint: TcpEndpoint) -> Self {
        Self::Tcp(endpoint)
    }
}

impl<E: Into<Endpoint>> Dial<E> {
    fn new(endpoint: E) -> Self {
        let limits = ConnectionLimits {
            open: None,
            frame_bytes: None,
        };
        Self { endpoint, limits }
    }

    /// How long it may take until the connection is open. This and the limit below only lower what the operator
    /// allows.
    pub fn open_within(mut self, time: Duration) -> Self {
        self.limits.open = Some(milliseconds(time));
        self
    }

    /// How many bytes an arriving frame may have. A larger one closes the connection.
    pub fn max_frame(mut self, bytes: u64) -> Self {
        self.limits.frame_bytes = Some(bytes);
        self
    }

    /// Connects, and waits until the connection is open.
    ///
    /// # Errors
    /// As the host says: [`Denied`](crate::ErrorCode::Denied) if the destination was not granted.
    pub fn connect(self) -> Result<Connection, Error> {
        dial::connect(&self.endpoint.into(), self.limits).map(Connection)
    }
}

impl Dial<WebsocketEndpoint> {
    /// Adds a header to the opening request. A secret may be in its value.
    pub fn header(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.endpoint.headers.push(header(name.into(), value.to_string()));
        self
    }

    /// Offers a subprotocol; the best comes first.
    pub fn subprotocol(mut self, name: impl Into<String>) -> Self {
        self.endpoint.subprotocols.push(name.into());
        self
    }
}

impl Dial<EventEndpoint> {
    /// Adds a header, such as `Last-Event-ID`. A secret may be in its value.
    pub fn header(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.endpoint.headers.push(header(name.into(), value.to_string()));
        self
    }
}

impl Dial<TcpEndpoint> {
    fn tcp(host: String, port: u16, framing: Framing) -> Self {
        Self::new(TcpEndpoint {
            host,
            port,
            tls: TlsMode::AtOnce(TlsOptions::new()),
            framing,
        })
    }

    /// Encrypts it from the first byte, with another name, pinned certificates or a client's certificate.
    pub fn tls(mut self, options: TlsOptions) -> Self {
        self.endpoint.tls = TlsMode::AtOnce(options);
        self
    }

    /// Encrypts it after some lines in the clear, as STARTTLS has it.
    pub fn tls_after(mut self, steps: impl Into<Vec<ClearStep>>, options: TlsOptions) -> Self {
        let steps = steps.into();
        self.endpoint.tls = TlsMode::AfterSteps(TlsUpgrade { steps, options });
        self
    }

    /// Never encrypts it. The grant must allow it: `"transport": "tcp"`.
    pub fn in_the_clear(mut self) -> Self {
        self.endpoint.tls = TlsMode::Never;
        self
    }
}

fn header(name: String, value: String) -> Header {
    Header { name, value }
}

/// An open connection. Dropping it closes it.
#[derive(Debug)]
pub struct Connection(dial::Connection);

impl Connection {
    /// The subprotocol that the server of a WebSocket chose.
    #[must_use]
    pub fn subprotocol(&self) -> Option<String> {
        self.0.subprotocol()
    }

    /// Sends text: a message of a WebSocket, or a line without its end.
    ///
    /// # Errors
    /// As the host says.
    pub fn send_text(&self, text: impl Into<String>) -> Result<(), Error> {
        self.0.send(&[Frame::Text(text.into())])
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// As the host says.
    pub fn send_bytes(&self, bytes: impl Into<Vec<u8>>) -> Result<(), Error> {
        self.0.send(&[Frame::Binary(bytes.into())])
    }

    /// Sends frames in this order.
    ///
    /// # Errors
    /// As the host says.
    pub fn send(&self, frames: &[Frame]) -> Result<(), Error> {
        self.0.send(frames)
    }

    /// Waits for the next frame; none if the time is over first.
    ///
    /// # Errors
    /// With [`Closed`](crate::ErrorCode::Closed) if the other side ended the connection, and as the host says.
    pub fn receive(&self, wait: Duration) -> Result<Option<Frame>, Error> {
        self.0.receive(milliseconds(wait))
    }

    /// Closes it in good order.
    ///
    /// # Errors
    /// As the host says.
    pub fn close(self) -> Result<(), Error> {
        self.0.close(NORMAL, "")
    }

    /// Closes a WebSocket with a code and a reason of the author's.
    ///
    /// # Errors
    /// As the host says.
    pub fn close_with(self, code: u16, reason: &str) -> Result<(), Error> {
        self.0.close(code, reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_spoken_to_in_secret_unless_somebody_says_otherwise() {
        let irc = lines("irc.example.org", 6697);
        assert!(matches!(&irc.endpoint.tls, TlsMode::AtOnce(options)
            if options.server_name.is_none() && matches!(options.trust, TlsTrust::Public)));
        assert!(matches!(irc.in_the_clear().endpoint.tls, TlsMode::Never));
        let step = ClearStep {
            send: Some("STARTTLS".to_owned()),
            until: Pattern::Contains(" 670 ".to_owned()),
        };
        let later = lines("irc.example.org", 6667).tls_after([step], TlsOptions::new());
        assert!(matches!(&later.endpoint.tls, TlsMode::AfterSteps(upgrade) if upgrade.steps.len() == 1));
    }

    #[test]
    fn a_websocket_is_what_its_steps_say() {
        let dial = websocket("wss://a.example/")
            .header("authorization", "Bearer OCS_1")
            .subprotocol("v2")
            .subprotocol("v1")
            .open_within(Duration::from_secs(3))
            .max_frame(1000);
        assert_eq!(dial.endpoint.subprotocols, ["v2", "v1"]);
        assert_eq!(dial.endpoint.headers.len(), 1);
        assert_eq!(
            (dial.limits.open, dial.limits.frame_bytes),
            (Some(3000), Some(1000))
        );
    }
}
