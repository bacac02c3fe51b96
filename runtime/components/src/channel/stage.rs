//! In which of its functions an adapter is.

/// In which of its functions an adapter is, which decides what it may ask for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stage {
    /// `handle` or `webhook`: what it asks for is collected.
    Handler,
    /// Any other: it reads, and what it does happens at once.
    Other,
}
