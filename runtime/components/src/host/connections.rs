//! `openclaw:sockets/connections`: connections that the host holds for an account.
//!
//! **Promise.** What a handler wants of connections happens after it returned ok, in the order of the calls; from any
//! other call it happens at once. **Bound.** [`crate::channel::bounds`], and the gate's.

use std::collections::BTreeSet;
use std::time::Duration;

use openclaw_egress::socket::Frame as Unit;
use tokio::sync::oneshot;

use super::sockets::{leaving, limits, pattern, unknown, weight_of_endpoint};
use crate::bindings::openclaw::sockets::connections::{self, ConnectionOptions};
use crate::bindings::openclaw::sockets::types::{ConnectionId, Endpoint, Frame};
use crate::bindings::openclaw::types::errors::{Error as WitError, ErrorCode};
use crate::bindings::openclaw::types::values::Pattern;
use crate::channel::seat::full;
use crate::channel::sockets::{Command, Heartbeat, KeepAlive, Opening, Pace, Treatment, Wish};
use crate::channel::{SocketChange, Sockets, bounds};
use crate::guest::{Guest, fail};
use crate::host::media::Answer;

/// Automatic answers of one connection, and bytes of their texts.
const MAX_REPLIES: usize = 16;
const MAX_REPLY: usize = 1024;

impl Guest {
    fn sockets(&self) -> Result<&Sockets, WitError> {
        Ok(&self.seat()?.shared.sockets)
    }

    /// Does what is wanted: now, or after the handler returned.
    fn wish(&mut self, wish: Wish) -> Result<(), WitError> {
        let change = SocketChange(wish);
        match self.is_handler() {
            true => self.handler("this is collected")?.change_socket(change),
            false => {
                self.sockets()?.apply(vec![change]);
                Ok(())
            }
        }
    }

    /// Refuses another name where there are enough.
    fn check_room(&self, name: &str) -> Result<(), WitError> {
        let seat = self.seat()?;
        let mut names: BTreeSet<String> = seat.shared.sockets.names().into_iter().collect();
        for SocketChange(wish) in &seat.sockets {
            match wish {
                Wish::Open(opening) => names.insert(opening.name.clone()),
                Wish::Close(id, ..) => names.remove(&id.name),
                Wish::KeepAlive(..) | Wish::Send(..) => false,
            };
        }
        match !names.contains(name) && names.len() >= bounds::CONNECTIONS {
            true => Err(full("connections of one account", bounds::CONNECTIONS)),
            false => Ok(()),
        }
    }

    fn opening(
        &self,
        name: String,
        endpoint: Endpoint,
        options: ConnectionOptions,
    ) -> Result<Opening, WitError> {
        self.client()?;
        self.check_name("the name of a connection", &name)?;
        self.check_room(&name)?;
        Ok(Opening {
            name,
            endpoint: self.endpoint(endpoint)?,
            limits: limits(&options.limits),
            treatment: treatment(options)?,
        })
    }

    /// How many frames wait on a connection, those included that this call has collected.
    fn waiting(&self, id: &ConnectionId) -> Result<usize, WitError> {
        let seat = self.seat()?;
        let Some(waiting) = seat.shared.sockets.waiting(id) else {
            return Err(fail(ErrorCode::Closed, "this connection has ended"));
        };
        let collected = seat.sockets.iter().map(|SocketChange(wish)| match wish {
            Wish::Send(to, frames) if to == id => frames.len(),
            _ => 0,
        });
        Ok(waiting + collected.sum::<usize>())
    }

    fn check_waiting(&self, id: &ConnectionId, more: usize) -> Result<(), WitError> {
        match self.waiting(id)? + more > bounds::WAITING_FRAMES {
            true => Err(WitError {
                code: ErrorCode::RateLimited,
                ..full("frames that wait on a connection", bounds::WAITING_FRAMES)
            }),
            false => Ok(()),
        }
    }
}

fn leaving_all(frames: Vec<Frame>) -> Result<Vec<Unit>, WitError> {
    frames.into_iter().map(leaving).collect()
}

fn treatment(options: ConnectionOptions) -> Result<Treatment, WitError> {
    let replies = &options.auto_replies;
    let is_long = |text: &String| text.len() > MAX_REPLY;
    if replies.len() > MAX_REPLIES {
        return Err(full("automatic answers of a connection", MAX_REPLIES));
    }
    if replies
        .iter()
        .any(|reply| reply.prefix.is_empty() || is_long(&reply.prefix) || is_long(&reply.answer))
    {
        let message = format!("an automatic answer has a prefix, and texts of {MAX_REPLY} bytes at most");
        return Err(fail(ErrorCode::Invalid, &message));
    }
    Ok(Treatment {
        keep_alive: options.keep_alive.map(keep_alive).transpose()?,
        auto_replies: options
            .auto_replies
            .into_iter()
            .map(|reply| (reply.prefix, reply.answer))
            .collect(),
        pace: options.pace.map(|pace| Pace {
            burst: pace.burst,
            every: Duration::from_millis(pace.every),
        }),
    })
}

