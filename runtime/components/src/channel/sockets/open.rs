//! A connection while it is open: what leaves, what arrives, and what the host does by itself.
//!
//! **Bound.** What [`Held`] takes waits for the adapter; beyond that nothing is read, and that time counts as nobody's
//! silence. **Cost.** One frame leaves for each look at what arrives.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::Duration;

use openclaw_egress::socket::{Frame, Pattern};
use openclaw_egress::{Cause, Dialog};
use tokio::time::{Instant, sleep_until};

use super::beat::{Beat, Due};
use super::held::Held;
use super::line::{End, Line};
use super::pace::Allowance;
use super::{Answer, CloseReason, Command, Happening};
use crate::bindings::openclaw::types::errors::{ErrorCode, Sent};
use crate::channel::WitError;
use crate::channel::event::{SocketOpened, shown_headers};
use crate::guest::fail;
use crate::host::http::wit_error;

/// How long a part of a stream of bytes is held back because it may be the beginning of a secret.
const READ: Duration = Duration::from_millis(200);

/// Frames that leave one after the other.
struct Group {
    frames: VecDeque<Frame>,
    is_begun: bool,
    done: Done,
}

/// Who waits for a group to have left.
enum Done {
    Nobody,
    Sender(Answer<()>),
    /// The question with this number.
    Asked(u64),
}

enum Out {
    Group(Group),
    Close { code: u16, reason: String },
}

/// A question whose answer has not arrived.
struct Asked {
    number: u64,
    answer: Pattern,
    until: Instant,
    wait: Duration,
    is_sent: bool,
    to: Answer<Frame>,
}

/// What a turn of a connection was about.
enum Met {
    Replaced,
    Told(Option<Command>),
    Received(openclaw_egress::Result<Option<Frame>>),
    Nothing,
}

/// A connection that is open.
pub(super) struct Open {
    line: Line,
    dialog: Dialog,
    held: Held,
    /// What leaves first: heartbeats and automatic answers.
    urgent: VecDeque<Frame>,
    out: VecDeque<Out>,
    allowance: Allowance,
    beat: Option<Beat>,
    asked: Vec<Asked>,
    last_question: u64,
    heard: u64,
    /// Up to when the time in which nothing is read was counted, while nothing is.
    deaf_since: Option<Instant>,
}

impl Open {
    pub(super) fn new(line: Line, dialog: Dialog) -> Self {
        let now = Instant::now();
        let opened = SocketOpened {
            connection: line.id.clone(),
            subprotocol: dialog.subprotocol().map(str::to_owned),
            headers: shown_headers(dialog.headers()),
        };
        line.is_open.store(true, Ordering::Release);
        let keep_alive = line.treatment.keep_alive.clone();
        Self {
            held: Held::new(opened),
            urgent: VecDeque::new(),
            out: VecDeque::new(),
            allowance: Allowance::new(line.treatment.pace, now),
            beat: keep_alive.map(|keep_alive| Beat::new(keep_alive, now)),
            asked: Vec::new(),
            last_question: 0,
            heard: dialog.heard(),
            deaf_since: None,
            line,
            dialog,
        }
    }

    /// Serves it to its end. Gives what was not told yet.
    pub(super) async fn stay(mut self) -> (End, VecDeque<Happening>) {
        let end = loop {
            if let Err(end) = self.turn().await {
                break end;
            }
        };
        self.line.is_open.store(false, Ordering::Release);
        for out in self.out {
            if let Out::Group(Group {
                done: Done::Sender(to),
                is_begun,
                ..
            }) = out
            {
                // Whoever waited may have gone, here and below.
                let _ = to.send(Err(over(is_begun)));
            }
        }
        for asked in self.asked {
            let _ = asked.to.send(Err(over(asked.is_sent)));
        }
        let mut told = VecDeque::new();
        while let Some(happening) = self.held.next(&self.line.id) {
            told.push_back(happening);
        }
        (end, told)
    }

    async fn turn(&mut self) -> Result<(), End> {
        let wake = self.speak().await?;
        let reads = self.held.has_room();
        let now = Instant::now();
        self.forgive(now);
        self.deaf_since = (!reads).then_some(now);
        let met = tokio::select! {
            biased;
            _ = &mut self.line.replaced => Met::Replaced,
            command = self.line.commands.recv() => Met::Told(command),
            place = self.line.happenings.reserve(), if !self.held.is_empty() => {
                match (place, self.held.next(&self.line.id)) {
                    (Ok(place), Some(happening)) => place.send(happening),
                    (Err(_), _) => return Err(End::quiet(CloseReason::ByAdapter)),
                    (Ok(_), None) => {}
                }
                Met::Nothing
            }
            received = self.dialog.receive(READ), if reads => Met::Received(received),
            () = sleep_until(wake) => Met::Nothing,
        };
        match met {
            Met::Replaced => return Err(self.replace().await),
            Met::Told(Some(command)) => self.obey(command),
            // The account has ended.
            Met::Told(None) => return Err(End::quiet(CloseReason::ByAdapter)),
            Met::Received(Ok(Some(frame))) => self.take(frame),
            Met::Received(Err(error)) => return Err(self.explain(&error)),
            Met::Received(Ok(None)) | Met::Nothing => {}
        }
        Ok(())
    }

