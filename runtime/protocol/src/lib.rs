//! The gateway's wire: frames, the handshake, and the shapes of methods and events.
//!
//! **Promise.** Server and client read and write the same types. Objects are closed: a field that nobody knows is
//! told by its place, never passed over. **Bound.** Whoever hands text in has bounded its length; what is read costs
//! memory in proportion to it. **Never.** No socket, no file, no clock: the caller brings bytes and time.
//!
//! Start at [`frame`] for what travels, [`connect`] for who may begin, [`scope`] for who may go on.

pub mod client;
pub mod connect;
pub mod device;
mod error;
pub mod event;
pub mod frame;
pub mod hello;
pub mod identity;
pub mod presence;
pub mod refusal;
pub mod scope;
pub mod shape;

pub use error::{Code, Error};

/// The protocol that this gateway speaks.
pub const PROTOCOL: u32 = 4;
/// The oldest protocol that a probe may speak.
pub const PROBE_PROTOCOL: u32 = 3;
/// The release of OpenClaw whose wire this is; its clients compare it with their own.
pub const VERSION: &str = "2026.9.6";
/// The longest frame that is read before a client has said who it is, in bytes.
pub const UNPROVEN_BYTES: usize = 65_536;
/// The longest frame that is read from a client that has, in bytes.
pub const FRAME_BYTES: usize = 26_214_400;
/// How much may wait for one client to read it, in bytes.
pub const BUFFERED_BYTES: usize = 52_428_800;
/// How often a tick is sent, in milliseconds.
pub const TICK_MS: u64 = 30_000;
