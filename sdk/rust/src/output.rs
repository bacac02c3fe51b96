//! Putting an output together, part by part.

use serde::Serialize;

use crate::error::encode;
use crate::wit::tools::types::{ContentPart, Link, MediaPart, Output};
use crate::wit::types::errors::Error;

impl Output {
    /// An output without content, to which parts are added.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            content: Vec::new(),
            structured: None,
            is_error: false,
            spilled: None,
        }
    }

    /// An output of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::empty().with_text(text)
    }

    /// An output of a JSON document, which is its structured part too.
    ///
    /// # Errors
    /// With [`Invalid`](crate::ErrorCode::Invalid) if the value has no form in JSON, as a map whose keys are no
    /// strings.
    pub fn json(value: &impl Serialize) -> Result<Self, Error> {
        let json = encode(value, "the output")?;
        let mut output = Self::empty();
        output.content.push(ContentPart::Json(json.clone()));
        output.structured = Some(json);
        Ok(output)
    }

    /// Adds text.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        self.content.push(ContentPart::Text(text.into()));
        self
    }

    /// Adds media, with what it shows in words.
    #[must_use]
    pub fn with_media(mut self, media: impl Into<String>, description: impl Into<String>) -> Self {
        self.content.push(ContentPart::Media(MediaPart {
            media: media.into(),
            description: Some(description.into()),
        }));
        self
    }

    /// Adds a link and what it is called.
    #[must_use]
    pub fn with_link(mut self, url: impl Into<String>, title: impl Into<String>) -> Self {
        self.content.push(ContentPart::Link(Link {
            url: url.into(),
            title: Some(title.into()),
            description: None,
        }));
        self
    }

    /// Sets the part for programs, which the model does not see. It fits the tool's
    /// [`output_schema`](crate::Tool::output_schema).
    ///
    /// # Errors
    /// As [`json`](Self::json).
    pub fn with_structured(mut self, value: &impl Serialize) -> Result<Self, Error> {
        self.structured = Some(encode(value, "the structured output")?);
        Ok(self)
    }

    /// Says that the tool could not do what it was asked, and that the content tells why.
    #[must_use]
    pub fn failed(mut self) -> Self {
        self.is_error = true;
        self
    }
}

impl From<String> for Output {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<&str> for Output {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::ErrorCode;

    #[test]
    fn parts_keep_their_order_and_the_structured_part_is_beside_them() {
        let output = Output::text("a")
            .with_media("m1", "a cat")
            .with_link("https://example.org/", "Example")
            .with_structured(&[1, 2])
            .unwrap();
        assert!(matches!(
            output.content.as_slice(),
            [ContentPart::Text(_), ContentPart::Media(_), ContentPart::Link(_)]
        ));
        assert_eq!(
            (output.structured.as_deref(), output.is_error),
            (Some("[1,2]"), false)
        );
    }

    #[test]
    fn a_document_is_for_the_model_and_for_programs() {
        let output = Output::json(&BTreeMap::from([("a", 1)])).unwrap();
        assert!(matches!(output.content.as_slice(), [ContentPart::Json(json)] if json == r#"{"a":1}"#));
        assert_eq!(output.structured.as_deref(), Some(r#"{"a":1}"#));
    }

    #[test]
    fn a_value_without_a_form_in_json_is_an_error_and_no_panic() {
        let odd = BTreeMap::from([(vec![1], 1)]);
        assert_eq!(Output::json(&odd).unwrap_err().code, ErrorCode::Invalid);
    }
}
