//! A channel adapter as a type, and what the macro needs to make a component of it.
//!
//! ```no_run
//! use openclaw_sdk::channel::{
//!     self, Channel, ChannelSpec, CapabilitySet, Event, Happening, OutboundAction, Receipt,
//! };
//! use openclaw_sdk::{Error, http};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Default, Deserialize, Serialize)]
//! struct State {
//!     polls: u64,
//! }
//!
//! struct Example;
//!
//! impl Channel for Example {
//!     type State = State;
//!
//!     fn describe() -> ChannelSpec {
//!         ChannelSpec::new("example", "Example")
//!     }
//!
//!     fn capabilities(_account: &str) -> Result<CapabilitySet, Error> {
//!         Ok(CapabilitySet::new(4000))
//!     }
//!
//!     fn handle(state: &mut State, event: Event, _account: &str) -> Result<(), Error> {
//!         match event.what {
//!             Happening::Started(_) | Happening::Timer(_) => {
//!                 http::get("https://chat.example.com/poll").start("poll")
//!             }
//!             Happening::HttpDone { .. } => {
//!                 state.polls += 1;
//!                 channel::timers::set_after("poll", std::time::Duration::from_secs(5))
//!             }
//!             _ => Ok(()),
//!         }
//!     }
//!
//!     fn send(_state: &State, _action: OutboundAction, _account: &str) -> Result<Receipt, Error> {
//!         Err(channel::unsupported("sending"))
//!     }
//!
//!     fn normalize_target(_account: &str, text: &str) -> Result<channel::Target, Error> {
//!         Ok(channel::Target {
//!             address: channel::Address::new(text),
//!             kind: channel::ConversationKind::Direct,
//!             id: text.to_owned(),
//!             name: None,
//!         })
//!     }
//! }
//!
//! openclaw_sdk::channel!(Example);
//! # fn main() {}
//! ```
//!
//! **Promise.** The state is loaded once for each batch of events and saved if it changed, and only if every event of
//! the batch was dealt with; the host puts it into one transaction with everything else the batch did. A state that
//! cannot be read, because another version wrote it, is an empty one, and the log says so.
//!
//! **Bound.** The host's: how large a state may be, how many messages, timers and requests one call may leave. The
//! state is JSON, written whole each time it changes, so keep it small and use [`kv`](crate::kv) for what grows.

pub mod cursors;
mod describe;
mod event;
pub mod health;
mod inbound;
mod lane;
pub mod timers;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use crate::bindings::channel::openclaw as wit;
pub use crate::bindings::channel::openclaw::channel::accounts::{
    CommandOption, CommandSpec, DirectoryPage, DirectoryQuery, DirectoryScope, LoginPending, LoginPrompt,
    LoginState, OptionKind, ProbeReport, Resolution, Target, WebhookRequest, WebhookResponse,
};
pub use crate::bindings::channel::openclaw::channel::description::{
    ActionSpec, BlockJoining, ButtonLimits, CapabilitySet, ChannelSpec, Feature, LengthUnit, PollLimits,
    ReplyMode,
};
pub use crate::bindings::channel::openclaw::channel::events::StartReason;
pub use crate::bindings::channel::openclaw::messaging::inbound::{
    Attachment, AttachmentSource, Callback, Command, Conversation, Deletion, DeliveryReceipt, DeliveryState,
    Forward, InboundEvent, Location, Membership, MembershipChange, Mention, Message, Origin, OtherEvent,
    Person, PollVote, Quote, Reaction, Relocation, RemoteMedia,
};
pub use crate::wit::messaging::outbound::{
    Action, Ballot, Delete, DraftUpdate, Edit, MarkRead, OutboundAction, OutgoingMedia, OutgoingMessage, Pin,
    Poll, PollClosing, React, SendHint, Typing,
};
pub use crate::wit::messaging::types::{
    Address, Button, ButtonAction, ButtonStyle, ConversationKind, Receipt, Run, Style, Text, TextForm,
};
pub use event::{Event, Happening};
pub use inbound::{deliver, deliver_each};
pub use lane::{handle, in_state, webhook};

