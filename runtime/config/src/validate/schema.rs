//! The JSON schema of the config, in a shape that is quick to check against.
//!
//! Each part is read when a value first needs it, so that a small config costs little however large the schema
//! is; patterns are compiled then too. Knows the keywords that the schema uses. A keyword that it does not know
//! is never passed over: otherwise a rule could be written and not be kept.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use regex_lite::Regex;
use serde_json::{Map, Value};

use crate::error::Error;
use crate::path::{Path, Segment};

/// The schema of the config.
#[derive(Debug)]
pub struct Schema<'s> {
    pub(super) root: Part<'s>,
    /// Secret places that the schema leaves open.
    secrets: Vec<Pattern>,
}

/// A pattern of paths: `*` stands for any key, `[]` for any element.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pattern(Vec<String>);

/// What a schema says about one value.
#[derive(Debug, Default)]
pub(super) struct Node<'s> {
    pub types: Types,
    pub properties: BTreeMap<&'s str, Part<'s>>,
    pub required: Vec<&'s str>,
    pub additional: Additional<'s>,
    pub property_names: Option<Part<'s>>,
    pub allowed: Option<&'s [Value]>,
    /// One of these must hold.
    pub branches: Vec<Self>,
    /// All of these must hold.
    pub all: Vec<Self>,
    pub minimum: Option<f64>,
    pub maximum: Option<f64>,
    pub exclusive_minimum: Option<f64>,
    pub exclusive_maximum: Option<f64>,
    pub multiple_of: Option<f64>,
    pub min_length: Option<usize>,
    pub max_length: Option<usize>,
    pub pattern: Option<LazyPattern>,
    pub items: Option<Part<'s>>,
    pub min_items: Option<usize>,
    pub max_items: Option<usize>,
    pub unique: bool,
    pub min_properties: Option<usize>,
    pub max_properties: Option<usize>,
    /// Text or a reference to a secret.
    pub secret: bool,
    /// Text that must not be shown, which cannot be a reference.
    pub sensitive: bool,
    /// A keyword that cannot be checked.
    pub unsupported: Option<&'s str>,
}

/// A part of the schema, read when first needed.
#[derive(Debug)]
pub(super) struct Part<'s> {
    raw: &'s Value,
    defs: Defs<'s>,
    node: OnceLock<Box<Node<'s>>>,
}

/// The parts that stand in several places, by name.
type Defs<'s> = Option<&'s Map<String, Value>>;

impl<'s> Part<'s> {
    fn new(raw: &'s Value, defs: Defs<'s>) -> Self {
        Self {
            raw,
            defs,
            node: OnceLock::new(),
        }
    }

    pub(super) fn node(&self) -> &Node<'s> {
        self.node
            .get_or_init(|| Box::new(Node::read(self.raw, self.defs)))
    }
}

/// Keys that are not among the properties.
#[derive(Debug, Default)]
pub(super) enum Additional<'s> {
    #[default]
    Open,
    Closed,
    Typed(Part<'s>),
}

/// A pattern that is compiled when first needed.
#[derive(Debug)]
pub(super) struct LazyPattern {
    pub text: String,
    regex: OnceLock<Option<Regex>>,
}

impl LazyPattern {
    fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            regex: OnceLock::new(),
        }
    }

    /// Whether the text matches; `None`: the pattern itself cannot be read.
    pub(super) fn is_match(&self, text: &str) -> Option<bool> {
        let regex = self.regex.get_or_init(|| Regex::new(&self.text).ok());
        regex.as_ref().map(|regex| regex.is_match(text))
    }
}

/// A set of JSON types. Empty: any.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Types(u8);

const TYPES: [&str; 7] = [
    "null", "boolean", "integer", "number", "string", "array", "object",
];

impl Types {
    fn add(&mut self, name: &str) -> bool {
        let found = TYPES.iter().position(|known| *known == name);
        self.0 |= found.map_or(0, |bit| 1 << bit);
        found.is_some()
    }

    pub(super) fn is_any(self) -> bool {
        self.0 == 0
    }

