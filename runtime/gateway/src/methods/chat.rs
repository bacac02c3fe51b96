//! `chat.*`: what a person writes in a window, and what was said there.
//!
//! **Promise.** `chat.send` answers once the message is kept: what was answered `started` is run also after a crash,
//! and the same key sent again neither runs nor answers twice.

mod attachment;
mod past;
mod send;
mod stop;

use openclaw_protocol::scope::Scope;

use crate::method::Method;
pub(crate) use attachment::images;
pub(crate) use stop::stopped;

/// The methods of this family.
pub(crate) const METHODS: &[Method] = &[
    Method {
        name: "chat.history",
        scope: Some(Scope::Read),
        run: |gateway, _, params| Box::pin(past::history(gateway, params)),
    },
    Method {
        name: "chat.startup",
        scope: Some(Scope::Read),
        run: |gateway, _, params| Box::pin(past::startup(gateway, params)),
    },
    Method {
        name: "chat.metadata",
        scope: Some(Scope::Read),
        run: |gateway, _, params| Box::pin(past::metadata(gateway, params)),
    },
    Method {
        name: "chat.send",
        scope: Some(Scope::Write),
        run: |gateway, caller, params| Box::pin(send::send(gateway, caller, params)),
    },
    Method {
        name: "chat.abort",
        scope: Some(Scope::Write),
        run: |gateway, _, params| Box::pin(stop::abort(gateway, params)),
    },
];
