//! Says what the schema repeats only once: a part that stands in several places moves to `$defs`.
//!
//! The keys that channels and accounts share stand some fifty times in the tree; without this the schema has ten
//! times the size, and whoever reads it pays for that.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A part shorter than this stays where it is: a reference would hardly be shorter.
const LEAST_BYTES: usize = 64;

/// The same schema, with its repeated parts under `$defs`.
pub(super) fn compact(schema: &Value) -> Value {
    let mut parts = Parts::default();
    let mut whole = schema.clone();
    each_child(&mut whole, &mut |child| parts.count(child));
    each_child(&mut whole, &mut |child| parts.fold(child));
    if let Value::Object(root) = &mut whole {
        root.insert("$defs".to_owned(), Value::Object(parts.defs));
    }
    whole
}

/// The same schema without what is only for people.
pub(super) fn without_words(schema: &Value) -> Value {
    let mut bare = schema.clone();
    strip(&mut bare);
    bare
}

fn strip(node: &mut Value) {
    if let Value::Object(keywords) = node {
        for word in [
            "$schema",
            "title",
            "description",
            "default",
            "enumDescriptions",
            "examples",
            "x-aliases",
        ] {
            keywords.remove(word);
        }
    }
    each_child(node, &mut strip);
}

#[derive(Default)]
struct Parts {
    /// How often a part stands in the schema, by its text.
    counts: BTreeMap<String, usize>,
    /// The names of those that moved, by their text.
    names: BTreeMap<String, String>,
    defs: Map<String, Value>,
}

impl Parts {
    fn count(&mut self, node: &mut Value) {
        let text = node.to_string();
        if text.len() >= LEAST_BYTES {
            *self.counts.entry(text).or_default() += 1;
        }
        each_child(node, &mut |child| self.count(child));
    }

    fn fold(&mut self, node: &mut Value) {
        let text = node.to_string();
        if self.counts.get(&text).is_none_or(|count| *count < 2) {
            return each_child(node, &mut |child| self.fold(child));
        }
        let name = match self.names.get(&text) {
            Some(name) => name.clone(),
            None => {
                let name = self.name(node);
                self.names.insert(text, name.clone());
                // Taken before its children look for names of their own.
                self.defs.insert(name.clone(), Value::Null);
                let mut part = node.clone();
                each_child(&mut part, &mut |child| self.fold(child));
                self.defs.insert(name.clone(), part);
                name
            }
        };
        *node = serde_json::json!({ "$ref": format!("#/$defs/{name}") });
    }
}

impl Parts {
    /// A free name, after the part's title, so that the file changes little when the tree does.
    fn name(&self, node: &Value) -> String {
        let title = node.get("title").and_then(Value::as_str).unwrap_or("part");
        let word = title.to_lowercase().replace(' ', "-");
        let numbered = (2..).map(|nth: u32| format!("{word}-{nth}"));
        let mut free = std::iter::once(word.clone())
            .chain(numbered)
            .filter(|name| !self.defs.contains_key(name));
        free.next().unwrap_or(word)
    }
}

/// Visits the schemas right below a schema.
fn each_child(node: &mut Value, visit: &mut dyn FnMut(&mut Value)) {
    let Value::Object(node) = node else { return };
    for (keyword, value) in node {
        match (keyword.as_str(), value) {
            ("properties", Value::Object(children)) => children.values_mut().for_each(&mut *visit),
            ("anyOf" | "oneOf" | "allOf", Value::Array(children)) => {
                children.iter_mut().for_each(&mut *visit)
            }
            ("additionalProperties" | "items" | "propertyNames", child @ Value::Object(_)) => visit(child),
            _ => {}
        }
    }
}
