//! Who has the state: nobody, so that it is taken for a command, or the running gateway, which is asked then.

use openclaw_state::State;
use serde_json::Value;

use super::place::Extensions;
use crate::args::Reach;
use crate::commands::gateway::block_on;
use crate::failure::Failure;
use crate::gateway_client::Talk;

/// The state for this command, or none if a gateway has it.
pub(super) fn take(extensions: &Extensions) -> Result<Option<State>, Failure> {
    match extensions.open_state() {
        Ok(state) => Ok(Some(state)),
        Err(Failure::State(openclaw_state::Error::Locked { .. })) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Has the running gateway do it, so that it holds from the next call on.
pub(super) fn ask(extensions: &Extensions, method: &str, params: Value) -> Result<Value, Failure> {
    block_on(async {
        let mut talk = Talk::begin(&extensions.context, &Reach::default()).await?;
        talk.call(method, params).await
    })
}
