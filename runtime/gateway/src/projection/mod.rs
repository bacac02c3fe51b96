//! What clients are told of runs: each event of the agent as `agent`, `chat` and `session.*` events.
//!
//! **Promise.** A run is told in the order of its events, and its end exactly once, also after this task fell behind.
//! Text is told at the pace of [`chat::PACE`]; tool calls go as `agent` events to those who began the run and can
//! show them, and as `session.tool` to the others that follow sessions. **Bound.** What is known of a run goes with
//! its end. **Cost.** One task for all runs; an event is written once, and only if somebody is there.

pub(crate) mod chat;
mod news;
mod told;

use std::sync::Arc;
use std::time::Duration;

use openclaw_agent::{Body, Event};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep_until};

use crate::gateway::Gateway;
use crate::services::Parts;
pub(crate) use news::session_changed;
pub(crate) use told::Told;

/// The topic of those that follow all sessions.
pub(crate) const SESSIONS: &str = "sessions";

/// The topic of those that follow the messages of one.
pub(crate) fn messages_topic(key: &str) -> String {
    format!("messages:{key}")
}

/// Tells runs until the agent is gone.
pub(crate) async fn project(gateway: Arc<Gateway>, parts: Arc<Parts>, mut events: Receiver<Arc<Event>>) {
    loop {
        let due = parts.told.due();
        // While nothing is held back, nothing but an event can be next.
        let until = due.unwrap_or_else(|| Instant::now() + Duration::from_secs(3_600));
        tokio::select! {
            heard = events.recv() => match heard {
                Ok(event) => {
                    parts.told.answered(&event.run_id).await;
                    hear(&gateway, &parts, &event).await;
                }
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(missed, "events of runs were missed; ended runs are told from what is kept");
                    catch_up(&gateway, &parts).await;
                }
                Err(RecvError::Closed) => return,
            },
            () = sleep_until(until) => parts.told.flush(gateway.hub(), Instant::now()),
        }
    }
}

async fn hear(gateway: &Gateway, parts: &Parts, event: &Event) {
    let told = &parts.told;
    if told.ended_early(&event.run_id) {
        return;
    }
    if matches!(event.body, Body::Start | Body::ToolResult { .. } | Body::End(_)) {
        news::messages(gateway, parts, event).await;
    }
    told.hear(gateway.hub(), event, Instant::now());
    match &event.body {
        Body::Start => news::phase(gateway, parts, event, "start").await,
        Body::End(_) => {
            told.end(&event.run_id);
            news::phase(gateway, parts, event, "end").await;
        }
        _ => {}
    }
}

/// Tells the ends that were missed, or are still to come: what of those runs comes later is not told again.
async fn catch_up(gateway: &Gateway, parts: &Parts) {
    for (run_id, seq) in parts.told.runs() {
        let Ok(Some(outcome)) = parts.agent.outcome(&run_id).await else {
            continue;
        };
        let id = run_id.to_string();
        let Ok(Some(turn)) = gateway.state().read(move |view| view.turn(&id)).await else {
            continue;
        };
        let event = Event {
            run_id: Arc::clone(&run_id),
            session_key: turn.session_key.into(),
            session_id: outcome.session_id.as_str().into(),
            agent_id: turn.agent_id.into(),
            seq: seq + 1,
            ts: outcome.ended_ms,
            body: Body::End(Box::new(outcome)),
        };
        hear(gateway, parts, &event).await;
        parts.told.end_early(&run_id);
    }
}
