//! The transactions of a turn: it is accepted, it begins, it ends.
//!
//! **Promise.** Each is whole or not at all. A turn begins in the transaction that accepts it if nothing of its
//! session runs, and else in the one that ends the turn before it. **Cost.** Two transactions for a turn without
//! tools that change something.

use std::sync::Arc;

use openclaw_config::Snapshot;
use openclaw_config::tree::Config;
use openclaw_state::{NewOutbound, NewTurn, Put, Session, Turn, TurnState, Tx};
use serde::Deserialize as _;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::command::Command;
use crate::error::{Error, Result};
use crate::freshness::is_stale;
use crate::message::{MESSAGE, Message};
use crate::notes::Notes;
use crate::outcome::{Fault, Outcome, Status, Tokens};
use crate::request::{Request, Route};
use crate::tools::elevated::{self, Level};
use crate::tools::exec::Gate;
use crate::tools::policy::Person;

/// How many turns of a session may wait.
pub(crate) const WAITING: usize = 200;

/// A turn that has begun.
#[derive(Clone, Debug)]
pub(crate) struct Begun {
    pub(crate) run_id: String,
    pub(crate) agent_id: String,
    pub(crate) request: Request,
    pub(crate) session: Session,
    pub(crate) command: Option<Command>,
    pub(crate) started_ms: i64,
    /// All that was said in the conversation, if it began with this turn.
    pub(crate) opening: Option<Vec<Message>>,
    /// Whether it had begun before the process started.
    pub(crate) is_resumed: bool,
}

/// What came of accepting a turn.
#[derive(Debug)]
pub(crate) enum Entered {
    /// It waits, unless it is what begins now.
    Put(Box<Next>),
    /// It was an order to stop and has been carried out as far as the state goes.
    Stopped(Stopped),
    /// The run is known and has not ended.
    InFlight,
    /// The run is known and has ended.
    Ended(Box<Outcome>),
}

/// A turn that ended without being run.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) turn: Turn,
    pub(crate) outcome: Outcome,
}

/// What is next in a session.
#[derive(Debug, Default)]
pub(crate) struct Next {
    /// The turn that has begun, if one has.
    pub(crate) begun: Option<Begun>,
    /// Those that were to begin and cannot; whoever waits for them is to be told.
    pub(crate) ended: Vec<Ended>,
}

/// What an order to stop has met.
#[derive(Debug, Default)]
pub(crate) struct Stopped {
    /// The run that goes on and is to be stopped.
    pub(crate) running: Option<String>,
    /// What waited, and does no more.
    pub(crate) ended: Vec<Ended>,
    /// How the order itself ended.
    pub(crate) outcome: Option<Box<Outcome>>,
}

/// How a turn is to end.
#[derive(Debug)]
pub(crate) struct Ending {
    pub(crate) run_id: String,
    pub(crate) session_key: String,
    pub(crate) session_id: String,
    pub(crate) messages: Vec<Message>,
    pub(crate) outcome: Outcome,
    pub(crate) outbound: Option<NewOutbound>,
}

/// Writes turns down, as the config of this moment has it.
#[derive(Clone)]
pub(crate) struct Ledger {
    pub(crate) config: Snapshot<Config>,
    /// What sessions are told with their next message.
    pub(crate) notes: Notes,
    /// Where commands wait for a nod.
    pub(crate) gate: Option<Arc<dyn Gate>>,
}

impl Ledger {
    /// Lets a new conversation hear nothing of the one before: neither what was to be told, nor what waits for a nod.
    pub(crate) fn forget(&self, session_key: &str) {
        self.notes.forget(session_key);
        if let Some(gate) = &self.gate {
            gate.stop(session_key, None);
        }
    }

    /// Accepts a turn.
    pub(crate) fn enter(&self, tx: &Tx<'_>, turn: &NewTurn, request: &Request) -> Result<Entered> {
        if let Put::Known(state) = tx.turn_put(turn)? {
            let known = tx.turn(&turn.run_id)?.filter(|_| state.is_ended());
            let outcome = known.as_ref().and_then(outcome_of);
            return Ok(outcome.map_or(Entered::InFlight, |outcome| Entered::Ended(Box::new(outcome))));
        }
        if Command::read(&self.config.config, request) == Some(Command::Stop) {
            let put = tx.turn(&turn.run_id)?;
            let stopped = put
                .map(|put| self.carry_out_stop(tx, &put, request))
                .transpose()?;
            return Ok(Entered::Stopped(stopped.flatten().unwrap_or_default()));
        }
        let open = tx.turns_of_session(&turn.session_key)?;
        if open.len() > WAITING {
            return Err(Error::Busy {
                session_key: turn.session_key.clone(),
                waiting: open.len() - 1,
            });
        }
        let next = self.begin_next(tx, &turn.session_key)?;
        Ok(Entered::Put(Box::new(next)))
    }

