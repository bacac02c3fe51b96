//! What somebody who means harm would try, and what only happens.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

use openclaw_files::{Answer, Folder, Machine, Plain, Roots, Tool};
use serde_json::{Value, json};

use crate::{Work, tree};

/// Calls that would read or change what is at a path.
fn calls(path: &str) -> Vec<(Tool, Value)> {
    let section = |text: String| json!({"input": format!("*** Begin Patch\n{text}\n*** End Patch")});
    vec![
        (Tool::Read, json!({"path": path})),
        (Tool::Write, json!({"path": path, "content": "evil"})),
        (
            Tool::Edit,
            json!({"path": path, "oldText": "hunter2", "newText": "evil"}),
        ),
        (Tool::Grep, json!({"path": path, "pattern": "hunter"})),
        (Tool::Ls, json!({"path": path})),
        (Tool::Find, json!({"path": path, "pattern": "*"})),
        (Tool::ApplyPatch, section(format!("*** Add File: {path}\n+evil"))),
        (
            Tool::ApplyPatch,
            section(format!("*** Update File: {path}\n@@\n-hunter2\n+evil")),
        ),
        (
            Tool::ApplyPatch,
            section(format!("*** Update File: mine\n*** Move to: {path}")),
        ),
    ]
}

#[test]
fn nothing_outside_of_the_workspace_is_reached_by_name_or_by_link() {
    let work = Work::with(&[("mine", "ok"), ("sub/x", "")]);
    let outer = work.outer.path();
    fs::write(outer.join("secret"), "hunter2").unwrap();
    fs::create_dir(outer.join("other")).unwrap();
    symlink("../secret", work.path("link")).unwrap();
    symlink("link", work.path("chain")).unwrap();
    symlink("../../new", work.path("sub/dangling")).unwrap();
    symlink("..", work.path("up")).unwrap();
    symlink(outer, work.path("absolute")).unwrap();
    symlink("/proc/self/root", work.path("root")).unwrap();
    symlink(outer.join("secret"), work.path("file")).unwrap();
    let before = tree(outer);
    let absolute = outer.join("secret").display().to_string();
    let shapes = [
        "../secret",
        "..",
        "sub/../../secret",
        "./../secret",
        "link",
        "chain",
        "sub/dangling",
        "sub/../link",
        "up/secret",
        "up",
        "up/other",
        "up/other/new",
        "absolute/secret",
        "root/etc/passwd",
        "file",
        &absolute,
        "/etc/passwd",
        "/",
        "/proc/self/environ",
    ];
    let folder = Machine::open(&work.path("")).unwrap();
    let plain = Plain::new(work.path(""), Roots::new(work.path("")));
    for path in shapes {
        for (tool, arguments) in calls(path) {
            for folder in [&folder as &dyn Folder, &plain] {
                let answer = tool.call(folder, &arguments);
                let leaks = answer.text.contains("hunter2") || answer.text.contains("root:");
                assert!(
                    answer.is_error && !leaks,
                    "{} {path}: {}",
                    tool.name(),
                    answer.text
                );
            }
        }
    }
    let whole = folder.roots().name().join("mine").display().to_string();
    assert_eq!(Tool::Read.call(&folder, &json!({"path": whole})).text, "ok");
    assert_eq!(tree(outer), before);
}

#[test]
fn a_folder_of_this_machine_keeps_its_borders_by_itself() {
    let work = Work::new();
    fs::write(work.outer.path().join("secret"), "hunter2").unwrap();
    symlink("..", work.path("up")).unwrap();
    let folder = Machine::open(&work.path("")).unwrap();
    let secret = Path::new("up/secret");
    assert!(folder.open(secret).is_err());
    assert!(folder.look(secret).is_err());
    assert!(folder.list(Path::new("up"), 10).is_err());
    assert!(folder.create(Path::new("up/new"), b"x", None).is_err());
    assert!(folder.remove(secret).is_err());
    assert!(folder.rename(secret, Path::new("mine")).is_err());
    assert!(folder.make(Path::new("up/new")).is_err());
    assert!(folder.open(Path::new("/etc/passwd")).is_err());
}

