//! Buttons below a message.

use serde_json::Value;

use super::super::arguments::Arguments;
use super::super::refusal::{Outcome, Refusal};

/// What a button can do; each does exactly one of these.
const DEEDS: [&str; 10] = [
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
];
const MAX_BUTTONS: usize = 100;
const MAX_DATA: usize = 64;

/// The inline keyboard of a call; none if it has none, or another kind of keyboard.
pub(super) fn inline(arguments: &Arguments) -> Outcome<Option<Value>> {
    let Some(markup) = arguments.json("reply_markup")? else {
        return Ok(None);
    };
    let broken = || Refusal::bad("object expected as reply markup");
    let Some(markup_members) = markup.as_object() else {
        return Err(broken());
    };
    let Some(rows) = markup_members.get("inline_keyboard") else {
        let others = ["keyboard", "remove_keyboard", "force_reply"];
        return match others.iter().any(|other| markup_members.contains_key(*other)) {
            true => Ok(None),
            false => Err(broken()),
        };
    };
    let not_rows =
        || Refusal::bad("field \"inline_keyboard\" of the InlineKeyboardMarkup must be an Array of Arrays");
    let rows = rows.as_array().ok_or_else(not_rows)?;
    let mut count = 0;
    for row in rows {
        for button in row.as_array().ok_or_else(not_rows)? {
            check(button)?;
            count += 1;
        }
    }
    match count {
        0 => Ok(None),
        1..=MAX_BUTTONS => Ok(Some(markup)),
        _ => Err(Refusal::bad("REPLY_MARKUP_TOO_LONG")),
    }
}

fn check(button: &Value) -> Outcome<()> {
    let label = button["text"].as_str().unwrap_or_default();
    if label.trim().is_empty() {
        return Err(Refusal::bad(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ));
    }
    let deeds = DEEDS
        .iter()
        .filter(|deed| button.get(**deed).is_some_and(|value| !value.is_null()));
    if deeds.count() != 1 {
        return Err(Refusal::bad(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ));
    }
    if let Some(data) = button.get("callback_data") {
        let fits = data
            .as_str()
            .is_some_and(|data| (1..=MAX_DATA).contains(&data.len()));
        if !fits {
            return Err(Refusal::bad("BUTTON_DATA_INVALID"));
        }
    }
    if let Some(url) = button.get("url").and_then(Value::as_str)
        && url::Url::parse(url).is_err()
    {
        return Err(Refusal::bad("BUTTON_URL_INVALID"));
    }
    Ok(())
}
