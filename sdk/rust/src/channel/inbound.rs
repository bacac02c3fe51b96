//! Handing over what came in.

use super::InboundEvent;
use crate::bindings::channel::openclaw::messaging::delivery;
use crate::wit::types::errors::{Error, ErrorCode};
use crate::{channel, log};

/// Hands over events, in their order: all of them or none. They count when the handler returns ok.
///
/// # Errors
/// With [`Invalid`](ErrorCode::Invalid) if one of them is not well formed; then none was taken.
pub fn deliver(events: &[InboundEvent]) -> Result<(), Error> {
    delivery::deliver(events)
}

/// Hands over events one by one. One that the host does not take is left out, with a line in the log, so that it
/// does not hold up the others.
///
/// # Errors
/// What has nothing to do with the event, such as a quota.
pub fn deliver_each(events: &[InboundEvent]) -> Result<(), Error> {
    for event in events {
        match delivery::deliver(std::slice::from_ref(event)) {
            Err(error)
                if matches!(
                    error.code,
                    ErrorCode::Invalid | ErrorCode::Denied | ErrorCode::TooLarge
                ) =>
            {
                log::warn!(event = event.origin().event_id, why = error.message; "an event was left out");
            }
            other => other?,
        }
    }
    Ok(())
}

impl InboundEvent {
    /// What it has in common with all others.
    #[must_use]
    pub fn origin(&self) -> &channel::Origin {
        match self {
            Self::Message(event) | Self::Edited(event) => &event.origin,
            Self::Deleted(event) => &event.origin,
            Self::Reaction(event) => &event.origin,
            Self::Callback(event) => &event.origin,
            Self::Command(event) => &event.origin,
            Self::Membership(event) => &event.origin,
            Self::PollVote(event) => &event.origin,
            Self::Receipt(event) => &event.origin,
            Self::Moved(event) => &event.origin,
            Self::Other(event) => &event.origin,
        }
    }
}
