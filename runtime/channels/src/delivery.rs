//! What leaves an account: one message after the other to each recipient, in parts that fit.
//!
//! **Promise.** A part is noted as under way before it leaves, so it leaves at most once unless it is known that it did
//! not arrive. Tried again is only what the platform says did not happen, [`ATTEMPTS`] times; to be told that it is too
//! early is no failure, and is waited out for [`EARLY`] from when the message was put. What may have arrived goes to
//! the dead letters, where a person decides. The parts are cut once and kept, so that a new build or setting cuts what
//! is left no other way. What became of a part is kept however long the state takes none: nothing else leaves on the
//! account before. **Cost.** A transaction for each part and one more for each message.
//!
//! | the process dies | what is there afterwards |
//! | --- | --- |
//! | before the transaction that ends the turn | no message; the turn is run again or ends with an error that is one |
//! | after it, before a part was begun | the message is queued and leaves |
//! | after a part was begun, before its receipt was kept | nobody knows whether it arrived: a dead letter, not sent again |
//! | between two parts | as the line above: the next is begun in the transaction that keeps the receipt |
//! | after the last receipt was kept | the message is sent |
//! | while an answer is shown as it grows | the last text shown stays, until the final one takes its place |

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use openclaw_state::{NextOutbound, Outbound as Row, Tx};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use crate::account::Shared;
use crate::adapter::description::{Feature, ReplyMode};
use crate::adapter::outbound::{Delete, DraftUpdate, Edit, OutgoingMessage};
use crate::adapter::shapes::Address;
use crate::adapter::{AdapterError, ErrorCode, Outbound, OutboundAction, Receipt, Sent, Text};
use crate::desk::Desk;
use crate::error::{Error, Result};
use crate::lane::{now_ms, sleep_until};
use crate::live::Settled;

/// How often a part is tried.
pub(crate) const ATTEMPTS: u32 = 3;
/// For how long a message waits that is always too early. A busy account loses none of its answers by that, and one
/// that its platform never serves again comes to an end.
const EARLY: Duration = Duration::from_secs(60 * 60);
/// How long the delivery waits before it looks again when the state could not be read.
const SICK: Duration = Duration::from_secs(5);

/// The delivery of one account.
pub(crate) struct Delivery {
    pub(crate) shared: Arc<Shared>,
    pub(crate) stop: CancellationToken,
}

/// What a message says.
#[derive(Deserialize)]
struct Body {
    text: String,
}

/// How one part went.
enum Went {
    /// It arrived.
    Out(Receipt),
    /// It certainly did not, and may be tried again then.
    Later(u64, String),
    /// It certainly did not, because it was too early; it is not until then.
    Early(u64, String),
    /// It did not or nobody knows; the ids of what did.
    Dead(Vec<String>, String),
}

