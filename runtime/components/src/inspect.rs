//! Looking at a package before anything is done with it: what it is, what it asks for, and why it is refused.
//!
//! **Promise.** Nothing of it is compiled or run, and nothing is written. What is refused is described as far as it
//! can be read. What is found installable here is refused later only for what a compiler or the component itself
//! says.
//! **Bound.** That of a package. **Cost.** Reading it, and one pass over its component.

use std::fs;
use std::path::{Path, PathBuf};

use openclaw_policy::{Capabilities, Digest, Manifest};

use crate::error::{Error, Result};
use crate::exports;
use crate::imports::{self, Standing};
use crate::package::{MANIFEST_FILE, Package, read_bounded};
use crate::validate::{self, Shape};

/// A manifest that is larger is refused unread.
const MAX_MANIFEST: u64 = openclaw_policy::MAX_BYTES as u64;

/// What can be told of a package.
pub struct Inspection {
    /// Where it is.
    pub path: PathBuf,
    /// The identity of its component, if one was found.
    pub digest: Option<Digest>,
    /// How many bytes its component has.
    pub size: Option<u64>,
    /// Its manifest, if it has a usable one.
    pub manifest: Option<Manifest>,
    /// What it imports, in order, and what becomes of each.
    pub imports: Vec<(String, Standing)>,
    /// What it exports, in order.
    pub exports: Vec<String>,
    /// How many bytes of memory its component begins with.
    pub memory: u64,
    /// Why it cannot be installed; empty if it can.
    pub refusals: Vec<Error>,
    package: Option<Package>,
}

/// What a component is for, as its exports tell.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exported {
    /// Tools.
    Tool,
    /// Tools and instructions.
    Skill,
    /// An adapter to a chat platform.
    Channel,
    /// A program of the standard's, which is called as one tool.
    Command,
}

impl Inspection {
    /// Looks at a folder, or at a component with its manifest inside.
    pub fn read(path: &Path) -> Result<Self> {
        let found = fs::metadata(path).map_err(Error::file("read", path))?;
        match Package::read(path) {
            Ok(package) => {
                let mut inspection = Self::new(path, Some(package.manifest.clone()));
                inspection.examine(&package.component, true);
                let has_text = package.has(exports::SKILL_FILE);
                let compared = exports::compare(&inspection.exports, &package.manifest, has_text);
                inspection.refusals.extend(compared.err());
                inspection.package = Some(package);
                Ok(inspection)
            }
            Err(refusal) => Self::read_refused(path, found.is_dir(), refusal),
        }
    }

    /// Takes together what can be read of a package that is refused as a whole.
    fn read_refused(path: &Path, is_folder: bool, refusal: Error) -> Result<Self> {
        let (manifest, component) = match is_folder {
            true => {
                let bytes = read_bounded(&path.join(MANIFEST_FILE), MAX_MANIFEST).ok();
                let manifest = bytes.and_then(|bytes| Manifest::parse(&bytes).ok());
                (manifest, find_component(path))
            }
            false => (None, Some(path.to_owned())),
        };
        let mut inspection = Self::new(path, manifest);
        inspection.refusals.push(refusal);
        if let Some(component) = component {
            let bytes = read_bounded(&component, validate::MAX_BYTES as u64)?;
            // Reading a lone component has examined it already.
            inspection.examine(&bytes, is_folder);
        }
        Ok(inspection)
    }

    /// Tells what is known of an installed package, whose component is read as it is now.
    pub(crate) fn of_installed(files: &Path, manifest: Manifest, component: Result<Vec<u8>>) -> Self {
        let mut inspection = Self::new(files, Some(manifest));
        match component {
            Ok(bytes) => inspection.examine(&bytes, true),
            Err(error) => inspection.refusals.push(error),
        }
        inspection
    }

    fn new(path: &Path, manifest: Option<Manifest>) -> Self {
        Self {
            path: path.to_owned(),
            digest: None,
            size: None,
            manifest,
            imports: Vec::new(),
            exports: Vec::new(),
            memory: 0,
            refusals: Vec::new(),
            package: None,
        }
    }

    fn examine(&mut self, bytes: &[u8], is_news: bool) {
        // Of what is larger only the beginning was read, which says nothing about the whole.
        if bytes.len() <= validate::MAX_BYTES {
            self.digest = Some(Digest::of(bytes));
            self.size = Some(bytes.len() as u64);
        }
        match validate::examine(bytes) {
            Ok(shape) => self.judge(shape),
            Err(error) if is_news => self.refusals.push(error),
            Err(_) => {}
        }
    }

    fn judge(&mut self, shape: Shape) {
        if self.manifest.is_none() {
            self.manifest = shape.manifest.and_then(|bytes| Manifest::parse(&bytes).ok());
        }
        let nothing = Capabilities::default();
        let asked = self
            .manifest
            .as_ref()
            .map_or(&nothing, |manifest| &manifest.capabilities);
        let is_channel = shape
            .exports
            .iter()
            .any(|name| name.starts_with(exports::ADAPTER));
        let judge = |import: String| {
            let standing = imports::judge(&import, asked, is_channel);
            (import, standing)
        };
        self.imports = shape.imports.into_iter().map(judge).collect();
        self.exports = shape.exports;
        self.memory = shape.memory;
        let refused = self.imports.iter().filter_map(|(_, standing)| match standing {
            Standing::Refused(refusal) => Some(refusal.clone()),
            Standing::Always | Standing::Asked(_) => None,
        });
        let refused: Vec<_> = refused.collect();
        if !refused.is_empty() {
            self.refusals.push(Error::Imports(refused));
        }
        if self.exported().is_none() {
            self.refusals.push(Error::NoExport);
        }
    }

