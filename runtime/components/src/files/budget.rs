//! What the files of one call may cost, in calls and bytes.

/// What something cost.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Volume {
    /// Calls of the guest to the host.
    pub calls: u64,
    /// Bytes that the guest was given.
    pub bytes_in: u64,
    /// Bytes that the guest gave.
    pub bytes_out: u64,
}

/// The budget of one call, kept by whoever started the call.
pub trait Budget: Send + Sync + 'static {
    /// Charges what something costs. An error ends the call of the guest; it reaches the caller as it is.
    fn charge(&self, volume: Volume) -> wasmtime::Result<()>;
}
