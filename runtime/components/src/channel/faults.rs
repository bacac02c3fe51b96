//! What an event must be so that the host can take it in, and where its parts are.

use openclaw_policy::display_safe;
use serde::de::IgnoredAny;

use super::InboundEvent;
use super::bounds::{ID_BYTES, TEXT_BYTES};
use super::inbound::{Attachment, Location, Message, Origin, Person, Quote};
use super::shapes::{Style, Text};

/// The most of anything that an event lists.
const MAX_LISTED: usize = 1000;

/// What every event has.
pub fn origin_of(event: &InboundEvent) -> &Origin {
    match event {
        InboundEvent::Message(event) | InboundEvent::Edited(event) => &event.origin,
        InboundEvent::Deleted(event) => &event.origin,
        InboundEvent::Reaction(event) => &event.origin,
        InboundEvent::Callback(event) => &event.origin,
        InboundEvent::Command(event) => &event.origin,
        InboundEvent::Membership(event) => &event.origin,
        InboundEvent::PollVote(event) => &event.origin,
        InboundEvent::Receipt(event) => &event.origin,
        InboundEvent::Moved(event) => &event.origin,
        InboundEvent::Other(event) => &event.origin,
    }
}

/// All that is attached to an event, to what it quotes, and to what its thread began with.
pub(crate) fn attachments_of(event: &mut InboundEvent) -> Vec<&mut Attachment> {
    match event {
        InboundEvent::Message(message) | InboundEvent::Edited(message) => {
            let quotes = message.quote.iter_mut().chain(&mut message.thread_starter);
            let quoted = quotes.flat_map(|quote| &mut quote.attachments);
            message.attachments.iter_mut().chain(quoted).collect()
        }
        _ => Vec::new(),
    }
}

/// What is wrong with an event, if anything is.
pub(crate) fn find_fault(event: &InboundEvent) -> Option<String> {
    let mut check = Check(None);
    check.origin(origin_of(event));
    match event {
        InboundEvent::Message(message) | InboundEvent::Edited(message) => check.message(message),
        InboundEvent::Deleted(deletion) => check.ids("the ids of what was deleted", &deletion.ids),
        InboundEvent::Reaction(reaction) => {
            check.id("the id of the message", &reaction.message_id);
            check.id("the reaction", &reaction.emoji);
            check.people(reaction.author.iter());
        }
        InboundEvent::Callback(callback) => {
            check.id("the id of the press", &callback.id);
            check.maybe_id("the id of the message", callback.message_id.as_ref());
            check.text("the data of the button", &callback.data);
            check.json("the values", callback.values.as_ref());
        }
        InboundEvent::Command(command) => {
            check.id("the id of the invocation", &command.id);
            check.name("the name of the command", &command.name);
            check.text("the arguments", &command.arguments);
            check.json("the options", command.options.as_ref());
        }
        InboundEvent::Membership(membership) => check.people([&membership.member]),
        InboundEvent::PollVote(vote) => check.id("the id of the poll", &vote.poll_id),
        InboundEvent::Receipt(receipt) => check.ids("the ids of the messages", &receipt.ids),
        InboundEvent::Moved(moved) => check.name("the former address", &moved.former.to),
        InboundEvent::Other(other) => {
            check.name("the name of the event", &other.name);
            check.json("the data", Some(&other.data));
        }
    }
    check.0
}

/// Looks at parts until one is wrong.
struct Check(Option<String>);

impl Check {
    fn fault(&mut self, fault: String) {
        self.0.get_or_insert(fault);
    }

    fn id(&mut self, what: &str, id: &str) {
        if id.is_empty() || id.len() > ID_BYTES {
            self.fault(format!("{what} must have 1 to {ID_BYTES} bytes"));
        }
    }

    /// An id that is shown to people, and that names a conversation where those are kept, a line each.
    fn name(&mut self, what: &str, name: &str) {
        self.id(what, name);
        if name.chars().any(char::is_control) {
            self.fault(format!("{what} must have no control characters"));
        }
    }

    fn maybe_id(&mut self, what: &str, id: Option<&String>) {
        if let Some(id) = id {
            self.id(what, id);
        }
    }

    fn ids(&mut self, what: &str, ids: &[String]) {
        if ids.is_empty() || ids.len() > MAX_LISTED {
            self.fault(format!("there must be 1 to {MAX_LISTED} of {what}"));
        }
        ids.iter().for_each(|id| self.id(what, id));
    }

