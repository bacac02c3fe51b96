//! Whether a secret is in use at all, as far as the config alone tells. Only those in use must resolve.
//!
//! One function per rule, each over the config's source view; the first that objects gives the reason. A rule that
//! cannot tell lets the secret pass. Cost: a handful of lookups per secret.

mod channels;
mod features;
mod gateway;
mod sandbox;

use std::collections::BTreeMap;

use serde_json::Value;

use openclaw_config::Path;

/// What a rule sees.
struct View<'a> {
    path: &'a Path,
    source: &'a Value,
    env: &'a BTreeMap<String, String>,
}

type Rule = fn(&View<'_>) -> Option<&'static str>;

const RULES: [Rule; 13] = [
    gateway::auth,
    gateway::remote,
    channels::disabled,
    channels::account_disabled,
    channels::root_not_inherited,
    sandbox::ssh_unused,
    features::plugin_disabled,
    features::skill_disabled,
    features::web_search_not_selected,
    features::memory_search_disabled,
    features::speech_disabled,
    features::media_disabled,
    features::cron_disabled,
];

/// Why the secret at this path is not in use. `None`: it is, and has to resolve.
pub fn inactive_because(path: &Path, source: &Value, env: &BTreeMap<String, String>) -> Option<&'static str> {
    let view = View { path, source, env };
    RULES.iter().find_map(|rule| rule(&view))
}

impl View<'_> {
    /// The value at a path of names.
    fn at(&self, keys: &[&str]) -> Option<&Value> {
        keys.iter().try_fold(self.source, |value, key| value.get(key))
    }

    fn text(&self, keys: &[&str]) -> Option<&str> {
        self.at(keys)?.as_str()
    }

    fn is_off(&self, keys: &[&str]) -> bool {
        self.at(keys).and_then(Value::as_bool) == Some(false)
    }

    fn is_set(&self, keys: &[&str]) -> bool {
        self.at(keys).is_some_and(is_set)
    }

    fn has_env(&self, name: &str) -> bool {
        self.env.get(name).is_some_and(|value| !value.trim().is_empty())
    }
}

fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::collect;

    /// The reason for the only place that the pattern finds in the config.
    pub(super) fn reason(source: &Value, pattern: &str) -> Option<&'static str> {
        reason_with(source, pattern, &[])
    }

    pub(super) fn reason_with(source: &Value, pattern: &str, env: &[(&str, &str)]) -> Option<&'static str> {
        let places = collect(source, &[pattern]).unwrap();
        assert_eq!(places.len(), 1, "{pattern} finds one place");
        let env = env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        inactive_because(&places[0].path, source, &env)
    }

    #[test]
    fn a_secret_that_no_rule_knows_is_in_use() {
        let source = serde_json::json!({"models": {"providers": {"a": {"apiKey": "${A}"}}}});
        assert_eq!(reason(&source, "models.providers.*.apiKey"), None);
    }
}
