//! The methods, but for `getUpdates`.

mod chat;
pub(crate) mod file;
mod keyboard;
mod menu;
mod message;

use std::sync::Arc;

use serde_json::{Value, json};

use super::arguments::Arguments;
use super::refusal::{Outcome, Refusal};
use super::world::World;
use super::{Shared, webhook};

/// The methods that the server knows. Letter case does not matter in a request.
pub const METHODS: &[&str] = &[
    "getUpdates",
    "setWebhook",
    "deleteWebhook",
    "getWebhookInfo",
    "getMe",
    "sendMessage",
    "sendPhoto",
    "sendDocument",
    "sendAudio",
    "sendVoice",
    "sendVideo",
    "sendAnimation",
    "sendSticker",
    "sendChatAction",
    "setMessageReaction",
    "editMessageText",
    "editMessageReplyMarkup",
    "deleteMessage",
    "answerCallbackQuery",
    "getFile",
    "getChat",
    "setMyCommands",
    "getMyCommands",
    "deleteMyCommands",
];

/// Runs a method of a bot.
pub(super) fn run(shared: &Arc<Shared>, token: &str, method: &str, arguments: &Arguments) -> Outcome {
    match method {
        "setWebhook" => return webhook::set(shared, token, arguments),
        "deleteWebhook" => return webhook::delete(shared, token, arguments),
        "getWebhookInfo" => return webhook::info(shared, token),
        _ => {}
    }
    let world = &mut *shared.world.lock();
    match method {
        "getMe" => me(world, token),
        "sendMessage" => message::send(world, token, arguments),
        "sendPhoto" => file::send(world, token, arguments, "photo"),
        "sendDocument" => file::send(world, token, arguments, "document"),
        "sendAudio" => file::send(world, token, arguments, "audio"),
        "sendVoice" => file::send(world, token, arguments, "voice"),
        "sendVideo" => file::send(world, token, arguments, "video"),
        "sendAnimation" => file::send(world, token, arguments, "animation"),
        "sendSticker" => file::send(world, token, arguments, "sticker"),
        "getFile" => file::get(world, arguments),
        "editMessageText" => message::edit_text(world, token, arguments),
        "editMessageReplyMarkup" => message::edit_markup(world, token, arguments),
        "deleteMessage" => message::delete(world, token, arguments),
        "sendChatAction" => chat::action(world, token, arguments),
        "setMessageReaction" => chat::react(world, token, arguments),
        "getChat" => chat::get(world, token, arguments),
        "answerCallbackQuery" => chat::answer_press(world, token, arguments),
        "setMyCommands" => menu::set(world, token, arguments),
        "getMyCommands" => menu::get(world, token),
        "deleteMyCommands" => menu::clear(world, token),
        _ => Err(Refusal::new(404, "Not Found: method not found")),
    }
}

fn me(world: &World, token: &str) -> Outcome {
    let bot = world
        .bots
        .get(token)
        .ok_or_else(|| Refusal::new(401, "Unauthorized"))?;
    let mut me = bot.user();
    for (name, value) in [
        ("can_join_groups", true),
        ("can_read_all_group_messages", !bot.is_private),
        ("supports_inline_queries", false),
        ("can_connect_to_business", false),
        ("has_main_web_app", false),
    ] {
        me[name] = json!(value);
    }
    Ok(me)
}

/// What every method that does something answers.
fn done() -> Outcome {
    Ok(Value::Bool(true))
}
