//! The corpus of commands, run natively: what they print and how they end must be what Debian's bash and its tools did,
//! but for the cases that the book lists by name.
//!
//! `CORPUS=part-of-a-name cargo test --test corpus -- --nocapture` shows how the named cases differ.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use shell::{Folders, Run, Settings};

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/corpus/shell");
const BOOK: &str = include_str!("../../../../docs/src/shell.md");

#[derive(Clone, Debug, Default)]
struct Case {
    name: String,
    script: String,
    code: i32,
    out: String,
    err: Option<String>,
}

fn cases() -> Vec<Case> {
    let mut files: Vec<PathBuf> = fs::read_dir(CORPUS)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "txt"));
    files.sort();
    files
        .iter()
        .flat_map(|file| parse(&fs::read_to_string(file).unwrap()))
        .collect()
}

fn parse(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut open = false;
    let mut part = 0;
    for line in text.split_inclusive('\n') {
        let words: Vec<&str> = line.split_whitespace().collect();
        if line.starts_with("%%") && open {
            let case = cases.last_mut().unwrap();
            let ended = if part == 2 {
                case.err.as_mut().unwrap()
            } else {
                &mut case.out
            };
            ended.pop();
        }
        match words.as_slice() {
            ["%%%", name] => {
                part = 0;
                cases.push(Case {
                    name: (*name).to_owned(),
                    ..Case::default()
                });
            }
            ["%%", "out", code, ..] => {
                part = 1;
                cases.last_mut().unwrap().code = code.parse().unwrap();
            }
            ["%%", "err", ..] => {
                part = 2;
                cases.last_mut().unwrap().err = Some(String::new());
            }
            _ => {
                if let Some(case) = cases.last_mut() {
                    match part {
                        0 => case.script.push_str(line),
                        1 => case.out.push_str(line),
                        _ => case.err.as_mut().unwrap().push_str(line),
                    }
                }
                continue;
            }
        }
        open = words.last() == Some(&"open");
    }
    cases
}

fn prepare() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let workspace = root.path().join("workspace");
    fs::create_dir(root.path().join("tmp")).unwrap();
    copy(&Path::new(CORPUS).join("inputs"), &workspace);
    let mut touch = Command::new("find");
    touch
        .arg(&workspace)
        .args(["-exec", "touch", "-h", "-d", "2024-01-02 03:04:05 UTC", "{}", "+"]);
    assert!(touch.status().unwrap().success());
    root
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// What a case printed and how it ended here; `None` if it did not end.
fn attempt(case: &Case) -> Option<(i32, String, String)> {
    let root = prepare();
    let pairs = [
        ("PATH", "/usr/bin:/bin"),
        ("HOME", "/workspace"),
        ("LC_ALL", "C.UTF-8"),
        ("TZ", "UTC"),
    ];
    let run = Run {
        script: case.script.trim_end_matches('\n').to_owned(),
        env: pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<BTreeMap<_, _>>(),
        settings: Settings::default(),
        folders: Folders {
            root: root.path().to_owned(),
            kept: root.path().join(".shell"),
        },
    };
    let (sender, receiver) = mpsc::channel();
    std::thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .unwrap();
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let code = runtime.block_on(shell::run(&run, Vec::new, &mut out, &mut err));
            let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
            let _ = sender.send((code, text(out), text(err)));
        })
        .unwrap();
    receiver.recv_timeout(Duration::from_secs(30)).ok()
}

/// The names that the book lists as different: each is the first word in backticks of a line of its list.
fn listed() -> BTreeSet<String> {
    let (_, list) = BOOK
        .split_once("<!-- differences -->")
        .expect("the book has the list");
    let items = list
        .lines()
        .filter_map(|line| line.strip_prefix("- `")?.split('`').next());
    items.map(str::to_owned).collect()
}

#[test]
fn commands_print_what_they_print_on_debian() {
    let wanted = std::env::var("CORPUS").ok();
    let cases: Vec<Case> = cases()
        .into_iter()
        .filter(|case| wanted.as_ref().is_none_or(|wanted| case.name.contains(wanted)))
        .collect();
    let mut different = BTreeSet::new();
    for case in &cases {
        let got = attempt(case);
        let agrees = got.as_ref().is_some_and(|(code, out, err)| {
            *code == case.code && *out == case.out && case.err.as_ref().is_none_or(|expected| expected == err)
        });
        if agrees {
            continue;
        }
        println!("%%% {}\n{}", case.name, case.script);
        match got {
            None => println!("did not end"),
            Some((code, out, err)) => {
                println!("expected {} got {code}", case.code);
                print!("{}", compare(&case.out, &out));
                let expected = case.err.clone().unwrap_or_default();
                print!("stderr:\n{}", compare(&expected, &err));
            }
        }
        different.insert(case.name.clone());
    }
    let agreeing = cases.len() - different.len();
    println!(
        "{agreeing} of {} agree ({:.1} %): {different:?}",
        cases.len(),
        agreeing as f64 * 100.0 / cases.len() as f64
    );
    if wanted.is_none() {
        assert!(cases.len() >= 300, "the corpus is there");
        assert!(agreeing * 100 >= cases.len() * 95);
        // This machine has hard links; the host of sandboxes makes none.
        different.insert("ln-hard".to_owned());
        assert_eq!(different, listed(), "the book lists the differences");
    }
}

fn compare(expected: &str, got: &str) -> String {
    let mut text = String::new();
    let (expected, got): (Vec<&str>, Vec<&str>) = (expected.split('\n').collect(), got.split('\n').collect());
    for line in 0..expected.len().max(got.len()).min(400) {
        let (want, have) = (expected.get(line), got.get(line));
        if want != have {
            text.push_str(&format!("  - {want:?}\n  + {have:?}\n"));
        }
    }
    text
}
