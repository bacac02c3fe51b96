//! Events that a test reads.

use crate::bindings::openclaw::http::types::Header;
use crate::bindings::openclaw::media::types::{MediaInfo, MediaKind};
use crate::bindings::openclaw::messaging::delivery::deliver;
use crate::bindings::openclaw::messaging::inbound::{
    Attachment, AttachmentSource, Conversation, InboundEvent, Mention, Message, Origin, OtherEvent, Person,
    RemoteMedia,
};
use crate::bindings::openclaw::messaging::types::{Address, ConversationKind, Text};
use crate::bindings::openclaw::types::errors::Error;
use crate::steps::Claim;

fn origin(id: &str, handle: Option<String>) -> Origin {
    Origin {
        event_id: id.to_owned(),
        time: 1,
        conversation: Conversation {
            address: Address {
                to: "ann".to_owned(),
                thread: None,
            },
            kind: ConversationKind::Direct,
            title: None,
            thread_title: None,
            space: None,
            space_title: None,
            members: None,
        },
        sender: Some(Person {
            id: "ann".to_owned(),
            other_ids: Vec::new(),
            name: Some("Ann".to_owned()),
            username: None,
            phone: None,
            is_bot: false,
            is_self: false,
            roles: Vec::new(),
        }),
        reply_handle: handle,
        extra: None,
    }
}

/// Tells a test of something.
pub(crate) fn tell(name: &str, data: &serde_json::Value) -> Result<(), Error> {
    deliver(&[InboundEvent::Other(OtherEvent {
        origin: origin(name, None),
        name: name.to_owned(),
        data: data.to_string(),
    })])
}

/// A message, so many times, with what may be attached.
pub(crate) fn message(
    id: &str,
    text: &str,
    (handle, remote, deferred): (Option<String>, Option<String>, Option<String>),
    media: Option<String>,
) -> InboundEvent {
    let info = MediaInfo {
        kind: MediaKind::Image,
        content_type: None,
        file_name: None,
        duration: None,
        width: None,
        height: None,
        extra: None,
    };
    let remote = remote.map(|url| {
        AttachmentSource::Remote(RemoteMedia {
            headers: vec![Header {
                name: "x-from".to_owned(),
                value: "parrot".to_owned(),
            }],
            url,
        })
    });
    let kept = deferred
        .map(AttachmentSource::Deferred)
        .into_iter()
        .chain(media.map(AttachmentSource::Media));
    let sources = remote.into_iter().chain(kept);
    InboundEvent::Message(Message {
        origin: origin(id, handle),
        ids: vec![id.to_owned()],
        text: Text::Plain(text.to_owned()),
        mention: Mention::Named,
        quote: None,
        forward: None,
        attachments: sources
            .map(|source| Attachment {
                source,
                info: info.clone(),
                size: None,
                message_id: None,
                description: None,
            })
            .collect(),
        location: None,
        thread_starter: None,
    })
}

/// Has a message come from elsewhere.
pub(crate) fn pretend(event: &mut InboundEvent, claim: Claim) {
    let InboundEvent::Message(message) = event else {
        return;
    };
    let conversation = &mut message.origin.conversation;
    conversation.address.to = claim.to;
    conversation.address.thread = claim.thread;
    if claim.group {
        conversation.kind = ConversationKind::Group;
    }
    if let Some(sender) = &mut message.origin.sender {
        sender.id = claim.from;
        sender.other_ids = claim.also;
    }
}
