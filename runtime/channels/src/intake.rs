//! What came in, taken in: seen before, not for us, a code for a stranger, kept for later, or a turn.
//!
//! **Promise.** All of it is written in the transaction that also moves the adapter's cursor, so an event is taken in
//! exactly once, whatever happens to the process. An event is known by its id, a message also by its own, so that
//! what a platform delivers twice is answered once. No message becomes a turn before its sender was judged.
//! **Bound.** The turns that wait, as [`crate::crowd`] says; what is more is recorded and dropped. **Cost.** A few rows
//! for each event.

use openclaw_agent::session::{Peer, room_key, route_key};
use openclaw_agent::{Chat, Origin as From, Request, Route, Sender};
use openclaw_components::channel::origin_of;
use openclaw_state::{Applicant, ChannelRecord, NewOutbound, NewTurn, Pairing, Put, RoomMessage, Tx};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::access::{Direct, Room, RoomFacts};
use crate::adapter::description::ReplyMode;
use crate::adapter::inbound::{InboundEvent, Mention, Message, Origin, Person};
use crate::adapter::shapes::ConversationKind;
use crate::crowd;
use crate::desk::Desk;
use crate::envelope::{self, Around};
use crate::{mention, pairing, text};

/// The most bytes of a run's id that is an event's id as it stands.
const PLAIN_RUN_BYTES: usize = 200;

/// Why a message is dropped that was admitted.
const CROWDED: &str = "too many messages wait for an answer already";

/// What became of an event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Taken {
    /// It is a turn.
    Turn(Began),
    /// Its sender has a code, and something is to leave.
    Code,
    /// It is kept for when the agent is called.
    Kept,
    /// It is only recorded.
    Recorded,
    /// It was taken in before.
    Seen,
    /// It is not taken; why.
    Dropped(&'static str),
}

/// A turn that began with an event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Began {
    pub(crate) run_id: String,
    pub(crate) route: Route,
    /// Whether it is direct or called the agent, so that it is shown at once that an answer is under way.
    pub(crate) is_called: bool,
}

/// Something that speaks to the agent.
struct Spoken<'a> {
    origin: &'a Origin,
    /// Empty for what is no message.
    ids: &'a [String],
    words: String,
    mention: Mention,
    message: Option<&'a Message>,
    kind: &'static str,
}

impl Spoken<'_> {
    /// Whether it reads like a command, whoever gives it.
    fn is_command(&self) -> bool {
        self.words.trim_start().starts_with('/')
    }
}

/// Takes an event in. `is_echo` says whether a message of a
/// conversation is one that this account sent itself.
pub(crate) fn take(
    tx: &Tx<'_>,
    desk: &Desk,
    event: &InboundEvent,
    is_echo: &dyn Fn(&str, &str) -> bool,
) -> openclaw_state::Result<Taken> {
    let origin = origin_of(event);
    if !tx.see(&desk.of, &format!("e:{}", origin.event_id))? {
        return Ok(Taken::Seen);
    }
    let spoken = match event {
        InboundEvent::Message(message) => Spoken {
            origin,
            ids: &message.ids,
            words: text::plain(&message.text),
            mention: message.mention,
            message: Some(message),
            kind: "message",
        },
        InboundEvent::Callback(callback) => Spoken {
            origin,
            ids: &[],
            words: match &callback.values {
                Some(values) => format!("{} {values}", callback.data),
                None => callback.data.clone(),
            },
            mention: Mention::Named,
            message: None,
            kind: "button",
        },
        InboundEvent::Command(command) => Spoken {
            origin,
            ids: &[],
            words: format!("/{} {}", command.name, command.arguments)
                .trim_end()
                .to_owned(),
            mention: Mention::Named,
            message: None,
            kind: "command",
        },
        InboundEvent::Moved(moved) => {
            tx.move_conversation(&desk.of, &moved.former.to, &origin.conversation.address.to)?;
            return record(tx, desk, event);
        }
        InboundEvent::Edited(_)
        | InboundEvent::Deleted(_)
        | InboundEvent::Reaction(_)
        | InboundEvent::Membership(_)
        | InboundEvent::PollVote(_)
        | InboundEvent::Receipt(_)
        | InboundEvent::Other(_) => return record(tx, desk, event),
    };
    let to = &origin.conversation.address.to;
    if origin.sender.as_ref().is_some_and(|sender| sender.is_self)
        || spoken.ids.iter().any(|id| is_echo(to, id))
    {
        return Ok(Taken::Dropped("it is this account's own"));
    }
    if !is_fresh(tx, desk, &spoken)? {
        return Ok(Taken::Seen);
    }
    match origin.conversation.kind {
        ConversationKind::Direct => take_direct(tx, desk, &spoken),
        ConversationKind::Group | ConversationKind::Channel | ConversationKind::Other => {
            take_in_room(tx, desk, &spoken)
        }
    }
}

