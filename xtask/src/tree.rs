//! The checkout: where it is, which packages it has and which files git knows.
//!
//! Packages come from `cargo metadata --no-deps`, so nothing is resolved or downloaded. Folders of guests,
//! tests and the SDK may hold workspaces of their own; these are read too, one call each.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use cargo_metadata::{Metadata, MetadataCommand, Package};

use crate::process::capture;

/// Folders in which a `Cargo.toml` may belong to a workspace other than the main one.
const OUTLYING: [&str; 3] = ["guests/", "tests/", "sdk/"];
/// Manifests in here are for authors to fill in, and not yet manifests.
const TEMPLATES: &str = "sdk/templates/";

/// One checkout.
#[derive(Debug)]
pub(crate) struct Tree {
    /// The root of the main workspace and of the repository.
    pub(crate) root: PathBuf,
    /// The workspace at the root.
    pub(crate) main: Workspace,
    /// Workspaces below it that the main one does not contain.
    pub(crate) others: Vec<Workspace>,
    /// Every file that git tracks or would track, relative to the root with `/` between the parts, sorted.
    pub(crate) files: Vec<String>,
}

/// One cargo workspace.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) packages: Vec<Package>,
}

impl Tree {
    /// Reads the checkout that `folder` belongs to.
    pub(crate) fn load(folder: &Path) -> Result<Self> {
        let main = Workspace::load(&find_manifest(folder)?)?;
        let root = main.root.clone();
        let files = list_files(&root)?;
        let mut others: Vec<Workspace> = Vec::new();
        for file in &files {
            let outlying = OUTLYING.iter().any(|folder| file.starts_with(folder));
            if !outlying || file.starts_with(TEMPLATES) || !file.ends_with("/Cargo.toml") {
                continue;
            }
            let manifest = root.join(file);
            let known = std::iter::once(&main)
                .chain(&others)
                .any(|workspace| workspace.covers(&manifest));
            if !known {
                others.push(Workspace::load(&manifest)?);
            }
        }
        Ok(Self {
            root,
            main,
            others,
            files,
        })
    }

    /// All packages of all workspaces.
    pub(crate) fn packages(&self) -> impl Iterator<Item = &Package> {
        self.workspaces().flat_map(|workspace| &workspace.packages)
    }

    /// The main workspace and then the others.
    pub(crate) fn workspaces(&self) -> impl Iterator<Item = &Workspace> {
        std::iter::once(&self.main).chain(&self.others)
    }

    /// The path from the root, with `/` between the parts; `None` for a path outside of the checkout.
    pub(crate) fn relative(&self, path: &Path) -> Option<String> {
        let inside = path.strip_prefix(&self.root).ok()?;
        let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
        Some(parts.join("/"))
    }
}

impl Workspace {
    fn load(manifest: &Path) -> Result<Self> {
        let Metadata {
            packages,
            workspace_root,
            ..
        } = MetadataCommand::new()
            .manifest_path(manifest)
            .no_deps()
            .exec()
            .with_context(|| format!("cargo cannot read {}", manifest.display()))?;
        Ok(Self {
            root: workspace_root.into_std_path_buf(),
            packages,
        })
    }

    fn covers(&self, manifest: &Path) -> bool {
        self.root.join("Cargo.toml") == manifest
            || self
                .packages
                .iter()
                .any(|package| package.manifest_path == *manifest)
    }
}

fn find_manifest(folder: &Path) -> Result<PathBuf> {
    let found = folder
        .ancestors()
        .map(|above| above.join("Cargo.toml"))
        .find(|file| file.is_file());
    found.with_context(|| {
        format!(
            "no Cargo.toml in or above {}; go into a checkout",
            folder.display()
        )
    })
}

fn list_files(root: &Path) -> Result<Vec<String>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root);
    let (ok, printed) = capture(&mut git).context("git is needed: `apt-get install git`")?;
    if !ok {
        bail!(
            "`git ls-files` failed in {}; it must be a git checkout",
            root.display()
        );
    }
    // A file that is deleted but still in the index is no longer part of the tree.
    let names = printed
        .split('\0')
        .filter(|name| !name.is_empty() && root.join(name).exists());
    let mut files: Vec<String> = names.map(str::to_owned).collect();
    files.sort();
    files.dedup();
    Ok(files)
}
