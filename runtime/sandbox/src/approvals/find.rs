//! Which file a program's name means.
//!
//! **Promise.** A name means what the `PATH` that the command gets would find, and nothing if that is not certain:
//! entries that are not absolute are passed over. A path's folder is the real one, so that no `..` and no link on the way
//! makes it look like another; the file itself keeps its own name, because some programs go by it. **Cost.** A few
//! looks at the disk.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Where programs are looked for.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// The `PATH` that the command gets.
    pub path: &'a str,
    /// What `~` means.
    pub home: Option<&'a Path>,
    /// The folder that the command begins in.
    pub cwd: &'a Path,
}

/// A program that was found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Found {
    /// As it was named.
    pub typed: String,
    /// Where it is: a real folder, and the file's own name in it.
    pub path: PathBuf,
    /// The file that it is in the end.
    pub real: PathBuf,
}

impl Found {
    /// Whether it was named without a folder.
    pub fn is_by_name(&self) -> bool {
        !self.typed.contains('/')
    }

    /// Its own name.
    pub fn name(&self) -> &str {
        name_of(&self.path)
    }

    /// The names that it goes by: its own, and that of the file that it is in the end.
    pub fn names(&self) -> [&str; 2] {
        [self.name(), name_of(&self.real)]
    }

    /// The path as text; a path that is none cannot be written into a command.
    pub fn text(&self) -> Option<&str> {
        self.path.to_str()
    }
}

fn name_of(path: &Path) -> &str {
    path.file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default()
}

/// Finds a program.
pub(super) fn find(typed: &str, places: Places<'_>) -> Option<Found> {
    if typed.contains('/') {
        return found(typed, &expand(typed, places)?);
    }
    let folders = places.path.split(':').map(Path::new);
    let mut folders = folders.filter(|folder| folder.is_absolute());
    folders.find_map(|folder| found(typed, &folder.join(typed)))
}

/// The path that a word with a slash means.
fn expand(typed: &str, places: Places<'_>) -> Option<PathBuf> {
    match typed.strip_prefix("~/") {
        Some(rest) => Some(places.home?.join(rest)),
        None => Some(places.cwd.join(typed)),
    }
}

fn found(typed: &str, path: &Path) -> Option<Found> {
    let about = fs::metadata(path).ok()?;
    if !about.is_file() || about.permissions().mode() & 0o111 == 0 {
        return None;
    }
    let name = path.file_name()?;
    let folder = fs::canonicalize(path.parent()?).ok()?;
    Some(Found {
        typed: typed.to_owned(),
        path: folder.join(name),
        real: fs::canonicalize(path).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn program(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn a_name_means_what_the_path_finds_first() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        program(&root.join("one/x"));
        program(&root.join("two/x"));
        program(&root.join("two/y"));
        fs::write(root.join("one/y"), "not a program").unwrap();
        let path = format!(
            "relative::{}:{}",
            root.join("one").display(),
            root.join("two").display()
        );
        let places = Places {
            path: &path,
            home: None,
            cwd: &root,
        };
        assert_eq!(find("x", places).unwrap().path, root.join("one/x"));
        assert_eq!(find("y", places).unwrap().path, root.join("two/y"));
        assert_eq!(find("z", places), None);
        program(&root.join("relative/z"));
        assert_eq!(
            find("z", places),
            None,
            "an entry of PATH that is not absolute was used"
        );
    }

    #[test]
    fn no_detour_makes_a_path_look_like_another() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        program(&root.join("good/x"));
        program(&root.join("bad/x"));
        symlink(root.join("bad"), root.join("good/way")).unwrap();
        symlink(root.join("bad/x"), root.join("good/link")).unwrap();
        let places = Places {
            path: "",
            home: Some(&root),
            cwd: &root.join("good"),
        };
        assert_eq!(find("../good/way/x", places).unwrap().path, root.join("bad/x"));
        assert_eq!(find("~/good/../bad/x", places).unwrap().path, root.join("bad/x"));
        let link = find("./link", places).unwrap();
        assert_eq!(
            (link.path, link.real),
            (root.join("good/link"), root.join("bad/x"))
        );
        assert_eq!(find("x", places), None);
    }
}
