//! `openclaw plugins activity`: what an extension did on the network, from the audit. Starts no engine.

use std::process::ExitCode;

use openclaw_components::PASSAGE;
use openclaw_policy::{PluginId, display_safe};
use openclaw_state::AuditRow;
use serde_json::{Value, json};

use super::place::Extensions;
use crate::args::PluginsActivity;
use crate::failure::Failure;
use crate::output;

/// What is shown of one place.
const SHOWN: usize = 160;

/// Shows the newest entries, the newest last.
pub(super) fn run(extensions: &Extensions, args: &PluginsActivity) -> Result<ExitCode, Failure> {
    let rows = look(extensions, &args.id, args.limit)?;
    if args.json {
        let rows: Vec<_> = rows.iter().map(as_json).collect();
        output::print_json(&json!({ "id": args.id, "passages": rows }));
    } else if rows.is_empty() {
        output::print(&format!("Nothing of {} has passed to the network.", args.id));
    } else {
        let lines: Vec<_> = rows.iter().map(line).collect();
        output::print_shown(&lines.join("\n"));
    }
    Ok(ExitCode::SUCCESS)
}

fn look(extensions: &Extensions, id: &PluginId, most: u32) -> Result<Vec<AuditRow>, Failure> {
    let actor = format!("extension:{id}");
    let found = extensions.look_into_state(move |view| view.audit_of(&actor, PASSAGE, most));
    Ok(found?.unwrap_or_default())
}

fn detail(row: &AuditRow) -> Value {
    serde_json::from_str(&row.detail).unwrap_or_default()
}

fn as_json(row: &AuditRow) -> Value {
    json!({
        "seq": row.seq,
        "at": row.at_ms,
        "actor": row.actor,
        "what": row.subject,
        "outcome": row.outcome,
        "detail": detail(row),
    })
}

/// A moment as people read it, in UTC.
fn moment(millis: i64) -> String {
    match jiff::Timestamp::from_millisecond(millis) {
        Ok(moment) => format!("{moment:.0}"),
        Err(_) => millis.to_string(),
    }
}

fn line(row: &AuditRow) -> String {
    let detail = detail(row);
    let number = |name: &str| detail.get(name).and_then(Value::as_u64);
    let status = number("status").map_or("-".to_owned(), |status| status.to_string());
    let mut line = format!(
        "{}  {:<6}  {status:>3}  {:>6} ms  sent {}, received {}  {}",
        moment(row.at_ms),
        row.outcome,
        number("ms").unwrap_or_default(),
        number("sent").unwrap_or_default(),
        number("received").unwrap_or_default(),
        display_safe(&row.subject, SHOWN),
    );
    if let Some(why) = detail.get("why").and_then(Value::as_str) {
        line.push_str("\n    ");
        line.push_str(&display_safe(why, 2 * SHOWN));
    }
    line
}