    fn text(&mut self, what: &str, text: &str) {
        if text.len() > TEXT_BYTES {
            self.fault(format!("{what} may have {TEXT_BYTES} bytes at most"));
        }
    }

    fn maybe_text(&mut self, what: &str, text: Option<&String>) {
        if let Some(text) = text {
            self.text(what, text);
        }
    }

    fn json(&mut self, what: &str, json: Option<&String>) {
        let Some(json) = json else {
            return;
        };
        self.text(what, json);
        if let Err(error) = serde_json::from_str::<IgnoredAny>(json) {
            self.fault(format!(
                "{what} must be JSON: {}",
                display_safe(&error.to_string(), 200)
            ));
        }
    }

    fn people<'p>(&mut self, people: impl IntoIterator<Item = &'p Person>) {
        for person in people {
            self.name("the id of a person", &person.id);
            for other in &person.other_ids {
                self.name("another id of a person", other);
            }
            if person.other_ids.len() > MAX_LISTED || person.roles.len() > MAX_LISTED {
                self.fault(format!("a person may have {MAX_LISTED} ids and roles at most"));
            }
            let names = [&person.name, &person.username, &person.phone];
            for name in names.into_iter().flatten() {
                self.text("a name of a person", name);
            }
        }
    }

    fn origin(&mut self, origin: &Origin) {
        self.id("the id of the event", &origin.event_id);
        let conversation = &origin.conversation;
        self.name("the address of the conversation", &conversation.address.to);
        if let Some(thread) = &conversation.address.thread {
            self.name("the thread", thread);
        }
        for title in [
            &conversation.title,
            &conversation.thread_title,
            &conversation.space,
            &conversation.space_title,
        ] {
            self.maybe_text("a title", title.as_ref());
        }
        self.people(origin.sender.iter());
        self.maybe_text("the reply handle", origin.reply_handle.as_ref());
        self.json("the extra facts", origin.extra.as_ref());
    }

    fn message(&mut self, message: &Message) {
        self.ids("the ids of the message", &message.ids);
        self.words(&message.text);
        self.attachments(&message.attachments);
        for quote in message.quote.iter().chain(&message.thread_starter) {
            self.quote(quote);
        }
        if let Some(forward) = &message.forward {
            self.people(forward.sender.iter());
            self.maybe_text("the source of a forward", forward.source.as_ref());
        }
        if let Some(location) = &message.location {
            self.location(location);
        }
    }

    fn quote(&mut self, quote: &Quote) {
        self.id("the id of what is quoted", &quote.message_id);
        self.people(quote.sender.iter());
        if let Some(text) = &quote.text {
            self.words(text);
        }
        self.attachments(&quote.attachments);
    }

    fn attachments(&mut self, attachments: &[Attachment]) {
        if attachments.len() > MAX_LISTED {
            self.fault(format!("there may be {MAX_LISTED} attachments at most"));
        }
        for attachment in attachments {
            self.maybe_id("the message of an attachment", attachment.message_id.as_ref());
            self.maybe_text(
                "the description of an attachment",
                attachment.description.as_ref(),
            );
            self.json("what is known of an attachment", attachment.info.extra.as_ref());
        }
    }

    fn location(&mut self, location: &Location) {
        let is_place = (-90.0..=90.0).contains(&location.latitude)
            && (-180.0..=180.0).contains(&location.longitude)
            && location
                .accuracy
                .is_none_or(|accuracy| accuracy.is_finite() && accuracy >= 0.0);
        if !is_place {
            self.fault("a location must be a place on earth".to_owned());
        }
        self.maybe_text("the name of a place", location.name.as_ref());
        self.maybe_text("the address of a place", location.address.as_ref());
    }

    fn words(&mut self, text: &Text) {
        match text {
            Text::Plain(text) | Text::Markdown(text) | Text::Other(text) => self.text("the text", text),
            Text::Runs(runs) => {
                let styles = runs.iter().flat_map(|run| &run.styles);
                let named = styles.map(|style| match style {
                    Style::CodeBlock(name)
                    | Style::Link(name)
                    | Style::Mention(name)
                    | Style::Emoji(name)
                    | Style::Other(name) => name.len(),
                    _ => 0,
                });
                let bytes = runs.iter().map(|run| run.text.len()).chain(named).sum::<usize>();
                if bytes > TEXT_BYTES {
                    self.fault(format!("the text may have {TEXT_BYTES} bytes at most"));
                }
            }
        }
    }
}
