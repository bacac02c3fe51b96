//! What surrounds a message: what it answers, where it was forwarded from, a place that it shares, and words for what
//! has no shape of its own.

use openclaw_sdk::channel::{Forward, Location, Quote, Text};
use serde_json::Value;

use super::Me;
use super::attachment::attachments;
use super::entity::Marked;
use super::people::{author, chat_as_person, milliseconds, user};
use crate::look::Look;

/// The message that another one answers, if a person would say so: a forum has every message of a topic answer the
/// one that opened it.
pub(super) fn answered(message: &Value) -> Option<&Value> {
    let answered = message.object("reply_to_message")?;
    let opens_topic = answered.object("forum_topic_created").is_some()
        || (message.flag("is_topic_message")
            && answered.int("message_id") == message.int("message_thread_id"));
    (!opens_topic).then_some(answered)
}

/// What a message answers or quotes.
pub(super) fn quote(message: &Value, me: &Me) -> Option<Quote> {
    let excerpt = message.object("quote").and_then(|quote| {
        let text = quote.text("text")?;
        Some(Marked::new(text, quote.list("entities")).to_text(&Me::default()))
    });
    if let Some(answered) = answered(message) {
        let whole = Marked::of(answered);
        let is_excerpt = excerpt.is_some();
        let text = (!whole.text.is_empty()).then(|| whole.to_text(&Me::default()));
        return Some(Quote {
            message_id: answered.id("message_id")?,
            sender: author(answered, me),
            text: excerpt.or(text),
            is_excerpt,
            attachments: attachments(answered),
        });
    }
    let external = message.object("external_reply")?;
    Some(Quote {
        message_id: external.id("message_id").unwrap_or_default(),
        sender: forward(external.at("origin")).and_then(|origin| origin.sender),
        is_excerpt: excerpt.is_some(),
        text: excerpt,
        attachments: attachments(external),
    })
}

/// From where a message comes, as `forward_origin` and the origin of an outside reply tell.
pub(super) fn forward(origin: &Value) -> Option<Forward> {
    let chat = origin.object("sender_chat").or_else(|| origin.object("chat"));
    let title = chat.and_then(|chat| chat.text("title"));
    let source = match (title, origin.text("author_signature")) {
        (Some(title), Some(author)) => Some(format!("{title} ({author})")),
        (Some(title), None) => Some(title.to_owned()),
        (None, _) => origin.text("sender_user_name").map(str::to_owned),
    };
    origin.text("type")?;
    Some(Forward {
        sender: match origin.object("sender_user") {
            Some(sender) => user(sender, None),
            None => chat.and_then(chat_as_person),
        },
        source,
        time: origin.int("date").map(milliseconds),
    })
}

/// A place that a message shares.
pub(super) fn location(message: &Value) -> Option<Location> {
    let venue = message.object("venue");
    let place = venue
        .and_then(|venue| venue.object("location"))
        .or_else(|| message.object("location"))?;
    let named = |name| venue.and_then(|venue| venue.text(name)).map(str::to_owned);
    Some(Location {
        latitude: place.at("latitude").as_f64()?,
        longitude: place.at("longitude").as_f64()?,
        accuracy: place.at("horizontal_accuracy").as_f64(),
        name: named("title"),
        address: named("address"),
        live_for: place.int("live_period").map(milliseconds),
    })
}

/// Words for what a message holds instead of a text.
pub(super) fn in_words(message: &Value) -> Option<Text> {
    let words = if let Some(contact) = message.object("contact") {
        let parts = ["first_name", "last_name", "phone_number"];
        let parts = parts.iter().filter_map(|part| contact.text(part));
        format!("Contact: {}", parts.collect::<Vec<_>>().join(" "))
    } else if let Some(poll) = message.object("poll") {
        let options = poll
            .list("options")
            .iter()
            .filter_map(|option| option.text("text"));
        let options = options.map(|option| format!("\n- {option}"));
        format!("Poll: {}{}", poll.text("question")?, options.collect::<String>())
    } else if let Some(dice) = message.object("dice") {
        format!("{} {}", dice.text("emoji")?, dice.int("value")?)
    } else if let Some(game) = message.object("game") {
        format!("Game: {}", game.text("title")?)
    } else {
        return None;
    };
    Some(Text::Plain(words))
}
