//! Where sandboxed sessions run, and what their shells remember between commands.
//!
//! **Bound.** [`MEMORY_BYTES`] for what one shell remembers, a row for each sandbox and each session that ran a command.
//! **Cost.** One row each.

use rusqlite::{OptionalExtension as _, Row, params};

use crate::error::Result;
use crate::kv::check_name;
use crate::sessions::KEY_BYTES;
use crate::view::{Tx, View};

/// The most bytes that a shell may remember.
pub const MEMORY_BYTES: usize = 4 << 20;

/// A sandbox as it is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SandboxRow {
    /// What shares it: `shared`, `agent:<id>` or a session's key.
    pub scope: String,
    /// What runs it.
    pub backend: String,
    /// The agent whose session made it.
    pub agent: String,
    /// The folder of this machine that is its workspace.
    pub workspace: String,
    /// Whether that was made for it alone, and goes with it.
    pub is_own: bool,
    /// Tells settings apart that need another sandbox.
    pub config_hash: String,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: i64,
    /// When it was last used, in milliseconds since 1970.
    pub used_ms: i64,
}

impl SandboxRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            scope: row.get(0)?,
            backend: row.get(1)?,
            agent: row.get(2)?,
            workspace: row.get(3)?,
            config_hash: row.get(4)?,
            created_ms: row.get(5)?,
            used_ms: row.get(6)?,
            is_own: row.get(7)?,
        })
    }
}

const COLUMNS: &str = "scope, backend, agent, workspace, config_hash, created_ms, used_ms, is_own";

impl View<'_> {
    /// All sandboxes, the one that was used last first.
    pub fn sandboxes(&self) -> Result<Vec<SandboxRow>> {
        let sql = format!("SELECT {COLUMNS} FROM sandboxes ORDER BY used_ms DESC, scope");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map([], SandboxRow::read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The sandbox of a scope.
    pub fn sandbox(&self, scope: &str) -> Result<Option<SandboxRow>> {
        let sql = format!("SELECT {COLUMNS} FROM sandboxes WHERE scope = ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        Ok(statement.query_row([scope], SandboxRow::read).optional()?)
    }

    /// What a session's shell remembers in a sandbox.
    pub fn shell_memory(&self, session: &str, scope: &str) -> Result<Option<Vec<u8>>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT memory FROM shells WHERE session = ?1 AND scope = ?2")?;
        let found = statement.query_row([session, scope], |row| row.get(0));
        Ok(found.optional()?)
    }
}

impl Tx<'_> {
    /// Keeps a sandbox that is new or has other settings, with this moment as its last use, and as its beginning unless
    /// its workspace stays.
    pub fn sandbox_put(&self, sandbox: &SandboxRow) -> Result<()> {
        check_name("the scope of a sandbox", &sandbox.scope, KEY_BYTES)?;
        self.connection
            .prepare_cached(
                "INSERT INTO sandboxes (scope, backend, agent, workspace, config_hash, created_ms, used_ms, is_own)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)
                 ON CONFLICT DO UPDATE SET backend = excluded.backend, agent = excluded.agent,
                     workspace = excluded.workspace, config_hash = excluded.config_hash,
                     created_ms = CASE workspace WHEN excluded.workspace THEN created_ms ELSE excluded.created_ms END,
                     used_ms = excluded.used_ms, is_own = excluded.is_own",
            )?
            .execute(params![
                sandbox.scope,
                sandbox.backend,
                sandbox.agent,
                sandbox.workspace,
                sandbox.config_hash,
                self.now_ms,
                sandbox.is_own
            ])?;
        Ok(())
    }

    /// Notes that a sandbox is used now.
    pub fn sandbox_touch(&self, scope: &str) -> Result<()> {
        self.connection
            .prepare_cached("UPDATE sandboxes SET used_ms = ?2 WHERE scope = ?1")?
            .execute(params![scope, self.now_ms])?;
        Ok(())
    }

    /// Forgets a sandbox and what the shells in it remember; says whether there was one.
    pub fn sandbox_delete(&self, scope: &str) -> Result<bool> {
        self.connection
            .prepare_cached("DELETE FROM shells WHERE scope = ?1")?
            .execute([scope])?;
        let gone = self
            .connection
            .prepare_cached("DELETE FROM sandboxes WHERE scope = ?1")?
            .execute([scope])?;
        Ok(gone > 0)
    }

    /// Keeps what a session's shell remembers. More than [`MEMORY_BYTES`] is not kept, and false is returned.
    pub fn shell_put(&self, session: &str, scope: &str, memory: &[u8]) -> Result<bool> {
        check_name("a session key", session, KEY_BYTES)?;
        if memory.len() > MEMORY_BYTES {
            return Ok(false);
        }
        self.connection
            .prepare_cached(
                "INSERT INTO shells (session, scope, memory, used_ms) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET scope = excluded.scope, memory = excluded.memory,
                     used_ms = excluded.used_ms",
            )?
            .execute(params![session, scope, memory, self.now_ms])?;
        Ok(true)
    }
}