/// A message whose ids were all taken in under another event is the same message.
fn is_fresh(tx: &Tx<'_>, desk: &Desk, spoken: &Spoken<'_>) -> openclaw_state::Result<bool> {
    let address = &spoken.origin.conversation.address;
    let mut fresh = spoken.ids.is_empty();
    for id in spoken.ids {
        fresh |= tx.see(&desk.of, &format!("m:{}:{id}", address.to))?;
    }
    Ok(fresh)
}

fn take_direct(tx: &Tx<'_>, desk: &Desk, spoken: &Spoken<'_>) -> openclaw_state::Result<Taken> {
    let sender = spoken.origin.sender.as_ref();
    if sender.is_some_and(|sender| sender.is_bot) && !desk.rules.hears_bot(&[], true) {
        return Ok(Taken::Dropped("its sender is a program"));
    }
    let is_paired = is_paired(tx, desk, sender)?;
    match desk.rules.direct(sender, is_paired) {
        Direct::Drop(why) => Ok(Taken::Dropped(why)),
        Direct::Pair => match sender {
            Some(sender) => give_code(tx, desk, spoken.origin, sender),
            None => Ok(Taken::Dropped("nobody says who wrote it")),
        },
        Direct::Admit => {
            let session = &desk.config.config.session;
            let peer = Peer {
                channel: desk.of.channel(),
                account: desk.of.account(),
                id: sender.map_or("", |sender| sender.id.as_str()),
            };
            let Ok(key) = route_key(session, None, &desk.agent, peer) else {
                return Ok(Taken::Dropped("the id of its sender makes no session key"));
            };
            let may_command = desk.rules.may_command(sender, is_paired);
            if crowd::is_full(tx, &desk.of, key.as_str(), may_command && spoken.is_command())? {
                return turn_away(tx, desk, spoken);
            }
            let around = Around {
                channel: desk.of.channel(),
                account: desk.of.account(),
                is_direct: true,
                was_called: true,
                shows_quote: true,
                before: &[],
            };
            let prompt = desk.rules.chat_prompt(sender);
            begin(
                tx,
                desk,
                spoken,
                &around,
                (key.to_string(), Chat::Direct, may_command, prompt),
            )
        }
    }
}

