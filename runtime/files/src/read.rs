//! `read`: a file, page by page.
//!
//! **Bound.** [`LINES`] lines or [`BYTES`] bytes a page, of a file of up to [`READ_BYTES`]. **Cost.** One pass over
//! the file, of which no more than a page is held.

use serde_json::{Value, json};

use crate::answer::{Answer, Refusal};
use crate::arguments::{number, text};
use crate::file::{expect_file, not_text};
use crate::folder::Folder;
use crate::lines::Lines;
use crate::place::place;
use crate::words::refuse;

pub(crate) const ABOUT: &str = "Read a text file of the workspace. Long files come in pages of up to 2000 lines or \
50 KB; offset says at which line to go on.";
/// The largest file of which pages are read, and the most of one that is searched.
pub const READ_BYTES: u64 = 256 << 20;
/// The most lines of a page.
const LINES: usize = 2000;
/// The most bytes of a page.
const BYTES: usize = 50 * 1024;

pub(crate) fn parameters() -> Value {
    json!({
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "The file, relative to the workspace"},
            "offset": {"type": "integer", "minimum": 1, "description": "The first line of the page, from 1"},
            "limit": {"type": "integer", "minimum": 1, "description": "How many lines"},
        },
        "required": ["path"],
    })
}

pub(crate) fn call(folder: &dyn Folder, arguments: &Value) -> Result<Answer, Refusal> {
    let place = place(folder, text(arguments, &["path", "file_path"])?)?;
    let offset = number(arguments, "offset")?.unwrap_or(1);
    let limit = number(arguments, "limit")?.unwrap_or(LINES).min(LINES);
    let length = expect_file(&place)?;
    if length > READ_BYTES {
        return Err(Refusal(format!(
            "{} has {length} bytes, and files up to {READ_BYTES} can be read.",
            place.shown
        )));
    }
    let failed = |error| refuse("read", &place.shown, &error);
    let file = folder.open(&place.path).map_err(failed)?;
    let Some(mut lines) = Lines::open(file, READ_BYTES).map_err(failed)? else {
        return Err(not_text(&place));
    };
    let (mut page, mut kept) = (String::new(), Vec::new());
    let (mut total, mut shown, mut is_full) = (0, 0, false);
    loop {
        let is_wanted = total + 1 >= offset && !is_full;
        // What is cut off must not begin inside of a character.
        let max = if is_wanted { BYTES + 4 } else { 0 };
        let Some(line) = lines.next(&mut kept, max).map_err(failed)? else {
            break;
        };
        total += 1;
        if !is_wanted {
            continue;
        }
        let line = head(&kept, line.bytes);
        is_full = shown == limit || (shown > 0 && page.len() + line.len() + 1 > BYTES);
        if is_full {
            continue;
        }
        if shown > 0 {
            page.push('\n');
        }
        page.push_str(&line);
        shown += 1;
    }
    if offset > total.max(1) {
        return Err(Refusal(format!("{} has {total} lines.", place.shown)));
    }
    let last = offset - 1 + shown;
    if last < total {
        page.push_str(&format!(
            "\n\n[Lines {offset} to {last} of {total}; go on with offset {}.]",
            last + 1
        ));
    }
    let details = json!({"truncation": {
        "truncated": last < total, "totalLines": total, "outputLines": shown, "firstLine": offset,
    }});
    Ok(Answer::ok(page, details))
}

/// As much of a line as fits on a page.
fn head(kept: &[u8], length: u64) -> String {
    let mut line = String::from_utf8_lossy(kept).into_owned();
    if line.len() <= BYTES {
        return line;
    }
    let end = line.floor_char_boundary(BYTES);
    let more = length.saturating_sub(end as u64);
    line.truncate(end);
    line.push_str(&format!(" [… {more} more bytes in this line]"));
    line
}
