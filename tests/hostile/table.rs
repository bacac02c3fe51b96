//! The table in the book names every case, and every case that it names is a test.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The tests of a file: the functions that follow an attribute which ends in `test]` or has arguments of one.
fn tests_of(path: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut names = BTreeSet::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim_start) {
        is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        let function = line.trim_start_matches("async ").strip_prefix("fn ");
        if let (true, Some(rest)) = (is_test, function) {
            names.extend(rest.split('(').next().map(str::to_owned));
            is_test = false;
        }
    }
    names
}

/// The source files in a folder and those inside it.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(sources(&path)),
            false => found.extend(path.extension().is_some_and(|kind| kind == "rs").then_some(path)),
        }
    }
    found
}

#[test]
fn the_table_in_the_book_names_every_case_and_nothing_else() {
    let page = fs::read_to_string(root().join("docs/src/hostile.md")).unwrap();
    let mut listed = BTreeSet::new();
    for row in page
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains('`'))
    {
        let last = row.trim_end_matches('|').rsplit('|').next().unwrap().trim();
        let (file, name) = match last.split_once(": ") {
            Some((file, name)) => (Some(file.trim_matches('`')), name.trim_matches('`')),
            None => (None, last.trim_matches('`')),
        };
        match file {
            Some(file) => assert!(
                tests_of(&root().join(file)).contains(name),
                "{file} has no test {name}"
            ),
            None => assert!(listed.insert(name.to_owned()), "{name} is listed twice"),
        }
    }
    let files = sources(&root().join("tests/hostile")).into_iter();
    let files = files.filter(|path| !path.ends_with("table.rs"));
    let tests: BTreeSet<_> = files.flat_map(|path| tests_of(&path)).collect();
    assert_eq!(
        tests, listed,
        "left: the tests in tests/hostile; right: those in docs/src/hostile.md"
    );
}
