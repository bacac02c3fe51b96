//! An attack, and what must hold during and after it.
//!
//! **Promise.** [`House::ordeal`] fails unless the honest neighbour was answered within [`BAR`] all the time, as often as
//! that makes, all places for calls are free again, guests hold no more memory than before and the process about the same,
//! it has the open files that it had, and the audit has as many new lines about the attacker as the case says.

use std::fs;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use openclaw_components::{CallContext, Error, Host, Installed, Options, Output};
use openclaw_state::{AuditRow, State};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::common::{Fixture, start_in, text, tool};
use crate::watch::Watch;

/// Within which an honest call is answered, whatever goes on beside it, by a [`Watch`]. The benches measure the real
/// figure; this is one for an unoptimised build on a machine that does other things too.
pub(crate) const BAR: Duration = Duration::from_millis(400);
/// How much more memory the process may hold afterwards: the places for guests keep what was used in them, and the
/// allocator keeps some for what comes next.
const MORE: u64 = 64 << 20;
/// What the instance of an account may hold that is kept for its next call.
pub(crate) const WARM: u64 = 16 << 20;
/// How long the process may take to give back what it held.
const PATIENCE: Duration = Duration::from_secs(10);
/// A body that returns "A tool".
pub(crate) const SAY: &str = "(call $say (i32.const 100) (i32.const 6))";

/// A host with an honest tool in it.
pub(crate) struct House {
    pub(crate) fixture: Fixture,
    pub(crate) state: State,
    /// What instances may hold that are kept for their next call.
    pub(crate) warm: u64,
}

impl House {
    pub(crate) async fn open() -> Self {
        Self::open_with(|_| ()).await
    }

    pub(crate) async fn open_with(change: impl FnOnce(&mut Options)) -> Self {
        let (fixture, state) = start_in(change).await;
        fixture
            .add("neighbour", &tool("honest", "", "", SAY), json!({}))
            .await;
        fixture.call("honest").await.unwrap();
        Self {
            fixture,
            state,
            warm: 0,
        }
    }

    /// Installs an attacker and enables it with all that it asks for.
    pub(crate) async fn add(&self, id: &str, component: &[u8], asks: Value) -> Installed {
        self.fixture.add(id, component, asks).await
    }

    pub(crate) async fn call(&self, tool: &str) -> Result<Output, Error> {
        self.fixture.call(tool).await
    }

    /// Sits an attack out. `attacker` is the extension that makes it, and `lines` how many lines about it are added to the
    /// audit.
    pub(crate) async fn ordeal<T>(&self, attacker: &str, lines: usize, attack: impl Future<Output = T>) -> T {
        self.ordeal_within(attacker, lines..=lines, attack).await
    }

    /// The same where the number of lines depends on who comes first.
    pub(crate) async fn ordeal_within<T>(
        &self,
        attacker: &str,
        lines: RangeInclusive<usize>,
        attack: impl Future<Output = T>,
    ) -> T {
        let (memory, files, audit) = (memory(), files(), self.lines(attacker).await.len());
        let host = &self.fixture.host;
        let before = host.held().memory;
        let (watch, over) = (Watch::start(), Arc::new(AtomicBool::new(false)));
        let neighbour = tokio::spawn(visit(host.clone(), Arc::clone(&over)));
        let ended = attack.await;
        let lasted = watch.took().await;
        over.store(true, Ordering::Relaxed);
        let answered = neighbour.await.unwrap();
        let least = lasted.as_millis() / BAR.as_millis();
        assert!(
            u128::from(answered) > least,
            "the neighbour was answered {answered} times in {lasted:?}"
        );
        until(
            || host.held().places == 0 && host.held().memory <= before + self.warm,
            || format!("{:?}, before {before}", host.held()),
        )
        .await;
        self.fixture.host.settle().await;
        let new: Vec<_> = self.lines(attacker).await.split_off(audit);
        assert!(lines.contains(&new.len()), "{lines:?}: {new:#?}");
        until(
            || self::memory() <= memory + MORE,
            || format!("{} MiB, before {}", self::memory() >> 20, memory >> 20),
        )
        .await;
        until(
            || self::files().len() <= files.len(),
            || format!("{:#?}, before {files:#?}", self::files()),
        )
        .await;
        ended
    }

    /// What the audit says of an extension.
    pub(crate) async fn lines(&self, extension: &str) -> Vec<AuditRow> {
        // What is recorded by the way is written before a change that comes after it.
        self.state
            .write(|_| Ok::<_, openclaw_state::Error>(()))
            .await
            .unwrap();
        let rows = self.state.read(|view| view.audit_rows(0, 10_000)).await.unwrap();
        let actor = format!("extension:{extension}");
        rows.into_iter()
            .filter(|row| row.actor == actor || row.actor.starts_with(&format!("{actor}/")))
            .collect()
    }
}

/// Says what is not tried on this machine. Where everything must be, it fails.
pub(crate) fn skip(why: &str) {
    let test = std::thread::current()
        .name()
        .map(str::to_owned)
        .unwrap_or_default();
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "{test} cannot be left out here: {why}"
    );
    eprintln!("skipped: {test}: {why}");
}

/// Calls the honest tool until it is over. How many times it was answered, each time within the bar.
async fn visit(host: Host, over: Arc<AtomicBool>) -> u32 {
    let mut answered = 0;
    loop {
        // The last call is one that begins when it is over.
        let is_last = over.load(Ordering::Relaxed);
        let watch = Watch::start();
        let asked = host.call("honest", "{}", CallContext::default(), None);
        let said = timeout(PATIENCE, asked).await;
        let waited = watch.took().await;
        let said = said.unwrap_or_else(|_| panic!("the neighbour was not answered within {waited:?}"));
        assert_eq!(text(&said.unwrap()), "A tool");
        assert!(waited <= BAR, "the neighbour waited for {waited:?}");
        answered += 1;
        if is_last {
            return answered;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn until(holds: impl Fn() -> bool, said: impl Fn() -> String) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{}", said());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What this process holds in memory, in bytes.
pub(crate) fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib << 10
}

/// The files that this process has open, without those that are opened once: the state's, and the code of a component.
fn files() -> Vec<String> {
    let open = fs::read_dir("/proc/self/fd").unwrap();
    let links = open.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
    let names = links.map(|name| name.to_string_lossy().into_owned());
    let once = ["/state/", "/host/compiled/"];
    names
        .filter(|name| !once.iter().any(|part| name.contains(part)))
        .collect()
}
