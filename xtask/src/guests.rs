//! Building the guests: every package under `guests/` and `tests/guests/`, in release, each by a cargo call
//! of its own. One call for all would let one guest's features leak into another's dependencies, and a guest
//! would no longer be the component that its own manifest describes.

use anyhow::Result;

use crate::process::{cargo, run};
use crate::toolchain::GUEST_TARGET;
use crate::tree::Tree;

const FOLDERS: [&str; 2] = ["guests/", "tests/guests/"];

/// Builds them all; a tree without guests costs nothing.
pub(crate) fn build(tree: &Tree) -> Result<()> {
    for package in tree.packages() {
        let Some(manifest) = tree.relative(package.manifest_path.as_std_path()) else {
            continue;
        };
        if !FOLDERS.iter().any(|folder| manifest.starts_with(folder)) {
            continue;
        }
        let folder = package.manifest_path.as_std_path().parent().unwrap_or(&tree.root);
        let mut command = cargo();
        command.args([
            "build",
            "--release",
            "--target",
            GUEST_TARGET,
            "--package",
            package.name.as_str(),
        ]);
        run(
            &format!("building the guest {}", package.name),
            command.current_dir(folder),
            &format!("mend {manifest} or its sources"),
        )?;
    }
    Ok(())
}
