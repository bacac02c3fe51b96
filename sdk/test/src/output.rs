//! What tools say about themselves and what they return, as plain values that a test compares.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a tool says about itself.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ToolSpec {
    /// Its name.
    pub name: String,
    /// A name for people.
    pub title: Option<String>,
    /// What it does, for the model.
    pub description: String,
    /// The JSON Schema of its arguments, as text.
    pub parameters: String,
    /// The JSON Schema of the structured part of its output, as text.
    pub output_schema: Option<String>,
    /// What else is good to know, such as `read-only`.
    pub traits: Vec<String>,
    /// What it says for programs that know it, as JSON text.
    pub extra: Option<String>,
}

/// What a tool returned.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Output {
    /// What the model sees, in order.
    pub content: Vec<Part>,
    /// The part for programs, as JSON text.
    pub structured: Option<String>,
    /// Whether the tool could not do what it was asked.
    pub is_error: bool,
    /// Where the whole output is, if the tool put it into the media store.
    pub spilled: Option<Spill>,
}

impl Output {
    /// All its texts, one after the other on lines of their own.
    #[must_use]
    pub fn text(&self) -> String {
        let texts = self.content.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            _ => None,
        });
        texts.collect::<Vec<_>>().join("\n")
    }

    /// Its structured part as a value; none if there is none or it is no JSON.
    #[must_use]
    pub fn structured(&self) -> Option<Value> {
        serde_json::from_str(self.structured.as_deref()?).ok()
    }
}

/// A piece of an output.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Text.
    Text(String),
    /// Media.
    Media(MediaPart),
    /// A JSON document, as text.
    Json(String),
    /// A link.
    Link(Link),
    /// A part without a case of its own.
    Other(String),
}

/// Media in an output.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct MediaPart {
    /// Which; [`Host::media_bytes`](crate::Host::media_bytes) has the bytes.
    pub media: String,
    /// What it shows, in words.
    pub description: Option<String>,
}

/// A link in an output.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Link {
    /// Where to.
    pub url: String,
    /// What it is called.
    pub title: Option<String>,
    /// What is there.
    pub description: Option<String>,
}

/// The whole of a long output.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Spill {
    /// Which media.
    pub media: String,
    /// How many bytes it has.
    pub size: u64,
}

/// The error of an interface of `openclaw`, as a tool returns it and as a host answers with it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Refusal {
    /// Its kind, such as `denied`.
    pub code: String,
    /// What a person reads.
    pub message: String,
    /// After how many milliseconds to try again.
    pub retry_after: Option<u64>,
    /// Whether something left the machine: `yes`, `no` or `unknown`.
    pub sent: String,
    /// More for programs, as JSON text.
    pub detail: Option<String>,
}

impl Refusal {
    /// A refusal after which nothing left the machine.
    pub(crate) fn new(code: &str, message: &str) -> Self {
        Self {
            code: code.to_owned(),
            message: message.to_owned(),
            retry_after: None,
            sent: "no".to_owned(),
            detail: None,
        }
    }
}