    /// Carries an order to stop out: what waited before it ends, of what runs it is kept that it is to end, and the
    /// order is answered. None if it is not queued.
    pub(crate) fn carry_out_stop(
        &self,
        tx: &Tx<'_>,
        order: &Turn,
        request: &Request,
    ) -> Result<Option<Stopped>> {
        let open = tx.turns_of_session(&order.session_key)?;
        if !open
            .iter()
            .any(|turn| turn.seq == order.seq && turn.state == TurnState::Queued)
        {
            return Ok(None);
        }
        let mut stopped = Stopped::default();
        for turn in open.into_iter().filter(|turn| turn.seq != order.seq) {
            match turn.state {
                TurnState::Running => {
                    tx.turn_ask_stop(&turn.run_id)?;
                    stopped.running = Some(turn.run_id);
                }
                _ if turn.seq < order.seq => stopped.ended.push(self.abort_waiting(tx, turn)?),
                _ => {}
            }
        }
        let text = match (&stopped.running, stopped.ended.len()) {
            (None, 0) => "Nothing was running.".to_owned(),
            (_, 0) => "Stopped.".to_owned(),
            (_, waiting) => format!("Stopped, with {waiting} waiting."),
        };
        let session = tx.session(&order.session_key)?;
        let session_id = session.map(|session| session.session_id).unwrap_or_default();
        let outcome = command_outcome(&session_id, tx.now_ms(), &text);
        let outbound = reply(&order.run_id, &order.session_key, request.route.as_ref(), &text);
        end_turn(tx, &order.run_id, &outcome)?;
        if let Some(outbound) = outbound {
            tx.outbox_put(&outbound)?;
        }
        stopped.outcome = Some(Box::new(outcome));
        Ok(Some(stopped))
    }

    /// Ends turns of a session: all, or the one with `run_id`. Of what runs it is kept that it is to end.
    pub(crate) fn abort(&self, tx: &Tx<'_>, session_key: &str, run_id: Option<&str>) -> Result<Stopped> {
        let mut stopped = Stopped::default();
        for turn in tx.turns_of_session(session_key)? {
            if run_id.is_some_and(|run_id| run_id != turn.run_id) {
                continue;
            }
            if turn.state == TurnState::Running {
                tx.turn_ask_stop(&turn.run_id)?;
                stopped.running = Some(turn.run_id);
            } else {
                stopped.ended.push(self.abort_waiting(tx, turn)?);
            }
        }
        Ok(stopped)
    }

    fn abort_waiting(&self, tx: &Tx<'_>, turn: Turn) -> Result<Ended> {
        let outcome = aborted_before_start(tx.now_ms());
        end_turn(tx, &turn.run_id, &outcome)?;
        Ok(Ended { turn, outcome })
    }

    /// Begins the next turn of a session, unless one runs or none waits.
    pub(crate) fn begin_next(&self, tx: &Tx<'_>, session_key: &str) -> Result<Next> {
        let mut next = Next::default();
        while let Some(turn) = tx.turn_next(session_key)? {
            let request = match serde_json::from_str::<Request>(&turn.request) {
                Ok(request) => request,
                Err(source) => {
                    let error = Error::Request {
                        run_id: turn.run_id.clone(),
                        source,
                    };
                    tracing::error!(%error, "a turn that cannot be read ends with an error");
                    let outcome = failed(tx.now_ms(), &error.to_string(), "unreadable");
                    end_turn(tx, &turn.run_id, &outcome)?;
                    excuse(tx, &turn, &error.to_string())?;
                    next.ended.push(Ended { turn, outcome });
                    continue;
                }
            };
            next.begun = Some(self.begin(tx, &turn, request)?);
            break;
        }
        Ok(next)
    }