    /// Counts the time in which nothing was read as nobody's silence.
    fn forgive(&mut self, now: Instant) {
        if let Some(since) = &mut self.deaf_since {
            if let Some(beat) = &mut self.beat {
                beat.pause(now.saturating_duration_since(*since));
            }
            *since = now;
        }
    }

    /// Lets leave what may leave now, and says when there is something to do again.
    async fn speak(&mut self) -> Result<Instant, End> {
        loop {
            let now = Instant::now();
            self.forgive(now);
            let heard = self.dialog.heard();
            if heard != self.heard {
                self.heard = heard;
                if let Some(beat) = &mut self.beat {
                    beat.hear(now);
                }
            }
            let mut wake = now + Duration::from_secs(3600);
            // A question may wait to leave beyond its time, which its asker is told here.
            wake = wake.min(self.give_up(now));
            if let Some(frame) = self.urgent.pop_front() {
                self.transmit(vec![frame]).await?.unwrap_or_else(|error| {
                    tracing::warn!(connection = self.line.id.name, %error, "an automatic frame was not sent");
                });
                continue;
            }
            if let Some(beat) = &mut self.beat {
                match beat.due(now) {
                    Due::Wait(until) => wake = wake.min(until),
                    Due::Send(frame) => {
                        self.urgent.push_back(frame);
                        continue;
                    }
                    Due::Ping => {
                        if let Err(error) = self.dialog.ping().await {
                            tracing::warn!(connection = self.line.id.name, %error, "a ping was not sent");
                        }
                        continue;
                    }
                    Due::Silent => return Err(self.bury().await),
                }
            }
            match self.out.front_mut() {
                None => return Ok(wake),
                Some(Out::Close { .. }) => return Err(self.part().await),
                Some(Out::Group(_)) => match self.allowance.take(now) {
                    Err(until) => return Ok(wake.min(until)),
                    Ok(()) => {
                        self.send_one().await?;
                        // What arrives has its turn between any two frames that leave.
                        return Ok(now);
                    }
                },
            }
        }
    }

    /// Sends frames, unless another connection takes the name meanwhile.
    async fn transmit(&mut self, frames: Vec<Frame>) -> Result<openclaw_egress::Result<()>, End> {
        let is_replaced = tokio::select! {
            biased;
            _ = &mut self.line.replaced => true,
            sent = self.dialog.send(frames) => return Ok(sent),
        };
        debug_assert!(is_replaced);
        Err(End::quiet(CloseReason::Replaced))
    }

    /// Sends the next frame of the first group.
    async fn send_one(&mut self) -> Result<(), End> {
        let Some(Out::Group(group)) = self.out.front_mut() else {
            return Ok(());
        };
        let Some(frame) = group.frames.pop_front() else {
            return self.finish_group(Ok(()));
        };
        self.line.waiting.fetch_sub(1, Ordering::Relaxed);
        let sent = self.transmit(vec![frame]).await?;
        let Some(Out::Group(group)) = self.out.front_mut() else {
            return Ok(());
        };
        match sent {
            Ok(()) => {
                group.is_begun = true;
                match group.frames.is_empty() {
                    true => self.finish_group(Ok(())),
                    false => Ok(()),
                }
            }
            Err(error) => {
                let mut error = wit_error(&error);
                if group.is_begun {
                    error.sent = Sent::Yes;
                }
                self.finish_group(Err(error))
            }
        }
    }

    /// Takes the first group off, and tells whoever waits for it.
    fn finish_group(&mut self, ended: Result<(), WitError>) -> Result<(), End> {
        let Some(Out::Group(group)) = self.out.pop_front() else {
            return Ok(());
        };
        self.line.waiting.fetch_sub(group.frames.len(), Ordering::Relaxed);
        match (group.done, ended) {
            (Done::Nobody, Ok(())) => {}
            (Done::Nobody, Err(error)) => {
                tracing::warn!(
                    connection = self.line.id.name,
                    "frames were not sent: {}",
                    error.message
                );
            }
            (Done::Sender(to), ended) => drop(to.send(ended)),
            (Done::Asked(number), Ok(())) => {
                if let Some(asked) = self.asked.iter_mut().find(|asked| asked.number == number) {
                    asked.is_sent = true;
                }
            }
            (Done::Asked(number), Err(error)) => {
                if let Some(at) = self.asked.iter().position(|asked| asked.number == number) {
                    let _ = self.asked.swap_remove(at).to.send(Err(error));
                }
            }
        }
        Ok(())
    }

