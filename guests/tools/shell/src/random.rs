//! Bytes that nobody can foretell, from the host.

use std::io;

/// So many bytes that nobody can foretell.
#[cfg(target_os = "wasi")]
#[allow(clippy::unnecessary_wraps)]
pub(crate) fn bytes(bytes: usize) -> io::Result<Vec<u8>> {
    // The host gives so many at a time.
    const AT_ONCE: usize = 64 << 10;
    let mut all = Vec::with_capacity(bytes);
    while all.len() < bytes {
        let more = AT_ONCE.min(bytes - all.len());
        all.extend(wasip2::random::random::get_random_bytes(more as u64));
    }
    Ok(all)
}

#[cfg(not(target_os = "wasi"))]
pub(crate) fn bytes(bytes: usize) -> io::Result<Vec<u8>> {
    let mut all = vec![0; bytes];
    std::io::Read::read_exact(&mut std::fs::File::open("/dev/urandom")?, &mut all)?;
    Ok(all)
}
