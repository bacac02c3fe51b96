//! Writes the config file.
//!
//! **Promise.** What is written was loaded first, as if it stood there already, and was found without a fault; so
//! nothing that a gateway would refuse takes the place of what it has. A reader sees the file before or after, never
//! half of it. Five copies of what it was before stay beside it. A file that somebody else changed meanwhile is left
//! alone. **Bound.** The file's own limit.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path as FilePath, PathBuf};

use serde_json::Value;

use crate::edit::{self, EditError};
use crate::error::Error;
use crate::files::{Disk, FileKind, Files};
use crate::load::{Request, load};
use crate::path::Path;
use crate::place::{Place, Surroundings};
use crate::snapshot::Snapshot;
use crate::syntax::{self, MAX_FILE_BYTES};
use crate::tree::Config;
use crate::validate::Schema;

/// How many copies of earlier texts are kept.
const COPIES: usize = 5;

/// Why the config was not written. The file is as it was.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The operator said that nothing may write it.
    #[error(
        "the config is read-only here (OPENCLAW_CONFIG_READONLY or OPENCLAW_NIX_MODE is 1): change {0} by other means"
    )]
    ReadOnly(PathBuf),
    /// The text does not take the change.
    #[error("cannot change {path}: {cause}")]
    Edit {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: EditError,
    },
    /// With the change the config could not be used.
    #[error("the change was not written: {0}")]
    Unusable(#[from] Error),
    /// The change has no effect, since something included says otherwise.
    #[error("{at} is not set: what {path} includes decides it")]
    Overruled {
        /// The key.
        at: Path,
        /// The file.
        path: PathBuf,
    },
    /// Somebody else changed it.
    #[error("{0} changed while it was being written, and was left alone; try again")]
    Raced(PathBuf),
    /// The system did not let us.
    #[error("cannot write {path}: {cause}")]
    System {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
}

/// Changes values in the config file, which is made if it is missing, and yields the config as it is then.
pub fn write(
    place: &Place,
    around: &Surroundings,
    schema: &Schema<'_>,
    changes: &[(Path, Value)],
) -> Result<Snapshot<Config>, WriteError> {
    if place.read_only {
        return Err(WriteError::ReadOnly(place.config_path.clone()));
    }
    // A link stays a link: what it leads to is written.
    let path = fs::canonicalize(&place.config_path).unwrap_or_else(|_| place.config_path.clone());
    let system = |cause| WriteError::System {
        path: path.clone(),
        cause,
    };
    let before = read(&path).map_err(system)?;
    let edit = |cause| WriteError::Edit {
        path: path.clone(),
        cause,
    };
    let mut text = match &before {
        Some(bytes) => syntax::decode(bytes.clone()).map_err(|error| edit(error.into()))?,
        None => String::new(),
    };
    for (at, value) in changes {
        text = edit::set(&text, at, value).map_err(edit)?;
    }
    let files = Changed {
        path: &place.config_path,
        content: text.as_bytes(),
    };
    let snapshot: Snapshot<Config> = load(Request {
        place,
        around,
        files: &files,
        schema,
    })?;
    for (at, value) in changes {
        if at.get(snapshot.authored()) != Some(value) {
            return Err(WriteError::Overruled { at: at.clone(), path });
        }
    }
    if before.as_deref() == Some(text.as_bytes()) {
        return Ok(snapshot);
    }
    replace(&path, before.as_deref(), text.as_bytes())
        .map_err(system)?
        .then_some(snapshot)
        .ok_or(WriteError::Raced(path))
}

fn read(path: &FilePath) -> io::Result<Option<Vec<u8>>> {
    match Disk.read(path, MAX_FILE_BYTES as u64 + 1) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Puts the new text in the place of the old one. False: it is not the old one any more.
fn replace(path: &FilePath, before: Option<&[u8]>, text: &[u8]) -> io::Result<bool> {
    let folder = path.parent().unwrap_or(FilePath::new("."));
    make_folder(folder)?;
    let new = beside(path, &format!("{}.new", std::process::id()));
    let written = write_private(&new, text).and_then(|()| {
        if read(path)?.as_deref() != before {
            return Ok(false);
        }
        if let Some(before) = before {
            keep(path, before)?;
        }
        fs::rename(&new, path)?;
        // The folder holds the name; without this a power cut could bring the old text back.
        fs::File::open(folder)?.sync_all()?;
        Ok(true)
    });
    if !matches!(written, Ok(true)) {
        // It holds what was not taken; nobody looks for it.
        let _ = fs::remove_file(&new);
    }
    written
}

/// Moves each copy one place on, and makes the newest.
fn keep(path: &FilePath, before: &[u8]) -> io::Result<()> {
    let name = |place: usize| match place {
        0 => beside(path, "bak"),
        place => beside(path, &format!("bak.{place}")),
    };
    for place in (0..COPIES - 1).rev() {
        match fs::rename(name(place), name(place + 1)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    write_private(&name(0), before)
}

fn beside(path: &FilePath, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(suffix);
    path.with_file_name(name)
}

#[cfg(unix)]
fn make_folder(folder: &FilePath) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_folder(folder: &FilePath) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// It may hold secrets: nobody else reads it.
fn write_private(path: &FilePath, content: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// The files of this machine, one of them with another content.
struct Changed<'c> {
    path: &'c FilePath,
    content: &'c [u8],
}

impl Changed<'_> {
    fn is(&self, path: &FilePath) -> bool {
        path == self.path || fs::canonicalize(self.path).is_ok_and(|real| real == path)
    }
}

impl Files for Changed<'_> {
    fn kind(&self, path: &FilePath) -> io::Result<FileKind> {
        match self.is(path) {
            true => Ok(FileKind::Regular),
            false => Disk.kind(path),
        }
    }

    fn canonicalise(&self, path: &FilePath) -> io::Result<PathBuf> {
        match Disk.canonicalise(path) {
            Err(_) if self.is(path) => Ok(path.to_owned()),
            found => found,
        }
    }

    fn read(&self, path: &FilePath, limit: u64) -> io::Result<Vec<u8>> {
        match self.is(path) {
            true => {
                let limit = usize::try_from(limit).unwrap_or(usize::MAX);
                Ok(self.content.iter().copied().take(limit).collect())
            }
            false => Disk.read(path, limit),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::place::Selection;

    struct Home {
        folder: tempfile::TempDir,
        around: Surroundings,
    }

    impl Home {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let around = Surroundings {
                env: BTreeMap::new(),
                cwd: folder.path().to_owned(),
                os_home: Some(folder.path().to_owned()),
            };
            Self { folder, around }
        }

        fn file(&self) -> PathBuf {
            self.folder.path().join(".openclaw/openclaw.json")
        }

        fn set(&self, at: &str, value: Value) -> Result<Snapshot<Config>, WriteError> {
            let place = Place::find(
                &Selection {
                    profile: None,
                    dev: false,
                },
                &self.around,
                &Disk,
            )
            .unwrap();
            write(
                &place,
                &self.around,
                &Schema::of_tree(),
                &[(at.parse().unwrap(), value)],
            )
        }
    }

    #[test]
    fn the_first_change_makes_the_file_for_its_owner_alone() {
        let home = Home::new();
        let snapshot = home.set("gateway.port", json!(19_000)).unwrap();
        assert_eq!(snapshot.config.gateway.port, 19_000);
        assert_eq!(
            fs::read_to_string(home.file()).unwrap(),
            "{\n  gateway: {\n    port: 19000,\n  },\n}\n"
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(
                fs::metadata(home.file()).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
    }

    #[test]
    fn what_a_gateway_would_refuse_is_not_written() {
        let home = Home::new();
        home.set("gateway.port", json!(19_000)).unwrap();
        let before = fs::read(home.file()).unwrap();
        assert!(matches!(
            home.set("gateway.port", json!("high")),
            Err(WriteError::Unusable(_))
        ));
        assert_eq!(fs::read(home.file()).unwrap(), before);
        assert!(!home.file().with_file_name("openclaw.json.bak").exists());
    }

    #[test]
    fn five_earlier_texts_stay() {
        let home = Home::new();
        for port in 1..=8 {
            home.set("gateway.port", json!(19_000 + port)).unwrap();
        }
        let text = |name: &str| fs::read_to_string(home.file().with_file_name(name)).unwrap();
        assert!(text("openclaw.json.bak").contains("19007"));
        assert!(text("openclaw.json.bak.4").contains("19003"));
        assert!(!home.file().with_file_name("openclaw.json.bak.5").exists());
    }

    #[test]
    fn a_file_that_changed_meanwhile_is_left_alone() {
        let home = Home::new();
        home.set("gateway.port", json!(19_000)).unwrap();
        assert!(!replace(&home.file(), Some(b"{}"), b"{a: 1}").unwrap());
        assert!(fs::read_to_string(home.file()).unwrap().contains("19000"));
        assert_eq!(fs::read_dir(home.file().parent().unwrap()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link() {
        let home = Home::new();
        let real = home.folder.path().join("real.json");
        fs::write(&real, "{}").unwrap();
        fs::create_dir_all(home.file().parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(&real, home.file()).unwrap();
        home.set("gateway.port", json!(19_000)).unwrap();
        assert!(fs::symlink_metadata(home.file()).unwrap().is_symlink());
        assert!(fs::read_to_string(&real).unwrap().contains("19000"));
    }
}
