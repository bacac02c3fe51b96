//! Channels and accounts that are switched off, and root credentials that no account takes over.

use super::{View, is_set};
use crate::owner::account_of;

/// The whole channel is off.
pub(super) fn disabled(view: &View<'_>) -> Option<&'static str> {
    let channel = channel(view)?;
    view.is_off(&["channels", channel, "enabled"])
        .then_some("the channel is disabled")
}

/// The account is off.
pub(super) fn account_disabled(view: &View<'_>) -> Option<&'static str> {
    let (channel, account) = (channel(view)?, account_of(view.path)?);
    view.is_off(&["channels", channel, "accounts", account, "enabled"])
        .then_some("the account is disabled")
}

/// The credential stands at the channel's root, where only the account `default` would take it over, and that account
/// is off or has its own.
pub(super) fn root_not_inherited(view: &View<'_>) -> Option<&'static str> {
    let channel = channel(view)?;
    if account_of(view.path).is_some() {
        return None;
    }
    let account = view.at(&["channels", channel, "accounts", "default"])?;
    let off = account.get("enabled").and_then(serde_json::Value::as_bool) == Some(false);
    let own = view
        .path
        .key_at(2)
        .and_then(|key| account.get(key))
        .is_some_and(is_set);
    (off || own).then_some("no enabled account uses the channel's root credential")
}

fn channel<'a>(view: &View<'a>) -> Option<&'a str> {
    view.path
        .starts_with(&["channels"])
        .then(|| view.path.key_at(1))?
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::active::tests::reason;

    fn telegram(body: Value) -> Value {
        json!({"channels": {"telegram": body}})
    }

    #[test]
    fn a_disabled_channel_needs_no_secret() {
        let body = json!({"enabled": false, "accounts": {"a": {"enabled": true, "botToken": "${T}"}}});
        assert!(reason(&telegram(body), "channels.telegram.accounts.*.botToken").is_some());
        assert_eq!(
            reason(
                &telegram(json!({"botToken": "${T}"})),
                "channels.telegram.botToken"
            ),
            None
        );
    }

    #[test]
    fn a_disabled_account_needs_no_secret() {
        let body = |on: bool| telegram(json!({"accounts": {"a": {"enabled": on, "botToken": "${T}"}}}));
        assert!(reason(&body(false), "channels.telegram.accounts.*.botToken").is_some());
        assert_eq!(reason(&body(true), "channels.telegram.accounts.*.botToken"), None);
    }

    #[test]
    fn a_root_credential_is_for_the_default_account() {
        let root = |accounts: Value| {
            reason(
                &telegram(json!({"botToken": "${T}", "accounts": accounts})),
                "channels.telegram.botToken",
            )
        };
        assert_eq!(root(json!({})), None);
        assert_eq!(root(json!({"default": {}})), None);
        assert!(root(json!({"default": {"enabled": false}})).is_some());
        assert!(root(json!({"default": {"botToken": "own"}})).is_some());
    }
}
