//! Keeping how a turn ended, until it is kept.
//!
//! **Promise.** While the state is open, a turn that was run ends in it: with all that belongs to its end, or, if the
//! state refuses that for good, with an error in its place, which whoever asked is told. So its session goes on.
//! **Bound.** What the state cannot write at the moment is tried again after a pause of [`AGAIN`], and [`TRIES`] times
//! in each [`Shape`] if the database itself is well. **Cost.** One transaction, if nothing is wrong.

use std::sync::Arc;
use std::time::Duration;

use openclaw_state::{NewOutbound, Tx};
use serde_json::json;

use crate::error::{Error, Result};
use crate::ledger::{Begun, Ending, Ledger, Next, end_turn};
use crate::outcome::{Fault, Outcome, Status};
use crate::resuming::answer_calls;
use crate::shared::Shared;

/// How long is waited before the state is asked again that could not write, at first and at the most.
pub(crate) const AGAIN: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));
/// How often a write that failed for a reason that may pass is tried before something is left out.
const TRIES: u32 = 6;

/// How much of an end is to be kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Shape {
    /// All of it, and the next turn of the session begins with it.
    Whole,
    /// All of it. The next turn begins by itself.
    Alone,
    /// An error in the place of the answer.
    Excused,
    /// That it ended.
    Bare,
}

impl Shape {
    /// What is tried when the state refuses this.
    fn less(self) -> Self {
        match self {
            Self::Whole => Self::Alone,
            Self::Alone => Self::Excused,
            Self::Excused | Self::Bare => Self::Bare,
        }
    }
}

/// An end that was kept.
struct Kept {
    /// Whether it is the one that counts: the turn had not ended before.
    is_first: bool,
    next: Next,
}

impl Shared {
    /// Keeps how a turn ended, however often the state has to be asked. Its outcome, if it was kept.
    pub(crate) async fn keep(&self, ending: Ending) -> (Option<Outcome>, Option<Begun>) {
        let mut ending = Arc::new(ending);
        let mut shape = Shape::Whole;
        let mut pause = AGAIN.0;
        let mut tries = 0;
        loop {
            let (ledger, put) = (self.ledger(), Arc::clone(&ending));
            let work = move |tx: &Tx<'_>| ledger.keep(tx, &put, shape);
            let error = match self.state.write(work).await {
                Ok(Kept { is_first, next }) => {
                    if shape != Shape::Whole {
                        self.look_again(&ending.session_key);
                    }
                    let begun = self.tell_ended(next);
                    return (is_first.then(|| ending.outcome.clone()), begun);
                }
                Err(Error::State(openclaw_state::Error::Closed)) => return (None, None),
                Err(error) => error,
            };
            tracing::error!(%error, run = %ending.run_id, ?shape, "the end of a turn could not be kept yet");
            tries += 1;
            let is_refused = match error {
                // The disk is full or the like: nothing else could be kept either.
                Error::State(openclaw_state::Error::NotKept(_)) => false,
                Error::State(ref error) => error.is_refusal() || tries >= TRIES,
                _ => true,
            };
            if is_refused && shape != Shape::Bare {
                shape = shape.less();
                (tries, pause) = (0, AGAIN.0);
                if shape == Shape::Excused {
                    ending = Arc::new(excused(&ending, &error));
                }
                continue;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(AGAIN.1);
        }
    }
}

impl Ledger {
    fn keep(&self, tx: &Tx<'_>, ending: &Ending, shape: Shape) -> Result<Kept> {
        let is_first = match shape {
            Shape::Bare => end_turn(tx, &ending.run_id, &ending.outcome)?,
            _ => self.end(tx, ending)?,
        };
        if is_first && shape == Shape::Excused {
            answer_calls(tx, &ending.session_id, &ending.run_id)?;
        }
        let next = match shape {
            Shape::Whole => self.begin_next(tx, &ending.session_key)?,
            _ => Next::default(),
        };
        Ok(Kept { is_first, next })
    }
}

/// The end of a turn with an error in the place of what could not be kept.
fn excused(ending: &Ending, error: &Error) -> Ending {
    let message = format!("The answer could not be kept: {error}");
    let body = json!({"text": format!("⚠️ {message}")}).to_string();
    let outcome = Outcome {
        status: Status::Error,
        text: None,
        error: Some(Fault {
            message,
            kind: "internal".to_owned(),
        }),
        stop_reason: "error".to_owned(),
        calls: Vec::new(),
        ..ending.outcome.clone()
    };
    Ending {
        run_id: ending.run_id.clone(),
        session_key: ending.session_key.clone(),
        session_id: ending.session_id.clone(),
        messages: Vec::new(),
        outcome,
        outbound: ending
            .outbound
            .clone()
            .map(|outbound| NewOutbound { body, ..outbound }),
    }
}
