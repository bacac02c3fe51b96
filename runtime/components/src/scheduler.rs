//! The threads on which guests run, and the clock that interrupts them.
//!
//! **Promise.** No guest runs on a thread of the gateway. A call begins at normal priority and goes on, after its
//! first slice, on threads that step back behind everything else, so spinners slow each other and nobody else.
//! Ticks come only while a guest runs.
//! **Bound.** Two threads for each processor and one for the clock; a slice lasts one tick. What waits is bounded
//! by the permits that stand before this. **Cost.** A wake-up of a thread for each slice.

use std::hint::spin_loop;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use async_task::{Runnable, Task};
use tokio::runtime::Handle;

use crate::error::{Error, Result};
use crate::limits::{Root, Slice};
use crate::queue::{Queue, SPIN};

/// How long a slice is, and how late a spinner is stopped.
pub(crate) const TICK: Duration = Duration::from_millis(4);
/// Ticks without a running guest after which the clock stops: waking it costs more than a few idle ticks.
const IDLE_TICKS: u32 = 5;
/// How far the threads for later slices step back: about a tenth of the processor when others want it.
const NICENESS: i32 = 10;

type Job = Runnable<Arc<Root>>;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Shared {
    first: Queue<Job>,
    later: Queue<Job>,
    /// Calls that are not over yet.
    calls: AtomicUsize,
    closed: AtomicBool,
    clock: Clock,
    engine: wasmtime::Engine,
}

/// When guests run, so that ticks come only then.
#[derive(Default)]
struct Clock {
    running: AtomicUsize,
    /// How many slices began, so that short ones between two ticks are seen too.
    begun: AtomicUsize,
    /// Whether the clock's thread sleeps until somebody wakes it.
    stopped: Mutex<bool>,
    wake: Condvar,
    is_stopped: AtomicBool,
}

impl Clock {
    fn enter(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.running.fetch_add(1, Ordering::SeqCst);
        if self.is_stopped.load(Ordering::SeqCst) {
            *lock(&self.stopped) = false;
            self.wake.notify_one();
        }
    }

    fn leave(&self) {
        self.running.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The threads of the guests.
pub(crate) struct Scheduler {
    shared: Arc<Shared>,
}

impl Scheduler {
    /// Starts the threads. What guests wait for is driven by the runtime of the caller.
    pub(crate) fn start(engine: &wasmtime::Engine) -> Result<Self> {
        let shared = Arc::new(Shared {
            first: Queue::new(true),
            later: Queue::new(false),
            calls: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            clock: Clock::default(),
            engine: engine.clone(),
        });
        let scheduler = Self { shared };
        let runtime = Handle::current();
        let processors = thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..processors {
            scheduler.spawn_worker("guest-first", runtime.clone(), false)?;
            scheduler.spawn_worker("guest-later", runtime.clone(), true)?;
        }
        let shared = Arc::clone(&scheduler.shared);
        spawn("guest-clock", move || tick_on(&shared))?;
        Ok(scheduler)
    }

    fn spawn_worker(&self, name: &str, runtime: Handle, later: bool) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        spawn(name, move || {
            let _inside = runtime.enter();
            if later {
                step_back();
            }
            match later {
                false => work_first(&shared),
                true => work_later(&shared.later),
            }
        })
    }

    /// Runs a call, none if it panicked. Dropping the task ends it: at once if it waits, at the next tick if it
    /// computes.
    pub(crate) fn run<F>(
        &self,
        root: &Arc<Root>,
        slice: Arc<Slice>,
        call: F,
    ) -> Task<Option<F::Output>, Arc<Root>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.shared.calls.fetch_add(1, Ordering::Relaxed);
        let measured = Measured {
            call: Some(Box::pin(call)),
            slice,
            shared: Arc::clone(&self.shared),
        };
        let shared = Arc::clone(&self.shared);
        let (job, task) = async_task::Builder::new()
            .metadata(Arc::clone(root))
            .spawn(|_| measured, move |job: Job| push(&shared, job));
        job.schedule();
        task
    }

