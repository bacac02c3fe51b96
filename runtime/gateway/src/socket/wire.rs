//! One WebSocket on its TCP stream, read and written by one task without waiting on either side.
//!
//! **Promise.** Messages leave whole and in order; what answers pings goes between them. A reader that sends without
//! end is looked at in turns of [`TURN_BYTES`], so that others come in between. **Bound.** A frame over the limit is
//! refused by its header, before its body is read. **Cost.** [`READ_BYTES`] for reading; texts are written from where
//! they are, without a copy.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use openclaw_protocol::refusal::Close;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, Frame, FrameHeader};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};
use tokio_tungstenite::tungstenite::{Error as WireError, Message};

use crate::outbox::{Kind, Outgoing};

/// How much is read at once.
const READ_BYTES: usize = 2048;
/// How much is read before others come in between.
const TURN_BYTES: usize = 256 << 10;
/// How much of answers to pings may wait before nothing more is read.
const CONTROL_BYTES: usize = 4096;

/// One WebSocket.
pub(crate) struct Wire {
    tcp: TcpStream,
    context: WebSocketContext,
    control: Vec<u8>,
    sending: Option<Sending>,
}

/// A message that is being written: its header and its pieces, without what has left already.
struct Sending {
    parts: [Bytes; 4],
}

/// What arrived.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// A message.
    Text(Bytes),
    /// A sign of life.
    Alive,
}

/// Why nothing more arrives.
#[derive(Debug, PartialEq)]
pub(crate) enum Ended {
    /// The client went away.
    Gone,
    /// The client broke a rule of WebSockets, and is told so.
    Broke(Close),
}

/// The reading half of the stream for one turn; what is written meanwhile is kept for later.
struct Turn<'w> {
    tcp: &'w TcpStream,
    control: &'w mut Vec<u8>,
    left: usize,
}

impl Read for Turn<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        let read = self.tcp.try_read(buffer)?;
        self.left = self.left.saturating_sub(read);
        Ok(read)
    }
}

