//! What the promises of this module come to, seen from outside.

mod capture;
mod guard;
mod inject;
mod sign;
mod spots;
mod vault;
mod written;

use std::collections::BTreeMap;
use std::sync::Arc;

use openclaw_policy::capability::secrets::{SecretRule, Secrets};
use openclaw_policy::{AccountValues, Host};
use openclaw_secrets::SecretValue;
use serde_json::json;

use super::{Captured, PlaceholderKey, SecretFailure, Vault};

/// A vault under these rules, with these values.
pub(super) fn vault(rules: serde_json::Value, values: &[(&str, &str)]) -> Arc<Vault> {
    vault_with(
        rules,
        values,
        Captured::default(),
        &PlaceholderKey::random().unwrap(),
    )
}

pub(super) fn vault_with(
    rules: serde_json::Value,
    values: &[(&str, &str)],
    kept: Captured,
    key: &PlaceholderKey,
) -> Arc<Vault> {
    let rules: Vec<SecretRule> = serde_json::from_value(rules).unwrap();
    let matcher = Secrets::new(rules).unwrap().resolve(&AccountValues::default());
    let values = values
        .iter()
        .map(|(name, value)| ((*name).to_owned(), SecretValue::new(value)));
    let values: BTreeMap<String, SecretValue> = values.collect();
    Arc::new(Vault::new(key, "telegram", Some("main"), matcher, values, kept))
}

/// A rule for every kind of place at `api.example.com`.
pub(super) fn everywhere(name: &str) -> serde_json::Value {
    json!({
        "name": name,
        "audience": ["api.example.com"],
        "places": [
            "header authorization", "query key", "path segment", "json /auth/token", "form client_secret",
            "line PASS"
        ],
        "capture": true, "hmac": true, "sign": true, "reveal": true,
    })
}

pub(super) fn api() -> Host {
    "api.example.com".parse().unwrap()
}

/// No text of a failure shows a value.
pub(super) fn is_silent(failure: &SecretFailure, value: &str) -> bool {
    let texts = [failure.to_string(), format!("{failure:?}")];
    texts.iter().all(|text| !text.contains(value))
}
