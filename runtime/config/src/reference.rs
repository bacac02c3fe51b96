//! The reference chapter of the book, written from the schema.
//!
//! A section for each root key, a table for each object. An object that was told already is only pointed to, so the
//! chapter stays readable although the schema repeats everything where it is used.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use crate::schema::{self, PLUGIN_SECRETS};
use crate::tree::channels::ChannelCommon;

const HEAD: &str = "# Configuration reference

This chapter is generated from the config tree.

`openclaw.json` is JSON5. A key that stands in no table is refused. \"secret\" means a reference to a secret, `${NAME}` \
for an environment variable, or plain text; \"sensitive\" means plain text that is never shown. `*` stands for a name \
of your choice, `[]` for an element of a list.
";

/// Writes the chapter as Markdown. The same tree gives the same text.
pub fn reference() -> String {
    let mut book = Book {
        text: HEAD.to_owned(),
        told: BTreeMap::new(),
        common: common_keys(),
    };
    let Some(Value::Object(roots)) = schema::inlined().get("properties") else {
        return book.text;
    };
    for (key, node) in roots {
        let _ = write!(book.text, "\n## {key}\n");
        book.describe(node);
        if key == "channels" {
            book.channels(node);
        } else if !is_object(node) {
            book.table(std::iter::once((key, node)));
        }
        if key != "channels" {
            book.children(key, node);
        }
        if key == "plugins" {
            book.plugin_secrets();
        }
    }
    book.text
}

struct Book {
    text: String,
    /// Objects told so far, by their content, and where.
    told: BTreeMap<String, String>,
    common: Map<String, Value>,
}

impl Book {
    fn describe(&mut self, node: &Value) {
        if let Some(text) = node.get("description").and_then(Value::as_str) {
            let _ = write!(self.text, "\n{text}\n");
        }
    }

    /// Tells the objects at and below a path.
    fn children(&mut self, path: &str, node: &Value) {
        let forms = object_forms(node);
        for properties in &forms {
            if !properties.is_empty() {
                self.table(properties.iter());
            }
        }
        for properties in forms {
            for (key, child) in properties {
                self.section(&format!("{path}.{key}"), child);
            }
        }
        for (step, child) in steps(node) {
            self.section(&format!("{path}{step}"), child);
        }
    }

    fn section(&mut self, path: &str, node: &Value) {
        if !holds_objects(node) {
            return;
        }
        if !object_forms(node).iter().any(|properties| !properties.is_empty()) {
            for (step, child) in steps(node) {
                self.section(&format!("{path}{step}"), child);
            }
            return;
        }
        let _ = write!(self.text, "\n### `{path}`\n");
        self.describe(node);
        if let Some(place) = self.told.get(&content(node)) {
            let _ = write!(self.text, "\nThe keys are those of `{place}`.\n");
            return;
        }
        self.told.insert(content(node), path.to_owned());
        self.children(path, node);
    }

    fn channels(&mut self, node: &Value) {
        let _ = write!(
            self.text,
            "\nEvery channel has the keys of `channels.*` and those of its own section. `accounts.*` has the same keys \
             again, one object for each further account; what an account leaves out is taken from its channel.\n"
        );
        let Some(Value::Object(channels)) = node.get("properties") else {
            return;
        };
        self.table(channels.iter());
        let common = Value::Object(Map::from_iter([
            ("type".to_owned(), "object".into()),
            (
                "description".to_owned(),
                "The keys that every channel and every account understands.".into(),
            ),
            ("properties".to_owned(), Value::Object(self.common.clone())),
        ]));
        self.section("channels.*", &common);
        for (key, channel) in channels {
            let mut own = channel.clone();
            if let Some(Value::Object(properties)) = own.get_mut("properties") {
                properties.retain(|name, value| name != "accounts" && self.common.get(name) != Some(value));
            }
            self.section(&format!("channels.{key}"), &own);
        }
    }

    fn plugin_secrets(&mut self) {
        self.text
            .push_str("\n### Secrets of plugins\n\nThese keys of plugins accept a reference too.\n");
        self.text.push_str("\n| Key | Meaning |\n|---|---|\n");
        for secret in PLUGIN_SECRETS {
            let _ = writeln!(
                self.text,
                "| `plugins.entries.{}.config.{}` | {} |",
                secret.plugin, secret.path, secret.meaning
            );
        }
    }

