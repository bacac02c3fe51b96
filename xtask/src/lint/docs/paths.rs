//! Links and paths that pages name, looked up among the files git knows. What git ignores is build output:
//! it may be named, and is not there in a fresh clone.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::tree::Tree;

/// What is wrong and what to do.
pub(super) type Problem = (String, String);

/// Files that belong to a user's workspace or package, which pages name without this repository having them.
const OF_THE_USER: [&str; 10] = [
    "AGENTS.md",
    "BOOTSTRAP.md",
    "HEARTBEAT.md",
    "IDENTITY.md",
    "MEMORY.md",
    "SKILL.md",
    "SOUL.md",
    "TOOLS.md",
    "USER.md",
    "openclaw.json",
];

/// Endings by which a word without a slash is taken for a file.
const FILE_ENDINGS: [&str; 6] = [".md", ".toml", ".rs", ".sh", ".wit", ".yml"];

/// Every file and folder of the repository.
pub(super) struct Paths<'a> {
    tree: &'a Tree,
    known: BTreeSet<&'a str>,
}

impl<'a> Paths<'a> {
    pub(super) fn new(tree: &'a Tree) -> Self {
        let mut known = BTreeSet::from([""]);
        for file in &tree.files {
            known.insert(file);
            known.extend(file.match_indices('/').filter_map(|(slash, _)| file.get(..slash)));
        }
        Self { tree, known }
    }

    /// Whether a link within the repository leads somewhere.
    pub(super) fn check_link(&self, page: &str, link: &str) -> Option<Problem> {
        let target = resolve(page, link)?;
        if self.known.contains(target.as_str()) {
            return None;
        }
        Some((
            format!("the link `{link}` leads nowhere"),
            format!("there is no {target}"),
        ))
    }

    /// Whether inline code that looks like a path of the repository is one.
    pub(super) fn check_code(&self, page: &str, code: &str) -> Result<Option<Problem>> {
        let is_pattern = code.contains(['*', '<', '…', '{', '$', '"', '\'', '|', '(', '\\']);
        if is_pattern || code.contains(char::is_whitespace) || code.contains("...") || code.contains("://") {
            return Ok(None);
        }
        let path = strip_place(code);
        let is_known = match path.split_once('/') {
            Some((".", _)) => [page, ""]
                .iter()
                .any(|from| self.known.contains(join(from, path).as_str())),
            Some((first, _)) if !first.is_empty() && self.known.contains(first) => {
                self.known.contains(join("", path).as_str())
            }
            Some(_) => true,
            None => self.knows_name(path),
        };
        if is_known || is_ignored(self.tree, path)? {
            return Ok(None);
        }
        Ok(Some((
            format!("there is no `{path}` in this repository"),
            "name a file that exists".to_owned(),
        )))
    }

    fn knows_name(&self, name: &str) -> bool {
        let looks_like_file = FILE_ENDINGS
            .iter()
            .any(|ending| name.ends_with(ending) && name != *ending);
        let is_basename = |file: &str| file.rsplit('/').next() == Some(name);
        !looks_like_file || OF_THE_USER.contains(&name) || self.known.iter().any(|file| is_basename(file))
    }
}

/// Drops a line number or a fragment, and the slash that marks a folder.
fn strip_place(code: &str) -> &str {
    let path = code.split('#').next().unwrap_or_default();
    let path = match path.split_once(':') {
        Some((path, line)) if line.starts_with(|c: char| c.is_ascii_digit()) => path,
        _ => path,
    };
    path.trim_end_matches('/')
}

/// The path from the root that a link on the page leads to; `None` if it leads out of the repository or
/// stays on the page.
pub(super) fn resolve(page: &str, link: &str) -> Option<String> {
    let path = link.split(['#', '?']).next().unwrap_or_default();
    let is_elsewhere = path.contains("://") || path.starts_with("mailto:") || path.starts_with("//");
    if path.is_empty() || is_elsewhere {
        return None;
    }
    let from = if path.starts_with('/') { "" } else { page };
    Some(join(from, path))
}

/// Joins a path to the folder of a page, without leaving any `.` or `..` in it.
fn join(page: &str, path: &str) -> String {
    let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            // Above the root there is nothing of ours; the part stays, and no known path has it.
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn is_ignored(tree: &Tree, path: &str) -> Result<bool> {
    let mut git = Command::new("git");
    git.args(["check-ignore", "--quiet", "--", path])
        .current_dir(&tree.root);
    let status = git
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("git could not be started")?;
    Ok(status.success())
}
