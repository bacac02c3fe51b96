//! Every code block of the book is compiled, run or parsed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use openclaw_config::tree::Config;
use openclaw_config::{Disk, Place, Request, Schema, Selection, Surroundings, load};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

struct Block {
    page: String,
    line: usize,
    word: String,
    code: String,
}

impl Block {
    fn place(&self) -> String {
        format!("docs/src/{}:{}", self.page, self.line)
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            pages(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "md") {
            found.push(path);
        }
    }
}

fn blocks() -> Vec<Block> {
    let book = root().join("docs/src");
    let mut paths = Vec::new();
    pages(&book, &mut paths);
    paths.sort();
    paths
        .iter()
        .flat_map(|path| {
            blocks_of(
                path.strip_prefix(&book).unwrap(),
                &fs::read_to_string(path).unwrap(),
            )
        })
        .collect()
}

fn blocks_of(page: &Path, text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for (event, range) in Parser::new_ext(text, pulldown_cmark::Options::all()).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                let word = match kind {
                    CodeBlockKind::Fenced(word) => word.into_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                let line = text.get(..range.start).unwrap().lines().count() + 1;
                open = Some(Block {
                    page: page.to_str().unwrap().to_owned(),
                    line,
                    word,
                    code: String::new(),
                });
            }
            Event::Text(code) => {
                if let Some(block) = &mut open {
                    block.code.push_str(&code);
                }
            }
            Event::End(TagEnd::CodeBlock) => found.extend(open.take()),
            _ => {}
        }
    }
    found
}

/// The path, with the programs of this build before it: they stand beside the test programs' folder.
fn path_with_programs() -> std::ffi::OsString {
    let tests = std::env::current_exe().unwrap();
    let programs = tests.ancestors().nth(2).unwrap().to_owned();
    let rest = std::env::var_os("PATH").unwrap();
    std::env::join_paths(std::iter::once(programs).chain(std::env::split_paths(&rest))).unwrap()
}

/// Runs a script that must succeed.
fn run(block: &Block, script: &str, folder: &Path) {
    run_with(block, script, folder, Vec::new());
}

/// A home without anything in it, in which cargo still finds what it has.
fn empty_home(home: &Path) -> Vec<(&'static str, PathBuf)> {
    let of_user = PathBuf::from(std::env::var_os("HOME").unwrap());
    let kept = |name, folder: &str| {
        let place = std::env::var_os(name).map(PathBuf::from);
        (name, place.unwrap_or_else(|| of_user.join(folder)))
    };
    vec![
        ("HOME", home.to_owned()),
        kept("CARGO_HOME", ".cargo"),
        kept("RUSTUP_HOME", ".rustup"),
    ]
}

fn run_with(block: &Block, script: &str, folder: &Path, env: Vec<(&str, PathBuf)>) {
    let out = Command::new("bash")
        .args(["-euo", "pipefail", "-c", script])
        .current_dir(folder)
        // What it builds goes with the folder, and no setting of this run's cargo leaks in.
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("CARGO_MANIFEST_DIR")
        .env_remove("RUSTFLAGS")
        .env("PATH", path_with_programs())
        .envs(env)
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{}: {}\n{}{}",
        block.place(),
        out.status,
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    );
}

/// A copy of what git knows of this repository, as it is in the working tree.
fn copy_repository(to: &Path) {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(listed.status.success());
    for name in String::from_utf8(listed.stdout)
        .unwrap()
        .split('\0')
        .filter(|name| !name.is_empty())
    {
        let (from, to) = (root().join(name), to.join(name));
        // A file that was removed and not yet committed is still listed.
        if from.is_file() {
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(from, to).unwrap();
        }
    }
}

#[test]
fn every_block_says_how_it_is_checked() {
    let words = [
        "rust",
        "rust,no_run",
        "sh",
        "sh,empty",
        "sh,clone",
        "sh,help",
        "toml",
        "json",
        "json5",
        "text",
    ];
    let blocks = blocks();
    assert!(blocks.len() > 5, "the book was not found");
    let odd: Vec<_> = blocks
        .iter()
        .filter(|block| !words.contains(&block.word.as_str()))
        .map(Block::place)
        .collect();
    assert!(
        odd.is_empty(),
        "blocks without a word that says how they are checked: {odd:?}"
    );
}

#[test]
fn every_page_with_rust_code_is_handed_to_rustdoc() {
    let mut with_rust: Vec<_> = blocks()
        .into_iter()
        .filter(|block| block.word.starts_with("rust"))
        .map(|block| block.page)
        .collect();
    with_rust.dedup();
    let mut listed = openclaw_tests::book::PAGES.to_vec();
    listed.sort_unstable();
    with_rust.sort_unstable();
    assert_eq!(with_rust, listed, "tests/src/book.rs lists the pages");
}

#[test]
fn scripts_do_what_the_page_says() {
    for block in blocks()
        .iter()
        .filter(|block| block.word == "sh" || block.word == "sh,clone")
    {
        let folder = tempfile::tempdir().unwrap();
        if block.word == "sh,clone" {
            copy_repository(folder.path());
        }
        run(block, &block.code, folder.path());
    }
}

#[test]
fn a_newcomer_gets_from_an_empty_folder_to_what_the_page_promises() {
    for block in blocks().iter().filter(|block| block.word == "sh,empty") {
        let folder = tempfile::tempdir().unwrap();
        let [home, clone, empty] = ["home", "clone", "empty"].map(|name| folder.path().join(name));
        for made in [&home, &clone, &empty] {
            fs::create_dir(made).unwrap();
        }
        copy_repository(&clone);
        let mut env = empty_home(&home);
        env.push(("OPENCLAW", clone));
        // What the page has cargo fetch is on this machine already, and tests talk to nobody.
        env.push(("CARGO_NET_OFFLINE", "true".into()));
        run_with(block, &block.code, &empty, env);
    }
}

#[test]
fn commands_that_take_minutes_exist_with_their_flags() {
    for block in blocks().iter().filter(|block| block.word == "sh,help") {
        for line in block.code.lines().filter(|line| !line.is_empty()) {
            run(block, &format!("{line} --help"), &root());
        }
    }
}

#[test]
fn data_is_well_formed() {
    for block in blocks() {
        let problem = match block.word.as_str() {
            "json" => serde_json::from_str::<serde_json::Value>(&block.code)
                .err()
                .map(|error| error.to_string()),
            "toml" => block
                .code
                .parse::<toml_edit::DocumentMut>()
                .err()
                .map(|error| error.to_string()),
            _ => None,
        };
        assert_eq!(problem, None, "{}", block.place());
    }
}

#[test]
fn configs_are_valid_and_this_build_uses_all_of_them() {
    for block in blocks().iter().filter(|block| block.word == "json5") {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("openclaw.json"), &block.code).unwrap();
        let around = Surroundings {
            env: [(
                "OPENCLAW_STATE_DIR".to_owned(),
                folder.path().display().to_string(),
            )]
            .into(),
            cwd: folder.path().to_owned(),
            os_home: Some(folder.path().to_owned()),
        };
        let place = Place::find(&Selection::default(), &around, &Disk).unwrap();
        let schema = &Schema::of_tree();
        let request = Request {
            place: &place,
            around: &around,
            files: &Disk,
            schema,
        };
        let loaded = load::<Config>(request).unwrap_or_else(|error| panic!("{}: {error}", block.place()));
        assert!(
            loaded.exists && loaded.unused.is_empty() && loaded.notices.is_empty(),
            "{}",
            block.place()
        );
    }
}
