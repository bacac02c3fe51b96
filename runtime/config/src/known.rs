//! The keys that OpenClaw knows and this build does not use, and those that it knew once.
//!
//! A config may hold them: they are told apart from mistakes and have no effect. The lists are read only when a
//! key is met that the schema does not have.

use std::fmt;
use std::sync::OnceLock;

use serde_json::Value;

use crate::path::{Path, Segment};

/// A part of the config that is valid and has no effect.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unused {
    /// The outermost key that is not used.
    pub path: Path,
    /// Why it is not.
    pub reason: Reason,
}

/// Why a part of the config has no effect.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reason {
    /// OpenClaw has it, this build does not.
    NotInThisBuild,
    /// A built-in value has replaced it.
    Retired,
    /// It is kept as it stands, and nothing acts on it; this says why.
    Inert(&'static str),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotInThisBuild => "not used by this build",
            Self::Retired => "retired; a built-in value applies",
            Self::Inert(why) => why,
        })
    }
}

/// What is known of a key that the schema does not have.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Standing {
    /// All of it is known.
    Known(Reason),
    /// The key is known; these keys below it are not.
    KnownExcept(Vec<Path>),
    /// Nobody knows it.
    Unknown,
}

/// What is known of a key that the schema does not have, and of everything below it.
pub(crate) fn standing(path: &Path, value: &Value) -> Standing {
    let tree = tree();
    let at = path
        .segments()
        .iter()
        .fold(vec![ROOT], |at, segment| tree.step(&at, segment));
    if at.is_empty() {
        if !is_retired(path) && !leads_to_retired(path) {
            return Standing::Unknown;
        }
        let mut unknown = Vec::new();
        find_unretired(value, &mut path.clone(), &mut unknown);
        return if unknown.is_empty() {
            Standing::Known(Reason::Retired)
        } else {
            Standing::KnownExcept(unknown)
        };
    }
    let mut unknown = Vec::new();
    tree.find_unknown(&at, value, &mut path.clone(), &mut unknown);
    if unknown.is_empty() {
        Standing::Known(Reason::NotInThisBuild)
    } else {
        Standing::KnownExcept(unknown)
    }
}

fn retired() -> impl Iterator<Item = &'static str> {
    include_str!("known/retired.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
}

fn is_key(segment: &Segment, pattern: &str) -> bool {
    match segment {
        Segment::Key(key) => match pattern.strip_suffix('*') {
            Some(start) => key.starts_with(start),
            None => key == pattern,
        },
        Segment::Index(_) => false,
    }
}

/// Whether a built-in value has replaced the key, or one above it.
fn is_retired(path: &Path) -> bool {
    retired().any(|line| {
        let mut segments = path.segments().iter();
        line.split('.')
            .all(|pattern| segments.next().is_some_and(|segment| is_key(segment, pattern)))
    })
}

/// Whether a retired key stood below this one.
fn leads_to_retired(path: &Path) -> bool {
    retired().any(|line| {
        let mut patterns = line.split('.');
        path.segments()
            .iter()
            .all(|segment| patterns.next().is_some_and(|pattern| is_key(segment, pattern)))
    })
}

/// The keys at or below a place that neither are retired nor lead to one that is.
fn find_unretired(value: &Value, path: &mut Path, unknown: &mut Vec<Path>) {
    if is_retired(path) {
        return;
    }
    match value {
        Value::Object(object) if leads_to_retired(path) => {
            for (key, value) in object {
                path.push_key(key);
                find_unretired(value, path, unknown);
                path.pop();
            }
        }
        _ => unknown.push(path.clone()),
    }
}

/// An indented list of keys, as lines that know their depth.
struct Tree {
    lines: Vec<Line>,
}

struct Line {
    depth: usize,
    name: &'static str,
    /// The line under which its children stand.
    children: usize,
}

/// The line of the root, which is not in the list.
const ROOT: usize = 0;

fn tree() -> &'static Tree {
    static TREE: OnceLock<Tree> = OnceLock::new();
    TREE.get_or_init(|| {
        let text = include_str!("known/keys.txt")
            .lines()
            .filter(|line| !line.starts_with('#'));
        let lines = text.zip(1..).map(|(text, nth)| {
            let key = text.trim_start();
            let depth = text.len() - key.len() + 1;
            match key.split_once(" @") {
                Some((name, same)) => Line {
                    depth,
                    name,
                    children: same.parse().unwrap_or(nth),
                },
                None => Line {
                    depth,
                    name: key,
                    children: nth,
                },
            }
        });
        let root = Line {
            depth: 0,
            name: "",
            children: ROOT,
        };
        Tree {
            lines: std::iter::once(root).chain(lines).collect(),
        }
    })
}