use crate::media::MediaRef;
use crate::wit::types::errors::{Error, ErrorCode};

/// A channel adapter: a translator between a platform and the gateway. It owns no connection, no time and no memory:
/// an instance may be new every time, and what it has to remember is its [`State`](Self::State).
pub trait Channel {
    /// What it remembers of an account. It never holds a secret's placeholder; the host refuses that.
    type State: Default + DeserializeOwned + Serialize;

    /// What it is. The same every time, because it is asked before anything was granted.
    fn describe() -> ChannelSpec;

    /// What an account can do, with its present configuration.
    ///
    /// # Errors
    /// If the configuration cannot be read.
    fn capabilities(account: &str) -> Result<CapabilitySet, Error>;

    /// Deals with one thing that happened.
    ///
    /// # Errors
    /// Only for what may work later: then nothing of the batch counts and it is tried again. What an adapter cannot
    /// understand it skips, with a line in the log.
    fn handle(state: &mut Self::State, event: Event, account: &str) -> Result<(), Error>;

    /// Does something on the platform. The state is as it was saved last.
    ///
    /// # Errors
    /// With the right [`sent`](crate::Sent): what is `No` may be tried again, what is `Unknown` never is.
    fn send(state: &Self::State, action: OutboundAction, account: &str) -> Result<Receipt, Error>;

    /// Gets media that an attachment deferred, by its handle.
    ///
    /// # Errors
    /// With [`NotFound`](ErrorCode::NotFound) if the platform has it no more.
    fn fetch(_account: &str, _handle: &str) -> Result<MediaRef, Error> {
        Err(unsupported("media to get later"))
    }

    /// Answers a request to the account's webhook address, which is a stranger's until it was checked.
    ///
    /// # Errors
    /// For what may work later; the platform gets status 500.
    fn webhook(
        _state: &mut Self::State,
        _request: WebhookRequest,
        _account: &str,
    ) -> Result<WebhookResponse, Error> {
        Err(unsupported("a webhook"))
    }

    /// Checks that the account works, without changing anything.
    ///
    /// # Errors
    /// What is wrong with it.
    fn probe(_account: &str) -> Result<ProbeReport, Error> {
        Err(unsupported("a check"))
    }

    /// Begins to sign the account in.
    ///
    /// # Errors
    /// If that cannot begin.
    fn login_start(_account: &str, _force: bool) -> Result<LoginState, Error> {
        Err(unsupported("signing in"))
    }

    /// Waits for a person to do what was asked for, for so many milliseconds at most.
    ///
    /// # Errors
    /// If nobody can tell how far it is.
    fn login_wait(_account: &str, _token: &str, _wait: u64) -> Result<LoginState, Error> {
        Err(unsupported("signing in"))
    }

    /// Signs the account out.
    ///
    /// # Errors
    /// If the platform does not do it.
    fn logout(_account: &str) -> Result<(), Error> {
        Err(unsupported("signing out"))
    }

    /// Finds what people mean by names.
    ///
    /// # Errors
    /// If the platform cannot be asked.
    fn resolve(_account: &str, _queries: &[String]) -> Result<Vec<Resolution>, Error> {
        Err(unsupported("looking up names"))
    }

    /// Lists whom the account knows.
    ///
    /// # Errors
    /// If the platform cannot be asked.
    fn directory(_account: &str, _query: DirectoryQuery) -> Result<DirectoryPage, Error> {
        Err(unsupported("a directory"))
    }

    /// Brings a target as a person wrote it into the adapter's one way of writing, without asking the platform.
    ///
    /// # Errors
    /// With [`Invalid`](ErrorCode::Invalid) if it cannot be one.
    fn normalize_target(account: &str, text: &str) -> Result<Target, Error>;

