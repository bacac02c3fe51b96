//! Older spellings of the config, read as the current ones.
//!
//! One table says what each old key means now. It is applied to the value in memory, never to the file. Where old
//! and new are both set, the new one counts. Every change yields a notice.

mod special;
mod table;

use serde_json::{Map, Value};

use crate::issue::Issue;
use crate::path::{Path, Segment};
use crate::validate::Schema;
use table::{How, Row};

/// What was changed.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// One for each change, at the old path.
    pub notices: Vec<Issue>,
    /// What cannot be meant.
    pub issues: Vec<Issue>,
    /// From where to where, in order.
    pub(crate) moves: Vec<(Path, Path)>,
}

impl Changes {
    /// Where a place of the value was before the changes.
    pub(crate) fn before(&self, path: &Path) -> Path {
        self.moves
            .iter()
            .rev()
            .fold(path.clone(), |path, (old, new)| match path.strip_prefix(new) {
                Some(rest) => old.join(rest),
                None => path,
            })
    }

    /// Where a place of the value is after the changes.
    pub(crate) fn after(&self, path: &Path) -> Path {
        self.moves
            .iter()
            .fold(path.clone(), |path, (old, new)| match path.strip_prefix(old) {
                Some(rest) => new.join(rest),
                None => path,
            })
    }

    fn note(&mut self, path: &Path, message: impl Into<String>) {
        let path = self.before(path);
        self.notices.push(Issue::new(path, message));
    }
}

/// Replaces old spellings. A key that the schema has under its old name only is left alone.
pub(crate) fn modernise(value: &mut Value, schema: &Schema<'_>) -> Changes {
    let mut changes = Changes::default();
    for row in table::ROWS {
        apply(row, value, schema, &mut changes);
    }
    changes
}

fn apply(row: &Row, value: &mut Value, schema: &Schema<'_>, changes: &mut Changes) {
    let mut found = Vec::new();
    find(
        value,
        &pattern(row.old),
        &mut Path::root(),
        &mut Vec::new(),
        &mut found,
    );
    for (old, captures) in found {
        match row.how {
            How::Move(new) => {
                let new = fill(new, &captures);
                if schema.knows(&old) && !schema.knows(&new) {
                    continue;
                }
                relocate(value, &old, &new, changes);
            }
            How::Drop(hint) => {
                if old.remove(value).is_some() {
                    changes.note(&old, format!("has no effect: {hint}"));
                }
            }
            How::Words(words) => {
                if let Some(Value::String(text)) = old.get_mut(value)
                    && let Some((from, to)) = words.iter().find(|(from, _)| from == text)
                {
                    *text = (*to).to_owned();
                    changes.note(&old, format!("\"{from}\" is the old spelling of \"{to}\""));
                }
            }
            How::Special(run) => run(value, &old, &captures, changes),
        }
        if old.get(value).is_none() {
            prune(value, &old, schema);
        }
    }
}

/// Moves what stands at `old` to `new`. What `new` says already counts.
fn relocate(value: &mut Value, old: &Path, new: &Path, changes: &mut Changes) {
    let Some(moved) = old.remove(value) else { return };
    let Some(target) = open(value, new) else {
        changes.note(
            old,
            format!("is ignored: {new} cannot be set beside what is there"),
        );
        return;
    };
    if target.is_null() {
        *target = moved;
    } else if !fill_in(target, moved) {
        changes.note(
            old,
            format!("is ignored: {new} is set too, and it is the current spelling"),
        );
        return;
    }
    changes.note(old, format!("is the old spelling of {new}"));
    changes.moves.push((old.clone(), new.clone()));
}

/// Takes from `older` what `target` lacks. False: nothing was missing.
fn fill_in(target: &mut Value, older: Value) -> bool {
    match (target, older) {
        (Value::Object(target), Value::Object(older)) => {
            let mut any = false;
            for (key, value) in older {
                match target.get_mut(&key) {
                    Some(present) => any |= fill_in(present, value),
                    None => {
                        target.insert(key, value);
                        any = true;
                    }
                }
            }
            any
        }
        _ => false,
    }
}

/// The place `path`, with the objects around it made where they are missing. A new place holds null. `None`:
/// something that is no object stands in the way.
fn open<'v>(value: &'v mut Value, path: &Path) -> Option<&'v mut Value> {
    path.segments().iter().try_fold(value, |value, segment| {
        if value.is_null() {
            *value = Value::Object(Map::new());
        }
        match segment {
            Segment::Key(key) => Some(value.as_object_mut()?.entry(key).or_insert(Value::Null)),
            Segment::Index(index) => value.as_array_mut()?.get_mut(*index),
        }
    })
}

/// Takes away the objects around `path` that a move has emptied and that the schema does not have.
fn prune(value: &mut Value, path: &Path, schema: &Schema<'_>) {
    let mut parent = path.clone();
    while parent.pop().is_some() && !parent.is_root() {
        let empty = parent
            .get(value)
            .and_then(Value::as_object)
            .is_some_and(Map::is_empty);
        if !empty || schema.knows(&parent) {
            return;
        }
        parent.remove(value);
    }
}

/// The segments of a table path: `*` any key, `'*'` the key `*` itself.
fn pattern(text: &'static str) -> Vec<&'static str> {
    text.split('.').collect()
}

fn find(
    value: &Value,
    pattern: &[&'static str],
    path: &mut Path,
    captures: &mut Vec<String>,
    found: &mut Vec<(Path, Vec<String>)>,
) {
    let Some((first, rest)) = pattern.split_first() else {
        found.push((path.clone(), captures.clone()));
        return;
    };
    let Value::Object(object) = value else { return };
    if *first == "*" {
        for (key, value) in object {
            path.push_key(key);
            captures.push(key.clone());
            find(value, rest, path, captures, found);
            captures.pop();
            path.pop();
        }
    } else if let Some(value) = object.get(*first) {
        path.push_key(first);
        find(value, rest, path, captures, found);
        path.pop();
    }
}

/// The path of a table's right side, with what the left side's `*` stood for.
fn fill(text: &'static str, captures: &[String]) -> Path {
    let mut captures = captures.iter();
    let segments = text.split('.').map(|segment| match segment {
        "*" => captures.next().cloned().unwrap_or_default(),
        "'*'" => "*".to_owned(),
        key => key.to_owned(),
    });
    segments.map(Segment::Key).collect()
}

#[cfg(test)]
mod tests;
