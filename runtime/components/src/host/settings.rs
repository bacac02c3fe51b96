//! What an extension reads of its settings: placeholders in the place of its secrets.
//!
//! **Promise.** A setting that the grant calls a secret is never read as it is configured, whether it is the value
//! itself or a reference to it. **Cost.** Linear in the names of secrets.

use std::collections::BTreeMap;

use openclaw_egress::secret::Vault;
use openclaw_policy::Capabilities;
use openclaw_secrets::SecretValue;
use serde_json::{Map, Value};

/// What the operator configured for an extension.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// What it reads.
    pub values: Value,
    /// The values of secrets by their names, for those that its grant names. It reads placeholders in their place.
    pub secrets: BTreeMap<String, SecretValue>,
}

impl From<Value> for Settings {
    /// Settings without secrets.
    fn from(values: Value) -> Self {
        let secrets = BTreeMap::new();
        Self { values, secrets }
    }
}

/// The settings with placeholders. What has no value is not there.
pub(super) fn hide(mut settings: Value, granted: &Capabilities, vault: &Vault) -> Value {
    let Value::Object(members) = &mut settings else {
        return settings;
    };
    for rule in granted.secrets.rules() {
        let name = rule.name.as_str();
        let placeholder = vault.lookup(name).ok().map(Value::String);
        replace(members, name, placeholder);
    }
    settings
}

/// Replaces a member, or that of an object below it where the name has dots.
fn replace(members: &mut Map<String, Value>, name: &str, placeholder: Option<Value>) {
    if members.contains_key(name) {
        match placeholder {
            Some(placeholder) => members.insert(name.to_owned(), placeholder),
            None => members.remove(name),
        };
        return;
    }
    for (at, _) in name.match_indices('.') {
        let (Some(outer), Some(inner)) = (name.get(..at), name.get(at + 1..)) else {
            continue;
        };
        if let Some(Value::Object(members)) = members.get_mut(outer) {
            return replace(members, inner, placeholder);
        }
    }
}
