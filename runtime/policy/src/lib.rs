//! What a component asks for, what it was granted, and whether one covers the other.
//!
//! **Promise.** A request and a grant have one normal form, so that what means the same is equal. What a matcher
//! allows is allowed by every grant that covers the matcher's. A value that exists is within its bounds: no limit
//! of zero, no host in two spellings, no two rights to one directory. Every text that came from a manifest and is
//! shown to a person has passed [`display_safe`].
//!
//! **Bound.** A manifest has at most [`MAX_BYTES`] bytes and a stored grant [`MAX_GRANT_BYTES`], both
//! [`MAX_NESTING`] levels, and a kind of capability at most [`capability::MAX_ATOMS`] single permissions. Comparing
//! two requests costs the square of that at worst, a match is linear in the rules.
//!
//! **Never.** It reads no file, no clock, no environment and resolves no name: it is functions over values.
//!
//! Start at [`Manifest::parse`] for what is asked, at [`Grant`] for what a person agreed to, which counts after
//! [`Grant::check`], and at [`words::Words`] for how either is told.

mod account;
mod answer;
pub mod capability;
mod digest;
mod display;
mod error;
mod grant;
mod host;
mod limits;
mod manifest;
mod request_path;
mod syntax;
mod text;
mod typed;
mod units;
pub mod words;

pub use account::{AccountField, AccountValues, Port};
pub use answer::Answer;
pub use capability::Capabilities;
pub use digest::Digest;
pub use display::{display_safe, is_obeyed};
pub use error::{Error, Result};
pub use grant::{Choice, Consent, Grant};
pub use host::{AddressClass, DomainName, Host, HostPattern};
pub use limits::{Amount, Effective, Limit, LimitSet, Setting, Source, Unit};
pub use manifest::{
    Component, Contracts, Kind, Manifest, PackagePath, PluginId, PluginName, ServiceId, UiHint, World,
};
pub use request_path::{MAX_PATH, MAX_SEGMENTS, PathPattern, RequestPath};
pub use syntax::{MAX_BYTES, MAX_GRANT_BYTES, MAX_NESTING};
pub use units::{Bytes, Millis};
