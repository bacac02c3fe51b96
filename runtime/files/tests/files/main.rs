//! The tools over real files.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

mod both;
mod changing;
mod hostile;
mod patching;
mod reading;
mod searching;
mod versions;

use std::fs;
use std::path::{Path, PathBuf};

use openclaw_files::{Answer, Machine, Tool};
use serde_json::Value;

/// A workspace in a folder of its own, so that there is something outside.
struct Work {
    outer: tempfile::TempDir,
}

impl Work {
    fn new() -> Self {
        let outer = tempfile::tempdir().unwrap();
        fs::create_dir(outer.path().join("work")).unwrap();
        Self { outer }
    }

    fn with(files: &[(&str, &str)]) -> Self {
        let work = Self::new();
        for (name, text) in files {
            work.put(name, text);
        }
        work
    }

    fn path(&self, name: &str) -> PathBuf {
        self.outer.path().join("work").join(name)
    }

    fn put(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn get(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn call(&self, tool: Tool, arguments: Value) -> Answer {
        tool.call(&Machine::open(&self.path("")).unwrap(), &arguments)
    }

    /// The text of a call that went well.
    fn ask(&self, tool: Tool, arguments: Value) -> String {
        let answer = self.call(tool, arguments);
        assert!(!answer.is_error, "{}", answer.text);
        answer.text
    }

    /// The text of a call that did not.
    fn refused(&self, tool: Tool, arguments: Value) -> String {
        let shown = arguments.to_string();
        let answer = self.call(tool, arguments);
        assert!(answer.is_error, "{shown}: {}", answer.text);
        answer.text
    }
}

/// Everything in a folder with its contents, links as they are.
fn tree(folder: &Path) -> Vec<(String, Vec<u8>)> {
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
