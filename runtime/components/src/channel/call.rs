//! One call of an adapter, from its place to its end.
//!
//! **Promise.** A call that ended well gives what it returned and what it asked for; any other gives neither, and its
//! instance is gone. **Bound.** The limits of a call. **Cost.** A warm instance saves making one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use openclaw_policy::Limit;
use serde::Serialize;
use tokio::time::timeout_at;
use wasmtime::Store;

use super::adapter::Inner;
use super::seat::Seat;
use super::warm::Live;
use super::{AdapterError, Facts, Sent, Stage, WitError};
use crate::bindings::channel::Channel;
use crate::call::{CallContext, Ended};
use crate::conceal::conceal;
use crate::error::{Error, Result};
use crate::extension::Program;
use crate::guest::{Begin, Guest};
use crate::limits::{Root, Volume};
use crate::random;

/// What a handler waits for one request at most.
const HANDLER_WAIT: Duration = Duration::from_secs(10);

/// What is asked of an adapter.
pub(super) type Job<T> = Box<
    dyn for<'a> FnOnce(
            &'a Channel,
            &'a mut Store<Guest>,
        ) -> BoxFuture<'a, wasmtime::Result<std::result::Result<T, WitError>>>
        + Send,
>;

/// How a call is made.
pub(super) struct Call {
    /// The function, as the adapter exports it.
    pub(super) name: &'static str,
    pub(super) stage: Stage,
    pub(super) facts: Facts,
    pub(super) context: CallContext,
}

/// How the run ended, on the threads of the guests.
struct Ran<T> {
    ended: std::result::Result<(T, Seat), Fault>,
    /// The instance, if it may be used again.
    live: Option<Live>,
}

/// Why a call has no result.
enum Fault {
    /// The adapter said so.
    Said(AdapterError),
    /// It was broken off.
    Broken(Error, Sent),
}

impl Inner {
    /// Makes a call. Dropping the future ends it wherever it is.
    pub(super) async fn call<T>(
        self: &Arc<Self>,
        call: Call,
        job: Job<T>,
    ) -> std::result::Result<(T, Seat), AdapterError>
    where
        T: Serialize + Send + 'static,
    {
        let unsent = |error: Error| AdapterError::of_host(&error, Sent::No);
        let (root, permit) = self.admit().await.map_err(unsent)?;
        let late = || Error::Stopped {
            extension: self.extension.id.to_string(),
            stop: root.late(),
        };
        let seat = Seat::new(call.stage, call.facts, Arc::clone(&self.shared));
        let stage = call.stage;
        let begin = Begin {
            call_id: random::name().map_err(unsent)?,
            context: call.context,
            progress: None,
            root: Arc::clone(&root),
            depth: 0,
            is_described: false,
            input: None,
            streams: None,
            permit: Some(permit),
            seat: Some(seat),
        };
        let program = timeout_at(root.end().into(), self.host.program(&self.extension)).await;
        let program = program.map_err(|_| unsent(late()))?.map_err(unsent)?;
        let (store, channel) = match self.slot.take() {
            Some(Live { mut store, channel }) => {
                Guest::renew(&mut store, begin);
                (store, Some(channel))
            }
            None => (Guest::store(begin, &self.extension, &self.host), None),
        };
        let (slice, volume) = (Arc::clone(&store.data().slice), Arc::clone(&store.data().volume));
        if stage == Stage::Handler {
            volume.wait_at_most(HANDLER_WAIT);
        }
        let task = self
            .host
            .scheduler
            .run(&root, slice, run(store, channel, program, job));
        self.host.scheduler.linger(&task);
        let broken = |error: Error| Err(Fault::Broken(error, sent_by(&volume)));
        let ended = match timeout_at(root.end().into(), task).await {
            Ok(Some(ran)) => {
                if let Some(live) = ran.live {
                    self.slot.keep(live, &self.host.warmth);
                }
                ran.ended
            }
            Ok(None) => broken(Error::Panicked {
                extension: self.extension.id.to_string(),
            }),
            Err(_) => broken(late()),
        };
        ended.map_err(|fault| match fault {
            Fault::Said(error) => error,
            Fault::Broken(error, sent) => {
                self.host.breaks.note(&self.extension, call.name, &error);
                AdapterError::of_host(&error, sent)
            }
        })
    }

    async fn admit(&self) -> Result<(Arc<Root>, crate::permits::Permit)> {
        let begun = Instant::now();
        let extension = &self.extension;
        let most = usize::try_from(extension.limits.get(Limit::Concurrency).amount.get());
        let deadline = begun + extension.deadline();
        let wait = self.host.patience.min(deadline.saturating_duration_since(begun));
        let permit = self
            .host
            .permits
            .take(&self.holder, most.unwrap_or(usize::MAX), wait);
        let permit = permit.await.ok_or_else(|| Error::Busy {
            extension: extension.id.to_string(),
            waited: begun.elapsed(),
        })?;
        let reputation = Arc::clone(&extension.reputation);
        let root = Root::new(&extension.limits, begun, reputation);
        Ok((Arc::new(root), permit))
    }
}

/// What is known of a call that did not come to its end.
fn sent_by(volume: &Volume) -> Sent {
    match volume.has_left() {
        true => Sent::Unknown,
        false => Sent::No,
    }
}

async fn run<T: Serialize>(
    mut store: Store<Guest>,
    channel: Option<Channel>,
    program: Arc<Program>,
    job: Job<T>,
) -> Ran<T> {
    let returned = ask(&mut store, channel, &program, job).await;
    let guest = store.data_mut();
    guest.slice.settle();
    let extension = Arc::clone(&guest.extension);
    match returned {
        Ok((channel, answer)) => {
            let seat = guest.seat.take();
            let ended = match (answer, seat) {
                (Ok(value), Some(seat)) => Ok((value, seat)),
                (Err(failure), _) => Err(Fault::Said(failure.into())),
                (Ok(_), None) => Err(Fault::Broken(
                    Error::Panicked {
                        extension: extension.id.to_string(),
                    },
                    sent_by(&guest.volume),
                )),
            };
            Ran {
                ended,
                live: Some(Live { store, channel }),
            }
        }
        Err(ended) => {
            let (_, said) = guest.printed.take();
            let said = conceal(extension.vault(), said);
            let error = ended.explain(&extension, &said);
            Ran {
                ended: Err(Fault::Broken(error, sent_by(&guest.volume))),
                live: None,
            }
        }
    }
}

async fn ask<T: Serialize>(
    store: &mut Store<Guest>,
    channel: Option<Channel>,
    program: &Program,
    job: Job<T>,
) -> std::result::Result<(Channel, std::result::Result<T, WitError>), Ended> {
    let channel = match (channel, program) {
        (Some(channel), _) => channel,
        (None, Program::Channel(channel)) => channel.instantiate_async(&mut *store).await?,
        (None, Program::Toolbox(..) | Program::Command(_)) => return Err(Ended::NoSkill),
    };
    let answer = job(&channel, store).await?;
    let volume = &store.data().volume;
    let bytes = match &answer {
        Ok(value) => super::conceal::weight(value),
        Err(error) => super::conceal::weight(error),
    };
    volume.output.spend(bytes)?;
    volume.check()?;
    Ok((channel, answer))
}