impl Write for Turn<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.control.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Wire {
    /// The server's side of a stream on which an upgrade was agreed; `read` was read beyond it.
    pub(crate) fn new(tcp: TcpStream, read: &[u8], limit: usize) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BYTES)
            .write_buffer_size(0)
            .max_message_size(Some(limit))
            .max_frame_size(Some(limit));
        Self {
            tcp,
            context: WebSocketContext::from_partially_read(read.to_vec(), Role::Server, Some(config)),
            control: Vec::new(),
            sending: None,
        }
    }

    /// Lets longer frames in.
    pub(crate) fn raise(&mut self, limit: usize) {
        self.context.set_config(|config| {
            config.max_message_size = Some(limit);
            config.max_frame_size = Some(limit);
        });
    }

    /// The next thing that arrives.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Arrival, Ended>> {
        if self.is_held_up() {
            // Sending is what goes on, by [`Wire::poll_answer`]; the task is woken by that.
            return Poll::Pending;
        }
        let mut left = TURN_BYTES;
        loop {
            let mut turn = Turn {
                tcp: &self.tcp,
                control: &mut self.control,
                left,
            };
            let message = self.context.read(&mut turn);
            left = turn.left;
            return Poll::Ready(match message {
                Ok(Message::Text(text)) => Ok(Arrival::Text(text.into())),
                Ok(Message::Binary(bytes)) => Ok(Arrival::Text(bytes)),
                Ok(Message::Ping(_) | Message::Pong(_)) => Ok(Arrival::Alive),
                // The answer to it is queued, and the next look tells that all is over.
                Ok(Message::Close(_) | Message::Frame(_)) => continue,
                Err(WireError::Io(fault)) if fault.kind() == ErrorKind::WouldBlock => {
                    if left == 0 {
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                    match ready!(self.tcp.poll_read_ready(cx)) {
                        Ok(()) => continue,
                        Err(_) => Err(Ended::Gone),
                    }
                }
                Err(fault) => Err(ended(&fault)),
            });
        }
    }

    /// Writes what waits, until there is nothing more.
    pub(crate) fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        mut next: impl FnMut() -> Option<Outgoing>,
    ) -> Poll<io::Result<()>> {
        loop {
            let written = if let Some(sending) = &mut self.sending {
                let result = sending.write(&self.tcp);
                if sending.is_done() {
                    self.sending = None;
                }
                result
            } else if !self.control.is_empty() {
                let result = self.tcp.try_write(&self.control);
                if let Ok(written) = &result {
                    self.control.drain(..*written);
                    if self.control.is_empty() {
                        self.control = Vec::new();
                    }
                }
                result.map(|_| ())
            } else if let Some(outgoing) = next() {
                self.sending = Some(Sending::new(outgoing)?);
                continue;
            } else {
                return Poll::Ready(Ok(()));
            };
            match written {
                Ok(()) => {}
                Err(fault) if fault.kind() == ErrorKind::WouldBlock => ready!(self.tcp.poll_write_ready(cx))?,
                Err(fault) => return Poll::Ready(Err(fault)),
            }
        }
    }

    /// The same, after nothing could be read. Reading may have waited for answers to pings to leave; when they have,
    /// the task is woken to read on.
    pub(crate) fn poll_answer(
        &mut self,
        cx: &mut Context<'_>,
        next: impl FnMut() -> Option<Outgoing>,
    ) -> Poll<io::Result<()>> {
        let held_up = self.is_held_up();
        let sent = self.poll_send(cx, next);
        if held_up && sent.is_ready() {
            cx.waker().wake_by_ref();
        }
        sent
    }

    /// Ends when the client has gone. While there is something to read it is taken to be there.
    pub(crate) async fn hung_up(&self) {
        if let Ok(1..) = self.tcp.peek(&mut [0]).await {
            std::future::pending().await
        }
    }

    fn is_held_up(&self) -> bool {
        self.control.len() > CONTROL_BYTES
    }

    /// Puts the end of the connection after what is being sent.
    pub(crate) fn close(&mut self, close: &Close) {
        let frame = Frame::close(Some(CloseFrame {
            code: close.code.into(),
            reason: close.reason.as_str().into(),
        }));
        // Writing to memory cannot fail.
        let _ = frame.format(&mut self.control);
    }

    /// The stream, for what is left to do with it.
    pub(crate) fn into_tcp(self) -> TcpStream {
        self.tcp
    }
}

impl Sending {
    fn new(outgoing: Outgoing) -> io::Result<Self> {
        let opcode = match outgoing.kind() {
            Kind::Text => OpCode::Data(Data::Text),
            Kind::Ping => OpCode::Control(Control::Ping),
        };
        let header = FrameHeader {
            is_final: true,
            rsv1: false,
            rsv2: false,
            rsv3: false,
            opcode,
            mask: None,
        };
        let mut bytes = Vec::with_capacity(10);
        header
            .format(outgoing.len() as u64, &mut bytes)
            .map_err(io::Error::other)?;
        let [head, body, tail] = outgoing.into_pieces();
        Ok(Self {
            parts: [bytes.into(), head, body, tail],
        })
    }

    fn write(&mut self, tcp: &TcpStream) -> io::Result<()> {
        let [a, b, c, d] = &self.parts;
        let mut written = tcp.try_write_vectored(&[a, b, c, d].map(|part| IoSlice::new(part)))?;
        if written == 0 {
            return Err(ErrorKind::WriteZero.into());
        }
        for part in &mut self.parts {
            let done = written.min(part.len());
            part.advance(done);
            written -= done;
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.parts.iter().all(Bytes::is_empty)
    }
}

fn ended(fault: &WireError) -> Ended {
    match fault {
        WireError::Capacity(CapacityError::MessageTooLong { .. }) => Ended::Broke(Close::new(1009, "")),
        WireError::Utf8(_) => Ended::Broke(Close::new(1007, "")),
        WireError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Ended::Gone,
        WireError::Protocol(_) => Ended::Broke(Close::new(1002, "")),
        _ => Ended::Gone,
    }
}
