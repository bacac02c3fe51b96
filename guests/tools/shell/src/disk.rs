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

use crate::failure::{failed, told};
use crate::modes::Modes;
use crate::random;

/// Folders in which every command of the shell can be found by its path, as scripts expect.
const PROGRAMS: [&str; 2] = ["/bin", "/usr/bin"];

/// Devices that are files here. Files are read whole, so those without an end give this much at a time.
const DEVICES: [&str; 4] = ["/dev/null", "/dev/random", "/dev/urandom", "/dev/zero"];
const ZEROS: usize = 16 << 20;
const RANDOM: usize = 1 << 20;

/// One folder that the host opened.
#[derive(Clone, Debug)]
pub(crate) struct Mount {
    /// What scripts call it.
    pub(crate) at: PathBuf,
    /// What this program calls it.
    pub(crate) real: PathBuf,
}

/// The files of a session.
#[derive(Debug)]
pub(crate) struct Disk {
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
    pub(crate) fn new(mounts: impl IntoIterator<Item = Mount>, modes: Modes) -> Self {
        Self {
            mounts: mounts.into_iter().filter(|mount| mount.real.is_dir()).collect(),
            modes: Mutex::new(modes),
            programs: Mutex::default(),
            began: SystemTime::now(),
        }
    }

    /// Says which commands there are, so that they can be found in `/bin`.
    pub(crate) fn set_programs(&self, names: impl IntoIterator<Item = String>) {
        let names = names
            .into_iter()
            .filter(|name| !name.contains('/') && !name.starts_with('.'));
        *self.programs() = names.chain(["bash", "sh"].map(str::to_owned)).collect();
    }

    /// The modes as they are now.
    pub(crate) fn modes(&self) -> MutexGuard<'_, Modes> {
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

    /// Whether there is a link on the way. Where links lead is for the interpreter to find out, in the names that scripts
    /// know; here it is only told so. `last`: whether the last part counts.
    fn is_linked(&self, real: &Path, last: bool) -> bool {
        let Some(mount) = self.mounts.iter().find(|mount| real.starts_with(&mount.real)) else {
            return false;
        };
        let above = real
            .ancestors()
            .take_while(|part| *part != mount.real)
            .skip(usize::from(!last));
        above.into_iter().any(is_link)
    }

