//! What no file of the repository may contain: a path of the machine it was written on, or a merge that was
//! not finished. Reads every file that git knows, once.

use std::path::Path;

use anyhow::{Context, Result};

use super::Finding;
use crate::tree::Tree;

/// Searches all files for the home folder, the checkout's own folder and merge markers.
pub(super) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let home = std::env::var_os("HOME").map(std::path::PathBuf::from);
    check_for(tree, home.as_deref())
}

fn check_for(tree: &Tree, home: Option<&Path>) -> Result<Vec<Finding>> {
    let mut private = vec![tree.root.display().to_string()];
    if let Some(home) = home.filter(|home| home.iter().count() > 1) {
        // `/root` is every Linux machine's, and only what is in it tells of this one.
        let home = home.display().to_string();
        private.push(if home == "/root" { format!("{home}/") } else { home });
    }
    let mut findings = Vec::new();
    for file in &tree.files {
        let path = tree.root.join(file);
        if !path.symlink_metadata().is_ok_and(|meta| meta.is_file()) {
            continue;
        }
        let bytes = std::fs::read(&path).with_context(|| format!("{file} cannot be read"))?;
        let text = String::from_utf8_lossy(&bytes);
        for (index, line) in text.lines().enumerate() {
            if private.iter().any(|path| names_path(line, path)) {
                let mend = "write it relative to the repository, or compute it at run time";
                findings.push(Finding::new(
                    file,
                    index + 1,
                    "names a path of this machine",
                    mend,
                ));
            }
            if is_merge_marker(line) {
                let mend = "finish the merge and delete the marker";
                findings.push(Finding::new(file, index + 1, "a merge marker", mend));
            }
        }
    }
    Ok(findings)
}

/// Whether the path stands in the line as a path of its own, and not as a part of a longer name.
fn names_path(line: &str, path: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + path.len()..).and_then(|text| text.chars().next());
        let begins = !before.is_some_and(|c| is_name(c) || matches!(c, '/' | '~' | '}' | '$'));
        begins && (path.ends_with('/') || !after.is_some_and(is_name))
    })
}

fn is_merge_marker(line: &str) -> bool {
    ['<', '>', '|'].iter().any(|mark| {
        let rest = line.strip_prefix(&mark.to_string().repeat(7));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::fake::FakeTree;

    fn check_at_home(fake: &FakeTree, home: &str) -> Vec<(String, Option<usize>)> {
        let findings = check_for(&fake.load(), Some(Path::new(home))).unwrap();
        findings
            .into_iter()
            .map(|finding| (finding.file, finding.line))
            .collect()
    }

    #[test]
    fn the_home_folder_and_the_checkout_are_found_where_they_stand() {
        let fake = FakeTree::new();
        fake.write("a.txt", "fine\nsee /home/ada/notes\n");
        fake.write("b.txt", &format!("cd {}\n", fake.root().display()));
        assert_eq!(
            check_at_home(&fake, "/home/ada"),
            [("a.txt".to_owned(), Some(2)), ("b.txt".to_owned(), Some(1))]
        );
    }

    #[test]
    fn a_longer_name_is_not_the_home_folder() {
        let fake = FakeTree::new();
        fake.write("a.txt", "/home/adam /srv/home/ada ${ROOT}/root/x /root\n");
        assert_eq!(check_at_home(&fake, "/home/ada"), []);
        assert_eq!(check_at_home(&fake, "/root"), []);
        fake.write("a.txt", &format!("PATH={}/.cargo/bin\n", "/root"));
        assert_eq!(check_at_home(&fake, "/root"), [("a.txt".to_owned(), Some(1))]);
    }

    #[test]
    fn an_unfinished_merge_is_found_and_a_heading_is_not() {
        let fake = FakeTree::new();
        let ours = "<".repeat(7);
        fake.write("a.md", &format!("Title\n=======\n\n{ours} HEAD\n"));
        assert_eq!(check_at_home(&fake, "/home/ada"), [("a.md".to_owned(), Some(4))]);
    }

    #[test]
    fn a_file_that_git_ignores_is_not_searched() {
        let fake = FakeTree::new();
        fake.write("target/log.txt", "/home/ada/notes\n");
        assert_eq!(check_at_home(&fake, "/home/ada"), []);
        fake.git(&["add", "--force", "target/log.txt"]);
        assert_eq!(
            check_at_home(&fake, "/home/ada"),
            [("target/log.txt".to_owned(), Some(1))]
        );
    }
}
