//! Forms with files in them.

use crate::wit::http::types::{Part, PartContent};

/// The parts of a `multipart/form-data` body, in order:
///
/// ```
/// use openclaw_sdk::http::Multipart;
///
/// let form = Multipart::new()
///     .text("chat", "42")
///     .file("list", "list.csv", "text/csv", "a,b\n");
/// ```
///
/// The host writes the boundaries. A part of [`media`](Self::media) never enters the component's memory.
#[derive(Clone, Debug, Default)]
pub struct Multipart(Vec<Part>);

impl Multipart {
    /// A form without parts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field of text.
    #[must_use]
    pub fn text(self, name: impl Into<String>, value: impl ToString) -> Self {
        self.part(name, None, None, PartContent::Text(value.to_string()))
    }

    /// Adds a file of bytes that are here.
    #[must_use]
    pub fn file(
        self,
        name: impl Into<String>,
        file_name: impl Into<String>,
        content_type: impl Into<String>,
        bytes: impl Into<Vec<u8>>,
    ) -> Self {
        let content = PartContent::Bytes(bytes.into());
        self.part(name, Some(file_name.into()), Some(content_type.into()), content)
    }

    /// Adds a file from the media store, under a file name, with the media's own content type.
    #[must_use]
    pub fn media(
        self,
        name: impl Into<String>,
        file_name: impl Into<String>,
        media: impl Into<String>,
    ) -> Self {
        self.part(
            name,
            Some(file_name.into()),
            None,
            PartContent::Media(media.into()),
        )
    }

    fn part(
        mut self,
        name: impl Into<String>,
        file_name: Option<String>,
        content_type: Option<String>,
        content: PartContent,
    ) -> Self {
        self.0.push(Part {
            name: name.into(),
            file_name,
            content_type,
            content,
        });
        self
    }

    pub(super) fn into_parts(self) -> Vec<Part> {
        self.0
    }
}