impl Delivery {
    /// Sends what is due until it is told to stop. What is being sent then is sent to its end.
    pub(crate) async fn run(self) {
        while !self.stop.is_cancelled() {
            let wait = match self.next().await {
                Ok(NextOutbound::Due(row)) => match self.deliver(*row).await {
                    Ok(()) => continue,
                    Err(error) => self.sick(&error),
                },
                Ok(NextOutbound::At(moment)) => Some(u64::try_from(moment).unwrap_or_default()),
                Ok(NextOutbound::Nothing) => None,
                Err(error) => self.sick(&error),
            };
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = self.shared.outbox.notified() => {}
                () = sleep_until(wait) => {}
            }
        }
    }

    fn sick(&self, error: &Error) -> Option<u64> {
        tracing::error!(account = %self.shared.of, %error, "what is to leave cannot be read or noted");
        Some(now_ms().saturating_add(u64::try_from(SICK.as_millis()).unwrap_or_default()))
    }

    async fn next(&self) -> Result<NextOutbound> {
        let of = self.shared.of.clone();
        let now = i64::try_from(now_ms()).unwrap_or(i64::MAX);
        Ok(self
            .shared
            .state
            .read(move |view| view.outbox_next(&of, now))
            .await?)
    }

    async fn deliver(&self, row: Row) -> Result<()> {
        let desk = self.shared.desk();
        let parts = match plan(&desk, &row) {
            Ok(parts) => parts,
            Err(error) => return self.bury(&row, &[], &error.to_string()).await,
        };
        let shown = self.shown(&row).await?;
        let mut ids: Vec<String> = serde_json::from_str(&row.sent).unwrap_or_default();
        let written = serde_json::to_string(&parts).unwrap_or_default();
        let first = usize::try_from(row.part).unwrap_or(usize::MAX);
        for (at, part) in parts.iter().enumerate().skip(first) {
            let attempt = match at == first {
                true => row.attempts.saturating_add(1),
                false => 1,
            };
            if !self.begin(&row, at == first, &written, &ids).await? {
                return Ok(());
            }
            // The whole of an answer that is on show already is put in its place.
            let in_place = shown.as_deref().filter(|_| parts.len() == 1);
            let went = match in_place {
                Some(message) => self.replace(&desk, &row, part, message, attempt).await,
                None => self.send(&desk, &row, at, part, attempt).await,
            };
            match went {
                Went::Out(receipt) => {
                    self.shared.echoes.note(&row.message.to, &receipt.ids);
                    self.shared.status.outbound();
                    ids.extend(receipt.ids);
                }
                Went::Later(moment, error) => {
                    let (seq, moment) = (row.seq, i64::try_from(moment).unwrap_or(i64::MAX));
                    return self.keep(move |tx| tx.outbox_retry(seq, moment, &error)).await;
                }
                Went::Early(moment, error) => {
                    let (seq, moment) = (row.seq, i64::try_from(moment).unwrap_or(i64::MAX));
                    return self.keep(move |tx| tx.outbox_defer(seq, moment, &error)).await;
                }
                Went::Dead(more, error) => {
                    ids.extend(more);
                    return self.bury(&row, &ids, &error).await;
                }
            }
        }
        self.finish(&row, &ids).await?;
        if let Some(message) = shown.filter(|_| parts.len() != 1) {
            self.take_back(&row, message).await;
        }
        Ok(())
    }

    /// The message in which the answer was shown while it was written, once nothing more is shown in it.
    async fn shown(&self, row: &Row) -> Result<Option<String>> {
        let Some(run_id) = row.message.run_id.clone().filter(|_| row.message.kind == "reply") else {
            return Ok(None);
        };
        if self.shared.live.settle(&self.shared, &run_id).await == Settled::Left {
            return Ok(None);
        }
        Ok(self.shared.state.read(move |view| view.draft_of(&run_id)).await?)
    }

    /// Notes that a part is about to leave, and with that what became of the one before it.
    async fn begin(&self, row: &Row, is_first: bool, plan: &str, ids: &[String]) -> Result<bool> {
        let seq = row.seq;
        if is_first {
            let plan = plan.to_owned();
            let begun = self
                .shared
                .state
                .write(move |tx| tx.outbox_begin_part(seq, &plan));
            return Ok(begun.await?);
        }
        let sent = serde_json::to_string(ids).unwrap_or_default();
        self.keep(move |tx| tx.outbox_go_on(seq, &sent)).await
    }

    /// Keeps what became of a part that was begun, and tries until the state takes it: left as it is, the message would
    /// hold up every later one to its recipient. Only the end of the account ends this; the message is a dead letter
    /// when it begins again.
    async fn keep<T: Send + 'static>(
        &self,
        note: impl Fn(&Tx<'_>) -> openclaw_state::Result<T> + Clone + Send + 'static,
    ) -> Result<T> {
        let mut failures: u32 = 0;
        loop {
            let note = note.clone();
            let error = match self.shared.state.write(move |tx| note(tx)).await {
                Ok(kept) => return Ok(kept),
                Err(openclaw_state::Error::Closed) => return Err(openclaw_state::Error::Closed.into()),
                Err(error) => error,
            };
            failures = failures.saturating_add(1);
            tracing::error!(account = %self.shared.of, failures, %error, "what became of a message cannot be noted");
            tokio::select! {
                () = self.stop.cancelled() => return Err(error.into()),
                () = tokio::time::sleep(self.shared.pace.send.pause(failures)) => {}
            }
        }
    }

    async fn finish(&self, row: &Row, ids: &[String]) -> Result<()> {
        let seq = row.seq;
        let run_id = row.message.run_id.clone();
        let sent = serde_json::to_string(ids).unwrap_or_default();
        let note = move |tx: &Tx<'_>| {
            if let Some(run_id) = &run_id {
                tx.delete_draft(run_id)?;
            }
            tx.outbox_done(seq, &sent)
        };
        self.keep(note).await
    }

    async fn bury(&self, row: &Row, ids: &[String], error: &str) -> Result<()> {
        tracing::warn!(account = %self.shared.of, key = row.message.key, error, "a message is a dead letter");
        let (seq, error) = (row.seq, error.to_owned());
        let sent = serde_json::to_string(ids).unwrap_or_default();
        self.keep(move |tx| tx.outbox_bury(seq, &sent, &error)).await
    }

    async fn send(&self, desk: &Desk, row: &Row, at: usize, part: &Text, attempt: u32) -> Went {
        let shows_answer = match desk.reply_mode() {
            ReplyMode::All => true,
            ReplyMode::First | ReplyMode::Batched => at == 0,
            // Whoever put a message that answers another one without a mode meant it.
            ReplyMode::Off | ReplyMode::Other => at == 0 && row.message.kind != "reply",
        };
        let action = OutboundAction::Message(OutgoingMessage {
            address: address_of(row),
            text: part.clone(),
            media: Vec::new(),
            reply_to: row.message.reply_to.clone().filter(|_| shows_answer),
            in_answer_to: row.message.in_answer_to.clone(),
            buttons: Vec::new(),
            hints: Vec::new(),
            extra: None,
        });
        self.judge(row, self.act(row, at, action, attempt).await, attempt, false)
    }

    /// Puts the answer in the place of what was shown of it; a new message if that is gone.
    async fn replace(&self, desk: &Desk, row: &Row, part: &Text, message: &str, attempt: u32) -> Went {
        let action = match desk.can(Feature::Drafts) {
            true => OutboundAction::DraftUpdate(DraftUpdate {
                address: address_of(row),
                draft_id: row.message.run_id.clone().unwrap_or_default(),
                message_id: Some(message.to_owned()),
                text: part.clone(),
                reply_to: row.message.reply_to.clone(),
                in_answer_to: row.message.in_answer_to.clone(),
                is_final: true,
            }),
            false => OutboundAction::Edit(Edit {
                address: address_of(row),
                message_id: message.to_owned(),
                text: part.clone(),
                buttons: Vec::new(),
                in_answer_to: row.message.in_answer_to.clone(),
            }),
        };
        match self.act(row, 0, action, attempt).await {
            Ok(receipt) if receipt.ids.is_empty() => Went::Out(Receipt {
                ids: vec![message.to_owned()],
                ..receipt
            }),
            Err(error) if matches!(error.code, ErrorCode::NotFound | ErrorCode::Unsupported) => {
                self.send(desk, row, 0, part, attempt).await
            }
            // The same words in the same place are no second answer.
            outcome => self.judge(row, outcome, attempt, true),
        }
    }

    async fn act(
        &self,
        row: &Row,
        at: usize,
        action: OutboundAction,
        attempt: u32,
    ) -> Result<Receipt, AdapterError> {
        let outbound = Outbound {
            action,
            key: format!("{}:{at}", row.message.key),
            attempt: NonZeroU32::new(attempt).unwrap_or(NonZeroU32::MIN),
        };
        self.shared.send(outbound).await
    }

    /// What an outcome means. `is_repeatable` is what may be done twice without harm.
    fn judge(
        &self,
        row: &Row,
        outcome: Result<Receipt, AdapterError>,
        attempt: u32,
        is_repeatable: bool,
    ) -> Went {
        let error = match outcome {
            Ok(receipt) => return Went::Out(receipt),
            Err(error) => error,
        };
        let may_repeat = error.sent == Sent::No
            || (error.code == ErrorCode::RateLimited && error.sent != Sent::Yes)
            || (is_repeatable && error.sent == Sent::Unknown);
        let told = match error.sent {
            Sent::Unknown => format!("{error} (nobody knows whether it arrived)"),
            Sent::Yes | Sent::No => error.to_string(),
        };
        let is_early = error.code == ErrorCode::RateLimited && waited(row) < EARLY;
        if may_repeat && is_passing(error.code) && (is_early || attempt < ATTEMPTS) {
            let pause = self
                .shared
                .pace
                .send
                .pause(attempt)
                .max(error.retry_after.unwrap_or_default());
            let pause = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
            let moment = now_ms().saturating_add(pause);
            return match is_early {
                true => Went::Early(moment, told),
                false => Went::Later(moment, told),
            };
        }
        Went::Dead(ids_of(&error), told)
    }

    /// Deletes what was shown of an answer that is there in full now. Best effort: what stays is part of the answer.
    async fn take_back(&self, row: &Row, message: String) {
        if !self.shared.desk().can(Feature::Delete) {
            return;
        }
        let action = OutboundAction::Delete(Delete {
            address: address_of(row),
            message_ids: vec![message],
        });
        if let Err(error) = self.act(row, usize::MAX, action, 1).await {
            tracing::debug!(account = %self.shared.of, %error, "a preview stays");
        }
    }
}

