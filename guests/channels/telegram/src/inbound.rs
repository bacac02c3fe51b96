//! What an update says, in the gateway's terms.
//!
//! **Promise.** Any JSON gives a list of events, perhaps an empty one, and never a failure. The id of an event
//! follows from the update alone, so the same update gives the same ids however often and whichever way it comes.
//!
//! **Cost.** One pass over the update; a text is copied twice at most.

mod attachment;
mod change;
mod context;
mod entity;
mod message;
mod people;
#[cfg(test)]
mod tests;

use openclaw_sdk::channel::InboundEvent;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use attachment::{Deferred, MAX_DOWNLOAD};
pub(crate) use message::join;
pub(crate) use people::GENERAL;

use crate::look::Look;

/// The kinds of updates that are asked for. Some come only if they are named.
pub(crate) const KINDS: [&str; 7] = [
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "callback_query",
    "my_chat_member",
    "message_reaction",
];

/// Who this account is.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Me {
    /// Its id.
    pub(crate) id: i64,
    /// Its name.
    pub(crate) name: String,
    /// Its handle, without `@`.
    pub(crate) username: String,
}

impl Me {
    /// From what `getMe` gave.
    pub(crate) fn read(user: &Value) -> Option<Self> {
        Some(Self {
            id: user.int("id")?,
            name: user.text("first_name").unwrap_or_default().to_owned(),
            username: user.text("username").unwrap_or_default().to_owned(),
        })
    }

    /// Whether this is its handle, without `@`.
    fn is_called(&self, handle: &str) -> bool {
        !self.username.is_empty() && self.username.eq_ignore_ascii_case(handle)
    }
}

/// The message in an update that is part of an album, with the album's id.
pub(crate) fn album_of(update: &Value) -> Option<&str> {
    update.at("message").text("media_group_id")
}

/// The conversation that a new message is in.
pub(crate) fn chat_of(update: &Value) -> Option<i64> {
    update.at("message").at("chat").int("id")
}

/// The events that an update with this id stands for.
pub(crate) fn translate(id: i64, update: &Value, me: &Me) -> Vec<InboundEvent> {
    let message = |name| update.object(name);
    if let Some(posted) = message("message").or_else(|| message("channel_post")) {
        return message::posted(id, posted, me);
    }
    if let Some(edited) = message("edited_message").or_else(|| message("edited_channel_post")) {
        return message::edited(id, edited, me).into_iter().collect();
    }
    if let Some(query) = message("callback_query") {
        return change::callback(id, query).into_iter().collect();
    }
    if let Some(change) = message("my_chat_member") {
        return change::membership(id, change, me).into_iter().collect();
    }
    if let Some(reaction) = message("message_reaction") {
        return change::reactions(id, reaction);
    }
    Vec::new()
}
