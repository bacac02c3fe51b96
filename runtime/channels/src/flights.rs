//! Requests in flight: begun after the commit, their results handed to the lane.
//!
//! **Promise.** A token has one request at a time; the result of one that was given up or replaced never arrives. They
//! are in memory only: when the process ends they are gone, and the adapter begins them again when it is started.
//! **Cost.** A task each.

use std::collections::{BTreeMap, BTreeSet};

use tokio::task::{AbortHandle, Id, JoinSet};

use crate::adapter::{Adapter, HttpDone, Request};

/// The requests of one account.
#[derive(Default)]
pub(crate) struct Flights {
    tasks: JoinSet<HttpDone>,
    by_token: BTreeMap<String, AbortHandle>,
}

impl Flights {
    /// The tokens of what is in flight.
    pub(crate) fn tokens(&self) -> BTreeSet<String> {
        self.by_token.keys().cloned().collect()
    }

    /// Begins a request; one under the same token is given up.
    pub(crate) fn begin(&mut self, adapter: &Adapter, request: Request) {
        let token = request.token().to_owned();
        self.cancel(&token);
        let adapter = adapter.clone();
        let handle = self.tasks.spawn(async move { adapter.perform(request).await });
        self.by_token.insert(token, handle);
    }

    /// Gives a request up.
    pub(crate) fn cancel(&mut self, token: &str) {
        if let Some(task) = self.by_token.remove(token) {
            task.abort();
        }
    }

    /// The next result. Waits for ever while nothing is in flight.
    pub(crate) async fn next(&mut self) -> HttpDone {
        loop {
            match self.tasks.join_next_with_id().await {
                None => std::future::pending().await,
                Some(Ok((id, done))) => {
                    if self.land(id) {
                        return done;
                    }
                }
                Some(Err(error)) => {
                    self.land(error.id());
                }
            }
        }
    }

    /// Whether the task that ended is still the one that its token stands for.
    fn land(&mut self, id: Id) -> bool {
        let before = self.by_token.len();
        self.by_token.retain(|_, task| task.id() != id);
        self.by_token.len() < before
    }
}