#[test]
fn a_pipe_or_a_socket_is_refused_at_once() {
    let work = Work::with(&[("mine", "x")]);
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    let kind = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, work.path("pipe"), kind, mode, 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(work.path("socket")).unwrap();
    let before = tree(&work.path(""));
    for path in ["pipe", "socket"] {
        for (tool, arguments) in calls(path) {
            let text = work.refused(tool, arguments);
            assert!(
                text.contains("not a regular file") || text.contains("not a folder"),
                "{text}"
            );
        }
    }
    assert_eq!(work.ask(Tool::Grep, json!({"pattern": "x"})), "mine:1: x");
    assert_eq!(work.ask(Tool::Ls, json!({})), "\"mine\"\n\"pipe\"\n\"socket\"");
    assert!(
        work.refused(Tool::Write, json!({"path": "pipe/a", "content": ""}))
            .contains("not a folder")
    );
    assert_eq!(tree(&work.path("")), before);
}

#[test]
fn a_large_file_is_read_and_searched_but_not_changed_in_pieces() {
    let work = Work::new();
    let line = format!("{}\n", "x".repeat(1023));
    work.put("large", line.repeat(100 * 1024) + "the end\n");
    let began = Instant::now();
    let last = work.ask(Tool::Read, json!({"path": "large", "offset": 100 * 1024 + 1}));
    assert_eq!(last, "the end");
    assert_eq!(
        work.ask(Tool::Grep, json!({"pattern": "^the"})),
        "large:102401: the end"
    );
    let refused = work.refused(
        Tool::Edit,
        json!({"path": "large", "oldText": "the end", "newText": "x"}),
    );
    assert_eq!(
        refused,
        "large has 104857608 bytes, and files up to 16777216 can be changed."
    );
    let written = work.call(Tool::Write, json!({"path": "large", "content": "small"}));
    assert_eq!(
        written.details.unwrap()["diff"],
        json!("[too long to be compared: 104857608 and 5 bytes]")
    );
    assert_eq!(work.get("large"), "small");
    let sparse = fs::File::create(work.path("sparse")).unwrap();
    sparse.set_len(1 << 40).unwrap();
    let refused = work.refused(Tool::Read, json!({"path": "sparse"}));
    assert_eq!(
        refused,
        "sparse has 1099511627776 bytes, and files up to 268435456 can be read."
    );
    assert_eq!(work.ask(Tool::Grep, json!({"pattern": "x"})), "No line matches.");
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
}

#[test]
fn a_million_lines_are_read_page_by_page_and_edited() {
    let work = Work::new();
    work.put(
        "many",
        (1..=1_000_000).map(|n| format!("{n}\n")).collect::<String>(),
    );
    let page = work.ask(Tool::Read, json!({"path": "many", "offset": 999_999}));
    assert_eq!(page, "999999\n1000000");
    let edit = json!({"path": "many", "oldText": "\n500000\n", "newText": "\nhalf\n"});
    let details = work.call(Tool::Edit, edit).details.unwrap();
    assert_eq!(details["firstChangedLine"], json!(500_000));
    let patch = "*** Begin Patch\n*** Update File: many\n@@ half\n-500001\n+more\n*** End Patch";
    work.ask(Tool::ApplyPatch, json!({"input": patch}));
    let page = work.ask(Tool::Read, json!({"path": "many", "offset": 500_000, "limit": 2}));
    assert!(page.starts_with("half\nmore\n\n"), "{page}");
}

