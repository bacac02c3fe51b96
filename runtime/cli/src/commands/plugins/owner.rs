//! Who has the state: nobody, so that it is taken for a command, or the running gateway, which is asked then.

use openclaw_state::State;
use serde_json::Value;

use super::place::Extensions;
use crate::args::Reach;
use crate::commands::gateway::block_on;
use crate::failure::Failure;
use crate::gateway_client::Talk;

/// Who has the state.
pub(super) enum Owner {
    /// This command does now.
    Us(State),
    /// Somebody else does; what was said about that.
    Other(Failure),
}

/// Takes the state, if nobody has it.
pub(super) fn take(extensions: &Extensions) -> Result<Owner, Failure> {
    match extensions.open_state() {
        Ok(state) => Ok(Owner::Us(state)),
        Err(failure @ Failure::State(openclaw_state::Error::Locked { .. })) => Ok(Owner::Other(failure)),
        Err(failure) => Err(failure),
    }
}

/// Has the running gateway do it, so that it holds from the next call on.
pub(super) fn ask(
    extensions: &Extensions,
    locked: &Failure,
    method: &str,
    params: Value,
) -> Result<Value, Failure> {
    block_on(async {
        let begun = Talk::begin(&extensions.context, &Reach::default()).await;
        let mut talk = begun.map_err(|why| {
            Failure::negative(format!("{locked}\nNo gateway could be asked to do it: {why}"))
        })?;
        talk.call(method, params).await
    })
}
