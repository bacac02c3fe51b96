//! `tools.media` and `tools.links`: how images, sound, films and links are understood.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret_ref::PlainText;
use crate::tree::request::Request;
use crate::tree::values::Scalar;

/// Understanding of images, sound and films.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MediaTools {
    /// How many files are looked at at the same time.
    #[schemars(range(min = 1))]
    pub concurrency: u32,
    /// The models and programs for it, in order.
    pub models: Vec<MediaModel>,
    /// Images.
    pub image: MediaKind,
    /// Sound.
    pub audio: MediaAudio,
    /// Films.
    pub video: MediaKind,
}

impl Default for MediaTools {
    fn default() -> Self {
        Self {
            concurrency: 2,
            models: Vec::new(),
            image: MediaKind::default(),
            audio: MediaAudio::default(),
            video: MediaKind::default(),
        }
    }
}

/// A model or program that understands media.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MediaModel {
    /// Which of the two it is.
    #[serde(rename = "type")]
    pub kind: Option<MediaModelKind>,
    /// The model's provider.
    pub provider: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// What it understands. Unset: what its provider says.
    pub capabilities: Option<Vec<MediaCapability>>,
    /// The program.
    pub command: Option<String>,
    /// Its arguments.
    pub args: Option<Vec<String>>,
    /// How long its answer may be, in characters.
    #[schemars(range(min = 1))]
    pub max_chars: Option<u64>,
    /// The largest file it is given, in bytes.
    #[schemars(range(min = 1))]
    pub max_bytes: Option<u64>,
    /// What it is asked.
    pub prompt: Option<String>,
    /// How long it may take, in seconds.
    #[schemars(range(min = 1))]
    pub timeout_seconds: Option<u64>,
    /// The language of the sound.
    pub language: Option<String>,
    /// Options for providers, by provider.
    pub provider_options: BTreeMap<String, BTreeMap<String, Scalar>>,
    /// Where the provider is.
    pub base_url: Option<String>,
    /// Headers of its requests.
    pub headers: BTreeMap<String, PlainText>,
    /// How it is reached.
    pub request: Option<Request>,
    /// The credential it uses.
    pub profile: Option<String>,
    /// The credential it uses if it can.
    pub preferred_profile: Option<String>,
}

/// Whether something is a model or a program.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaModelKind {
    /// A model.
    Provider,
    /// A program.
    Cli,
}

/// A kind of media.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaCapability {
    /// Images.
    Image,
    /// Sound.
    Audio,
    /// Films.
    Video,
}

/// One kind of media.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MediaKind {
    /// Whether it is looked at. Unset: when something can.
    pub enabled: Option<bool>,
    /// What looks at it first.
    #[schemars(length(min = 1))]
    pub preferred_model: Option<String>,
    /// Where it is looked at.
    pub scope: Option<Scoped>,
    /// The largest file, in bytes.
    #[schemars(range(min = 1))]
    pub max_bytes: Option<u64>,
    /// How long the answer may be, in characters.
    #[schemars(range(min = 1))]
    pub max_chars: Option<u64>,
    /// What is asked.
    pub prompt: Option<String>,
    /// How long it may take, in seconds.
    #[schemars(range(min = 1))]
    pub timeout_seconds: Option<u64>,
    /// The language of the sound.
    pub language: Option<String>,
    /// Options for providers, by provider.
    pub provider_options: BTreeMap<String, BTreeMap<String, Scalar>>,
    /// Where the provider is.
    pub base_url: Option<String>,
    /// Headers of requests.
    pub headers: BTreeMap<String, PlainText>,
    /// How the provider is reached.
    pub request: Option<Request>,
    /// Which of several files are looked at.
    pub attachments: Option<MediaAttachments>,
}

/// Sound.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MediaAudio {
    /// What all kinds have.
    #[serde(flatten)]
    pub kind: MediaKind,
    /// Whether the transcript is shown to the person.
    pub echo_transcript: bool,
    /// How it is shown; `{transcript}` stands for it.
    pub echo_format: Option<String>,
}

/// Which of several files are looked at.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MediaAttachments {
    /// How many.
    pub mode: Option<AttachmentMode>,
    /// How many at most.
    #[schemars(range(min = 1))]
    pub max_attachments: Option<u32>,
    /// Which come first.
    pub prefer: Option<AttachmentChoice>,
}

/// How many of several files are looked at.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AttachmentMode {
    /// One.
    First,
    /// All.
    All,
}

/// Which of several files come first.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AttachmentChoice {
    /// The first.
    First,
    /// The last.
    Last,
    /// Those on disk.
    Path,
    /// Those with an address.
    Url,
}

/// In which conversations something happens.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Scoped {
    /// Where no rule says otherwise.
    pub default: Option<Verdict>,
    /// Rules; the first that fits decides.
    pub rules: Vec<ScopeRule>,
}

/// A rule about conversations.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScopeRule {
    /// What it says.
    pub action: Verdict,
    /// Which conversations it fits. Unset: all.
    #[serde(rename = "match")]
    pub when: Option<ScopeMatch>,
}

/// What a rule says.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Yes.
    Allow,
    /// No.
    Deny,
}

/// Which conversations a rule fits.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ScopeMatch {
    /// Those of this channel.
    pub channel: Option<String>,
    /// Those of this kind.
    pub chat_type: Option<ChatType>,
    /// Those whose session key, without the agent, starts so.
    pub key_prefix: Option<String>,
    /// Those whose whole session key starts so.
    pub raw_key_prefix: Option<String>,
}

/// A kind of conversation.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[schemars(extend("x-aliases" = ["dm"]))]
pub enum ChatType {
    /// Between two.
    #[serde(alias = "dm")]
    Direct,
    /// In a group.
    Group,
    /// In a channel.
    Channel,
}

/// Summaries of links in messages.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Links {
    /// Whether they are made. Unset: when a model for it is listed.
    pub enabled: Option<bool>,
    /// Where they are made.
    pub scope: Option<Scoped>,
    /// How many links of one message are read.
    #[schemars(range(min = 1))]
    pub max_links: Option<u32>,
    /// How long one may take, in seconds.
    #[schemars(range(min = 1))]
    pub timeout_seconds: Option<u64>,
    /// The programs that read links, in order.
    pub models: Vec<LinkModel>,
}

/// A program that reads links.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkModel {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: Option<LinkModelKind>,
    /// The program.
    #[schemars(length(min = 1))]
    pub command: String,
    /// Its arguments.
    #[serde(default)]
    pub args: Vec<String>,
    /// How long it may take, in seconds.
    #[schemars(range(min = 1))]
    pub timeout_seconds: Option<u64>,
}

/// What reads links.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkModelKind {
    /// A program.
    Cli,
}
