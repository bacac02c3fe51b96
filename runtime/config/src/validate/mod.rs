//! Checks a value against the schema and says everything that is wrong with it, each in one line.
//!
//! No message holds a secret, or a text of more than 60 characters. Keys that OpenClaw knows and this build does
//! not use are told apart from keys that nobody knows. Of a choice between shapes, the shape that was meant is
//! the one that is spoken of. Linear in the value, but for choices, which are tried one by one.

mod object;
mod schema;
mod union;

pub use schema::{Pattern, Schema};

use std::collections::BTreeSet;

use serde::Deserialize as _;
use serde_json::Value;

use crate::issue::{Issue, MOST_ISSUES};
use crate::known::Unused;
use crate::path::{Path, Segment};
use crate::redact::is_credential_name;
use crate::secret_ref::{REDACTED, SecretInput, SecretRef};
use schema::Node;

/// The longest text that a message may show.
const SHOWN: usize = 60;

/// What a check found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// What is wrong. Empty: the value is valid.
    pub issues: Vec<Issue>,
    /// What is worth knowing.
    pub warnings: Vec<Issue>,
    /// What is valid and does nothing here.
    pub unused: Vec<Unused>,
}

/// Checks a value.
pub(crate) fn check(schema: &Schema<'_>, value: &Value) -> Findings {
    let mut checker = Checker {
        path: Path::root(),
        found: Findings::default(),
    };
    checker.check(schema.root.node(), value, None);
    checker.found
}

struct Checker {
    path: Path,
    found: Findings,
}

impl Checker {
    fn wrong(&mut self, message: impl Into<String>) {
        self.found.issues.push(Issue::new(self.path.clone(), message));
    }

