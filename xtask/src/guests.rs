//! Building and testing the guests: every package under `guests/` and `tests/guests/`, each by a cargo call of
//! its own. One call for all would let one guest's features leak into another's dependencies, and a guest
//! would no longer be the component that its own manifest describes.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use cargo_metadata::{Package, Target, TargetKind};

use crate::process::{cargo, run};
use crate::toolchain::GUEST_TARGET;
use crate::tree::Tree;

const FOLDERS: [&str; 2] = ["guests/", "tests/guests/"];

/// What guests are compiled into to be tested and linted. They share it, so that the SDK is compiled once.
pub(crate) const CHECKED: &str = "target/guests";

/// What guests are compiled into in release, for the same reason.
const BUILT: &str = "target/guests-release";

/// Those that come with the program, and what they are packed into.
const SHIPPED: &str = "guests/";
pub(crate) const PACKED: &str = "target/extensions";

/// A package without a manifest is no extension: nobody installs it, and no grant is asked for. Its program is one that
/// the gateway itself runs, and lies here by its name.
pub(crate) const PROGRAMS: &str = "target/programs";

const MANIFEST: &str = "openclaw.plugin.json";
const SKILL_TEXT: &str = "SKILL.md";

/// Builds them all, in release; a tree without guests costs nothing. Each is put where a build of its own would have
/// left it.
pub(crate) fn build(tree: &Tree) -> Result<()> {
    let built = tree.root.join(BUILT);
    for (package, manifest) in list(tree) {
        let mut command = cargo();
        command
            .args([
                "build",
                "--release",
                "--target",
                GUEST_TARGET,
                "--package",
                package.name.as_str(),
                "--target-dir",
            ])
            .arg(&built);
        run(
            &format!("building the guest {}", package.name),
            command.current_dir(folder(tree, package)),
            &format!("mend {manifest} or its sources"),
        )?;
        place(&built, package, folder(tree, package))?;
        if manifest.starts_with(SHIPPED) {
            let guest = folder(tree, package);
            match guest.join(MANIFEST).exists() {
                true => pack(&built, guest, &tree.root.join(PACKED))?,
                false => lay(&built, package, &tree.root.join(PROGRAMS))?,
            }
        }
    }
    Ok(())
}

/// Puts a guest that comes with the program into a folder of its id, as the program expects it.
fn pack(built: &Path, guest: &Path, packed: &Path) -> Result<()> {
    let file = guest.join(MANIFEST);
    let manifest = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    let manifest: serde_json::Value =
        serde_json::from_str(&manifest).with_context(|| format!("reading {}", file.display()))?;
    let text = |pointer: &str| manifest.pointer(pointer).and_then(serde_json::Value::as_str);
    let (Some(id), Some(component)) = (text("/id"), text("/component/file")) else {
        bail!("{} names no id or no component", file.display());
    };
    let folder = packed.join(id);
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let component = (
        built.join(GUEST_TARGET).join("release").join(component),
        folder.join(component),
    );
    let text = guest.join(SKILL_TEXT);
    let text = text.exists().then(|| (text, folder.join(SKILL_TEXT)));
    let files = [Some(component), Some((file, folder.join(MANIFEST))), text];
    for (from, to) in files.into_iter().flatten() {
        fs::copy(&from, &to).with_context(|| format!("copying {} to {}", from.display(), to.display()))?;
    }
    Ok(())
}

/// Puts the programs of a package without a manifest where the gateway looks for its own.
fn lay(built: &Path, package: &Package, programs: &Path) -> Result<()> {
    fs::create_dir_all(programs).with_context(|| format!("making {}", programs.display()))?;
    for target in package
        .targets
        .iter()
        .filter(|target| target.is_kind(TargetKind::Bin))
    {
        let file = format!("{}.wasm", target.name);
        let from = built.join(GUEST_TARGET).join("release").join(&file);
        let to = programs.join(&file);
        fs::copy(&from, &to).with_context(|| format!("copying {} to {}", from.display(), to.display()))?;
    }
    Ok(())
}

/// Copies what a guest became into the folder of its own.
fn place(built: &Path, package: &Package, guest: &Path) -> Result<()> {
    let release = Path::new(GUEST_TARGET).join("release");
    let own = guest.join("target").join(&release);
    fs::create_dir_all(&own).with_context(|| format!("making {}", own.display()))?;
    let made = |target: &&Target| target.is_kind(TargetKind::CDyLib) || target.is_kind(TargetKind::Bin);
    for target in package.targets.iter().filter(made) {
        let name = match target.is_kind(TargetKind::CDyLib) {
            true => target.name.replace('-', "_"),
            false => target.name.clone(),
        };
        let file = format!("{name}.wasm");
        let (from, to) = (built.join(&release).join(&file), own.join(&file));
        fs::copy(&from, &to).with_context(|| format!("copying {} to {}", from.display(), to.display()))?;
    }
    Ok(())
}

/// Runs the tests that guests have of their own, as programs of this machine.
pub(crate) fn test(tree: &Tree) -> Result<()> {
    for (package, _) in list(tree) {
        let is_tested = |target: &Target| {
            target.test && (target.is_kind(TargetKind::CDyLib) || target.is_kind(TargetKind::Lib))
        };
        if !package.targets.iter().any(is_tested) {
            continue;
        }
        let mut command = cargo();
        command
            .args(["test", "--quiet", "--lib", "--package", package.name.as_str()])
            .arg("--target-dir")
            .arg(tree.root.join(CHECKED));
        run(
            &format!("testing the guest {}", package.name),
            command.current_dir(folder(tree, package)),
            "the failing tests are named above",
        )?;
    }
    Ok(())
}

/// Every guest with its manifest's place in the tree.
fn list(tree: &Tree) -> impl Iterator<Item = (&Package, String)> {
    tree.packages().filter_map(|package| {
        let manifest = tree.relative(package.manifest_path.as_std_path())?;
        let is_guest = FOLDERS.iter().any(|folder| manifest.starts_with(folder));
        is_guest.then_some((package, manifest))
    })
}

fn folder<'a>(tree: &'a Tree, package: &'a Package) -> &'a Path {
    package.manifest_path.as_std_path().parent().unwrap_or(&tree.root)
}
