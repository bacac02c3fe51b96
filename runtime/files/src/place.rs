//! From what a model writes to a place in the folder.
//!
//! **Promise.** A place is in the folder or in one beside it. Links are followed here, one by one, and only as long as
//! they stay inside; an absolute one does not. What is behind a link is known by its real path, so that a link stays
//! where it is when the file behind it is replaced. **Bound.** [`PATH_BYTES`] of path, [`LINKS`] links.
//! **Cost.** One look for each name of the path.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use crate::answer::Refusal;
use crate::folder::{Folder, Found, Kind};
use crate::names::show;
use crate::words::refuse;

/// The longest path.
pub(crate) const PATH_BYTES: usize = 3000;
/// The most links on the way to a place.
const LINKS: usize = 40;

/// A place in a folder.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    /// As it was asked for, to be told.
    pub(crate) shown: String,
    /// Where it is, links followed. It is `.` for the folder itself.
    pub(crate) path: PathBuf,
    /// What is there.
    pub(crate) found: Option<Found>,
}

/// Whether the last name is followed if it is a link.
#[derive(Clone, Copy, PartialEq)]
enum Last {
    Followed,
    Itself,
}

/// The place that a path names: relative, or absolute and inside.
pub(crate) fn place(folder: &dyn Folder, given: &str) -> Result<Place, Refusal> {
    find(folder, given, Last::Followed)
}

/// The place of a name, which may be a link's own.
pub(crate) fn name(folder: &dyn Folder, given: &str) -> Result<Place, Refusal> {
    find(folder, given, Last::Itself)
}

fn find(folder: &dyn Folder, given: &str, last: Last) -> Result<Place, Refusal> {
    if given.len() > PATH_BYTES {
        let length = given.len();
        return Err(Refusal(format!(
            "A path of {length} bytes is too long; {PATH_BYTES} are the most."
        )));
    }
    if given.trim().is_empty() {
        return Err(Refusal::new("The path is empty; . is the workspace itself."));
    }
    let asked = enter(folder, given)?;
    let shown = show(&asked);
    let path = follow(folder, &asked, last)?;
    match folder.look(&path) {
        Ok(found) => Ok(Place {
            shown,
            path,
            found: Some(found),
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Place {
            shown,
            path,
            found: None,
        }),
        Err(error) => Err(refuse("used", &shown, &error)),
    }
}

/// The path with its own `..` taken away, relative unless it is in a folder beside.
fn enter(folder: &dyn Folder, given: &str) -> Result<PathBuf, Refusal> {
    let path = Path::new(given);
    let roots = folder.roots();
    let (base, relative) = match (roots.strip(path), roots.beside_of(path)) {
        (Some(inside), _) => (PathBuf::new(), inside),
        (None, Some(beside)) => (
            beside.to_owned(),
            path.strip_prefix(beside).unwrap_or(Path::new("")),
        ),
        (None, None) if path.is_absolute() => return Err(outside(folder, given)),
        (None, None) => (PathBuf::new(), path),
    };
    let mut names: Vec<_> = Vec::new();
    for component in relative.components() {
        match component {
            Component::Normal(name) => names.push(name),
            Component::CurDir => {}
            Component::ParentDir if names.pop().is_some() => {}
            _ => return Err(outside(folder, given)),
        }
    }
    let mut place = base;
    place.extend(names);
    Ok(or_dot(place))
}

/// Follows the links on the way to a path, and what they lead to.
fn follow(folder: &dyn Folder, asked: &Path, last: Last) -> Result<PathBuf, Refusal> {
    let shown = || show(asked);
    let leaves = || Refusal(format!("{} leads out of the workspace by a link.", shown()));
    let base = folder
        .roots()
        .beside_of(asked)
        .map(Path::to_owned)
        .unwrap_or_default();
    let inside = asked.strip_prefix(&base).unwrap_or(asked);
    let mut ahead: VecDeque<PathBuf> = inside
        .components()
        .map(|name| PathBuf::from(name.as_os_str()))
        .collect();
    let (mut at, mut depth, mut links) = (base, 0_usize, 0);
    while let Some(name) = ahead.pop_front() {
        match name.components().next() {
            Some(Component::ParentDir) if depth > 0 => {
                at.pop();
                depth -= 1;
                continue;
            }
            Some(Component::Normal(_)) => {}
            Some(Component::CurDir) | None => continue,
            Some(_) => return Err(leaves()),
        }
        at.push(&name);
        depth += 1;
        let is_last = ahead.is_empty();
        let found = match folder.look(&at) {
            Ok(found) => found,
            // What is not there has no links; whoever goes on from here finds nothing either.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(refuse("used", &shown(), &error)),
        };
        if found.kind != Kind::Link || (is_last && last == Last::Itself) {
            continue;
        }
        links += 1;
        if links > LINKS {
            return Err(Refusal(format!(
                "{} cannot be used: links on its way lead in a circle.",
                shown()
            )));
        }
        let target = folder.link(&at).map_err(|error| match error.kind() {
            // Where a link may not even be looked at because of where it leads.
            ErrorKind::PermissionDenied => leaves(),
            _ => refuse("used", &shown(), &error),
        })?;
        at.pop();
        depth -= 1;
        if target.is_absolute() {
            return Err(leaves());
        }
        for component in target.components().rev() {
            ahead.push_front(PathBuf::from(component.as_os_str()));
        }
    }
    Ok(or_dot(at))
}

fn or_dot(path: PathBuf) -> PathBuf {
    match path.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => path,
    }
}

