//! `ls`: the names in a folder, in order, page by page.

use std::path::Path;

use serde_json::{Value, json};

use super::ToolOutput;
use super::files::{Refusal, Workspace, number};

pub(super) const ABOUT: &str = "List a folder of the workspace, one name a line in quotes; folders end with a slash. \
after is the last name of the page before.";
/// How many names a page has.
const NAMES: usize = 500;
/// The most names that are looked at.
const LOOKED_AT: usize = 100_000;

pub(super) fn parameters() -> Value {
    json!({
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "The folder, relative to the workspace; without it the workspace"},
            "after": {"type": "string", "description": "The name to go on behind"},
            "limit": {"type": "integer", "minimum": 1, "maximum": NAMES, "description": "How many names"},
        },
    })
}

pub(super) fn call(folder: &Path, arguments: Value) -> ToolOutput {
    list(folder, &arguments).unwrap_or_else(|refusal| refusal)
}

fn list(folder: &Path, arguments: &Value) -> Result<ToolOutput, Refusal> {
    let workspace = Workspace::open(folder)?;
    let place = workspace.place(arguments.get("path").and_then(Value::as_str).unwrap_or("."))?;
    let limit = number(arguments, "limit")?.unwrap_or(NAMES).min(NAMES);
    let after = arguments.get("after").and_then(Value::as_str);
    let failed = |error: std::io::Error| workspace.failed("listed", &place, &error);
    let mut names = Vec::new();
    for entry in workspace.dir().read_dir(&place).map_err(failed)?.take(LOOKED_AT) {
        let entry = entry.map_err(failed)?;
        let mut name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            name.push('/');
        }
        names.push(name);
    }
    names.sort();
    let total = names.len();
    let left: Vec<_> = names
        .into_iter()
        .filter(|name| after.is_none_or(|after| name.as_str() > after))
        .collect();
    let shown: Vec<_> = left.iter().take(limit).collect();
    let mut text: Vec<_> = shown.iter().map(|name| json!(name).to_string()).collect();
    let next = (left.len() > shown.len())
        .then(|| shown.last().copied())
        .flatten();
    if let Some(next) = next {
        text.push(format!(
            "[{} more; go on with after {}.]",
            left.len() - shown.len(),
            json!(next)
        ));
    } else if text.is_empty() {
        text.push("(empty)".to_owned());
    }
    let details = json!({"names": shown, "total": total, "next": next});
    Ok(ToolOutput::ok(text.join("\n")).with(details))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_folder_is_listed_in_order_page_by_page() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b", "c \"d\"", "a"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::create_dir(folder.path().join("sub")).unwrap();
        let first = call(folder.path(), json!({"limit": 2}));
        assert_eq!(first.text, "\"a\"\n\"b\"\n[2 more; go on with after \"b\".]");
        let next = call(folder.path(), json!({"after": "b"}));
        assert_eq!(next.text, "\"c \\\"d\\\"\"\n\"sub/\"");
        assert_eq!(call(folder.path(), json!({"path": "sub"})).text, "(empty)");
        for outside in ["..", "/", "missing", "a"] {
            assert!(
                call(folder.path(), json!({"path": outside})).is_error,
                "{outside}"
            );
        }
    }
}
