//! How an agent's work and answers reach the eye: what is told, in which parts, at which pace.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much tool work is told.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verbose {
    /// Nothing.
    #[default]
    Off,
    /// What is done.
    On,
    /// What is done and what came of it.
    Full,
}

/// Whether reasoning is shown.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reasoning {
    /// No.
    #[default]
    Off,
    /// Yes, before the answer.
    On,
    /// Yes, while it is going on.
    Stream,
}

/// Whether commands leave the sandbox without being asked to.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Elevated {
    /// No.
    Off,
    /// Yes, with approvals as they are set.
    On,
    /// Yes, after asking.
    Ask,
    /// Yes, without approvals.
    Full,
}

/// How tool work is told.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ToolProgress {
    /// In words.
    #[default]
    Explain,
    /// As it was called.
    Raw,
}

/// Off or on.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OnOff {
    /// Off.
    #[default]
    Off,
    /// On.
    On,
}

/// When a part of an answer is complete.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamingBreak {
    /// At the end of a stretch of text.
    #[default]
    TextEnd,
    /// At the end of the message.
    MessageEnd,
}

/// How long a part of an answer is.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StreamingChunk {
    /// The least, in characters.
    #[schemars(range(min = 1))]
    pub min_chars: Option<u32>,
    /// The most, in characters.
    #[schemars(range(min = 1))]
    pub max_chars: Option<u32>,
    /// Where it is best cut.
    pub break_preference: Option<BreakPreference>,
}

/// Where an answer is best cut.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BreakPreference {
    /// Between paragraphs.
    Paragraph,
    /// At the end of a line.
    Newline,
    /// After a sentence.
    Sentence,
}

/// How short parts are joined.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StreamingCoalesce {
    /// Joined until this long, in characters.
    #[schemars(range(min = 1))]
    pub min_chars: Option<u32>,
    /// Never longer than this, in characters.
    #[schemars(range(min = 1))]
    pub max_chars: Option<u32>,
    /// Sent after this silence, in milliseconds.
    pub idle_ms: Option<u64>,
}

/// Pauses between the parts of an answer.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HumanDelay {
    /// Whether there are any.
    #[schemars(extend("default" = "off"))]
    pub mode: Option<HumanDelayMode>,
    /// The shortest, in milliseconds.
    #[schemars(extend("default" = 800))]
    pub min_ms: Option<u64>,
    /// The longest, in milliseconds.
    #[schemars(extend("default" = 2500))]
    pub max_ms: Option<u64>,
}

/// Whether there are pauses between the parts of an answer.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HumanDelayMode {
    /// None.
    Off,
    /// Of a length that feels natural.
    Natural,
    /// Between the given bounds.
    Custom,
}

/// When typing is shown.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TypingMode {
    /// Never.
    Never,
    /// As soon as the message arrives.
    Instant,
    /// As soon as the model thinks.
    Thinking,
    /// As soon as the answer is being written.
    Message,
}

/// How images are reduced.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageQuality {
    /// As the model deserves.
    #[default]
    Auto,
    /// To few tokens.
    Efficient,
    /// In between.
    Balanced,
    /// Hardly.
    High,
}
