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
use openclaw_test::{Component, Host};
use openclaw_tests::templates::alone_in_templates;
use serde_json::json;
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
    let folders: Vec<_> = [
        folders("guests/tools"),
        folders("guests/skills"),
        folders("sdk/templates"),
    ]
    .concat();
    assert!(folders.len() >= 8, "{folders:?}");
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
    let (fetch, _) = build_guest("web-fetch");
    assert_eq!(
        abilities(&fetch),
        [
            "openclaw:config/settings",
            "openclaw:context/call",
            "openclaw:http/client"
        ]
    );
    let (notes, _) = build_guest("kv-notes");
    assert_eq!(abilities(&notes), ["openclaw:kv/store", "openclaw:log/lines"]);
    let (stats, _) = build_guest("text-stats");
    assert_eq!(abilities(&stats), ["openclaw:progress/report"]);
    assert!(stats.contains("wasi:filesystem/preopens"), "{stats:?}");
}

#[test]
fn the_templates_build_as_they_stand() {
    let _alone = alone_in_templates();
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

/// `cargo component`, from the `PATH` or from where this checkout keeps its tools.
fn find_cargo_component() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([root().join("target/tools/bin")]);
    let mut files = folders.map(|folder| folder.join("cargo-component"));
    files.find(|file| file.is_file())
}

/// It compiles for the older target, and would download that if it were not there.
fn has_older_target() -> bool {
    let out = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", "wasm32-wasip1"])
        .current_dir(root())
        .output()
        .unwrap();
    Path::new(String::from_utf8_lossy(&out.stdout).trim()).is_dir()
}

#[test]
fn the_templates_build_with_cargo_component_too() {
    // It takes minutes to install, so this is for machines that have it, and no run of the suite requires it.
    let Some(program) = find_cargo_component().filter(|_| has_older_target()) else {
        eprintln!("skipped: cargo-component or the target wasm32-wasip1 is not installed");
        return;
    };
    for (name, file) in [("tool", "my_tool.wasm"), ("skill", "my_skill.wasm")] {
        let target = root().join("target/cargo-component");
        let out = Command::new(&program)
            .args(["component", "build", "--offline", "--locked", "--release"])
            .env("CARGO_TARGET_DIR", &target)
            .env_remove("RUSTFLAGS")
            .current_dir(root().join("sdk/templates").join(name))
            .output()
            .unwrap();
        assert!(
            out.status.success(),
            "{name}: {}",
            String::from_utf8_lossy(&out.stderr)
        );
        let component = Component::load(target.join("wasm32-wasip1/release").join(file)).unwrap();
        let mut host = Host::new();
        let output = match name {
            "tool" => component.call(&mut host, "greet", json!({"name": "Ada"})),
            _ => component.call(&mut host, "sum_dice", json!({"dice": [1, 2]})),
        };
        let expected = if name == "tool" { "Hello, Ada!" } else { "3" };
        assert_eq!(output.unwrap().text(), expected);
    }
}
