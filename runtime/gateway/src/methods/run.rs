//! Beginning a run for a client, and telling how one ended.

use std::sync::Arc;

use openclaw_agent::{Acceptance, Incoming, Outcome, Request, Status};
use openclaw_protocol::Error;
use serde_json::{Map, Value, json};
use tokio_util::sync::DropGuard;

use super::target::Target;
use crate::connection::Connection;
use crate::gateway::Gateway;

/// What became of a request for a run.
pub(crate) enum Start {
    /// It is kept and will run. It is told of once this is dropped.
    Fresh(DropGuard),
    /// The same was asked before and runs.
    Running(DropGuard),
    /// The same was asked before and has ended.
    Ended(Box<Outcome>),
    /// It was an order to stop, and these runs were stopped.
    Stopped(Vec<String>),
}

/// Has a turn accepted for a client, which from then on hears of its tools.
pub(crate) async fn start(
    gateway: &Gateway,
    connection: &Arc<Connection>,
    run_id: &str,
    target: &Target,
    request: Request,
) -> Result<Start, Error> {
    let services = gateway.parts()?;
    // Before it is accepted, as its first event may come before the answer.
    let unanswered = services.told.follow(run_id, connection);
    let incoming = Incoming {
        run_id: run_id.to_owned(),
        session_key: target.key.clone(),
        agent_id: Some(target.agent.clone()),
        request,
    };
    let accepted = services.agent.accept(incoming).await;
    match accepted.map(|accepted| accepted.status) {
        Ok(Acceptance::Started) => Ok(Start::Fresh(unanswered)),
        Ok(Acceptance::InFlight) => Ok(Start::Running(unanswered)),
        Ok(Acceptance::Finished(outcome)) => {
            services.told.forget(run_id);
            Ok(Start::Ended(outcome))
        }
        Ok(Acceptance::Stopped(runs)) => {
            services.told.forget(run_id);
            Ok(Start::Stopped(runs))
        }
        Err(error) => {
            services.told.forget(run_id);
            Err(refused(&error))
        }
    }
}

/// How an ended run is told: its status and what it came to.
pub(crate) fn status(outcome: &Outcome) -> (&'static str, &str) {
    match (&outcome.status, &outcome.error) {
        (Status::Ok, _) => ("ok", "completed"),
        (Status::Aborted, _) => ("timeout", "aborted"),
        (Status::Error, fault) => ("error", fault.as_ref().map_or("failed", |fault| &fault.message)),
    }
}

/// How an ended run is told to somebody who asks for it again.
pub(crate) fn ended(run_id: &str, outcome: &Outcome) -> Value {
    let (status, summary) = status(outcome);
    json!({ "runId": run_id, "status": status, "summary": summary })
}

/// The result of an `agent` request.
pub(crate) fn result(run_id: &str, outcome: &Outcome) -> Value {
    let mut told = ended(run_id, outcome);
    let payloads: Vec<_> = outcome
        .text
        .iter()
        .map(|text| json!({ "text": text, "mediaUrl": null }))
        .collect();
    let usage = |tokens: &openclaw_agent::Tokens| {
        json!({
            "input": tokens.input, "output": tokens.output, "cacheRead": tokens.cache_read,
            "cacheWrite": tokens.cache_write, "total": tokens.total_tokens,
        })
    };
    let mut agent = Map::new();
    agent.insert("sessionId".to_owned(), json!(outcome.session_id));
    if let (Some(provider), Some(model)) = (&outcome.provider, &outcome.model) {
        agent.insert("provider".to_owned(), json!(provider));
        agent.insert("model".to_owned(), json!(model));
        agent.insert("contextTokens".to_owned(), json!(outcome.context_tokens));
        agent.insert("usage".to_owned(), usage(&outcome.usage));
        agent.insert("lastCallUsage".to_owned(), usage(&outcome.last_usage));
    }
    let mut meta = json!({
        "durationMs": outcome.ended_ms.saturating_sub(outcome.started_ms).max(0),
        "agentMeta": agent,
        "stopReason": outcome.stop_reason,
    });
    if outcome.status == Status::Aborted
        && let Some(fields) = meta.as_object_mut()
    {
        fields.insert("aborted".to_owned(), json!(true));
    }
    if let Some(fields) = told.as_object_mut() {
        fields.insert("stopReason".to_owned(), json!(outcome.stop_reason));
        fields.insert("result".to_owned(), json!({ "payloads": payloads, "meta": meta }));
    }
    told
}

/// Why a turn was not accepted.
pub(crate) fn refused(error: &openclaw_agent::Error) -> Error {
    use openclaw_agent::Error as Agent;
    match error {
        Agent::Key(_) | Agent::NoSession { .. } | Agent::MainSession { .. } => {
            Error::invalid(error.to_string())
        }
        Agent::Busy { .. } => Error::unavailable(error.to_string()).retry_after(1_000),
        _ => {
            tracing::error!(%error, "a turn was not accepted");
            Error::unavailable("internal error")
        }
    }
}

#[cfg(test)]
mod tests {
    use openclaw_agent::{Fault, Tokens};

    use super::*;

    fn outcome(status: Status) -> Outcome {
        Outcome {
            status,
            text: Some("Hello".to_owned()),
            error: None,
            stop_reason: "stop".to_owned(),
            is_command: false,
            session_id: "s".to_owned(),
            started_ms: 10,
            ended_ms: 25,
            provider: Some("mock".to_owned()),
            model: Some("mock-1".to_owned()),
            context_tokens: 128_000,
            usage: Tokens {
                input: 7,
                output: 5,
                total_tokens: 12,
                ..Tokens::default()
            },
            last_usage: Tokens::default(),
            tools: Vec::new(),
            calls: Vec::new(),
        }
    }

    #[test]
    fn a_run_that_was_answered_is_told_with_its_reply_and_its_cost() {
        let told = result("r", &outcome(Status::Ok));
        assert_eq!(
            (&told["status"], &told["summary"]),
            (&json!("ok"), &json!("completed"))
        );
        assert_eq!(
            told["result"]["payloads"],
            json!([{ "text": "Hello", "mediaUrl": null }])
        );
        let meta = &told["result"]["meta"];
        assert_eq!(meta["durationMs"], 15);
        assert_eq!(meta["agentMeta"]["usage"]["total"], 12);
    }

    #[test]
    fn a_run_that_failed_says_why_in_its_summary() {
        let mut failed = outcome(Status::Error);
        failed.error = Some(Fault {
            message: "no credit".to_owned(),
            kind: "auth".to_owned(),
        });
        assert_eq!(
            ended("r", &failed),
            json!({ "runId": "r", "status": "error", "summary": "no credit" })
        );
        assert_eq!(ended("r", &outcome(Status::Aborted))["summary"], "aborted");
    }
}
