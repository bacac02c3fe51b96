//! Is the state whole?

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
    /// The head of the audit chain, if the chain holds.
    pub audit_head: Option<AuditHead>,
}

impl State {
    /// Checks the file's structure, references between tables, the usage kept for each store, and the audit
    /// chain. Reads every page: seconds on a database of gigabytes, beside the writer and not in its way.
    pub async fn check(&self) -> Result<Integrity> {
        self.read(|view| view.integrity()).await
    }
}

impl View<'_> {
    pub(crate) fn integrity(&self) -> Result<Integrity> {
        let mut problems = self.lines(&format!("PRAGMA integrity_check({MOST_PROBLEMS})"))?;
        problems.retain(|line| line != "ok");
        problems.extend(self.lines(
            "SELECT 'table ' || \"table\" || ', row ' || rowid || ': refers to a missing row of ' || parent
             FROM pragma_foreign_key_check",
        )?);
        problems.extend(self.lines(
            "SELECT 'store of ' || owner || ' ' || account || ': its usage does not match what it holds' FROM (
                 SELECT owner, account, entries, bytes FROM kv_usage WHERE entries > 0
                 EXCEPT
                 SELECT owner, account, count(*), sum(length(CAST(key AS BLOB)) + length(value))
                 FROM kv GROUP BY owner, account
             )",
        )?);
        let audit_head = match self.audit_verify() {
            Ok(head) => Some(head),
            Err(broken @ Error::AuditBroken { .. }) => {
                problems.push(broken.to_string());
                None
            }
            Err(other) => return Err(other),
        };
        Ok(Integrity { problems, audit_head })
    }

    fn lines(&self, query: &str) -> Result<Vec<String>> {
        let mut statement = self.connection.prepare(query)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        rows.map(|row| row.map_err(Error::from)).collect()
    }
}
