//! What differs between two configs, as places.

use serde_json::Value;

use crate::path::Path;

/// How a place differs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It has another value.
    Changed,
}

/// One difference.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    /// The outermost place that differs as a whole.
    pub path: Path,
    /// How.
    pub kind: ChangeKind,
}

/// The differences, sorted by path. Arrays are compared whole; an object that is new or gone is told leaf by
/// leaf, so that every changed setting is named.
pub fn diff(old: &Value, new: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    compare(Some(old), Some(new), &mut Path::root(), &mut changes);
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    changes
}

fn compare(old: Option<&Value>, new: Option<&Value>, path: &mut Path, changes: &mut Vec<Change>) {
    let kind = match (old, new) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            for (key, value) in old {
                path.push_key(key);
                compare(Some(value), new.get(key), path, changes);
                path.pop();
            }
            for (key, value) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
                path.push_key(key);
                compare(None, Some(value), path, changes);
                path.pop();
            }
            return;
        }
        (Some(Value::Object(object)), None) if !object.is_empty() => {
            for (key, value) in object {
                path.push_key(key);
                compare(Some(value), None, path, changes);
                path.pop();
            }
            return;
        }
        (None, Some(Value::Object(object))) if !object.is_empty() => {
            for (key, value) in object {
                path.push_key(key);
                compare(None, Some(value), path, changes);
                path.pop();
            }
            return;
        }
        (old, new) if old == new => return,
        (None, _) => ChangeKind::Added,
        (_, None) => ChangeKind::Removed,
        _ => ChangeKind::Changed,
    };
    changes.push(Change {
        path: path.clone(),
        kind,
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_changed_setting_is_named_and_arrays_are_whole() {
        let old = json!({"a": {"x": 1, "same": {"y": [1]}}, "list": [1, {"k": 1}], "gone": {"p": 1, "q": {"r": 1}}});
        let new = json!({"a": {"x": 2, "same": {"y": [1]}, "new": {}}, "list": [1, {"k": 2}], "kind": {"o": {"p": 1}}});
        let found: Vec<_> = diff(&old, &new)
            .into_iter()
            .map(|change| (change.path.to_string(), change.kind))
            .collect();
        let expected = [
            ("a.new", ChangeKind::Added),
            ("a.x", ChangeKind::Changed),
            ("gone.p", ChangeKind::Removed),
            ("gone.q.r", ChangeKind::Removed),
            ("kind.o.p", ChangeKind::Added),
            ("list", ChangeKind::Changed),
        ];
        assert_eq!(found, expected.map(|(path, kind)| (path.to_owned(), kind)));
        assert!(diff(&old, &old).is_empty());
    }

    #[test]
    fn a_value_that_becomes_an_object_has_changed() {
        let changes = diff(&json!({"m": "a"}), &json!({"m": {"primary": "a"}}));
        assert_eq!(
            changes,
            [Change {
                path: Path::of(["m"]),
                kind: ChangeKind::Changed
            }]
        );
    }
}
