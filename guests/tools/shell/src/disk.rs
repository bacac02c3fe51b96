//! The files of a session as the interpreter sees them: the folders that the host opened, and nothing else.
//!
//! **Promise.** A path outside of these folders does not exist, whatever `..` or links say. What the host refuses comes
//! back in the words that a shell has for it. Access modes, which the host does not keep, are kept beside the session
//! ([`modes`](crate::modes)). **Bound.** A file is read and written whole, so it must fit into memory. **Cost.** One call
//! of the host for each operation; a listing asks once more for each entry.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bashkit::{DirEntry, FileSystem, FileSystemExt, FileType, Metadata, Result, normalize_path};

use crate::modes::Modes;

/// Folders in which every command of the shell can be found by its path, as scripts expect.
const PROGRAMS: [&str; 2] = ["/bin", "/usr/bin"];

/// Devices that are files here. The one without an end gives this much at a time, because files are read whole.
const DEVICES: [&str; 2] = ["/dev/null", "/dev/zero"];
const ENDLESS: usize = 1 << 20;

/// One folder that the host opened.
#[derive(Clone, Debug)]
pub struct Mount {
    /// What scripts call it.
    pub at: PathBuf,
    /// What this program calls it.
    pub real: PathBuf,
}

/// The files of a session.
#[derive(Debug)]
pub struct Disk {
    mounts: Vec<Mount>,
    modes: Mutex<Modes>,
    programs: Mutex<BTreeSet<String>>,
    began: SystemTime,
}

/// What a path of a script means here.
enum Place {
    /// In a folder that the host opened.
    Real(PathBuf),
    /// A folder above or beside the mounts, with the names in it.
    Above(Vec<String>),
    /// A command of the shell.
    Program(String),
    /// A device.
    Device(&'static str),
}

impl Disk {
    /// The folders that are really there, with the modes that the session remembers.
    pub fn new(mounts: impl IntoIterator<Item = Mount>, modes: Modes) -> Self {
        Self {
            mounts: mounts.into_iter().filter(|mount| mount.real.is_dir()).collect(),
            modes: Mutex::new(modes),
            programs: Mutex::default(),
            began: SystemTime::now(),
        }
    }

    /// Says which commands there are, so that they can be found in `/bin`.
    pub fn set_programs(&self, names: impl IntoIterator<Item = String>) {
        let names = names
            .into_iter()
            .filter(|name| !name.contains('/') && !name.starts_with('.'));
        *self.programs() = names.chain(["bash", "sh"].map(str::to_owned)).collect();
    }

    /// The modes as they are now.
    pub fn modes(&self) -> MutexGuard<'_, Modes> {
        self.modes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn programs(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.programs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mounted(&self, path: &Path) -> Option<&Mount> {
        self.mounts
            .iter()
            .filter(|mount| path.starts_with(&mount.at))
            .max_by_key(|mount| mount.at.as_os_str().len())
    }

    /// What a path means. `None`: there is nothing and can be nothing.
    fn place(&self, path: &Path) -> Option<Place> {
        let path = normalize_path(path);
        if let Some(mount) = self.mounted(&path) {
            let rest = path.strip_prefix(&mount.at).ok()?;
            return Some(Place::Real(match rest.as_os_str().is_empty() {
                true => mount.real.clone(),
                false => mount.real.join(rest),
            }));
        }
        if let Some(device) = DEVICES.iter().find(|device| path == Path::new(*device)) {
            return Some(Place::Device(device));
        }
        if PROGRAMS.iter().any(|folder| path == Path::new(folder)) {
            return Some(Place::Above(self.programs().iter().cloned().collect()));
        }
        if let (Some(parent), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str()))
            && PROGRAMS.iter().any(|folder| parent == Path::new(folder))
            && self.programs().contains(name)
        {
            return Some(Place::Program(name.to_owned()));
        }
        let above = PROGRAMS
            .iter()
            .map(Path::new)
            .chain(DEVICES.iter().map(Path::new));
        let above = above.chain(self.mounts.iter().map(|mount| mount.at.as_path()));
        let names: BTreeSet<String> = above
            .filter_map(|there| there.strip_prefix(&path).ok()?.components().next())
            .filter_map(|part| match part {
                Component::Normal(name) => name.to_str().map(str::to_owned),
                _ => None,
            })
            .collect();
        (!names.is_empty()).then(|| Place::Above(names.into_iter().collect()))
    }

