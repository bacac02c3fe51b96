//! The half of a connection that receives.

use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream::SplitStream;
use futures_util::{FutureExt as _, Stream, StreamExt as _};
use openclaw_policy::{Host, display_safe};
use tokio::io::{AsyncReadExt as _, ReadHalf};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::events::Events;
use super::framing::{Lines, frame_of};
use super::sender::Ended;
use super::websocket::{broken, explain};
use super::{Frame, Incoming, Limits, Wire};
use crate::error::{Cause, Error, Result, SHOWN};

/// What a read may bring at once.
const READ: usize = 16 * 1024;

pub(super) type Body = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

pub(super) enum From {
    WebSocket(SplitStream<WebSocketStream<Box<dyn Wire>>>),
    Lines(ReadHalf<Box<dyn Wire>>, Lines),
    Bytes(ReadHalf<Box<dyn Wire>>),
    Events(Body, Events),
    /// The connection is over.
    Nothing,
}

/// Receives frames. Dropping it and the [`super::Sender`] closes the connection.
pub struct Receiver {
    pub(super) from: From,
    pub(super) host: Host,
    pub(super) limits: Limits,
    pub(super) incoming: Box<dyn Incoming>,
    pub(super) ended: Ended,
    /// Counts all that arrived, the pings and pongs of a WebSocket included.
    pub(super) heard: u64,
    /// The code with which the other side closed a WebSocket.
    pub(super) goodbye: Option<u16>,
    /// Why nothing more arrives, while what was kept back is handed on first.
    pub(super) last: Option<Error>,
}

impl Receiver {
    /// Waits for the next frame; none if the time is over first. Pings of the other side are answered while this
    /// waits. The end of the connection is an error, once with its cause and from then on as closed.
    ///
    /// Dropping this future loses nothing.
    pub async fn receive(&mut self, wait: Duration) -> Result<Option<Frame>> {
        if let Some(error) = self.last.take() {
            return Err(error);
        }
        if let Some(why) = self.ended.get() {
            let host = self.host.to_string();
            let why = why.clone();
            return Err(Cause::Closed { host, why }.unsent());
        }
        match tokio::time::timeout(wait, self.next()).await {
            // What was held back because it may be the beginning of a secret is not held for ever: the other side may
            // wait for an answer to it.
            Err(_) if matches!(self.from, From::Bytes(_)) => {
                let rest = self.incoming.rest();
                Ok(Some(Frame::Binary(rest)).filter(|frame| frame.weight() > 0))
            }
            Err(_) => Ok(None),
            Ok(Ok(frame)) => Ok(Some(frame)),
            Ok(Err(error)) => self.end(error),
        }
    }

    async fn next(&mut self) -> Result<Frame> {
        loop {
            let frame = self.arrive().await?;
            self.heard = self.heard.wrapping_add(1);
            let passed = self.incoming.pass(frame);
            let is_kept_back = match (&self.from, &passed) {
                (From::Bytes(_), Frame::Binary(bytes)) => bytes.is_empty(),
                _ => false,
            };
            if !is_kept_back {
                return Ok(passed);
            }
        }
    }

    async fn arrive(&mut self) -> Result<Frame> {
        match &mut self.from {
            From::Nothing => Err(closed(&self.host, "")),
            From::WebSocket(stream) => loop {
                match stream.next().await {
                    None => return Err(closed(&self.host, "")),
                    Some(Err(failure)) => return Err(explain(&self.host, &failure, &self.limits).unsent()),
                    Some(Ok(Message::Text(text))) => return Ok(Frame::Text(text.as_str().to_owned())),
                    Some(Ok(Message::Binary(bytes))) => return Ok(Frame::Binary(bytes)),
                    Some(Ok(Message::Close(goodbye))) => {
                        self.goodbye = goodbye.as_ref().map(|goodbye| u16::from(goodbye.code));
                        // Asking once more sends the answer, as far as it can leave at once.
                        let _ = stream.next().now_or_never();
                        return Err(closed(&self.host, &said(goodbye.as_ref())));
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {
                        self.heard = self.heard.wrapping_add(1);
                    }
                }
            },
            From::Lines(read, lines) => loop {
                if let Some(line) = lines.take()? {
                    return Ok(frame_of(line));
                }
                let arrived = lines.arrived();
                arrived.reserve(READ);
                let count = read.take(READ as u64).read_buf(arrived).await;
                if count.map_err(|error| broken(&self.host, &error))? == 0 {
                    let why = if lines.is_empty() {
                        ""
                    } else {
                        ", in the middle of a line"
                    };
                    return Err(closed(&self.host, why));
                }
            },
            From::Bytes(read) => {
                let mut bytes = BytesMut::with_capacity(READ);
                let most = self.limits.arriving.clamp(1, READ) as u64;
                match read.take(most).read_buf(&mut bytes).await {
                    Ok(0) => Err(closed(&self.host, "")),
                    Ok(_) => Ok(Frame::Binary(bytes.freeze())),
                    Err(error) => Err(broken(&self.host, &error).unsent()),
                }
            }
            From::Events(body, events) => loop {
                if let Some(event) = events.take()? {
                    return Ok(Frame::Event(event));
                }
                match body.next().await {
                    Some(chunk) => events.push(chunk?),
                    None => return Err(closed(&self.host, "")),
                }
            },
        }
    }

    /// Lets go of the stream. What was kept back of a stream of bytes is handed on before its end is told.
    fn end(&mut self, error: Error) -> Result<Option<Frame>> {
        let why = match &error.cause {
            Cause::Closed { why, .. } => why.clone(),
            other => format!(": {other}"),
        };
        let _ = self.ended.set(why);
        let was_bytes = matches!(self.from, From::Bytes(_));
        self.from = From::Nothing;
        let rest = if was_bytes {
            self.incoming.rest()
        } else {
            Bytes::new()
        };
        if rest.is_empty() {
            return Err(error);
        }
        self.last = Some(error);
        Ok(Some(Frame::Binary(rest)))
    }

    /// Throws away what arrives until the other side has said goodbye as well.
    pub(super) async fn drain(&mut self) {
        while self.arrive().await.is_ok() {}
    }
}

fn closed(host: &Host, why: &str) -> Error {
    let host = host.to_string();
    let why = why.to_owned();
    Cause::Closed { host, why }.unsent()
}

/// What the other side said at its goodbye.
fn said(goodbye: Option<&CloseFrame>) -> String {
    match goodbye {
        None => ", by the other side".to_owned(),
        Some(goodbye) => {
            let code = u16::from(goodbye.code);
            let reason = display_safe(&goodbye.reason, SHOWN);
            format!(", by the other side with code {code} {reason}")
                .trim_end()
                .to_owned()
        }
    }
}
