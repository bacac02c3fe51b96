//! Calls whose answers must be the same wherever they are made, and the files that they are made on.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use openclaw_files::Tool;
use serde_json::{Value, json};

/// Fills a folder that is there.
pub(crate) fn fill(folder: &Path) {
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    let lines: String = (1..=3000).map(|n| format!("line {n}\n")).collect();
    for (name, text) in [
        ("a.txt", "one\ntwo\nthree\n"),
        ("windows.txt", "\u{feff}one\r\ntwo\r\n"),
        ("src/main.rs", "fn main() {\n    run();\n}\n"),
        ("src/lib.rs", "pub fn run() {\n    todo();\n}\n"),
        ("long.txt", &lines),
        (".gitignore", "ignored\n*.tmp\n"),
        ("ignored/x.rs", "run"),
        ("empty", ""),
        ("a\nb", "newline\n"),
        ("ünïcode/日本.txt", "ありがとう\n"),
    ] {
        put(name, text.as_bytes());
    }
    put("binary", &[0, 1, 2, 255]);
    put("latin", b"th\xe9\n");
    let link = |target: &str, name: &str| symlink(target, folder.join(name)).unwrap();
    link("a.txt", "link");
    link("src", "folder-link");
    link("../outside", "out");
    link("/etc/passwd", "absolute");
    link("loop", "loop");
}

fn patch(text: &str) -> Value {
    json!({"input": format!("*** Begin Patch\n{text}\n*** End Patch")})
}

/// The calls, in order.
pub(crate) fn calls() -> Vec<(Tool, Value)> {
    let mut script: Vec<_> = [
        ".",
        "a.txt",
        "/workspace/a.txt",
        "windows.txt",
        "long.txt",
        "empty",
        "a\nb",
        "ünïcode/日本.txt",
        "binary",
        "latin",
        "link",
        "folder-link/lib.rs",
        "out",
        "absolute",
        "loop",
        "..",
        "/etc/passwd",
        "missing/x",
        "a.txt/x",
        "",
    ]
    .into_iter()
    .map(|path| (Tool::Read, json!({"path": path})))
    .collect();
    script.extend([
        (
            Tool::Read,
            json!({"path": "long.txt", "offset": 2500, "limit": 3}),
        ),
        (Tool::Read, json!({"path": "long.txt", "offset": 3001})),
        (Tool::Read, json!({"path": "a.txt", "offset": "x"})),
        (Tool::Ls, json!({})),
        (Tool::Ls, json!({"path": "src", "limit": 1})),
        (Tool::Ls, json!({"after": "empty"})),
        (Tool::Ls, json!({"path": "a.txt"})),
        (Tool::Ls, json!({"path": "out"})),
        (Tool::Grep, json!({"pattern": "run"})),
        (
            Tool::Grep,
            json!({"pattern": "LINE 1.0$", "ignoreCase": true, "limit": 4}),
        ),
        (
            Tool::Grep,
            json!({"pattern": "run", "context": 1, "glob": "src/*.rs"}),
        ),
        (Tool::Grep, json!({"pattern": "(", "path": "src"})),
        (
            Tool::Grep,
            json!({"pattern": "(", "path": "src", "literal": true}),
        ),
        (Tool::Grep, json!({"pattern": "あり|th.|new"})),
        (Tool::Grep, json!({"pattern": "x", "path": "loop"})),
        (Tool::Find, json!({"pattern": "*.rs"})),
        (Tool::Find, json!({"pattern": "*", "limit": 7})),
        (Tool::Find, json!({"pattern": "**/*.txt"})),
        (Tool::Find, json!({"pattern": "[", "path": "src"})),
        (Tool::Find, json!({"pattern": "x", "path": "a.txt"})),
        (
            Tool::Write,
            json!({"path": "new/deep/file.txt", "content": "hello\n"}),
        ),
        (
            Tool::Write,
            json!({"path": "a.txt", "content": "one\n2\nthree\n"}),
        ),
        (
            Tool::Write,
            json!({"path": "link", "content": "through the link\n"}),
        ),
        (Tool::Write, json!({"path": "out", "content": "x"})),
        (Tool::Write, json!({"path": "src", "content": "x"})),
        (Tool::Write, json!({"path": "binary", "content": "text now\n"})),
        (Tool::Write, json!({"path": "a.txt/x", "content": "x"})),
        (Tool::Write, json!({"path": "n".repeat(300), "content": "x"})),
        (Tool::Write, json!({"path": "a\u{0}b", "content": "x"})),
        (
            Tool::Edit,
            json!({"path": "windows.txt", "oldText": "two", "newText": "2\n3"}),
        ),
        (
            Tool::Edit,
            json!({"path": "src/lib.rs", "edits": [
            {"oldText": "todo()", "newText": "done()"}, {"oldText": "pub fn", "newText": "pub(crate) fn"}]}),
        ),
        (
            Tool::Edit,
            json!({"path": "src/lib.rs", "oldText": "n", "newText": "m"}),
        ),
        (
            Tool::Edit,
            json!({"path": "latin", "oldText": "th", "newText": "tea"}),
        ),
        (
            Tool::Edit,
            json!({"path": "missing", "oldText": "a", "newText": "b"}),
        ),
        (
            Tool::Edit,
            json!({"path": "long.txt", "oldText": "line 1500\n", "newText": ""}),
        ),
        (
            Tool::ApplyPatch,
            patch("*** Update File: src/main.rs\n@@ fn main() {\n-run();\n+    go();\n*** Add File: n\n+1"),
        ),
        (
            Tool::ApplyPatch,
            patch("*** Update File: n\n*** Move to: moved/n\n@@\n-1\n+2\n*** Delete File: empty"),
        ),
        (
            Tool::ApplyPatch,
            patch("*** Update File: a.txt\n@@\n-nothing\n+x"),
        ),
        (
            Tool::ApplyPatch,
            patch("*** Delete File: link\n*** Delete File: out"),
        ),
        (
            Tool::ApplyPatch,
            patch("*** Update File: windows.txt\n@@\n one\n-2\n+two"),
        ),
        (Tool::ApplyPatch, patch("*** Add File: ../x\n+x")),
        (Tool::ApplyPatch, patch("nonsense")),
        (Tool::Ls, json!({})),
        (Tool::Grep, json!({"pattern": "."})),
        (Tool::Find, json!({"pattern": "*"})),
    ]);
    script
}

/// Everything in a folder with its contents, links as they are.
pub(crate) fn tree(folder: &Path) -> Vec<(String, Vec<u8>)> {
    fn add(folder: &Path, base: &Path, all: &mut Vec<(String, Vec<u8>)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(base).unwrap().to_string_lossy().into_owned();
            let found = fs::symlink_metadata(&path).unwrap();
            if found.is_dir() {
                all.push((name + "/", Vec::new()));
                add(&path, base, all);
            } else if found.is_symlink() {
                let target = fs::read_link(&path).unwrap();
                all.push((name + "@", target.to_string_lossy().into_owned().into_bytes()));
            } else if found.is_file() {
                all.push((name, fs::read(&path).unwrap()));
            } else {
                all.push((name + "|", Vec::new()));
            }
        }
    }
    let mut all = Vec::new();
    add(folder, folder, &mut all);
    all.sort();
    all
}
