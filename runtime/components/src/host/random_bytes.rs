//! `wasi:random`: real random bytes, at the cost of the call.
//!
//! **Bound.** [`MOST`] bytes at once; all of them are bytes that the host hands to the call.

use wasmtime_wasi::p2::bindings::random::{insecure, random};

use crate::guest::Guest;
use crate::random::fill;

/// The most bytes that one call of the guest is given. A key has 32, and a seed not many more.
const MOST: u64 = 64 << 10;

impl Guest {
    fn random_bytes(&mut self, length: u64) -> wasmtime::Result<Vec<u8>> {
        self.volume.bytes_in.spend(length)?;
        let length = usize::try_from(length.min(MOST + 1)).unwrap_or_default();
        if length as u64 > MOST {
            wasmtime::bail!("it asked for more than {MOST} random bytes at once");
        }
        let mut bytes = vec![0; length];
        fill(&mut bytes)?;
        Ok(bytes)
    }

    fn random_number(&mut self) -> wasmtime::Result<u64> {
        let mut bytes = [0; 8];
        fill(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }
}

impl random::Host for Guest {
    fn get_random_bytes(&mut self, length: u64) -> wasmtime::Result<Vec<u8>> {
        self.random_bytes(length)
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        self.random_number()
    }
}

impl insecure::Host for Guest {
    fn get_insecure_random_bytes(&mut self, length: u64) -> wasmtime::Result<Vec<u8>> {
        self.random_bytes(length)
    }

    fn get_insecure_random_u64(&mut self) -> wasmtime::Result<u64> {
        self.random_number()
    }
}
