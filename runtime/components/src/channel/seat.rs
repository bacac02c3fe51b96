//! Where a call of an adapter stands: what it knows of its account, and what it has asked for so far.
//!
//! **Promise.** What a handler reads is what it has written, and behind that what is committed. Nothing here leaves
//! before the handler returned ok. **Bound.** [`super::bounds`]. **Cost.** Linear in what was asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;

use super::effects::{Cursor, Effects, Facts, KvChanges, TimerChange};
use super::requests::StartRequest;
use super::sockets::{SocketChange, Sockets};
use super::{AccountStatus, ErrorCode, InboundEvent, Stage, WitError, bounds};
use crate::guest::{Guest, fail};

/// What all calls for an account share.
pub(crate) struct Shared {
    /// Its connections.
    pub(crate) sockets: Sockets,
    /// How it is, as the adapter said last.
    pub(crate) status: watch::Sender<Option<AccountStatus>>,
}

/// Where a call stands.
pub(crate) struct Seat {
    pub(crate) stage: Stage,
    pub(crate) shared: Arc<Shared>,
    facts: Facts,
    state: Option<Bytes>,
    cursors: BTreeMap<String, String>,
    timers: BTreeMap<String, Option<u64>>,
    /// How often a timer was changed.
    timer_changes: usize,
    pub(crate) kv: KvChanges,
    /// How many keys and bytes the store has more by what was written, or fewer.
    pub(crate) kv_growth: (i64, i64),
    pub(crate) delivered: Vec<InboundEvent>,
    requests: Vec<StartRequest>,
    cancelled: BTreeSet<String>,
    request_bytes: u64,
    pub(crate) sockets: Vec<SocketChange>,
}

impl Seat {
    pub(super) fn new(stage: Stage, facts: Facts, shared: Arc<Shared>) -> Self {
        Self {
            stage,
            shared,
            facts,
            state: None,
            cursors: BTreeMap::new(),
            timers: BTreeMap::new(),
            timer_changes: 0,
            kv: KvChanges::default(),
            kv_growth: (0, 0),
            delivered: Vec::new(),
            requests: Vec::new(),
            cancelled: BTreeSet::new(),
            request_bytes: 0,
            sockets: Vec::new(),
        }
    }

    /// What the handler asked for.
    pub(super) fn into_effects(self) -> Effects {
        let timer = |(name, due)| match due {
            Some(due) => TimerChange::Set { name, due },
            None => TimerChange::Cancel { name },
        };
        let cursor = |(name, position)| Cursor { name, position };
        Effects {
            delivered: self.delivered,
            state: self.state.map(Vec::from),
            cursors: self.cursors.into_iter().map(cursor).collect(),
            timers: self.timers.into_iter().map(timer).collect(),
            kv: self.kv,
            cancelled: self.cancelled.into_iter().collect(),
            requests: self.requests,
            sockets: self.sockets,
        }
    }

    pub(crate) fn state(&self) -> Option<&Bytes> {
        self.state.as_ref().or(self.facts.state.as_ref())
    }

    pub(crate) fn save(&mut self, state: Vec<u8>) -> Result<(), WitError> {
        if state.len() > bounds::STATE_BYTES {
            return Err(fail(
                ErrorCode::TooLarge,
                &format!(
                    "the state of an account has {} bytes at most",
                    bounds::STATE_BYTES
                ),
            ));
        }
        self.state = Some(state.into());
        Ok(())
    }

    pub(crate) fn cursor(&self, name: &str) -> Option<&String> {
        self.cursors.get(name).or_else(|| self.facts.cursors.get(name))
    }

    pub(crate) fn cursors(&self) -> BTreeMap<&String, &String> {
        self.facts.cursors.iter().chain(&self.cursors).collect()
    }

    pub(crate) fn move_cursor(&mut self, name: String, position: String) -> Result<(), WitError> {
        if position.len() > bounds::POSITION_BYTES {
            return Err(fail(
                ErrorCode::TooLarge,
                &format!(
                    "the position of a cursor has {} bytes at most",
                    bounds::POSITION_BYTES
                ),
            ));
        }
        if self.cursor(&name).is_none() && self.cursors().len() >= bounds::CURSORS {
            return Err(full("cursors", bounds::CURSORS));
        }
        self.cursors.insert(name, position);
        Ok(())
    }

    pub(crate) fn timers(&self) -> BTreeMap<&String, u64> {
        let mut timers: BTreeMap<_, _> = self.facts.timers.iter().map(|(name, due)| (name, *due)).collect();
        for (name, due) in &self.timers {
            match due {
                Some(due) => timers.insert(name, *due),
                None => timers.remove(name),
            };
        }
        timers
    }

