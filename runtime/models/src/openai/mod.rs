//! OpenAI's chat completions, which most providers and local servers speak.
//!
//! **Promise.** Every answer is judged as it arrives: what is no stream, no JSON or not finished is a failure with a
//! class, never a shorter answer. A failure before anything was said is tried again where that may help, as
//! [`Patience`] has it. **Bound.** One event has [`MAX_LINE`] bytes at most. **Cost.** One request for each attempt;
//! each byte of an answer is looked at once.

mod attempt;
mod calls;
mod chunk;
mod failure;
mod messages;
mod pacing;
mod request;

use std::sync::Arc;

use crate::call::Call;
use crate::error::Result;
use crate::provider::{Chosen, Provider};
use crate::stream::Stream;

pub use attempt::MAX_LINE;
pub use pacing::Patience;

/// Asks a model.
pub(crate) fn stream(
    provider: Arc<Provider>,
    chosen: Arc<Chosen>,
    call: &Call,
    patience: Patience,
) -> Result<Stream> {
    let body = request::body(&chosen, call)?;
    let asked = attempt::Asked {
        provider,
        chosen,
        body,
    };
    Ok(Stream::of(|speaker| pacing::run(asked, patience, speaker)))
}
