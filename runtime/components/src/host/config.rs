//! `openclaw:config`: what the operator configured for the extension.

use crate::bindings::openclaw::config::settings;
use crate::bindings::openclaw::types::errors::{Error, ErrorCode};
use crate::guest::{Guest, fail};

impl settings::Host for Guest {
    fn read(&mut self, pointer: String) -> wasmtime::Result<Result<Option<String>, Error>> {
        if !pointer.is_empty() && !pointer.starts_with('/') {
            let message = "a JSON pointer is empty or begins with \"/\"";
            return Ok(Err(fail(ErrorCode::Invalid, message)));
        }
        let value = self.extension.settings.pointer(&pointer).map(ToString::to_string);
        self.volume
            .bytes_in
            .spend(value.as_ref().map_or(0, String::len) as u64)?;
        Ok(Ok(value))
    }
}
