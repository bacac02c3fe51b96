//! How many turns may wait, so that whoever writes faster than the agent answers fills nothing.
//!
//! **Bound.** [`OF_SESSION`] of a session, whoever put them, and [`OF_ACCOUNT`] of an account; [`COMMANDS`] more for
//! the commands of those who may give them, because one of them stops what the others wait for.
//! **Cost.** A count by an index, and a walk over the turns that are open.

use openclaw_state::{ChannelAccount, Tx};

/// The most turns of one session that are open.
pub(crate) const OF_SESSION: u64 = 200;
/// The most turns of one account that are open.
pub(crate) const OF_ACCOUNT: u64 = 1000;
/// How many more there may be for commands.
const COMMANDS: u64 = 20;

/// Whether no more turns may be put.
pub(crate) fn is_full(
    tx: &Tx<'_>,
    of: &ChannelAccount,
    session_key: &str,
    is_command: bool,
) -> openclaw_state::Result<bool> {
    let more = if is_command { COMMANDS } else { 0 };
    Ok(tx.count_open_of_session(session_key)? >= OF_SESSION + more
        || tx.count_open_of_runs(&crate::intake::run_prefix(of))? >= OF_ACCOUNT + more)
}
