//! Requests that are long to read.
//!
//! **Promise.** A long request keeps no thread of the runtime busy while it is read. **Bound.** [`AT_ONCE`] of them are
//! in memory in their read form at once, as that can be many times their length.

use std::sync::LazyLock;

use tokio::sync::Semaphore;

/// A request that is longer is read elsewhere, in bytes.
pub(super) const LONG: usize = 256 << 10;
/// How many long requests are at work at once.
const AT_ONCE: usize = 2;

/// The places for them.
pub(super) static PLACES: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(AT_ONCE));
