//! Telegram, as one of its bots.
//!
//! **Promise.** Every update that Telegram hands out is delivered once: the cursor moves in the transaction that
//! delivers it, and what comes again has the same id. No update ends the account. The token is never seen here; the
//! gate puts it into the path of requests to the one server that the operator chose.
//!
//! **Bound.** An answer of 4 MiB at most, 100 updates in it. A request that is waited for takes 9 seconds at most.

mod api;
mod batch;
mod fetch;
mod inbound;
mod look;
mod menu;
mod probe;
mod render;
mod send;
mod settings;
mod state;
mod target;
mod transport;
mod webhook;

use openclaw_sdk::Error;
use openclaw_sdk::channel::{
    self, ButtonLimits, CapabilitySet, Channel, ChannelSpec, CommandSpec, ConversationKind, Event, Feature,
    LengthUnit, OutboundAction, ProbeReport, Receipt, ReplyMode, Target, TextForm, WebhookRequest,
    WebhookResponse,
};
use openclaw_sdk::media::MediaRef;

use crate::settings::Settings;
use crate::state::State;

/// The longest text of a message, after its formatting is taken off, and the longest caption.
const TEXT_LIMIT: u32 = 4096;
const CAPTION_LIMIT: u32 = 1024;
/// The largest file that a bot may send by way of the public server.
const UPLOAD_LIMIT: u64 = 50 * 1024 * 1024;

struct Telegram;

impl Channel for Telegram {
    type State = State;

    fn describe() -> ChannelSpec {
        ChannelSpec {
            aliases: vec!["tg".to_owned()],
            target_prefixes: vec!["telegram".to_owned(), "tg".to_owned()],
            person_id_label: Some("Telegram user id".to_owned()),
            docs_url: Some("https://docs.openclaw.ai/channels/telegram".to_owned()),
            order: Some(10),
            ..ChannelSpec::new("telegram", "Telegram")
        }
    }

    fn capabilities(_account: &str) -> Result<CapabilitySet, Error> {
        let handle = channel::in_state::<Self, _>(|state| {
            let me = state.me.as_ref().filter(|me| !me.username.is_empty());
            Ok(me.map(|me| format!("@{}", me.username)))
        })?;
        let settings = Settings::load()?;
        Ok(CapabilitySet {
            conversations: vec![
                ConversationKind::Direct,
                ConversationKind::Group,
                ConversationKind::Channel,
            ],
            features: vec![
                Feature::Reply,
                Feature::Threads,
                Feature::Edit,
                Feature::Delete,
                Feature::Reactions,
                Feature::Media,
                Feature::Voice,
                Feature::Typing,
                Feature::Buttons,
                Feature::Drafts,
                Feature::NativeCommands,
                Feature::Mentions,
                Feature::DeferredMedia,
            ],
            text_form: TextForm::Runs,
            caption_limit: Some(CAPTION_LIMIT),
            length_unit: LengthUnit::Utf16Units,
            media_limit: settings.is_public().then_some(UPLOAD_LIMIT),
            media_count: 10,
            mention_texts: handle.into_iter().collect(),
            button_limits: Some(ButtonLimits {
                per_row: Some(8),
                rows: Some(12),
                label: Some(64),
                data_bytes: Some(64),
            }),
            reply_modes: vec![
                ReplyMode::Off,
                ReplyMode::First,
                ReplyMode::All,
                ReplyMode::Batched,
            ],
            ..CapabilitySet::new(TEXT_LIMIT)
        })
    }

    fn handle(state: &mut State, event: Event, _account: &str) -> Result<(), Error> {
        transport::handle(state, event)
    }

    fn send(_state: &State, action: OutboundAction, _account: &str) -> Result<Receipt, Error> {
        send::perform(&Settings::load()?, action)
    }

    fn fetch(_account: &str, handle: &str) -> Result<MediaRef, Error> {
        fetch::fetch(&Settings::load()?, handle)
    }

    fn webhook(state: &mut State, request: WebhookRequest, _account: &str) -> Result<WebhookResponse, Error> {
        webhook::answer(state, &request)
    }

    fn probe(_account: &str) -> Result<ProbeReport, Error> {
        probe::probe(&Settings::load()?)
    }

    fn normalize_target(_account: &str, text: &str) -> Result<Target, Error> {
        target::normalize(text)
    }

    fn register_commands(_account: &str, commands: &[CommandSpec]) -> Result<(), Error> {
        menu::register(&Settings::load()?, commands)
    }
}

openclaw_sdk::channel!(Telegram);
