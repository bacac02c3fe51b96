//! Packages of the guests in this repository, as an operator has them before installing.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Home;

/// The folder of a guest of this repository.
fn guest(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../guests/tools")
        .join(name)
}

/// The component of a guest.
pub(crate) fn component(name: &str) -> Vec<u8> {
    let file = guest(name)
        .join("target/wasm32-wasip2/release")
        .join(format!("{}.wasm", name.replace('-', "_")));
    fs::read(&file).unwrap_or_else(|_| panic!("{} is not built; run cargo xtask test", file.display()))
}

/// The manifest of a guest.
pub(crate) fn manifest(name: &str) -> Value {
    serde_json::from_slice(&fs::read(guest(name).join("openclaw.plugin.json")).unwrap()).unwrap()
}

/// The same component with other bytes, as of another version.
pub(crate) fn another(component: &[u8]) -> Vec<u8> {
    // A custom section "note".
    [component, &[0, 6, 4, b'n', b'o', b't', b'e', b'2']].concat()
}

impl Home {
    /// Lays out a guest's package and yields its path, relative to where the program runs.
    pub(crate) fn package(&self, name: &str) -> String {
        self.package_of(name, &manifest(name), &component(name))
    }

    /// Lays out a package.
    pub(crate) fn package_of(&self, folder: &str, manifest: &Value, component: &[u8]) -> String {
        let path = self.path("packages").join(folder);
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("openclaw.plugin.json"), manifest.to_string()).unwrap();
        let file = manifest["component"]["file"].as_str().unwrap();
        fs::write(path.join(file), component).unwrap();
        format!("packages/{folder}")
    }

    /// Lays out a component in text form with a manifest that asks for nothing.
    pub(crate) fn foreign(&self, id: &str, text: &str) -> String {
        let manifest = json!({"id": id, "configSchema": {}, "component": {"file": "foreign.wasm"}});
        self.package_of(id, &manifest, &wat::parse_str(text).unwrap())
    }
}

/// A text without what differs from build to build: digests and sizes.
pub(crate) fn steady(text: &str) -> String {
    let words = text.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
    let steady = words.map(|word| {
        let digits = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let is_digest = digits.len() == 64 && digits.bytes().all(|c| c.is_ascii_hexdigit());
        let is_size = digits.len() >= 4 && digits.bytes().all(|c| c.is_ascii_digit());
        let stand_in = match (is_digest, is_size) {
            (true, _) => "[digest]",
            (_, true) => "[number]",
            _ => return word.to_owned(),
        };
        word.replacen(digits, stand_in, 1)
    });
    steady.collect()
}
