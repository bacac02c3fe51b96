//! What happens beside messages: a button is pressed, the bot comes into a chat or leaves it, somebody reacts.

use openclaw_sdk::channel::{Callback, InboundEvent, Membership, MembershipChange, Person, Reaction};
use serde_json::Value;

use super::Me;
use super::people::{chat_as_person, now, origin, user};
use crate::look::Look;

/// The most reactions to one message that are told of at once.
const MAX_REACTIONS: usize = 20;

/// A button was pressed. One below a message that was sent by way of another bot has no conversation.
pub(super) fn callback(id: i64, query: &Value) -> Option<InboundEvent> {
    let message = query.object("message")?;
    let sender = user(query.object("from")?, None);
    let mut origin = origin(id.to_string(), message, sender)?;
    // The message may be old, and when the button was pressed is not told.
    origin.time = now();
    Some(InboundEvent::Callback(Callback {
        origin,
        id: query.text("id")?.to_owned(),
        message_id: message.id("message_id"),
        data: query.text("data")?.to_owned(),
        values: None,
    }))
}

/// What this account may do in a chat changed.
pub(super) fn membership(id: i64, change: &Value, me: &Me) -> Option<InboundEvent> {
    let old = standing(change.at("old_chat_member"));
    let new = standing(change.at("new_chat_member"));
    let by = change.object("from");
    let change_kind = match (old, new) {
        (Standing::Out | Standing::Banned, Standing::In) => MembershipChange::Joined,
        (Standing::In, Standing::Out) => MembershipChange::Left,
        (_, Standing::Banned) => MembershipChange::Removed,
        (Standing::In, Standing::In) => MembershipChange::RoleChanged,
        _ => MembershipChange::Other,
    };
    let member = Person {
        name: Some(me.name.clone()),
        username: Some(me.username.clone()),
        is_bot: true,
        is_self: true,
        ..Person::new(me.id.to_string())
    };
    Some(InboundEvent::Membership(Membership {
        origin: origin(id.to_string(), change, by.and_then(|by| user(by, None)))?,
        member,
        change: change_kind,
    }))
}

#[derive(Clone, Copy)]
enum Standing {
    In,
    Out,
    Banned,
}

fn standing(member: &Value) -> Standing {
    match member.text("status") {
        Some("creator" | "administrator" | "member") => Standing::In,
        Some("restricted") if member.flag("is_member") => Standing::In,
        Some("kicked") => Standing::Banned,
        _ => Standing::Out,
    }
}

/// Somebody changed how they react to a message: Telegram tells all of their reactions before and after.
pub(super) fn reactions(id: i64, change: &Value) -> Vec<InboundEvent> {
    let sender = match change.object("user") {
        Some(by) => user(by, None),
        None => change.object("actor_chat").and_then(chat_as_person),
    };
    let emojis = |name| -> Vec<String> { change.list(name).iter().filter_map(emoji).collect() };
    let (old, new) = (emojis("old_reaction"), emojis("new_reaction"));
    let removed = old.iter().filter(|emoji| !new.contains(emoji));
    let added = new.iter().filter(|emoji| !old.contains(emoji));
    let all = removed
        .map(|emoji| (emoji, true))
        .chain(added.map(|emoji| (emoji, false)));
    let events = all
        .take(MAX_REACTIONS)
        .enumerate()
        .filter_map(|(at, (emoji, is_removed))| {
            Some(InboundEvent::Reaction(Reaction {
                origin: origin(format!("{id}:{at}"), change, sender.clone())?,
                message_id: change.id("message_id")?,
                author: None,
                emoji: emoji.clone(),
                is_removed,
            }))
        });
    events.collect()
}

fn emoji(reaction: &Value) -> Option<String> {
    let emoji = match reaction.text("type")? {
        "emoji" => reaction.text("emoji")?,
        "custom_emoji" => reaction.text("custom_emoji_id")?,
        "paid" => "⭐",
        _ => return None,
    };
    Some(emoji.to_owned())
}
