//! Reading a package: a folder with a manifest and a component, or a component with its manifest inside.
//!
//! **Bound.** [`MAX_FILES`] files and [`MAX_BYTES`] bytes; links and whatever else is no file are refused.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use openclaw_policy::{Digest, Manifest};
use rustix::fs::{Mode, OFlags};

use crate::error::{Error, Result};
use crate::validate;

/// The name of a manifest.
pub const MANIFEST_FILE: &str = "openclaw.plugin.json";
/// The name of a component that brought its manifest inside.
const COMPONENT_FILE: &str = "component.wasm";
const MAX_FILES: usize = 2000;
const MAX_BYTES: u64 = 256 << 20;
const MAX_DEPTH: usize = 16;

/// A package that was read.
pub(crate) struct Package {
    pub(crate) manifest: Manifest,
    pub(crate) component: Vec<u8>,
    /// What its manifest is, byte for byte.
    pub(crate) manifest_digest: Digest,
    /// The identity of its component.
    pub(crate) digest: Digest,
    /// The identity of the whole package: of all its files and their paths.
    pub(crate) address: Digest,
    /// The path of its component.
    pub(crate) component_file: PathBuf,
    /// The paths of its files and their bytes, the manifest and the component among them.
    pub(crate) files: Vec<(PathBuf, Vec<u8>)>,
}

impl Package {
    /// Reads a folder, or a component with its manifest inside.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        // The path itself may be a link, since a person named it.
        let path = &fs::canonicalize(path).map_err(Error::file("read", path))?;
        let found = fs::metadata(path).map_err(Error::file("read", path))?;
        match found.is_dir() {
            true => Self::read_folder(path),
            false => Self::read_component(path),
        }
    }

    /// Whether it has a file of that path.
    pub(crate) fn has(&self, file: &str) -> bool {
        self.files.iter().any(|(path, _)| path == Path::new(file))
    }

    fn read_folder(folder: &Path) -> Result<Self> {
        let mut files = Vec::new();
        collect(folder, Path::new(""), &mut files, &mut 0)?;
        let find = |name: &Path| {
            files
                .iter()
                .find(|(path, _)| path == name)
                .map(|(_, bytes)| bytes.clone())
        };
        let refuse = |what| Error::Package {
            path: folder.to_owned(),
            what,
        };
        let manifest = find(Path::new(MANIFEST_FILE));
        let manifest = Manifest::parse(&manifest.ok_or(refuse("it has no openclaw.plugin.json"))?)?;
        let file = manifest
            .component
            .as_ref()
            .and_then(|component| component.file.as_ref());
        let file =
            file.ok_or_else(|| refuse("its manifest does not name the component; write component.file"))?;
        let file = file.as_str();
        let file = PathBuf::from(file.strip_prefix("./").unwrap_or(file));
        let component = find(&file);
        let component =
            component.ok_or_else(|| refuse("the component that its manifest names is not there"))?;
        Self::new(folder, manifest, (file, component), files)
    }

    fn read_component(path: &Path) -> Result<Self> {
        let component = read_bounded(path, validate::MAX_BYTES as u64)?;
        let inside = validate::examine(&component)?.manifest;
        let bytes = inside.ok_or_else(|| Error::Package {
            path: path.to_owned(),
            what: "it has no manifest inside; install the folder with its openclaw.plugin.json",
        })?;
        let manifest = Manifest::parse(&bytes)?;
        let file = PathBuf::from(COMPONENT_FILE);
        let files = vec![
            (PathBuf::from(MANIFEST_FILE), bytes),
            (file.clone(), component.clone()),
        ];
        Self::new(path, manifest, (file, component), files)
    }

    fn new(
        path: &Path,
        manifest: Manifest,
        (component_file, component): (PathBuf, Vec<u8>),
        mut files: Vec<(PathBuf, Vec<u8>)>,
    ) -> Result<Self> {
        let digest = Digest::of(&component);
        let expected = manifest.component.as_ref().and_then(|component| component.sha256);
        if expected.is_some_and(|expected| expected != digest) {
            return Err(Error::Package {
                path: path.to_owned(),
                what: "its component has another sha256 than its manifest says; get the package anew",
            });
        }
        files.sort();
        let manifest_file = files.iter().find(|(path, _)| path == Path::new(MANIFEST_FILE));
        let manifest_digest = Digest::of(manifest_file.map_or(&[], |(_, bytes)| bytes.as_slice()));
        Ok(Self {
            manifest_digest,
            manifest,
            component,
            digest,
            address: address(&files),
            component_file,
            files,
        })
    }
}

