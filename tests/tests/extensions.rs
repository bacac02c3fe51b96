//! The guests and the templates are what their manifests say.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use openclaw_policy::{Capabilities, Manifest, World};
use wit_parser::decoding::{DecodedWasm, decode};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn folders(of: &str) -> Vec<PathBuf> {
    let mut folders: Vec<_> = fs::read_dir(root().join(of))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("openclaw.plugin.json").is_file())
        .collect();
    folders.sort();
    folders
}

fn manifest(folder: &Path) -> Manifest {
    let path = folder.join("openclaw.plugin.json");
    let bytes = fs::read(&path).unwrap();
    Manifest::parse(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Builds a component and gives its imports and exports, without versions.
fn build(folder: &Path, target: &Path) -> (BTreeSet<String>, BTreeSet<String>) {
    let out = Command::new(env!("CARGO"))
        .args([
            "build",
            "--locked",
            "--quiet",
            "--release",
            "--target",
            "wasm32-wasip2",
        ])
        .arg("--target-dir")
        .arg(target)
        .current_dir(folder)
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{}: {}",
        folder.display(),
        String::from_utf8_lossy(&out.stderr)
    );
    let component = manifest(folder).component.unwrap();
    let file = component.file.unwrap();
    let path = target.join("wasm32-wasip2/release").join(file.as_str());
    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let DecodedWasm::Component(resolve, world) = decode(&bytes).unwrap() else {
        panic!("{} is no component", path.display());
    };
    let world = &resolve.worlds[world];
    let names = |keys: Vec<&wit_parser::WorldKey>| {
        let names = keys.into_iter().map(|key| resolve.name_world_key(key));
        names
            .map(|name| name.split('@').next().unwrap().to_owned())
            .collect::<BTreeSet<_>>()
    };
    (
        names(world.imports.keys().collect()),
        names(world.exports.keys().collect()),
    )
}

/// What a component imports of ours that is an ability, and not only a shape.
fn abilities(imports: &BTreeSet<String>) -> Vec<&str> {
    let ours = imports.iter().map(String::as_str);
    ours.filter(|name| {
        name.starts_with("openclaw:") && !name.ends_with("/types") && !name.starts_with("openclaw:types/")
    })
    .collect()
}

/// The guest's own folder for what is built, which the suite's first step has already filled.
fn build_guest(name: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let folder = root().join("guests/tools").join(name);
    let target = folder.join("target");
    build(&folder, &target)
}

#[test]
fn every_manifest_is_one_and_names_its_tools() {
    let folders: Vec<_> = [folders("guests/tools"), folders("sdk/templates")].concat();
    assert!(folders.len() >= 6, "{folders:?}");
    for folder in folders {
        let manifest = manifest(&folder);
        let name = folder.file_name().unwrap().to_str().unwrap();
        let id = manifest.id.as_str();
        assert!(id == name || id == format!("my-{name}"), "{id} is in {name}");
        let component = manifest.component.unwrap();
        let world = component.world.unwrap();
        assert_eq!(world == World::Skill, folder.join("SKILL.md").is_file(), "{id}");
        assert_eq!(
            component.file.unwrap().as_str(),
            format!("{}.wasm", id.replace('-', "_"))
        );
        assert!(!manifest.contracts.tools.is_empty(), "{id}");
    }
}

#[test]
fn a_tool_that_needs_nothing_imports_no_ability() {
    for name in ["calc", "json-query"] {
        assert_eq!(
            manifest(&root().join("guests/tools").join(name)).capabilities,
            Capabilities::default()
        );
        let (imports, exports) = build_guest(name);
        assert_eq!(abilities(&imports), Vec::<&str>::new(), "{name}");
        assert_eq!(exports.into_iter().collect::<Vec<_>>(), ["openclaw:tool/toolbox"]);
    }
}

#[test]
fn a_tool_imports_what_its_code_reaches() {
    let (notes, _) = build_guest("kv-notes");
    assert_eq!(abilities(&notes), ["openclaw:kv/store", "openclaw:log/lines"]);
    let (stats, _) = build_guest("text-stats");
    assert_eq!(abilities(&stats), ["openclaw:progress/report"]);
    assert!(stats.contains("wasi:filesystem/preopens"), "{stats:?}");
}

#[test]
fn the_templates_build_as_they_stand() {
    let target = root().join("target/templates");
    let build = |name: &str| build(&root().join("sdk/templates").join(name), &target);
    let (imports, exports) = build("tool");
    assert_eq!(abilities(&imports), Vec::<&str>::new());
    assert_eq!(exports.into_iter().collect::<Vec<_>>(), ["openclaw:tool/toolbox"]);
    let (imports, exports) = build("skill");
    assert_eq!(abilities(&imports), ["openclaw:config/settings"]);
    assert_eq!(
        exports.into_iter().collect::<Vec<_>>(),
        ["openclaw:tool/skill-text", "openclaw:tool/toolbox"]
    );
}
