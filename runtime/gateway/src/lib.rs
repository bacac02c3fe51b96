//! The server: one port for WebSocket RPC, the HTTP API and the web page.
//!
//! **Promise.** A method runs only for a client that proved who it is and holds its scope; nothing of the network is
//! believed before. One client cannot make another wait: its frames, its unread messages and its wrong tries cost
//! itself. **Bound.** Frames, unread bytes, unproven sockets and wrong tries each have a limit, named where it is kept.
//! **Never.** No secret is printed or told.
//!
//! Start at [`server`] for a whole one, at [`method`] for what it does.

pub mod access;
pub mod api;
pub mod auth;
pub mod bind;
pub mod clock;
pub mod connection;
mod error;
pub mod event;
pub mod gateway;
pub mod health;
mod hello;
pub mod http;
pub mod hub;
pub mod key;
pub mod machine;
pub mod method;
pub mod methods;
mod outbox;
pub mod page;
mod pairing;
pub mod presence;
mod projection;
pub mod replies;
pub mod server;
pub mod services;
mod socket;
mod unproven;

pub use error::{Error, Result};
pub use gateway::{Gateway, Options};

#[cfg(test)]
mod proving;
