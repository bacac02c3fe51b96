//! Running a turn for a completion and telling its answer.
//!
//! **Promise.** A client that goes away stops its turn. Each answer is told from the turn's outcome, also where this
//! was not quick enough to hear every event of it: nothing of the text is missing, nothing comes twice. **Cost.** A
//! subscription to the agent's events for a stream; none for a whole answer.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body as Out;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::StatusCode;
use openclaw_agent::session::Key;
use openclaw_agent::{Agent, Body, Event, Fault, Incoming, Origin, Outcome, Request, Status};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::reply::{Asked, DONE, Finish, NOTHING_SAID, Reply, Tokens};
use super::request::Completion;
use crate::api::body::{events, json};
use crate::api::refusal::Refusal;
use crate::gateway::Gateway;

/// How often a stream that hears nothing is kept open with a comment.
const KEEP: Duration = Duration::from_secs(15);

/// A run that is stopped when nobody waits for it any more.
struct Running {
    agent: Agent,
    key: Key,
    run_id: String,
    is_over: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let (agent, key, run_id) = (self.agent.clone(), self.key.clone(), self.run_id.clone());
        // At the end of the process there is nothing left that could stop it, and it is taken up at the next start.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        runtime.spawn(async move {
            if let Err(error) = agent.abort(&key, Some(&run_id)).await {
                tracing::warn!(%error, run_id, "a run could not be stopped whose client has gone");
            }
        });
    }
}

/// Answers a completion.
pub(crate) async fn answer(
    gateway: &Arc<Gateway>,
    completion: Completion,
    key: Key,
    agent_id: String,
    model: Option<String>,
) -> Result<Response, Refusal> {
    let parts = gateway.parts().map_err(|_| Refusal::internal())?;
    let agent = parts.agent.clone();
    let reply = Reply::new(completion.model, crate::clock::now_ms() / 1_000);
    let run_id = reply.run_id();
    let heard = completion.stream.then(|| agent.events());
    let talk = completion.conversation;
    let request = Request {
        message: talk.message,
        prompt: talk.prompt,
        images: talk.images,
        origin: Origin::Http,
        model,
        extra_system_prompt: talk.system,
        max_tokens: completion.max_tokens,
        temperature: completion.temperature,
        tools: completion.tools.offered,
        // What programs send is for the model.
        is_plain: true,
        ..Request::default()
    };
    let mut running = Running {
        agent: agent.clone(),
        key: key.clone(),
        run_id: run_id.clone(),
        is_over: false,
    };
    let turn = Incoming {
        run_id: run_id.clone(),
        session_key: key,
        agent_id: Some(agent_id),
        request,
    };
    let is_required = completion.tools.is_required;
    let Some(events_of_runs) = heard else {
        let ended = agent.run(turn).await;
        running.is_over = true;
        return match ended {
            Ok(Some(outcome)) => whole(&reply, &outcome, is_required),
            Ok(None) => Err(Refusal::internal()),
            Err(error) => Err(not_accepted(&error)),
        };
    };
    if let Err(error) = agent.accept(turn).await {
        running.is_over = true;
        return Err(not_accepted(&error));
    }
    let told = Told {
        reply,
        running,
        heard: events_of_runs,
        item: String::new(),
        sent: 0,
        has_spoken: false,
        include_usage: completion.include_usage,
        is_required,
        stage: Stage::First,
    };
    let body = stream::unfold(told, |mut told| async {
        let piece = told.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(piece)), told))
    });
    Ok(events(Out::from_stream(body)))
}

fn not_accepted(error: &openclaw_agent::Error) -> Refusal {
    match error {
        openclaw_agent::Error::Key(error) => Refusal::bad_request(error.to_string()),
        openclaw_agent::Error::Busy { .. } => {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            Refusal::new(status, "overloaded_error", error.to_string()).retry_after(1)
        }
        _ => {
            tracing::error!(%error, "a turn of the HTTP API was not accepted");
            Refusal::internal()
        }
    }
}

fn whole(reply: &Reply, outcome: &Outcome, is_required: bool) -> Result<Response, Refusal> {
    check(outcome, is_required)?;
    let text = outcome.text.as_deref().unwrap_or_default();
    let text = match text.is_empty() && outcome.calls.is_empty() {
        true => NOTHING_SAID,
        false => text,
    };
    let text = reply.whole(text, &asked(outcome), finish(outcome), tokens(outcome));
    Ok(json(StatusCode::OK, text))
}

/// Refuses an outcome that is no answer to what was asked.
fn check(outcome: &Outcome, is_required: bool) -> Result<(), Refusal> {
    if let (Status::Error, Some(fault)) = (outcome.status, &outcome.error) {
        return Err(failed(fault));
    }
    match is_required && outcome.calls.is_empty() {
        false => Ok(()),
        true => Err(Refusal::new(
            StatusCode::BAD_GATEWAY,
            "api_error",
            "The model called no tool, which `tool_choice` demands.",
        )),
    }
}

