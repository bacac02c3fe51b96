//! What was asked for: the queue of turns, and what became of each.
//!
//! **Promise.** A turn whose transaction was committed is run or answered, whatever happens to the process. A
//! run's id is taken once, so that a repeat is told what became of the first. Of the turns of one session, one at
//! a time is `running`, and they begin in the order in which they were put.
//! **Bound.** [`REQUEST_BYTES`] for a request; a turn that ended [`ENDED_MS`] ago is forgotten, and its run's id free
//! again: a few go with each that ends. **Cost.** One row each, found by an index.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{OptionalExtension as _, Row, params};

use crate::error::Result;
use crate::kv::{NAME_BYTES, check_name, check_size};
use crate::sessions::KEY_BYTES;
use crate::view::{Tx, View};

/// The most bytes that a request may have.
const REQUEST_BYTES: usize = 64 << 20;
/// For how long it is known how a turn ended.
const ENDED_MS: i64 = 30 * 24 * 60 * 60 * 1000;
/// How many old turns are forgotten with each that ends.
const SWEEP: i64 = 8;

const COLUMNS: &str = "seq, run_id, session_key, agent_id, session_id, request, state, received_ms, started_ms, ended_ms, outcome, stop_asked";

/// A turn that is to be accepted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewTurn {
    /// What a repeat is known by.
    pub run_id: String,
    /// The session it belongs to.
    pub session_key: String,
    /// The agent that is to run it.
    pub agent_id: String,
    /// What is asked for, as JSON.
    pub request: String,
    /// When it was received, in milliseconds since 1970.
    pub received_ms: i64,
}

/// What has become of a turn.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TurnState {
    /// It waits for the turns before it.
    Queued,
    /// It is run.
    Running,
    /// It was answered.
    Done,
    /// It ended with an error.
    Failed,
    /// Somebody stopped it.
    Aborted,
}

impl TurnState {
    fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Aborted => "aborted",
        }
    }

    /// Whether nothing more becomes of it.
    pub fn is_ended(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Aborted)
    }
}

impl ToSql for TurnState {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.word().into())
    }
}

impl FromSql for TurnState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let all = [
            Self::Queued,
            Self::Running,
            Self::Done,
            Self::Failed,
            Self::Aborted,
        ];
        let word = value.as_str()?;
        all.into_iter()
            .find(|state| state.word() == word)
            .ok_or(FromSqlError::InvalidType)
    }
}

/// What came of putting a turn.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Put {
    /// It is queued.
    Fresh,
    /// There is one with the same run's id, and this is what has become of it.
    Known(TurnState),
}

/// A turn as it is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Turn {
    /// Its number; a later turn has a larger one.
    pub seq: i64,
    /// What a repeat is known by.
    pub run_id: String,
    /// The session it belongs to.
    pub session_key: String,
    /// The agent that runs it.
    pub agent_id: String,
    /// The conversation it was begun in.
    pub session_id: Option<String>,
    /// What is asked for, as JSON.
    pub request: String,
    /// What has become of it.
    pub state: TurnState,
    /// When it was received, in milliseconds since 1970.
    pub received_ms: i64,
    /// When it began.
    pub started_ms: Option<i64>,
    /// When it ended.
    pub ended_ms: Option<i64>,
    /// How it ended, as JSON.
    pub outcome: Option<String>,
    /// Whether somebody asked for it to be stopped while it ran.
    pub is_stop_asked: bool,
}

impl Turn {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get(0)?,
            run_id: row.get(1)?,
            session_key: row.get(2)?,
            agent_id: row.get(3)?,
            session_id: row.get(4)?,
            request: row.get(5)?,
            state: row.get(6)?,
            received_ms: row.get(7)?,
            started_ms: row.get(8)?,
            ended_ms: row.get(9)?,
            outcome: row.get(10)?,
            is_stop_asked: row.get(11)?,
        })
    }
}