    /// Does something with a file, unless that would follow a link. On WASI the host keeps what is followed inside of the
    /// folder, so only the last part is looked at before, and the rest if the host refuses.
    fn on<T>(&self, real: &Path, last: bool, work: impl FnOnce(&Path) -> io::Result<T>) -> Result<T> {
        let linked = match cfg!(target_os = "wasi") {
            true => last && is_link(real),
            false => self.is_linked(real, last),
        };
        if linked {
            return Err(through_link());
        }
        work(real).map_err(|error| match error.kind() {
            ErrorKind::PermissionDenied if self.is_linked(real, last) => through_link(),
            _ => told(error),
        })
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
            Some(Place::Real(real)) => self.on(&real, true, |real| {
                fs::read(real).map_err(|error| or_folder(real, error))
            }),
            Some(Place::Above(_)) => Err(failed(ErrorKind::IsADirectory)),
            Some(Place::Program(name)) => Ok(stub(&name).into_bytes()),
            Some(Place::Device("/dev/null")) => Ok(Vec::new()),
            Some(Place::Device("/dev/zero")) => Ok(vec![0; ZEROS]),
            Some(Place::Device(_)) => random::bytes(RANDOM).map_err(told),
            None => Err(failed(ErrorKind::NotFound)),
        }
    }

    async fn write_file(&self, path: &Path, content: &[u8]) -> Result<()> {
        if let Some(Place::Device(_)) = self.place(path) {
            return Ok(());
        }
        let real = self.changed(path)?;
        self.on(&real, true, |real| {
            fs::write(real, content).map_err(|error| or_folder(real, error))
        })
    }

    async fn append_file(&self, path: &Path, content: &[u8]) -> Result<()> {
        if let Some(Place::Device(_)) = self.place(path) {
            return Ok(());
        }
        let real = self.changed(path)?;
        self.on(&real, true, |real| {
            let opened = fs::OpenOptions::new().append(true).create(true).open(real);
            let written = opened.and_then(|mut file| file.write_all(content));
            written.map_err(|error| or_folder(real, error))
        })
    }

    async fn mkdir(&self, path: &Path, recursive: bool) -> Result<()> {
        if let Some(Place::Above(_)) = self.place(path) {
            return match recursive {
                true => Ok(()),
                false => Err(failed(ErrorKind::AlreadyExists)),
            };
        }
        let real = self.changed(path)?;
        self.on(&real, recursive, |real| match recursive {
            true => fs::create_dir_all(real),
            false => fs::create_dir(real),
        })?;
        self.modes().forget(&normalize_path(path));
        Ok(())
    }

    async fn remove(&self, path: &Path, recursive: bool) -> Result<()> {
        let real = self.changed(path)?;
        self.on(&real, false, |real| match fs::symlink_metadata(real)?.is_dir() {
            true if recursive => fs::remove_dir_all(real),
            true => fs::remove_dir(real),
            false => fs::remove_file(real),
        })?;
        self.modes().forget(&normalize_path(path));
        Ok(())
    }

    async fn stat(&self, path: &Path) -> Result<Metadata> {
        match self.place(path) {
            Some(Place::Real(real)) => {
                let found = self.on(&real, false, |real| fs::symlink_metadata(real))?;
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
                let listed = self.on(&real, true, |real| {
                    fs::read_dir(real).map_err(|error| match fs::symlink_metadata(real) {
                        Ok(found) if !found.is_dir() => ErrorKind::NotADirectory.into(),
                        _ => error,
                    })
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
        let goal = self.changed(to)?;
        self.on(&goal, false, |_| Ok(()))?;
        self.on(&self.changed(from)?, false, |real| fs::rename(real, &goal))?;
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
        self.on(&real, false, |real| match make_link(target, real) {
            // The host makes no link to a place that begins at its own root, so say the same from where the link is.
            Err(error) if error.kind() == ErrorKind::PermissionDenied && target.is_absolute() => {
                match self.way_from(target, &normalize_path(link)) {
                    Some(relative) => make_link(&relative, real),
                    None => Err(error),
                }
            }
            made => made,
        })
    }

    async fn read_link(&self, path: &Path) -> Result<PathBuf> {
        match self.place(path) {
            Some(Place::Real(real)) => self.on(&real, false, |real| fs::read_link(real)),
            Some(_) => Err(failed(ErrorKind::InvalidInput)),
            None => Err(failed(ErrorKind::NotFound)),
        }
    }

    async fn chmod(&self, path: &Path, mode: u32) -> Result<()> {
        self.on(&self.changed(path)?, true, |real| fs::symlink_metadata(real))?;
        self.modes().set(&normalize_path(path), mode & 0o7777);
        Ok(())
    }

    async fn set_modified_time(&self, path: &Path, time: SystemTime) -> Result<()> {
        let real = self.changed(path)?;
        self.on(&real, true, |real| {
            let opened = match fs::symlink_metadata(real)?.is_dir() {
                true => fs::File::open(real),
                false => fs::OpenOptions::new().write(true).open(real),
            };
            opened?.set_modified(time)
        })
    }
}

impl Disk {
    /// Gives a file a second name.
    pub(crate) fn link(&self, from: &Path, to: &Path) -> Result<()> {
        let goal = self.changed(to)?;
        self.on(&self.changed(from)?, true, |real| fs::hard_link(real, &goal))?;
        let mode = self.modes().get(from);
        if let Some(mode) = mode {
            self.modes().set(&normalize_path(to), mode);
        }
        Ok(())
    }

    /// The way from a link's folder to a place in a mount: within the same one if it can be, so that it holds for others
    /// too, else by the names that scripts know.
    fn way_from(&self, target: &Path, link: &Path) -> Option<PathBuf> {
        let target = normalize_path(target);
        let goal = &self.mounted(&target)?.at;
        let root = Path::new("/");
        let base = if self.mounted(link)?.at == *goal {
            goal.as_path()
        } else {
            root
        };
        let up = link.parent()?.strip_prefix(base).ok()?.components().count();
        let mut way: PathBuf = std::iter::repeat_n("..", up).collect();
        way.push(target.strip_prefix(base).ok()?);
        Some(match way.as_os_str().is_empty() {
            true => PathBuf::from("."),
            false => way,
        })
    }
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink())
}

/// Tells the interpreter to look where the links lead. If they lead nowhere, this is what it says.
fn through_link() -> bashkit::Error {
    io::Error::other("Too many levels of symbolic links").into()
}

/// What failed because it was tried on a folder.
fn or_folder(real: &Path, error: io::Error) -> io::Error {
    match real.is_dir() {
        true => ErrorKind::IsADirectory.into(),
        false => error,
    }
}

/// The name without a system in it is deprecated, but the only one that is stable for WASI.
#[allow(deprecated)]
fn make_link(target: &Path, link: &Path) -> io::Result<()> {
    fs::soft_link(target, link)
}
