//! Getting a file that a message came with: Telegram gives a path for its id, good for an hour, and then the file.

use openclaw_sdk::media::MediaRef;
use openclaw_sdk::{Error, ErrorCode};
use serde_json::json;

use crate::api;
use crate::inbound::{Deferred, MAX_DOWNLOAD};
use crate::look::Look;
use crate::settings::Settings;

/// Gets the file of a handle into the media store.
pub(crate) fn fetch(settings: &Settings, handle: &str) -> Result<MediaRef, Error> {
    let missing = |message: String| Error::new(ErrorCode::NotFound, message);
    let deferred: Deferred = serde_json::from_str(handle)
        .map_err(|why| missing(format!("the handle is of another version of this adapter: {why}")))?;
    let found = api::call(settings, "getFile", &json!({"file_id": deferred.file}));
    let found = found.map_err(|error| match error.code {
        ErrorCode::Refused => Error {
            code: ErrorCode::NotFound,
            ..error
        },
        _ => error,
    })?;
    let Some(path) = found.text("file_path") else {
        return Err(missing(
            "Telegram has no path for the file; it may be larger than 20 MB".to_owned(),
        ));
    };
    if path.starts_with('/') {
        let message = "the server of apiRoot keeps files to itself (it runs with --local); run it without";
        return Err(Error::new(ErrorCode::Unsupported, message));
    }
    let mut request = api::file(settings, path)?;
    if settings.is_public() {
        request = request.max_bytes(MAX_DOWNLOAD);
    }
    let response = request.send()?;
    if response.status() >= 400 {
        return Err(match response.status() {
            404 => missing("Telegram does not have the file any more".to_owned()),
            status => Error::new(
                ErrorCode::Unavailable,
                format!("Telegram answered the request for a file with {status}"),
            ),
        });
    }
    response.to_media(&deferred.info())
}