    /// Makes the platform offer these commands and no others of this account's.
    ///
    /// # Errors
    /// If the platform does not take them.
    fn register_commands(_account: &str, _commands: &[CommandSpec]) -> Result<(), Error> {
        Err(unsupported("native commands"))
    }
}

/// The answer to what an adapter cannot do.
#[must_use]
pub fn unsupported(what: &str) -> Error {
    Error::new(ErrorCode::Unsupported, format!("this channel has no {what}"))
}

/// Makes a component of an adapter: `channel!(Telegram)`.
#[macro_export]
macro_rules! channel {
    ($channel:ty) => {
        const _: () = {
            use $crate::bindings::channel as wit;

            #[doc(hidden)]
            pub struct Adapter;

            type Text = ::std::string::String;
            type Answer<T> = ::std::result::Result<T, $crate::Error>;

            impl wit::exports::openclaw::channel::adapter::Guest for Adapter {
                fn describe() -> $crate::channel::ChannelSpec {
                    <$channel as $crate::channel::Channel>::describe()
                }

                fn capabilities(account: Text) -> Answer<$crate::channel::CapabilitySet> {
                    <$channel as $crate::channel::Channel>::capabilities(&account)
                }

                fn handle(
                    account: Text,
                    events: ::std::vec::Vec<$crate::channel::wit::channel::events::Event>,
                ) -> Answer<()> {
                    $crate::channel::handle::<$channel>(events, &account)
                }

                fn send(
                    account: Text,
                    outbound: $crate::channel::OutboundAction,
                ) -> Answer<$crate::channel::Receipt> {
                    $crate::channel::in_state::<$channel, _>(|state| {
                        <$channel as $crate::channel::Channel>::send(state, outbound, &account)
                    })
                }

                fn fetch(account: Text, handle: Text) -> Answer<$crate::media::MediaRef> {
                    <$channel as $crate::channel::Channel>::fetch(&account, &handle)
                }

                fn webhook(
                    account: Text,
                    request: $crate::channel::WebhookRequest,
                ) -> Answer<$crate::channel::WebhookResponse> {
                    $crate::channel::webhook::<$channel>(request, &account)
                }

                fn probe(account: Text) -> Answer<$crate::channel::ProbeReport> {
                    <$channel as $crate::channel::Channel>::probe(&account)
                }

                fn login_start(account: Text, force: bool) -> Answer<$crate::channel::LoginState> {
                    <$channel as $crate::channel::Channel>::login_start(&account, force)
                }

                fn login_wait(account: Text, token: Text, wait: u64) -> Answer<$crate::channel::LoginState> {
                    <$channel as $crate::channel::Channel>::login_wait(&account, &token, wait)
                }

                fn logout(account: Text) -> Answer<()> {
                    <$channel as $crate::channel::Channel>::logout(&account)
                }

                fn resolve(
                    account: Text,
                    queries: ::std::vec::Vec<Text>,
                ) -> Answer<::std::vec::Vec<$crate::channel::Resolution>> {
                    <$channel as $crate::channel::Channel>::resolve(&account, &queries)
                }

                fn directory(
                    account: Text,
                    query: $crate::channel::DirectoryQuery,
                ) -> Answer<$crate::channel::DirectoryPage> {
                    <$channel as $crate::channel::Channel>::directory(&account, query)
                }

                fn normalize_target(account: Text, text: Text) -> Answer<$crate::channel::Target> {
                    <$channel as $crate::channel::Channel>::normalize_target(&account, &text)
                }

                fn register_commands(
                    account: Text,
                    commands: ::std::vec::Vec<$crate::channel::CommandSpec>,
                ) -> Answer<()> {
                    <$channel as $crate::channel::Channel>::register_commands(&account, &commands)
                }
            }

    wit::export_channel!(Adapter with_types_in wit);
        };
    };
}
