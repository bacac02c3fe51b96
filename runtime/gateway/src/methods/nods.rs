//! `exec.approval.*`: questions whether a command may run, and their answers. `exec.approvals.*`: the file that says which
//! need to be asked.
//!
//! **Promise.** The first answer counts, and all who listen are told it. The file is replaced only by who read it as it is,
//! and what is not shown of it stays. **Bound.** What the questions themselves are bounded by; a file that is not
//! understood is not shown, and its hash is told, so that it can be replaced.

use std::sync::Arc;
use std::time::Duration;

use openclaw_agent::Nods;
use openclaw_protocol::scope::Scope;
use openclaw_protocol::shape::{COUNT, Field, Kind, Object, TEXT, TEXTS, WORD};
use openclaw_protocol::{Code, Error};
use openclaw_sandbox::approvals::{
    Document, FileError, NewRequest, Pending, ResolveError, Resolved, Store, Told, Unaccepted, Verdict,
    effective,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::internal;
use crate::event::Event;
use crate::gateway::Gateway;
use crate::method::{Answer, Caller, Method, Params};

/// The methods of this family.
pub(crate) const METHODS: &[Method] = &[
    Method {
        name: "exec.approval.request",
        scope: Some(Scope::Approvals),
        run: |gateway, caller, params| Box::pin(request(gateway, caller, params)),
    },
    Method {
        name: "exec.approval.waitDecision",
        scope: Some(Scope::Approvals),
        run: |gateway, _, params| Box::pin(wait(gateway, params)),
    },
    Method {
        name: "exec.approval.get",
        scope: Some(Scope::Approvals),
        run: |gateway, _, params| Box::pin(async move { get(&gateway, params) }),
    },
    Method {
        name: "exec.approval.resolve",
        scope: Some(Scope::Approvals),
        run: |gateway, caller, params| Box::pin(async move { resolve(&gateway, &caller, params) }),
    },
    Method {
        name: "exec.approvals.get",
        scope: Some(Scope::Admin),
        run: |gateway, _, params| Box::pin(file(gateway, params)),
    },
    Method {
        name: "exec.approvals.set",
        scope: Some(Scope::Admin),
        run: |gateway, _, params| Box::pin(set_file(gateway, params)),
    },
];

/// A command is asked about.
pub(super) const REQUESTED: &str = "exec.approval.requested";
/// It was answered, or its time is up.
pub(super) const RESOLVED: &str = "exec.approval.resolved";

const NOTHING: Object = Object::closed(&[]);
const ONE: Object = Object::closed(&[Field::required("id", WORD)]);
const DECISIONS: Kind = Kind::OneOf(&["allow-once", "allow-always", "deny"]);
const REVIEWER: Object = Object::closed(&[
    Field::optional("channel", TEXT),
    Field::optional("accountId", TEXT),
    Field::optional("senderId", TEXT),
]);
const RESOLVE: Object = Object::closed(&[
    Field::required("id", WORD),
    Field::required("decision", DECISIONS),
    Field::optional("reviewer", Kind::Object(&REVIEWER)),
    Field::optional("grantExpiresInDays", Kind::Integer(1, 3650)),
]);
const REQUEST: Object = Object::closed(&[
    Field::optional("id", WORD),
    Field::optional("command", TEXT),
    Field::optional("commandPreview", Kind::TextOrNull),
    Field::optional("commandArgv", TEXTS),
    Field::optional("systemRunPlan", Kind::Any),
    Field::optional("env", Kind::Map(&TEXT)),
    Field::optional("cwd", Kind::TextOrNull),
    Field::optional("nodeId", Kind::TextOrNull),
    Field::optional("host", Kind::TextOrNull),
    Field::optional("security", Kind::TextOrNull),
    Field::optional("ask", Kind::TextOrNull),
    Field::optional("warningText", Kind::TextOrNull),
    Field::optional("scope", Kind::Any),
    Field::optional("unavailableDecisions", TEXTS),
    Field::optional("commandSpans", Kind::Any),
    Field::optional("agentId", Kind::TextOrNull),
    Field::optional("resolvedPath", Kind::TextOrNull),
    Field::optional("sessionKey", Kind::TextOrNull),
    Field::optional("sessionId", Kind::TextOrNull),
    Field::optional("runId", Kind::TextOrNull),
    Field::optional("toolCallId", Kind::TextOrNull),
    Field::optional("turnSourceChannel", Kind::TextOrNull),
    Field::optional("turnSourceTo", Kind::TextOrNull),
    Field::optional("turnSourceAccountId", Kind::TextOrNull),
    Field::optional("turnSourceThreadId", Kind::Any),
    Field::optional("approvalReviewerDeviceIds", TEXTS),
    Field::optional("requireDeliveryRoute", Kind::Bool),
    Field::optional("suppressDelivery", Kind::Bool),
    Field::optional("deliverToApprovalClientsOnly", Kind::Bool),
    Field::optional("timeoutMs", COUNT),
    Field::optional("twoPhase", Kind::Bool),
]);
const FILE: Object = Object::closed(&[
    Field::required("file", Kind::Any),
    Field::optional("baseHash", WORD),
]);

#[derive(Deserialize)]
struct One {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answered {
    id: String,
    decision: Verdict,
    reviewer: Option<Reviewer>,
    grant_expires_in_days: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reviewer {
    channel: Option<String>,
    sender_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewFile {
    file: Value,
    base_hash: Option<String>,
}

fn nods(gateway: &Gateway) -> Result<&Nods, Error> {
    let nods = gateway.parts()?.nods.as_ref();
    nods.ok_or_else(|| Error::unavailable("this gateway runs no commands on its machine"))
}

/// Lets commands be asked about from now on, as long as somebody is connected who may answer. What comes back tells those
/// of the questions and their answers, until nobody asks any more.
pub(crate) fn tell(gateway: Arc<Gateway>) -> impl Future<Output = ()> {
    let known = Arc::downgrade(&gateway);
    let heard = nods(&gateway).ok().map(|nods| {
        nods.reach_by(move || {
            known.upgrade().is_some_and(|gateway| {
                let all = gateway.hub().all();
                all.iter()
                    .any(|connection| connection.grant().allows(Scope::Approvals))
            })
        });
        nods.approvals().listen()
    });
    async move {
        if let Some(heard) = heard {
            hand_on(&gateway, heard).await;
        }
    }
}

async fn hand_on(gateway: &Gateway, mut heard: Receiver<Told>) {
    loop {
        let event = match heard.recv().await {
            Ok(Told::Requested(pending)) => Event::new(REQUESTED, &row(&pending)),
            Ok(Told::Resolved(resolved)) => Event::new(RESOLVED, &resolution(&resolved)),
            // Who shows them asks for the list again when it next connects.
            Err(RecvError::Lagged(missed)) => {
                tracing::warn!(missed, "questions about commands were not told");
                continue;
            }
            Err(RecvError::Closed) => return,
        };
        if let Some(event) = event {
            gateway.hub().tell(&event);
        }
    }
}

/// The questions that wait, as clients list them.
pub(super) fn rows(gateway: &Gateway) -> Vec<Value> {
    let nods = nods(gateway);
    nods.map(|nods| nods.approvals().list().iter().map(row).collect())
        .unwrap_or_default()
}

fn row(pending: &Pending) -> Value {
    json!({
        "approvalKind": "exec",
        "id": pending.id,
        "request": pending.request,
        "createdAtMs": pending.created_ms,
        "expiresAtMs": pending.expires_ms,
    })
}

fn resolution(resolved: &Resolved) -> Value {
    let answer = resolved.resolution.as_ref();
    let mut told = Map::from_iter([
        ("id".to_owned(), json!(resolved.pending.id)),
        (
            "decision".to_owned(),
            json!(answer.map(|answer| answer.verdict.name())),
        ),
        (
            "ts".to_owned(),
            json!(answer.map_or(resolved.pending.expires_ms, |answer| answer.at_ms)),
        ),
        ("request".to_owned(), resolved.pending.request.clone()),
    ]);
    if let Some(by) = answer.and_then(|answer| answer.by.as_ref()) {
        told.insert("resolvedBy".to_owned(), json!(by));
    }
    Value::Object(told)
}

fn decision(resolved: &Resolved) -> Value {
    let answer = resolved.resolution.as_ref();
    json!({
        "id": resolved.pending.id,
        "decision": answer.map(|answer| answer.verdict.name()),
        "createdAtMs": resolved.pending.created_ms,
        "expiresAtMs": resolved.pending.expires_ms,
    })
}

async fn request(gateway: Arc<Gateway>, caller: Caller, params: Params) -> Answer {
    let mut asked: Map<String, Value> = params.read(&REQUEST)?;
    asked.retain(|_, value| !value.is_null());
    let text = |asked: &Map<_, _>, key: &str| asked.get(key).and_then(Value::as_str).map(str::to_owned);
    let id = asked.remove("id").and_then(|id| id.as_str().map(str::to_owned));
    let patience = asked.remove("timeoutMs").and_then(|ms| ms.as_u64());
    let is_two_phase = asked.remove("twoPhase").is_some_and(|two| two == true);
    if asked
        .remove("approvalReviewerDeviceIds")
        .is_some_and(|ids| ids != json!([]))
    {
        return Err(Error::unavailable(
            "approvalReviewerDeviceIds: this build asks everybody who may answer; leave it out",
        ));
    }
    // Questions are told to those who are connected and to nobody else, whatever these say.
    for delivery in [
        "requireDeliveryRoute",
        "suppressDelivery",
        "deliverToApprovalClientsOnly",
    ] {
        asked.remove(delivery);
    }
    let unavailable = asked.remove("unavailableDecisions").unwrap_or_default();
    let can_last = !unavailable
        .as_array()
        .is_some_and(|words| words.iter().any(|word| word == Verdict::AllowAlways.name()));
    if text(&asked, "command").is_none_or(|command| command.trim().is_empty()) {
        let argv = asked.get("commandArgv").and_then(Value::as_array);
        let words: Vec<_> = argv.into_iter().flatten().filter_map(Value::as_str).collect();
        if words.is_empty() {
            return Err(Error::invalid("command or commandArgv must say what is to run"));
        }
        asked.insert("command".to_owned(), json!(words.join(" ")));
    }
    // Values of variables may be secrets, and those who answer are many.
    if let Some(Value::Object(env)) = asked.remove("env") {
        asked.insert("envKeys".to_owned(), env.keys().cloned().collect());
    }
    let mut new = NewRequest {
        id,
        session: text(&asked, "sessionKey"),
        request: Value::Null,
        can_last,
        patience: patience.filter(|ms| *ms > 0).map(Duration::from_millis),
    };
    let offered = match can_last {
        true => json!(["allow-once", "allow-always", "deny"]),
        false => json!(["allow-once", "deny"]),
    };
    asked.insert("allowedDecisions".to_owned(), offered);
    new.request = Value::Object(asked);
    let approvals = nods(&gateway)?.approvals().clone();
    let pending = approvals.request(new).map_err(|why| match why {
        Unaccepted::Full { .. } => Error::unavailable(why.to_string()),
        Unaccepted::Taken { .. } | Unaccepted::Id => Error::invalid(why.to_string()),
    })?;
    if is_two_phase {
        let accepted = json!({
            "status": "accepted",
            "id": pending.id,
            "createdAtMs": pending.created_ms,
            "expiresAtMs": pending.expires_ms,
        });
        caller.answer_early(accepted.into());
    }
    let resolved = approvals.wait(&pending.id).await.map_err(refused)?;
    Ok(decision(&resolved).into())
}

async fn wait(gateway: Arc<Gateway>, params: Params) -> Answer {
    let One { id } = params.read(&ONE)?;
    let approvals = nods(&gateway)?.approvals().clone();
    let resolved = approvals.wait(&id).await.map_err(refused)?;
    Ok(decision(&resolved).into())
}

fn get(gateway: &Gateway, params: Params) -> Answer {
    let One { id } = params.read(&ONE)?;
    let pending = nods(gateway)?.approvals().get(&id).map_err(refused)?;
    let mut told = Map::from_iter([
        ("id".to_owned(), json!(pending.id)),
        ("allowedDecisions".to_owned(), json!(pending.offered())),
        ("expiresAtMs".to_owned(), json!(pending.expires_ms)),
    ]);
    for (name, key) in [
        ("commandText", "command"),
        ("commandPreview", "commandPreview"),
        ("host", "host"),
        ("nodeId", "nodeId"),
        ("agentId", "agentId"),
    ] {
        if let Some(value) = pending.request.get(key) {
            told.insert(name.to_owned(), value.clone());
        }
    }
    Ok(Value::Object(told).into())
}

fn resolve(gateway: &Gateway, caller: &Caller, params: Params) -> Answer {
    let answered: Answered = params.read(&RESOLVE)?;
    let client = &caller.connection().peer().client;
    let teller = client.display_name.clone().unwrap_or_else(|| client.id.clone());
    let by = match answered.reviewer {
        // Whom a client answers for is its own word.
        Some(Reviewer {
            channel: Some(channel),
            sender_id: Some(sender),
        }) => format!("{channel}:{sender} (told by {teller})"),
        _ => teller,
    };
    let approvals = nods(gateway)?.approvals();
    approvals
        .resolve(
            &answered.id,
            answered.decision,
            Some(by),
            answered.grant_expires_in_days,
        )
        .map_err(refused)?;
    Ok(json!({ "ok": true }).into())
}

fn refused(why: ResolveError) -> Error {
    match why {
        ResolveError::Unknown { .. } | ResolveError::Late { .. } => {
            Error::new(Code::ApprovalNotFound, why.to_string())
        }
        ResolveError::Ambiguous { .. } | ResolveError::NotOffered => Error::invalid(why.to_string()),
    }
}

async fn file(gateway: Arc<Gateway>, params: Params) -> Answer {
    let _: Map<_, _> = params.read(&NOTHING)?;
    let store = nods(&gateway)?.store().clone();
    let config = gateway.config().get();
    on_disk(move || match store.read() {
        Ok(snapshot) => {
            let mut told = store.told(&snapshot);
            if let Value::Object(told) = &mut told {
                let policy = effective(&config.config, &snapshot.document);
                told.insert("effectivePolicy".to_owned(), policy);
            }
            Ok(told)
        }
        Err(why) => Err(unusable(&store, &why)),
    })
    .await
}

async fn set_file(gateway: Arc<Gateway>, params: Params) -> Answer {
    let NewFile { file, base_hash } = params.read(&FILE)?;
    let store = nods(&gateway)?.store().clone();
    on_disk(move || {
        let mut document = Document::of(file).map_err(|why| Error::invalid(format!("file: {why}")))?;
        let before = store.read();
        if let Ok(before) = &before {
            document.keep_secrets_of(&before.document);
        }
        let base = match (base_hash, &before) {
            (Some(base), _) => base,
            (None, Ok(before)) if !before.exists => before.hash.clone(),
            (None, _) => {
                return Err(Error::invalid(
                    "baseHash is missing: get the file first, and send its hash with what is to replace it",
                ));
            }
        };
        match store.write(&document, &base) {
            Ok(snapshot) => Ok(store.told(&snapshot)),
            Err(why) => Err(unusable(&store, &why)),
        }
    })
    .await
}

/// Runs what waits for the disk on a thread that may wait.
async fn on_disk(work: impl FnOnce() -> Result<Value, Error> + Send + 'static) -> Answer {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|fault| internal(&fault))??.into())
}

fn unusable(store: &Store, why: &FileError) -> Error {
    let details = json!({ "path": store.path().display().to_string(), "hash": store.hash().ok() });
    match why {
        FileError::Raced { .. } => Error::invalid(why.to_string()).details(details),
        _ => Error::unavailable(why.to_string()).details(details),
    }
}
