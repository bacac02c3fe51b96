//! Secrets on their way out, and on their way back.
//!
//! **Promise.** A component holds placeholders and never a value. A value takes a placeholder's place only where one
//! rule of the grant names the host and the place together, encoded for that place; every occurrence is judged by
//! itself. What comes back is searched for the values, as a net under that rule. No error, log line or `Debug` shows
//! a value, and buffers that hold one are wiped.
//!
//! **Bound.** [`MAX_MADE`] fields and composed secrets for a vault, of [`MAX_MADE_BYTES`] bytes together, [`MAX_VALUE`]
//! bytes for a captured value, [`MAX_BODY`] bytes for a body that carries a placeholder. **Cost.** A text without placeholders is
//! searched once for their common beginning; a stream that is masked is copied only around a hit.
//!
//! **Never.** It opens no connection, reads no file and no config.

mod capture;
mod captured;
mod certificate;
mod compose;
mod edit;
mod encode;
mod failure;
mod guard;
mod hide;
mod inject;
mod json;
mod placeholder;
mod scan;
mod sign;
#[cfg(test)]
mod tests;
mod vault;
mod written;

pub use captured::{Captured, Keep};
pub use compose::{Encoding, MAX_PARTS, Part};
pub use failure::SecretFailure;
pub use guard::StreamGuard;
pub use inject::{Injected, Injector, MAX_BODY};
pub use placeholder::PlaceholderKey;
pub use scan::{MIN_LENGTH, Mask, Scanner};
pub use sign::{DigestAlgorithm, HmacAlgorithm, SignatureAlgorithm, VerifyingKey};
pub use vault::{MAX_MADE, MAX_MADE_BYTES, MAX_VALUE, Vault};
