//! A file that only its owner can read: a JSON object, or one value.
//!
//! Read on a thread that may block, and given up on at the deadline; such a thread ends when its read does.

use std::path::PathBuf;
use std::time::Duration;

use openclaw_config::tree::{FileMode, FileProvider};

use super::{AnswerError, Answers};
use crate::error::SecretError;
use crate::json::Node;
use crate::trust::read_file;
use crate::value::{SecretValue, WipedBytes};

/// Reads the file once and answers every id from it.
pub(crate) async fn ask(
    alias: String,
    provider: FileProvider,
    home: Option<PathBuf>,
    ids: Vec<String>,
) -> Result<Answers, SecretError> {
    let late = SecretError::FileTimedOut {
        provider: alias.clone(),
        millis: provider.timeout_ms,
    };
    let deadline = Duration::from_millis(provider.timeout_ms);
    let work = tokio::task::spawn_blocking(move || {
        let bytes = read_file(&alias, &provider, home.as_deref())?;
        match provider.mode {
            FileMode::Json => from_object(&alias, &bytes, ids),
            FileMode::SingleValue => from_text(&alias, &bytes, ids),
        }
    });
    match tokio::time::timeout(deadline, work).await {
        Ok(Ok(answers)) => answers,
        Ok(Err(_)) | Err(_) => Err(late),
    }
}

fn from_object(alias: &str, bytes: &WipedBytes, ids: Vec<String>) -> Result<Answers, SecretError> {
    let Some(document @ Node::Map(_)) = Node::parse(bytes.as_slice()) else {
        return Err(SecretError::FileNotObject(alias.to_owned()));
    };
    let find = |id: &str| match document.pointer(id) {
        Some(Node::Text(text)) if !text.expose().is_empty() => Ok(text.clone()),
        Some(_) => Err(AnswerError::Empty),
        None => Err(SecretError::FilePointer {
            provider: alias.to_owned(),
            id: id.to_owned(),
        }
        .into()),
    };
    Ok(ids.into_iter().map(|id| (id.clone(), find(&id))).collect())
}

fn from_text(alias: &str, bytes: &WipedBytes, ids: Vec<String>) -> Result<Answers, SecretError> {
    let text =
        std::str::from_utf8(bytes.as_slice()).map_err(|_| SecretError::FileNotText(alias.to_owned()))?;
    let text = text
        .strip_suffix('\n')
        .map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
    let find = |id: &str| match id {
        "value" if text.is_empty() => Err(AnswerError::Empty),
        "value" => Ok(SecretValue::new(text)),
        _ => Err(SecretError::FileSingleValueId(alias.to_owned()).into()),
    };
    Ok(ids.into_iter().map(|id| (id.clone(), find(&id))).collect())
}
