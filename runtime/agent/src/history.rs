//! What was said in a session, and changes of sessions by clients.

use openclaw_state::{Entry, Session, Tx, View};
use serde_json::{Map, Value, json};

use crate::agent::Agent;
use crate::clock::{iso, now_ms};
use crate::error::{Error, Result};
use crate::ledger::{fresh_session, object};
use crate::message::{MESSAGE, Message};
use crate::session::Key;
use crate::words;

/// How many bytes of a conversation are handed out at once.
const BYTES: usize = 6 << 20;

/// What was said in a session.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// The session; none if nothing was ever said in it.
    pub session: Option<Session>,
    /// The newest messages, oldest first, in OpenClaw's shape. `__openclaw` in each has its `id`, its number `seq`,
    /// its `runId` and when it was kept.
    pub messages: Vec<Value>,
}

impl Agent {
    /// What was said in a session: at most `limit` of the newest messages.
    pub async fn history(&self, session_key: &Key, limit: usize) -> Result<History> {
        let key = session_key.to_string();
        let look = move |view: &View<'_>| {
            let Some(session) = view.session(&key)? else {
                return Ok::<_, Error>((None, Vec::new()));
            };
            let entries = view.transcript_tail(&session.session_id, limit, BYTES)?;
            Ok((Some(session), entries))
        };
        let (session, entries) = self.shared.state.read(look).await?;
        Ok(History {
            session,
            messages: entries.iter().filter_map(show).collect(),
        })
    }

    /// A session.
    pub async fn session(&self, session_key: &Key) -> Result<Option<Session>> {
        let key = session_key.to_string();
        Ok(self.shared.state.read(move |view| view.session(&key)).await?)
    }

    /// The sessions, the one that changed last first.
    pub async fn sessions(&self, limit: u32) -> Result<Vec<Session>> {
        Ok(self.shared.state.read(move |view| view.sessions(limit)).await?)
    }

    /// Begins a session afresh: what runs in it is stopped, and what was said stays under its old id.
    pub async fn reset(&self, session_key: &Key) -> Result<Session> {
        self.shared.ledger().forget(session_key.as_str());
        self.abort(session_key, None).await?;
        let (key, agent) = (session_key.to_string(), self.agent_of(session_key));
        let reset = move |tx: &Tx<'_>| {
            let before = tx.session(&key)?;
            let session = fresh_session(tx, &key, &agent, before)?;
            tx.session_put(&session)?;
            Ok::<_, Error>(session)
        };
        self.shared.state.write(reset).await
    }

    /// Removes a session and, if `transcript`, all that was said in it. What runs in it is stopped, also in the
    /// background.
    pub async fn delete(&self, session_key: &Key, transcript: bool) -> Result<bool> {
        if session_key.is_main() {
            return Err(Error::MainSession {
                key: session_key.to_string(),
            });
        }
        self.shared.ledger().forget(session_key.as_str());
        self.abort(session_key, None).await?;
        let key = session_key.to_string();
        self.shared.jobs.end_session(&self.agent_of(session_key), &key);
        Ok(self
            .shared
            .state
            .write(move |tx| tx.session_delete(&key, transcript))
            .await?)
    }

    /// Changes what is kept of a session: each field takes the place of the one there, and null removes it. A
    /// session that is not there is begun.
    pub async fn patch(&self, session_key: &Key, fields: Map<String, Value>) -> Result<Session> {
        let (key, agent) = (session_key.to_string(), self.agent_of(session_key));
        let patch = move |tx: &Tx<'_>| {
            let session = match tx.session(&key)? {
                Some(session) => session,
                None => fresh_session(tx, &key, &agent, None)?,
            };
            let mut entry = object(&session.entry);
            for (name, value) in fields {
                match value {
                    Value::Null => entry.remove(&name),
                    value => entry.insert(name, value),
                };
            }
            let session = Session {
                entry: Value::Object(entry).to_string(),
                updated_ms: tx.now_ms(),
                ..session
            };
            tx.session_put(&session)?;
            Ok::<_, Error>(session)
        };
        self.shared.state.write(patch).await
    }

    /// Adds a note of the assistant's to a session without a run; says its id. Models read it.
    pub async fn inject(&self, session_key: &Key, text: &str) -> Result<String> {
        let mut note = Message::of_gateway(text, now_ms());
        if let Message::Assistant {
            exclude_from_context, ..
        } = &mut note
        {
            *exclude_from_context = false;
        }
        let (key, body) = (session_key.to_string(), note.body());
        let add = move |tx: &Tx<'_>| {
            let Some(session) = tx.session(&key)? else {
                return Err(Error::NoSession { key });
            };
            let seq = tx.transcript_append(&session.session_id, None, MESSAGE, &body)?;
            Ok(format!("{seq:08x}"))
        };
        self.shared.state.write(add).await
    }

    /// A session's conversation as OpenClaw writes it to a file: one JSON document a line.
    pub async fn export(&self, session_key: &Key) -> Result<String> {
        let key = session_key.clone();
        let look = move |view: &View<'_>| {
            let Some(session) = view.session(key.as_str())? else {
                return Err(Error::NoSession { key: key.to_string() });
            };
            let begun = view.transcript(&session.session_id)?;
            let entries = view.transcript_tail(&session.session_id, usize::MAX, usize::MAX)?;
            Ok((session, begun, entries))
        };
        let (session, begun, entries) = self.shared.state.read(look).await?;
        let snapshot = self.shared.config.get();
        let cwd = crate::workspace::path_of(&snapshot, &session.agent_id);
        let began = begun.map_or(session.started_ms, |begun| begun.created_ms);
        let header = json!({
            "type": "session", "version": 3, "id": session.session_id, "timestamp": iso(began),
            "cwd": cwd.display().to_string(),
        });
        let lines = std::iter::once(header).chain(entries.iter().map(line));
        Ok(lines.map(|line| format!("{line}\n")).collect())
    }
}

/// An entry as a line of a file.
fn line(entry: &Entry) -> Value {
    let mut fields = Map::new();
    fields.insert("type".to_owned(), json!(entry.kind));
    fields.insert("id".to_owned(), json!(entry.id()));
    fields.insert("parentId".to_owned(), json!(entry.parent_id()));
    fields.insert("timestamp".to_owned(), json!(iso(entry.at_ms)));
    fields.extend(object(&entry.body));
    Value::Object(fields)
}

/// A message as clients are shown it; none if it asks for silence.
fn show(entry: &Entry) -> Option<Value> {
    if entry.kind != MESSAGE {
        return None;
    }
    let mut body = object(&entry.body);
    let mut message = body.remove("message")?;
    let fields = message.as_object_mut()?;
    if fields.get("role") == Some(&json!("assistant")) && is_silent(fields) {
        return None;
    }
    fields.remove("prompt");
    let mut about = json!({"id": entry.id(), "seq": entry.seq, "recordTimestampMs": entry.at_ms});
    if let (Some(run_id), Some(about)) = (&entry.run_id, about.as_object_mut()) {
        about.insert("runId".to_owned(), json!(run_id));
    }
    fields.insert("__openclaw".to_owned(), about);
    Some(message)
}

/// Whether an answer is a request for silence and nothing else.
fn is_silent(message: &Map<String, Value>) -> bool {
    let Some(Value::Array(blocks)) = message.get("content") else {
        return false;
    };
    match blocks.as_slice() {
        [block] => {
            let text = block.get("text").and_then(Value::as_str);
            text.is_some_and(|text| !text.trim().is_empty() && words::audible(text).is_none())
        }
        _ => false,
    }
}
