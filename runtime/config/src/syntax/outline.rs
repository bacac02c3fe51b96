//! Where everything stands in a JSON5 text: for each key and value its stretch of bytes.
//!
//! Built only when a position is asked for. Made for text that has been parsed before; of other text it knows
//! nothing. Its nesting is that of the text, which the parser has bounded.

use super::lexer::{Kind, Lexer, Span};
use crate::path::Segment;

/// The outline of one value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Outline {
    /// The key in front of the value, if it has one.
    pub key: Option<Span>,
    /// The value, from its first to its last byte.
    pub value: Span,
    /// What is inside.
    pub content: Content,
}

/// What is inside a value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Content {
    /// Keys and their values, in the order of the text, repeated keys too.
    Object(Vec<(String, Outline)>),
    /// Elements.
    Array(Vec<Outline>),
    /// Nothing: a string, a number, a literal.
    Scalar,
}

impl Outline {
    /// Reads the outline of a text. `None`: the text is no JSON5.
    pub fn read(text: &str) -> Option<Self> {
        let mut reader = Reader {
            text,
            tokens: Lexer::new(text),
        };
        let first = reader.tokens.next()?;
        let outline = reader.read_value(None, first)?;
        reader.tokens.next().is_none().then_some(outline)
    }

    /// The entry of a key: the last one, if it is repeated.
    pub fn entry(&self, name: &str) -> Option<&Self> {
        match &self.content {
            Content::Object(entries) => entries
                .iter()
                .rev()
                .find_map(|(key, value)| (key == name).then_some(value)),
            _ => None,
        }
    }

    /// The value one step in.
    pub fn step(&self, segment: &Segment) -> Option<&Self> {
        match (segment, &self.content) {
            (Segment::Key(key), _) => self.entry(key),
            (Segment::Index(index), Content::Array(elements)) => elements.get(*index),
            (Segment::Index(_), _) => None,
        }
    }

    /// Where a reader looks for it: the key, or the value if there is no key.
    pub fn head(&self) -> Span {
        self.key.unwrap_or(self.value)
    }
}

/// Line and column of a byte of the text, both from 1; the column counts characters.
pub fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.matches('\n').count() + 1;
    let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
    (line, column)
}

struct Reader<'t> {
    text: &'t str,
    tokens: Lexer<'t>,
}

impl Reader<'_> {
    fn read_value(&mut self, key: Option<Span>, (kind, span): (Kind, Span)) -> Option<Outline> {
        let (content, end) = match kind {
            Kind::OpenObject => self.read_object()?,
            Kind::OpenArray => self.read_array()?,
            Kind::Text | Kind::Word => (Content::Scalar, span.end),
            _ => return None,
        };
        Some(Outline {
            key,
            value: Span {
                start: span.start,
                end,
            },
            content,
        })
    }

    fn read_object(&mut self) -> Option<(Content, usize)> {
        let mut entries = Vec::new();
        loop {
            let (kind, span) = self.tokens.next()?;
            match kind {
                Kind::CloseObject => return Some((Content::Object(entries), span.end)),
                Kind::Text | Kind::Word => {
                    let name = read_key(span.of(self.text))?;
                    (self.tokens.next()?.0 == Kind::Colon).then_some(())?;
                    let first = self.tokens.next()?;
                    entries.push((name, self.read_value(Some(span), first)?));
                }
                _ => return None,
            }
            let (kind, span) = self.tokens.next()?;
            match kind {
                Kind::Comma => {}
                Kind::CloseObject => return Some((Content::Object(entries), span.end)),
                _ => return None,
            }
        }
    }

    fn read_array(&mut self) -> Option<(Content, usize)> {
        let mut elements = Vec::new();
        loop {
            let (kind, span) = self.tokens.next()?;
            if kind == Kind::CloseArray {
                return Some((Content::Array(elements), span.end));
            }
            elements.push(self.read_value(None, (kind, span))?);
            let (kind, span) = self.tokens.next()?;
            match kind {
                Kind::Comma => {}
                Kind::CloseArray => return Some((Content::Array(elements), span.end)),
                _ => return None,
            }
        }
    }
}

fn read_key(raw: &str) -> Option<String> {
    if raw.starts_with(['"', '\'']) {
        return json5::from_str(raw).ok();
    }
    if !raw.contains('\\') {
        return Some(raw.to_owned());
    }
    let object: serde_json::Map<String, serde_json::Value> = json5::from_str(&format!("{{{raw}:0}}")).ok()?;
    object.into_iter().next().map(|(key, _)| key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::Path;

    fn locate(text: &str, path: &str) -> Option<(usize, usize)> {
        let outline = Outline::read(text).unwrap();
        let path: Path = path.parse().unwrap();
        let found = path
            .segments()
            .iter()
            .try_fold(&outline, |at, segment| at.step(segment))?;
        Some(line_column(text, found.head().start))
    }

    #[test]
    fn a_key_is_found_behind_comments_and_strings_that_hold_brackets() {
        let text = "// { \n{ a: '}\\'{', /* ] */\n  'b.c': [1, { d: 2 }],\n}";
        assert_eq!(locate(text, "a"), Some((2, 3)));
        assert_eq!(locate(text, r#""b.c""#), Some((3, 3)));
        assert_eq!(locate(text, r#""b.c"[1].d"#), Some((3, 16)));
        assert_eq!(locate(text, "c"), None);
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(locate("{ ä: 'öü', b: 1 }", "b"), Some((1, 12)));
    }

    #[test]
    fn the_last_of_a_repeated_key_counts() {
        assert_eq!(locate("{ a: 1,\n a: 2 }", "a"), Some((2, 2)));
    }
}