    fn begin(&self, tx: &Tx<'_>, turn: &Turn, request: Request) -> Result<Begun> {
        let command = Command::read(&self.config.config, &request);
        let before = tx.session(&turn.session_key)?;
        let config = &self.config.config;
        let is_reset = matches!(command, Some(Command::Reset { .. }))
            || before
                .as_ref()
                .is_some_and(|session| is_stale(config, session, &request, tx.now_ms()));
        let (mut session, mut opening) = match before {
            Some(session) if !is_reset => (session, None),
            before => {
                self.forget(&turn.session_key);
                let session = fresh_session(tx, &turn.session_key, &turn.agent_id, before)?;
                (session, Some(Vec::new()))
            }
        };
        session.last_interaction_ms = tx.now_ms();
        session.entry = note_route(&session.entry, &request);
        if let Some(level) = command.as_ref().and_then(Command::session_level)
            && elevated::failures(config, &turn.agent_id, Person::of(&request).as_ref()).is_empty()
        {
            session.entry = note_elevated(&session.entry, level);
        }
        tx.session_put(&session)?;
        tx.turn_begin(&turn.run_id, &session.session_id)?;
        let said = match &command {
            None => Some((request.message.as_str(), request.prompt.clone())),
            Some(Command::Reset { first }) => first.as_deref().map(|first| (first, None)),
            Some(Command::Elevated { rest, .. }) => rest.as_deref().map(|rest| (rest, None)),
            Some(_) => None,
        };
        if let Some((text, prompt)) = said {
            let read = prompt.as_deref().unwrap_or(text);
            let prompt = self.notes.put_before(&turn.session_key, read).or(prompt);
            let message = Message::of_user(text, prompt, &request.images, tx.now_ms());
            tx.transcript_append(&session.session_id, Some(&turn.run_id), MESSAGE, &message.body())?;
            opening = opening.map(|_| vec![message]);
        }
        Ok(Begun {
            run_id: turn.run_id.clone(),
            agent_id: turn.agent_id.clone(),
            request,
            session,
            command,
            started_ms: tx.now_ms(),
            opening,
            is_resumed: false,
        })
    }

    /// Ends a turn. False if it had ended before: then nothing is kept.
    pub(crate) fn end(&self, tx: &Tx<'_>, ending: &Ending) -> Result<bool> {
        let kept = end_turn(tx, &ending.run_id, &ending.outcome)?;
        if kept {
            for message in &ending.messages {
                tx.transcript_append(&ending.session_id, Some(&ending.run_id), MESSAGE, &message.body())?;
            }
            if let Some(outbound) = &ending.outbound {
                tx.outbox_put(outbound)?;
            }
            if let Some(session) = tx.session(&ending.session_key)?
                && session.session_id == ending.session_id
            {
                let entry = note_outcome(&session.entry, &ending.outcome);
                tx.session_put(&Session { entry, ..session })?;
            }
        }
        Ok(kept)
    }
}

/// Begins a conversation under a key, in the place of the one before.
pub(crate) fn fresh_session(
    tx: &Tx<'_>,
    key: &str,
    agent_id: &str,
    before: Option<Session>,
) -> Result<Session> {
    // Ids that follow each other in time stand beside each other in the database.
    let session_id = Uuid::now_v7().to_string();
    tx.transcript_begin(&session_id, key, agent_id)?;
    let mut entry = before.map(|before| object(&before.entry)).unwrap_or_default();
    for counted in [
        "inputTokens",
        "outputTokens",
        "totalTokens",
        "contextTokens",
        "usedTokens",
        "abortedLastRun",
    ] {
        entry.remove(counted);
    }
    entry.entry("createdAt").or_insert_with(|| json!(tx.now_ms()));
    Ok(Session {
        key: key.to_owned(),
        agent_id: agent_id.to_owned(),
        session_id,
        started_ms: tx.now_ms(),
        last_interaction_ms: tx.now_ms(),
        updated_ms: tx.now_ms(),
        entry: Value::Object(entry).to_string(),
    })
}

/// Tells the person behind a turn that it ended without an answer, where its request still says who that is.
pub(crate) fn excuse(tx: &Tx<'_>, turn: &Turn, text: &str) -> Result<()> {
    let request: Option<Value> = serde_json::from_str(&turn.request).ok();
    let route = request.and_then(|request| Route::deserialize(request.get("route")?).ok());
    let text = format!("⚠️ {text}");
    let Some(outbound) = reply(&turn.run_id, &turn.session_key, route.as_ref(), &text) else {
        return Ok(());
    };
    match tx.outbox_put(&outbound) {
        // What names no channel leads nowhere, and the turn ends all the same.
        Err(error @ openclaw_state::Error::Name { .. }) => {
            tracing::warn!(%error, run = turn.run_id, "nobody can be told how a turn ended");
            Ok(())
        }
        put => Ok(put.map(drop)?),
    }
}

