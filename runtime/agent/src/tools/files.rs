//! What file tools share: the workspace, and paths in it.
//!
//! **Promise.** Whatever a path says and whatever links are in its way, nothing outside of the workspace is reached.
//! **Bound.** [`FILE_BYTES`] for a file that is read or changed.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Component, Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, OpenOptions, OpenOptionsExt as _};
use serde_json::Value;

use super::ToolOutput;

/// The largest file that is read or changed.
pub(super) const FILE_BYTES: u64 = 16 << 20;

/// What a tool says in place of a result.
pub(super) type Refusal = ToolOutput;

/// The workspace, open.
pub(super) struct Workspace {
    dir: Dir,
    folder: PathBuf,
}

impl Workspace {
    pub(super) fn open(folder: &Path) -> Result<Self, Refusal> {
        let dir = Dir::open_ambient_dir(folder, ambient_authority())
            .map_err(|error| ToolOutput::failed(format!("The workspace cannot be opened: {error}")))?;
        Ok(Self {
            dir,
            folder: folder.to_owned(),
        })
    }

    pub(super) fn dir(&self) -> &Dir {
        &self.dir
    }

    /// The path in the workspace that a model means: relative to it, or absolute and inside of it.
    pub(super) fn place(&self, given: &str) -> Result<PathBuf, Refusal> {
        let path = Path::new(given.trim());
        let relative = match path.strip_prefix(&self.folder) {
            Ok(inside) => inside,
            Err(_) if path.is_absolute() => return Err(self.outside(given)),
            Err(_) => path,
        };
        let mut place = PathBuf::new();
        for component in relative.components() {
            match component {
                Component::Normal(name) => place.push(name),
                Component::CurDir => {}
                Component::ParentDir if place.pop() => {}
                _ => return Err(self.outside(given)),
            }
        }
        if place.as_os_str().is_empty() {
            place.push(".");
        }
        Ok(place)
    }

    /// The whole of a regular file.
    pub(super) fn read(&self, place: &Path) -> Result<Vec<u8>, Refusal> {
        let failed = |error: io::Error| self.failed("read", place, &error);
        // Opening a pipe waits for its other end unless it is asked not to.
        let nonblock = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
        let file = self
            .dir
            .open_with(place, OpenOptions::new().read(true).custom_flags(nonblock))
            .map_err(failed)?;
        let found = file.metadata().map_err(failed)?;
        if !found.is_file() {
            return Err(ToolOutput::failed(format!(
                "{} is not a regular file.",
                place.display()
            )));
        }
        if found.len() > FILE_BYTES {
            return Err(ToolOutput::failed(format!(
                "{} has {} bytes, and files up to {FILE_BYTES} can be used.",
                place.display(),
                found.len()
            )));
        }
        let mut bytes = Vec::new();
        file.take(FILE_BYTES).read_to_end(&mut bytes).map_err(failed)?;
        Ok(bytes)
    }

    /// Puts a file in the place of the one that is there, or where none is. Whoever reads it meanwhile sees the old
    /// one or the new one. A link keeps leading where it leads.
    pub(super) fn replace(&self, place: &Path, bytes: &[u8]) -> Result<(), Refusal> {
        let failed = |error: io::Error| self.failed("write", place, &error);
        let place = match self.dir.canonicalize(place) {
            Ok(real) => real,
            Err(error) if error.kind() == ErrorKind::NotFound => place.to_owned(),
            Err(error) => return Err(failed(error)),
        };
        if let Some(folder) = place.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            self.dir.create_dir_all(folder).map_err(failed)?;
        }
        let Some(name) = place.file_name() else {
            return Err(ToolOutput::failed("The path names no file."));
        };
        let before = self.dir.metadata(&place).ok();
        if before.as_ref().is_some_and(|found| !found.is_file()) {
            return Err(ToolOutput::failed(format!(
                "{} is not a regular file.",
                place.display()
            )));
        }
        let aside = place.with_file_name(format!(
            ".{}.{}.tmp",
            name.to_string_lossy(),
            uuid::Uuid::new_v4().simple()
        ));
        let write = || -> io::Result<()> {
            let mut file = self
                .dir
                .open_with(&aside, OpenOptions::new().write(true).create_new(true))?;
            file.write_all(bytes)?;
            if let Some(before) = &before {
                File::set_permissions(&file, before.permissions())?;
            }
            self.dir.rename(&aside, &self.dir, &place)
        };
        write().map_err(|error| {
            let _ = self.dir.remove_file(&aside);
            failed(error)
        })
    }

    pub(super) fn failed(&self, doing: &str, place: &Path, error: &io::Error) -> Refusal {
        let shown = place.display();
        ToolOutput::failed(match error.kind() {
            ErrorKind::NotFound => format!("There is no {shown}."),
            ErrorKind::PermissionDenied => {
                format!("{shown} cannot be {doing}: it is outside of the workspace, or not allowed.")
            }
            _ => format!("{shown} cannot be {doing}: {error}"),
        })
    }

    fn outside(&self, given: &str) -> Refusal {
        ToolOutput::failed(format!(
            "{given} is outside of the workspace {}, which is all that file tools reach.",
            self.folder.display()
        ))
    }
}

/// A text among the arguments, under the first of its names that is there.
pub(super) fn text<'a>(arguments: &'a Value, names: &[&str]) -> Result<&'a str, Refusal> {
    let found = names.iter().find_map(|name| arguments.get(name)?.as_str());
    found.ok_or_else(|| {
        ToolOutput::failed(format!(
            "{} is missing; it is a text.",
            names.first().unwrap_or(&"it")
        ))
    })
}

/// A whole number among the arguments, if it is there.
pub(super) fn number(arguments: &Value, name: &str) -> Result<Option<usize>, Refusal> {
    let wrong = || ToolOutput::failed(format!("{name} is a whole number, 1 or more."));
    match arguments.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            // Some models write whole numbers with a fraction of zero.
            let number = value.as_u64().or_else(|| {
                let float = value.as_f64().filter(|float| float.fract() == 0.0)?;
                format!("{float:.0}").parse().ok()
            });
            let number = number.and_then(|number| usize::try_from(number).ok());
            number.filter(|&number| number > 0).map(Some).ok_or_else(wrong)
        }
    }
}
