//! `write`: a file as a whole.

use serde_json::{Value, json};

use crate::answer::{Answer, Refusal};
use crate::arguments::text;
use crate::diff::{Changes, diff, too_long};
use crate::file::{FILE_BYTES, not_a_file, read, replace};
use crate::folder::{Folder, Kind};
use crate::place::place;

pub(crate) const ABOUT: &str = "Write a file of the workspace as a whole, in the place of what is there. Folders on \
the way are created.";

pub(crate) fn parameters() -> Value {
    json!({
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "The file, relative to the workspace"},
            "content": {"type": "string", "description": "All that it is to hold"},
        },
        "required": ["path", "content"],
    })
}

pub(crate) fn call(folder: &dyn Folder, arguments: &Value) -> Result<Answer, Refusal> {
    let given = text(arguments, &["path", "file_path"])?;
    let content = text(arguments, &["content"])?;
    let _held = folder.hold(&[&place(folder, given)?.path]);
    // As it is now that nobody else changes it.
    let place = place(folder, given)?;
    if place.found.is_some_and(|found| found.kind != Kind::File) {
        return Err(not_a_file(&place));
    }
    let length = place.found.map(|found| found.bytes);
    let before = match length {
        Some(length) if length <= FILE_BYTES => Some(read(folder, &place)?),
        Some(_) => None,
        None => Some(Vec::new()),
    };
    replace(folder, &place, content.as_bytes())?;
    let is_there = length.is_some();
    let changes = match &before {
        Some(before) => diff(&place.shown, &String::from_utf8_lossy(before), content),
        None => Changes {
            text: too_long(length.unwrap_or_default(), content.len()),
            first_line: None,
        },
    };
    let is_changed = !is_there || before.as_deref() != Some(content.as_bytes());
    let details = json!({
        "changed": is_changed, "created": !is_there,
        "diff": changes.text, "patch": changes.text, "firstChangedLine": changes.first_line,
    });
    let told = format!("Wrote {} bytes to {}.", content.len(), place.shown);
    Ok(Answer::ok(told, details))
}
