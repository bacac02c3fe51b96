//! How much one handler may ask for, and one account may have.
//!
//! What exceeds one of these is refused with `quota` or `too-large`, and the handler goes on.

/// Events that one handler delivers.
pub const DELIVERIES: usize = 1000;
/// Bytes of an account's state.
pub const STATE_BYTES: usize = 1 << 20;
/// Cursors of an account.
pub const CURSORS: usize = 1000;
/// Bytes of a cursor's position.
pub const POSITION_BYTES: usize = 4 << 10;
/// Timers of an account.
pub const TIMERS: usize = 256;
/// Changes of timers by one handler.
pub const TIMER_CHANGES: usize = 1000;
/// Bytes of the name of a cursor, a timer, a connection, or of a request's token.
pub const NAME_BYTES: usize = 256;
/// Requests of an account in flight.
pub const REQUESTS: usize = 32;
/// Bytes that the bodies of one handler's requests may have together.
pub const REQUEST_BYTES: u64 = 16 << 20;
/// Connections of an account.
pub const CONNECTIONS: usize = 16;
/// Changes of connections by one handler.
pub const SOCKET_CHANGES: usize = 1000;
/// Frames that wait to leave on one connection.
pub const WAITING_FRAMES: usize = 1000;
/// Writes to the key-value store by one handler.
pub const KV_CHANGES: usize = 1000;
/// Bytes of a text in what is delivered, the longest of them.
pub const TEXT_BYTES: usize = 1 << 20;
/// Bytes of an id or an address in what is delivered.
pub const ID_BYTES: usize = 1 << 10;
