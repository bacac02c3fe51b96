//! `write` and `edit`.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::thread;

use openclaw_files::Tool;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::Work;

fn edits(edits: Value) -> Value {
    json!({"path": "a.txt", "edits": edits})
}

#[test]
fn a_file_is_created_with_its_folders_and_replaced_with_its_rights() {
    let work = Work::new();
    let write = |content: &str| work.call(Tool::Write, json!({"path": "a/b/c.txt", "content": content}));
    let made = write("one\n");
    assert_eq!(made.text, "Wrote 4 bytes to a/b/c.txt.");
    let details = made.details.unwrap();
    assert_eq!(
        (
            &details["created"],
            &details["changed"],
            &details["firstChangedLine"]
        ),
        (&json!(true), &json!(true), &json!(1))
    );
    fs::set_permissions(work.path("a/b/c.txt"), fs::Permissions::from_mode(0o640)).unwrap();
    let details = write("two\n").details.unwrap();
    let expected = "--- a/b/c.txt\n+++ a/b/c.txt\n@@ -1 +1 @@\n-one\n+two\n";
    assert_eq!(
        details,
        json!({"changed": true, "created": false, "diff": expected, "patch": expected, "firstChangedLine": 1})
    );
    assert_eq!(work.get("a/b/c.txt"), "two\n");
    let found = fs::metadata(work.path("a/b/c.txt")).unwrap();
    assert_eq!(found.permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::read_dir(work.path("a/b")).unwrap().count(), 1);
    let details = write("two\n").details.unwrap();
    assert_eq!(
        (
            &details["changed"],
            &details["firstChangedLine"],
            &details["diff"]
        ),
        (&json!(false), &Value::Null, &json!(""))
    );
}

#[test]
fn a_link_stays_and_leads_to_the_new_file() {
    let work = Work::with(&[("real/a.txt", "one")]);
    symlink("real/a.txt", work.path("link")).unwrap();
    symlink("real/new", work.path("dangling")).unwrap();
    for (path, target) in [("link", "real/a.txt"), ("dangling", "real/new")] {
        work.ask(Tool::Write, json!({"path": path, "content": "two"}));
        assert!(work.path(path).is_symlink());
        assert_eq!(work.get(target), "two");
    }
    work.ask(
        Tool::Edit,
        json!({"path": "link", "oldText": "two", "newText": "three"}),
    );
    assert!(work.path("link").is_symlink());
    assert_eq!(work.get("real/a.txt"), "three");
}

#[test]
fn several_pieces_are_changed_at_once_as_the_file_was_before() {
    let work = Work::with(&[("a.txt", "one\ntwo\nthree\n")]);
    let list = json!([{"oldText": "three", "newText": "one"}, {"oldText": "one", "newText": "ten"}]);
    let answer = work.call(Tool::Edit, edits(list));
    assert_eq!(answer.text, "Made 2 changes in a.txt.");
    assert_eq!(work.get("a.txt"), "ten\ntwo\none\n");
    let expected = "--- a.txt\n+++ a.txt\n@@ -1,3 +1,3 @@\n+ten\n+two\n one\n-two\n-three\n";
    assert_eq!(
        answer.details.unwrap(),
        json!({"changed": true, "diff": expected, "patch": expected, "firstChangedLine": 1})
    );
}

#[test]
fn the_mark_and_the_line_ends_of_a_file_stay() {
    let work = Work::with(&[("a.txt", "\u{feff}a\r\nb\r\n")]);
    let one = json!({"path": "a.txt", "old_string": "\u{feff}a\nb", "new_string": "a\nx\nb"});
    assert_eq!(work.ask(Tool::Edit, one), "Changed a.txt.");
    assert_eq!(work.get("a.txt"), "\u{feff}a\r\nx\r\nb\r\n");
    work.put("a.txt", "unix\nwindows\r\nunix\nold");
    work.ask(
        Tool::Edit,
        edits(json!([{"oldText": "old", "newText": "new\nend"}])),
    );
    assert_eq!(work.get("a.txt"), "unix\nwindows\r\nunix\nnew\nend");
}

