//! Which conversation a message belongs to, and what it may do there.

mod key;
mod routing;

pub use key::{Key, KeyError};
pub use routing::{Peer, policy_key, room_key, route_key};