fn asked(outcome: &Outcome) -> Vec<Asked> {
    let calls = outcome.calls.iter().map(|call| Asked {
        id: call.id.clone(),
        name: call.name.clone(),
        arguments: call.arguments.clone(),
    });
    calls.collect()
}

/// A failed turn. What the request caused is told as such, the rest is this side's.
fn failed(fault: &Fault) -> Refusal {
    let (status, kind) = match fault.kind.as_str() {
        "bad_request" | "format" | "context_length" | "refusal" => {
            (StatusCode::BAD_REQUEST, "invalid_request_error")
        }
        "rate_limit" => (StatusCode::TOO_MANY_REQUESTS, "rate_limit_error"),
        "timeout" => (StatusCode::GATEWAY_TIMEOUT, "api_error"),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "api_error"),
    };
    Refusal::new(status, kind, fault.message.clone())
}

fn finish(outcome: &Outcome) -> Finish {
    match outcome.stop_reason.as_str() {
        _ if !outcome.calls.is_empty() => Finish::ToolCalls,
        "length" => Finish::Length,
        _ => Finish::Stop,
    }
}

fn tokens(outcome: &Outcome) -> Tokens {
    let usage = &outcome.usage;
    let prompt = usage.input + usage.cache_read + usage.cache_write;
    Tokens {
        prompt,
        completion: usage.output,
        total: prompt + usage.output,
    }
}

enum Stage {
    First,
    Text,
    Over,
}

/// A stream that is told.
struct Told {
    reply: Reply,
    running: Running,
    heard: Receiver<Arc<Event>>,
    /// The message of the agent that is told.
    item: String,
    /// How much of it was sent, in bytes.
    sent: usize,
    has_spoken: bool,
    include_usage: bool,
    /// Whether the answer must be a call.
    is_required: bool,
    stage: Stage,
}

impl Told {
    async fn next(&mut self) -> Option<String> {
        match self.stage {
            Stage::First => {
                self.stage = Stage::Text;
                Some(self.reply.first())
            }
            Stage::Text => Some(self.piece().await),
            Stage::Over => None,
        }
    }

    async fn piece(&mut self) -> String {
        loop {
            let event = match tokio::time::timeout(KEEP, self.heard.recv()).await {
                Err(_) => return ": keepalive\n\n".to_owned(),
                Ok(Ok(event)) => event,
                Ok(Err(RecvError::Lagged(_))) => match self.ended().await {
                    Some(last) => return last,
                    None => continue,
                },
                Ok(Err(RecvError::Closed)) => {
                    let last = self.ended().await;
                    return last.unwrap_or_else(|| self.fail(&Refusal::internal()));
                }
            };
            if *event.run_id != *self.running.run_id {
                continue;
            }
            match &event.body {
                Body::Assistant { text, item, .. } => {
                    if let Some(piece) = self.more(text, item) {
                        return piece;
                    }
                }
                Body::End(outcome) => return self.end(outcome),
                _ => {}
            }
        }
    }

    /// What is new of a message.
    fn more(&mut self, text: &str, item: &str) -> Option<String> {
        let mut gap = "";
        if self.item != item {
            item.clone_into(&mut self.item);
            self.sent = 0;
            // An answer behind a tool call is another paragraph.
            gap = if self.has_spoken { "\n\n" } else { "" };
        }
        let new = text.get(self.sent..).filter(|new| !new.is_empty())?;
        self.sent = text.len();
        self.has_spoken = true;
        Some(match gap {
            "" => self.reply.text(new),
            gap => self.reply.text(&(gap.to_owned() + new)),
        })
    }

    /// The end of a run that ended before this was heard.
    async fn ended(&mut self) -> Option<String> {
        let run_id = self.running.run_id.clone();
        let outcome = self.running.agent.outcome(&run_id).await;
        outcome.ok().flatten().map(|outcome| self.end(&outcome))
    }

    fn end(&mut self, outcome: &Outcome) -> String {
        if let Err(refusal) = check(outcome, self.is_required) {
            return self.fail(&refusal);
        }
        let mut out = String::new();
        match outcome.text.as_deref().filter(|text| !text.is_empty()) {
            Some(text) => {
                let item = self.item.clone();
                out.extend(self.more(text, &item));
            }
            None if !self.has_spoken && outcome.calls.is_empty() => out += &self.reply.text(NOTHING_SAID),
            None => {}
        }
        out += &self.reply.calls(&asked(outcome));
        out += &self.reply.last(finish(outcome));
        if self.include_usage {
            out += &self.reply.usage(tokens(outcome));
        }
        self.over(out)
    }

    fn fail(&mut self, refusal: &Refusal) -> String {
        let out = format!("data: {}\n\n", refusal.openai());
        self.over(out)
    }

    fn over(&mut self, out: String) -> String {
        self.stage = Stage::Over;
        self.running.is_over = true;
        out + DONE
    }
}
