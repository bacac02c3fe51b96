//! Who and where.

use std::time::{SystemTime, UNIX_EPOCH};

use openclaw_sdk::channel::{Address, Conversation, ConversationKind, Origin, Person};
use serde_json::Value;

use super::Me;
use crate::look::Look;

/// The topic of a forum in which messages without a topic are.
pub(crate) const GENERAL: &str = "1";

/// A user of Telegram.
pub(super) fn user(user: &Value, me: Option<&Me>) -> Option<Person> {
    let id = user.int("id")?;
    let names = [user.text("first_name"), user.text("last_name")];
    let name = names.into_iter().flatten().collect::<Vec<_>>().join(" ");
    Some(Person {
        name: (!name.is_empty()).then_some(name),
        username: user.text("username").map(str::to_owned),
        is_bot: user.flag("is_bot"),
        is_self: me.is_some_and(|me| me.id == id),
        ..Person::new(id.to_string())
    })
}

/// A chat that writes under its own name: a channel, or a group whose administrator stays unnamed.
pub(super) fn chat_as_person(chat: &Value) -> Option<Person> {
    Some(Person {
        name: chat.text("title").map(str::to_owned),
        username: chat.text("username").map(str::to_owned),
        ..Person::new(chat.id("id")?)
    })
}

/// Who wrote a message. The chat in whose name it stands comes before the stand-in that Telegram names as user.
pub(super) fn author(message: &Value, me: &Me) -> Option<Person> {
    let chat = message.object("sender_chat").and_then(chat_as_person);
    chat.or_else(|| user(message.object("from")?, Some(me)))
}

/// The conversation of a message.
pub(super) fn conversation(message: &Value) -> Option<Conversation> {
    let chat = message.object("chat")?;
    Some(Conversation {
        address: Address {
            to: chat.id("id")?,
            thread: thread(message, chat),
        },
        kind: match chat.text("type") {
            Some("private") => ConversationKind::Direct,
            Some("channel") => ConversationKind::Channel,
            _ => ConversationKind::Group,
        },
        title: chat.text("title").map(str::to_owned),
        thread_title: message
            .at("reply_to_message")
            .at("forum_topic_created")
            .text("name")
            .map(str::to_owned),
        space: None,
        space_title: None,
        members: None,
    })
}

/// The topic of a message. A supergroup without topics numbers its threads of replies as well, and those are none.
fn thread(message: &Value, chat: &Value) -> Option<String> {
    let is_forum = chat.flag("is_forum");
    let named = message.id("message_thread_id");
    match named {
        Some(thread) if is_forum || message.flag("is_topic_message") => Some(thread),
        _ => is_forum.then(|| GENERAL.to_owned()),
    }
}

/// What every event has. The conversation is that of the message that is given, and so is the time; what has none
/// happened now.
pub(super) fn origin(event_id: String, message: &Value, sender: Option<Person>) -> Option<Origin> {
    Some(Origin {
        event_id,
        time: match message.int("edit_date").or_else(|| message.int("date")) {
            Some(seconds) if seconds > 0 => milliseconds(seconds),
            _ => now(),
        },
        conversation: conversation(message)?,
        sender,
        reply_handle: None,
        extra: None,
    })
}

/// Telegram tells seconds.
pub(super) fn milliseconds(seconds: i64) -> u64 {
    u64::try_from(seconds).unwrap_or(0).saturating_mul(1000)
}

/// This moment.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