    fn has_timer(&self, name: &str) -> bool {
        match self.timers.get(name) {
            Some(due) => due.is_some(),
            None => self.facts.timers.contains_key(name),
        }
    }

    fn count_timer_change(&mut self) -> Result<(), WitError> {
        self.timer_changes += 1;
        match self.timer_changes > bounds::TIMER_CHANGES {
            true => Err(full("changes of timers in one call", bounds::TIMER_CHANGES)),
            false => Ok(()),
        }
    }

    pub(crate) fn set_timer(&mut self, name: String, due: u64) -> Result<(), WitError> {
        self.count_timer_change()?;
        if !self.has_timer(&name) && self.timers().len() >= bounds::TIMERS {
            return Err(full("timers", bounds::TIMERS));
        }
        self.timers.insert(name, Some(due));
        Ok(())
    }

    pub(crate) fn cancel_timer(&mut self, name: String) -> Result<bool, WitError> {
        self.count_timer_change()?;
        let was = self.has_timer(&name);
        if was {
            self.timers.insert(name, None);
        }
        Ok(was)
    }

    pub(crate) fn in_flight(&self) -> BTreeSet<&String> {
        let started = self.requests.iter().map(|request| &request.token);
        let kept = self.facts.in_flight.iter();
        kept.filter(|token| !self.cancelled.contains(*token))
            .chain(started)
            .collect()
    }

    pub(crate) fn start(&mut self, request: StartRequest, bytes: u64) -> Result<(), WitError> {
        let flying = self.in_flight();
        if !flying.contains(&request.token) && flying.len() >= bounds::REQUESTS {
            return Err(full("requests in flight", bounds::REQUESTS));
        }
        let before = self.requests.iter().any(|before| before.token == request.token);
        if !before && self.request_bytes + bytes > bounds::REQUEST_BYTES {
            return Err(fail(
                ErrorCode::TooLarge,
                &format!(
                    "the requests that one call begins have {} bytes at most together",
                    bounds::REQUEST_BYTES
                ),
            ));
        }
        self.request_bytes += bytes;
        self.requests.retain(|before| before.token != request.token);
        self.requests.push(request);
        Ok(())
    }

    pub(crate) fn cancel(&mut self, token: String) {
        self.requests.retain(|request| request.token != token);
        if self.facts.in_flight.contains(&token) {
            self.cancelled.insert(token);
        }
    }

    pub(crate) fn change_socket(&mut self, change: SocketChange) -> Result<(), WitError> {
        if self.sockets.len() >= bounds::SOCKET_CHANGES {
            return Err(full("changes of connections in one call", bounds::SOCKET_CHANGES));
        }
        self.sockets.push(change);
        Ok(())
    }
}

/// There is no room for one more.
pub(crate) fn full(what: &str, most: usize) -> WitError {
    fail(ErrorCode::Quota, &format!("there may be {most} {what} at most"))
}

/// What may be asked for only while an event is handled.
pub(crate) fn not_here(what: &str) -> WitError {
    fail(
        ErrorCode::NotHere,
        &format!("{what} only during handle and webhook"),
    )
}

impl Guest {
    /// Where the call of an adapter stands.
    pub(crate) fn seat(&self) -> Result<&Seat, WitError> {
        self.seat.as_ref().ok_or_else(no_account)
    }

    /// The same of a handler; `what` is not done elsewhere.
    pub(crate) fn handler(&mut self, what: &str) -> Result<&mut Seat, WitError> {
        let seat = self.seat.as_mut().ok_or_else(no_account)?;
        match seat.stage {
            Stage::Handler => Ok(seat),
            Stage::Other => Err(not_here(what)),
        }
    }

    /// Whether what is asked for is only collected.
    pub(crate) fn is_handler(&self) -> bool {
        self.seat
            .as_ref()
            .is_some_and(|seat| seat.stage == Stage::Handler)
    }

    /// Refuses what is no name. Names are stored and shown to people.
    pub(crate) fn check_name(&self, what: &str, name: &str) -> Result<(), WitError> {
        if name.is_empty() || name.len() > bounds::NAME_BYTES {
            return Err(fail(
                ErrorCode::Invalid,
                &format!("{what} has 1 to {} bytes", bounds::NAME_BYTES),
            ));
        }
        self.refuse_stored_placeholder(name.as_bytes())
    }

    /// A placeholder is of no use after the gateway ends, and what is stored is shown to people.
    pub(crate) fn refuse_stored_placeholder(&self, bytes: &[u8]) -> Result<(), WitError> {
        match self.extension.vault().holds_placeholder(bytes) {
            true => Err(fail(
                ErrorCode::Denied,
                "a secret's placeholder is not stored; look the secret up in each call",
            )),
            false => Ok(()),
        }
    }
}

fn no_account() -> WitError {
    fail(ErrorCode::NotHere, "this call is about no account of a channel")
}
