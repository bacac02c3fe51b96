//! `read` and `ls`.

use std::fs;

use openclaw_files::Tool;
use serde_json::{Value, json};

use crate::Work;

#[test]
fn a_file_is_read_page_by_page_to_its_end() {
    let lines: Vec<_> = (1..=4500).map(|n| format!("line {n}")).collect();
    let work = Work::with(&[("a.txt", &lines.join("\n"))]);
    let first = work.call(Tool::Read, json!({"path": "a.txt"}));
    assert!(first.text.starts_with("line 1\n"));
    let hint = "line 2000\n\n[Lines 1 to 2000 of 4500; go on with offset 2001.]";
    assert!(first.text.ends_with(hint));
    let details = first.details.unwrap();
    assert_eq!(
        details["truncation"],
        json!({"truncated": true, "totalLines": 4500, "outputLines": 2000, "firstLine": 1})
    );
    let last = work.ask(Tool::Read, json!({"file_path": "./a.txt", "offset": 4499.0}));
    assert_eq!(last, "line 4499\nline 4500");
    let some = work.ask(Tool::Read, json!({"path": "a.txt", "offset": 2, "limit": 2}));
    assert_eq!(
        some,
        "line 2\nline 3\n\n[Lines 2 to 3 of 4500; go on with offset 4.]"
    );
    let beyond = work.refused(Tool::Read, json!({"path": "a.txt", "offset": 4501}));
    assert_eq!(beyond, "a.txt has 4500 lines.");
}

#[test]
fn a_page_has_no_more_than_its_bytes_and_a_line_no_more_than_a_page() {
    let line = "ä".repeat(1000);
    let work = Work::with(&[("a.txt", &format!("{line}\n").repeat(100))]);
    let page = work.ask(Tool::Read, json!({"path": "a.txt"}));
    assert!(page.len() < 51 * 1024 + 100, "{}", page.len());
    assert!(
        page.ends_with("[Lines 1 to 25 of 100; go on with offset 26.]"),
        "{}",
        &page[page.len() - 80..]
    );
    work.put("long", format!("x{}\nnext", "ä".repeat(50_000)));
    let page = work.ask(Tool::Read, json!({"path": "long"}));
    let told = "ä [… 48802 more bytes in this line]\n\n[Lines 1 to 1 of 2; go on with offset 2.]";
    assert!(page.ends_with(told), "{}", page.split(" [").last().unwrap());
    assert_eq!(work.ask(Tool::Read, json!({"path": "long", "offset": 2})), "next");
}

#[test]
fn an_empty_file_is_an_empty_page() {
    let work = Work::with(&[("a", "")]);
    assert_eq!(work.ask(Tool::Read, json!({"path": "a"})), "");
}

#[test]
fn bytes_that_are_no_text_are_shown_as_such_and_binaries_are_refused() {
    let work = Work::new();
    work.put("latin", b"th\xe9\r\nok");
    assert_eq!(work.ask(Tool::Read, json!({"path": "latin"})), "th\u{fffd}\nok");
    work.put("bin", [1, 0, 2]);
    assert_eq!(
        work.refused(Tool::Read, json!({"path": "bin"})),
        "bin is not a text file."
    );
}

#[test]
fn what_is_missing_or_wrong_among_the_arguments_is_said() {
    let work = Work::with(&[("a", "x")]);
    for (arguments, said) in [
        (json!({}), "path is missing; it is a text."),
        (json!({"path": 1}), "path is missing; it is a text."),
        (json!({"path": "b"}), "There is no b."),
        (json!({"path": "b/c"}), "There is no b/c."),
        (json!({"path": "."}), ". is not a regular file."),
        (
            json!({"path": "a", "offset": 0}),
            "offset is a whole number, 1 or more.",
        ),
        (
            json!({"path": "a", "limit": "many"}),
            "limit is a whole number, 1 or more.",
        ),
        (
            json!({"path": "a/b"}),
            "a/b cannot be used: something on its way is not a folder.",
        ),
    ] {
        assert_eq!(work.refused(Tool::Read, arguments), said);
    }
}

#[test]
fn a_folder_is_listed_in_order_page_by_page() {
    let work = Work::with(&[("b", ""), ("c \"d\"", ""), ("a", "")]);
    fs::create_dir(work.path("sub")).unwrap();
    let first = work.call(Tool::Ls, json!({"limit": 2}));
    assert_eq!(first.text, "\"a\"\n\"b\"\n[2 more; go on with after \"b\".]");
    assert_eq!(
        first.details.unwrap(),
        json!({"names": ["a", "b"], "total": 4, "next": "b"})
    );
    let next = work.call(Tool::Ls, json!({"after": "b"}));
    assert_eq!(next.text, "\"c \\\"d\\\"\"\n\"sub/\"");
    assert_eq!(next.details.unwrap()["next"], Value::Null);
    assert_eq!(work.ask(Tool::Ls, json!({"path": "sub"})), "(empty)");
    for outside in ["..", "/", "missing", "a"] {
        work.refused(Tool::Ls, json!({"path": outside}));
    }
}