    pub(super) fn holds(self, value: &Value) -> bool {
        let bit = match value {
            Value::Null => 1,
            Value::Bool(_) => 2,
            Value::Number(number) if !number.is_f64() => 4 | 8,
            Value::Number(_) => 8,
            Value::String(_) => 16,
            Value::Array(_) => 32,
            Value::Object(_) => 64,
        };
        self.is_any() || self.0 & bit != 0
    }

    pub(super) fn join(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The names, for people.
    pub(super) fn names(self) -> String {
        let named = TYPES
            .iter()
            .enumerate()
            .filter(|(bit, _)| self.0 & (1 << bit) != 0);
        named.map(|(_, name)| *name).collect::<Vec<_>>().join(" or ")
    }
}

impl<'s> Schema<'s> {
    /// Takes a schema. A part of it stands in its place, or is referred to there by `#/$defs/<name>`.
    pub fn parse(schema: &'s Value) -> Self {
        Self {
            root: Part::new(schema, schema.get("$defs").and_then(Value::as_object)),
            secrets: Vec::new(),
        }
    }

    /// The schema of the config tree, with the secret places that it leaves open.
    pub fn of_tree() -> Schema<'static> {
        let open: Vec<String> = crate::schema::plugin_secret_paths().collect();
        Schema::parse(crate::schema::checks()).with_secrets(open.iter().map(String::as_str))
    }

    /// Reads all of it and fails if it says something that would not be checked.
    pub fn verify(&self) -> Result<(), Error> {
        self.root.node().verify(&mut Path::root())
    }

    /// Names secret places that the schema itself leaves open, such as inside a plugin's own config.
    #[must_use]
    pub fn with_secrets<'p>(mut self, patterns: impl IntoIterator<Item = &'p str>) -> Self {
        self.secrets.extend(patterns.into_iter().map(Pattern::parse));
        self
    }

    /// Whether the place holds a secret: text or a reference.
    pub fn is_secret(&self, path: &Path) -> bool {
        self.nodes_at(path)
            .iter()
            .any(|node| node.any(&|node| node.secret))
            || self.secrets.iter().any(|pattern| pattern.matches(path))
    }

    /// Whether the schema says anything about the place.
    pub fn knows(&self, path: &Path) -> bool {
        !self.nodes_at(path).is_empty()
    }

    /// Whether the place must not be shown, though it cannot be a reference.
    pub fn is_sensitive(&self, path: &Path) -> bool {
        self.is_secret(path)
            || self
                .nodes_at(path)
                .iter()
                .any(|node| node.any(&|node| node.sensitive))
    }

    /// Whether `key` is named at the place, rather than any key of a map.
    pub(crate) fn names_at(&self, path: &Path, key: &str) -> bool {
        self.nodes_at(path).iter().any(|node| node.names_key(key))
    }

    fn nodes_at(&self, path: &Path) -> Vec<&Node<'s>> {
        path.segments()
            .iter()
            .fold(vec![self.root.node()], |nodes, segment| {
                let mut next = Vec::new();
                for node in nodes {
                    node.step(segment, &mut next);
                }
                next
            })
    }
}

impl Pattern {
    /// Reads `a.*.b[]`.
    pub fn parse(text: &str) -> Self {
        let spaced = text.replace("[]", ".[]");
        Self(
            spaced
                .split('.')
                .filter(|segment| !segment.is_empty())
                .map(str::to_owned)
                .collect(),
        )
    }

    /// Whether it stands for this path.
    pub fn matches(&self, path: &Path) -> bool {
        let segments = path.segments();
        self.0.len() == segments.len()
            && self
                .0
                .iter()
                .zip(segments)
                .all(|(pattern, segment)| match segment {
                    Segment::Index(_) => pattern == "[]",
                    Segment::Key(key) => pattern == "*" || pattern == key,
                })
    }
}

