//! Writes to a state folder for as long as it is let live, and says on standard output what was acknowledged.
//!
//! The crash test kills it. A line `k <n>` means: key `<n>` and audit entry `<n>` were acknowledged together.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use openclaw_state::{AuditEntry, KvQuota, Namespace, Options, State};

/// How many writes are under way at once.
const CALLERS: u64 = 8;

fn main() -> anyhow::Result<()> {
    let folder = PathBuf::from(
        std::env::args_os()
            .nth(1)
            .context("usage: state-writer <folder> <first>")?,
    );
    let first: u64 = std::env::args()
        .nth(2)
        .context("usage: state-writer <folder> <first>")?
        .parse()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()?;
    let state = State::open(Options::new(folder, str::to_owned))?;
    let callers = (0..CALLERS).map(|n| runtime.spawn(write_on(state.clone(), first + n)));
    let callers: Vec<_> = callers.collect();
    for caller in callers {
        runtime.block_on(caller)??;
    }
    Ok(())
}

async fn write_on(state: State, first: u64) -> anyhow::Result<()> {
    let quota = KvQuota {
        entries: u64::MAX,
        bytes: u64::MAX,
        value_bytes: u64::MAX,
    };
    for n in (first..).step_by(CALLERS as usize) {
        let work = move |tx: &openclaw_state::Tx<'_>| {
            tx.kv_put(
                &Namespace::of("crash")?,
                &format!("{n:012}"),
                &n.to_be_bytes(),
                &quota,
            )?;
            tx.audit(&AuditEntry::new("writer", "key.put", n.to_string()))
                .map(drop)
        };
        state.write(work).await?;
        // Beside the acknowledged ones, entries that nobody waits for: the chain must hold with them too.
        state.record(AuditEntry::new("writer", "key.seen", n.to_string()));
        let mut out = std::io::stdout().lock();
        writeln!(out, "k {n}")?;
        out.flush()?;
    }
    Ok(())
}
