//! Is the state whole?
//!
//! **Promise.** A check says everything that it finds: a step that the damage itself stops becomes one line, and
//! the others are taken all the same.

use crate::audit::AuditHead;
use crate::error::{Error, Result};
use crate::state::State;
use crate::view::View;

/// How many problems of the file a check lists.
const MOST_PROBLEMS: u32 = 100;

/// What a check found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Integrity {
    /// What is wrong, one line each. Empty: nothing is.
    pub problems: Vec<String>,
    /// Whether the file's structure is whole: every page can be read and is where it belongs.
    pub sound: bool,
    /// The head of the audit chain, if the chain holds.
    pub audit_head: Option<AuditHead>,
}

impl State {
    /// Checks the file's structure, the usage kept for each store, and the audit chain. Reads every page:
    /// seconds on a database of gigabytes, beside the writer.
    pub async fn check(&self) -> Result<Integrity> {
        self.read(|view| Ok(view.integrity())).await
    }
}

impl View<'_> {
    pub(crate) fn integrity(&self) -> Integrity {
        let mut problems = self.structure();
        let sound = problems.is_empty();
        // Both ways: a store without usage, usage without a store, and usage that says something else.
        let usage = self.lines(
            "SELECT 'store of ' || owner || ' ' || account || ': its usage does not match what it holds' FROM (
                 SELECT owner, account, count(*) AS entries,
                        sum(length(CAST(key AS BLOB)) + length(value)) AS bytes
                 FROM kv GROUP BY owner, account
                 UNION ALL
                 SELECT owner, account, -entries, -bytes FROM kv_usage
             )
             GROUP BY owner, account HAVING sum(entries) <> 0 OR sum(bytes) <> 0",
        );
        problems.extend(usage.unwrap_or_else(|error| vec![format!("the stores cannot be read: {error}")]));
        let audit_head = self.audit_verify().map_err(|error| {
            problems.push(match error {
                broken @ Error::AuditBroken { .. } => broken.to_string(),
                other => format!("the audit log cannot be read: {other}"),
            });
        });
        Integrity {
            problems,
            sound,
            audit_head: audit_head.ok(),
        }
    }

    /// What is wrong with the file itself, whatever its tables mean.
    pub(crate) fn structure(&self) -> Vec<String> {
        let mut problems = self
            .lines(&format!("PRAGMA integrity_check({MOST_PROBLEMS})"))
            .unwrap_or_else(|error| vec![format!("the file cannot be read: {error}")]);
        problems.retain(|line| line != "ok");
        problems
    }

    fn lines(&self, query: &str) -> Result<Vec<String>> {
        let mut statement = self.connection.prepare(query)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        rows.map(|row| row.map_err(Error::from)).collect()
    }
}
