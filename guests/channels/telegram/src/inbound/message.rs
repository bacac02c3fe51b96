//! Messages, new and edited, and what Telegram tells in the form of messages.

use openclaw_sdk::channel::{
    Address, ConversationKind, InboundEvent, Membership, MembershipChange, Mention, Message, Person,
    Relocation, Text,
};
use serde_json::{Value, json};

use super::Me;
use super::attachment::attachments;
use super::context::{answered, forward, in_words, location, quote};
use super::entity::Marked;
use super::people::{author, origin, user};
use crate::look::Look;

/// The most people of whom one message tells that they came. One call delivers a thousand events, and one update never
/// takes all of them.
const MAX_JOINED: usize = 200;

/// What a new message says: usually one event, none for what only decorates a chat.
pub(super) fn posted(id: i64, message: &Value, me: &Me) -> Vec<InboundEvent> {
    if let Some(moved) = relocation(id, message, me) {
        return vec![InboundEvent::Moved(moved)];
    }
    if let Some(joined) = message.get("new_chat_members").and_then(Value::as_array) {
        let told = joined.iter().take(MAX_JOINED);
        let joined = told.enumerate().filter_map(|(at, member)| {
            membership(
                format!("{id}:{at}"),
                message,
                user(member, Some(me))?,
                MembershipChange::Joined,
                me,
            )
        });
        return joined.collect();
    }
    if let Some(left) = message.object("left_chat_member") {
        let change = match message.at("from").int("id") == left.int("id") {
            true => MembershipChange::Left,
            false => MembershipChange::Removed,
        };
        let left = user(left, Some(me));
        let left = left.and_then(|member| membership(id.to_string(), message, member, change, me));
        return left.into_iter().collect();
    }
    read(id, message, me)
        .map(InboundEvent::Message)
        .into_iter()
        .collect()
}

/// A message as it reads now.
pub(super) fn edited(id: i64, message: &Value, me: &Me) -> Option<InboundEvent> {
    read(id, message, me).map(InboundEvent::Edited)
}

/// A message that has anything to say.
fn read(id: i64, message: &Value, me: &Me) -> Option<Message> {
    let marked = Marked::of(message);
    let attachments = attachments(message);
    let location = location(message);
    let text = match in_words(message) {
        Some(words) => words,
        None => marked.to_text(me),
    };
    let is_empty = matches!(&text, Text::Plain(text) if text.is_empty());
    if is_empty && attachments.is_empty() && location.is_none() {
        return None;
    }
    let mut origin = origin(id.to_string(), message, author(message, me))?;
    origin.extra = extra(message);
    Some(Message {
        mention: match origin.conversation.kind {
            ConversationKind::Direct => Mention::Named,
            _ => mention(message, &marked, me),
        },
        origin,
        ids: vec![message.id("message_id")?],
        text,
        quote: quote(message, me),
        forward: forward(message.at("forward_origin")),
        attachments,
        location,
        thread_starter: None,
    })
}

/// What a model may want to know besides.
fn extra(message: &Value) -> Option<String> {
    let bot = message.at("via_bot").text("username");
    let effect = message.text("effect_id");
    let signature = message.text("author_signature");
    let known = json!({"viaBot": bot, "effect": effect, "signature": signature});
    (bot.is_some() || effect.is_some() || signature.is_some()).then(|| known.to_string())
}

/// Whether a message in a group speaks to this account.
fn mention(message: &Value, marked: &Marked<'_>, me: &Me) -> Mention {
    let is_named = marked.entities.iter().any(|entity| match entity.kind {
        "mention" => {
            let handle = marked.words(entity).strip_prefix('@');
            handle.is_some_and(|handle| me.is_called(handle))
        }
        "text_mention" => entity.value.at("user").int("id") == Some(me.id),
        "bot_command" => {
            let handle = marked.words(entity).split_once('@');
            handle.is_some_and(|(_, handle)| me.is_called(handle))
        }
        _ => false,
    });
    if is_named {
        return Mention::Named;
    }
    let replied = answered(message).is_some_and(|answered| answered.at("from").int("id") == Some(me.id));
    match replied {
        true => Mention::Replied,
        false => Mention::None,
    }
}

/// A group that became a supergroup has a new id. The notice in the old group says which; the one in the new group
/// says the same again.
fn relocation(id: i64, message: &Value, me: &Me) -> Option<Relocation> {
    let new = message.id("migrate_to_chat_id")?;
    let mut origin = origin(id.to_string(), message, author(message, me))?;
    let former = std::mem::replace(&mut origin.conversation.address, Address::new(new));
    Some(Relocation { origin, former })
}

fn membership(
    event_id: String,
    message: &Value,
    member: Person,
    change: MembershipChange,
    me: &Me,
) -> Option<InboundEvent> {
    Some(InboundEvent::Membership(Membership {
        origin: origin(event_id, message, author(message, me))?,
        member,
        change,
    }))
}

/// Joins the messages of an album into one: each has one picture, and usually one of them the caption.
pub(crate) fn join(events: Vec<InboundEvent>) -> Vec<InboundEvent> {
    let mut whole: Option<Message> = None;
    let mut others = Vec::new();
    for event in events {
        match (event, &mut whole) {
            (InboundEvent::Message(part), None) => whole = Some(part),
            (InboundEvent::Message(part), Some(whole)) => {
                whole.ids.extend(part.ids);
                whole.attachments.extend(part.attachments);
                if matches!(&whole.text, Text::Plain(text) if text.is_empty()) {
                    whole.text = part.text;
                }
                if matches!(whole.mention, Mention::None) {
                    whole.mention = part.mention;
                }
            }
            (other, _) => others.push(other),
        }
    }
    whole
        .map(InboundEvent::Message)
        .into_iter()
        .chain(others)
        .collect()
}
