//! How long something takes, without what the machine keeps from it.
//!
//! **Promise.** What is left out is only what a thread misses that does nothing but look at the clock: a host that is
//! blocked, or keeps somebody waiting, does not keep that thread from it. **Cost.** One thread that sleeps.

use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How often the witness looks.
const LOOK: Duration = Duration::from_millis(5);
/// How late it may be before that counts: a busy queue is no pause of the machine.
const LATE: Duration = Duration::from_millis(50);
/// What is not worth a second look.
const SHORT: Duration = Duration::from_millis(200);

/// A clock that stands while the machine keeps this process waiting.
pub(crate) struct Watch {
    begun: Instant,
    lost: Duration,
}

impl Watch {
    pub(crate) fn start() -> Self {
        Self {
            lost: lost(),
            begun: Instant::now(),
        }
    }

    /// How long it took.
    pub(crate) async fn took(&self) -> Duration {
        let took = self.begun.elapsed();
        if took > SHORT {
            // The witness may wake after whoever asks.
            tokio::time::sleep(4 * LOOK).await;
        }
        took.saturating_sub(lost().saturating_sub(self.lost))
    }
}

/// How long the machine has kept this process waiting since it was first asked.
fn lost() -> Duration {
    static LOST: AtomicU64 = AtomicU64::new(0);
    static WITNESS: Once = Once::new();
    WITNESS.call_once(|| {
        std::thread::spawn(|| {
            loop {
                let begun = Instant::now();
                std::thread::sleep(LOOK);
                let late = begun.elapsed().saturating_sub(LOOK);
                if late > LATE {
                    LOST.fetch_add(u64::try_from(late.as_nanos()).unwrap(), Ordering::Relaxed);
                }
            }
        });
    });
    Duration::from_nanos(LOST.load(Ordering::Relaxed))
}