    /// The real path of something that is to be changed.
    fn changed(&self, path: &Path) -> Result<PathBuf> {
        match self.place(path) {
            Some(Place::Real(real)) => Ok(real),
            Some(Place::Above(_)) => Err(failed(ErrorKind::PermissionDenied)),
            Some(Place::Program(_) | Place::Device(_)) => Err(failed(ErrorKind::PermissionDenied)),
            None => match path.parent().and_then(|parent| self.place(parent)) {
                Some(_) => Err(failed(ErrorKind::ReadOnlyFilesystem)),
                None => Err(failed(ErrorKind::NotFound)),
            },
        }
    }

    fn metadata(&self, path: &Path, real: &Path, found: &fs::Metadata) -> Metadata {
        let file_type = match found.file_type() {
            kind if kind.is_dir() => FileType::Directory,
            kind if kind.is_symlink() => FileType::Symlink,
            _ => FileType::File,
        };
        let modified = found.modified().unwrap_or(UNIX_EPOCH);
        let mode = match file_type {
            FileType::Symlink => 0o777,
            _ => self.modes().get(path).unwrap_or_else(|| match file_type {
                FileType::Directory => 0o755,
                _ if is_script(real, found.len()) => 0o755,
                _ => 0o644,
            }),
        };
        Metadata {
            file_type,
            size: found.len(),
            mode,
            modified,
            created: found.created().unwrap_or(modified),
        }
    }

    fn made_up(&self, file_type: FileType, size: u64, mode: u32) -> Metadata {
        Metadata {
            file_type,
            size,
            mode,
            modified: self.began,
            created: self.began,
        }
    }
}

/// Whether a file is a program for some interpreter. The host keeps no modes, and a script that was checked out with
/// its mode should still run.
fn is_script(real: &Path, size: u64) -> bool {
    let may_be = match real.extension().and_then(|end| end.to_str()) {
        None => true,
        Some(end) => matches!(end, "sh" | "bash" | "py" | "awk" | "sed" | "jq"),
    };
    let mut first = [0; 2];
    may_be
        && size > 2
        && fs::File::open(real)
            .and_then(|mut file| file.read_exact(&mut first))
            .is_ok()
        && &first == b"#!"
}

/// What a command of the shell looks like when it is read as a file. The interpreter knows it by this text.
fn stub(name: &str) -> String {
    format!("#!/bin/sh\n# bashkit builtin: {name}\nexec {name} \"$@\"\n")
}

/// A failure in the words that shells use. The interpreter's own words are lower case in one place, where it compares.
fn failed(kind: ErrorKind) -> bashkit::Error {
    let text = match kind {
        ErrorKind::NotFound => "No such file or directory",
        ErrorKind::PermissionDenied => "Permission denied",
        ErrorKind::AlreadyExists => "File exists",
        ErrorKind::IsADirectory => "is a directory",
        ErrorKind::NotADirectory => "Not a directory",
        ErrorKind::DirectoryNotEmpty => "Directory not empty",
        ErrorKind::ReadOnlyFilesystem => "Read-only file system",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "No space left on device",
        ErrorKind::FileTooLarge => "File too large",
        ErrorKind::CrossesDevices => "Invalid cross-device link",
        ErrorKind::InvalidFilename => "File name too long",
        ErrorKind::InvalidInput => "Invalid argument",
        ErrorKind::Unsupported => "Operation not supported",
        _ => "Input/output error",
    };
    io::Error::new(kind, text).into()
}

fn told(error: io::Error) -> bashkit::Error {
    match error.kind() {
        kind @ (ErrorKind::NotFound
        | ErrorKind::PermissionDenied
        | ErrorKind::AlreadyExists
        | ErrorKind::IsADirectory
        | ErrorKind::NotADirectory
        | ErrorKind::DirectoryNotEmpty
        | ErrorKind::ReadOnlyFilesystem
        | ErrorKind::StorageFull
        | ErrorKind::QuotaExceeded
        | ErrorKind::FileTooLarge
        | ErrorKind::CrossesDevices
        | ErrorKind::InvalidFilename
        | ErrorKind::InvalidInput
        | ErrorKind::Unsupported) => failed(kind),
        // Links that turn in circles, for one, have no kind of their own. What the system calls it comes before its number.
        kind => {
            let text = error.to_string();
            let text = text.split(" (os error").next().unwrap_or_default().to_owned();
            io::Error::new(kind, text).into()
        }
    }
}

#[async_trait]
impl FileSystemExt for Disk {
    fn backend_kind(&self) -> &'static str {
        "disk"
    }
}

