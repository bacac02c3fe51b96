//! Providers, snapshot and audit against real files and real processes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

mod audit;
mod exec;
mod file;
mod limits;
mod password_stores;
mod snapshot;
mod trust;

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use openclaw_config::tree::Secrets;
use openclaw_config::{SecretRef, SecretSource};
use openclaw_secrets::{Resolver, Surroundings};
use serde_json::{Value, json};

/// A private folder with programs, files and the providers that use them.
pub(crate) struct Bench {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) providers: serde_json::Map<String, Value>,
    pub(crate) resolution: Value,
    pub(crate) env: BTreeMap<String, String>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            dir,
            providers: serde_json::Map::new(),
            resolution: json!({}),
            env: BTreeMap::new(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn file(&self, name: &str, content: &str, mode: u32) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }

    /// Adds an exec provider that runs this shell text.
    pub(crate) fn shell(&mut self, alias: &str, script: &str, settings: Value) {
        let path = self.file(
            alias,
            &format!("#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n"),
            0o700,
        );
        self.exec(alias, &path, settings);
    }

    pub(crate) fn exec(&mut self, alias: &str, command: &Path, settings: Value) {
        // Settings of the test go before this; no test is about the usual time.
        let mut provider = json!({"source": "exec", "command": command, "timeoutMs": 60_000});
        provider
            .as_object_mut()
            .unwrap()
            .extend(settings.as_object().unwrap().clone());
        self.providers.insert(alias.to_owned(), provider);
    }

    /// A copy of a program from `tests/fixtures`.
    pub(crate) fn fixture(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::copy(
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tests/fixtures")
                .join(name),
            &path,
        )
        .unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
        path
    }

    pub(crate) fn secrets(&self) -> Secrets {
        serde_json::from_value(json!({"providers": self.providers, "resolution": self.resolution})).unwrap()
    }

    pub(crate) fn resolver(&self) -> Resolver {
        Resolver::new(
            self.secrets(),
            Surroundings {
                env: self.env.clone(),
                home: Some(self.dir.path().into()),
                ..Surroundings::default()
            },
        )
    }

    /// Resolves one reference: its value, or the text of the error.
    pub(crate) async fn ask(&self, source: SecretSource, alias: &str, id: &str) -> Result<String, String> {
        let reference = SecretRef::new(source, Some(alias.to_owned()), id.to_owned()).unwrap();
        let mut resolved = self.resolver().resolve([&reference]).await;
        let (_, answer) = resolved.pop_first().unwrap();
        answer
            .map(|value| value.expose().to_owned())
            .map_err(|error| error.to_string())
    }

    pub(crate) async fn ask_exec(&self, alias: &str, id: &str) -> Result<String, String> {
        self.ask(SecretSource::Exec, alias, id).await
    }

    pub(crate) async fn ask_file(&self, alias: &str, id: &str) -> Result<String, String> {
        self.ask(SecretSource::File, alias, id).await
    }
}

/// Whether this user may give files away; without it the owner rules cannot be tried.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

pub(crate) fn alive(pid: i32) -> bool {
    // A process that was killed but not yet reaped by whoever adopted it is gone for our purposes.
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// Waits until the process is gone; a kill takes effect a moment after it was sent.
pub(crate) async fn gone(pid: i32) -> bool {
    for _ in 0..1500 {
        if !alive(pid) {
            return true;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    false
}

/// The process ids that a script wrote, one a line.
pub(crate) fn pids(path: &Path) -> Vec<i32> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().filter_map(|line| line.trim().parse().ok()).collect()
}
