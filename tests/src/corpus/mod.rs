//! The hostile network: servers that lie, names that change their mind, and secrets that must not be seen.
//!
//! **Promise.** One table of cases, by themes. Each case runs through every way out of a component that it makes
//! sense for, and its outcome differs between them in the spelling of an error only. Whatever a case does, no
//! value of a secret stands in a ledger line, in what was traced or in what an extension was told.
//!
//! **Bound.** It runs in a network namespace without a route, whose only interface has every address that a case
//! names: a hole would be a connection that arrives, and not an error that looks like a refusal. **Cost.** A few
//! seconds for each theme and way.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "it is a test, in a library because guests and several test files share it"
)]

mod authority;
mod case;
pub mod errand;
mod grants;
mod guest;
mod hear;
mod namespace;
mod native;
mod resolver;
mod scenes;
mod script;
mod server;
mod themes;
mod watch;
mod world;

pub use case::Way;
pub use namespace::inside;
pub use scenes::{Scene, play};
pub use themes::Theme;
pub use world::run;