#[async_trait]
impl FileSystem for Disk {
    async fn read_file(&self, path: &Path) -> Result<Vec<u8>> {
        match self.place(path) {
            Some(Place::Real(real)) => match fs::read(&real) {
                Ok(bytes) => Ok(bytes),
                Err(_) if real.is_dir() => Err(failed(ErrorKind::IsADirectory)),
                Err(error) => Err(told(error)),
            },
            Some(Place::Above(_)) => Err(failed(ErrorKind::IsADirectory)),
            Some(Place::Program(name)) => Ok(stub(&name).into_bytes()),
            Some(Place::Device("/dev/zero")) => Ok(vec![0; ENDLESS]),
            Some(Place::Device(_)) => Ok(Vec::new()),
            None => Err(failed(ErrorKind::NotFound)),
        }
    }

    async fn write_file(&self, path: &Path, content: &[u8]) -> Result<()> {
        if let Some(Place::Device(_)) = self.place(path) {
            return Ok(());
        }
        let real = self.changed(path)?;
        match fs::write(&real, content) {
            Ok(()) => Ok(()),
            Err(_) if real.is_dir() => Err(failed(ErrorKind::IsADirectory)),
            Err(error) => Err(told(error)),
        }
    }

    async fn append_file(&self, path: &Path, content: &[u8]) -> Result<()> {
        if let Some(Place::Device(_)) = self.place(path) {
            return Ok(());
        }
        let real = self.changed(path)?;
        let opened = fs::OpenOptions::new().append(true).create(true).open(&real);
        match opened.and_then(|mut file| file.write_all(content)) {
            Ok(()) => Ok(()),
            Err(_) if real.is_dir() => Err(failed(ErrorKind::IsADirectory)),
            Err(error) => Err(told(error)),
        }
    }

    async fn mkdir(&self, path: &Path, recursive: bool) -> Result<()> {
        if let Some(Place::Above(_)) = self.place(path) {
            return match recursive {
                true => Ok(()),
                false => Err(failed(ErrorKind::AlreadyExists)),
            };
        }
        let real = self.changed(path)?;
        match recursive {
            true => fs::create_dir_all(&real),
            false => fs::create_dir(&real),
        }
        .map_err(told)?;
        self.modes().forget(&normalize_path(path));
        Ok(())
    }

    async fn remove(&self, path: &Path, recursive: bool) -> Result<()> {
        let real = self.changed(path)?;
        let found = fs::symlink_metadata(&real).map_err(told)?;
        match found.is_dir() {
            true if recursive => fs::remove_dir_all(&real),
            true => fs::remove_dir(&real),
            false => fs::remove_file(&real),
        }
        .map_err(told)?;
        self.modes().forget(&normalize_path(path));
        Ok(())
    }

    async fn stat(&self, path: &Path) -> Result<Metadata> {
        match self.place(path) {
            Some(Place::Real(real)) => {
                let found = fs::symlink_metadata(&real).map_err(told)?;
                Ok(self.metadata(&normalize_path(path), &real, &found))
            }
            Some(Place::Above(_)) => Ok(self.made_up(FileType::Directory, 0, 0o755)),
            Some(Place::Program(name)) => Ok(self.made_up(FileType::File, stub(&name).len() as u64, 0o755)),
            Some(Place::Device(_)) => Ok(self.made_up(FileType::File, 0, 0o666)),
            None => Err(failed(ErrorKind::NotFound)),
        }
    }

