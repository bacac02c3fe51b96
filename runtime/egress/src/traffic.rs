//! What frames pass on a lasting connection: secrets on their way out, the net on their way in.
//!
//! **Promise.** A placeholder becomes its value only in a text frame or a line, at a place that the grant names; in
//! bytes it ends the sending. **Cost.** A scan of each frame.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use openclaw_policy::Host;

use crate::error::{Cause, Error, Result};
use crate::secret::{Mask, Scanner, StreamGuard, Vault};
use crate::socket::{Frame, Framing, Incoming, Outgoing};

/// How a connection carries what it carries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Carries {
    /// Messages of a WebSocket.
    Messages,
    /// Lines.
    Lines,
    /// Bytes, of which a frame is only what happened to come together.
    Bytes,
}

impl From<Framing> for Carries {
    fn from(framing: Framing) -> Self {
        match framing {
            Framing::Lines => Self::Lines,
            Framing::Bytes => Self::Bytes,
        }
    }
}

/// What leaves.
pub(crate) struct Outward {
    vault: Arc<Vault>,
    host: Host,
    /// Who else must be meant by what is sent.
    also: Option<Host>,
    is_encrypted: bool,
    carries: Carries,
    guard: StreamGuard,
}

impl Outward {
    pub(crate) fn new(vault: Arc<Vault>, host: Host, is_encrypted: bool, carries: Carries) -> Self {
        Self {
            guard: StreamGuard::new(Arc::clone(&vault)),
            vault,
            host,
            also: None,
            is_encrypted,
            carries,
        }
    }

    /// A value leaves only if its grant names this host too: the one that the certificate is asked for.
    pub(crate) fn must_also_be_meant_for(&mut self, host: Option<&Host>) {
        self.also = host.cloned();
    }
}

impl Outgoing for Outward {
    fn pass(&mut self, frame: Frame) -> Result<Frame> {
        let injector = self.vault.inject(&self.host, self.is_encrypted);
        match frame {
            Frame::Text(text) => {
                if let Some(also) = &self.also {
                    self.vault.inject(also, self.is_encrypted).line(&text)?;
                }
                let filled = match self.carries {
                    Carries::Messages => injector.text_frame(&text)?,
                    Carries::Lines | Carries::Bytes => injector.line(&text)?,
                };
                match filled.as_str().filter(|_| filled.has_secret()) {
                    Some(filled) => Ok(Frame::Text(filled.to_owned())),
                    None => Ok(Frame::Text(text)),
                }
            }
            Frame::Binary(bytes) => {
                match self.carries {
                    Carries::Bytes => self.guard.check(&bytes)?,
                    Carries::Messages | Carries::Lines => {
                        injector.refuse_in_bytes(&bytes, "a binary frame")?
                    }
                }
                Ok(Frame::Binary(bytes))
            }
            Frame::Event(_) => Err(Cause::Request {
                why: "has an event to send, and events only arrive",
            }
            .unsent()),
        }
    }
}

/// What arrives.
pub(crate) struct Inward {
    vault: Arc<Vault>,
    /// For bytes, of which a value may be split over frames.
    mask: Option<Mask>,
    carries: Carries,
}

impl Inward {
    pub(crate) fn new(vault: Arc<Vault>, carries: Carries) -> Self {
        let scanner = vault.scanner().filter(|_| carries == Carries::Bytes);
        Self {
            mask: scanner.map(Mask::new),
            vault,
            carries,
        }
    }
}

impl Incoming for Inward {
    fn pass(&mut self, frame: Frame) -> Frame {
        if let Frame::Binary(bytes) = frame {
            return Frame::Binary(match (&mut self.mask, self.vault.scanner()) {
                (Some(mask), _) => mask.push(bytes),
                (None, Some(scanner)) => mask_whole(scanner, bytes),
                (None, None) => bytes,
            });
        }
        let Some(scanner) = self.vault.scanner() else {
            return frame;
        };
        let masked = |text: String| match scanner.mask_text(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(masked) => masked,
        };
        match frame {
            Frame::Text(text) => Frame::Text(masked(text)),
            // Events are searched with the response that they are.
            Frame::Event(_) | Frame::Binary(_) => frame,
        }
    }

    /// What follows is searched anew.
    fn rest(&mut self) -> Bytes {
        let rest = self.mask.take().map_or_else(Bytes::new, Mask::finish);
        let is_bytes = self.carries == Carries::Bytes;
        self.mask = self.vault.scanner().filter(|_| is_bytes).map(Mask::new);
        rest
    }
}

/// A text that is told or written down, with names for placeholders and for values that came back.
pub(crate) fn hide(vault: &Vault, text: &str) -> String {
    let hidden = vault.hide_placeholders(text);
    match vault.scanner() {
        Some(scanner) => scanner.mask_text(&hidden).into_owned(),
        None => hidden,
    }
}

/// The same for the words of a failure.
pub(crate) fn hide_in(vault: &Vault, mut error: Error) -> Error {
    error.cause.mask(|text| hide(vault, text));
    error
}

/// The whole of something, without what comes after it.
pub(crate) fn mask_whole(scanner: Arc<Scanner>, bytes: Bytes) -> Bytes {
    let mut mask = Mask::new(scanner);
    let first = mask.push(bytes);
    let rest = mask.finish();
    match rest.is_empty() {
        true => first,
        false => [first, rest].concat().into(),
    }
}
