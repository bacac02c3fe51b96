//! Where the log is.
//!
//! **Promise.** Unless the config names a file, there is one for each day in a folder that nobody else can put
//! something into: a folder of others, a link or one that anybody may write is passed over for one of our own.

use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use jiff::Zoned;

/// The folder for logs, unless it is unsafe.
const SHARED: &str = "openclaw";
/// The bits by which others may write.
const OTHERS_WRITE: u32 = 0o022;

/// Where the log is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Place {
    /// In this file.
    Fixed(PathBuf),
    /// In a file for each day in this folder, for this profile.
    Daily {
        /// The folder.
        folder: PathBuf,
        /// The profile; none: the default one.
        profile: Option<String>,
    },
}

impl From<PathBuf> for Place {
    fn from(path: PathBuf) -> Self {
        Self::Fixed(path)
    }
}

impl Place {
    /// A file for each day under `temporary`, the folder for such things.
    pub fn daily(temporary: &Path, profile: Option<&str>) -> Self {
        let shared = temporary.join(SHARED);
        let uid = rustix::process::getuid().as_raw();
        let folder = if is_safe(&shared, uid) {
            shared
        } else {
            temporary.join(format!("{SHARED}-{uid}"))
        };
        Self::Daily {
            folder,
            profile: profile.map(str::to_owned),
        }
    }

    /// The file that is written now.
    pub fn current(&self) -> PathBuf {
        match self {
            Self::Fixed(path) => path.clone(),
            Self::Daily { folder, .. } => {
                let day = Zoned::now().strftime("%Y-%m-%d").to_string();
                folder.join(format!("{}{day}.log", self.prefix()))
            }
        }
    }

    /// What the names of files for a day begin with.
    pub(super) fn prefix(&self) -> String {
        match self {
            Self::Daily {
                profile: Some(profile),
                ..
            } => format!("openclaw-{profile}-"),
            _ => "openclaw-".to_owned(),
        }
    }
}

/// Whether a folder is ours alone, or can be made so.
fn is_safe(folder: &Path, uid: u32) -> bool {
    // Where it is already, making it fails, and what is there is looked at.
    let _ = fs::DirBuilder::new().mode(0o700).create(folder);
    fs::symlink_metadata(folder)
        .is_ok_and(|found| found.is_dir() && found.uid() == uid && found.mode() & OTHERS_WRITE == 0)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_folder_that_others_can_write_or_a_link_is_passed_over() {
        let home = tempfile::tempdir().unwrap();
        let folder_of = |place: Place| place.current().parent().unwrap().to_owned();
        let shared = home.path().join("openclaw");
        assert_eq!(folder_of(Place::daily(home.path(), None)), shared);
        fs::set_permissions(&shared, fs::Permissions::from_mode(0o777)).unwrap();
        assert_ne!(folder_of(Place::daily(home.path(), None)), shared);
        fs::remove_dir(&shared).unwrap();
        std::os::unix::fs::symlink("/", &shared).unwrap();
        assert_ne!(folder_of(Place::daily(home.path(), None)), shared);
    }

    #[test]
    fn the_name_tells_the_profile_and_the_day() {
        let name = |profile| {
            let place = Place::Daily {
                folder: "/logs".into(),
                profile,
            };
            place
                .current()
                .file_name()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        };
        let day = Zoned::now().strftime("%Y-%m-%d").to_string();
        assert_eq!(name(None), format!("openclaw-{day}.log"));
        assert_eq!(name(Some("work".to_owned())), format!("openclaw-work-{day}.log"));
    }
}
