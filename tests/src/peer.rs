//! OpenClaw as its makers publish it, for comparison: its command line as a client, its gateway as a baseline.
//!
//! **Promise.** It is fetched from npm once, into `target/openclaw-client`, in one fixed version; where it cannot be had
//! that is said. What is run of it sees only the home that it is given, and asks nobody outside this machine.
//! `OPENCLAW_PEER_DIR` names another folder in which it is installed. **Cost.** About 700 MB, and a minute.
#![allow(
    clippy::unwrap_used,
    reason = "it is a part of tests, in a library because several of them share it"
)]

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

/// What is compared with; the protocol is that of this version. It refuses to be installed by an older Node than it
/// runs in, so that one comes first.
const PACKAGES: [&str; 2] = ["node@26", "openclaw@2026.9.6"];
const ENTRY: &str = "node_modules/openclaw/openclaw.mjs";
const NODE: &str = "node_modules/node/bin/node";

/// An installed OpenClaw.
#[derive(Clone, Debug)]
pub struct Peer {
    node: PathBuf,
    entry: PathBuf,
}

impl Peer {
    /// It, fetched if it is not there yet; none, with a word why, where it cannot be had. In a CI run it is a failure
    /// if npm is not installed.
    pub fn find() -> Option<Self> {
        let folder = folder();
        fs::create_dir_all(&folder).unwrap();
        // Tests are processes that run at the same time.
        let lock = File::create(folder.join("lock")).unwrap();
        lock.lock().unwrap();
        if let Some(found) = Self::installed() {
            return Some(found);
        }
        for package in PACKAGES {
            match install(&folder, package) {
                Ok(output) if output.status.success() => {}
                Ok(output) => {
                    let said = String::from_utf8_lossy(&output.stderr);
                    eprintln!("skipped: npm could not install {package}: {said}");
                    return None;
                }
                Err(fault) => {
                    assert!(
                        std::env::var_os("CI").is_none_or(|value| value != "true"),
                        "CI=true and npm does not start ({fault}); `apt-get install npm`"
                    );
                    eprintln!("skipped: npm does not start ({fault}); `apt-get install npm`");
                    return None;
                }
            }
        }
        Self::installed()
    }

    /// It, if it is there already.
    pub fn installed() -> Option<Self> {
        let folder = folder();
        let peer = Self {
            node: folder.join(NODE),
            entry: folder.join(ENTRY),
        };
        (is_whole(&peer.node) && peer.entry.is_file()).then_some(peer)
    }

    /// One of its commands, not started.
    pub fn command(&self, home: &Path, words: &[&str]) -> Command {
        let mut command = Command::new(&self.node);
        command
            .arg(&self.entry)
            .args(words)
            .env_clear()
            .env("PATH", path(&self.node))
            .env("HOME", home)
            .envs([
                ("DO_NOT_TRACK", "1"),
                ("NO_COLOR", "1"),
                ("OPENCLAW_DISABLE_BONJOUR", "1"),
                ("OPENCLAW_NO_AUTO_UPDATE", "1"),
                ("OPENCLAW_SKIP_CHANNELS", "1"),
            ])
            .current_dir(home)
            .stdin(Stdio::null());
        command
    }
}

/// Writes a home whose config names a gateway on this machine, with more in it.
pub fn write_home(home: &Path, port: u16, token: &str, more: &Value) {
    let folder = home.join(".openclaw");
    fs::create_dir_all(&folder).unwrap();
    let mut config = json!({
        "gateway": {
            "mode": "local", "port": port, "bind": "loopback", "auth": {"mode": "token", "token": token},
            "http": {"endpoints": {"chatCompletions": {"enabled": true}}},
        },
        "discovery": {"mdns": {"mode": "off"}},
        "update": {"checkOnStart": false, "auto": {"enabled": false}},
        "telemetry": {"enabled": false},
        "logging": {"file": home.join("openclaw.log")},
    });
    if let (Some(config), Some(more)) = (config.as_object_mut(), more.as_object()) {
        config.extend(more.clone());
    }
    fs::write(folder.join("openclaw.json"), config.to_string()).unwrap();
}

fn folder() -> PathBuf {
    let named = std::env::var_os("OPENCLAW_PEER_DIR").map(PathBuf::from);
    named.unwrap_or_else(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        root.join("target/openclaw-client")
    })
}

fn install(folder: &Path, package: &str) -> std::io::Result<Output> {
    Command::new("npm")
        .args(["install", "--no-audit", "--no-fund", "--loglevel=error"])
        .args(["--fetch-retries=1", "--fetch-timeout=30000", "--prefix"])
        .arg(folder)
        .arg(package)
        .env("PATH", path(&folder.join(NODE)))
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
}

/// Where programs are looked for: beside this one first.
fn path(node: &Path) -> OsString {
    let usual = std::env::var_os("PATH").unwrap_or_default();
    let bin = node.parent().unwrap().to_owned();
    std::env::join_paths([bin].into_iter().chain(std::env::split_paths(&usual))).unwrap()
}

/// What npm was stopped at leaves a file of a few bytes where the program is to be.
fn is_whole(program: &Path) -> bool {
    fs::metadata(program).is_ok_and(|found| found.len() > 1_000_000)
}
