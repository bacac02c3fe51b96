//! What the operator configured for this extension. It was checked against the manifest's `configSchema`
//! before any code ran, and where a secret belongs there is its placeholder.

use serde::de::DeserializeOwned;

use crate::error::decode;
use crate::wit::config::settings;
use crate::wit::types::errors::Error;

/// All of it, as a type of the author's. Where nothing is configured it is read from an empty object, so give
/// every field a default.
///
/// # Errors
/// With [`Invalid`](crate::ErrorCode::Invalid) if it does not fit the type, and as the host says.
pub fn all<T: DeserializeOwned>() -> Result<T, Error> {
    let json = settings::read("")?;
    decode(json.as_deref().unwrap_or("{}").as_bytes(), "the configuration")
}

/// The value at a place, given as a JSON pointer such as `/units`; none if nothing stands there.
///
/// # Errors
/// As [`all`].
pub fn read<T: DeserializeOwned>(pointer: &str) -> Result<Option<T>, Error> {
    let json = settings::read(pointer)?;
    json.map(|json| decode(json.as_bytes(), &format!("the setting {pointer:?}")))
        .transpose()
}
