//! Objects: required keys, known keys, and what becomes of the others.

use serde_json::{Map, Value};

use super::schema::{Additional, Node};
use super::{Checker, SHOWN};
use crate::issue::{Issue, MOST_ISSUES};
use crate::known::{self, Standing, Unused};

impl Checker {
    pub(super) fn check_object<'s>(
        &mut self,
        node: &Node<'s>,
        object: &Map<String, Value>,
        outer: Option<&Node<'s>>,
    ) {
        for key in &node.required {
            if !object.contains_key(*key) {
                self.found
                    .issues
                    .push(Issue::new(self.path.key(key), "is required"));
            }
        }
        let count = object.len();
        if let Some(bound) = node.min_properties.filter(|bound| count < *bound) {
            self.wrong(format!("must have at least {bound} keys, not {count}"));
        }
        if let Some(bound) = node.max_properties.filter(|bound| count > *bound) {
            self.wrong(format!("must have at most {bound} keys, not {count}"));
        }
        for (key, value) in object {
            self.path.push_key(key);
            if let Some(names) = &node.property_names {
                self.check_name(names.node(), key);
            }
            match (node.properties.get(key.as_str()), &node.additional) {
                (Some(property), _) => self.check(property.node(), value, None),
                (None, Additional::Typed(additional)) if !node.names_key(key) => {
                    self.check(additional.node(), value, None);
                }
                (None, Additional::Closed)
                    if !node.names_key(key) && !outer.is_some_and(|outer| outer.names_key(key)) =>
                {
                    self.unknown_key(outer.unwrap_or(node), key, value);
                }
                _ => {}
            }
            self.path.pop();
        }
    }

    fn check_name(&mut self, names: &Node<'_>, key: &str) {
        let before = self.found.issues.len();
        self.check(names, &Value::String(key.to_owned()), None);
        for issue in self.found.issues.iter_mut().skip(before) {
            issue.message = format!("the key itself is wrong: {}", issue.message);
        }
    }

    fn unknown_key(&mut self, node: &Node<'_>, key: &str, value: &Value) {
        if self.found.issues.len() > MOST_ISSUES {
            return;
        }
        match known::standing(&self.path, value) {
            Standing::Known(reason) => self.found.unused.push(Unused {
                path: self.path.clone(),
                reason,
            }),
            Standing::KnownExcept(paths) => {
                for path in paths {
                    self.found.issues.push(Issue::new(path, "unknown key"));
                }
            }
            Standing::Unknown => {
                let mut names = Vec::new();
                node.named_keys(&mut names);
                self.wrong(match nearest(key, names) {
                    Some(name) => format!("unknown key; did you mean \"{name}\"?"),
                    None => "unknown key".to_owned(),
                });
            }
        }
    }
}

/// The name that differs least, if it differs little.
fn nearest<'n>(key: &str, names: Vec<&'n str>) -> Option<&'n str> {
    if key.len() > SHOWN {
        return None;
    }
    let folded = key.to_ascii_lowercase();
    let limit = (key.chars().count() / 3).max(1);
    let distance = |name: &&str| strsim::osa_distance(&folded, &name.to_ascii_lowercase());
    let near = names
        .into_iter()
        .map(|name| (distance(&name), name))
        .filter(|(distance, _)| *distance <= limit);
    near.min().map(|(_, name)| name)
}
