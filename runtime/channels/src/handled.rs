//! What a handler asked for, taking effect: one transaction, then what may happen at most once.
//!
//! **Promise.** State, cursors, timers, writes to the store and all that was delivered, with the turns, codes and
//! records that come of it, are committed together or not at all. Requests and changes of connections begin after
//! the commit. **Cost.** One transaction for each call of an adapter.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use openclaw_state::{ChannelAccount, ChannelCursor, ChannelTimer, State};

use crate::adapter::{Cursor, Effects, Facts, TimerChange};
use crate::desk::Desk;
use crate::echoes::Echoes;
use crate::error::Result;
use crate::intake::{self, Taken};

/// What is committed of an account, as its adapter may read it.
#[derive(Clone)]
pub(crate) struct Ledger(Arc<Mutex<Facts>>);

impl Ledger {
    /// Reads what the state has.
    pub(crate) async fn read(state: &State, of: &ChannelAccount) -> Result<Self> {
        let of = of.clone();
        let read = move |view: &openclaw_state::View<'_>| {
            let cursors = view.channel_cursors(&of)?.into_iter();
            let timers = view.channel_timers(&of)?.into_iter();
            Ok::<_, openclaw_state::Error>(Facts {
                state: view.channel_state(&of)?.map(Bytes::from),
                cursors: cursors.map(|cursor| (cursor.name, cursor.position)).collect(),
                timers: timers.map(|timer| (timer.name, unsigned(timer.due_ms))).collect(),
                ..Facts::default()
            })
        };
        Ok(Self(Arc::new(Mutex::new(state.read(read).await?))))
    }

    fn lock(&self) -> MutexGuard<'_, Facts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is committed now.
    pub(crate) fn facts(&self) -> Facts {
        self.lock().clone()
    }

    /// The timers, by name.
    pub(crate) fn timers(&self) -> BTreeMap<String, u64> {
        self.lock().timers.clone()
    }

    /// Forgets a timer that the state has no more.
    pub(crate) fn forget_timer(&self, name: &str) {
        self.lock().timers.remove(name);
    }

    fn note(&self, fired: &[String], effects: &Noted) {
        let mut facts = self.lock();
        if let Some(state) = &effects.state {
            facts.state = Some(state.clone());
        }
        for Cursor { name, position } in &effects.cursors {
            facts.cursors.insert(name.clone(), position.clone());
        }
        for name in fired {
            facts.timers.remove(name);
        }
        for change in &effects.timers {
            match change {
                TimerChange::Set { name, due } => drop(facts.timers.insert(name.clone(), *due)),
                TimerChange::Cancel { name } => drop(facts.timers.remove(name)),
            }
        }
    }
}

/// What is left to note in memory once it is committed.
#[derive(Clone)]
struct Noted {
    state: Option<Bytes>,
    cursors: Vec<Cursor>,
    timers: Vec<TimerChange>,
}

/// What became of what was delivered, in order; none if something that the handler decided by has changed since, and
/// then nothing was committed.
pub(crate) type Committed = Option<Vec<Taken>>;

/// Commits what a handler asked for. `fired` are the timers whose events it handled.
pub(crate) async fn commit(
    state: &State,
    desk: &Arc<Desk>,
    ledger: &Ledger,
    echoes: &Echoes,
    fired: &[String],
    effects: &mut Effects,
) -> Result<Committed> {
    let noted = Noted {
        state: effects.state.take().map(Bytes::from),
        cursors: std::mem::take(&mut effects.cursors),
        timers: std::mem::take(&mut effects.timers),
    };
    let delivered = std::mem::take(&mut effects.delivered);
    let kv = std::mem::take(&mut effects.kv);
    let is_nothing = noted.state.is_none()
        && noted.cursors.is_empty()
        && noted.timers.is_empty()
        && delivered.is_empty()
        && kv.is_empty()
        && fired.is_empty();
    if is_nothing {
        return Ok(Some(Vec::new()));
    }
    let (desk, echoes, names) = (Arc::clone(desk), echoes.clone(), fired.to_vec());
    let written = noted.clone();
    let work = move |tx: &openclaw_state::Tx<'_>| {
        let of = &desk.of;
        if !kv.write(tx)? {
            return Err(Undone::Changed);
        }
        for name in &names {
            tx.delete_channel_timer(of, name)?;
        }
        for change in &written.timers {
            match change {
                TimerChange::Set { name, due } => {
                    let due_ms = i64::try_from(*due).unwrap_or(i64::MAX);
                    let name = name.clone();
                    tx.put_channel_timer(of, &ChannelTimer { name, due_ms })?;
                }
                TimerChange::Cancel { name } => drop(tx.delete_channel_timer(of, name)?),
            }
        }
        for Cursor { name, position } in &written.cursors {
            let (name, position) = (name.clone(), position.clone());
            tx.put_channel_cursor(of, &ChannelCursor { name, position })?;
        }
        if let Some(state) = &written.state {
            tx.put_channel_state(of, state)?;
        }
        let is_echo = |to: &str, id: &str| echoes.knows(to, id);
        let mut taken = Vec::with_capacity(delivered.len());
        for event in &delivered {
            taken.push(intake::take(tx, &desk, event, &is_echo)?);
        }
        Ok(taken)
    };
    match state.write(work).await {
        Ok(taken) => {
            ledger.note(fired, &noted);
            Ok(Some(taken))
        }
        Err(Undone::Changed) => Ok(None),
        Err(Undone::Failed(error)) => Err(error.into()),
    }
}

/// Why a transaction was rolled back.
enum Undone {
    Changed,
    Failed(openclaw_state::Error),
}

impl From<openclaw_state::Error> for Undone {
    fn from(error: openclaw_state::Error) -> Self {
        Self::Failed(error)
    }
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
