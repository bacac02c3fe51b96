//! Who is let in: credentials, how often one may be wrong, where a request comes from.

pub mod credentials;
pub mod limit;
pub(crate) mod mark;
pub mod origin;
pub mod place;
