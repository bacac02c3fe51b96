//! A home folder of its own, and the program run in it.
#![allow(dead_code, clippy::unwrap_used)]

pub(crate) mod packages;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

pub(crate) struct Home {
    pub(crate) folder: tempfile::TempDir,
    env: Vec<(&'static str, String)>,
}

/// What a run printed, and how it ended.
pub(crate) struct Said {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: i32,
}

impl Said {
    /// The one JSON document on standard output.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.out, self.err))
    }
}

impl Home {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            env: Vec::new(),
        }
    }

    /// A home with a config.
    pub(crate) fn with_config(text: &str) -> Self {
        let home = Self::new();
        home.write(".openclaw/openclaw.json", text);
        home
    }

    pub(crate) fn env(mut self, name: &'static str, value: &str) -> Self {
        self.env.push((name, value.to_owned()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_openclaw"));
        let env = self.env.iter().map(|(name, value)| (*name, value.as_str()));
        command
            .args(words)
            .env_clear()
            .env("HOME", self.folder.path())
            .envs(env)
            .current_dir(self.folder.path());
        command
    }

    /// Runs the program. What it prints is shown with `~` for the home folder.
    pub(crate) fn run(&self, words: &[&str]) -> Said {
        let Output {
            status,
            stdout,
            stderr,
        } = self.command(words).output().unwrap();
        let home = self.folder.path().display().to_string();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(&home, "~");
        Said {
            out: text(stdout),
            err: text(stderr),
            code: status.code().unwrap(),
        }
    }
}
