//! `ls`: the names in a folder, in order, page by page.

use serde_json::{Value, json};

use crate::answer::{Answer, Refusal};
use crate::arguments::{number, optional};
use crate::folder::{Folder, Kind};
use crate::place::place;
use crate::words::refuse;

pub(crate) const ABOUT: &str = "List a folder of the workspace, one name a line in quotes; folders end with a slash. \
after is the last name of the page before.";
/// How many names a page has.
const NAMES: usize = 500;
/// The most names that are looked at.
const LOOKED_AT: usize = 100_000;

pub(crate) fn parameters() -> Value {
    json!({
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "The folder, relative to the workspace; without it the workspace"},
            "after": {"type": "string", "description": "The name to go on behind"},
            "limit": {"type": "integer", "minimum": 1, "maximum": NAMES, "description": "How many names"},
        },
    })
}

pub(crate) fn call(folder: &dyn Folder, arguments: &Value) -> Result<Answer, Refusal> {
    let place = place(folder, optional(arguments, "path")?.unwrap_or("."))?;
    let limit = number(arguments, "limit")?.unwrap_or(NAMES).min(NAMES);
    let after = optional(arguments, "after")?;
    let listing = folder
        .list(&place.path, LOOKED_AT)
        .map_err(|error| refuse("listed", &place.shown, &error))?;
    let is_cut = listing.is_cut;
    let mut names: Vec<_> = listing
        .entries
        .into_iter()
        .map(|entry| match entry.kind {
            Kind::Folder => entry.name + "/",
            _ => entry.name,
        })
        .collect();
    names.sort();
    let total = names.len();
    names.retain(|name| after.is_none_or(|after| name.as_str() > after));
    let left = names.len().saturating_sub(limit);
    names.truncate(limit);
    let mut text: Vec<_> = names.iter().map(|name| json!(name).to_string()).collect();
    let next = names.last().filter(|_| left > 0).cloned();
    if let Some(next) = &next {
        text.push(format!("[{left} more; go on with after {}.]", json!(next)));
    } else if text.is_empty() {
        text.push("(empty)".to_owned());
    }
    if is_cut {
        text.push(format!(
            "[The folder has more than {LOOKED_AT} names; these are among the first of them.]"
        ));
    }
    let details = json!({"names": names, "total": total, "next": next});
    Ok(Answer::ok(text.join("\n"), details))
}
