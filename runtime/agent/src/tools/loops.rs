//! Noticing that a run goes round in circles.
//!
//! **Promise.** A model that repeats itself is told so in the result that it repeats; one that goes on is stopped.
//! Nothing that makes progress is stopped: to be stopped, calls must have brought the same as before. What changes by
//! itself, such as a time or a process id, is no progress. **Bound.** The last [`HISTORY`] calls of the run.
//! **Cost.** Two hashes for each call, and a walk over the history.

mod trace;

use std::collections::{BTreeSet, VecDeque};
use std::fmt;

use openclaw_config::tree::Config;
use serde_json::Value;

use super::ToolOutput;
use trace::{Hash, outcome};

/// How many calls are remembered.
const HISTORY: usize = 30;
/// After how many calls that nobody has it is stopped.
const UNKNOWN: usize = 10;
/// After how many repeats the model is told.
const WARN: usize = 10;
/// After how many it is stopped.
const STOP: usize = 20;
/// After how many calls in a row that brought nothing new it is stopped, whatever they were.
const STALE: usize = 30;
/// How many equal calls after the conversation was cut down are one too many.
const AFTER_CUT: usize = 3;

/// What was noticed, and how often it was done.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Circle {
    kind: Kind,
    tool: String,
    count: usize,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    /// A tool that is not there.
    Unknown,
    /// Looking at a job in which nothing happens.
    Poll,
    /// Two calls in turns.
    PingPong,
    /// The same call.
    Repeat,
    /// A few calls of one tool that bring the same.
    Churn,
    /// Nothing new at all.
    Stale,
}

/// What is to be done about a call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Advice {
    /// Make it.
    Go,
    /// Make it, and say so in its result.
    Warn(Circle),
    /// Do not make it.
    Stop(Circle),
}

/// What runs into circles says of itself.
impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, tool, count } = self;
        match kind {
            Kind::Unknown => write!(f, "{tool}, which is not there, was called {count} times"),
            Kind::Poll => write!(
                f,
                "{tool} was asked {count} times for the same, and nothing had changed"
            ),
            Kind::PingPong => write!(f, "{tool} and another call took turns {count} times"),
            Kind::Repeat => write!(f, "{tool} was called {count} times with the same arguments"),
            Kind::Churn => write!(
                f,
                "{tool} was called {count} times with a few arguments in turn, and always brought the same"
            ),
            Kind::Stale => write!(
                f,
                "the last {count} calls brought nothing that had not come before"
            ),
        }
    }
}

impl Circle {
    /// What is added to a result.
    pub(crate) fn warning(&self) -> String {
        format!("[Going in circles: {self}. Take another way, or tell your person what is in the way.]")
    }

    /// What the model reads in place of a result.
    pub(crate) fn refusal(&self) -> String {
        format!(
            "It was not called, because {self}. No call of this answer was made. Take another way, or answer with what \
             you have; the turn is ended if it goes on like this."
        )
    }

    /// What the person is told when it went on.
    pub(crate) fn ending(&self) -> String {
        format!(
            "The turn was ended because it went round in circles: {self}. tools.loopDetection.enabled switches this off."
        )
    }
}

/// A call that was made.
#[derive(Clone, Debug)]
struct Made {
    tool: String,
    arguments: Hash,
    outcome: Hash,
    is_known: bool,
}

impl Made {
    fn is(&self, tool: &str, arguments: &Hash) -> bool {
        self.tool == tool && self.arguments == *arguments
    }
}

/// What a run has done so far.
#[derive(Debug, Default)]
pub(crate) struct Loops {
    is_on: bool,
    /// Whether equal calls after a cut end the run.
    minds_cuts: bool,
    made: VecDeque<Made>,
    /// How many calls in a row brought nothing new.
    stale: usize,
    /// How many equal calls there were since the conversation was cut down, and which.
    since_cut: Option<Vec<(String, Hash, Hash)>>,
    /// How often it was stopped.
    pub(crate) stops: usize,
}

impl Loops {
    /// For a run of an agent.
    pub(crate) fn of(config: &Config, agent: &str) -> Self {
        let own = config.agents.entries.get(agent);
        let own = own.and_then(|agent| agent.tools.as_ref()?.loop_detection.as_ref()?.enabled);
        let said = own.or(config.tools.loop_detection.enabled);
        Self {
            is_on: said.unwrap_or(false),
            minds_cuts: said.unwrap_or(true),
            ..Self::default()
        }
    }

