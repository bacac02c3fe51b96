//! An operation that waits for a disk, on a thread that may.
//!
//! **Bound.** As many run at a time as there are permits; the others wait without a thread. **Cost.** A hop to
//! another thread and back, some microseconds.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// What an operation will return; nothing, if it panicked or its runtime is going away.
pub(super) struct Job<R>(oneshot::Receiver<R>);

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
        match Arc::clone(workers).try_acquire_owned() {
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
        Self(result)
    }
}

impl<R> Future for Job<R> {
    type Output = Option<R>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(Result::ok)
    }
}
