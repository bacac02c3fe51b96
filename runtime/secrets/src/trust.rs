//! Whether a program may be run and a file may be believed.
//!
//! A file is judged by the descriptor that is then read, so nothing can take its place in between. A program can only
//! be judged by its path: the check runs immediately before each start, and a program that passes can be changed by
//! nobody but its owner and root. Opening never blocks: a pipe or device is opened without waiting and then refused.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

use openclaw_config::tree::{ExecProvider, FileProvider};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::error::{Distrust, SecretError};
use crate::value::WipedBytes;

/// Bits that let group or others write.
const WRITABLE_BY_OTHERS: u32 = 0o022;
/// The bit that lets only its owner replace an entry of a folder.
const STICKY: u32 = 0o1000;
/// Bits that let group or others do anything.
const OPEN_TO_OTHERS: u32 = 0o077;

/// Checks the command of an exec provider and tells which file is to be run.
pub fn check_command(
    alias: &str,
    provider: &ExecProvider,
    home: Option<&Path>,
) -> Result<PathBuf, SecretError> {
    let Some(command) = &provider.command else {
        return Err(SecretError::PluginCommand(alias.to_owned()));
    };
    find_command(command, provider, home).map_err(|problem| SecretError::Untrusted {
        label: format!("secrets.providers.{alias}.command"),
        problem,
    })
}

fn find_command(command: &str, provider: &ExecProvider, home: Option<&Path>) -> Result<PathBuf, Distrust> {
    let configured = absolute(command, home).ok_or(Distrust::Relative)?;
    let unreadable = |path: &Path| Distrust::Unreadable(path.display().to_string());
    let found = configured
        .symlink_metadata()
        .map_err(|_| unreadable(&configured))?;
    let (path, metadata) = if !found.is_symlink() {
        (configured, found)
    } else if provider.allow_symlink_command {
        let target = configured.canonicalize().map_err(|_| unreadable(&configured))?;
        let metadata = target.symlink_metadata().map_err(|_| unreadable(&target))?;
        (target, metadata)
    } else {
        return Err(Distrust::Symlink(configured.display().to_string()));
    };
    let shown = path.display().to_string();
    if !metadata.is_file() {
        return Err(Distrust::NotAFile(shown));
    }
    // A folder on the way may be a link too, so where the file really is counts.
    let real = path.canonicalize().map_err(|_| unreadable(&path))?;
    let trusted = &provider.trusted_dirs;
    let named = provider.allow_symlink_command || is_inside(&path, trusted, home, false);
    let inside = named && is_inside(&real, trusted, home, true);
    if !trusted.is_empty() && !inside {
        return Err(Distrust::OutsideTrustedDirs(shown));
    }
    if provider.allow_insecure_path {
        return Ok(path);
    }
    check_folders(&real)?;
    check_owner(metadata.mode() & WRITABLE_BY_OTHERS, metadata.uid(), shown)?;
    Ok(path)
}

/// Whoever can write a folder on the way can put another program in the place of this one. In a folder with the
/// sticky bit only the owner of an entry can.
fn check_folders(real: &Path) -> Result<(), Distrust> {
    for folder in real.ancestors().skip(1) {
        let shown = || folder.display().to_string();
        let mode = folder
            .metadata()
            .map_err(|_| Distrust::Unreadable(shown()))?
            .mode();
        if mode & WRITABLE_BY_OTHERS != 0 && mode & STICKY == 0 {
            return Err(Distrust::TooOpen(shown()));
        }
    }
    Ok(())
}

fn is_inside(path: &Path, folders: &[String], home: Option<&Path>, canonical: bool) -> bool {
    folders
        .iter()
        .filter_map(|folder| absolute(folder, home))
        .any(|folder| {
            path.starts_with(&folder)
                || (canonical && folder.canonicalize().is_ok_and(|folder| path.starts_with(folder)))
        })
}

fn check_owner(open_bits: u32, owner: u32, shown: String) -> Result<(), Distrust> {
    let uid = rustix::process::geteuid().as_raw();
    if open_bits != 0 {
        Err(Distrust::TooOpen(shown))
    } else if owner != uid {
        Err(Distrust::ForeignOwner { uid, path: shown })
    } else {
        Ok(())
    }
}

/// Opens the file of a file provider, checks what was opened, and reads it.
pub(crate) fn read_file(
    alias: &str,
    provider: &FileProvider,
    home: Option<&Path>,
) -> Result<WipedBytes, SecretError> {
    let distrusted = |problem| SecretError::Untrusted {
        label: format!("secrets.providers.{alias}.path"),
        problem,
    };
    let path = absolute(&provider.path, home)
        .ok_or(Distrust::Relative)
        .map_err(distrusted)?;
    let file = open_regular(&path).map_err(distrusted)?;
    let shown = path.display().to_string();
    let unreadable = |_: std::io::Error| distrusted(Distrust::Unreadable(path.display().to_string()));
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.nlink() != 1 {
        return Err(distrusted(Distrust::Hardlinked(shown)));
    }
    if !provider.allow_insecure_path {
        check_owner(metadata.mode() & OPEN_TO_OTHERS, metadata.uid(), shown).map_err(distrusted)?;
    }
    read_bounded(file, provider.max_bytes)
        .map_err(unreadable)?
        .ok_or_else(|| SecretError::FileTooLarge {
            provider: alias.to_owned(),
            max: provider.max_bytes,
        })
}

