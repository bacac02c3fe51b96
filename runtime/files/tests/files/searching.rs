//! `grep` and `find`.

use std::os::unix::fs::symlink;

use openclaw_files::Tool;
use serde_json::json;

use crate::Work;

#[test]
fn lines_are_told_with_their_file_and_number_in_the_order_of_the_names() {
    let work = Work::with(&[
        ("b.txt", "no\nFoo 1\r\nfoo 2"),
        ("a/z.rs", "x\nfoo()\n"),
        ("a.b", "foo"),
    ]);
    let answer = work.call(Tool::Grep, json!({"pattern": "fo+"}));
    assert_eq!(answer.text, "a/z.rs:2: foo()\na.b:1: foo\nb.txt:3: foo 2");
    assert_eq!(
        answer.details.unwrap(),
        json!({"matches": 3, "files": 3, "truncated": false})
    );
    let any = work.ask(
        Tool::Grep,
        json!({"pattern": "^foo", "ignoreCase": true, "path": "b.txt"}),
    );
    assert_eq!(any, "b.txt:2: Foo 1\nb.txt:3: foo 2");
    let literal = work.ask(Tool::Grep, json!({"pattern": "o()", "literal": true}));
    assert_eq!(literal, "a/z.rs:2: foo()");
    let some = work.ask(Tool::Grep, json!({"pattern": "foo", "glob": "*.rs"}));
    assert_eq!(some, "a/z.rs:2: foo()");
    let deep = work.ask(Tool::Grep, json!({"pattern": "foo", "glob": "a/**/*.{rs,ts}"}));
    assert_eq!(deep, "a/z.rs:2: foo()");
    assert_eq!(
        work.ask(Tool::Grep, json!({"pattern": "bar"})),
        "No line matches."
    );
}

#[test]
fn lines_around_a_match_are_told_once_and_apart_from_others() {
    let text: String = (1..=20).map(|n| format!("line {n}\n")).collect();
    let work = Work::with(&[("a", &text), ("b", "line 3\nx\n")]);
    let found = work.ask(Tool::Grep, json!({"pattern": "line (3|5|12)$", "context": 1}));
    assert_eq!(
        found,
        "a-2- line 2\na:3: line 3\na-4- line 4\na:5: line 5\na-6- line 6\n--\na-11- line 11\na:12: line 12\n\
         a-13- line 13\n--\nb:1: line 3\nb-2- x"
    );
}

#[test]
fn a_search_that_finds_too_much_says_so() {
    let work = Work::with(&[
        ("a", &"x\n".repeat(150)),
        ("b", &format!("{}\n", "y".repeat(600)).repeat(200)),
    ]);
    let first = work.call(Tool::Grep, json!({"pattern": "x"}));
    assert_eq!(first.text.lines().count(), 101);
    assert!(
        first
            .text
            .ends_with("a:100: x\n[There are more matches. Narrow the search, or raise limit.]")
    );
    assert_eq!(
        first.details.unwrap(),
        json!({"matches": 100, "files": 1, "truncated": true})
    );
    let exact = work.ask(Tool::Grep, json!({"pattern": "x", "limit": 150}));
    assert_eq!(exact.lines().count(), 150);
    let long = work.ask(Tool::Grep, json!({"pattern": "y", "limit": 5000}));
    let line = format!("b:1: {} [… of 600 bytes]", "y".repeat(500));
    assert_eq!(long.lines().next().unwrap(), line);
    assert!(
        long.len() < 51 * 1024 + 100 && long.ends_with("raise limit.]"),
        "{}",
        long.len()
    );
}

#[test]
fn what_is_no_text_or_ignored_is_not_searched() {
    let work = Work::with(&[
        (".gitignore", "*.log\n"),
        ("a.log", "foo"),
        (".git/config", "foo"),
        ("node_modules/m/i.js", "foo"),
        (".env", "foo"),
    ]);
    work.put("bin", b"foo\0");
    work.put("latin", b"\xe9 foo");
    symlink("a.log", work.path("link")).unwrap();
    assert_eq!(
        work.ask(Tool::Grep, json!({"pattern": "foo"})),
        ".env:1: foo\nlatin:1: \u{fffd} foo"
    );
    // What is named is searched.
    assert_eq!(
        work.ask(Tool::Grep, json!({"pattern": "foo", "path": "a.log"})),
        "a.log:1: foo"
    );
    assert_eq!(
        work.ask(Tool::Grep, json!({"pattern": "foo", "path": ".git"})),
        ".git/config:1: foo"
    );
}

#[test]
fn what_is_wrong_with_a_search_is_said() {
    let work = Work::with(&[("a", "x")]);
    for (arguments, said) in [
        (json!({"pattern": ""}), "A pattern has 1 to 4096 bytes."),
        (json!({"pattern": "x", "path": "none"}), "There is no none."),
        (
            json!({"pattern": "x", "context": -1}),
            "context is a whole number",
        ),
        (json!({"pattern": "x", "literal": 1}), "literal is true or false."),
        (
            json!({"pattern": "x", "glob": "[z"}),
            "The pattern is not clear: unclosed character class",
        ),
        (
            json!({"pattern": "(x"}),
            "The pattern is not clear: regex parse error",
        ),
    ] {
        let text = work.refused(Tool::Grep, arguments);
        assert!(text.starts_with(said), "{text}");
    }
}

#[test]
fn files_and_folders_are_found_by_name_and_by_path() {
    let work = Work::with(&[
        ("src/a.rs", ""),
        ("src/deep/b.rs", ""),
        ("src/deep/c.txt", ""),
        ("d.rs", ""),
        (".hidden.rs", ""),
        (".gitignore", "out\n"),
        ("out/e.rs", ""),
    ]);
    let find = |arguments| work.ask(Tool::Find, arguments);
    assert_eq!(
        find(json!({"pattern": "*.rs"})),
        ".hidden.rs\nd.rs\nsrc/a.rs\nsrc/deep/b.rs"
    );
    assert_eq!(find(json!({"pattern": "src/*.rs"})), "src/a.rs");
    assert_eq!(find(json!({"pattern": "**/b.rs"})), "src/deep/b.rs");
    assert_eq!(
        find(json!({"pattern": "deep/*", "path": "src"})),
        "src/deep/b.rs\nsrc/deep/c.txt"
    );
    assert_eq!(find(json!({"pattern": "d*"})), "d.rs\nsrc/deep/");
    assert_eq!(find(json!({"pattern": "z*"})), "Nothing was found.");
    let some = work.call(Tool::Find, json!({"pattern": "*", "limit": 2}));
    assert_eq!(
        some.text,
        ".gitignore\n.hidden.rs\n[2 results; there are more. Narrow the pattern or name a folder.]"
    );
    assert_eq!(some.details.unwrap(), json!({"count": 2, "truncated": true}));
    assert!(
        work.refused(Tool::Find, json!({"pattern": "x", "path": "d.rs"}))
            .contains("not a folder")
    );
}