    fn obey(&mut self, command: Command) {
        let group = |frames: Vec<Frame>, done| {
            Out::Group(Group {
                frames: frames.into(),
                is_begun: false,
                done,
            })
        };
        match command {
            Command::Send(frames, to) => {
                let done = to.map_or(Done::Nobody, Done::Sender);
                self.out.push_back(group(frames, done));
            }
            Command::Ask {
                question,
                answer,
                wait,
                to,
            } => {
                self.last_question += 1;
                let number = self.last_question;
                self.asked.push(Asked {
                    number,
                    answer,
                    until: Instant::now() + wait,
                    wait,
                    is_sent: false,
                    to,
                });
                self.line.waiting.fetch_add(1, Ordering::Relaxed);
                self.out.push_back(group(vec![question], Done::Asked(number)));
            }
            Command::KeepAlive(keep_alive) => {
                let before = self.beat.take();
                let beat = keep_alive.map(|keep_alive| Beat::new(keep_alive, Instant::now()));
                self.beat = beat.map(|beat| beat.after(before));
            }
            Command::Close { code, reason } => self.out.push_back(Out::Close { code, reason }),
        }
    }

    /// Tells those who asked in vain, and says when the next one's time is over.
    fn give_up(&mut self, now: Instant) -> Instant {
        let mut next = now + Duration::from_secs(3600);
        let mut at = 0;
        while let Some(asked) = self.asked.get(at) {
            if now < asked.until && !asked.to.is_closed() {
                next = next.min(asked.until);
                at += 1;
                continue;
            }
            let asked = self.asked.swap_remove(at);
            let is_its = |out: &Out| matches!(out, Out::Group(Group { done: Done::Asked(n), .. }) if *n == asked.number);
            if let Some(at) = self.out.iter().position(is_its) {
                self.out.remove(at);
                self.line.waiting.fetch_sub(1, Ordering::Relaxed);
            }
            let message = format!("nothing answered within {} ms", asked.wait.as_millis());
            let mut late = fail(ErrorCode::Timeout, &message);
            late.sent = if asked.is_sent { Sent::Yes } else { Sent::No };
            let _ = asked.to.send(Err(late));
        }
        next
    }

    /// A frame arrived.
    fn take(&mut self, frame: Frame) {
        let now = Instant::now();
        self.heard = self.dialog.heard();
        if let Frame::Text(text) = &frame {
            let replies = &self.line.treatment.auto_replies;
            let found = replies
                .iter()
                .find_map(|(prefix, answer)| Some((text.strip_prefix(prefix.as_str())?, answer)));
            let is_quiet = self.beat.as_mut().is_some_and(|beat| beat.hear_text(text, now));
            if let Some((rest, answer)) = found {
                self.urgent.push_back(Frame::Text(format!("{answer}{rest}")));
                return;
            }
            if let Some(at) = self.asked.iter().position(|asked| asked.answer.matches(text)) {
                let asked = self.asked.swap_remove(at);
                match asked.to.send(Ok(frame)) {
                    Ok(()) => return,
                    // Whoever asked has gone, so it is the adapter's.
                    Err(Ok(unclaimed)) => return self.held.push(unclaimed),
                    Err(Err(_)) => return,
                }
            }
            if is_quiet {
                return;
            }
        } else if let Some(beat) = &mut self.beat {
            beat.hear(now);
        }
        self.held.push(frame);
    }

    /// The adapter closes it.
    async fn part(&mut self) -> End {
        let Some(Out::Close { code, reason }) = self.out.pop_front() else {
            return End::quiet(CloseReason::ByAdapter);
        };
        let closed = self.dialog.close(code, &reason).await;
        End {
            message: closed.err().map(|error| error.to_string()).unwrap_or_default(),
            ..End::quiet(CloseReason::ByAdapter)
        }
    }

    async fn replace(&mut self) -> End {
        // The name is another's by now, so nobody waits for what comes of this.
        let _ = self.dialog.close(1000, "").await;
        End::quiet(CloseReason::Replaced)
    }

    async fn bury(&mut self) -> End {
        let _ = self.dialog.close(1000, "").await;
        End {
            message: "the other side gave no sign of life in time".to_owned(),
            ..End::quiet(CloseReason::Silent)
        }
    }

    fn explain(&self, error: &openclaw_egress::Error) -> End {
        End {
            reason: match &error.cause {
                Cause::Closed { .. } if error.cause.is_break() => CloseReason::Broken,
                Cause::Closed { .. } => CloseReason::ByPeer,
                Cause::Tls { .. } | Cause::Timeout { .. } => CloseReason::Broken,
                _ => CloseReason::Violation,
            },
            code: self.dialog.goodbye(),
            message: error.to_string(),
        }
    }
}

/// The connection ended before all had left or was answered.
fn over(has_begun: bool) -> WitError {
    WitError {
        sent: if has_begun { Sent::Yes } else { Sent::No },
        ..fail(ErrorCode::Closed, "the connection has ended")
    }
}