    /// What is to be done about a call that is about to be made.
    pub(crate) fn look(&self, tool: &str, arguments: &Value, is_known: bool) -> Advice {
        if !self.is_on {
            return Advice::Go;
        }
        let found = |kind, count| Circle {
            kind,
            tool: tool.to_owned(),
            count,
        };
        if !is_known {
            let times = self
                .made
                .iter()
                .filter(|made| !made.is_known && made.tool == tool);
            return match times.count() {
                count if count >= UNKNOWN => Advice::Stop(found(Kind::Unknown, count)),
                _ => Advice::Go,
            };
        }
        let hash = trace::hash(arguments);
        // A call that was not made before may be the way out.
        if self.stale >= STALE && self.made.iter().any(|made| made.is(tool, &hash)) {
            return Advice::Stop(found(Kind::Stale, self.stale));
        }
        let streak = self.streak(tool, &hash);
        let is_poll = is_poll(tool, arguments);
        let turns = self.turns(tool, &hash);
        let repeats = self.made.iter().filter(|made| made.is(tool, &hash)).count();
        if streak >= STOP {
            let kind = if is_poll { Kind::Poll } else { Kind::Repeat };
            return Advice::Stop(found(kind, streak));
        }
        if turns.count >= STOP && turns.is_steady {
            return Advice::Stop(found(Kind::PingPong, turns.count));
        }
        let churn = self.churn(tool);
        match () {
            () if is_poll && streak >= WARN => Advice::Warn(found(Kind::Poll, streak)),
            () if turns.count >= WARN => Advice::Warn(found(Kind::PingPong, turns.count)),
            () if !is_poll && repeats >= WARN => Advice::Warn(found(Kind::Repeat, repeats)),
            () if churn >= WARN => Advice::Warn(found(Kind::Churn, churn)),
            () => Advice::Go,
        }
    }

    /// Remembers a call and what it brought. Yields why the run is to end, if it is.
    pub(crate) fn note(
        &mut self,
        tool: &str,
        arguments: &Value,
        is_known: bool,
        output: &ToolOutput,
    ) -> Option<Circle> {
        if !self.is_on && self.since_cut.is_none() {
            return None;
        }
        let made = Made {
            tool: tool.to_owned(),
            arguments: trace::hash(arguments),
            outcome: outcome(output),
            is_known,
        };
        let before = self.made.iter().rev().find(|old| old.is(tool, &made.arguments));
        self.stale = match before.is_some_and(|old| old.outcome == made.outcome) {
            true => self.stale + 1,
            false => 0,
        };
        let ended = self.after_cut(&made);
        if self.made.len() == HISTORY {
            self.made.pop_front();
        }
        self.made.push_back(made);
        ended
    }

    /// To be called when the conversation was cut down and the model is asked again.
    pub(crate) fn cut(&mut self) {
        self.since_cut = self.minds_cuts.then(Vec::new);
    }

    fn after_cut(&mut self, made: &Made) -> Option<Circle> {
        let since = self.since_cut.as_mut()?;
        since.push((made.tool.clone(), made.arguments, made.outcome));
        let is_same = since.windows(2).all(|pair| matches!(pair, [a, b] if a == b));
        if since.len() < AFTER_CUT && is_same {
            return None;
        }
        let count = since.len();
        self.since_cut = None;
        is_same.then(|| Circle {
            kind: Kind::Repeat,
            tool: made.tool.clone(),
            count,
        })
    }

    /// How often a call brought the same, up to now.
    fn streak(&self, tool: &str, arguments: &Hash) -> usize {
        let mut same = self.made.iter().rev().filter(|made| made.is(tool, arguments));
        let Some(last) = same.next() else {
            return 0;
        };
        1 + same.take_while(|made| made.outcome == last.outcome).count()
    }

    /// How many calls up to now took turns with another, and whether each of the two brought the same all the time.
    fn turns(&self, tool: &str, arguments: &Hash) -> Turns {
        let none = Turns {
            count: 0,
            is_steady: false,
        };
        let Some(last) = self.made.back() else {
            return none;
        };
        if last.is(tool, arguments) {
            return none;
        }
        let mut count = 0;
        let mut outcomes = [BTreeSet::new(), BTreeSet::new()];
        for (index, made) in self.made.iter().rev().enumerate() {
            let is_other = index % 2 == 0;
            let fits = match is_other {
                true => made.is(&last.tool, &last.arguments),
                false => made.is(tool, arguments),
            };
            if !fits {
                break;
            }
            count += 1;
            if let Some(seen) = outcomes.get_mut(index % 2) {
                seen.insert(made.outcome);
            }
        }
        Turns {
            count,
            is_steady: outcomes.iter().all(|seen| seen.len() == 1),
        }
    }

    /// How many of the latest calls of a tool brought the same, with a few arguments that come again and again.
    fn churn(&self, tool: &str) -> usize {
        let mut latest = self.made.iter().rev().filter(|made| made.tool == tool).peekable();
        let Some(outcome) = latest.peek().map(|made| made.outcome) else {
            return 0;
        };
        let same: Vec<_> = latest.take_while(|made| made.outcome == outcome).collect();
        let variants: BTreeSet<_> = same.iter().map(|made| made.arguments).collect();
        match variants.len() >= 2 && variants.len() * 2 <= same.len() {
            true => same.len(),
            false => 0,
        }
    }
}

struct Turns {
    count: usize,
    is_steady: bool,
}

/// Whether a call looks at a job.
fn is_poll(tool: &str, arguments: &Value) -> bool {
    let action = arguments.get("action").and_then(Value::as_str);
    tool == "process" && matches!(action, Some("poll" | "log"))
}

#[cfg(test)]
mod tests;
