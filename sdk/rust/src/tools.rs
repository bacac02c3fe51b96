//! Calling other tools, by the aliases under which the manifest asks for them. The callee works with its own
//! grants, and the time it takes is taken from the caller's.

use serde::Serialize;

use crate::error::encode;
use crate::wit::tools::calls;
pub use crate::wit::tools::calls::Callable;
use crate::wit::tools::types::Output;
use crate::wit::types::errors::Error;

/// All tools that may be called.
///
/// # Errors
/// As the host says.
pub fn list() -> Result<Vec<Callable>, Error> {
    calls::list_tools()
}

/// Calls a tool with a struct or map as arguments. An output that `is_error` is an output, not an error.
///
/// # Errors
/// As the host says: [`Denied`](crate::ErrorCode::Denied) for an alias that was not granted.
pub fn call(alias: &str, arguments: &impl Serialize) -> Result<Output, Error> {
    calls::call(alias, &encode(arguments, "the arguments")?)
}
