//! Calls that were broken off lately, as the audit log has them.

use openclaw_components::BREAK;
use openclaw_policy::{PluginId, display_safe};
use openclaw_state::AuditRow;
use serde_json::Value;

use super::super::place::Extensions;
use super::report::{Finding, Severity};
use crate::failure::Failure;

/// How far back is told, in milliseconds: what was mended since need not be looked at again.
const RECENT: i64 = 24 * 60 * 60 * 1000;
/// Entries of one extension that are looked at.
const MOST: u32 = 1000;
/// How much is shown of what the log has as names.
const SHOWN: usize = 80;

/// Tells of each extension that has any.
pub(super) fn find(extensions: &Extensions, ids: &[PluginId]) -> Result<Vec<Finding>, Failure> {
    let since = jiff::Timestamp::now().as_millisecond() - RECENT;
    let wanted = ids.to_vec();
    let found = extensions.look_into_state(move |view| {
        let of = |id: &PluginId| view.audit_of(&format!("extension:{id}"), BREAK, MOST);
        wanted.iter().map(of).collect::<Result<Vec<_>, _>>()
    })?;
    let found = ids.iter().zip(found.unwrap_or_default());
    Ok(found
        .filter_map(|(id, rows)| {
            let message = tell(rows.iter().filter(|row| row.at_ms >= since))?;
            Some(Finding::new(
                Severity::Info,
                "CALLS_BROKEN_OFF",
                id.as_str(),
                message,
            ))
        })
        .collect())
}

fn tell<'a>(rows: impl Iterator<Item = &'a AuditRow>) -> Option<String> {
    let (mut count, mut newest) = (0, None);
    for row in rows {
        let detail: Value = serde_json::from_str(&row.detail).unwrap_or_default();
        count += 1 + detail.get("leftOut").and_then(Value::as_u64).unwrap_or_default();
        newest = Some((row, detail));
    }
    let (row, detail) = newest?;
    let why = detail.get("why").and_then(Value::as_str).unwrap_or_default();
    Some(format!(
        "calls broken off within a day: {count}; the newest was {}, for {}",
        display_safe(&row.subject, SHOWN),
        display_safe(why, SHOWN)
    ))
}
