//! A moving line on the terminal while something takes long.
//!
//! **Bound.** It appears after half a second and is redrawn five times a second; where standard error is no
//! terminal, nothing is drawn and nothing is counted.

use std::io::{IsTerminal as _, stderr};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::output;

/// How long something may take before a person wonders.
const PATIENCE: Duration = Duration::from_millis(500);
const PACE: Duration = Duration::from_millis(200);

/// Waits for work, and shows meanwhile what is being done and for how long.
pub(crate) async fn show<T>(doing: watch::Receiver<String>, work: impl Future<Output = T>) -> T {
    if !stderr().is_terminal() {
        return work.await;
    }
    let begun = Instant::now();
    let mut pace = tokio::time::interval_at(tokio::time::Instant::now() + PATIENCE, PACE);
    tokio::pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => {
                output::erase();
                return done;
            }
            _ = pace.tick() => {
                let doing = doing.borrow().clone();
                output::draw(&format!("{doing}, {} s", begun.elapsed().as_secs()));
            }
        }
    }
}
