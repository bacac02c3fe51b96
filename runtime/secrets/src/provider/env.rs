//! Environment variables, from the map that the caller handed in.

use std::collections::BTreeMap;

use openclaw_config::tree::EnvProvider;

use super::Answers;
use crate::error::SecretError;
use crate::value::SecretValue;

/// Looks the names up. A missing one never falls through to anything else.
pub(crate) fn ask(
    alias: &str,
    provider: &EnvProvider,
    variables: &BTreeMap<String, String>,
    ids: Vec<String>,
) -> Answers {
    let allowed = |id: &String| provider.allowlist.as_ref().is_none_or(|names| names.contains(id));
    ids.into_iter()
        .map(|id| {
            let answer = if !allowed(&id) {
                Err(SecretError::NotAllowlisted {
                    id: id.clone(),
                    provider: alias.to_owned(),
                }
                .into())
            } else {
                match variables.get(&id) {
                    Some(value) if !value.is_empty() => Ok(SecretValue::new(value)),
                    _ => Err(SecretError::EnvMissing(id.clone()).into()),
                }
            };
            (id, answer)
        })
        .collect()
}