impl<'s> Node<'s> {
    /// What is said about the value one step in: by this node or any branch of it.
    fn step<'n>(&'n self, segment: &Segment, next: &mut Vec<&'n Self>) {
        match segment {
            Segment::Index(_) => next.extend(self.items.as_ref().map(Part::node)),
            Segment::Key(key) => match (self.properties.get(key.as_str()), &self.additional) {
                (Some(part), _) => next.push(part.node()),
                (None, Additional::Typed(part)) => next.push(part.node()),
                _ => {}
            },
        }
        for node in self.branches.iter().chain(&self.all) {
            node.step(segment, next);
        }
    }

    fn any(&self, test: &dyn Fn(&Self) -> bool) -> bool {
        test(self) || self.branches.iter().chain(&self.all).any(|node| node.any(test))
    }

    /// The types that this node or its branches allow.
    pub(super) fn all_types(&self) -> Types {
        if !self.types.is_any() {
            return self.types;
        }
        self.branches
            .iter()
            .map(Self::all_types)
            .fold(Types::default(), Types::join)
    }

    /// Whether a key is named by this node or any part of it.
    pub(super) fn names_key(&self, key: &str) -> bool {
        self.properties.contains_key(key)
            || self
                .branches
                .iter()
                .chain(&self.all)
                .any(|node| node.names_key(key))
    }

    /// All keys that this node or a part of it names.
    pub(super) fn named_keys(&self, keys: &mut Vec<&'s str>) {
        keys.extend(self.properties.keys());
        for node in self.branches.iter().chain(&self.all) {
            node.named_keys(keys);
        }
    }

    fn verify(&self, at: &mut Path) -> Result<(), Error> {
        let refuse = |keyword: &str, at: &Path| {
            Err(Error::Schema {
                keyword: keyword.to_owned(),
                place: at.to_string(),
            })
        };
        if let Some(keyword) = self.unsupported {
            return refuse(keyword, at);
        }
        if self
            .pattern
            .as_ref()
            .is_some_and(|pattern| pattern.is_match("").is_none())
        {
            return refuse("pattern", at);
        }
        let named = self.properties.iter().map(|(key, part)| (*key, part));
        let typed = match &self.additional {
            Additional::Typed(part) => Some(("*", part)),
            _ => None,
        };
        let names = self.property_names.as_ref().map(|part| ("*", part));
        let items = self.items.as_ref().map(|part| ("[]", part));
        for (key, part) in named.chain(typed).chain(names).chain(items) {
            at.push_key(key);
            part.node().verify(at)?;
            at.pop();
        }
        self.branches
            .iter()
            .chain(&self.all)
            .try_for_each(|node| node.verify(at))
    }

    fn read(schema: &'s Value, defs: Defs<'s>) -> Self {
        let object = match resolve(schema, defs) {
            Value::Object(object) => object,
            Value::Bool(true) => return Self::default(),
            _ => {
                return Self {
                    unsupported: Some("false"),
                    ..Self::default()
                };
            }
        };
        let mut node = Self::default();
        for (keyword, value) in object {
            if !node.read_keyword(keyword, value, defs) {
                node.unsupported = Some(keyword);
            }
        }
        if object.get("x-open") == Some(&Value::Bool(true)) {
            node.additional = Additional::Open;
        }
        node
    }

    /// Takes up one keyword. False: it cannot be checked.
    fn read_keyword(&mut self, keyword: &str, value: &'s Value, defs: Defs<'s>) -> bool {
        match keyword {
            "type" => match parse_types(value) {
                Some(types) => self.types = types,
                None => return false,
            },
            "properties" => {
                let properties = value.as_object().into_iter().flatten();
                self.properties = properties
                    .map(|(key, schema)| (key.as_str(), Part::new(schema, defs)))
                    .collect();
            }
            "required" => {
                self.required = value
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .collect();
            }
            "additionalProperties" | "unevaluatedProperties" => {
                self.additional = match value {
                    Value::Bool(false) => Additional::Closed,
                    Value::Bool(true) => Additional::Open,
                    schema => Additional::Typed(Part::new(schema, defs)),
                };
            }
            "propertyNames" => self.property_names = Some(Part::new(value, defs)),
            "enum" => self.allowed = value.as_array().map(Vec::as_slice),
            "const" => self.allowed = Some(std::slice::from_ref(value)),
            "anyOf" | "oneOf" => self.branches.extend(
                value
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|part| Self::read(part, defs)),
            ),
            "allOf" => self.all.extend(
                value
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|part| Self::read(part, defs)),
            ),
            "minimum" => self.minimum = value.as_f64(),
            "maximum" => self.maximum = value.as_f64(),
            "exclusiveMinimum" => self.exclusive_minimum = value.as_f64(),
            "exclusiveMaximum" => self.exclusive_maximum = value.as_f64(),
            "multipleOf" => self.multiple_of = value.as_f64(),
            "minLength" => self.min_length = count(value),
            "maxLength" => self.max_length = count(value),
            "pattern" => self.pattern = value.as_str().map(LazyPattern::new),
            "items" => self.items = Some(Part::new(value, defs)),
            "minItems" => self.min_items = count(value),
            "maxItems" => self.max_items = count(value),
            "uniqueItems" => self.unique = value == true,
            "minProperties" => self.min_properties = count(value),
            "maxProperties" => self.max_properties = count(value),
            "x-secret" => self.secret = value == true,
            "x-sensitive" => self.sensitive = value == true,
            "$schema" | "$id" | "$defs" | "$comment" | "enumDescriptions" | "title" | "description"
            | "default" | "examples" | "format" | "deprecated" | "readOnly" | "writeOnly" => {}
            note => return note.starts_with("x-"),
        }
        true
    }
}