fn address(files: &[(PathBuf, Vec<u8>)]) -> Digest {
    let mut list = Vec::new();
    for (path, bytes) in files {
        // Digests have one length each, so no two lists of files read the same.
        list.extend_from_slice(Digest::of(path.as_os_str().as_bytes()).as_bytes());
        list.extend_from_slice(Digest::of(bytes).as_bytes());
    }
    Digest::of(&list)
}

pub(crate) fn read_bounded(path: &Path, most: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // What became a link or a pipe since it was looked at is neither followed nor waited for.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty()).map(File::from);
    let file = file.map_err(|error| Error::file("read", path)(error.into()))?;
    file.take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(Error::file("read", path))?;
    Ok(bytes)
}

fn collect(folder: &Path, inside: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>, bytes: &mut u64) -> Result<()> {
    let refuse = |what| {
        Err(Error::Package {
            path: folder.to_owned(),
            what,
        })
    };
    if inside.components().count() > MAX_DEPTH {
        return refuse("its folders are nested too deeply");
    }
    for entry in fs::read_dir(folder).map_err(Error::file("read", folder))? {
        let entry = entry.map_err(Error::file("read", folder))?;
        let kind = entry.file_type().map_err(Error::file("read", entry.path()))?;
        let inside = inside.join(entry.file_name());
        if kind.is_dir() {
            collect(&entry.path(), &inside, files, bytes)?;
        } else if kind.is_file() {
            let read = read_bounded(&entry.path(), MAX_BYTES)?;
            *bytes += read.len() as u64;
            if *bytes > MAX_BYTES || files.len() >= MAX_FILES {
                return refuse("it has too many files, or too large ones");
            }
            files.push((inside, read));
        } else {
            return refuse(
                "it has something else than files and folders; leave out links, pipes and devices",
            );
        }
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Writes a folder with everything and reads it.
    pub(crate) fn package(folder: &Path, id: &str, component: &[u8]) -> Package {
        fs::create_dir_all(folder.join("docs")).unwrap();
        fs::write(folder.join("tool.wasm"), component).unwrap();
        fs::write(folder.join("docs/SKILL.md"), "how").unwrap();
        let manifest =
            format!(r#"{{"id": "{id}", "configSchema": {{}}, "component": {{"file": "./tool.wasm"}}}}"#);
        fs::write(folder.join(MANIFEST_FILE), manifest).unwrap();
        Package::read(folder).unwrap()
    }

    #[test]
    fn a_package_with_a_link_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        package(folder.path(), "demo", b"bytes");
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("docs/link")).unwrap();
        assert!(matches!(Package::read(folder.path()), Err(Error::Package { .. })));
    }

    #[test]
    fn a_digest_that_the_manifest_names_must_be_the_components() {
        let folder = tempfile::tempdir().unwrap();
        package(folder.path(), "demo", b"bytes");
        let digest = Digest::of(b"other");
        let manifest = format!(
            r#"{{"id": "demo", "configSchema": {{}}, "component": {{"file": "tool.wasm", "sha256": "{digest}"}}}}"#
        );
        fs::write(folder.path().join(MANIFEST_FILE), manifest).unwrap();
        assert!(matches!(Package::read(folder.path()), Err(Error::Package { .. })));
    }
}
