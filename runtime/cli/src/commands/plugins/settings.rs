//! An extension's own settings, from the config, held against the schema of its manifest before it sees them.
//!
//! **Bound.** A schema that refers to another document is refused: nothing is fetched.

use jsonschema::Validator;
use openclaw_config::tree::extensions::Plugins;
use openclaw_policy::{Manifest, display_safe};
use serde_json::Value;

use crate::failure::Failure;

/// How many mistakes are named.
const NAMED: usize = 5;

/// The settings, if they are as the manifest says.
pub(super) fn read(plugins: &Plugins, manifest: &Manifest) -> Result<Value, Failure> {
    let entry = plugins.entries.get(manifest.id.as_str());
    let settings = entry.map(|entry| entry.config.clone()).unwrap_or_default();
    let settings = Value::Object(settings.into_iter().collect());
    let place = format!("plugins.entries.{}.config", manifest.id);
    if manifest.config_schema.is_empty() {
        return Ok(settings);
    }
    let validator = check_schema(manifest)?;
    let shown = with_texts(&settings, manifest);
    let mistakes: Vec<_> = validator
        .iter_errors(&shown)
        .take(NAMED)
        .map(|error| {
            let at = error.instance_path().to_string().replace('/', ".");
            // A masked text tells the rule and not the value, which may be a secret.
            format!(
                "{place}{}: {}",
                display_safe(&at, 200),
                display_safe(&error.masked().to_string(), 300)
            )
        })
        .collect();
    match mistakes.is_empty() {
        true => Ok(settings),
        false => Err(Failure::negative(format!(
            "the settings of {} are not as its manifest says:\n- {}",
            manifest.id,
            mistakes.join("\n- ")
        ))),
    }
}

/// The settings as the extension will read them: a secret is a text, whatever the config has for it.
fn with_texts(settings: &Value, manifest: &Manifest) -> Value {
    let mut shown = settings.clone();
    for rule in manifest.capabilities.secrets.rules() {
        if let Some(value) = shown.get_mut(rule.name.as_str()) {
            *value = Value::String(rule.name.to_string());
        }
    }
    shown
}

/// What holds settings against the schema of a manifest, if the schema is one.
pub(super) fn check_schema(manifest: &Manifest) -> Result<Validator, Failure> {
    let schema = Value::Object(manifest.config_schema.clone());
    jsonschema::validator_for(&schema).map_err(|error| {
        Failure::negative(format!(
            "the configSchema of {} cannot be used: {}; its author must mend it",
            manifest.id,
            display_safe(&error.to_string(), 300)
        ))
    })
}