/// The part that a reference stands for. A reference that leads nowhere stays, and cannot be checked.
fn resolve<'s>(schema: &'s Value, defs: Defs<'s>) -> &'s Value {
    let name = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|to| to.strip_prefix("#/$defs/"));
    name.zip(defs)
        .and_then(|(name, defs)| defs.get(name))
        .unwrap_or(schema)
}

fn parse_types(value: &Value) -> Option<Types> {
    let mut types = Types::default();
    let known = match value {
        Value::String(name) => types.add(name),
        Value::Array(names) => names
            .iter()
            .all(|name| name.as_str().is_some_and(|name| types.add(name))),
        _ => false,
    };
    known.then_some(types)
}

fn count(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|count| usize::try_from(count).ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_keyword_that_is_not_checked_is_refused() {
        let verify = |schema: Value| Schema::parse(&schema).verify().map_err(|error| error.to_string());
        let deep = json!({"items": {"properties": {"a": {"not": {"type": "string"}}}}});
        assert_eq!(
            verify(deep).unwrap_err(),
            "the schema's \"not\" at \"[]\".a cannot be checked"
        );
        assert!(
            verify(json!({"type": "text"})).is_err() && verify(json!({"anyOf": [{"$ref": "#"}]})).is_err()
        );
        assert!(verify(json!({"pattern": "(?=x)"})).is_err());
        assert!(verify(json!({"type": ["string", "null"], "pattern": "^x$", "x-note": 1})).is_ok());
    }

    #[test]
    fn secrets_are_found_through_maps_branches_and_patterns() {
        let secret = json!({"anyOf": [{"type": "string"}], "x-secret": true});
        let schema = json!({"properties": {
            "p": {"additionalProperties": {"anyOf": [{"type": "string"}, {"properties": {"key": secret}}]}},
            "l": {"items": {"properties": {"key": secret}}},
        }});
        let schema = Schema::parse(&schema)
            .with_secrets(["plugins.entries.brave.config.webSearch.apiKey", "routes[].secret"]);
        let is_secret = |path: &str| schema.is_secret(&path.parse().unwrap());
        assert!(is_secret("p.any.key") && is_secret("l[3].key"));
        assert!(is_secret("plugins.entries.brave.config.webSearch.apiKey") && is_secret("routes[1].secret"));
        assert!(!is_secret("p.any") && !is_secret("p.any.other") && !is_secret("l.key"));
    }
}
