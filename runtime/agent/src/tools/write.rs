//! `write`: a file as a whole.

use std::path::Path;

use serde_json::{Value, json};

use super::ToolOutput;
use super::edit::diff;
use super::files::{Refusal, Workspace, text};

pub(super) const ABOUT: &str = "Write a file of the workspace as a whole, in the place of what is there. Folders on the way are created.";

pub(super) fn parameters() -> Value {
    json!({
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "The file, relative to the workspace"},
            "content": {"type": "string", "description": "All that it is to hold"},
        },
        "required": ["path", "content"],
    })
}

pub(super) fn call(folder: &Path, arguments: Value) -> ToolOutput {
    write(folder, &arguments).unwrap_or_else(|refusal| refusal)
}

fn write(folder: &Path, arguments: &Value) -> Result<ToolOutput, Refusal> {
    let workspace = Workspace::open(folder)?;
    let place = workspace.place(text(arguments, &["path", "file_path"])?)?;
    let content = text(arguments, &["content"])?;
    let is_there = workspace.dir().exists(&place);
    let before = match is_there {
        true => String::from_utf8_lossy(&workspace.read(&place)?).into_owned(),
        false => String::new(),
    };
    workspace.replace(&place, content.as_bytes())?;
    let changes = diff(&place, &before, content);
    let details = json!({
        "changed": !is_there || before != content, "created": !is_there,
        "diff": changes.text, "patch": changes.text, "firstChangedLine": changes.first_line,
    });
    let told = format!("Wrote {} bytes to {}.", content.len(), place.display());
    Ok(ToolOutput::ok(told).with(details))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_is_created_with_its_folders_and_replaced_with_its_rights() {
        let folder = tempfile::tempdir().unwrap();
        let write = |content: &str| call(folder.path(), json!({"path": "a/b/c.txt", "content": content}));
        let made = write("one\n");
        assert_eq!(made.text, "Wrote 4 bytes to a/b/c.txt.");
        assert_eq!(made.details.unwrap()["created"], json!(true));
        let file = folder.path().join("a/b/c.txt");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let details = write("two\n").details.unwrap();
        assert_eq!(
            (&details["created"], &details["firstChangedLine"]),
            (&json!(false), &json!(1))
        );
        assert_eq!(fs::read_to_string(&file).unwrap(), "two\n");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(folder.path().join("a/b")).unwrap().count(), 1);
    }

    #[test]
    fn nothing_outside_of_the_workspace_is_written_by_name_or_by_link() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("work");
        fs::create_dir(&folder).unwrap();
        std::os::unix::fs::symlink("../new", folder.join("link")).unwrap();
        std::os::unix::fs::symlink(outer.path(), folder.join("up")).unwrap();
        for path in ["../new", "link", "up/new", "/tmp/../new", "."] {
            let output = call(&folder, json!({"path": path, "content": "x"}));
            assert!(output.is_error || path == "link", "{path}: {}", output.text);
        }
        assert!(!outer.path().join("new").exists());
    }
}