    fn table<'a>(&mut self, rows: impl Iterator<Item = (&'a String, &'a Value)>) {
        self.text
            .push_str("\n| Key | Type | Default | Bounds | Meaning |\n|---|---|---|---|---|\n");
        for (key, node) in rows {
            let meaning = node
                .get("description")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let _ = writeln!(
                self.text,
                "| `{key}` | {} | {} | {} | {} |",
                cell(&kind(node)),
                cell(&default(node)),
                cell(&bounds(node)),
                cell(meaning)
            );
        }
    }
}

/// The keys that all channels share, in the form that they have within the schema.
fn common_keys() -> Map<String, Value> {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut node = settings
        .into_generator()
        .into_root_schema_for::<ChannelCommon>()
        .to_value();
    schema::tidy(&mut node);
    match node.get_mut("properties") {
        Some(Value::Object(properties)) => std::mem::take(properties),
        _ => Map::new(),
    }
}

/// The forms that an object may have: its keys, or those of each alternative.
fn object_forms(node: &Value) -> Vec<&Map<String, Value>> {
    let own = node.get("properties").and_then(Value::as_object);
    own.into_iter()
        .chain(parts(node).flat_map(object_forms))
        .collect()
}

/// What lies below a node without a name of its own: values of a map, elements of a list.
fn steps(node: &Value) -> Vec<(&'static str, &Value)> {
    let mut found = Vec::new();
    found.extend(
        node.get("additionalProperties")
            .filter(|child| child.is_object())
            .map(|child| (".*", child)),
    );
    found.extend(node.get("items").map(|child| ("[]", child)));
    found.extend(parts(node).flat_map(steps));
    found
}

fn parts(node: &Value) -> impl Iterator<Item = &Value> {
    ["anyOf", "oneOf"]
        .into_iter()
        .filter(|_| !is_secret(node))
        .filter_map(|keyword| node.get(keyword).and_then(Value::as_array))
        .flatten()
}

fn is_object(node: &Value) -> bool {
    node.get("type").and_then(Value::as_str) == Some("object")
}

fn is_secret(node: &Value) -> bool {
    node.get("x-secret").is_some()
}

fn holds_objects(node: &Value) -> bool {
    !is_secret(node)
        && (!object_forms(node).is_empty() || steps(node).into_iter().any(|(_, child)| holds_objects(child)))
}

/// What an object says, whatever it is called.
fn content(node: &Value) -> String {
    let mut node = node.clone();
    if let Value::Object(node) = &mut node {
        node.remove("title");
        node.remove("description");
    }
    node.to_string()
}

fn kind(node: &Value) -> String {
    if is_secret(node) {
        return "secret".to_owned();
    }
    if let Some(words) = node.get("enum").and_then(Value::as_array) {
        return words.iter().map(code).collect::<Vec<_>>().join(", ");
    }
    if let Some(word) = node.get("const") {
        return code(word);
    }
    let choices: Vec<_> = parts(node).map(kind).collect();
    if !choices.is_empty() {
        return choices.join(" or ");
    }
    let name = match node.get("type") {
        Some(Value::String(name)) => name.clone(),
        Some(Value::Array(names)) => names
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(" or "),
        _ => "anything".to_owned(),
    };
    match (name.as_str(), node.get("items"), node.get("additionalProperties")) {
        ("array", Some(items), _) => format!("list of {}", kind(items)),
        ("object", _, Some(values)) if values.is_object() && node.get("properties").is_none() => {
            format!("map of {}", kind(values))
        }
        _ if node.get("x-sensitive").is_some() => format!("sensitive {name}"),
        _ => name,
    }
}

fn default(node: &Value) -> String {
    node.get("default").map(code).unwrap_or_default()
}

fn bounds(node: &Value) -> String {
    let number = |keyword: &str| node.get(keyword).filter(|value| value.as_f64().is_some());
    let mut told = Vec::new();
    for (low, high, unit) in [
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " elements"),
    ] {
        match (number(low), number(high)) {
            (Some(low), Some(high)) => told.push(format!("{low} to {high}{unit}")),
            (Some(low), None) => told.push(format!("{low}{unit} at least")),
            (None, Some(high)) => told.push(format!("{high}{unit} at most")),
            (None, None) => {}
        }
    }
    if let Some(pattern) = node.get("pattern").and_then(Value::as_str) {
        told.push(format!("`{pattern}`"));
    }
    told.join("; ")
}

fn code(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "empty".to_owned(),
        Value::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    }
}

/// Text for a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests;
