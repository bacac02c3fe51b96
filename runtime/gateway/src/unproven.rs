//! Those who have not said who they are yet, counted by address.
//!
//! **Promise.** One address holds at most so many sockets without saying who it is. **Bound.** An entry for each
//! address that holds one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;

/// The counts.
#[derive(Clone, Debug)]
pub(crate) struct Seats {
    most: usize,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One place, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    ip: IpAddr,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Seats {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            taken: Arc::default(),
        }
    }

    /// A place for this address. None: it has too many.
    pub(crate) fn take(&self, ip: IpAddr) -> Option<Seat> {
        let mut taken = self.taken.lock();
        let count = taken.entry(ip).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Seat {
            ip,
            taken: Arc::clone(&self.taken),
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.taken.lock();
        if let Some(count) = taken.get_mut(&self.ip) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.remove(&self.ip);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_given_back() {
        let seats = Seats::new(2);
        let ip = "192.0.2.1".parse().unwrap();
        let (one, _two) = (seats.take(ip).unwrap(), seats.take(ip).unwrap());
        assert!(seats.take(ip).is_none() && seats.take("192.0.2.2".parse().unwrap()).is_some());
        drop(one);
        assert!(seats.take(ip).is_some());
        drop(_two);
        assert!(seats.taken.lock().is_empty());
    }
}