fn outside(folder: &dyn Folder, given: &str) -> Refusal {
    Refusal(format!(
        "{} is outside of the workspace {}, which is all that file tools reach.",
        show(Path::new(given)),
        folder.roots().name().display()
    ))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use proptest::prelude::*;

    use super::*;
    use crate::folder::Roots;
    use crate::plain::Plain;

    fn path(folder: &Plain, given: &str) -> Result<PathBuf, String> {
        place(folder, given)
            .map(|place| place.path)
            .map_err(|refusal| refusal.0)
    }

    #[test]
    fn a_path_is_the_same_place_by_all_of_its_names() {
        let outer = tempfile::tempdir().unwrap();
        fs::create_dir(outer.path().join("beside")).unwrap();
        let beside = outer.path().join("beside");
        let folder = Plain::new(
            outer.path(),
            Roots::new("/workspace")
                .known_as("/home/ann/project")
                .beside(&beside),
        );
        for given in [
            "a/b",
            "./a//b",
            "x/../a/b",
            "/workspace/a/b",
            "/home/ann/project/a/./b/",
        ] {
            assert_eq!(path(&folder, given).unwrap(), Path::new("a/b"), "{given}");
        }
        for given in [".", "/workspace", "a/..", "/workspace/x/.."] {
            assert_eq!(path(&folder, given).unwrap(), Path::new("."), "{given}");
        }
        let inside = beside.join("a");
        assert_eq!(path(&folder, inside.to_str().unwrap()).unwrap(), inside);
        let up = beside.join("../a");
        for given in [
            "..",
            "a/../../b",
            "/workspace/../a",
            "/workspaces/a",
            "/",
            "",
            " ",
            up.to_str().unwrap(),
        ] {
            assert!(path(&folder, given).is_err(), "{given}");
        }
    }

    #[test]
    fn links_are_followed_as_long_as_they_stay_inside() {
        let outer = tempfile::tempdir().unwrap();
        fs::create_dir_all(outer.path().join("work/a/b")).unwrap();
        let at = |name: &str| outer.path().join("work").join(name);
        symlink("a/b", at("in")).unwrap();
        symlink("../c", at("a/up")).unwrap();
        symlink("../../c", at("a/out")).unwrap();
        symlink(at("a"), at("absolute")).unwrap();
        symlink("round", at("round")).unwrap();
        let folder = Plain::new(outer.path().join("work"), Roots::new("/workspace"));
        assert_eq!(path(&folder, "in/new").unwrap(), Path::new("a/b/new"));
        assert_eq!(path(&folder, "a/up").unwrap(), Path::new("c"));
        for given in ["a/out", "absolute", "absolute/b", "round", "a/out/x"] {
            assert!(path(&folder, given).is_err(), "{given}");
        }
        assert_eq!(name(&folder, "a/out").unwrap().path, Path::new("a/out"));
    }

    proptest! {
        #[test]
        fn no_path_leads_out(given in "(/workspace)?[a-b./\n\u{e4}]{0,24}") {
            let outer = tempfile::tempdir().unwrap();
            let folder = Plain::new(outer.path().join("none"), Roots::new("/workspace"));
            if let Ok(path) = path(&folder, &given) {
                prop_assert!(path.is_relative());
                prop_assert!(!path.components().any(|name| name == Component::ParentDir));
            }
        }
    }
}