fn is_paired(tx: &Tx<'_>, desk: &Desk, sender: Option<&Person>) -> openclaw_state::Result<bool> {
    let Some(sender) = sender else {
        return Ok(false);
    };
    for id in std::iter::once(&sender.id).chain(&sender.other_ids) {
        if tx.is_paired(&desk.of, &crate::access::normalise(id, &[]))? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn give_code(tx: &Tx<'_>, desk: &Desk, origin: &Origin, sender: &Person) -> openclaw_state::Result<Taken> {
    let Some(label) = &desk.spec.person_id_label else {
        return Ok(Taken::Dropped("this channel has no codes for strangers"));
    };
    // Drawn before the transaction asks: what it asks for may be none at all.
    if pairing::code().is_none() {
        return Ok(Taken::Dropped("no code can be drawn"));
    }
    let applicant = Applicant {
        sender: crate::access::normalise(&sender.id, &[]),
        name: sender.name.clone().or_else(|| sender.username.clone()),
        reply_to: origin.conversation.address.to.clone(),
    };
    let draw = || pairing::code().unwrap_or_default();
    match tx.request_pairing(&desk.of, &applicant, pairing::RULES, draw)? {
        Pairing::Fresh(code) if code.len() == pairing::LENGTH => {
            let told = pairing::told(desk.of.channel(), label, &sender.id, &code);
            tx.outbox_put(&NewOutbound {
                channel: desk.of.channel().to_owned(),
                account: desk.of.account().to_owned(),
                to: applicant.reply_to,
                thread: origin.conversation.address.thread.clone(),
                reply_to: None,
                in_answer_to: origin.reply_handle.clone(),
                kind: "pairing".to_owned(),
                body: json!({ "text": told }).to_string(),
                key: format!("{}:pairing:{}:{code}", desk.of, applicant.sender),
                session_key: None,
                run_id: None,
            })?;
            Ok(Taken::Code)
        }
        Pairing::Fresh(_) => Ok(Taken::Dropped("no code can be drawn")),
        Pairing::Known => Ok(Taken::Dropped("its sender has a code")),
        Pairing::Full => Ok(Taken::Dropped("too many strangers wait already")),
    }
}

fn take_in_room(tx: &Tx<'_>, desk: &Desk, spoken: &Spoken<'_>) -> openclaw_state::Result<Taken> {
    let origin = spoken.origin;
    let address = &origin.conversation.address;
    let kept = tx.kept_address(&desk.of, &address.to)?;
    let room = kept.as_deref().unwrap_or(&address.to);
    let ids = [address.to.as_str(), room];
    let sender = origin.sender.as_ref();
    let may_command = desk.rules.may_command(sender, false);
    let is_matched = desk.patterns.find(room, &spoken.words);
    let facts = RoomFacts {
        ids,
        thread: address.thread.as_deref(),
        sender,
        mention: spoken.mention,
        is_matched,
        is_command: may_command && spoken.is_command(),
    };
    let verdict = desk.rules.room(&facts);
    let is_called = is_matched
        || matches!(
            spoken.mention,
            Mention::Named | Mention::Replied | Mention::Thread
        );
    if sender.is_some_and(|sender| sender.is_bot) && !desk.rules.hears_bot(&ids, is_called) {
        return Ok(Taken::Dropped("its sender is a program"));
    }
    let conversation = format!("{room}\n{}", address.thread.as_deref().unwrap_or_default());
    match verdict {
        Room::Drop(why) => Ok(Taken::Dropped(why)),
        Room::Pass => {
            let limit = desk.rules.history_limit();
            if limit > 0 {
                let said = RoomMessage {
                    sender: envelope::label(sender),
                    body: spoken.words.clone(),
                    at_ms: i64::try_from(origin.time).unwrap_or(i64::MAX),
                };
                tx.put_room_message(&desk.of, &conversation, &said, limit)?;
            }
            Ok(Taken::Kept)
        }
        Room::Admit => {
            let chat = match origin.conversation.kind {
                ConversationKind::Channel => Chat::Channel,
                ConversationKind::Direct | ConversationKind::Group | ConversationKind::Other => Chat::Group,
            };
            let thread = address.thread.as_deref();
            // Telegram's topics are part of the group; elsewhere a thread is a conversation below it.
            let (topic, thread) = match desk.of.channel() {
                "telegram" => (thread, None),
                _ => (None, thread),
            };
            let session = &desk.config.config.session;
            let channel = desk.of.channel();
            let Ok(key) = room_key(session, &desk.agent, channel, chat, room, topic, thread) else {
                return Ok(Taken::Dropped("the id of this group makes no session key"));
            };
            if crowd::is_full(tx, &desk.of, key.as_str(), facts.is_command)? {
                return turn_away(tx, desk, spoken);
            }
            let before = tx.take_room_messages(&desk.of, &conversation)?;
            let around = Around {
                channel,
                account: desk.of.account(),
                is_direct: false,
                was_called: is_called,
                shows_quote: desk.rules.shows_quote(spoken.message),
                before: &before,
            };
            let prompt = desk.rules.room_prompt(&ids, address.thread.as_deref());
            begin(
                tx,
                desk,
                spoken,
                &around,
                (key.to_string(), chat, may_command, prompt),
            )
        }
    }
}

/// Records what nobody has the time for.
fn turn_away(tx: &Tx<'_>, desk: &Desk, spoken: &Spoken<'_>) -> openclaw_state::Result<Taken> {
    let origin = spoken.origin;
    let sender = origin.sender.as_ref().map(|sender| sender.id.as_str());
    tx.record_inbound(
        &desk.of,
        &ChannelRecord {
            conversation: origin.conversation.address.to.clone(),
            kind: "dropped".to_owned(),
            detail: json!({ "sender": sender, "what": { "ids": spoken.ids, "why": CROWDED } }).to_string(),
            at_ms: i64::try_from(origin.time).unwrap_or(i64::MAX),
        },
    )?;
    Ok(Taken::Dropped(CROWDED))
}

/// Makes a turn of it.
fn begin(
    tx: &Tx<'_>,
    desk: &Desk,
    spoken: &Spoken<'_>,
    around: &Around<'_>,
    (session_key, chat, may_command, extra_system_prompt): (String, Chat, bool, Option<String>),
) -> openclaw_state::Result<Taken> {
    let origin = spoken.origin;
    let words = mention::strip(&spoken.words, &desk.can.mention_texts);
    if words.is_empty()
        && spoken
            .message
            .is_none_or(|message| message.attachments.is_empty() && message.location.is_none())
    {
        return Ok(Taken::Dropped("it says nothing"));
    }
    let prompt = match spoken.message {
        Some(message) => envelope::of_message(message, &words, around),
        None => envelope::of_other(origin, spoken.kind, &words, around),
    };
    let address = &origin.conversation.address;
    let route = Route {
        channel: desk.of.channel().to_owned(),
        account: desk.of.account().to_owned(),
        to: address.to.clone(),
        thread: address.thread.clone(),
        reply_to: match desk.reply_mode() {
            ReplyMode::First | ReplyMode::All => spoken.ids.last().cloned(),
            ReplyMode::Off | ReplyMode::Batched | ReplyMode::Other => None,
        },
        reply_handle: origin.reply_handle.clone(),
    };
    let sender = origin.sender.as_ref().map(|sender| Sender {
        channel: desk.of.channel().to_owned(),
        account: desk.of.account().to_owned(),
        id: sender.id.clone(),
        other_ids: sender.other_ids.clone(),
        username: sender.username.clone(),
        name: sender.name.clone(),
        is_owner: desk.rules.is_owner(Some(sender)),
        may_command,
    });
    let request = Request {
        message: words,
        prompt: Some(prompt),
        // Without a sender it is nobody's, and not the owner's.
        sender: Some(sender.unwrap_or_else(|| Sender {
            channel: desk.of.channel().to_owned(),
            account: desk.of.account().to_owned(),
            ..Sender::default()
        })),
        route: Some(route.clone()),
        origin: From::Channel,
        chat,
        extra_system_prompt,
        ..Request::default()
    };
    let Ok(request) = serde_json::to_string(&request) else {
        return Ok(Taken::Dropped("it cannot be written down"));
    };
    let run_id = run_id(&desk.of, &origin.event_id);
    let put = tx.turn_put(&NewTurn {
        run_id: run_id.clone(),
        session_key,
        agent_id: desk.agent.clone(),
        request,
        received_ms: tx.now_ms(),
    })?;
    Ok(match put {
        Put::Known(_) => Taken::Seen,
        Put::Fresh => Taken::Turn(Began {
            run_id,
            route,
            is_called: around.is_direct || around.was_called,
        }),
    })
}

/// The id of the run that an event begins. It begins with [`run_prefix`].
fn run_id(of: &openclaw_state::ChannelAccount, event: &str) -> String {
    let prefix = run_prefix(of);
    let is_plain = prefix.len() + event.len() <= PLAIN_RUN_BYTES && !event.chars().any(char::is_control);
    match is_plain {
        true => format!("{prefix}{event}"),
        false => {
            let digest = Sha256::digest(event.as_bytes());
            let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{prefix}sha256:{hex}")
        }
    }
}

/// How the ids of an account's runs begin.
pub(crate) fn run_prefix(of: &openclaw_state::ChannelAccount) -> String {
    format!("{}:{}:", of.channel(), of.account())
}

/// Keeps what is no turn, for people to look at.
fn record(tx: &Tx<'_>, desk: &Desk, event: &InboundEvent) -> openclaw_state::Result<Taken> {
    let origin = origin_of(event);
    let (kind, about) = match event {
        InboundEvent::Message(_) => ("message", json!({})),
        InboundEvent::Edited(message) => (
            "edited",
            json!({ "ids": message.ids, "text": text::plain(&message.text) }),
        ),
        InboundEvent::Deleted(deletion) => ("deleted", json!({ "ids": deletion.ids })),
        InboundEvent::Reaction(reaction) => (
            "reaction",
            json!({ "id": reaction.message_id, "emoji": reaction.emoji, "removed": reaction.is_removed }),
        ),
        InboundEvent::Callback(_) => ("callback", json!({})),
        InboundEvent::Command(_) => ("command", json!({})),
        InboundEvent::Membership(membership) => (
            "membership",
            json!({ "member": membership.member.id, "change": membership.change }),
        ),
        InboundEvent::PollVote(vote) => (
            "poll-vote",
            json!({ "poll": vote.poll_id, "choices": vote.choices }),
        ),
        InboundEvent::Receipt(receipt) => ("receipt", json!({ "ids": receipt.ids, "state": receipt.state })),
        InboundEvent::Moved(moved) => ("moved", json!({ "former": moved.former.to })),
        InboundEvent::Other(other) => ("other", json!({ "name": other.name })),
    };
    let sender = origin.sender.as_ref().map(|sender| sender.id.as_str());
    tx.record_inbound(
        &desk.of,
        &ChannelRecord {
            conversation: origin.conversation.address.to.clone(),
            kind: kind.to_owned(),
            detail: json!({ "sender": sender, "what": about }).to_string(),
            at_ms: i64::try_from(origin.time).unwrap_or(i64::MAX),
        },
    )?;
    Ok(Taken::Recorded)
}