pub(crate) fn end_turn(tx: &Tx<'_>, run_id: &str, outcome: &Outcome) -> Result<bool> {
    let state = match outcome.status {
        Status::Ok => TurnState::Done,
        Status::Error => TurnState::Failed,
        Status::Aborted => TurnState::Aborted,
    };
    let json = json!(outcome).to_string();
    Ok(tx.turn_end(run_id, state, &json)?)
}

/// How an ended turn ended.
pub(crate) fn outcome_of(turn: &Turn) -> Option<Outcome> {
    serde_json::from_str(turn.outcome.as_deref()?).ok()
}

/// What leaves for the route of a turn.
pub(crate) fn reply(
    run_id: &str,
    session_key: &str,
    route: Option<&Route>,
    text: &str,
) -> Option<NewOutbound> {
    let route = route?;
    Some(NewOutbound {
        channel: route.channel.clone(),
        account: route.account.clone(),
        to: route.to.clone(),
        thread: route.thread.clone(),
        reply_to: route.reply_to.clone(),
        in_answer_to: route.reply_handle.clone(),
        kind: "reply".to_owned(),
        body: json!({"text": text}).to_string(),
        key: format!("{run_id}:final"),
        session_key: Some(session_key.to_owned()),
        run_id: Some(run_id.to_owned()),
    })
}

/// How a command that was answered at once ends.
pub(crate) fn command_outcome(session_id: &str, now_ms: i64, text: &str) -> Outcome {
    Outcome {
        status: Status::Ok,
        text: Some(text.to_owned()),
        error: None,
        stop_reason: "stop".to_owned(),
        is_command: true,
        session_id: session_id.to_owned(),
        started_ms: now_ms,
        ended_ms: now_ms,
        provider: None,
        model: None,
        context_tokens: 0,
        usage: Tokens::default(),
        last_usage: Tokens::default(),
        tools: Vec::new(),
        calls: Vec::new(),
    }
}

/// How a turn ends that was stopped before it began.
pub(crate) fn aborted_before_start(now_ms: i64) -> Outcome {
    Outcome {
        status: Status::Aborted,
        text: None,
        stop_reason: "aborted".to_owned(),
        is_command: false,
        ..command_outcome("", now_ms, "")
    }
}

/// How a turn ends that could not be run.
pub(crate) fn failed(now_ms: i64, message: &str, kind: &str) -> Outcome {
    Outcome {
        status: Status::Error,
        text: None,
        error: Some(Fault {
            message: message.to_owned(),
            kind: kind.to_owned(),
        }),
        stop_reason: "error".to_owned(),
        is_command: false,
        ..command_outcome("", now_ms, "")
    }
}

pub(crate) fn object(json: &str) -> Map<String, Value> {
    match serde_json::from_str(json) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

/// Where the session was last written to from.
fn note_route(entry: &str, request: &Request) -> String {
    let mut fields = object(entry);
    fields.insert("chatType".to_owned(), json!(request.chat.word()));
    if let Some(route) = &request.route {
        let noted = [
            ("lastChannel", Some(&route.channel)),
            ("lastAccountId", Some(&route.account)),
            ("lastTo", Some(&route.to)),
            ("lastThreadId", route.thread.as_ref()),
        ];
        for (name, value) in noted {
            match value {
                Some(value) => fields.insert(name.to_owned(), json!(value)),
                None => fields.remove(name),
            };
        }
    }
    Value::Object(fields).to_string()
}

/// Keeps how far the session's commands go from now on.
fn note_elevated(entry: &str, level: Level) -> String {
    let mut fields = object(entry);
    fields.insert(elevated::FIELD.to_owned(), json!(level.word()));
    Value::Object(fields).to_string()
}

fn note_outcome(entry: &str, outcome: &Outcome) -> String {
    let mut fields = object(entry);
    if outcome.model.is_some() {
        let mut add = |name: &str, more: u64| {
            let before = fields.get(name).and_then(Value::as_u64).unwrap_or_default();
            fields.insert(name.to_owned(), json!(before + more));
        };
        add("inputTokens", outcome.usage.input + outcome.usage.cache_read);
        add("outputTokens", outcome.usage.output);
        add("totalTokens", outcome.usage.total_tokens);
        fields.insert("usedTokens".to_owned(), json!(outcome.last_usage.total_tokens));
        fields.insert("contextTokens".to_owned(), json!(outcome.context_tokens));
        fields.insert("modelProvider".to_owned(), json!(outcome.provider));
        fields.insert("model".to_owned(), json!(outcome.model));
    }
    fields.insert(
        "abortedLastRun".to_owned(),
        json!(outcome.status == Status::Aborted),
    );
    Value::Object(fields).to_string()
}
