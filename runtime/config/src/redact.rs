//! A copy of the config that may be shown: without secrets.
//!
//! Plain text in a secret field becomes the redaction mark; references stay, for they say where a secret is and
//! not what it is. Where the schema leaves the names open, a name that sounds like a credential is enough.

use serde_json::Value;

use crate::path::{Path, Segment};
use crate::secret_ref::{REDACTED, SecretRef};
use crate::validate::Schema;

/// A copy of the value without secrets.
pub fn redact(schema: &Schema<'_>, value: &Value) -> Value {
    let mut copy = value.clone();
    hide(schema, &mut copy, &mut Path::root(), false);
    copy
}

fn hide(schema: &Schema<'_>, value: &mut Value, path: &mut Path, below_credential: bool) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                path.push_key(key);
                let secret = schema.is_secret(path);
                let credential =
                    below_credential || secret || (is_credential_name(key) && !schema.names(path));
                if !(credential && is_reference(value)) {
                    hide(schema, value, path, credential);
                }
                path.pop();
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter_mut().enumerate() {
                path.push_index(index);
                hide(schema, element, path, below_credential);
                path.pop();
            }
        }
        Value::String(text) => {
            let secret = below_credential || schema.is_sensitive(path);
            if secret && !text.is_empty() && SecretRef::from_shorthand(text).is_none() {
                *text = REDACTED.to_owned();
            }
        }
        // A PIN is a secret too.
        Value::Number(_) if below_credential => *value = Value::String(REDACTED.to_owned()),
        _ => {}
    }
}

fn is_reference(value: &Value) -> bool {
    value.as_object().is_some_and(|object| {
        object.len() == 3
            && ["source", "provider", "id"]
                .iter()
                .all(|key| object.contains_key(*key))
    })
}

/// Whether a key's name sounds like a credential.
pub(crate) fn is_credential_name(key: &str) -> bool {
    let plain: String = key.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let name = plain.to_ascii_lowercase();
    let inside = [
        "secret",
        "password",
        "passwd",
        "passphrase",
        "apikey",
        "authorization",
        "credential",
        "privatekey",
    ];
    inside.iter().any(|word| name.contains(word)) || name.ends_with("token") || name.ends_with("accesskey")
}

impl Schema<'_> {
    /// Whether the last step of the path is a key that the schema names, rather than any key of a map.
    fn names(&self, path: &Path) -> bool {
        match path.segments().split_last() {
            Some((Segment::Key(key), parent)) => self.names_at(&parent.iter().cloned().collect(), key),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        let secret = json!({"anyOf": [{"type": "string"}], "x-secret": true});
        json!({"properties": {
            "auth": {"properties": {"token": secret, "password": secret, "tokenFile": {"type": "string"}}},
            "hooks": {"properties": {"token": {"type": "string", "x-sensitive": true}, "path": {"type": "string"}}},
            "vars": {"additionalProperties": {"type": "string"}},
            "plugin": {"type": "object"},
        }})
    }

    #[test]
    fn plain_secrets_are_hidden_and_references_shown() {
        let shown = redact(
            &Schema::parse(&schema()),
            &json!({
                "auth": {"token": "hunter2", "password": {"source": "env", "provider": "default", "id": "A"}, "tokenFile": "/t"},
                "hooks": {"token": "hunter2", "path": "/hooks"},
            }),
        );
        assert_eq!(shown["auth"]["token"], REDACTED);
        assert_eq!(shown["auth"]["password"]["id"], "A");
        assert_eq!(
            (&shown["auth"]["tokenFile"], &shown["hooks"]["path"]),
            (&json!("/t"), &json!("/hooks"))
        );
        assert_eq!(shown["hooks"]["token"], REDACTED);
        assert_eq!(
            redact(&Schema::parse(&schema()), &json!({"auth": {"token": "${A}"}}))["auth"]["token"],
            "${A}"
        );
    }

    #[test]
    fn where_names_are_open_the_name_decides() {
        let shown = redact(
            &Schema::parse(&schema()),
            &json!({
                "vars": {"GITHUB_TOKEN": "hunter2", "LANG": "C", "PIN_SECRET": "x"},
                "plugin": {"deep": [{"apiKey": "hunter2"}], "credentials": {"user": "hunter2", "pin": 7}, "maxTokens": 5},
            }),
        );
        assert!(!shown.to_string().contains("hunter2") && !shown.to_string().contains(":7"));
        assert_eq!(
            (&shown["vars"]["LANG"], &shown["plugin"]["maxTokens"]),
            (&json!("C"), &json!(5))
        );
    }
}
