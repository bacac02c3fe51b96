//! The JSON Schema of the config file, and the places in it that hold secrets.
//!
//! Derived from the tree by `generate`, which takes a tenth of a second; so what it yields is kept in files of
//! this crate, and a test holds them against the tree. A program reads the files: some milliseconds for the whole
//! schema, nothing for its text.

mod compact;

use std::sync::OnceLock;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::tree::Config;

/// A place in a plugin's own config that accepts a reference. Plugins' configs are open, so the tree has no such keys.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PluginSecret {
    /// The plugin's id.
    pub plugin: &'static str,
    /// The place below `plugins.entries.<plugin>.config`; `*` stands for any key.
    pub path: &'static str,
    /// What the secret opens, in a line.
    pub meaning: &'static str,
}

const fn place(plugin: &'static str, path: &'static str, meaning: &'static str) -> PluginSecret {
    PluginSecret {
        plugin,
        path,
        meaning,
    }
}

/// The places in plugins' configs that accept a reference.
pub const PLUGIN_SECRETS: &[PluginSecret] = &[
    place("brave", "webSearch.apiKey", "Key of Brave's search."),
    place("exa", "webSearch.apiKey", "Key of Exa's search."),
    place("firecrawl", "webSearch.apiKey", "Key of Firecrawl's search."),
    place("firecrawl", "webFetch.apiKey", "Key of Firecrawl's page reader."),
    place("google", "webSearch.apiKey", "Key of Gemini's search."),
    place("minimax", "webSearch.apiKey", "Key of MiniMax' search."),
    place("moonshot", "webSearch.apiKey", "Key of Kimi's search."),
    place("parallel", "webSearch.apiKey", "Key of Parallel's search."),
    place("perplexity", "webSearch.apiKey", "Key of Perplexity's search."),
    place("tavily", "webSearch.apiKey", "Key of Tavily's search."),
    place("xai", "webSearch.apiKey", "Key of Grok's search."),
    place(
        "voice-call",
        "realtime.providers.*.apiKey",
        "Key of the model that hears and speaks in calls.",
    ),
    place(
        "voice-call",
        "streaming.providers.*.apiKey",
        "Key of the model that writes calls down.",
    ),
    place(
        "voice-call",
        "tts.providers.*.apiKey",
        "Key of the voice in calls.",
    ),
    place(
        "voice-call",
        "twilio.authToken",
        "Token of the Twilio account that calls.",
    ),
    place(
        "google-meet",
        "realtime.providers.*.apiKey",
        "Key of the model that hears and speaks in meetings.",
    ),
    place(
        "facetime",
        "realtime.providers.*.apiKey",
        "Key of the model that hears and speaks in FaceTime.",
    ),
    place(
        "webhooks",
        "routes.*.secret",
        "Secret that calls of a route bear.",
    ),
    place("codex", "appServer.authToken", "Token of the Codex server."),
    place(
        "codex",
        "appServer.headers.*",
        "Header of requests to the Codex server.",
    ),
    place("comfy", "headers.*", "Header of requests to ComfyUI."),
    place("imap", "accounts.*.password", "Password of a mailbox."),
    place(
        "acpx",
        "mcpServers.*.env.*",
        "Variable of an MCP server that acpx starts.",
    ),
];

/// The schema of the config file as text: draft 2020-12, repeated parts under `$defs`.
pub fn text() -> &'static str {
    include_str!("schema/openclaw.schema.json")
}

/// What the schema checks, as text: the schema without what is only for people. A fifth of the size, and as much
/// quicker to read.
pub(crate) fn checks() -> &'static Value {
    static CHECKS: OnceLock<Value> = OnceLock::new();
    // The text is our own and a test reads it; were it no JSON, nothing would be allowed.
    CHECKS.get_or_init(|| {
        serde_json::from_str(include_str!("schema/checks.json")).unwrap_or(Value::Bool(false))
    })
}

/// The schema of the config file.
pub fn json_schema() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    // The text is our own and a test reads it; were it no JSON, nothing would be allowed.
    SCHEMA.get_or_init(|| serde_json::from_str(text()).unwrap_or(Value::Bool(false)))
}

/// The places that accept a reference to a secret, in the order of their paths. `*` stands for any key, `[]` for any
/// element: `models.providers.*.apiKey`.
pub fn secret_paths() -> impl Iterator<Item = &'static str> {
    include_str!("schema/secret-paths.txt").lines()
}

/// The patterns of [`PLUGIN_SECRETS`], which the schema itself leaves open.
pub fn plugin_secret_paths() -> impl Iterator<Item = String> {
    PLUGIN_SECRETS
        .iter()
        .map(|secret| format!("plugins.entries.{}.config.{}", secret.plugin, secret.path))
}

/// The schema as the tree yields it, everything where it is used.
pub(crate) fn inlined() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
        let mut schema = settings
            .into_generator()
            .into_root_schema_for::<Config>()
            .to_value();
        tidy(&mut schema);
        if let Value::Object(root) = &mut schema {
            root.insert("title".to_owned(), json!("OpenClawConfig"));
        }
        schema
    })
}

