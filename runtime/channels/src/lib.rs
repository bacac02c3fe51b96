//! The channel host: accounts, lanes, access, pairing, routing and delivery.
//!
//! **Promise.** What a platform was told is received is a turn, a code or a record, in the transaction that moved the
//! adapter's cursor, and is taken in once; what a turn answers leaves at most once, and what may not have arrived is
//! shown to a person. `kill -9` at any moment changes nothing of this: the tables in the modules of lanes and
//! delivery go through the moments. Every account begins, fails and begins again alone. Nobody's words reach the
//! agent before they were judged by the account's rules.
//!
//! **Bound.** So many events in one call, requests in flight, connections, waiting webhook requests and kept
//! messages for each account, each told where it is set. **Cost.** An account that waits costs three tasks and what
//! its adapter keeps.
//!
//! **Never.** It talks to no platform: adapters translate, and everything leaves through the gate that their grants
//! open. No secret enters an adapter.
//!
//! Start at [`Channels::start`].

mod access;
mod account;
mod adapter;
mod backoff;
mod breaker;
mod catalog;
mod channels;
mod credentials;
mod crowd;
mod delivery;
mod desk;
mod echoes;
mod envelope;
mod error;
mod flights;
mod handled;
mod hooks;
mod intake;
mod lane;
mod live;
mod mention;
mod pairing;
mod recipe;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod scripted;
mod settings;
mod status;
mod strangers;
#[cfg(test)]
mod tests;
mod text;

pub use channels::{Channels, Options, Report};
pub use error::{Error, Result};
pub use hooks::Hook;
pub use openclaw_components::channel::Header;
pub use openclaw_components::channel::accounts::{WebhookRequest, WebhookResponse};
pub use status::AccountSnapshot;
pub use strangers::Named;
