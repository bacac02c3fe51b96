//! What ends a call: too much computing, waiting, talking or memory.
//!
//! **Promise.** Each limit of [`openclaw_policy::Limit`] that concerns one call holds for it, and what ends the
//! call says which one, its value and how to raise it. Computing time is the processor's time for this call's
//! threads, so a busy machine makes nobody a spinner.
//! **Bound.** Computing and the number of calls to the host are judged at ticks, so they overshoot by at most one
//! of them, the wait for a processor, and one operation on all of a memory, which no tick interrupts. All else ends the call where it happens.
//! **Cost.** Some additions for each call to the host.

use std::cell::Cell;
use std::fmt;
use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::files;
use crate::queue::SPIN;
use crate::reputation::Reputation;
use openclaw_policy::{Effective, Limit, Setting, Source};
use rustix::time::{ClockId, clock_gettime};

/// Why a call was ended.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Stop {
    /// It reached a limit of its own.
    #[error("stopped at {}", Reached(.0))]
    Limit(Setting),
    /// All guests together reached the memory that this process gives them.
    #[error("stopped, because all extensions together use the {} MiB of memory that they may; call again later, or raise the gateway's memory for extensions", .0 >> 20)]
    HostMemory(u64),
    /// What memory was left is kept for those who have less.
    #[error("stopped, because this extension, or this account of it, has {} MiB of memory already, and what is left is kept for those who have less; call it fewer times at once, have it use less, or raise the gateway's memory for extensions", .0 >> 20)]
    Share(u64),
}

struct Reached<'a>(&'a Setting);

impl fmt::Display for Reached<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Setting {
            limit,
            amount,
            source,
        } = self.0;
        let key = limit.key();
        write!(f, "its limit of {amount} ({key}); ")?;
        match source {
            Source::Usual => write!(
                f,
                "nothing else was granted: its manifest can ask for more with limits.{key}"
            ),
            Source::Request => write!(
                f,
                "it was granted as asked: its manifest must ask for more with limits.{key}"
            ),
            Source::Ceiling => write!(
                f,
                "it asks for more, and the operator's ceiling for {key} cuts it: raise the ceiling"
            ),
        }
    }
}

/// What a call may compute before it has to stand back. A tick that catches a short call does not count.
const FIRST_SLICE: Duration = Duration::from_millis(3);

thread_local! {
    /// How long this thread stayed awake for something instead of sleeping until it came.
    static WAITED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// Processor time that this thread has used, but for what it only waited.
pub(crate) fn thread_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(now.tv_nsec).unwrap_or_default()).saturating_sub(WAITED.get())
}