/// What the files must hold, by name: the schema's text, the same without its words, and the secret places.
pub fn generate() -> [(&'static str, String); 3] {
    let mut places = Vec::new();
    collect_secrets(inlined(), &mut String::new(), &mut places);
    places.extend(plugin_secret_paths());
    places.sort_unstable();
    places.dedup();
    [
        (
            "openclaw.schema.json",
            format!("{:#}\n", compact::compact(inlined())),
        ),
        (
            "checks.json",
            format!("{}\n", compact::compact(&compact::without_words(inlined()))),
        ),
        ("secret-paths.txt", places.join("\n") + "\n"),
    ]
}

/// Makes generated nodes say what holds for the file, from the leaves up: no `null`, no unknown keys, a title for
/// every key, words as a plain `enum`.
pub(crate) fn tidy(node: &mut Value) {
    let Value::Object(node) = node else { return };
    for keyword in ["anyOf", "oneOf", "allOf"] {
        if let Some(Value::Array(parts)) = node.get_mut(keyword) {
            parts.retain(|part| part.get("type") != Some(&json!("null")));
            parts.iter_mut().for_each(tidy);
        }
    }
    for keyword in ["additionalProperties", "items"] {
        if let Some(child) = node.get_mut(keyword) {
            tidy(child);
        }
    }
    if let Some(Value::Object(properties)) = node.get_mut("properties") {
        for (key, property) in properties.iter_mut() {
            if property == &Value::Bool(true) {
                *property = json!({});
            }
            tidy(property);
            if let Value::Object(property) = property {
                property.insert("title".to_owned(), Value::String(title(key)));
            }
        }
        if !node.contains_key("additionalProperties") {
            node.insert("additionalProperties".to_owned(), Value::Bool(false));
        }
    }
    drop_null(node);
    drop_noise(node);
    lift_only_choice(node);
    words_to_enum(node);
}

/// The file has no `null`: what an `Option` adds to its value's schema goes.
fn drop_null(node: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = node.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            node.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(values)) = node.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
}

/// Rust's number formats say nothing that bounds do not, and a default that is an object only repeats its keys'.
fn drop_noise(node: &mut Map<String, Value>) {
    let is_number_format = |format: &str| {
        format.starts_with("uint") || format.starts_with("int") || matches!(format, "double" | "float")
    };
    if node
        .get("format")
        .and_then(Value::as_str)
        .is_some_and(is_number_format)
    {
        node.remove("format");
    }
    if matches!(node.get("default"), Some(Value::Null | Value::Object(_))) {
        node.remove("default");
    }
}

/// A choice of one is no choice.
fn lift_only_choice(node: &mut Map<String, Value>) {
    for keyword in ["anyOf", "oneOf"] {
        let Some(Value::Array(parts)) = node.get_mut(keyword) else {
            continue;
        };
        if parts.len() == 1
            && let Some(Value::Object(only)) = parts.pop()
        {
            node.remove(keyword);
            for (key, value) in only {
                node.entry(key).or_insert(value);
            }
        }
    }
}

/// `oneOf` constants, each with a description, become one `enum` with the descriptions beside it.
fn words_to_enum(node: &mut Map<String, Value>) {
    let Some(Value::Array(parts)) = node.get("oneOf") else {
        return;
    };
    let mut words = Vec::new();
    let mut meanings = Vec::new();
    for part in parts {
        match (part.get("const"), part.get("description")) {
            (Some(Value::String(word)), meaning) => {
                words.push(Value::String(word.clone()));
                meanings.push(meaning.cloned().unwrap_or_else(|| json!("")));
            }
            _ => return,
        }
    }
    if let Some(Value::Array(aliases)) = node.get("x-aliases") {
        words.extend(aliases.iter().cloned());
    }
    node.remove("oneOf");
    node.insert("type".to_owned(), json!("string"));
    node.insert("enum".to_owned(), Value::Array(words));
    node.insert("enumDescriptions".to_owned(), Value::Array(meanings));
}

/// The words of a key: `maxAttempts` is `Max attempts`.
fn title(key: &str) -> String {
    let mut words = String::with_capacity(key.len() + 4);
    let mut previous_lower = false;
    for c in key.trim_start_matches('$').chars() {
        if c == '-' || c == '_' {
            words.push(' ');
            previous_lower = false;
        } else if words.is_empty() {
            words.extend(c.to_uppercase());
            previous_lower = true;
        } else {
            if c.is_uppercase() && previous_lower {
                words.push(' ');
            }
            previous_lower = !c.is_uppercase();
            words.extend(c.to_lowercase());
        }
    }
    words
}

fn collect_secrets(node: &Value, path: &mut String, found: &mut Vec<String>) {
    let Value::Object(node) = node else { return };
    if node.get("x-secret") == Some(&Value::Bool(true)) {
        found.push(path.clone());
        return;
    }
    let mut step = |segment: &str, child: &Value, found: &mut Vec<String>| {
        let length = path.len();
        if !path.is_empty() && segment != "[]" {
            path.push('.');
        }
        path.push_str(segment);
        collect_secrets(child, path, found);
        path.truncate(length);
    };
    if let Some(Value::Object(properties)) = node.get("properties") {
        for (key, child) in properties {
            step(key, child, found);
        }
    }
    if let Some(child) = node.get("additionalProperties") {
        step("*", child, found);
    }
    if let Some(child) = node.get("items") {
        step("[]", child, found);
    }
    for keyword in ["anyOf", "oneOf", "allOf"] {
        if let Some(Value::Array(parts)) = node.get(keyword) {
            for part in parts {
                collect_secrets(part, path, found);
            }
        }
    }
}

#[cfg(test)]
mod tests;
