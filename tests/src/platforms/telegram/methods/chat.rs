//! Chats: finding one in which a bot may act, and what is done in one besides writing.

use serde_json::{Value, json};

use super::super::arguments::Arguments;
use super::super::refusal::{Outcome, Refusal};
use super::super::world::{Chat, ChatKey, World};
use super::done;

const ACTIONS: [&str; 11] = [
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
];

/// Some of the emoji with which bots may react; the platform has more.
const REACTIONS: [&str; 20] = [
    "👍", "👎", "❤", "🔥", "🥰", "👏", "😁", "🤔", "🤯", "😱", "🎉", "🤩", "🙏", "👌", "👀", "🤡", "💯",
    "🤝", "✍", "🫡",
];

/// The chat that a call names, if this bot may act there.
pub(super) fn find(world: &World, token: &str, arguments: &Arguments) -> Outcome<ChatKey> {
    let named = arguments
        .text("chat_id")
        .filter(|id| !id.is_empty())
        .ok_or_else(|| Refusal::bad("chat_id is empty"))?;
    let missing = || Refusal::bad("chat not found");
    let key = match (named.parse::<i64>(), named.strip_prefix('@')) {
        (Ok(id), _) => World::key(id, token),
        (_, Some(name)) => {
            let is_named = |chat: &Chat| {
                let own = chat.about.get("username").and_then(Value::as_str);
                !chat.is_private() && own.is_some_and(|own| own.eq_ignore_ascii_case(name))
            };
            let mut found = world.chats.iter().filter(|(_, chat)| is_named(chat));
            found.next().map(|(key, _)| key.clone()).ok_or_else(missing)?
        }
        _ => return Err(missing()),
    };
    let chat = match world.chats.get(&key) {
        Some(chat) => chat,
        None if key.0 > 0 && world.people.contains_key(&key.0) => {
            return Err(Refusal::forbidden("bot can't initiate conversation with a user"));
        }
        None => return Err(missing()),
    };
    if let Some(new) = chat.moved_to {
        let why = Refusal::bad("group chat was upgraded to a supergroup chat");
        return Err(why.with("migrate_to_chat_id", json!(new)));
    }
    if let Some(why) = chat.closed_to.get(token) {
        return Err(Refusal::forbidden(why));
    }
    if !chat.bots.contains_key(token) {
        return Err(missing());
    }
    Ok(key)
}

/// The topic that a call names, for a message. The general topic has no number there.
pub(super) fn topic(chat: &Chat, arguments: &Arguments) -> Outcome<Option<i64>> {
    match arguments.int("message_thread_id") {
        None | Some(0) => Ok(None),
        Some(thread) if chat.is_forum() && chat.topics.contains_key(&thread) => Ok(Some(thread)),
        Some(_) => Err(Refusal::bad("message thread not found")),
    }
}

/// The message that a call names.
pub(super) fn message_id(arguments: &Arguments) -> Outcome<i64> {
    let id = arguments.int("message_id").filter(|id| *id > 0);
    id.ok_or_else(|| Refusal::bad("message identifier is not specified"))
}

pub(super) fn action(world: &World, token: &str, arguments: &Arguments) -> Outcome {
    let key = find(world, token, arguments)?;
    let action = arguments.text("action").unwrap_or_default();
    if !ACTIONS.contains(&action.as_str()) {
        return Err(Refusal::bad("wrong parameter action in request"));
    }
    if let Some(chat) = world.chats.get(&key)
        && arguments.int("message_thread_id") != Some(1)
    {
        topic(chat, arguments)?;
    }
    done()
}

pub(super) fn react(world: &mut World, token: &str, arguments: &Arguments) -> Outcome {
    let key = find(world, token, arguments)?;
    let id = message_id(arguments)?;
    let reactions = arguments.json("reaction")?.unwrap_or_else(|| json!([]));
    let Some(reactions) = reactions.as_array().cloned() else {
        return Err(Refusal::bad("can't parse reaction JSON object"));
    };
    if reactions.len() > 1 {
        return Err(Refusal::bad("REACTIONS_TOO_MANY"));
    }
    for reaction in &reactions {
        let is_known = match reaction["type"].as_str() {
            Some("emoji") => reaction["emoji"]
                .as_str()
                .is_some_and(|emoji| REACTIONS.contains(&emoji)),
            Some("custom_emoji") => reaction["custom_emoji_id"].is_string(),
            _ => return Err(Refusal::bad("can't parse ReactionType")),
        };
        if !is_known {
            return Err(Refusal::bad("REACTION_INVALID"));
        }
    }
    let chat = world.chats.get_mut(&key);
    match chat.and_then(|chat| chat.messages.get_mut(&id)) {
        Some(message) => {
            message["reactions_of_bot"] = Value::Array(reactions);
            done()
        }
        None => Err(Refusal::bad("message to react not found")),
    }
}

pub(super) fn get(world: &World, token: &str, arguments: &Arguments) -> Outcome {
    let key = find(world, token, arguments)?;
    let chat = world
        .chats
        .get(&key)
        .map(|chat| chat.about.clone())
        .unwrap_or_default();
    let mut chat = Value::Object(chat);
    chat["accent_color_id"] = json!(0);
    chat["max_reaction_count"] = json!(11);
    chat["accepted_gift_types"] = json!({
        "unlimited_gifts": false, "limited_gifts": false, "unique_gifts": false, "premium_subscription": false,
        "gifts_from_channels": false,
    });
    Ok(chat)
}

pub(super) fn answer_press(world: &mut World, token: &str, arguments: &Arguments) -> Outcome {
    let id = arguments.text("callback_query_id").unwrap_or_default();
    let waited = world
        .bots
        .get_mut(token)
        .is_some_and(|bot| bot.presses.remove(&id));
    match waited {
        true => done(),
        false => Err(Refusal::bad(
            "query is too old and response timeout expired or query ID is invalid",
        )),
    }
}
