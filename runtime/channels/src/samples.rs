//! What tests hand in: messages and the people and places in them.

use crate::adapter::Text;
use crate::adapter::inbound::{Conversation, Mention, Message, Origin, Person};
use crate::adapter::shapes::{Address, ConversationKind};

pub(crate) fn person(id: &str) -> Person {
    Person {
        id: id.to_owned(),
        other_ids: Vec::new(),
        name: Some("Ann".to_owned()),
        username: None,
        phone: None,
        is_bot: false,
        is_self: false,
        roles: Vec::new(),
    }
}

pub(crate) fn origin(event: &str, sender: &str) -> Origin {
    Origin {
        event_id: event.to_owned(),
        time: 1000,
        conversation: Conversation {
            address: Address {
                to: sender.to_owned(),
                thread: None,
            },
            kind: ConversationKind::Direct,
            title: None,
            thread_title: None,
            space: None,
            space_title: None,
            members: None,
        },
        sender: Some(person(sender)),
        reply_handle: None,
        extra: None,
    }
}

/// A direct message.
pub(crate) fn message(event: &str, sender: &str, text: &str) -> Message {
    Message {
        origin: origin(event, sender),
        ids: vec![format!("m{event}")],
        text: Text::Plain(text.to_owned()),
        mention: Mention::None,
        quote: None,
        forward: None,
        attachments: Vec::new(),
        location: None,
        thread_starter: None,
    }
}

/// A message in a group.
pub(crate) fn in_group(event: &str, group: &str, sender: &str, text: &str) -> Message {
    let mut message = message(event, sender, text);
    message.origin.conversation.address.to = group.to_owned();
    message.origin.conversation.kind = ConversationKind::Group;
    message
}
