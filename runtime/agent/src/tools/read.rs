//! `read`: a file, page by page.

use std::path::Path;

use serde_json::{Value, json};

use super::ToolOutput;
use super::files::{Refusal, Workspace, number, text};

pub(super) const ABOUT: &str = "Read a text file of the workspace. Long files come in pages of up to 2000 lines or \
50 KB; offset says at which line to go on.";
/// The most lines of a page.
const LINES: usize = 2000;
/// The most bytes of a page.
const BYTES: usize = 50 * 1024;

pub(super) fn parameters() -> Value {
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

pub(super) fn call(folder: &Path, arguments: Value) -> ToolOutput {
    read(folder, &arguments).unwrap_or_else(|refusal| refusal)
}

fn read(folder: &Path, arguments: &Value) -> Result<ToolOutput, Refusal> {
    let workspace = Workspace::open(folder)?;
    let place = workspace.place(text(arguments, &["path", "file_path"])?)?;
    let offset = number(arguments, "offset")?.unwrap_or(1);
    let limit = number(arguments, "limit")?.unwrap_or(LINES).min(LINES);
    let bytes = workspace.read(&place)?;
    if bytes.iter().take(8192).any(|&byte| byte == 0) {
        return Err(ToolOutput::failed(format!(
            "{} is not a text file.",
            place.display()
        )));
    }
    let whole = String::from_utf8_lossy(&bytes);
    let total = whole.lines().count();
    if offset > total.max(1) {
        return Err(ToolOutput::failed(format!(
            "{} has {total} lines.",
            place.display()
        )));
    }
    let mut page = String::new();
    let mut shown = 0;
    for line in whole.lines().skip(offset - 1).take(limit) {
        if shown > 0 && page.len() + line.len() + 1 > BYTES {
            break;
        }
        if shown > 0 {
            page.push('\n');
        }
        page.push_str(&head(line));
        shown += 1;
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
    Ok(ToolOutput::ok(page).with(details))
}

/// As much of a line as fits on a page.
fn head(line: &str) -> String {
    if line.len() <= BYTES {
        return line.to_owned();
    }
    let end = line.floor_char_boundary(BYTES);
    format!(
        "{} [… {} more bytes in this line]",
        line.get(..end).unwrap_or_default(),
        line.len() - end
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn ask(folder: &Path, arguments: Value) -> ToolOutput {
        call(folder, arguments)
    }

    #[test]
    fn a_file_is_read_page_by_page_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let lines: Vec<_> = (1..=4500).map(|n| format!("line {n}")).collect();
        fs::write(folder.path().join("a.txt"), lines.join("\n")).unwrap();
        let first = ask(folder.path(), json!({"path": "a.txt"}));
        assert!(first.text.starts_with("line 1\n"));
        assert!(
            first
                .text
                .ends_with("[Lines 1 to 2000 of 4500; go on with offset 2001.]")
        );
        let last = ask(folder.path(), json!({"file_path": "./a.txt", "offset": 4499.0}));
        assert_eq!(last.text, "line 4499\nline 4500");
        assert!(ask(folder.path(), json!({"path": "a.txt", "offset": 4501})).is_error);
    }

    #[test]
    fn nothing_outside_of_the_workspace_is_read_by_name_or_by_link() {
        let outer = tempfile::tempdir().unwrap();
        fs::write(outer.path().join("secret"), "hunter2").unwrap();
        let folder = outer.path().join("work");
        fs::create_dir(&folder).unwrap();
        std::os::unix::fs::symlink("../secret", folder.join("link")).unwrap();
        std::os::unix::fs::symlink(outer.path(), folder.join("up")).unwrap();
        let absolute = outer.path().join("secret").display().to_string();
        for path in [
            "../secret",
            "link",
            "up/secret",
            &absolute,
            "a/../../secret",
            "/etc/passwd",
        ] {
            let output = ask(&folder, json!({"path": path}));
            assert!(
                output.is_error && !output.text.contains("hunter2"),
                "{path}: {}",
                output.text
            );
        }
        fs::write(folder.join("mine"), "ok").unwrap();
        let inside = folder.join("mine").display().to_string();
        assert_eq!(ask(&folder, json!({"path": inside})).text, "ok");
    }

    #[test]
    fn a_pipe_or_a_binary_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("bin"), [1, 0, 2]).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            folder.path().join("pipe"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        for path in ["bin", "pipe", ".", "missing"] {
            assert!(ask(folder.path(), json!({"path": path})).is_error, "{path}");
        }
    }
}