fn keep_alive(keep_alive: connections::KeepAlive) -> Result<KeepAlive, WitError> {
    let heartbeat = match keep_alive.heartbeat {
        connections::Heartbeat::Ping => Heartbeat::Ping,
        connections::Heartbeat::Fixed(frame) => Heartbeat::Fixed(leaving(frame)?),
        connections::Heartbeat::Echoing(frame) => {
            if !frame.remembered.is_empty() && !frame.remembered.starts_with('/') {
                let message = "a JSON pointer is empty or begins with \"/\"";
                return Err(fail(ErrorCode::Invalid, message));
            }
            if serde_json::from_str::<serde::de::IgnoredAny>(&frame.initial).is_err() {
                let message = "what a heartbeat carries at first is no JSON";
                return Err(fail(ErrorCode::Invalid, message));
            }
            Heartbeat::Echoing {
                before: frame.before,
                remembered: frame.remembered,
                initial: frame.initial,
                after: frame.after,
            }
        }
        connections::Heartbeat::Silent => Heartbeat::Silent,
        connections::Heartbeat::Other(_) => return Err(unknown("heartbeat")),
    };
    Ok(KeepAlive {
        heartbeat,
        every: Duration::from_millis(keep_alive.every),
        first_after: keep_alive.first_after.map(Duration::from_millis),
        alive_on: pattern(keep_alive.alive_on)?,
        patience: Duration::from_millis(keep_alive.patience),
        quiet: keep_alive.quiet,
    })
}

/// What a connection answers, which it does unless the account ends.
async fn answered<T>(answer: oneshot::Receiver<Result<T, WitError>>) -> Result<T, WitError> {
    let ended = || fail(ErrorCode::Closed, "this connection has ended");
    answer.await.unwrap_or_else(|_| Err(ended()))
}

impl connections::Host for Guest {
    async fn open(&mut self, name: String, endpoint: Endpoint, options: ConnectionOptions) -> Answer<()> {
        let replies = options.auto_replies.iter();
        let replies: usize = replies.map(|reply| reply.prefix.len() + reply.answer.len()).sum();
        let weight = weight_of_endpoint(&endpoint) + (name.len() + replies) as u64;
        self.volume.bytes_out.spend(weight)?;
        let opening = self.opening(name, endpoint, options);
        Ok(opening.and_then(|opening| self.wish(Wish::Open(Box::new(opening)))))
    }

    async fn set_keep_alive(
        &mut self,
        connection: ConnectionId,
        change: Option<connections::KeepAlive>,
    ) -> Answer<()> {
        let change = match change.map(keep_alive).transpose() {
            Ok(change) => change,
            Err(refused) => return Ok(Err(refused)),
        };
        if let Err(ended) = self.waiting(&connection) {
            return Ok(Err(ended));
        }
        Ok(self.wish(Wish::KeepAlive(connection, change)))
    }

    async fn send(&mut self, connection: ConnectionId, frames: Vec<Frame>) -> Answer<()> {
        let frames = match leaving_all(frames) {
            Ok(frames) => frames,
            Err(refused) => return Ok(Err(refused)),
        };
        let bytes = frames.iter().map(Unit::weight).sum();
        self.volume.bytes_out.spend(bytes)?;
        if let Err(refused) = self.check_waiting(&connection, frames.len()) {
            return Ok(Err(refused));
        }
        if self.is_handler() {
            return Ok(self.wish(Wish::Send(connection, frames)));
        }
        let sockets = match self.sockets() {
            Ok(sockets) => sockets,
            Err(refused) => return Ok(Err(refused)),
        };
        let (done, sent) = oneshot::channel();
        self.volume.leave();
        sockets.tell(&connection, Command::Send(frames, Some(done)));
        Ok(answered(sent).await)
    }

    async fn ask(
        &mut self,
        connection: ConnectionId,
        question: Frame,
        answer: Pattern,
        wait: u64,
    ) -> Answer<Frame> {
        if self.is_handler() {
            let message = "handle and webhook ask nothing: their frames leave only after they returned";
            return Ok(Err(fail(ErrorCode::NotHere, message)));
        }
        let ready = leaving(question).and_then(|question| Ok((question, pattern(answer)?)));
        let (question, answer) = match ready {
            Ok(ready) => ready,
            Err(refused) => return Ok(Err(refused)),
        };
        self.volume.bytes_out.spend(question.weight())?;
        if let Err(refused) = self.check_waiting(&connection, 1) {
            return Ok(Err(refused));
        }
        let sockets = match self.sockets() {
            Ok(sockets) => sockets,
            Err(refused) => return Ok(Err(refused)),
        };
        let (to, arriving) = oneshot::channel();
        self.volume.leave();
        let command = Command::Ask {
            question,
            answer,
            wait: Duration::from_millis(wait),
            to,
        };
        sockets.tell(&connection, command);
        let arrived = answered(arriving).await;
        if let Ok(frame) = &arrived {
            self.volume.bytes_in.spend(frame.weight())?;
        }
        Ok(arrived.map(super::sockets::arriving))
    }

    async fn close(&mut self, connection: ConnectionId, code: u16, reason: String) -> Answer<()> {
        self.volume.bytes_out.spend(reason.len() as u64)?;
        if reason.len() > 123 {
            let message = "the reason of a close has 123 bytes at most";
            return Ok(Err(fail(ErrorCode::Invalid, message)));
        }
        if let Err(refused) = self.refuse_stored_placeholder(reason.as_bytes()) {
            return Ok(Err(refused));
        }
        if let Err(ended) = self.waiting(&connection) {
            return Ok(Err(ended));
        }
        Ok(self.wish(Wish::Close(connection, code, reason)))
    }

    async fn find(&mut self, name: String) -> wasmtime::Result<Option<ConnectionId>> {
        self.volume.bytes_out.spend(name.len() as u64)?;
        Ok(self.sockets().ok().and_then(|sockets| sockets.find(&name)))
    }
}