impl Tree {
    fn children(&self, of: usize) -> impl Iterator<Item = (usize, &Line)> {
        let from = self.lines.get(of).map_or(0, |line| line.children);
        let depth = self.lines.get(from).map_or(0, |line| line.depth);
        let below = self.lines.iter().enumerate().skip(from + 1);
        below
            .take_while(move |(_, line)| line.depth > depth)
            .filter(move |(_, line)| line.depth == depth + 1)
    }

    fn step(&self, at: &[usize], segment: &Segment) -> Vec<usize> {
        let mut next = Vec::new();
        for &line in at {
            if self.lines.get(line).is_some_and(|line| line.name == "**") {
                next.push(line);
            }
            let mut find = |name: &str| {
                let before = next.len();
                let found = self.children(line).filter(|(_, child)| child.name == name);
                next.extend(found.map(|(nth, _)| nth));
                next.len() > before
            };
            // What is said of any key holds for those that are not named.
            let exact = match segment {
                Segment::Key(key) => find(key),
                Segment::Index(_) => find("[]"),
            };
            if !exact {
                if matches!(segment, Segment::Key(_)) {
                    find("*");
                }
                find("**");
            }
        }
        next
    }

    fn find_unknown(&self, at: &[usize], value: &Value, path: &mut Path, unknown: &mut Vec<Path>) {
        let mut visit = |segment: Segment, value: &Value| {
            let next = self.step(at, &segment);
            match &segment {
                Segment::Key(key) => path.push_key(key),
                Segment::Index(index) => path.push_index(*index),
            }
            if !next.is_empty() {
                self.find_unknown(&next, value, path, unknown);
            } else if matches!(segment, Segment::Key(_)) && !is_retired(path) {
                unknown.push(path.clone());
            }
            path.pop();
        };
        match value {
            Value::Object(object) => object
                .iter()
                .for_each(|(key, value)| visit(Segment::Key(key.clone()), value)),
            Value::Array(elements) => {
                elements
                    .iter()
                    .enumerate()
                    .for_each(|(index, value)| visit(Segment::Index(index), value));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn a_mistake_below_a_named_key_is_not_taken_for_an_open_one() {
        let path = Path::of(["channels", "telegram", "botTokn"]);
        assert_eq!(standing(&path, &json!("x")), Standing::Unknown);
        let plugin = Path::of(["channels", "a-plugin-brings-it", "anything"]);
        assert_eq!(
            standing(&plugin, &json!("x")),
            Standing::Known(Reason::NotInThisBuild)
        );
    }

    use super::*;

    fn of(path: &str, value: Value) -> Standing {
        standing(&path.parse().unwrap(), &value)
    }

    #[test]
    fn keys_of_the_other_release_are_known_at_every_depth() {
        let used = Standing::Known(Reason::NotInThisBuild);
        assert_eq!(
            of("acp", json!({"stream": {"tagVisibility": {"any": true}}})),
            used
        );
        assert_eq!(of("gateway.port", json!(1)), used);
        assert_eq!(of("bindings[3].match.peer.kind", json!("dm")), used);
        assert_eq!(
            of("plugins.entries.anything.config", json!({"deep": {"er": [1]}})),
            used
        );
        assert_eq!(
            of("channels.telegram.accounts.work.dmPolicy", json!("open")),
            used
        );
    }

    #[test]
    fn a_mistake_below_a_known_key_is_found() {
        let Standing::KnownExcept(paths) = of("acp", json!({"strem": 1, "stream": {"x": 1}})) else {
            panic!()
        };
        let paths: Vec<_> = paths.iter().map(Path::to_string).collect();
        assert_eq!(paths, ["acp.stream.x", "acp.strem"]);
    }

    #[test]
    fn retired_keys_are_told_apart_from_unknown_ones() {
        let retired = Standing::Known(Reason::Retired);
        assert_eq!(of("auth.cooldowns", json!({"any": 1})), retired);
        assert_eq!(of("diagnostics.stuckSessionWarnMs", json!(1)), retired);
        assert_eq!(of("agents.entries.x.compaction.reserveTokens", json!(1)), retired);
        assert_eq!(of("auth.cooldown", json!(1)), Standing::Unknown);
        assert_eq!(
            of("agents.entries.x.compaction.reserve", json!(1)),
            Standing::Unknown
        );
    }

    #[test]
    fn every_line_that_refers_to_another_refers_to_one_with_children() {
        let tree = tree();
        for (nth, line) in tree.lines.iter().enumerate().skip(1) {
            if line.children != nth {
                assert!(
                    line.children < nth && tree.children(line.children).next().is_some(),
                    "{}",
                    line.name
                );
            }
        }
    }
}
