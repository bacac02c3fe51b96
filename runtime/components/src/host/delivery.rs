//! `openclaw:messaging/delivery`: what came in, handed to the host.
//!
//! **Promise.** Either all events of one call are well formed and taken, or none is. What is taken holds no secret:
//! a placeholder becomes its name, but for media that is to be fetched with it later.
//! **Bound.** [`crate::channel::bounds`]. **Cost.** Each event is written as JSON once.

use crate::bindings::openclaw::messaging::delivery;
use crate::bindings::openclaw::messaging::inbound::{AttachmentSource, InboundEvent};
use crate::bindings::openclaw::types::errors::{Error as WitError, ErrorCode};
use crate::channel::seat::full;
use crate::channel::{attachments_of, bounds, conceal_all, find_fault, origin_of, weight};
use crate::guest::{Guest, fail};
use crate::host::http::wit_error;
use crate::host::media::Answer;

const WHAT: &str = "events are delivered";

impl Guest {
    async fn checked(&mut self, mut event: InboundEvent) -> Result<InboundEvent, WitError> {
        if let Some(fault) = find_fault(&event) {
            return Err(fail(ErrorCode::Invalid, &fault));
        }
        if let Some(handle) = &origin_of(&event).reply_handle {
            self.refuse_stored_placeholder(handle.as_bytes())?;
        }
        let mut remote = Vec::new();
        for (at, attachment) in attachments_of(&mut event).into_iter().enumerate() {
            match &mut attachment.source {
                AttachmentSource::Deferred(handle) => self.refuse_stored_placeholder(handle.as_bytes())?,
                AttachmentSource::Media(media) => {
                    if !self.may_open(media).await {
                        let message = "an attachment names media that this extension does not have";
                        return Err(fail(ErrorCode::Invalid, message));
                    }
                }
                AttachmentSource::Remote(media) => {
                    let vault = self.extension.vault();
                    let store = |text: &mut String| -> Result<(), WitError> {
                        *text = vault
                            .write_down(text)
                            .map_err(|failure| wit_error(&failure.into()))?;
                        Ok(())
                    };
                    store(&mut media.url)?;
                    for header in &mut media.headers {
                        store(&mut header.value)?;
                    }
                    remote.push((at, media.clone()));
                }
                AttachmentSource::Unavailable(_) | AttachmentSource::Other(_) => {}
            }
        }
        let mut event = conceal_all(self.extension.vault(), event)
            .ok_or_else(|| fail(ErrorCode::Invalid, "an event holds a number that is none"))?;
        // What says how to fetch it again is no secret, even where a net finds something in it.
        for (at, media) in remote {
            if let Some(attachment) = attachments_of(&mut event).into_iter().nth(at) {
                attachment.source = AttachmentSource::Remote(media);
            }
        }
        Ok(event)
    }
}

impl delivery::Host for Guest {
    async fn deliver(&mut self, events: Vec<InboundEvent>) -> Answer<()> {
        for event in &events {
            self.volume.bytes_out.spend(weight(event))?;
        }
        match self.handler(WHAT) {
            Ok(seat) if seat.delivered.len() + events.len() > bounds::DELIVERIES => {
                return Ok(Err(full("events that one call delivers", bounds::DELIVERIES)));
            }
            Ok(_) => {}
            Err(refused) => return Ok(Err(refused)),
        }
        let mut taken = Vec::with_capacity(events.len());
        for event in events {
            match self.checked(event).await {
                Ok(event) => taken.push(event),
                Err(refused) => return Ok(Err(refused)),
            }
        }
        Ok(self.handler(WHAT).map(|seat| seat.delivered.extend(taken)))
    }
}
