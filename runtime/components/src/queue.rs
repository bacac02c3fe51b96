//! Jobs that wait for a thread.
//!
//! **Promise.** Who comes first is served first. A thread that has just worked looks for more work for a moment
//! before it sleeps, because waking it would cost more than a short call takes.
//! **Bound.** [`SPIN`] for each time that the work ends. **Cost.** A lock for each job.

use std::collections::VecDeque;
use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a thread stays awake for the next job, and a caller for its answer: about what waking costs.
pub(crate) const SPIN: Duration = Duration::from_micros(50);

/// A queue that threads wait at.
pub(crate) struct Queue<T> {
    inner: Mutex<Inner<T>>,
    ready: Condvar,
    /// How many jobs there are, for those who look without the lock.
    length: AtomicUsize,
    closed: AtomicBool,
    spins: bool,
}

struct Inner<T> {
    jobs: VecDeque<T>,
    sleeping: usize,
    spinning: usize,
}

impl<T> Queue<T> {
    /// A queue whose threads look for work before they sleep, or do not.
    pub(crate) fn new(spins: bool) -> Self {
        Self {
            inner: Mutex::new(Inner {
                jobs: VecDeque::new(),
                sleeping: 0,
                spinning: 0,
            }),
            ready: Condvar::new(),
            length: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            spins,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a job. After the end it is dropped, because nobody would take it.
    pub(crate) fn push(&self, job: T) {
        let mut inner = self.lock();
        if self.closed.load(Ordering::Relaxed) {
            drop(inner);
            drop(job);
            return;
        }
        inner.jobs.push_back(job);
        self.length.store(inner.jobs.len(), Ordering::Relaxed);
        let wakes = inner.sleeping > 0 && inner.jobs.len() > inner.spinning;
        drop(inner);
        if wakes {
            self.ready.notify_one();
        }
    }

    /// Waits for the next job. None after the end, when all are taken.
    pub(crate) fn pop(&self) -> Option<T> {
        let mut inner = self.lock();
        if self.spins && inner.jobs.is_empty() && !self.closed.load(Ordering::Relaxed) {
            inner.spinning += 1;
            drop(inner);
            let until = Instant::now() + SPIN;
            while self.length.load(Ordering::Relaxed) == 0 && Instant::now() < until {
                spin_loop();
            }
            inner = self.lock();
            inner.spinning -= 1;
        }
        loop {
            if let Some(job) = inner.jobs.pop_front() {
                self.length.store(inner.jobs.len(), Ordering::Relaxed);
                return Some(job);
            }
            if self.closed.load(Ordering::Relaxed) {
                return None;
            }
            inner.sleeping += 1;
            inner = self.ready.wait(inner).unwrap_or_else(PoisonError::into_inner);
            inner.sleeping -= 1;
        }
    }

    /// Ends it: no job is added any more, and the threads go when those that wait are taken.
    pub(crate) fn close(&self) {
        let inner = self.lock();
        self.closed.store(true, Ordering::Relaxed);
        drop(inner);
        self.ready.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};
    use std::thread;

    use super::*;

    #[test]
    fn every_job_is_taken_once_and_the_threads_go_at_the_end() {
        for spins in [false, true] {
            let queue = Arc::new(Queue::new(spins));
            let (sender, receiver) = mpsc::channel();
            let threads: Vec<_> = (0..3)
                .map(|_| {
                    let (queue, sender) = (Arc::clone(&queue), sender.clone());
                    thread::spawn(move || {
                        while let Some(job) = queue.pop() {
                            sender.send(job).unwrap();
                        }
                    })
                })
                .collect();
            for job in 0..1000 {
                queue.push(job);
                if job % 100 == 0 {
                    thread::sleep(2 * SPIN);
                }
            }
            queue.close();
            queue.push(1000);
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            let mut taken: Vec<_> = receiver.try_iter().collect();
            taken.sort_unstable();
            assert_eq!(taken, (0..1000).collect::<Vec<_>>());
        }
    }
}
