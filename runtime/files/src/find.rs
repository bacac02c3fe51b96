//! `find`: files and folders by their names.
//!
//! **Bound.** [`RESULTS`] by default, [`BYTES`] in all.

use std::path::Path;

use globset::GlobBuilder;
use regex::bytes::{Regex, RegexBuilder};
use serde_json::{Value, json};

use crate::answer::{Answer, Refusal};
use crate::arguments::{number, optional, text};
use crate::folder::{Folder, Kind};
use crate::names::show;
use crate::place::place;
use crate::walk::Walk;
use crate::words::refuse;

pub(crate) const ABOUT: &str = "Find files and folders of the workspace by a pattern like *.rs or src/**/*.test.ts. A \
pattern without a slash is matched with names in all folders, one with a slash with the path from the folder that is \
searched. What .gitignore leaves out is left out.";
/// How many are told unless it is said otherwise.
const RESULTS: usize = 1000;
/// The most that are told.
const MOST: usize = 10_000;
/// The most that is told, in bytes.
const BYTES: usize = 50 * 1024;
/// The longest pattern.
const PATTERN_BYTES: usize = 1000;
/// The largest form of a pattern.
const PATTERN_SIZE: usize = 1 << 19;

pub(crate) fn parameters() -> Value {
    json!({
        "type": "object",
        "properties": {
            "pattern": {"type": "string", "description": "The pattern of the name or path"},
            "path": {"type": "string", "description": "The folder to search; without it the workspace"},
            "limit": {"type": "integer", "minimum": 1, "maximum": MOST, "description": "How many results"},
        },
        "required": ["pattern"],
    })
}

pub(crate) fn call(folder: &dyn Folder, arguments: &Value) -> Result<Answer, Refusal> {
    let wanted = Names::new(text(arguments, &["pattern"])?)?;
    let place = place(folder, optional(arguments, "path")?.unwrap_or("."))?;
    let limit = number(arguments, "limit")?.unwrap_or(RESULTS).min(MOST);
    let failed = |error| refuse("searched", &place.shown, &error);
    let mut walk = Walk::begin(folder, &place.path).map_err(failed)?;
    let (mut lines, mut bytes, mut has_more) = (Vec::new(), 0, false);
    while let Some((path, kind)) = walk.next() {
        if !wanted.fit(&path, &place.path) {
            continue;
        }
        let mut line = show(&path);
        if kind == Kind::Folder {
            line.push('/');
        }
        bytes += line.len() + 1;
        if lines.len() == limit || bytes > BYTES {
            has_more = true;
            break;
        }
        lines.push(line);
    }
    let count = lines.len();
    if count == 0 {
        lines.push("Nothing was found.".to_owned());
    }
    if has_more {
        lines.push(format!(
            "[{count} results; there are more. Narrow the pattern or name a folder.]"
        ));
    }
    walk.gaps.tell(&mut lines);
    let details = json!({"count": count, "truncated": has_more || walk.gaps.is_any()});
    Ok(Answer::ok(lines.join("\n"), details))
}

/// A pattern of names.
pub(crate) struct Names {
    form: Regex,
    /// Whether it is about the path and not only the name.
    has_path: bool,
}

impl Names {
    pub(crate) fn new(pattern: &str) -> Result<Self, Refusal> {
        if pattern.is_empty() || pattern.len() > PATTERN_BYTES {
            return Err(Refusal(format!(
                "A pattern of names has 1 to {PATTERN_BYTES} bytes."
            )));
        }
        let has_path = pattern.contains('/');
        let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
        let pattern = pattern.strip_prefix('/').unwrap_or(pattern).trim_end_matches('/');
        let glob = GlobBuilder::new(pattern)
            .literal_separator(true)
            .backslash_escape(true)
            .build()
            .map_err(|error| Refusal(format!("The pattern is not clear: {}.", error.kind())))?;
        // Left to do this itself, the pattern stops the program if it is nested deeply.
        let form = RegexBuilder::new(glob.regex())
            .size_limit(PATTERN_SIZE)
            .build()
            .map_err(|_| Refusal::new("The pattern is too large; make it simpler."))?;
        Ok(Self { form, has_path })
    }

    /// Whether a path fits, in the folder that is searched.
    pub(crate) fn fit(&self, path: &Path, base: &Path) -> bool {
        let looked_at = match self.has_path {
            true => Some(path.strip_prefix(base).unwrap_or(path).as_os_str()),
            false => path.file_name(),
        };
        looked_at.is_some_and(|name| self.form.is_match(name.as_encoded_bytes()))
    }
}
