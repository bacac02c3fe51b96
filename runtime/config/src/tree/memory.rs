//! `memory`: what agents remember.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret_ref::{PlainText, SecretInput};

/// What agents remember.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Memory {
    /// Whether answers name the notes they rest on.
    pub citations: Citations,
    /// How notes are searched.
    pub search: MemorySearch,
}

/// Whether answers name the notes they rest on.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Citations {
    /// In direct chats.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

/// How notes are searched.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MemorySearch {
    /// Whether they are.
    #[schemars(extend("default" = true))]
    pub enabled: Option<bool>,
    /// Who turns text into vectors.
    #[schemars(extend("default" = "openai"))]
    pub provider: Option<String>,
    /// The model that does.
    pub model: Option<String>,
    /// Who does when that fails.
    pub fallback: Option<String>,
    /// What is searched. Unset: notes.
    pub sources: Option<Vec<MemorySource>>,
    /// Files and folders besides the workspace's.
    pub extra_paths: Vec<MemoryPath>,
    /// Whether what was said elsewhere is found.
    pub remember_across_conversations: Option<bool>,
    /// Images and sound.
    pub multimodal: Option<Multimodal>,
    /// Parts that may change.
    pub experimental: Option<MemoryExperiments>,
    /// How the provider is reached.
    pub remote: Option<MemoryRemote>,
    /// What the provider is told text is.
    #[schemars(length(min = 1))]
    pub input_type: Option<String>,
    /// What it is told a question is.
    #[schemars(length(min = 1))]
    pub query_input_type: Option<String>,
    /// What it is told a note is.
    #[schemars(length(min = 1))]
    pub document_input_type: Option<String>,
    /// How long vectors are.
    #[schemars(range(min = 1))]
    pub output_dimensionality: Option<u32>,
    /// A model on this machine.
    pub local: Option<MemoryLocal>,
    /// How the index is kept.
    pub store: Option<MemoryStore>,
    /// What a search finds.
    pub query: Option<MemoryQuery>,
    /// Vectors that are kept.
    pub cache: Option<MemoryCache>,
}

/// What is searched.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MemorySource {
    /// Notes.
    Memory,
    /// What was said.
    Sessions,
}

/// A place that is searched: a path, or a path and which files of it.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(untagged)]
pub enum MemoryPath {
    /// A path.
    Path(String),
    /// A path and which files of it.
    Matched(MatchedPath),
}

/// A path and which files of it.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchedPath {
    /// The path.
    pub path: String,
    /// Which files, as a glob.
    pub pattern: Option<String>,
}

/// Images and sound in memory.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Multimodal {
    /// Whether they are searched.
    pub enabled: Option<bool>,
    /// Which of them.
    pub modalities: Option<Vec<Modality>>,
    /// The largest file, in bytes.
    #[schemars(range(min = 1))]
    pub max_file_bytes: Option<u64>,
}

/// What besides text is searched.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Modality {
    /// Images.
    Image,
    /// Sound.
    Audio,
    /// Both.
    All,
}

/// Parts of memory that may change.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MemoryExperiments {
    /// Whether sessions are searched.
    pub session_memory: Option<bool>,
}

/// How the provider of vectors is reached.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MemoryRemote {
    /// Where it is.
    pub base_url: Option<String>,
    /// Its key. Unset: that of the model provider of the same name.
    pub api_key: Option<SecretInput>,
    /// Headers of requests.
    pub headers: BTreeMap<String, PlainText>,
    /// Requests for much at once.
    pub batch: Option<MemoryBatch>,
}

/// Requests for much at once.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MemoryBatch {
    /// Whether they are made.
    pub enabled: Option<bool>,
}

/// A model on this machine that turns text into vectors.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MemoryLocal {
    /// Its file.
    pub model_path: Option<String>,
}

/// How the index is kept.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MemoryStore {
    /// Words.
    pub fts: Option<MemoryFts>,
    /// Vectors.
    pub vector: Option<MemoryVector>,
}

/// How words are indexed.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MemoryFts {
    /// What counts as a word.
    pub tokenizer: Option<Tokenizer>,
}

/// What counts as a word.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tokenizer {
    /// What stands between spaces.
    Unicode61,
    /// Every three letters, for languages without spaces.
    Trigram,
}

/// How vectors are indexed.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MemoryVector {
    /// Whether the database does it.
    pub enabled: Option<bool>,
    /// The extension of the database that does.
    pub extension_path: Option<String>,
}

/// What a search finds.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MemoryQuery {
    /// How many notes.
    #[schemars(range(min = 1))]
    pub max_results: Option<u32>,
    /// How like the question they must be.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub min_score: Option<f64>,
}

/// Vectors that are kept.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MemoryCache {
    /// Whether they are.
    pub enabled: Option<bool>,
}
