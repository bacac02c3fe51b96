//! A folder of this machine and one as a guest sees it give the same answers.

use std::os::unix::fs::symlink;

use openclaw_files::{Folder, Machine, Plain, Roots, Tool};
use serde_json::{Value, json};

use crate::{Work, tree};

fn work() -> Work {
    let lines: String = (1..=3000).map(|n| format!("line {n}\n")).collect();
    let work = Work::with(&[
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
    ]);
    work.put("binary", [0, 1, 2, 255]);
    work.put("latin", b"th\xe9\n");
    symlink("a.txt", work.path("link")).unwrap();
    symlink("src", work.path("folder-link")).unwrap();
    symlink("../outside", work.path("out")).unwrap();
    symlink("/etc/passwd", work.path("absolute")).unwrap();
    symlink("loop", work.path("loop")).unwrap();
    work
}

fn patch(text: &str) -> Value {
    json!({"input": format!("*** Begin Patch\n{text}\n*** End Patch")})
}

fn script() -> Vec<(Tool, Value)> {
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

#[test]
fn sixty_calls_give_the_same_answers_and_the_same_files() {
    let (one, other) = (work(), work());
    let roots = Roots::new("/workspace");
    let machine = Machine::open_as(&one.path(""), roots.clone()).unwrap();
    let plain = Plain::new(other.path(""), roots);
    let script = script();
    assert!(script.len() >= 60, "{}", script.len());
    for (tool, arguments) in script {
        let [first, second] = [&machine as &dyn Folder, &plain]
            .map(|folder| serde_json::to_string(&tool.call(folder, &arguments)).unwrap());
        assert_eq!(first, second, "{} {arguments}", tool.name());
        assert_eq!(
            tree(&one.path("")),
            tree(&other.path("")),
            "{} {arguments}",
            tool.name()
        );
    }
}
