//! Runs a component offline, against a host that a test scripts.
//!
//! ```no_run
//! use openclaw_test::{Component, Host};
//! use serde_json::json;
//!
//! # fn main() -> openclaw_test::Result<()> {
//! let component = Component::build(env!("CARGO_MANIFEST_DIR"))?;
//! let mut host = Host::new();
//! host.settings(json!({"units": "metric"}));
//! host.expect("openclaw:tools/calls", "call")
//!     .with(json!({"alias": "weather", "arguments": {"city": "Graz"}}))
//!     .answer(json!({"content": [{"text": "12 °C"}], "is-error": false}));
//!
//! let output = component.call(&mut host, "dress", json!({"city": "Graz"}))?;
//! assert_eq!(output.text(), "Take a coat.");
//! host.finish()
//! # }
//! ```
//!
//! What is deterministic the [`Host`] answers by itself: the context, the configuration, the store, media, the log,
//! progress, placeholders of secrets, directories, clocks and random bytes. Requests are answered by the exchanges that
//! the test names with [`Host::http`]. Any other interface that the component imports is scripted with
//! [`Host::expect`], also those that no gateway serves yet, with values as JSON. [`Host::recording`] holds a run
//! against a file.
//!
//! A call that nothing answers ends the run and says which it was. Nothing leaves the machine, every call is bounded
//! in computing, in waiting and in memory, and equal tests run equally. It uses nothing of the gateway; its one heavy
//! dependency is the engine.

mod component;
mod error;
mod exchange;
mod host;
mod link;
mod output;
mod package;
mod recording;
mod run;
mod script;
mod value;

pub use component::Component;
pub use error::{Error, Result};
pub use exchange::Exchange;
pub use host::{Access, Context, Field, Host, Line, Step};
pub use output::{Link, MediaPart, Output, Part, Refusal, Spill, ToolSpec};
pub use script::Expectation;
