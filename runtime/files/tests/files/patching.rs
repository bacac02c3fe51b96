//! `apply_patch`.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use openclaw_files::{Answer, Tool};
use proptest::prelude::*;
use serde_json::json;

use crate::{Work, tree};

fn patch(work: &Work, sections: &str) -> Answer {
    let input = format!("*** Begin Patch\n{sections}\n*** End Patch");
    work.call(Tool::ApplyPatch, json!({"input": input}))
}

fn apply(work: &Work, sections: &str) -> String {
    let answer = patch(work, sections);
    assert!(!answer.is_error, "{}", answer.text);
    answer.text
}

/// A patch of one file, and what the file is then.
fn update(before: &str, hunks: &str) -> String {
    let work = Work::with(&[("a", before)]);
    apply(&work, &format!("*** Update File: a\n{hunks}"));
    work.get("a")
}

#[test]
fn files_are_added_changed_moved_and_deleted_at_once() {
    let work = Work::with(&[
        ("old", "x\n"),
        ("mod.rs", "fn a() {\n    one();\n}\n"),
        ("from", "1\n2\n"),
    ]);
    fs::set_permissions(work.path("from"), fs::Permissions::from_mode(0o755)).unwrap();
    let answer = patch(
        &work,
        "*** Add File: new/deep.txt\n+hello\n+\n*** Delete File: old\n*** Update File: mod.rs\n@@ fn a() {\n\
         -    one();\n+    two();\n*** Update File: from\n*** Move to: to/there\n@@\n 1\n-2\n+3",
    );
    assert_eq!(
        answer.text,
        "Changed these files:\nA new/deep.txt\nM mod.rs\nM to/there\nD old"
    );
    assert_eq!(
        answer.details.unwrap(),
        json!({"summary": {"added": ["new/deep.txt"], "modified": ["mod.rs", "to/there"], "deleted": ["old"]}})
    );
    let all: Vec<_> = tree(&work.path(""))
        .into_iter()
        .map(|(name, bytes)| (name, String::from_utf8(bytes).unwrap()))
        .collect();
    let expected = [
        ("mod.rs", "fn a() {\n    two();\n}\n"),
        ("new/", ""),
        ("new/deep.txt", "hello\n\n"),
        ("to/", ""),
        ("to/there", "1\n3\n"),
    ];
    assert_eq!(
        all,
        expected.map(|(name, text)| (name.to_owned(), text.to_owned()))
    );
    let mode = fs::metadata(work.path("to/there")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
}

#[test]
fn a_patch_of_which_a_part_does_not_fit_changes_nothing() {
    let work = Work::with(&[("a", "one\n"), ("b", "two\n"), ("folder/x", ""), ("bin", "a\n")]);
    work.put("bin", [0xff, b'\n']);
    let before = tree(&work.path(""));
    let good = "*** Add File: new/file\n+x\n*** Update File: a\n@@\n-one\n+1\n*** Delete File: b\n";
    for (bad, said) in [
        (
            "*** Update File: a\n@@\n-three\n+3",
            "Hunk 1 of a is not found in it",
        ),
        ("*** Update File: missing\n@@\n-x\n+y", "There is no missing."),
        ("*** Delete File: missing", "There is no missing."),
        ("*** Delete File: b", "There is no b."),
        ("*** Update File: b\n@@\n-two\n+2", "after it took it away"),
        ("*** Delete File: folder", "not a regular file"),
        ("*** Add File: folder\n+x", "not a regular file"),
        ("*** Add File: ../out\n+x", "outside of the workspace"),
        (
            "*** Update File: a\n*** Move to: /etc/x",
            "outside of the workspace",
        ),
        ("*** Update File: bin\n@@\n-a\n+b", "not a text file"),
        ("*** Add File: a/x\n+x", "something on its way is not a folder"),
        ("*** Rename File: a", "begins no section"),
    ] {
        let answer = patch(&work, &format!("{good}{bad}"));
        assert!(
            answer.is_error && answer.text.contains(said),
            "{bad}: {}",
            answer.text
        );
        let now: Vec<_> = tree(&work.path(""))
            .into_iter()
            .filter(|(name, _)| name != "new/")
            .collect();
        assert_eq!(now, before, "{bad}");
    }
}

#[test]
fn sections_that_are_about_one_file_build_on_each_other() {
    let work = Work::with(&[("a", "1\n2\n")]);
    apply(
        &work,
        "*** Update File: a\n@@\n-1\n+one\n*** Update File: a\n@@\n one\n-2\n+two\n*** Add File: n\n+x\n\
         *** Update File: n\n*** Move to: m\n@@\n-x\n+y",
    );
    assert_eq!(
        (work.get("a"), work.get("m")),
        ("one\ntwo\n".to_owned(), "y\n".to_owned())
    );
    assert!(!work.path("n").exists());
}

#[test]
fn hunks_are_found_one_below_the_other_and_under_their_anchors() {
    let twice = "class A:\n  def f():\n    x\nclass B:\n  def f():\n    x\n";
    assert_eq!(
        update(twice, "@@ class B:\n@@   def f():\n-    x\n+    y"),
        "class A:\n  def f():\n    x\nclass B:\n  def f():\n    y\n"
    );
    assert_eq!(
        update(twice, "@@\n-    x\n+    1\n@@\n-    x\n+    2"),
        "class A:\n  def f():\n    1\nclass B:\n  def f():\n    2\n"
    );
    // The beginning of the line is enough for an anchor, and a hunk that only adds goes right below it.
    assert_eq!(
        update(twice, "@@ class B\n+  z = 1"),
        "class A:\n  def f():\n    x\nclass B:\n  z = 1\n  def f():\n    x\n"
    );
    assert_eq!(
        update(twice, "@@\n     x\n+    z\n*** End of File"),
        "class A:\n  def f():\n    x\nclass B:\n  def f():\n    x\n    z\n"
    );
    let work = Work::with(&[("a", twice)]);
    let missing = patch(&work, "*** Update File: a\n@@ class C\n-    x\n+    y");
    assert!(
        missing.text.contains("hunk 1 says it is under: class C"),
        "{}",
        missing.text
    );
    let not_last = patch(&work, "*** Update File: a\n@@\n-class A:\n*** End of File");
    assert!(
        not_last.text.contains("is not found at the end of it"),
        "{}",
        not_last.text
    );
    let upwards = patch(&work, "*** Update File: a\n@@\n-class B:\n@@\n-class A:");
    assert!(
        upwards.text.contains("Hunk 2 of a is not found from line 5 on"),
        "{}",
        upwards.text
    );
}

#[test]
fn white_space_and_typographic_signs_are_forgiven_and_kept_lines_stay_as_they_are() {
    assert_eq!(update("a  \nb\t\nc\n", "@@\n a\n-b\n+B"), "a  \nB\nc\n");
    assert_eq!(update("    a\n    b\n", "@@\n a\n-b\n+    c"), "    a\n    c\n");
    assert_eq!(
        update(
            "say \u{201c}hi\u{201d}\u{a0}\u{2013} x\nb\n",
            "@@\n say \"hi\" - x\n-b\n+c"
        ),
        "say \u{201c}hi\u{201d}\u{a0}\u{2013} x\nc\n"
    );
    // What fits best comes first, even if it is further down.
    assert_eq!(update(" x\nx\n", "@@\n-x\n+y"), " x\ny\n");
}

#[test]
fn the_mark_the_line_ends_and_the_last_line_of_a_file_stay() {
    assert_eq!(
        update("\u{feff}a\r\nb\r\nc", "@@\n a\n-b\n+B\n+BB"),
        "\u{feff}a\r\nB\r\nBB\r\nc"
    );
    assert_eq!(update("a\nb", "@@\n-a\n+A"), "A\nb");
    assert_eq!(update("a\nb", "@@\n b\n+c"), "a\nb\nc\n");
    assert_eq!(update("a\nb", "@@\n+c"), "a\nb\nc\n");
    assert_eq!(update("a\nb", "@@\n-b\n+c"), "a\nc\n");
    assert_eq!(update("a\n", "@@\n-a"), "");
    assert_eq!(update("", "@@\n+a"), "a\n");
}

#[test]
fn blank_lines_before_the_next_section_are_no_lines_of_the_file() {
    let work = Work::with(&[("a", "1\n"), ("b", "1\n")]);
    apply(
        &work,
        "*** Update File: a\n@@\n-1\n+2\n\n\n*** Update File: b\n\n@@\n-1\n+2\n",
    );
    assert_eq!(
        (work.get("a"), work.get("b")),
        ("2\n".to_owned(), "2\n".to_owned())
    );
}

#[test]
fn a_link_is_deleted_itself_and_changed_where_it_leads() {
    let work = Work::with(&[("real", "1\n")]);
    symlink("real", work.path("link")).unwrap();
    symlink("../out", work.path("out")).unwrap();
    apply(&work, "*** Update File: link\n@@\n-1\n+2\n*** Delete File: out");
    assert!(work.path("link").is_symlink() && !work.path("out").is_symlink());
    assert_eq!(work.get("real"), "2\n");
    apply(&work, "*** Delete File: link");
    assert_eq!(tree(&work.path("")), [("real".to_owned(), b"2\n".to_vec())]);
}

#[test]
fn a_link_is_not_taken_away_and_written_through_in_one_patch() {
    let work = Work::with(&[("real", "1\n")]);
    symlink("real", work.path("link")).unwrap();
    let answer = patch(&work, "*** Delete File: link\n*** Add File: link\n+2");
    assert!(answer.is_error);
    let told = answer.text;
    assert!(told.contains("make two patches"), "{told}");
    assert!(work.path("link").is_symlink());
    assert_eq!(work.get("real"), "1\n");
}

#[test]
fn a_file_can_be_moved_without_a_change_and_over_another() {
    let work = Work::with(&[("a", "no end"), ("b", "b\n")]);
    apply(&work, "*** Update File: a\n*** Move to: b");
    assert_eq!(tree(&work.path("")), [("b".to_owned(), b"no end".to_vec())]);
}

/// A patch from one text to the other, with so many lines around each change.
fn made(before: &[String], after: &[String], around: usize) -> String {
    let old: Vec<_> = before.iter().map(String::as_str).collect();
    let new: Vec<_> = after.iter().map(String::as_str).collect();
    let diff = similar::TextDiff::from_slices(&old, &new);
    let mut text = "*** Update File: a\n".to_owned();
    for group in diff.grouped_ops(around) {
        text.push_str("@@\n");
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            text.push_str(&format!("{}{}\n", change.tag(), change.value()));
        }
    }
    text.trim_end_matches('\n').to_owned()
}