    /// Waits a moment for the answer of a call that is alone, because being woken costs more than a short call
    /// takes. Where there are other calls, their callers have better things to do.
    pub(crate) fn linger<T>(&self, task: &Task<T, Arc<Root>>) {
        if self.shared.calls.load(Ordering::Relaxed) > 1 {
            return;
        }
        let until = Instant::now() + SPIN;
        while !task.is_finished() && Instant::now() < until {
            spin_loop();
        }
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        self.shared.first.close();
        self.shared.later.close();
        self.shared.clock.enter();
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<()> {
    let builder = thread::Builder::new().name(name.to_owned());
    builder.spawn(body).map(drop).map_err(Error::Thread)
}

/// Lowers the priority of this thread alone. A system that refuses leaves it as it is.
fn step_back() {
    let stepped: io::Result<()> =
        rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICENESS).map_err(Into::into);
    if let Err(error) = stepped {
        tracing::warn!(%error, "extensions run at normal priority");
    }
}

fn push(shared: &Shared, job: Job) {
    match job.metadata().is_demoted() {
        true => shared.later.push(job),
        false => shared.first.push(job),
    }
}

/// What waited here while its extension turned out to compute long goes to the others.
fn work_first(shared: &Shared) {
    while let Some(job) = shared.first.pop() {
        match job.metadata().is_demoted() {
            true => shared.later.push(job),
            false => drop(job.run()),
        }
    }
}

fn work_later(queue: &Queue<Job>) {
    while let Some(job) = queue.pop() {
        job.run();
    }
}

fn tick_on(shared: &Shared) {
    let clock = &shared.clock;
    let (mut idle, mut seen) = (0, 0);
    while !shared.closed.load(Ordering::SeqCst) {
        thread::sleep(TICK);
        shared.engine.increment_epoch();
        let begun = clock.begun.load(Ordering::Relaxed);
        let is_idle = begun == seen && clock.running.load(Ordering::SeqCst) == 0;
        idle = if is_idle { idle + 1 } else { 0 };
        seen = begun;
        if idle < IDLE_TICKS {
            continue;
        }
        idle = 0;
        let mut stopped = lock(&clock.stopped);
        *stopped = true;
        clock.is_stopped.store(true, Ordering::SeqCst);
        // A guest that began before the line above did not wake this thread.
        while *stopped && clock.running.load(Ordering::SeqCst) == 0 {
            stopped = clock.wake.wait(stopped).unwrap_or_else(PoisonError::into_inner);
        }
        clock.is_stopped.store(false, Ordering::SeqCst);
    }
}

/// A call whose computing is measured, and whose panics end it and nothing else.
struct Measured<F> {
    /// None once it is over.
    call: Option<Pin<Box<F>>>,
    slice: Arc<Slice>,
    shared: Arc<Shared>,
}

impl<F> Drop for Measured<F> {
    fn drop(&mut self) {
        self.shared.calls.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<F: Future> Future for Measured<F> {
    /// None if it panicked.
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let Some(call) = this.call.as_mut() else {
            return Poll::Ready(None);
        };
        this.shared.clock.enter();
        this.slice.begin();
        // What a panic leaves half done is the call itself, which is dropped below.
        let polled = catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(context)));
        this.slice.end();
        this.shared.clock.leave();
        match polled {
            Ok(polled) => polled.map(Some),
            Err(_) => {
                let broken = this.call.take();
                // What was cut short may panic again when it is dropped.
                let _ = catch_unwind(AssertUnwindSafe(|| drop(broken)));
                Poll::Ready(None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use openclaw_policy::{Effective, LimitSet};

    use super::*;

    fn root() -> Arc<Root> {
        let usual = Effective::new(LimitSet::default(), LimitSet::default());
        Arc::new(Root::new(&usual, Instant::now(), Arc::default()))
    }

    fn run<F>(scheduler: &Scheduler, root: &Arc<Root>, call: F) -> Task<Option<F::Output>, Arc<Root>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        scheduler.run(root, Slice::new(Arc::clone(root)), call)
    }

    fn boom() -> wasmtime::Result<()> {
        panic!("on purpose")
    }

    fn start() -> Scheduler {
        Scheduler::start(&crate::engine::on_demand().unwrap()).unwrap()
    }

    #[tokio::test]
    async fn a_call_runs_on_threads_of_the_guests() {
        let scheduler = start();
        let name = async { thread::current().name().map(str::to_owned) };
        let name = run(&scheduler, &root(), name).await.flatten();
        assert_eq!(name.as_deref(), Some("guest-first"));
    }

    #[tokio::test]
    async fn a_panic_ends_its_call_and_nothing_else() {
        let scheduler = start();
        let ended = run(&scheduler, &root(), async { panic!("on purpose") }).await;
        assert_eq!(ended, None::<()>);
        assert_eq!(run(&scheduler, &root(), async { 1 }).await, Some(1));
    }

    #[tokio::test]
    async fn a_panic_in_a_function_of_the_host_ends_the_call_of_the_guest_that_called_it() {
        let engine = crate::engine::on_demand().unwrap();
        let scheduler = Scheduler::start(&engine).unwrap();
        let text = r#"(component
            (import "boom" (func $boom))
            (core func $boom (canon lower (func $boom)))
            (core module $m (import "" "boom" (func)) (export "run" (func 0)))
            (core instance $m (instantiate $m (with "" (instance (export "boom" (func $boom))))))
            (func (export "run") (canon lift (core func $m "run"))))"#;
        let component = wasmtime::component::Component::new(&engine, wat::parse_str(text).unwrap()).unwrap();
        for is_async in [false, true] {
            let mut linker = wasmtime::component::Linker::<()>::new(&engine);
            let mut root_of = linker.root();
            match is_async {
                false => root_of.func_wrap("boom", |_, (): ()| -> wasmtime::Result<()> { boom() }),
                true => root_of.func_wrap_async("boom", |_, (): ()| {
                    Box::new(async {
                        tokio::task::yield_now().await;
                        boom()
                    })
                }),
            }
            .unwrap();
            let (engine, component) = (engine.clone(), component.clone());
            let call = async move {
                let mut store = wasmtime::Store::new(&engine, ());
                store.set_epoch_deadline(1000);
                let instance = linker.instantiate_async(&mut store, &component).await?;
                let run = instance.get_typed_func::<(), ()>(&mut store, "run")?;
                run.call_async(&mut store, ()).await
            };
            assert!(run(&scheduler, &root(), call).await.is_none());
            assert_eq!(run(&scheduler, &root(), async { 1 }).await, Some(1));
        }
    }

    #[tokio::test]
    async fn the_clock_stops_when_no_guest_runs_and_goes_on_with_the_next() {
        let scheduler = start();
        let stopped = || scheduler.shared.clock.is_stopped.load(Ordering::SeqCst);
        let until = |wanted: bool| {
            let begun = Instant::now();
            while stopped() != wanted {
                assert!(begun.elapsed() < Duration::from_secs(5));
                thread::sleep(Duration::from_millis(1));
            }
        };
        until(true);
        let (open, closed) = std::sync::mpsc::channel::<()>();
        let held = run(&scheduler, &root(), async move { closed.recv().is_ok() });
        until(false);
        drop(open);
        assert_eq!(held.await, Some(false));
        until(true);
    }

    #[tokio::test]
    async fn computing_is_measured_and_waiting_is_not() {
        let scheduler = start();
        let root = root();
        let call = async {
            tokio::time::sleep(Duration::from_millis(60)).await;
            let begun = thread_time_of_this();
            while thread_time_of_this() < begun + Duration::from_millis(20) {
                spin_loop();
            }
        };
        run(&scheduler, &root, call).await.unwrap();
        let computed = root.computed();
        assert!(computed >= Duration::from_millis(20), "{computed:?}");
        assert!(computed < Duration::from_millis(60), "{computed:?}");
    }

    fn thread_time_of_this() -> Duration {
        crate::limits::thread_time()
    }
}
