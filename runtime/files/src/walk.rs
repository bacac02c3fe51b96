//! What is in a folder and in the folders in it, in the order of the names.
//!
//! **Promise.** Links are told and not followed. What the `.gitignore` files between the workspace and a name leave
//! out is left out, and so are `.git` and `node_modules`; what was asked for by its own path is not. **Bound.**
//! [`ENTRIES`] names and [`DEPTH`] folders in each other. What is left out for a bound is told.

use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::folder::{Entry, Folder, Kind};
use crate::place::PATH_BYTES;

/// The most names that are looked at.
const ENTRIES: usize = 200_000;
/// The most folders in each other.
const DEPTH: usize = 100;
/// How much of a `.gitignore` is read.
const RULES_BYTES: u64 = 64 * 1024;
/// Never entered.
const SKIPPED: [&str; 2] = [".git", "node_modules"];

/// A walk under way.
pub(crate) struct Walk<'a> {
    folder: &'a dyn Folder,
    levels: Vec<Level>,
    /// The rules of the folders that the walk began in, the outermost first.
    above: Vec<(PathBuf, Gitignore)>,
    looked: usize,
    /// What was left out.
    pub(crate) gaps: Gaps,
}

/// What a walk left out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gaps {
    /// There were too many names.
    is_cut: bool,
    /// There were too many folders in each other.
    is_deep: bool,
    /// Folders could not be read.
    has_hidden: bool,
}

struct Level {
    path: PathBuf,
    entries: std::vec::IntoIter<Entry>,
    rules: Option<Gitignore>,
}

impl<'a> Walk<'a> {
    /// Begins in a folder, which is there.
    pub(crate) fn begin(folder: &'a dyn Folder, path: &Path) -> std::io::Result<Self> {
        let path = if path == Path::new(".") {
            Path::new("")
        } else {
            path
        };
        let root = folder.roots().beside_of(path).unwrap_or(Path::new(""));
        let mut above = Vec::new();
        for ancestor in path.ancestors().skip(1) {
            if !ancestor.starts_with(root) {
                break;
            }
            above.extend(rules(folder, ancestor).map(|rules| (ancestor.to_owned(), rules)));
        }
        above.reverse();
        let mut walk = Self {
            folder,
            levels: Vec::new(),
            above,
            looked: 0,
            gaps: Gaps::default(),
        };
        walk.enter(path.to_owned())?;
        Ok(walk)
    }

    /// The next thing, with its path in the workspace. A folder comes before what is in it.
    pub(crate) fn next(&mut self) -> Option<(PathBuf, Kind)> {
        loop {
            let level = self.levels.last_mut()?;
            let Some(entry) = level.entries.next() else {
                self.levels.pop();
                continue;
            };
            let path = level.path.join(&entry.name);
            let is_folder = entry.kind == Kind::Folder;
            if SKIPPED.contains(&entry.name.as_str()) || self.is_ignored(&path, is_folder) {
                continue;
            }
            if is_folder {
                if self.levels.len() >= DEPTH || path.as_os_str().len() > PATH_BYTES {
                    self.gaps.is_deep = true;
                } else if self.enter(path.clone()).is_err() {
                    self.gaps.has_hidden = true;
                }
            }
            return Some((path, entry.kind));
        }
    }

    fn enter(&mut self, path: PathBuf) -> std::io::Result<()> {
        let dot = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            &path
        };
        let listing = self.folder.list(dot, ENTRIES - self.looked)?;
        self.looked += listing.entries.len();
        self.gaps.is_cut |= listing.is_cut;
        let has_rules = listing.entries.iter().any(|entry| entry.name == ".gitignore");
        let rules = has_rules.then(|| rules(self.folder, &path)).flatten();
        self.levels.push(Level {
            path,
            entries: listing.entries.into_iter(),
            rules,
        });
        Ok(())
    }

    /// The innermost rules that say something decide.
    fn is_ignored(&self, path: &Path, is_folder: bool) -> bool {
        let inner = self.levels.iter().rev();
        let inner = inner.filter_map(|level| Some((level.path.as_path(), level.rules.as_ref()?)));
        let outer = self
            .above
            .iter()
            .rev()
            .map(|(path, rules)| (path.as_path(), rules));
        for (base, rules) in inner.chain(outer) {
            let relative = path.strip_prefix(base).unwrap_or(path);
            match rules.matched(relative, is_folder) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => {}
            }
        }
        false
    }
}

