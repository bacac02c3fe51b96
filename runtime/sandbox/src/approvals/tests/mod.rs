//! Whole decisions, over real folders with real programs.

mod attacks;
mod binding;
mod decisions;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use openclaw_config::tree::Config;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Asked, Decision, Document, Plan, Rule, Settings, Wish, decide};

/// A folder with programs, a config and a file.
struct World {
    _folder: TempDir,
    root: PathBuf,
    env: BTreeMap<String, String>,
    set: Vec<String>,
    config: Value,
    file: Value,
    now_ms: i64,
    call: Wish,
}

impl World {
    /// In which the list has `list`, and a person is asked about the rest.
    fn new(list: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        for name in ["bin", "work", "home"] {
            fs::create_dir(root.join(name)).unwrap();
        }
        let entries: Vec<Value> = list
            .iter()
            .map(|pattern| json!({"pattern": pattern.replace("{bin}", &root.join("bin").display().to_string())}))
            .collect();
        let env = BTreeMap::from([
            (
                "PATH".to_owned(),
                format!("{}:/usr/bin:/bin", root.join("bin").display()),
            ),
            ("HOME".to_owned(), root.join("home").display().to_string()),
        ]);
        Self {
            _folder: folder,
            root,
            env,
            set: Vec::new(),
            config: json!({}),
            file: json!({
                "version": 1,
                "defaults": {"security": "allowlist", "ask": "on-miss"},
                "agents": {"*": {"allowlist": entries}},
            }),
            now_ms: 1_000,
            call: Wish::default(),
        }
    }

    /// Puts a program into its folder of programs.
    fn program(&self, name: &str, text: &str) -> PathBuf {
        let path = self.root.join("bin").join(name);
        put(&path, text);
        path
    }

    fn cwd(&self) -> PathBuf {
        self.root.join("work")
    }

    fn rules(&self) -> (Settings, Document) {
        let config: Config = serde_json::from_value(self.config.clone()).unwrap();
        let document = Document::of(self.file.clone()).unwrap();
        (Settings::of(&config, "main"), document)
    }

    fn decide(&self, command: &str) -> Decision {
        self.decide_by(&self.rules(), command)
    }

    fn decide_by(&self, (settings, document): &(Settings, Document), command: &str) -> Decision {
        let cwd = self.cwd();
        let asked = Asked {
            command,
            cwd: &cwd,
            env: &self.env,
            set: &self.set,
            agent: "main",
            session: "agent:main:main",
            call: &self.call,
            now_ms: self.now_ms,
        };
        decide(&asked, settings, document)
    }

    /// The text that runs unasked.
    fn runs(&self, command: &str) -> Option<String> {
        match self.decide(command) {
            Decision::Run(bound, _) => Some(bound.text().to_owned()),
            _ => None,
        }
    }

    /// What somebody is asked about.
    fn asks(&self, command: &str) -> Plan {
        match self.decide(command) {
            Decision::Ask(plan) => *plan,
            other => panic!("{command}: {other:?}"),
        }
    }

    /// Why it is not on the list.
    fn miss(&self, command: &str) -> String {
        match self.asks(command).rule {
            Rule::Miss { why, .. } => why,
            other => panic!("{command}: {other:?}"),
        }
    }
}

fn put(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}
