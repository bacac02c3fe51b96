//! `edit`: pieces of a file, each found by its text.

use serde_json::{Value, json};

use crate::answer::{Answer, Refusal};
use crate::arguments::text;
use crate::diff::diff;
use crate::file::{read, replace};
use crate::folder::Folder;
use crate::place::place;
use crate::text::{Piece, Text, plain, spliced};

pub(crate) const ABOUT: &str = "Change pieces of a file of the workspace. Each oldText must be in the file exactly \
once, as it is before all edits, and no two may overlap.";

pub(crate) fn parameters() -> Value {
    json!({
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "The file, relative to the workspace"},
            "edits": {
                "type": "array",
                "description": "What to change",
                "items": {
                    "type": "object",
                    "properties": {
                        "oldText": {"type": "string", "description": "The piece as it is"},
                        "newText": {"type": "string", "description": "The piece as it shall be"},
                    },
                    "required": ["oldText", "newText"],
                },
            },
        },
        "required": ["path", "edits"],
    })
}

pub(crate) fn call(folder: &dyn Folder, arguments: &Value) -> Result<Answer, Refusal> {
    let given = text(arguments, &["path", "file_path"])?;
    let edits = edits(arguments)?;
    let _held = folder.hold(&[&place(folder, given)?.path]);
    // As it is now that nobody else changes it.
    let place = place(folder, given)?;
    let before = Text::of_file(&place, read(folder, &place)?)?;
    let pieces = find(&before.body, &edits)?;
    let after = spliced(&before.body, &pieces);
    let is_changed = before.body != after;
    let changes = diff(&place.shown, &before.body, &after);
    if is_changed {
        replace(folder, &place, before.splice(&pieces).as_bytes())?;
    }
    let details = json!({
        "changed": is_changed, "diff": changes.text, "patch": changes.text,
        "firstChangedLine": changes.first_line,
    });
    let told = match edits.len() {
        _ if !is_changed => format!("{} is already so; nothing was changed.", place.shown),
        1 => format!("Changed {}.", place.shown),
        count => format!("Made {count} changes in {}.", place.shown),
    };
    Ok(Answer::ok(told, details))
}

struct Edit {
    old: String,
    new: String,
}

fn edits(arguments: &Value) -> Result<Vec<Edit>, Refusal> {
    let one = |value: &Value| -> Result<Edit, Refusal> {
        let old = plain(text(value, &["oldText", "old_string"])?);
        let new = plain(text(value, &["newText", "new_string"])?);
        match old.is_empty() {
            true => Err(Refusal::new("oldText is empty; to create a file use write.")),
            false => Ok(Edit { old, new }),
        }
    };
    match arguments.get("edits") {
        Some(Value::Array(list)) if !list.is_empty() => list.iter().map(one).collect(),
        // Some models write the list as a text.
        Some(Value::String(text)) => match serde_json::from_str::<Vec<Value>>(text) {
            Ok(list) if !list.is_empty() => list.iter().map(one).collect(),
            _ => Err(Refusal::new("edits is a list of {oldText, newText}.")),
        },
        Some(_) => Err(Refusal::new("edits is a list of {oldText, newText}.")),
        None => Ok(vec![one(arguments)?]),
    }
}

/// Where each edit is, in order.
fn find(before: &str, edits: &[Edit]) -> Result<Vec<Piece>, Refusal> {
    let mut pieces = Vec::with_capacity(edits.len());
    for (index, edit) in edits.iter().enumerate() {
        let number = index + 1;
        let Some(at) = before.find(&edit.old) else {
            return Err(Refusal(format!(
                "The oldText of edit {number} is not in the file. Read it again; every space counts."
            )));
        };
        // The next may begin inside of this one.
        let next = at + edit.old.chars().next().map_or(1, char::len_utf8);
        if before.get(next..).is_some_and(|rest| rest.contains(&edit.old)) {
            return Err(Refusal(format!(
                "The oldText of edit {number} is in the file more than once; add lines around it."
            )));
        }
        pieces.push(Piece {
            range: at..at + edit.old.len(),
            text: edit.new.clone(),
        });
    }
    pieces.sort_by_key(|piece| piece.range.start);
    let mut neighbours = pieces.iter().zip(pieces.iter().skip(1));
    match neighbours.any(|(one, next)| next.range.start < one.range.end) {
        true => Err(Refusal::new("Two edits overlap; make one of them.")),
        false => Ok(pieces),
    }
}
