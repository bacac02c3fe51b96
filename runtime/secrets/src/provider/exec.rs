//! A program that prints secrets: checked, started once with all ids, given nothing that it was not granted.

use std::collections::BTreeMap;
use std::path::PathBuf;

use openclaw_config::tree::ExecProvider;
use serde::Serialize;

use super::process::{Launch, Stop, run};
use super::reply::{Answer, parse_reply};
use super::{AnswerError, Answers};
use crate::error::{ExecFailure, SecretError};
use crate::trust::check_command;

/// What the program reads on its standard input.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    protocol_version: u8,
    provider: &'a str,
    ids: &'a [String],
}

/// Runs the program once and answers every id from its reply.
pub(crate) async fn ask(
    alias: &str,
    provider: &ExecProvider,
    home: Option<PathBuf>,
    variables: &BTreeMap<String, String>,
    ids: Vec<String>,
    max_batch_bytes: u64,
) -> Result<Answers, SecretError> {
    let failed = |failure| SecretError::Exec {
        provider: alias.to_owned(),
        failure,
    };
    let request = serde_json::to_vec(&Request {
        protocol_version: 1,
        provider: alias,
        ids: &ids,
    })
    .map_err(|error| failed(ExecFailure::NotStarted(error.to_string())))?;
    if request.len() as u64 > max_batch_bytes {
        return Err(failed(ExecFailure::BatchTooLarge(max_batch_bytes)));
    }
    let launch = Launch {
        command: check_command(alias, provider, home.as_deref())?,
        args: &provider.args,
        variables: variables_for(provider, variables),
        timeout_ms: provider.timeout_ms,
        silence_ms: provider.no_output_timeout_ms.unwrap_or(provider.timeout_ms),
        max_output_bytes: provider.max_output_bytes,
    };
    let stdout = run(launch, request).await.map_err(|stop| match stop {
        Stop::Failure(failure) => failed(failure),
        Stop::Flood => SecretError::ExecFlood(provider.max_output_bytes),
    })?;
    let answers = parse_reply(stdout.as_slice(), &ids, provider.json_only).map_err(failed)?;
    Ok(answers
        .into_iter()
        .map(|(id, answer)| {
            let answer = match answer {
                Answer::Value(value) => Ok(value),
                Answer::Empty => Err(AnswerError::Empty),
                Answer::Missing => Err(failed(ExecFailure::MissingId(id.clone())).into()),
                Answer::Failed(code) => Err(failed(ExecFailure::Failed { id: id.clone(), code }).into()),
            };
            (id, answer)
        })
        .collect())
}

/// The variables that were passed on by name, then those that the config sets.
fn variables_for<'a>(
    provider: &'a ExecProvider,
    variables: &'a BTreeMap<String, String>,
) -> Vec<(&'a str, &'a str)> {
    let passed = provider
        .pass_env
        .iter()
        .filter_map(|name| variables.get_key_value(name));
    let set = provider
        .env
        .iter()
        .map(|(name, value)| (name.as_str(), value.expose()));
    passed
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .chain(set)
        .collect()
}