fn file_of(lines: &[String], ending: &str) -> String {
    lines.iter().map(|line| format!("{line}{ending}")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// All lines of the file are in the patch, so that there is only one place for it.
    #[test]
    fn the_patch_from_one_text_to_another_makes_the_other(
        before in prop::collection::vec("[ab ]{1,2}x", 1..10),
        after in prop::collection::vec("[ab ]{1,2}x", 0..10),
        ending in prop_oneof![Just("\n"), Just("\r\n")],
    ) {
        prop_assume!(before != after);
        let work = Work::with(&[("a", &file_of(&before, ending))]);
        apply(&work, &made(&before, &after, 100));
        prop_assert_eq!(work.get("a"), file_of(&after, ending));
    }

    /// With few lines around each change, of a file in which no line is twice.
    #[test]
    fn several_hunks_make_the_other_text_too(
        changes in prop::collection::vec(prop_oneof![6 => Just(0), 1 => Just(1), 1 => Just(2), 1 => Just(3)], 1..80),
    ) {
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for (n, change) in changes.iter().enumerate() {
            let line = format!("line {n}");
            match change {
                0 => { before.push(line.clone()); after.push(line); }
                1 => before.push(line),
                2 => after.push(line),
                _ => { before.push(line.clone()); after.push(format!("{line}, changed")); }
            }
        }
        prop_assume!(before != after && !before.is_empty());
        let work = Work::with(&[("a", &file_of(&before, "\n"))]);
        apply(&work, &made(&before, &after, 2));
        prop_assert_eq!(work.get("a"), file_of(&after, "\n"));
    }

    #[test]
    fn no_text_for_a_patch_does_harm_outside(lines in prop::collection::vec(
        "(\\*\\*\\* (Add|Update|Delete) File: (\\.\\./out|a|link/x|/etc/hostname|b/\\.\\./\\.\\./out)|\\*\\*\\* Move to: (\\.\\./out|link/y|b)|@@|-1|\\+2| 1|)", 0..8,
    )) {
        let work = Work::with(&[("a", "1\n")]);
        fs::write(work.outer.path().join("out"), "1\n").unwrap();
        symlink("..", work.path("link")).unwrap();
        patch(&work, &lines.join("\n"));
        let outside: Vec<_> = tree(work.outer.path()).into_iter().filter(|(name, _)| !name.starts_with("work/")).collect();
        prop_assert_eq!(outside, vec![("out".to_owned(), b"1\n".to_vec())]);
    }
}
