//! An operation that waits for a disk, on a thread that may.
//!
//! **Bound.** As many run at a time as there are permits; the others wait without a thread. **Cost.** A hop to
//! another thread and back. Whoever waits stays awake for a moment first: most operations find what they want in memory,
//! and being woken takes longer than they do.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::limits::stay_awake_until;

/// What an operation will return; nothing, if it panicked or its runtime is going away.
pub(super) struct Job<R> {
    result: oneshot::Receiver<R>,
    /// Whether it runs already and nobody has looked for its result yet.
    is_fresh: bool,
}

impl<R: Send + 'static> Job<R> {
    pub(super) fn start(
        runtime: &Handle,
        workers: &Arc<Semaphore>,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Self {
        let (done, result) = oneshot::channel();
        let run = move |permit: OwnedSemaphorePermit| {
            let result = work();
            drop(permit);
            // Nobody may be waiting any more.
            let _ = done.send(result);
        };
        let permit = Arc::clone(workers).try_acquire_owned();
        let is_fresh = permit.is_ok();
        match permit {
            Ok(permit) => drop(runtime.spawn_blocking(move || run(permit))),
            Err(_) => {
                let (workers, threads) = (Arc::clone(workers), runtime.clone());
                drop(runtime.spawn(async move {
                    if let Ok(permit) = workers.acquire_owned().await {
                        drop(threads.spawn_blocking(move || run(permit)));
                    }
                }));
            }
        }
        Self { result, is_fresh }
    }
}

impl<R> Future for Job<R> {
    type Output = Option<R>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if std::mem::take(&mut self.is_fresh) {
            stay_awake_until(|| !self.result.is_empty() || self.result.is_terminated());
        }
        Pin::new(&mut self.result).poll(context).map(Result::ok)
    }
}
