//! One change of a file after the other.
//!
//! **Promise.** Whoever holds files is alone with them in this process, whichever session asked. All of a call's files
//! are taken at once, so that no two calls wait for each other. A guest has a process's memory of its own: what its
//! sandboxes change in one workspace is one after the other by the host, and not beside what changes on the machine. **Bound.** A waiter waits as long as the calls before
//! it work on their files. **Cost.** A look at the short list of what is held.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, PoisonError};

static HELD: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
static FREED: Condvar = Condvar::new();

/// Files that nobody else in this process changes until it is dropped.
#[derive(Debug)]
#[must_use]
pub struct Held(Vec<PathBuf>);

impl Held {
    /// Where there is nobody else.
    pub fn alone() -> Self {
        Self(Vec::new())
    }

    /// Waits for the files by their real paths.
    pub fn wait(mut paths: Vec<PathBuf>) -> Self {
        paths.sort();
        paths.dedup();
        let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        while paths.iter().any(|path| held.contains(path)) {
            held = FREED.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
        held.extend(paths.iter().cloned());
        Self(paths)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.0.is_empty() {
            return;
        }
        let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        for path in &self.0 {
            held.remove(path);
        }
        drop(held);
        FREED.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn whoever_holds_a_file_is_alone_with_it_in_whatever_order_files_are_named() {
        let inside = AtomicUsize::new(0);
        let names = |order: [&str; 2]| order.map(|name| PathBuf::from(format!("/held/{name}"))).to_vec();
        thread::scope(|scope| {
            for worker in 0..8 {
                let inside = &inside;
                scope.spawn(move || {
                    for _ in 0..50 {
                        let order = if worker % 2 == 0 { ["a", "b"] } else { ["b", "a"] };
                        let held = Held::wait(names(order));
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        thread::yield_now();
                        assert_eq!(inside.fetch_sub(1, Ordering::SeqCst), 1);
                        drop(held);
                    }
                });
            }
        });
        assert!(!HELD.lock().unwrap().iter().any(|path| path.starts_with("/held")));
    }

    #[test]
    fn another_file_is_not_waited_for() {
        let one = Held::wait(vec![PathBuf::from("/other/a")]);
        let other = Held::wait(vec![PathBuf::from("/other/b"), PathBuf::from("/other/b")]);
        drop((one, other));
    }
}
