//! What becomes of a turn that was running when the process ended.
//!
//! **Promise.** It goes on where it was, unless somebody had asked for it to be stopped: then it ends as stopped. One
//! that cannot go on ends with an error that whoever asked is told. No call of a tool is left without a result, since
//! providers refuse a conversation that has one. **Cost.** One transaction; of a turn that does not go on, what it said
//! is read.

use openclaw_state::{Session, Turn, Tx};

use crate::calls::{result, unanswered};
use crate::command::Command;
use crate::error::Result;
use crate::ledger::{Begun, Ended, Ending, Ledger, Next, aborted_before_start, excuse, failed};
use crate::message::{MESSAGE, Message};
use crate::outcome::Outcome;
use crate::request::Request;
use crate::tools::ToolOutput;

/// What the model reads in place of a result that nobody knows.
const UNKNOWN: &str = "The gateway was ended while it ran; what it did is not known.";

impl Ledger {
    /// Takes up a turn that was running when the process ended.
    pub(crate) fn resume(&self, tx: &Tx<'_>, turn: Turn) -> Result<Next> {
        let request = serde_json::from_str::<Request>(&turn.request).ok();
        let session = tx.session(&turn.session_key)?;
        if turn.is_stop_asked {
            let outcome = Outcome {
                session_id: turn.session_id.clone().unwrap_or_default(),
                started_ms: turn.started_ms.unwrap_or_else(|| tx.now_ms()),
                ..aborted_before_start(tx.now_ms())
            };
            return self.end_unrun(tx, turn, outcome);
        }
        let (Some(request), Some(session)) = (request, session) else {
            let text = "The turn was interrupted, and what belongs to it is gone.";
            let outcome = failed(tx.now_ms(), text, "interrupted");
            excuse(tx, &turn, text)?;
            return self.end_unrun(tx, turn, outcome);
        };
        let session = Session {
            // A reset by a client may have come since; the turn goes on where it began.
            session_id: turn.session_id.clone().unwrap_or(session.session_id),
            ..session
        };
        let begun = Begun {
            run_id: turn.run_id,
            agent_id: turn.agent_id,
            command: Command::read(&self.config.config, &request),
            request,
            session,
            started_ms: turn.started_ms.unwrap_or_else(|| tx.now_ms()),
            opening: None,
            is_resumed: true,
        };
        Ok(Next {
            begun: Some(begun),
            ended: Vec::new(),
        })
    }

    /// Ends a turn that does not go on, and begins the next one.
    fn end_unrun(&self, tx: &Tx<'_>, turn: Turn, outcome: Outcome) -> Result<Next> {
        let ending = Ending {
            run_id: turn.run_id.clone(),
            session_key: turn.session_key.clone(),
            session_id: turn.session_id.clone().unwrap_or_default(),
            messages: Vec::new(),
            outcome: outcome.clone(),
            outbound: None,
        };
        self.end(tx, &ending)?;
        answer_calls(tx, &ending.session_id, &turn.run_id)?;
        let mut next = self.begin_next(tx, &turn.session_key)?;
        next.ended.insert(0, Ended { turn, outcome });
        Ok(next)
    }
}

/// Gives the calls of a run that have none a result that says that it is not known.
pub(crate) fn answer_calls(tx: &Tx<'_>, session_id: &str, run_id: &str) -> Result<()> {
    let said = tx.transcript_of_run(session_id, run_id)?;
    let said: Vec<_> = said.iter().filter_map(Message::read).collect();
    for call in unanswered(&said) {
        let message = result(&call, &ToolOutput::failed(UNKNOWN));
        tx.transcript_append(session_id, Some(run_id), MESSAGE, &message.body())?;
    }
    Ok(())
}
