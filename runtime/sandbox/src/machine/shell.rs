//! The person's shell: which one runs commands, and where it finds programs.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

/// Where programs are looked for if nobody says where.
const PLACES: &str = "/usr/local/bin:/usr/bin:/bin";
/// Shells that read the language of `sh`, in which commands are written.
const SHELLS: &[&str] = &["ash", "bash", "dash", "ksh", "mksh", "sh", "zsh"];
/// Programs that stand where a shell stands and run nothing.
const NO_SHELLS: &[&str] = &["false", "nologin", "true"];

/// Has a shell print its `PATH` between zero bytes, so that what a profile prints beside it does not matter.
pub(super) const ASK: &str = r#"printf '\000%s\000' "$PATH""#;

/// The shell that runs commands: the person's own. One that reads another language gives way to bash, or else to sh.
pub(super) fn choose(variables: &BTreeMap<OsString, OsString>) -> PathBuf {
    let own = variables.get(OsStr::new("SHELL")).map(Path::new);
    let own = own.filter(|shell| shell.is_absolute() && shell.is_file());
    let name = own.and_then(name_of).unwrap_or_default();
    match own {
        Some(own) if SHELLS.contains(&name) => own.to_owned(),
        own => {
            let bash = own
                .filter(|_| !NO_SHELLS.contains(&name))
                .and_then(|_| find("bash", &path_of(variables)));
            bash.unwrap_or_else(|| PathBuf::from("/bin/sh"))
        }
    }
}

fn name_of(shell: &Path) -> Option<&str> {
    shell.file_name().and_then(OsStr::to_str)
}

/// What a shell answered; none if that is no `PATH`.
pub(super) fn heard(printed: &[u8]) -> Option<OsString> {
    let mut parts = printed.rsplit(|byte| *byte == 0);
    let (_behind, path) = (parts.next()?, parts.next()?);
    parts.next()?;
    (!path.is_empty()).then(|| OsString::from_vec(path.to_vec()))
}

pub(super) fn path_of(variables: &BTreeMap<OsString, OsString>) -> OsString {
    let path = variables.get(OsStr::new("PATH"));
    path.filter(|path| !path.is_empty())
        .map_or_else(|| PLACES.into(), Clone::clone)
}

/// Several lists of folders as one, each folder once, where it stands first.
pub(super) fn join<'a>(lists: impl IntoIterator<Item = &'a OsStr>) -> OsString {
    let mut seen: Vec<&[u8]> = Vec::new();
    for folder in lists
        .into_iter()
        .flat_map(|list| list.as_bytes().split(|byte| *byte == b':'))
    {
        if !folder.is_empty() && !seen.contains(&folder) {
            seen.push(folder);
        }
    }
    OsString::from_vec(seen.join(&b':'))
}

fn find(program: &str, path: &OsStr) -> Option<PathBuf> {
    let mut places = env::split_paths(path).map(|folder| folder.join(program));
    places.find(|place| place.is_absolute() && place.is_file())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn with_shell(shell: &str) -> PathBuf {
        choose(&BTreeMap::from([("SHELL".into(), shell.into())]))
    }

    #[test]
    fn commands_run_in_the_persons_shell_unless_it_is_none_or_reads_another_language() {
        assert_eq!(with_shell("/bin/bash"), Path::new("/bin/bash"));
        for none in ["", "bash", "/nowhere/zsh", "/usr/sbin/nologin", "/bin/false"] {
            assert_eq!(with_shell(none), Path::new("/bin/sh"), "{none}");
        }
        let folder = tempfile::tempdir().unwrap();
        for name in ["fish", "nu", "pwsh", "tcsh", "my-own"] {
            let other = folder.path().join(name);
            fs::write(&other, "").unwrap();
            let bash = with_shell(other.to_str().unwrap());
            assert!(bash.ends_with("bash") && bash.is_file(), "{name}");
        }
    }

    #[test]
    fn a_folder_stands_once_where_it_stands_first() {
        let joined = join(["/a:/b:", "/b:/c", ":/a"].map(OsStr::new));
        assert_eq!(joined, "/a:/b:/c");
    }

    #[test]
    fn what_a_profile_prints_is_no_path() {
        assert_eq!(heard(b"Welcome!\n\0/a:/b\0bye"), Some("/a:/b".into()));
        for none in [&b"no shell of mine"[..], b"\0\0", b"", b"one\0two"] {
            assert_eq!(heard(none), None);
        }
    }
}