/// Stays awake until something is there, for [`SPIN`] at most. No guest is charged for it.
pub(crate) fn stay_awake_until(is_there: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_there() && begun.elapsed() < SPIN {
        spin_loop();
    }
    WAITED.set(WAITED.get() + begun.elapsed().min(SPIN));
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The budget of a call and of all calls that it makes in turn.
pub(crate) struct Root {
    /// Nanoseconds of computing in slices that are over.
    computed: AtomicU64,
    cpu: Setting,
    begun: Instant,
    deadline: Setting,
    /// Whether the first slice is over.
    demoted: AtomicBool,
    /// What is known of the extension whose call this is.
    reputation: Arc<Reputation>,
}

impl Root {
    pub(crate) fn new(limits: &Effective, begun: Instant, reputation: Arc<Reputation>) -> Self {
        Self {
            reputation,
            computed: AtomicU64::new(0),
            cpu: limits.get(Limit::Cpu),
            begun,
            deadline: limits.get(Limit::Deadline),
            demoted: AtomicBool::new(false),
        }
    }

    pub(crate) fn add_computed(&self, time: Duration) {
        let before = self.computed.fetch_add(nanos(time), Ordering::Relaxed);
        if Duration::from_nanos(before) + time >= FIRST_SLICE {
            self.demote();
        }
    }

    fn demote(&self) {
        self.demoted.store(true, Ordering::Relaxed);
        self.reputation.mark();
    }

    pub(crate) fn computed(&self) -> Duration {
        Duration::from_nanos(self.computed.load(Ordering::Relaxed))
    }

    /// Whether it goes on behind everything else.
    pub(crate) fn is_demoted(&self) -> bool {
        self.demoted.load(Ordering::Relaxed) || self.reputation.is_heavy()
    }

    /// When waiting ends.
    pub(crate) fn end(&self) -> Instant {
        self.begun + Duration::from_millis(self.deadline.amount.get())
    }

    /// What is told when waiting ends.
    pub(crate) fn late(&self) -> Stop {
        Stop::Limit(self.deadline)
    }

    /// At a tick inside of a slice that began at `slice` on this thread's clock.
    fn tick(&self, slice: Duration) -> Result<(), Stop> {
        let used = self.computed() + thread_time().saturating_sub(slice);
        if used >= FIRST_SLICE {
            self.demote();
        }
        if used > Duration::from_millis(self.cpu.amount.get()) {
            return Err(Stop::Limit(self.cpu));
        }
        match Instant::now() > self.end() {
            true => Err(self.late()),
            false => Ok(()),
        }
    }
}

/// The running slice of a call.
pub(crate) struct Slice {
    root: Arc<Root>,
    /// This thread's clock when it began, in nanoseconds.
    began: AtomicU64,
}

impl Slice {
    pub(crate) fn new(root: Arc<Root>) -> Arc<Self> {
        Arc::new(Self {
            root,
            began: AtomicU64::new(0),
        })
    }

    pub(crate) fn begin(&self) {
        self.began.store(nanos(thread_time()), Ordering::Relaxed);
    }

    pub(crate) fn end(&self) {
        let began = Duration::from_nanos(self.began.load(Ordering::Relaxed));
        self.root.add_computed(thread_time().saturating_sub(began));
    }

    /// Counts what the slice has computed up to here.
    pub(crate) fn settle(&self) {
        self.end();
        self.begin();
    }

    /// At a tick: whether the call may go on.
    pub(crate) fn tick(&self) -> Result<(), Stop> {
        self.root
            .tick(Duration::from_nanos(self.began.load(Ordering::Relaxed)))
    }
}

/// A limit that is used up bit by bit, by whoever shares it.
#[derive(Debug)]
pub(crate) struct Budget {
    setting: Setting,
    left: AtomicU64,
    /// Whether more was wanted than is left.
    is_over: AtomicBool,
}

impl Budget {
    pub(crate) fn new(limits: &Effective, limit: Limit) -> Self {
        let setting = limits.get(limit);
        Self {
            setting,
            left: AtomicU64::new(setting.amount.get()),
            is_over: AtomicBool::new(false),
        }
    }

    /// Takes an amount, or ends the call.
    pub(crate) fn spend(&self, amount: u64) -> Result<(), Stop> {
        match self.try_spend(amount) {
            true => Ok(()),
            false => {
                self.is_over.store(true, Ordering::Relaxed);
                Err(Stop::Limit(self.setting))
            }
        }
    }

    /// Ends a call that wanted more than is left, where that could not be told at once.
    fn check(&self) -> Result<(), Stop> {
        match self.is_over.load(Ordering::Relaxed) {
            true => Err(Stop::Limit(self.setting)),
            false => Ok(()),
        }
    }

    /// Begins anew.
    fn refill(&self) {
        self.left.store(self.setting.amount.get(), Ordering::Relaxed);
        self.is_over.store(false, Ordering::Relaxed);
    }

    /// Takes an amount if that much is left.
    pub(crate) fn try_spend(&self, amount: u64) -> bool {
        let less = |left: u64| left.checked_sub(amount);
        let spent = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        spent.is_ok()
    }
}

/// What a call may say and hear. Shared with the ends of what it was given, which outlive a call to the host.
pub(crate) struct Volume {
    host_calls: Setting,
    /// Calls of any interface so far.
    called: AtomicU64,
    pub(crate) bytes_in: Budget,
    pub(crate) bytes_out: Budget,
    pub(crate) log: Budget,
    /// What is printed and returned.
    pub(crate) output: Budget,
    /// Whether anything may have left this machine.
    has_left: AtomicBool,
    /// The longest that a request may be waited for, in milliseconds; 0 leaves it to the request.
    longest_wait: AtomicU64,
}

impl Volume {
    pub(crate) fn new(limits: &Effective) -> Arc<Self> {
        Arc::new(Self {
            host_calls: limits.get(Limit::HostCalls),
            called: AtomicU64::new(0),
            bytes_in: Budget::new(limits, Limit::BytesIn),
            bytes_out: Budget::new(limits, Limit::BytesOut),
            log: Budget::new(limits, Limit::Log),
            output: Budget::new(limits, Limit::Output),
            has_left: AtomicBool::new(false),
            longest_wait: AtomicU64::new(0),
        })
    }

    /// Begins anew, for the next call of an instance that stays.
    pub(crate) fn refill(&self) {
        self.called.store(0, Ordering::Relaxed);
        for budget in [&self.bytes_in, &self.bytes_out, &self.log, &self.output] {
            budget.refill();
        }
        self.has_left.store(false, Ordering::Relaxed);
        self.longest_wait.store(0, Ordering::Relaxed);
    }

    /// Bounds how long one request is waited for.
    pub(crate) fn wait_at_most(&self, wait: Duration) {
        let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        self.longest_wait.store(millis, Ordering::Relaxed);
    }

    /// The longest that a request may be waited for, if that is bounded.
    pub(crate) fn longest_wait(&self) -> Option<Duration> {
        let millis = self.longest_wait.load(Ordering::Relaxed);
        (millis > 0).then(|| Duration::from_millis(millis))
    }

    /// Something is about to leave. Says whether something may have left before.
    pub(crate) fn leave(&self) -> bool {
        self.has_left.swap(true, Ordering::Relaxed)
    }

    /// What was about to leave did not, so it is as it was before.
    pub(crate) fn stay(&self, before: bool) {
        self.has_left.store(before, Ordering::Relaxed);
    }

    /// Whether anything may have left this machine.
    pub(crate) fn has_left(&self) -> bool {
        self.has_left.load(Ordering::Relaxed)
    }

    /// Counts a call of the guest to the host.
    pub(crate) fn count_call(&self) {
        self.called.fetch_add(1, Ordering::Relaxed);
    }

    /// Ends a call that said or heard too much. Asked at ticks and at the end, because the standard interfaces can
    /// count and cannot refuse.
    pub(crate) fn check(&self) -> Result<(), Stop> {
        if self.called.load(Ordering::Relaxed) > self.host_calls.amount.get() {
            return Err(Stop::Limit(self.host_calls));
        }
        self.bytes_in.check()?;
        self.bytes_out.check()
    }
}

impl files::Budget for Volume {
    fn charge(&self, volume: files::Volume) -> wasmtime::Result<()> {
        self.called.fetch_add(volume.calls, Ordering::Relaxed);
        self.check()?;
        self.bytes_in.spend(volume.bytes_in)?;
        self.bytes_out.spend(volume.bytes_out)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use openclaw_policy::LimitSet;

    use super::*;

    fn limits(set: &[(Limit, u64)]) -> Effective {
        let mut request = LimitSet::default();
        for (limit, amount) in set {
            request.set(*limit, *amount).unwrap();
        }
        Effective::new(request, LimitSet::default())
    }

    #[test]
    fn a_stop_says_which_limit_its_value_and_how_to_raise_it() {
        let mut ceilings = LimitSet::default();
        ceilings.set(Limit::Cpu, 10).unwrap();
        let mut request = LimitSet::default();
        request.set(Limit::Cpu, 100).unwrap();
        let cut = Effective::new(request, ceilings).get(Limit::Cpu);
        let usual = limits(&[]).get(Limit::HostCalls);
        let texts = [Stop::Limit(cut).to_string(), Stop::Limit(usual).to_string()];
        assert!(
            texts[0].contains("10 ms (cpu)") && texts[0].contains("raise the ceiling"),
            "{}",
            texts[0]
        );
        assert!(
            texts[1].contains("10000 (hostCalls)") && texts[1].contains("limits.hostCalls"),
            "{}",
            texts[1]
        );
    }
}
