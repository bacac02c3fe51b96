//! Platforms of messages, as servers on this machine: strict about what the real ones document, and with a side for
//! tests on which people write and things go wrong.

pub mod telegram;
