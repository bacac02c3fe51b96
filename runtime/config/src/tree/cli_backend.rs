//! `agents.defaults.cliBackends`: programs that answer in place of a model. Text in, text out: no tools, no stream.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret_ref::PlainText;

/// A program that answers in place of a model. It is started for each turn, without a shell.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CliBackend {
    /// The program.
    #[schemars(length(min = 1))]
    pub command: String,
    /// Its arguments.
    #[serde(default)]
    pub args: Vec<String>,
    /// Its arguments when a session goes on. Unset: the same.
    pub resume_args: Option<Vec<String>>,
    /// How it answers.
    #[serde(default)]
    pub output: CliOutput,
    /// How it answers when a session goes on. Unset: the same.
    pub resume_output: Option<CliOutput>,
    /// How it is asked.
    #[serde(default)]
    pub input: CliInput,
    /// A prompt longer than this goes to standard input instead of an argument.
    #[schemars(range(min = 1))]
    pub max_prompt_arg_chars: Option<u64>,
    /// Variables that it is given.
    #[serde(default)]
    pub env: BTreeMap<String, PlainText>,
    /// Variables that it is not given.
    #[serde(default)]
    pub clear_env: Vec<String>,
    /// The argument before the model's name.
    pub model_arg: Option<String>,
    /// What it calls models that are known by another name here.
    #[serde(default)]
    pub model_aliases: BTreeMap<String, String>,
    /// The argument before the session's id.
    pub session_arg: Option<String>,
    /// The arguments that name the session; `{sessionId}` stands for its id.
    pub session_args: Option<Vec<String>>,
    /// When it is told the session.
    #[serde(default)]
    pub session_mode: CliSession,
    /// The keys of its answer that may hold the session's id.
    #[serde(default)]
    pub session_id_fields: Vec<String>,
    /// The argument before the system prompt.
    pub system_prompt_arg: Option<String>,
    /// What the system prompt does to its own.
    pub system_prompt_mode: Option<CliSystemPrompt>,
    /// When it is given the system prompt.
    #[serde(default)]
    pub system_prompt_when: CliSystemPromptWhen,
    /// The argument before an image's path.
    pub image_arg: Option<String>,
    /// How several images are given.
    #[serde(default)]
    pub image_mode: CliImages,
    /// Whether one turn waits for the other.
    #[serde(default = "yes")]
    pub serialize: bool,
}

/// How the program answers.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CliOutput {
    /// With one JSON object.
    #[default]
    Json,
    /// With one JSON object a line.
    Jsonl,
    /// With bare text.
    Text,
}

/// How the program is asked.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CliInput {
    /// With an argument.
    #[default]
    Arg,
    /// On standard input.
    Stdin,
}

/// When the program is told the session.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CliSession {
    /// Every time.
    #[default]
    Always,
    /// When it is known to it already.
    Existing,
    /// Never.
    None,
}

/// What the system prompt does to the program's own.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CliSystemPrompt {
    /// It follows it.
    Append,
    /// It takes its place.
    Replace,
}

/// When the program is given the system prompt.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CliSystemPromptWhen {
    /// At the start of a session.
    #[default]
    First,
    /// Every time.
    Always,
    /// Never.
    Never,
}

/// How several images are given.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CliImages {
    /// The argument is repeated.
    #[default]
    Repeat,
    /// One argument holds them all.
    List,
}

fn yes() -> bool {
    true
}