/// Opens a regular file without following a symlink and without waiting for anything.
pub(crate) fn open_regular(path: &Path) -> Result<File, Distrust> {
    let shown = || path.display().to_string();
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let descriptor: OwnedFd = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(descriptor) => descriptor,
        Err(Errno::LOOP | Errno::MLINK) => return Err(Distrust::Symlink(shown())),
        // What is there but cannot be opened by its path: a socket, or a device without a driver.
        Err(Errno::NXIO | Errno::NODEV) => return Err(Distrust::NotAFile(shown())),
        Err(_) => return Err(Distrust::Unreadable(shown())),
    };
    let file = File::from(descriptor);
    match file.metadata() {
        Ok(metadata) if metadata.is_file() => Ok(file),
        Ok(_) => Err(Distrust::NotAFile(shown())),
        Err(_) => Err(Distrust::Unreadable(shown())),
    }
}

/// Reads to the end. `None`: there is more than `max`.
pub(crate) fn read_bounded(mut file: File, max: u64) -> std::io::Result<Option<WipedBytes>> {
    let mut bytes = WipedBytes::new();
    let mut chunk = zeroize::Zeroizing::new(vec![0u8; 16 * 1024]);
    loop {
        let count = match file.read(&mut chunk) {
            Ok(0) => return Ok(Some(bytes)),
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        bytes.extend(chunk.get(..count).unwrap_or_default());
        if bytes.len() as u64 > max {
            return Ok(None);
        }
    }
}

/// Expands `~`, and takes out `.` and `..` by their names alone. `None`: the path is relative.
fn absolute(text: &str, home: Option<&Path>) -> Option<PathBuf> {
    let path = match text.strip_prefix('~') {
        Some("") => home?.to_path_buf(),
        Some(rest) if rest.starts_with('/') => home?.join(rest.trim_start_matches('/')),
        _ => PathBuf::from(text),
    };
    if !path.is_absolute() {
        return None;
    }
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => clean.push(component),
        }
    }
    Some(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_or_an_open_folder_on_the_way_is_not_trusted() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["trusted", "elsewhere"] {
            std::fs::create_dir(at(name)).unwrap();
            std::fs::write(at(name).join("tool"), "").unwrap();
            std::fs::set_permissions(at(name).join("tool"), std::fs::Permissions::from_mode(0o700)).unwrap();
        }
        symlink(at("elsewhere"), at("trusted/link")).unwrap();
        let judge = |command: &str, link: bool| {
            let provider = serde_json::from_value(serde_json::json!({
                "command": at(command), "trustedDirs": [at("trusted")], "allowSymlinkCommand": link,
            }));
            find_command(at(command).to_str().unwrap(), &provider.unwrap(), None)
        };
        assert!(judge("trusted/tool", false).is_ok());
        for link in [false, true] {
            assert!(
                matches!(
                    judge("trusted/link/tool", link),
                    Err(Distrust::OutsideTrustedDirs(_))
                ),
                "{link}"
            );
        }
        std::fs::set_permissions(at("trusted"), std::fs::Permissions::from_mode(0o777)).unwrap();
        assert!(
            matches!(judge("trusted/tool", false), Err(Distrust::TooOpen(path)) if path.ends_with("trusted"))
        );
    }

    #[test]
    fn parent_folders_cannot_smuggle_a_path_into_a_trusted_one() {
        let path = absolute("/trusted/../other/tool", None).unwrap();
        assert_eq!(path, Path::new("/other/tool"));
        assert!(!is_inside(&path, &["/trusted".into()], None, false));
        assert!(!is_inside(
            Path::new("/trusted-not/tool"),
            &["/trusted".into()],
            None,
            false
        ));
        assert!(is_inside(
            Path::new("/trusted/bin/tool"),
            &["/trusted/".into()],
            None,
            false
        ));
    }

    #[test]
    fn a_tilde_means_the_given_home_only() {
        assert_eq!(
            absolute("~/x", Some(Path::new("/h"))),
            Some(PathBuf::from("/h/x"))
        );
        assert_eq!(absolute("~", Some(Path::new("/h"))), Some(PathBuf::from("/h")));
        assert_eq!(absolute("~/x", None), None);
        assert_eq!(absolute("~other/x", Some(Path::new("/h"))), None);
        assert_eq!(absolute("x", Some(Path::new("/h"))), None);
    }
}
