//! Which account a path of the gateway's port belongs to, for platforms that call instead of being asked.
//!
//! An account is called at its `webhookPath`; one that only has a `webhookUrl` at `/<channel>-webhook`, followed by its
//! id if it is not the default account. Accounts take neither from the channel, for then two would have the same.
//! **Cost.** A walk over the accounts in the config for each look.

use serde_json::{Map, Value};

use crate::settings::DEFAULT;

/// Where a call of a platform belongs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Hook {
    /// The channel.
    pub channel: String,
    /// The account.
    pub account: String,
    /// The path behind the account's own: empty, or beginning with a slash.
    pub rest: String,
}

/// The account that a path belongs to, by a config; the longest that fits.
pub(crate) fn find(source: &Value, path: &str) -> Option<Hook> {
    let channels = source.get("channels")?.as_object()?;
    let none = Map::new();
    let mut found: Option<(usize, Hook)> = None;
    for (channel, root) in channels {
        let Some(root) = root.as_object() else { continue };
        let accounts = root.get("accounts").and_then(Value::as_object).unwrap_or(&none);
        let own = accounts
            .iter()
            .filter_map(|(id, own)| Some((id.as_str(), own.as_object()?)));
        for (account, values) in std::iter::once((DEFAULT, root)).chain(own) {
            let Some(place) = place(channel, account, values) else {
                continue;
            };
            let Some(rest) = path.strip_prefix(place.as_str()) else {
                continue;
            };
            let is_nearer = found.as_ref().is_none_or(|(length, _)| place.len() > *length);
            if is_nearer && (rest.is_empty() || rest.starts_with('/')) {
                let hook = Hook {
                    channel: channel.clone(),
                    account: account.to_owned(),
                    rest: rest.to_owned(),
                };
                found = Some((place.len(), hook));
            }
        }
    }
    found.map(|(_, hook)| hook)
}

/// The path of an account, without a slash at its end.
fn place(channel: &str, account: &str, values: &Map<String, Value>) -> Option<String> {
    let text = |key: &str| {
        let text = values.get(key).and_then(Value::as_str).map(str::trim);
        text.filter(|text| !text.is_empty())
    };
    let place = match (text("webhookPath"), text("webhookUrl"), account) {
        (Some(path), ..) => format!("/{}", path.trim_matches('/')),
        (None, Some(_), DEFAULT) => format!("/{channel}-webhook"),
        (None, Some(_), account) => format!("/{channel}-webhook/{account}"),
        (None, None, _) => return None,
    };
    // The root is the gateway's page.
    (place.len() > 1).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(channels: &Value, path: &str) -> Option<(String, String, String)> {
        let source = serde_json::json!({ "channels": channels });
        find(&source, path).map(|hook| (hook.channel, hook.account, hook.rest))
    }

    #[test]
    fn a_call_reaches_the_account_whose_path_it_is_and_no_other() {
        let channels = serde_json::json!({
            "defaults": {},
            "telegram": {
                "webhookUrl": "https://claw.example/telegram-webhook",
                "accounts": { "work": { "webhookUrl": "https://claw.example/x" }, "idle": {} },
            },
            "line": { "webhookPath": "/hooks/line/" },
            "sms": { "webhookPath": "/" },
        });
        let to =
            |channel: &str, account: &str, rest: &str| Some((channel.into(), account.into(), rest.into()));
        assert_eq!(
            found(&channels, "/telegram-webhook"),
            to("telegram", "default", "")
        );
        assert_eq!(
            found(&channels, "/telegram-webhook/work"),
            to("telegram", "work", "")
        );
        assert_eq!(
            found(&channels, "/telegram-webhook/idle"),
            to("telegram", "default", "/idle")
        );
        assert_eq!(
            found(&channels, "/hooks/line/events"),
            to("line", "default", "/events")
        );
        for nobody in ["/", "/telegram-webhooks", "/hooks", "/irc-webhook"] {
            assert_eq!(found(&channels, nobody), None, "{nobody}");
        }
    }
}