/// The rules in a folder.
fn rules(folder: &dyn Folder, path: &Path) -> Option<Gitignore> {
    use std::io::Read as _;

    let path = path.join(".gitignore");
    if folder.look(&path).ok()?.kind != Kind::File {
        return None;
    }
    let mut bytes = Vec::new();
    folder
        .open(&path)
        .ok()?
        .take(RULES_BYTES)
        .read_to_end(&mut bytes)
        .ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let mut builder = GitignoreBuilder::new("");
    for line in text.trim_start_matches('\u{feff}').lines() {
        // A line that is no rule is none.
        let _ = builder.add_line(None, line);
    }
    builder.build().ok().filter(|rules| !rules.is_empty())
}

impl Gaps {
    /// What is said of what was left out.
    pub(crate) fn tell(&self, notes: &mut Vec<String>) {
        if self.is_cut {
            notes.push(format!(
                "[Only the first {ENTRIES} names were looked at; name a folder inside.]"
            ));
        }
        if self.is_deep {
            notes.push(format!(
                "[Folders more than {DEPTH} deep were left out; name one of them.]"
            ));
        }
        if self.has_hidden {
            notes.push("[Some folders could not be read.]".to_owned());
        }
    }

    pub(crate) fn is_any(&self) -> bool {
        self.is_cut || self.is_deep || self.has_hidden
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::folder::Roots;
    use crate::plain::Plain;

    fn walk(files: &[(&str, &str)], from: &str) -> Vec<String> {
        let outer = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = outer.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let folder = Plain::new(outer.path(), Roots::new("/workspace"));
        let mut walk = Walk::begin(&folder, Path::new(from)).unwrap();
        std::iter::from_fn(|| walk.next())
            .map(|(path, _)| path.display().to_string())
            .collect()
    }

    #[test]
    fn names_come_in_order_with_a_folder_before_what_is_in_it() {
        let files = [
            ("b.txt", ""),
            ("b/z", ""),
            ("b/a", ""),
            ("a", ""),
            (".hidden", ""),
        ];
        assert_eq!(walk(&files, "."), [".hidden", "a", "b", "b/a", "b/z", "b.txt"]);
        assert_eq!(walk(&files, "b"), ["b/a", "b/z"]);
    }

    #[test]
    fn what_is_ignored_is_left_out_unless_a_rule_further_in_says_otherwise() {
        let files = [
            (".gitignore", "*.log\n/target/\n# no rule\n!keep.log\n"),
            ("a.log", ""),
            ("keep.log", ""),
            ("target/x", ""),
            ("sub/target/y", ""),
            ("sub/.gitignore", "!b.log\n/own\n"),
            ("sub/b.log", ""),
            ("sub/own", ""),
            ("own", ""),
            (".git/config", ""),
            ("sub/node_modules/m.js", ""),
        ];
        assert_eq!(
            walk(&files, "."),
            [
                ".gitignore",
                "keep.log",
                "own",
                "sub",
                "sub/.gitignore",
                "sub/b.log",
                "sub/target",
                "sub/target/y"
            ]
        );
        // What was asked for by its own path.
        assert_eq!(walk(&files, "target"), ["target/x"]);
        assert_eq!(walk(&files, "sub/node_modules"), ["sub/node_modules/m.js"]);
        assert_eq!(walk(&files, "sub/target"), ["sub/target/y"]);
    }
}
