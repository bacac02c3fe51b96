//! What an extension reads of its settings: placeholders in the place of its secrets.
//!
//! **Promise.** A setting that the manifest calls a secret is never read as it is configured, whether it is the value
//! itself or a reference to it, and whether or not it was granted. **Cost.** Linear in the names of secrets.

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

/// The settings with placeholders. What has no value, or was not granted, is not there.
pub(crate) fn hide(mut settings: Value, asked: &Capabilities, vault: &Vault) -> Value {
    let Value::Object(members) = &mut settings else {
        return settings;
    };
    for rule in asked.secrets.rules() {
        let name = rule.name.as_str();
        let placeholder = vault.lookup(name).ok().map(Value::String);
        replace(members, name, placeholder.as_ref());
    }
    settings
}

/// Replaces every member that the name may mean: it may have dots, and so may the names of the objects around it.
fn replace(members: &mut Map<String, Value>, name: &str, placeholder: Option<&Value>) {
    if members.contains_key(name) {
        match placeholder {
            Some(placeholder) => members.insert(name.to_owned(), placeholder.clone()),
            None => members.remove(name),
        };
    }
    for (at, _) in name.match_indices('.') {
        let (Some(outer), Some(inner)) = (name.get(..at), name.get(at + 1..)) else {
            continue;
        };
        if let Some(Value::Object(members)) = members.get_mut(outer) {
            replace(members, inner, placeholder);
        }
    }
}

#[cfg(test)]
mod tests {
    use openclaw_egress::secret::{Captured, PlaceholderKey};
    use openclaw_policy::AccountValues;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_manifest_calls_a_secret_is_not_read_as_it_is_configured() {
        let rules = |names: &[&str]| -> Capabilities {
            let rule = |name: &&str| json!({ "name": name, "audience": ["a.example"] });
            let rules: Vec<_> = names.iter().map(rule).collect();
            serde_json::from_value(json!({ "secrets": rules })).unwrap()
        };
        let (asked, granted) = (rules(&["one", "two", "in.ner"]), rules(&["one", "in.ner"]));
        let value = |name: &str| (name.to_owned(), SecretValue::new("hunter2hunter2"));
        let values = ["one", "two", "in.ner"].map(value).into();
        let matcher = granted.secrets.resolve(&AccountValues::new());
        let key = PlaceholderKey::random().unwrap();
        let vault = Vault::new(&key, "x", None, matcher, values, Captured::default());
        let settings = json!({ "one": "hunter2hunter2", "two": "hunter2hunter2", "in.ner": "hunter2hunter2", "in": { "ner": { "source": "env" } }, "open": 1 });
        let read = hide(settings, &asked, &vault);
        let placeholder = |name| vault.lookup(name).unwrap();
        assert_eq!(read["one"], json!(placeholder("one")));
        assert_eq!(read["in"]["ner"], json!(placeholder("in.ner")));
        assert_eq!(read["in.ner"], json!(placeholder("in.ner")));
        assert!(read.get("two").is_none() && read["open"] == json!(1), "{read}");
        assert!(!read.to_string().contains("hunter2"));
    }
}
