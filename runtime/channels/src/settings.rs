//! The accounts of a channel, as the config has them.
//!
//! The keys of `channels.<id>` are those of the default account; an account under `accounts` takes from them what it
//! leaves out, credentials excepted: those belong to the account they stand with.

use std::collections::{BTreeMap, BTreeSet};

use openclaw_config::tree::Config;
use openclaw_config::tree::channels::{ChannelCommon, ChannelDefaults};
use openclaw_config::{Environment, Loaded};
use openclaw_policy::AccountValues;
use openclaw_state::ChannelAccount;
use serde_json::{Map, Value};

/// The account that the keys of the channel itself belong to.
pub(crate) const DEFAULT: &str = "default";
/// A file with the token, on platforms with one.
pub(crate) const TOKEN_FILE: &str = "tokenFile";

/// An account as it is configured.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings {
    pub(crate) of: ChannelAccount,
    /// What it says for all channels.
    pub(crate) common: ChannelCommon,
    /// All that it says, as it is in the config.
    pub(crate) values: Value,
    pub(crate) is_enabled: bool,
}

/// The accounts of a channel, by id; none if the config has no such channel. `secrets` are the names of the
/// credentials.
pub(crate) fn accounts(loaded: &Loaded<Config>, channel: &str, secrets: &[String]) -> Vec<Settings> {
    let Some(Value::Object(root)) = loaded.source.get("channels").and_then(|all| all.get(channel)) else {
        return Vec::new();
    };
    let none = Map::new();
    let own = root.get("accounts").and_then(Value::as_object).unwrap_or(&none);
    let mut ids: BTreeSet<&str> = own.keys().map(String::as_str).collect();
    if ids.is_empty() || has_credentials(root, channel, secrets, &loaded.environment) {
        ids.insert(DEFAULT);
    }
    let made = ids.into_iter().filter_map(|id| {
        let of = ChannelAccount::new(channel, id).ok()?;
        let values = merge(root, own.get(id), id, secrets);
        let is_on = |values: &Map<String, Value>| values.get("enabled") != Some(&Value::Bool(false));
        let is_enabled = is_on(root) && is_on(&values);
        let values = Value::Object(values);
        Some(Settings {
            of,
            common: common(&values, channel, id),
            values,
            is_enabled,
        })
    });
    made.collect()
}

/// The account that is meant when none is named.
pub(crate) fn default_account(source: &Value, channel: &str) -> String {
    let root = source.get("channels").and_then(|all| all.get(channel));
    let named = root
        .and_then(|root| root.get("defaultAccount"))
        .and_then(Value::as_str);
    named.unwrap_or(DEFAULT).to_owned()
}

fn common(values: &Value, channel: &str, id: &str) -> ChannelCommon {
    serde_json::from_value(values.clone()).unwrap_or_else(|error| {
        tracing::warn!(channel, account = id, %error, "the settings that all channels share cannot be read");
        ChannelCommon::default()
    })
}

fn has_credentials(
    root: &Map<String, Value>,
    channel: &str,
    secrets: &[String],
    environment: &Environment,
) -> bool {
    root.contains_key(TOKEN_FILE)
        || secrets
            .iter()
            .any(|name| lookup(root, name).is_some() || environment.get(&variable(channel, name)).is_some())
}

fn merge(root: &Map<String, Value>, own: Option<&Value>, id: &str, secrets: &[String]) -> Map<String, Value> {
    let mut values = root.clone();
    values.remove("accounts");
    values.remove("defaultAccount");
    if id != DEFAULT {
        values.remove(TOKEN_FILE);
        for name in secrets {
            remove(&mut values, name);
        }
    }
    if let Some(Value::Object(own)) = own {
        for (key, value) in own {
            values.insert(key.clone(), value.clone());
        }
    }
    values
}

/// What stands under a name whose dots lead into objects.
pub(crate) fn lookup<'v>(values: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    let mut steps = name.split('.');
    let first = values.get(steps.next()?)?;
    steps.try_fold(first, |value, step| value.get(step))
}

fn remove(values: &mut Map<String, Value>, name: &str) {
    match name.split_once('.') {
        None => {
            values.remove(name);
        }
        Some((outer, inner)) => {
            if let Some(Value::Object(values)) = values.get_mut(outer) {
                remove(values, inner);
            }
        }
    }
}

/// The variable that stands in for a credential of the default account: `TELEGRAM_BOT_TOKEN` for `botToken`.
pub(crate) fn variable(channel: &str, name: &str) -> String {
    let name = match name {
        "token" => "botToken",
        other => other,
    };
    let mut variable = channel.replace(['-', '.'], "_").to_uppercase();
    variable.push('_');
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            variable.push('_');
        }
        variable.push(if c.is_ascii_alphanumeric() {
            c.to_ascii_uppercase()
        } else {
            '_'
        });
    }
    variable
}

impl Settings {
    /// The settings that hosts of a grant may name: what the operator typed, without credentials.
    pub(crate) fn account_values(&self, secrets: &[String]) -> AccountValues {
        let mut values = BTreeMap::new();
        flatten(&self.values, String::new(), &mut values);
        values.retain(|name, _| !secrets.contains(name));
        values
    }
}

fn flatten(value: &Value, name: String, into: &mut AccountValues) {
    let text = match value {
        Value::Object(members) => {
            for (key, value) in members {
                let name = match name.as_str() {
                    "" => key.clone(),
                    outer => format!("{outer}.{key}"),
                };
                flatten(value, name, into);
            }
            return;
        }
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(_) | Value::Null | Value::Array(_) => return,
    };
    into.insert(name, text);
}

/// What holds for every channel that does not say otherwise.
pub(crate) fn with_defaults(mut common: ChannelCommon, defaults: &ChannelDefaults) -> ChannelCommon {
    common.group_policy = common.group_policy.or(defaults.group_policy);
    common.context_visibility = common.context_visibility.or(defaults.context_visibility);
    if common.implicit_mentions.is_none() {
        common.implicit_mentions = defaults.implicit_mentions.clone();
    }
    common
}