/// How long ago a message was put.
fn waited(row: &Row) -> Duration {
    let put = u64::try_from(row.created_ms).unwrap_or_default();
    Duration::from_millis(now_ms().saturating_sub(put))
}

/// Whether a later attempt may end otherwise.
fn is_passing(code: ErrorCode) -> bool {
    match code {
        ErrorCode::RateLimited
        | ErrorCode::Timeout
        | ErrorCode::Unavailable
        | ErrorCode::Closed
        | ErrorCode::Conflict
        | ErrorCode::Protocol
        | ErrorCode::Quota
        | ErrorCode::Internal
        | ErrorCode::Other => true,
        ErrorCode::Invalid
        | ErrorCode::NotFound
        | ErrorCode::Denied
        | ErrorCode::Unauthenticated
        | ErrorCode::TooLarge
        | ErrorCode::Refused
        | ErrorCode::Unsupported
        | ErrorCode::NotHere => false,
    }
}

/// The ids of what arrived before an error, as adapters tell them in its detail.
fn ids_of(error: &AdapterError) -> Vec<String> {
    #[derive(Deserialize)]
    struct Detail {
        ids: Vec<String>,
    }
    let detail = error.detail.as_deref().map(serde_json::from_str::<Detail>);
    detail
        .and_then(Result::ok)
        .map(|detail| detail.ids)
        .unwrap_or_default()
}

/// The parts of a message: those that were kept when its first one left, or else cut now.
fn plan(desk: &Desk, row: &Row) -> Result<Vec<Text>> {
    let unreadable = |why: String| Error::Unreadable {
        key: row.message.key.clone(),
        why,
    };
    if let Some(plan) = &row.plan {
        return serde_json::from_str(plan).map_err(|error| unreadable(error.to_string()));
    }
    let body: Body =
        serde_json::from_str(&row.message.body).map_err(|error| unreadable(error.to_string()))?;
    let text = match desk.prefix().filter(|_| row.message.kind == "reply") {
        Some(prefix) => format!("{prefix} {}", body.text),
        None => body.text,
    };
    Ok(desk.shape().cut(&text))
}

fn address_of(row: &Row) -> Address {
    Address {
        to: row.message.to.clone(),
        thread: row.message.thread.clone(),
    }
}