    async fn read_dir(&self, path: &Path) -> Result<Vec<DirEntry>> {
        match self.place(path) {
            Some(Place::Real(real)) => {
                let listed = fs::read_dir(&real).map_err(|error| match fs::symlink_metadata(&real) {
                    Ok(found) if !found.is_dir() => failed(ErrorKind::NotADirectory),
                    _ => told(error),
                })?;
                let mut entries = Vec::new();
                for entry in listed {
                    let entry = entry.map_err(told)?;
                    let name = entry.file_name().to_string_lossy().into_owned();
                    // One that was removed meanwhile is no reason to fail.
                    let Ok(found) = fs::symlink_metadata(entry.path()) else {
                        continue;
                    };
                    let metadata = self.metadata(&normalize_path(&path.join(&name)), &entry.path(), &found);
                    entries.push(DirEntry { name, metadata });
                }
                Ok(entries)
            }
            Some(Place::Above(names)) => {
                let mut entries = Vec::new();
                for name in names {
                    if let Ok(metadata) = self.stat(&path.join(&name)).await {
                        entries.push(DirEntry { name, metadata });
                    }
                }
                Ok(entries)
            }
            Some(Place::Program(_) | Place::Device(_)) => Err(failed(ErrorKind::NotADirectory)),
            None => Err(failed(ErrorKind::NotFound)),
        }
    }

    async fn exists(&self, path: &Path) -> Result<bool> {
        Ok(match self.place(path) {
            Some(Place::Real(real)) => fs::symlink_metadata(real).is_ok(),
            place => place.is_some(),
        })
    }

    async fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        fs::rename(self.changed(from)?, self.changed(to)?).map_err(told)?;
        self.modes().rename(&normalize_path(from), &normalize_path(to));
        Ok(())
    }

    async fn copy(&self, from: &Path, to: &Path) -> Result<()> {
        let content = self.read_file(from).await?;
        let mode = self.stat(from).await?.mode;
        self.write_file(to, &content).await?;
        self.modes().set(&normalize_path(to), mode);
        Ok(())
    }

    async fn symlink(&self, target: &Path, link: &Path) -> Result<()> {
        let real = self.changed(link)?;
        match make_link(target, &real) {
            // The host makes no link to a place that begins at its own root, so say the same from where the link is.
            Err(error) if error.kind() == ErrorKind::PermissionDenied && target.is_absolute() => {
                let link = normalize_path(link);
                let relative = self.from_here(target, &link).ok_or_else(|| told(error))?;
                make_link(&relative, &real).map_err(told)
            }
            made => made.map_err(told),
        }
    }

    async fn read_link(&self, path: &Path) -> Result<PathBuf> {
        match self.place(path) {
            Some(Place::Real(real)) => fs::read_link(real).map_err(told),
            Some(_) => Err(failed(ErrorKind::InvalidInput)),
            None => Err(failed(ErrorKind::NotFound)),
        }
    }

    async fn chmod(&self, path: &Path, mode: u32) -> Result<()> {
        let real = self.changed(path)?;
        fs::symlink_metadata(real).map_err(told)?;
        self.modes().set(&normalize_path(path), mode & 0o7777);
        Ok(())
    }

    async fn set_modified_time(&self, path: &Path, time: SystemTime) -> Result<()> {
        let real = self.changed(path)?;
        let found = fs::symlink_metadata(&real).map_err(told)?;
        let opened = match found.is_dir() {
            true => fs::File::open(&real),
            false => fs::OpenOptions::new().write(true).open(&real),
        };
        opened.and_then(|file| file.set_modified(time)).map_err(told)
    }
}

impl Disk {
    /// Gives a file a second name.
    pub fn link(&self, from: &Path, to: &Path) -> Result<()> {
        fs::hard_link(self.changed(from)?, self.changed(to)?).map_err(told)?;
        let mode = self.modes().get(from);
        if let Some(mode) = mode {
            self.modes().set(&normalize_path(to), mode);
        }
        Ok(())
    }

    /// The way from a link's folder to a place in the same mount.
    fn from_here(&self, target: &Path, link: &Path) -> Option<PathBuf> {
        let target = normalize_path(target);
        let mount = self.mounted(link)?;
        let up = link.parent()?.strip_prefix(&mount.at).ok()?.components().count();
        let down = target.strip_prefix(&mount.at).ok()?;
        let mut way: PathBuf = std::iter::repeat_n("..", up).collect();
        way.push(down);
        Some(match way.as_os_str().is_empty() {
            true => PathBuf::from("."),
            false => way,
        })
    }
}

/// The name without a system in it is deprecated, but the only one that is stable for WASI.
#[allow(deprecated)]
fn make_link(target: &Path, link: &Path) -> io::Result<()> {
    fs::soft_link(target, link)
}