    /// Checks a value. `outer`: the node whose keys may stand beside this node's, if it is a part of one.
    fn check<'s>(&mut self, node: &Node<'s>, value: &Value, outer: Option<&Node<'s>>) {
        // One more than is told, so that it is told that there are more.
        if self.found.issues.len() > MOST_ISSUES {
            return;
        }
        if let Some(keyword) = node.unsupported {
            return self.wrong(format!(
                "cannot be checked: the schema's \"{keyword}\" is not supported"
            ));
        }
        if node.secret {
            return self.check_secret(node, value);
        }
        if !node.types.holds(value) {
            // A text in the wrong place may be a secret.
            let got = if value.is_string() {
                kind(value).to_owned()
            } else {
                self.show(node, value)
            };
            let want = node.types.names();
            return self.wrong(format!("expected {want}, got {got}"));
        }
        if let Some(allowed) = node.allowed
            && !allowed.contains(value)
        {
            return self.wrong_choice(node, allowed.iter(), value);
        }
        match value {
            Value::Number(number) => self.check_number(node, number.as_f64().unwrap_or_default()),
            Value::String(text) => self.check_text(node, text),
            Value::Array(elements) => self.check_array(node, elements),
            Value::Object(object) => self.check_object(node, object, outer),
            Value::Null | Value::Bool(_) => {}
        }
        for part in &node.all {
            self.check(part, value, Some(outer.unwrap_or(node)));
        }
        if !node.branches.is_empty() {
            self.check_branches(node, value, outer);
        }
    }

    fn check_number(&mut self, node: &Node<'_>, number: f64) {
        let rules = [
            (
                node.minimum,
                number.partial_cmp(&node.minimum.unwrap_or(number)),
                "at least",
            ),
            (
                node.maximum,
                node.maximum.unwrap_or(number).partial_cmp(&number),
                "at most",
            ),
        ];
        for (bound, order, words) in rules {
            if let Some(bound) = bound
                && order == Some(std::cmp::Ordering::Less)
            {
                self.wrong(format!("must be {words} {bound}, not {number}"));
            }
        }
        if let Some(bound) = node.exclusive_minimum
            && number <= bound
        {
            self.wrong(format!("must be more than {bound}, not {number}"));
        }
        if let Some(bound) = node.exclusive_maximum
            && number >= bound
        {
            self.wrong(format!("must be less than {bound}, not {number}"));
        }
        if let Some(step) = node.multiple_of
            && (number / step).fract() != 0.0
        {
            self.wrong(format!("must be a multiple of {step}, not {number}"));
        }
    }

    fn check_text(&mut self, node: &Node<'_>, text: &str) {
        if node.min_length.is_some() || node.max_length.is_some() {
            let length = text.chars().count();
            if let Some(bound) = node.min_length.filter(|bound| length < *bound) {
                let words = if bound == 1 {
                    "must not be empty".to_owned()
                } else {
                    format!("must be at least {bound} characters long")
                };
                self.wrong(words);
            }
            if let Some(bound) = node.max_length.filter(|bound| length > *bound) {
                self.wrong(format!("must be at most {bound} characters long, not {length}"));
            }
        }
        if let Some(pattern) = &node.pattern {
            match pattern.is_match(text) {
                Some(true) => {}
                Some(false) => {
                    let got = self.show(node, &Value::String(text.to_owned()));
                    self.wrong(format!("{got} does not match the pattern {}", pattern.text));
                }
                None => self.wrong(format!(
                    "cannot be checked: the pattern {} is not supported",
                    pattern.text
                )),
            }
        }
    }

    fn check_array(&mut self, node: &Node<'_>, elements: &[Value]) {
        let count = elements.len();
        if let Some(bound) = node.min_items.filter(|bound| count < *bound) {
            self.wrong(format!("must have at least {bound} entries, not {count}"));
        }
        if let Some(bound) = node.max_items.filter(|bound| count > *bound) {
            self.wrong(format!("must have at most {bound} entries, not {count}"));
        }
        if node.unique {
            let mut seen = BTreeSet::new();
            if let Some(index) = elements
                .iter()
                .position(|element| !seen.insert(element.to_string()))
            {
                self.wrong(format!("entry {index} repeats an earlier one"));
            }
        }
        if let Some(items) = &node.items {
            for (index, element) in elements.iter().enumerate() {
                self.path.push_index(index);
                self.check(items.node(), element, None);
                self.path.pop();
            }
        }
    }

    /// Text or a reference, by the rules that reading it will keep.
    fn check_secret(&mut self, node: &Node<'_>, value: &Value) {
        match value {
            // A few fields hold the credential as an object of its own; a reference always has a source.
            Value::Object(object)
                if !node.types.is_any() && node.types.holds(value) && !object.contains_key("source") => {}
            Value::String(text) if text == REDACTED => {
                let message = "holds the redaction mark instead of a secret";
                self.found.warnings.push(Issue::new(self.path.clone(), message));
            }
            Value::String(text) => {
                if let Err(error) = SecretInput::from_text(text) {
                    self.wrong(error.to_string());
                }
            }
            Value::Object(object) => {
                let keys = ["source", "provider", "id"];
                // What stands in a wrong place may be the secret itself, so nothing of it is repeated.
                let missing = keys.iter().find(|key| !object.contains_key(**key));
                let extra = object.len() > keys.len();
                let known = ["env", "file", "exec", "store"];
                let source = object.get("source").and_then(Value::as_str);
                if let Some(key) = missing {
                    self.wrong(format!(
                        "a secret reference needs \"source\", \"provider\" and \"id\"; \"{key}\" is missing"
                    ));
                } else if extra {
                    self.wrong("a secret reference has exactly \"source\", \"provider\" and \"id\", and no other key");
                } else if !source.is_some_and(|source| known.contains(&source)) {
                    self.wrong(
                        "the source of a secret reference is \"env\", \"file\", \"exec\" or \"store\"",
                    );
                } else if let Err(error) = SecretRef::deserialize(Value::Object(object.clone())) {
                    self.wrong(error.to_string());
                }
            }
            other => self.wrong(format!(
                "expected a string or a secret reference, got {}",
                kind(other)
            )),
        }
    }

    fn wrong_choice<'v>(&mut self, node: &Node<'_>, choices: impl Iterator<Item = &'v Value>, value: &Value) {
        let mut names: Vec<String> = choices.map(Value::to_string).collect();
        names.dedup();
        // Told only if it is nearly one of them: any other text may be a secret in the wrong place.
        let near = |name: &String| strsim::jaro_winkler(name, &value.to_string()) > 0.75;
        let got = if names.iter().any(near) {
            self.show(node, value)
        } else {
            kind(value).to_owned()
        };
        let words = if names.len() == 1 {
            "must be"
        } else {
            "must be one of"
        };
        self.wrong(format!("{words} {}, not {got}", names.join(", ")));
    }

    /// A value as messages may show it.
    fn show(&self, node: &Node<'_>, value: &Value) -> String {
        let hidden = node.sensitive
            || self.path.segments().iter().any(|segment| match segment {
                Segment::Key(key) => is_credential_name(key),
                Segment::Index(_) => false,
            });
        match value {
            Value::String(text) if !hidden && text.chars().count() <= SHOWN => value.to_string(),
            Value::Number(_) | Value::Bool(_) if !hidden => value.to_string(),
            other => kind(other).to_owned(),
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests;
