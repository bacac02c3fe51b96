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
mod script;
mod searching;
mod versions;

use std::fs;
use std::path::PathBuf;

use openclaw_files::{Answer, Machine, Tool};
use script::tree;
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
