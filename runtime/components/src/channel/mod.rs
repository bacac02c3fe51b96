//! Channel adapters: extensions that translate between a chat platform and the gateway.
//!
//! **Promise.** An adapter is called for one account and reaches what that account's grant names. What a handler
//! asked for is only collected here, in [`Effects`], and handed over when it returned ok; a handler that failed, broke
//! off or was ended leaves nothing but what it did at once, such as a request that it waited for. An instance that
//! stays between calls is a cache: every call works the same without it.
//!
//! **Bound.** That of any call, and for effects the counts in [`bounds`]. **Cost.** An account that does nothing costs
//! a struct, and one instance while it is warm.
//!
//! Start at [`crate::Host::open_account`].

mod account;
mod adapter;
pub mod bounds;
mod call;
mod conceal;
mod effects;
mod error;
mod event;
mod faults;
mod remote;
mod requests;
pub(crate) mod seat;
pub(crate) mod sockets;
mod spec;
mod stage;
mod warm;

pub use account::AccountOptions;
pub(crate) use adapter::Inner;
pub use adapter::{Adapter, Outbound};
pub(crate) use conceal::{conceal_all, weight};
pub use effects::{Cursor, Effects, Facts, KvChanges, TimerChange};
pub use error::AdapterError;
pub use event::{
    Event, Happening, HttpDone, Response, SocketClosed, SocketFrames, SocketOpened, StartReason,
};
pub use faults::origin_of;
pub(crate) use faults::{attachments_of, find_fault};
pub use requests::StartRequest;
pub use sockets::SocketChange;
pub(crate) use sockets::Sockets;
pub(crate) use spec::check as check_spec;
pub(crate) use stage::Stage;
pub(crate) use warm::{MOST as WARM, Warmth};

pub use crate::bindings::openclaw::channel::accounts;
pub use crate::bindings::openclaw::channel::description;
pub use crate::bindings::openclaw::channel::description::{CapabilitySet, ChannelSpec};
pub use crate::bindings::openclaw::channel::health::AccountStatus;
pub use crate::bindings::openclaw::http::types::Header;
pub use crate::bindings::openclaw::media::types::{MediaInfo, MediaKind};
pub use crate::bindings::openclaw::messaging::inbound;
pub use crate::bindings::openclaw::messaging::inbound::InboundEvent;
pub use crate::bindings::openclaw::messaging::outbound;
pub use crate::bindings::openclaw::messaging::outbound::OutboundAction;
pub use crate::bindings::openclaw::messaging::types as shapes;
pub use crate::bindings::openclaw::messaging::types::Receipt;
pub use crate::bindings::openclaw::sockets::types::{CloseReason, ConnectionId, Frame, ServerEvent};
pub use crate::bindings::openclaw::types::errors::{Error as WitError, ErrorCode, Sent};
