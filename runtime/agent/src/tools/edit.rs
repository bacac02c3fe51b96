//! `edit`: pieces of a file, each found by its text.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use similar::TextDiff;

use super::ToolOutput;
use super::files::{Refusal, Workspace, text};

pub(super) const ABOUT: &str = "Change pieces of a file of the workspace. Each oldText must be in the file exactly \
once, as it is before all edits, and no two may overlap.";
/// The longest diff that is kept, in bytes.
const DIFF_BYTES: usize = 64 * 1024;
/// The longest texts that are compared, in bytes together.
const COMPARED_BYTES: usize = 1 << 20;
/// How long they are compared before what is left counts as different.
const COMPARING: Duration = Duration::from_millis(300);

pub(super) fn parameters() -> Value {
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

pub(super) fn call(folder: &Path, arguments: Value) -> ToolOutput {
    edit(folder, &arguments).unwrap_or_else(|refusal| refusal)
}

fn edit(folder: &Path, arguments: &Value) -> Result<ToolOutput, Refusal> {
    let workspace = Workspace::open(folder)?;
    let place = workspace.place(text(arguments, &["path", "file_path"])?)?;
    let edits = edits(arguments)?;
    let bytes = workspace.read(&place)?;
    let Ok(whole) = String::from_utf8(bytes) else {
        return Err(ToolOutput::failed(format!(
            "{} is not a text file.",
            place.display()
        )));
    };
    let (mark, body) = match whole.strip_prefix('\u{feff}') {
        Some(body) => ("\u{feff}", body),
        None => ("", whole.as_str()),
    };
    // Models write line feeds, whatever the file has.
    let has_returns = body.contains("\r\n");
    let before = body.replace("\r\n", "\n");
    let after = apply(&before, &edits)?;
    let changes = diff(&place, &before, &after);
    let written = match has_returns {
        true => after.replace('\n', "\r\n"),
        false => after.clone(),
    };
    if before != after {
        workspace.replace(&place, format!("{mark}{written}").as_bytes())?;
    }
    let details = json!({
        "changed": before != after, "diff": changes.text, "patch": changes.text,
        "firstChangedLine": changes.first_line,
    });
    let told = match edits.len() {
        1 => format!("Changed {}.", place.display()),
        count => format!("Made {count} changes in {}.", place.display()),
    };
    Ok(ToolOutput::ok(told).with(details))
}

struct Edit {
    old: String,
    new: String,
}

fn edits(arguments: &Value) -> Result<Vec<Edit>, Refusal> {
    let one = |value: &Value| -> Result<Edit, Refusal> {
        let old = text(value, &["oldText", "old_string"])?.replace("\r\n", "\n");
        let new = text(value, &["newText", "new_string"])?.replace("\r\n", "\n");
        match old.is_empty() {
            true => Err(ToolOutput::failed(
                "oldText is empty; to create a file use write.",
            )),
            false => Ok(Edit { old, new }),
        }
    };
    match arguments.get("edits") {
        Some(Value::Array(list)) if !list.is_empty() => list.iter().map(one).collect(),
        // Some models write the list as a text.
        Some(Value::String(text)) => match serde_json::from_str::<Vec<Value>>(text) {
            Ok(list) if !list.is_empty() => list.iter().map(one).collect(),
            _ => Err(ToolOutput::failed("edits is a list of {oldText, newText}.")),
        },
        Some(_) => Err(ToolOutput::failed("edits is a list of {oldText, newText}.")),
        None => Ok(vec![one(arguments)?]),
    }
}

fn apply(before: &str, edits: &[Edit]) -> Result<String, Refusal> {
    let mut places = Vec::new();
    for (number, edit) in edits.iter().enumerate() {
        let mut found = before.match_indices(&edit.old);
        let (first, second) = (found.next(), found.next());
        let Some((at, _)) = first else {
            return Err(ToolOutput::failed(format!(
                "The oldText of edit {} is not in the file. Read it again; every space counts.",
                number + 1
            )));
        };
        if second.is_some() {
            return Err(ToolOutput::failed(format!(
                "The oldText of edit {} is in the file more than once; add lines around it.",
                number + 1
            )));
        }
        places.push((at, edit));
    }
    places.sort_by_key(|(at, _)| *at);
    let mut after = String::with_capacity(before.len());
    let mut end = 0;
    for (at, edit) in places {
        let Some(kept) = before.get(end..at) else {
            return Err(ToolOutput::failed("Two edits overlap; make one of them."));
        };
        after.push_str(kept);
        after.push_str(&edit.new);
        end = at + edit.old.len();
    }
    after.push_str(before.get(end..).unwrap_or_default());
    Ok(after)
}

/// What differs between two texts.
pub(super) struct Changes {
    /// In the unified form.
    pub(super) text: String,
    /// The first line that differs, in the new text.
    pub(super) first_line: Option<usize>,
}

/// Compares two texts. Comparing large ones that have little in common takes a time that grows with the square of
/// them, and nothing can end it from outside, so that it ends by itself.
pub(super) fn diff(place: &Path, before: &str, after: &str) -> Changes {
    let first_line = first_difference(before, after);
    if before.len() + after.len() > COMPARED_BYTES {
        let text = format!(
            "[too long to be compared: {} and {} bytes]",
            before.len(),
            after.len()
        );
        return Changes { text, first_line };
    }
    let compared = TextDiff::configure().timeout(COMPARING).diff_lines(before, after);
    let shown = place.display().to_string();
    let mut text = compared
        .unified_diff()
        .context_radius(3)
        .header(&shown, &shown)
        .to_string();
    if text.len() > DIFF_BYTES {
        text.truncate(text.floor_char_boundary(DIFF_BYTES));
        text.push_str("\n[… cut]");
    }
    Changes { text, first_line }
}

/// The first line of the new text that differs, counted from one.
fn first_difference(before: &str, after: &str) -> Option<usize> {
    let (mut old, mut new) = (before.split_inclusive('\n'), after.split_inclusive('\n'));
    let mut line = 1;
    loop {
        match (old.next(), new.next()) {
            (None, None) => return None,
            (old, new) if old == new => line += 1,
            _ => return Some(line),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Instant;

    use super::*;

    fn file(text: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.txt"), text).unwrap();
        folder
    }

    fn text_of(folder: &tempfile::TempDir) -> String {
        fs::read_to_string(folder.path().join("a.txt")).unwrap()
    }

    #[test]
    fn several_pieces_are_changed_at_once_as_the_file_was_before() {
        let folder = file("one\ntwo\nthree\n");
        let edits = json!([{"oldText": "three", "newText": "one"}, {"oldText": "one", "newText": "ten"}]);
        let output = call(folder.path(), json!({"path": "a.txt", "edits": edits}));
        assert!(!output.is_error, "{}", output.text);
        assert_eq!(text_of(&folder), "ten\ntwo\none\n");
        let details = output.details.unwrap();
        assert_eq!(details["firstChangedLine"], json!(1));
        assert!(details["diff"].as_str().unwrap().contains("+ten\n"));
    }

    #[test]
    fn the_mark_and_the_line_ends_of_a_file_stay() {
        let folder = file("\u{feff}a\r\nb\r\n");
        let output = call(
            folder.path(),
            json!({"path": "a.txt", "old_string": "a\nb", "new_string": "a\nx\nb"}),
        );
        assert!(!output.is_error, "{}", output.text);
        assert_eq!(text_of(&folder), "\u{feff}a\r\nx\r\nb\r\n");
    }

    #[test]
    fn texts_that_have_nothing_in_common_are_compared_no_longer_than_may_be() {
        let lines = |factor: u64, count: u64| -> String {
            let numbers = (0..count).map(|n| n.wrapping_mul(n + 1).wrapping_mul(factor) >> 7 & 0xFFFF);
            numbers.map(|number| format!("{number:x}\n")).collect()
        };
        let (one, other) = (0x9E37_79B9_7F4A_7C15, 0xD1B5_4A32_D192_ED03);
        let began = Instant::now();
        let changes = diff(Path::new("a.txt"), &lines(one, 60_000), &lines(other, 60_000));
        assert_eq!(changes.first_line, Some(2));
        assert!(changes.text.starts_with("--- a.txt"), "{}", changes.text);
        let (before, after) = (lines(one, 150_000), lines(other, 150_000));
        let changes = diff(Path::new("a.txt"), &before, &after);
        assert_eq!(changes.first_line, Some(2));
        assert!(
            changes.text.contains("too long to be compared"),
            "{}",
            changes.text
        );
        // Left to itself, the first pair takes minutes.
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    }

    #[test]
    fn an_edit_that_is_not_clear_changes_nothing() {
        let folder = file("aa\nb\n");
        for edits in [
            json!([{"oldText": "c", "newText": "d"}]),
            json!([{"oldText": "a", "newText": "d"}]),
            json!([{"oldText": "aa\nb", "newText": "d"}, {"oldText": "b\n", "newText": "e"}]),
            json!([{"oldText": "b", "newText": "x"}, {"oldText": "c", "newText": "d"}]),
            json!([{"oldText": "", "newText": "d"}]),
            json!("nothing"),
        ] {
            let output = call(folder.path(), json!({"path": "a.txt", "edits": edits.clone()}));
            assert!(output.is_error, "{edits}");
            assert_eq!(text_of(&folder), "aa\nb\n");
        }
    }
}
