//! A small checkout in a temporary folder, for the tests of the checks. It is a real one: git and cargo read
//! it.

use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::tree::Tree;

/// The checkout; it vanishes with the value.
pub(super) struct FakeTree {
    folder: TempDir,
}

impl FakeTree {
    /// A workspace of everything that [`package`](Self::package) adds under `runtime/`; `runtime/policy` is
    /// there from the beginning, because cargo takes no workspace without a package.
    pub(super) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let git = Command::new("git")
            .args(["init", "--quiet"])
            .current_dir(folder.path())
            .status()
            .unwrap();
        assert!(git.success());
        let fake = Self { folder };
        fake.write(
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"runtime/*\"]\n[workspace.lints]\n",
        );
        fake.write(".gitignore", "/target\nCargo.lock\n");
        fake.package("runtime/policy", "openclaw-policy", "");
        fake
    }

    /// Where it is, as cargo will say it.
    pub(super) fn root(&self) -> std::path::PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    /// Writes a file and the folders above it.
    pub(super) fn write(&self, path: &str, text: &str) {
        let file = self.folder.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap_or(Path::new(""))).unwrap();
        std::fs::write(file, text).unwrap();
    }

    /// Adds a package with a library and these lines in its manifest, which begins with four lines of its own
    /// and ends, under `runtime/`, with the lints of the workspace.
    pub(super) fn package(&self, folder: &str, name: &str, manifest: &str) {
        let head = format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
        let lints = match folder.starts_with("runtime/") {
            true => "[lints]\nworkspace = true\n",
            false => "",
        };
        self.write(
            &format!("{folder}/Cargo.toml"),
            &format!("{head}{manifest}{lints}"),
        );
        self.write(
            &format!("{folder}/src/lib.rs"),
            &format!("//! What {name} promises.\n"),
        );
    }

    /// Reads it as the checks do.
    pub(super) fn load(&self) -> Tree {
        Tree::load(&self.root()).unwrap()
    }

    /// Runs git in it.
    pub(super) fn git(&self, args: &[&str]) {
        let mut command = Command::new("git");
        let status = command
            .args(args)
            .current_dir(self.folder.path())
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
    }
}