#[test]
fn a_patch_that_fits_nowhere_ends_its_search() {
    let work = Work::new();
    work.put("a", "x\n".repeat(500_000) + "y\n");
    let lines = " x\n".repeat(400_000);
    let input = format!("*** Begin Patch\n*** Update File: a\n@@\n{lines}-z\n*** End Patch");
    let began = Instant::now();
    let text = work.refused(Tool::ApplyPatch, json!({"input": input}));
    assert!(text.contains("takes too long"), "{text}");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn a_pattern_that_is_a_trap_is_refused_or_takes_its_time_with_the_text_only() {
    let work = Work::with(&[("a", &"x".repeat(50_000))]);
    for pattern in [
        "(x{1000}){1000}",
        "((((x{50}){50}){50}){50})",
        &"(".repeat(200),
        "\\w{5000}",
    ] {
        work.refused(Tool::Grep, json!({"pattern": pattern}));
    }
    let began = Instant::now();
    for pattern in ["(x+x+)+y", "(x|x)*y", "(x*)*$y", "x{0,200}x{0,200}x{0,200}y"] {
        assert_eq!(
            work.ask(Tool::Grep, json!({"pattern": pattern})),
            "No line matches."
        );
    }
    let braces = "{a,".repeat(200) + "b" + &"}".repeat(200);
    work.call(Tool::Find, json!({"pattern": braces}));
    work.ask(Tool::Find, json!({"pattern": "*".repeat(900)}));
    work.refused(Tool::Find, json!({"pattern": "*".repeat(2000)}));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn folders_that_are_very_deep_end_somewhere() {
    let work = Work::new();
    let mut deep = work.path("");
    for _ in 0..150 {
        deep.push("deeper");
    }
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("end"), "x").unwrap();
    let found = work.ask(Tool::Grep, json!({"pattern": "x"}));
    assert!(
        found.starts_with("No line matches.\n[Folders more than 100 deep"),
        "{found}"
    );
    let path = "deeper/".repeat(150) + "end";
    assert_eq!(work.ask(Tool::Read, json!({"path": path})), "x");
    let long = "d/".repeat(2000);
    assert!(
        work.refused(Tool::Write, json!({"path": long, "content": ""}))
            .contains("too long")
    );
    let name = "n".repeat(300);
    let refused = work.refused(Tool::Write, json!({"path": name, "content": ""}));
    assert!(refused.ends_with("a name in it is too long."), "{refused}");
}

#[test]
fn names_of_any_kind_are_told_in_one_line_and_found_by_what_is_told() {
    let names = [
        "a\nb",
        "a\tb",
        " spaced ",
        "\"quoted\"",
        "ä\u{202e}x",
        "-rf",
        "*",
        "[x]",
    ];
    let work = Work::new();
    for name in names {
        work.put(name, "needle");
    }
    let listed = work.ask(Tool::Ls, json!({}));
    assert_eq!(listed.lines().count(), names.len());
    for line in listed.lines() {
        let name: String = serde_json::from_str(line).unwrap();
        assert!(names.contains(&name.as_str()), "{name}");
        assert_eq!(work.ask(Tool::Read, json!({"path": name})), "needle");
    }
    assert_eq!(
        work.ask(Tool::Find, json!({"pattern": "*"})).lines().count(),
        names.len()
    );
    assert_eq!(
        work.ask(Tool::Grep, json!({"pattern": "needle"})).lines().count(),
        names.len()
    );
    let zero = work.refused(Tool::Read, json!({"path": "a\0b"}));
    assert_eq!(zero, "\"a\\u0000b\" cannot be used: that is not a name.");
    fs::write(work.path("").join(std::ffi::OsStr::from_bytes(b"\xff")), "needle").unwrap();
    assert_eq!(work.ask(Tool::Ls, json!({})), listed);
}

#[test]
fn a_folder_that_may_not_be_written_says_so() {
    // Whoever is root may write everywhere.
    if rustix::process::geteuid().is_root() {
        return;
    }
    let work = Work::with(&[("locked/a", "x")]);
    let rights = |mode| std::os::unix::fs::PermissionsExt::from_mode(mode);
    fs::set_permissions(work.path("locked"), rights(0o500)).unwrap();
    let Answer { text, is_error, .. } = work.call(Tool::Write, json!({"path": "locked/a", "content": "y"}));
    fs::set_permissions(work.path("locked"), rights(0o700)).unwrap();
    assert!(is_error && text.contains("not allowed"), "{text}");
}