    /// What it is for, as its exports tell; none if it is for nothing that is known.
    pub fn exported(&self) -> Option<Exported> {
        let has = |prefix: &str| self.exports.iter().any(|name| name.starts_with(prefix));
        if has(exports::TOOLBOX) {
            Some(match has(exports::SKILL_TEXT) {
                true => Exported::Skill,
                false => Exported::Tool,
            })
        } else if has(exports::ADAPTER) {
            Some(Exported::Channel)
        } else if has(exports::RUN) {
            Some(Exported::Command)
        } else {
            None
        }
    }

    /// The package, unless there is a reason to refuse it.
    pub(crate) fn into_package(self) -> Result<Package> {
        if let Some(refusal) = self.refusals.into_iter().next() {
            return Err(refusal);
        }
        self.package.ok_or(Error::Package {
            path: self.path,
            what: "it is installed already; name the folder or component that it came from",
        })
    }
}

/// The one component of a folder whose manifest does not name it.
fn find_component(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()));
    let is_file = |path: &Path| fs::symlink_metadata(path).is_ok_and(|found| found.is_file());
    let mut found =
        entries.filter(|path| path.extension().is_some_and(|ending| ending == "wasm") && is_file(path));
    found.next().filter(|_| found.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
        let path = folder.join(name);
        fs::write(&path, wat::parse_str(text).unwrap()).unwrap();
        path
    }

    const FOREIGN: &str = r#"(component
        (import "acme:weather/api@1.0.0" (instance))
        (import "openclaw:log/lines@0.1.0" (instance))
        (import "openclaw:kv/store@0.1.0" (instance))
        (instance $i)
        (export "openclaw:tool/toolbox@0.1.0" (instance $i)))"#;

    #[test]
    fn a_component_without_manifest_is_described_and_refused_for_that_and_all_else() {
        let folder = tempfile::tempdir().unwrap();
        let found = Inspection::read(&write(folder.path(), "foreign.wasm", FOREIGN)).unwrap();
        assert!(found.manifest.is_none() && found.digest.is_some());
        assert_eq!(found.exported(), Some(Exported::Tool));
        assert!(matches!(
            found.refusals.as_slice(),
            [Error::Package { .. }, Error::Imports(refused)] if refused.len() == 2
        ));
        assert_eq!(found.imports[1].1, Standing::Always);
    }

    #[test]
    fn what_the_manifest_asks_for_stands_and_the_rest_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "foreign.wasm", FOREIGN);
        let manifest = r#"{"id": "demo", "configSchema": {}, "component": {"file": "foreign.wasm"},
            "capabilities": {"kv": {"quota": "1 MiB"}}}"#;
        fs::write(folder.path().join(MANIFEST_FILE), manifest).unwrap();
        let found = Inspection::read(folder.path()).unwrap();
        assert_eq!(found.imports[2].1, Standing::Asked("kv"));
        assert!(matches!(found.refusals.as_slice(), [Error::Imports(refused)] if refused.len() == 1));
        assert!(matches!(found.into_package(), Err(Error::Imports(_))));
    }

    #[test]
    fn bytes_that_are_no_component_are_told_with_their_size_and_digest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("odd.wasm");
        fs::write(&path, b"odd").unwrap();
        let found = Inspection::read(&path).unwrap();
        assert_eq!((found.size, found.digest), (Some(3), Some(Digest::of(b"odd"))));
        assert!(matches!(found.refusals.as_slice(), [Error::NotComponent(_)]));
    }

    #[test]
    fn a_folder_with_a_broken_manifest_is_described_by_its_one_component() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "foreign.wasm", FOREIGN);
        fs::write(folder.path().join(MANIFEST_FILE), "{ id: 1 }").unwrap();
        let found = Inspection::read(folder.path()).unwrap();
        assert!(found.exports.len() == 1 && matches!(found.refusals[0], Error::Manifest(_)));
    }

    #[test]
    fn a_manifest_that_never_ends_or_never_comes_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let (pipe, endless) = (folder.path().join("pipe"), folder.path().join("endless"));
        for path in [&pipe, &endless] {
            fs::create_dir(path).unwrap();
        }
        let mode = rustix::fs::Mode::RUSR;
        let fifo = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, pipe.join(MANIFEST_FILE), fifo, mode, 0).unwrap();
        std::os::unix::fs::symlink("/dev/zero", endless.join(MANIFEST_FILE)).unwrap();
        for path in [pipe, endless] {
            let (sender, receiver) = std::sync::mpsc::channel();
            std::thread::spawn(move || sender.send(Inspection::read(&path).unwrap().refusals.len()));
            let refusals = receiver.recv_timeout(std::time::Duration::from_secs(10));
            assert!(refusals.unwrap() > 0);
        }
    }
}
