//! Checking an account, without changing anything.

use openclaw_sdk::Error;
use openclaw_sdk::channel::{Person, ProbeReport};
use serde_json::{Value, json};

use crate::api;
use crate::look::Look;
use crate::settings::Settings;

/// Asks Telegram who the bot is and how its updates leave.
pub(crate) fn probe(settings: &Settings) -> Result<ProbeReport, Error> {
    let me = api::call(settings, "getMe", &json!({}))?;
    let webhook = api::call(settings, "getWebhookInfo", &json!({}))?;
    let identity = me.id("id").map(|id| Person {
        name: me.text("first_name").map(str::to_owned),
        username: me.text("username").map(str::to_owned),
        is_bot: true,
        is_self: true,
        ..Person::new(id)
    });
    Ok(ProbeReport {
        identity,
        warnings: warnings(settings.webhook(), &me, &webhook),
        details: Some(json!({"bot": me, "webhook": webhook}).to_string()),
    })
}

fn warnings(wanted: Option<&str>, me: &Value, webhook: &Value) -> Vec<String> {
    let mut warnings = Vec::new();
    let set = webhook.text("url").filter(|url| !url.is_empty());
    match (wanted, set) {
        (None, Some(url)) => warnings.push(format!(
            "a webhook is set ({url}), so nobody can ask for updates; it is taken away when the account starts"
        )),
        (Some(wanted), None) => warnings.push(format!("Telegram knows of no webhook; {wanted} is to be set")),
        (Some(wanted), Some(url)) if wanted != url => {
            warnings.push(format!("Telegram calls {url} and not {wanted}"));
        }
        _ => {}
    }
    if let Some(error) = webhook.text("last_error_message") {
        warnings.push(format!("the last call of the webhook failed: {error}"));
    }
    if me.at("can_join_groups").as_bool() == Some(false) {
        warnings.push("the bot cannot be added to groups (@BotFather, /setjoingroups)".to_owned());
    } else if me.at("can_read_all_group_messages").as_bool() == Some(false) {
        warnings.push(
            "in groups the bot sees only commands, mentions and answers to it, because its privacy mode is on \
             (@BotFather, /setprivacy)"
                .to_owned(),
        );
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_should_know_is_told() {
        let me = json!({"can_join_groups": true, "can_read_all_group_messages": false});
        let set = json!({"url": "https://a.example/x", "last_error_message": "Connection refused"});
        let told = warnings(None, &me, &set);
        assert_eq!(told.len(), 3);
        assert!(
            told[0].contains("https://a.example/x")
                && told[1].contains("refused")
                && told[2].contains("privacy")
        );
        let open = json!({"can_join_groups": true, "can_read_all_group_messages": true});
        assert_eq!(
            warnings(
                Some("https://a.example/x"),
                &open,
                &json!({"url": "https://a.example/x"})
            )
            .len(),
            0
        );
        assert_eq!(
            warnings(Some("https://a.example/y"), &open, &json!({"url": ""})).len(),
            1
        );
    }
}