impl View<'_> {
    /// A turn by its run's id.
    pub fn turn(&self, run_id: &str) -> Result<Option<Turn>> {
        let sql = format!("SELECT {COLUMNS} FROM turns WHERE run_id = ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        Ok(statement.query_row([run_id], Turn::read).optional()?)
    }

    /// The turns that have not ended, in their order, beyond the number `after`; at most `limit`.
    pub fn turns_open(&self, after: i64, limit: u32) -> Result<Vec<Turn>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM turns WHERE state IN ('queued', 'running') AND seq > ?1 ORDER BY seq LIMIT ?2"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params![after, limit], Turn::read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The turns of a session that have not ended, in their order.
    pub fn turns_of_session(&self, session_key: &str) -> Result<Vec<Turn>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM turns
             WHERE state IN ('queued', 'running') AND session_key = ?1 ORDER BY seq"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map([session_key], Turn::read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// How many turns of a session have not ended.
    pub fn count_open_of_session(&self, session_key: &str) -> Result<u64> {
        let mut statement = self.connection.prepare_cached(
            "SELECT count(*) FROM turns WHERE state IN ('queued', 'running') AND session_key = ?1",
        )?;
        let open: i64 = statement.query_row([session_key], |row| row.get(0))?;
        Ok(u64::try_from(open).unwrap_or_default())
    }

    /// How many turns have not ended whose run's id begins with this. **Cost.** A walk over all that have not.
    pub fn count_open_of_runs(&self, prefix: &str) -> Result<u64> {
        let mut statement = self.connection.prepare_cached(
            "SELECT count(*) FROM turns
             WHERE state IN ('queued', 'running') AND substr(run_id, 1, length(?1)) = ?1",
        )?;
        let open: i64 = statement.query_row([prefix], |row| row.get(0))?;
        Ok(u64::try_from(open).unwrap_or_default())
    }
}

impl Tx<'_> {
    /// Queues a turn, unless its run's id is taken.
    pub fn turn_put(&self, turn: &NewTurn) -> Result<Put> {
        check_name("the id of a run", &turn.run_id, NAME_BYTES)?;
        check_name("a session key", &turn.session_key, KEY_BYTES)?;
        check_name("the agent of a turn", &turn.agent_id, NAME_BYTES)?;
        check_size("the request of a turn", &turn.request, REQUEST_BYTES)?;
        let put = self
            .connection
            .prepare_cached(
                "INSERT INTO turns (run_id, session_key, agent_id, request, state, received_ms)
                 VALUES (?1, ?2, ?3, ?4, 'queued', ?5) ON CONFLICT (run_id) DO NOTHING",
            )?
            .execute(params![
                turn.run_id,
                turn.session_key,
                turn.agent_id,
                turn.request,
                turn.received_ms
            ])?;
        if put > 0 {
            return Ok(Put::Fresh);
        }
        let mut known = self
            .connection
            .prepare_cached("SELECT state FROM turns WHERE run_id = ?1")?;
        Ok(Put::Known(known.query_row([&turn.run_id], |row| row.get(0))?))
    }

    /// The first queued turn of a session, which is to begin now; none if one is running already.
    pub fn turn_next(&self, session_key: &str) -> Result<Option<Turn>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM turns
             WHERE state IN ('queued', 'running') AND session_key = ?1 ORDER BY state = 'queued', seq LIMIT 1"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let first = statement.query_row([session_key], Turn::read).optional()?;
        Ok(first.filter(|turn| turn.state == TurnState::Queued))
    }

    /// Begins a queued turn in a conversation; false if it is not queued any more.
    pub fn turn_begin(&self, run_id: &str, session_id: &str) -> Result<bool> {
        let begun = self
            .connection
            .prepare_cached(
                "UPDATE turns SET state = 'running', session_id = ?2, started_ms = ?3
                 WHERE run_id = ?1 AND state = 'queued'",
            )?
            .execute(params![run_id, session_id, self.now_ms])?;
        Ok(begun > 0)
    }

    /// Notes that a running turn is to be stopped, so that whoever takes it up after a crash ends it instead; false if
    /// it is not running.
    pub fn turn_ask_stop(&self, run_id: &str) -> Result<bool> {
        let asked = self
            .connection
            .prepare_cached("UPDATE turns SET stop_asked = 1 WHERE run_id = ?1 AND state = 'running'")?
            .execute([run_id])?;
        Ok(asked > 0)
    }

    /// Ends a turn; false if it had ended before, and then nothing that belongs to this end may be kept.
    pub fn turn_end(&self, run_id: &str, state: TurnState, outcome: &str) -> Result<bool> {
        let ended = self
            .connection
            .prepare_cached(
                "UPDATE turns SET state = ?2, outcome = ?3, ended_ms = ?4
                 WHERE run_id = ?1 AND state IN ('queued', 'running')",
            )?
            .execute(params![run_id, state, outcome, self.now_ms])?;
        self.connection
            .prepare_cached(
                "DELETE FROM turns WHERE seq IN
                 (SELECT seq FROM turns WHERE ended_ms < ?1 ORDER BY ended_ms LIMIT ?2)",
            )?
            .execute(params![self.now_ms.saturating_sub(ENDED_MS), SWEEP])?;
        Ok(ended > 0)
    }
}
