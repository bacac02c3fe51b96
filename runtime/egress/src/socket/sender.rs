//! The half of a connection that sends.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::SinkExt as _;
use futures_util::stream::SplitSink;
use openclaw_policy::Host;
use tokio::io::{AsyncWriteExt as _, WriteHalf};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::framing::{Content, Framing, bytes_of, too_large};
use super::websocket::{broken, explain};
use super::{Frame, Limits, Outgoing, Wire};
use crate::error::{Cause, Error, Phase, Result, Sent};

/// How long a goodbye may take.
pub(super) const GOODBYE: Duration = Duration::from_secs(1);

/// The bytes of a reason for closing that the protocol has room for.
const MOST_REASON: usize = 123;

/// How a connection ended: with a comma before it, empty if in good order. Both halves look here.
pub(super) type Ended = Arc<OnceLock<String>>;

pub(super) type Sink = SplitSink<WebSocketStream<Box<dyn Wire>>, Message>;

pub(super) enum To {
    WebSocket(Sink),
    Tcp(WriteHalf<Box<dyn Wire>>, Framing),
    /// The other side only speaks, or the connection is over.
    Nothing,
}

/// Sends frames. Dropping it and the [`super::Receiver`] closes the connection.
pub struct Sender {
    pub(super) to: To,
    pub(super) host: Host,
    pub(super) limits: Limits,
    pub(super) outgoing: Box<dyn Outgoing>,
    pub(super) ended: Ended,
    /// A frame may have left in part, so that nothing can follow it.
    pub(super) is_torn: bool,
    pub(super) is_closing: bool,
}

enum Unit {
    Message(Message),
    Bytes(Bytes),
}

impl Sender {
    /// Sends frames in this order and waits until the network took them. If one of them is refused, none is sent.
    /// The error says whether the first of them may have left. Dropping this future before its end ends the
    /// connection, because a frame may have left in part.
    pub async fn send(&mut self, frames: Vec<Frame>) -> Result<()> {
        self.check_open()?;
        let mut units = Vec::with_capacity(frames.len());
        for frame in frames {
            units.push(self.prepare(frame)?);
        }
        self.transmit(units).await
    }

    async fn transmit(&mut self, units: Vec<Unit>) -> Result<()> {
        let mut sent = Sent::Unknown;
        for unit in units {
            self.is_torn = true;
            let patience = self.limits.patience;
            let written = match timeout(patience, self.write(unit)).await {
                Ok(written) => written,
                Err(_) => Err(Cause::Timeout {
                    phase: Phase::Idle,
                    within: patience,
                }),
            };
            if let Err(cause) = written {
                self.end(", because a frame could not be sent");
                return Err(cause.when(sent));
            }
            self.is_torn = false;
            sent = Sent::Yes;
        }
        Ok(())
    }

    /// Sends a ping of the WebSocket protocol, as a frame that nobody is shown.
    pub async fn ping(&mut self) -> Result<()> {
        self.check_open()?;
        if !matches!(self.to, To::WebSocket(_)) {
            let why = "pings on a connection that is no WebSocket";
            return Err(Cause::Request { why }.unsent());
        }
        self.transmit(vec![Unit::Message(Message::Ping(Bytes::new()))])
            .await
    }

    /// Says goodbye, for a WebSocket with a code and a reason. Nothing can be sent after it; what arrives can still
    /// be received, up to the end.
    pub async fn close(&mut self, code: u16, reason: &str) -> Result<()> {
        let goodbye = match &self.to {
            To::WebSocket(_) => Some(goodbye(code, reason)?),
            To::Tcp(..) | To::Nothing => None,
        };
        if self.is_torn || self.is_closing || self.ended.get().is_some() {
            return Ok(());
        }
        self.is_closing = true;
        let said = async {
            match &mut self.to {
                // What goes wrong with a goodbye has no consequence: the connection is over in any case.
                To::WebSocket(sink) => drop(sink.send(Message::Close(goodbye)).await),
                To::Tcp(write, _) => drop(write.shutdown().await),
                To::Nothing => {}
            }
        };
        let _ = timeout(GOODBYE, said).await;
        Ok(())
    }

    fn check_open(&mut self) -> Result<()> {
        if self.is_torn {
            self.end(", because a frame was given up while it was sent");
        }
        let closed = |why: &str| {
            let host = self.host.to_string();
            let why = why.to_owned();
            Err(Cause::Closed { host, why }.unsent())
        };
        if let Some(why) = self.ended.get() {
            return closed(why);
        }
        if self.is_closing {
            return closed("");
        }
        Ok(())
    }

    fn prepare(&mut self, frame: Frame) -> Result<Unit, Error> {
        let framing = match &self.to {
            To::WebSocket(_) => None,
            To::Tcp(_, framing) => Some(*framing),
            To::Nothing => {
                let why = "sends on a stream of events, on which frames only arrive";
                return Err(Cause::Request { why }.unsent());
            }
        };
        let passed = self.outgoing.pass(frame);
        if passed.is_err() && framing == Some(Framing::Bytes) {
            self.end(", because bytes were refused that were to be sent");
        }
        let content = match passed? {
            Frame::Text(text) => Content::Text(text),
            Frame::Binary(bytes) => Content::Binary(bytes),
            Frame::Event(_) => {
                let why = "sends a server-sent event, which can only arrive";
                return Err(Cause::Request { why }.unsent());
            }
        };
        let length = match &content {
            Content::Text(text) => text.len(),
            Content::Binary(bytes) => bytes.len(),
        };
        if length > self.limits.leaving {
            return Err(too_large(self.limits.leaving).unsent());
        }
        Ok(match (framing, content) {
            (Some(framing), content) => Unit::Bytes(bytes_of(content, framing)?),
            (None, Content::Text(text)) => Unit::Message(Message::text(text)),
            (None, Content::Binary(bytes)) => Unit::Message(Message::binary(bytes)),
        })
    }

    async fn write(&mut self, unit: Unit) -> Result<(), Cause> {
        match (&mut self.to, unit) {
            (To::WebSocket(sink), Unit::Message(message)) => {
                let sent = sink.send(message).await;
                sent.map_err(|failure| explain(&self.host, &failure, &self.limits))
            }
            (To::Tcp(write, _), Unit::Bytes(bytes)) => {
                let broken = |error| broken(&self.host, &error);
                write.write_all(&bytes).await.map_err(broken)?;
                write.flush().await.map_err(broken)
            }
            _ => Err(Cause::Internal {
                what: "a frame was made for another kind of connection".to_owned(),
            }),
        }
    }

    pub(super) fn end(&mut self, why: &str) {
        // Whoever comes first knows the reason.
        let _ = self.ended.set(why.to_owned());
        self.to = To::Nothing;
    }
}

fn goodbye(code: u16, reason: &str) -> Result<CloseFrame> {
    let code = CloseCode::from(code);
    if !code.is_allowed() {
        let why =
            "closes with a code that no one may send; 1000 says that all is well, 3000 to 4999 are free";
        return Err(Cause::Request { why }.unsent());
    }
    if reason.len() > MOST_REASON {
        let why = "closes with a reason of more than 123 bytes";
        return Err(Cause::Request { why }.unsent());
    }
    Ok(CloseFrame {
        code,
        reason: reason.into(),
    })
}
