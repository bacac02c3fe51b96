//! Values in a body or a text frame. JSON is read as JSON, a form as a form, anything else as lines.
//!
//! What can be read in two ways gets no secret: JSON with the same name twice in an object, text that is not UTF-8,
//! a charset that is none of UTF-8, lines that end now this way and now that.

use openclaw_policy::capability::secrets::Spot;

use super::{Injected, Injector};
use crate::secret::edit::Edit;
use crate::secret::encode;
use crate::secret::failure::SecretFailure;
use crate::secret::json::{Met, Unwalkable, is_json, walk};

/// The most bytes of a body with a placeholder in it.
pub const MAX_BODY: usize = 1024 * 1024;

/// The most bytes of a JSON pointer that a rule can have.
const MAX_POINTER: usize = openclaw_policy::capability::secrets::MAX_NAME;

impl Injector<'_> {
    /// A whole body. Its media type says how it is read.
    pub fn body<'t>(
        &self,
        content_type: Option<&str>,
        body: &'t [u8],
    ) -> Result<Injected<'t>, SecretFailure> {
        if !self.vault.holds_placeholder(body) {
            return Ok(Injected::Untouched(body));
        }
        let unreadable = |why| SecretFailure::Unreadable { what: "body", why };
        if body.len() > MAX_BODY {
            return Err(SecretFailure::TooLarge {
                what: "a body with a placeholder",
                most: "1 MiB",
            });
        }
        let text = std::str::from_utf8(body).map_err(|_| unreadable("is not UTF-8"))?;
        let media = MediaType::read(content_type.unwrap_or_default());
        if !media.is_utf8 {
            return Err(unreadable("has a charset that is not UTF-8"));
        }
        let edits = match media.shape {
            Shape::Json => self.json(text, "body")?,
            Shape::Form => self.pairs(
                text,
                "the name of a field of a form",
                |name| Spot::Form(name),
                encode::form,
            )?,
            Shape::Lines => self.lines(text)?,
        };
        Ok(Injected::new(text, &edits))
    }

    /// A text frame: JSON if it is JSON, else lines.
    pub fn text_frame<'t>(&self, text: &'t str) -> Result<Injected<'t>, SecretFailure> {
        if !self.vault.holds_placeholder(text.as_bytes()) {
            return Ok(Injected::Untouched(text.as_bytes()));
        }
        if text.len() > MAX_BODY {
            return Err(SecretFailure::TooLarge {
                what: "a frame with a placeholder",
                most: "1 MiB",
            });
        }
        let edits = if is_json(text) {
            self.json(text, "frame")?
        } else {
            self.lines(text)?
        };
        Ok(Injected::new(text, &edits))
    }

    fn json(&self, text: &str, what: &'static str) -> Result<Vec<Edit>, SecretFailure> {
        let mut edits = Vec::new();
        let mut failure = None;
        let walked = walk(text, |met, at| {
            let inside = text.get(at.clone()).unwrap_or_default();
            if failure.is_some() || !self.vault.holds_placeholder(inside.as_bytes()) {
                return;
            }
            let found = match met {
                Met::Key => self
                    .refuse_in(inside, "the name of a JSON member")
                    .map(|()| Vec::new()),
                Met::Text(way) => match way.pointer(MAX_POINTER) {
                    Some(pointer) => self.edits(inside, at.start, |_| Spot::Json(&pointer), encode::json),
                    None => Err(SecretFailure::Misplaced {
                        place: "JSON so deep or under such long names that its pointer has more than 256 bytes",
                    }),
                },
            };
            match found {
                Ok(found) => edits.extend(found),
                Err(error) => failure = Some(error),
            }
        });
        let unreadable = |why| SecretFailure::Unreadable { what, why };
        match (walked, failure) {
            (Err(Unwalkable::Malformed), _) => Err(unreadable("is no JSON")),
            (Err(Unwalkable::Deep), _) => Err(unreadable("has more than 128 levels")),
            (Ok(walked), _) if walked.has_twins => Err(unreadable("has an object with the same name twice")),
            (Ok(_), Some(error)) => Err(error),
            (Ok(_), None) => Ok(edits),
        }
    }

    /// If CR LF ends any line, then nothing else ends one; what is left of other line breaks is refused by the place.
    fn lines(&self, text: &str) -> Result<Vec<Edit>, SecretFailure> {
        let end = if text.contains('\r') { "\r\n" } else { "\n" };
        let mut edits = Vec::new();
        let mut start: usize = 0;
        for line in text.split(end) {
            let before = |at| Spot::Line(line.get(..at).unwrap_or_default());
            edits.extend(self.edits(line, start, before, encode::plain)?);
            start = start.saturating_add(line.len()).saturating_add(end.len());
        }
        Ok(edits)
    }
}

enum Shape {
    Json,
    Form,
    Lines,
}

struct MediaType {
    shape: Shape,
    is_utf8: bool,
}

impl MediaType {
    fn read(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        let mut parts = text.split(';').map(str::trim);
        let shape = match parts.next().unwrap_or_default() {
            "application/json" => Shape::Json,
            "application/x-www-form-urlencoded" => Shape::Form,
            other if other.ends_with("+json") => Shape::Json,
            _ => Shape::Lines,
        };
        let charset = parts.filter_map(|part| part.strip_prefix("charset")?.trim_start().strip_prefix('='));
        let known = |name: &str| ["utf-8", "utf8", "us-ascii"].contains(&name.trim().trim_matches('"'));
        let is_utf8 = charset.into_iter().all(known);
        Self { shape, is_utf8 }
    }
}