#[test]
fn an_edit_that_is_not_clear_changes_nothing() {
    let work = Work::with(&[("a.txt", "aa\nb\nxyxyx\n")]);
    let before = work.get("a.txt");
    for (list, said) in [
        (
            json!([{"oldText": "c", "newText": "d"}]),
            "edit 1 is not in the file",
        ),
        (json!([{"oldText": "a", "newText": "d"}]), "more than once"),
        (json!([{"oldText": "xyx", "newText": "d"}]), "more than once"),
        (
            json!([{"oldText": "aa\nb", "newText": "d"}, {"oldText": "b\n", "newText": "e"}]),
            "overlap",
        ),
        (
            json!([{"oldText": "b", "newText": "x"}, {"oldText": "c", "newText": "d"}]),
            "edit 2 is not in the file",
        ),
        (json!([{"oldText": "", "newText": "d"}]), "oldText is empty"),
        (json!([]), "edits is a list"),
        (json!("nothing"), "edits is a list"),
        (json!([{"oldText": "b"}]), "newText is missing"),
    ] {
        let text = work.refused(Tool::Edit, edits(list));
        assert!(text.contains(said), "{text}");
        assert_eq!(work.get("a.txt"), before);
    }
}

#[test]
fn an_edit_that_changes_nothing_says_so_and_touches_nothing() {
    let work = Work::with(&[("a.txt", "one\n")]);
    let before = fs::metadata(work.path("a.txt")).unwrap().modified().unwrap();
    let answer = work.call(
        Tool::Edit,
        edits(json!("[{\"oldText\": \"one\", \"newText\": \"one\"}]")),
    );
    assert_eq!(answer.text, "a.txt is already so; nothing was changed.");
    assert_eq!(answer.details.unwrap()["changed"], json!(false));
    assert_eq!(
        fs::metadata(work.path("a.txt")).unwrap().modified().unwrap(),
        before
    );
}

#[test]
fn changes_of_one_file_at_the_same_time_are_all_made() {
    let work = Work::with(&[("a.txt", &(0..40).map(|n| format!("<{n}>\n")).collect::<String>())]);
    thread::scope(|scope| {
        for n in 0..40 {
            let work = &work;
            scope.spawn(move || {
                let (old, new) = (format!("<{n}>"), format!("[{n}]"));
                work.ask(Tool::Edit, edits(json!([{"oldText": old, "newText": new}])));
            });
        }
    });
    let expected: String = (0..40).map(|n| format!("[{n}]\n")).collect();
    assert_eq!(work.get("a.txt"), expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Numbered lines are unique, so that each is an edit; those that are not edited must stay.
    #[test]
    fn edits_make_what_they_say_and_those_the_other_way_round_undo_them(
        news in prop::collection::vec(prop::option::of("[a-c\u{e4}\u{1f600}\n]{0,5}"), 1..12),
        ending in prop_oneof![Just("\n"), Just("\r\n")],
        mark in prop_oneof![Just(""), Just("\u{feff}")],
    ) {
        let old = |n: usize| format!("<{n}>");
        let new = |n: usize, text: &str| format!("({n}{text}{n})");
        let lines = |each: &dyn Fn(usize) -> String| -> String {
            let lines = (0..news.len()).map(|n| format!("{}\n", each(n)));
            mark.to_owned() + &lines.collect::<String>().replace('\n', ending)
        };
        let before = lines(&old);
        let after = lines(&|n| news[n].as_ref().map_or_else(|| old(n), |text| new(n, text)));
        let wanted: Vec<_> = news.iter().enumerate().filter_map(|(n, text)| Some((old(n), new(n, text.as_ref()?)))).collect();
        prop_assume!(!wanted.is_empty());
        let work = Work::with(&[("a.txt", &before)]);
        let there: Vec<_> = wanted.iter().rev().map(|(old, new)| json!({"oldText": old, "newText": new})).collect();
        work.ask(Tool::Edit, edits(json!(there)));
        prop_assert_eq!(work.get("a.txt"), after);
        let back: Vec<_> = wanted.iter().map(|(old, new)| json!({"oldText": new, "newText": old})).collect();
        work.ask(Tool::Edit, edits(json!(back)));
        prop_assert_eq!(work.get("a.txt"), before);
    }
}
