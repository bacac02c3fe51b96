//! Random bytes of the system, for keys and for names that cannot be guessed.

use std::io;

use rustix::rand::{GetRandomFlags, getrandom};

use crate::error::{Error, Result};

/// So many random bytes.
pub(crate) fn bytes<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(bytes)
}

/// Fills all of it.
pub(crate) fn fill(mut bytes: &mut [u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let got = getrandom(&mut *bytes, GetRandomFlags::empty())?;
        bytes = bytes.get_mut(got..).unwrap_or_default();
    }
    Ok(())
}

/// A name of 32 digits that nothing else has.
pub(crate) fn name() -> Result<String> {
    let bytes = bytes::<16>().map_err(Error::Random)?;
    Ok(format!("{:032x}", u128::from_le_bytes(bytes)))
}
