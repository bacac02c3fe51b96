//! What extensions of OpenClaw are written with, in Rust.
//!
//! A tool is a type that implements [`Tool`], and [`tool!`] makes a component of one or several of them:
//!
//! ```
//! use openclaw_sdk::{Context, Output, Result, Tool};
//! use schemars::JsonSchema;
//! use serde::Deserialize;
//!
//! #[derive(Deserialize, JsonSchema)]
//! struct Roll {
//!     /// How many sides the die has.
//!     sides: u32,
//! }
//!
//! impl Tool for Roll {
//!     const NAME: &'static str = "roll";
//!     const DESCRIPTION: &'static str = "Rolls a die.";
//!     type Args = Self;
//!
//!     fn call(args: Self, cx: &Context) -> Result<Output> {
//!         let chance = cx.call_id().bytes().map(u32::from).sum::<u32>();
//!         let sides = std::num::NonZeroU32::try_from(args.sides)?;
//!         Ok((chance % sides + 1).to_string().into())
//!     }
//! }
//!
//! openclaw_sdk::tool!(Roll);
//! # fn main() {}
//! ```
//!
//! A channel adapter is a type that implements [`channel::Channel`], and [`channel!`](macro@crate::channel) makes a component of it.
//!
//! What the host gives is in the modules: [`kv`], [`config`], [`media`], [`http`], [`secrets`], [`sockets`], [`tools`],
//! [`log`] and [`progress`], and [`Context`], which a call is handed. [`wit`] has all interfaces as they are, for whatever has no module of its
//! own. A component imports only what its code reaches, so what is not used is not asked for.
//!
//! Code is straight-line and blocks; the host drops the whole instance when a call is cancelled or reaches a
//! limit. Outside of a component, in unit tests, the host's functions panic: keep the logic in functions that
//! do without them.
//!
//! This crate uses nothing of the gateway, and it is bound by the host alone: it retries nothing except
//! [`kv::update`], caches nothing and starts no thread.

#[doc(hidden)]
pub mod bindings;
pub mod channel;
pub mod config;
mod context;
mod error;
mod failure;
pub mod http;
pub mod kv;
pub mod log;
pub mod media;
mod output;
pub mod progress;
mod schema;
pub mod secrets;
mod skill;
pub mod sockets;
mod tool;
pub mod tools;

pub use bindings::tool::openclaw as wit;
pub use context::Context;
pub use failure::{Failure, Result};
pub use schema::schema_of;
pub use skill::Skill;
pub use tool::Tool;
pub use wit::tools::types::{ContentPart, Link, MediaPart, Output, ToolTrait};
pub use wit::types::errors::{Error, ErrorCode, Sent};

/// What the macros need and no author does.
#[doc(hidden)]
pub mod glue {
    pub use crate::skill::instructions;
    pub use crate::tool::{describe, refuse_unknown, run};
}
