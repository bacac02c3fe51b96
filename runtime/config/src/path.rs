//! A place inside the config: a list of keys and indices, with one spelling that people type and read.
//!
//! `Display` and `parse` are each other's inverse. A key that could be mistaken for something else is written
//! in quotes; an index stands in brackets.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// One step into the config.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Segment {
    /// Into an object, by key.
    Key(String),
    /// Into an array, by position.
    Index(usize),
}

/// A place inside the config. Empty: the whole of it.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Path(Vec<Segment>);

/// Why a text is no path.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("\"{text}\" is no config path: {why} at character {at}")]
pub struct PathError {
    text: String,
    why: &'static str,
    at: usize,
}

impl Path {
    /// The whole config.
    pub fn root() -> Self {
        Self::default()
    }

    /// The path of these keys.
    pub fn of<const N: usize>(keys: [&str; N]) -> Self {
        keys.into_iter().map(|key| Segment::Key(key.to_owned())).collect()
    }

    /// The steps, outermost first.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// Whether this is the whole config.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a step.
    pub fn push(&mut self, segment: Segment) {
        self.0.push(segment);
    }

    /// Steps into a key.
    pub fn push_key(&mut self, key: &str) {
        self.0.push(Segment::Key(key.to_owned()));
    }

    /// Steps into an element.
    pub fn push_index(&mut self, index: usize) {
        self.0.push(Segment::Index(index));
    }

    /// Steps back out.
    pub fn pop(&mut self) -> Option<Segment> {
        self.0.pop()
    }

    /// This path, one key further in.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        let mut path = self.clone();
        path.push_key(key);
        path
    }

    /// This path, one element further in.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        let mut path = self.clone();
        path.push_index(index);
        path
    }

    /// This path with `steps` behind it.
    #[must_use]
    pub fn join(&self, steps: &[Segment]) -> Self {
        let mut path = self.clone();
        path.0.extend_from_slice(steps);
        path
    }

    /// The step at a position, if it is a key.
    pub fn key_at(&self, position: usize) -> Option<&str> {
        match self.0.get(position)? {
            Segment::Key(key) => Some(key),
            Segment::Index(_) => None,
        }
    }

    /// The key that the path ends with.
    pub fn last_key(&self) -> Option<&str> {
        self.key_at(self.0.len().checked_sub(1)?)
    }

    /// Whether the path begins with these keys.
    pub fn starts_with(&self, keys: &[&str]) -> bool {
        keys.iter()
            .enumerate()
            .all(|(position, key)| self.key_at(position) == Some(*key))
    }

    /// Whether any step is this key.
    pub fn passes(&self, key: &str) -> bool {
        self.0
            .iter()
            .any(|segment| matches!(segment, Segment::Key(name) if name == key))
    }

    /// What is left of this path below `prefix`; `None` if it is not below it.
    pub fn strip_prefix(&self, prefix: &Self) -> Option<&[Segment]> {
        self.0.strip_prefix(prefix.0.as_slice())
    }

    /// The value at this place.
    pub fn get<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(value, |value, segment| segment.get(value))
    }

    /// The value at this place, to change.
    pub fn get_mut<'v>(&self, value: &'v mut Value) -> Option<&'v mut Value> {
        self.0.iter().try_fold(value, |value, segment| match segment {
            Segment::Key(key) => value.as_object_mut()?.get_mut(key),
            Segment::Index(index) => value.as_array_mut()?.get_mut(*index),
        })
    }

    /// Takes the key at this place out of its object. Elements of arrays stay: their neighbours' places would
    /// shift.
    pub fn remove(&self, value: &mut Value) -> Option<Value> {
        let (last, parents) = self.0.split_last()?;
        let Segment::Key(key) = last else { return None };
        Self(parents.to_vec())
            .get_mut(value)?
            .as_object_mut()?
            .remove(key)
    }
}

impl Segment {
    /// The value one step into `value`.
    pub fn get<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        match self {
            Self::Key(key) => value.as_object()?.get(key),
            Self::Index(index) => value.as_array()?.get(*index),
        }
    }
}

impl FromIterator<Segment> for Path {
    fn from_iter<I: IntoIterator<Item = Segment>>(segments: I) -> Self {
        Self(segments.into_iter().collect())
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) => {
                    if nth > 0 {
                        f.write_str(".")?;
                    }
                    if is_plain(key) {
                        f.write_str(key)?;
                    } else {
                        write!(f, "{}", Value::String(key.clone()))?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Whether a key needs no quotes: it is not empty, starts like a name and holds nothing with a meaning of its
/// own.
fn is_plain(key: &str) -> bool {
    key.starts_with(|c: char| c.is_alphanumeric() || "_$*@".contains(c))
        && key.chars().all(|c| c.is_alphanumeric() || "_$*@/:-+".contains(c))
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        Reader { text, at: 0 }.read()
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, what: char) -> bool {
        let found = self.rest().starts_with(what);
        if found {
            self.at += what.len_utf8();
        }
        found
    }

    fn fail(&self, why: &'static str) -> PathError {
        PathError {
            text: self.text.to_owned(),
            why,
            at: self.at + 1,
        }
    }

    fn read(mut self) -> Result<Path, PathError> {
        let mut path = Path::root();
        while !self.rest().is_empty() {
            if self.take('[') {
                self.read_bracket(&mut path)?;
            } else {
                if !path.is_root() && !self.take('.') {
                    return Err(self.fail("expected \".\" or \"[\""));
                }
                let key = if self.rest().starts_with('"') {
                    self.read_quoted()?
                } else {
                    self.read_bare()?
                };
                path.push_key(&key);
            }
        }
        Ok(path)
    }

    fn read_bracket(&mut self, path: &mut Path) -> Result<(), PathError> {
        if self.rest().starts_with('"') {
            path.push_key(&self.read_quoted()?);
        } else {
            let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
            let index = self.rest().get(..digits).and_then(|digits| digits.parse().ok());
            path.push_index(index.ok_or_else(|| self.fail("expected an index or a quoted key"))?);
            self.at += digits;
        }
        if self.take(']') {
            Ok(())
        } else {
            Err(self.fail("expected \"]\""))
        }
    }

    /// Reads a JSON string.
    fn read_quoted(&mut self) -> Result<String, PathError> {
        let mut strings = serde_json::Deserializer::from_str(self.rest()).into_iter::<String>();
        match strings.next() {
            Some(Ok(key)) => {
                self.at += strings.byte_offset();
                Ok(key)
            }
            _ => Err(self.fail("expected a closed string in quotes")),
        }
    }

    /// Reads up to the next `.` or `[`; a backslash takes the next character as it is.
    fn read_bare(&mut self) -> Result<String, PathError> {
        let mut key = String::new();
        let mut chars = self.rest().char_indices();
        let mut length = self.rest().len();
        while let Some((offset, c)) = chars.next() {
            match c {
                '.' | '[' => {
                    length = offset;
                    break;
                }
                '\\' => match chars.next() {
                    Some((_, escaped)) => key.push(escaped),
                    None => return Err(self.fail("nothing follows the \"\\\"")),
                },
                c => key.push(c),
            }
        }
        if length == 0 {
            return Err(self.fail("expected a key"));
        }
        self.at += length;
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Path {
        text.parse().unwrap()
    }

    #[test]
    fn the_spellings_of_the_command_line_are_read() {
        let path = parse("agents.list[0].model");
        assert_eq!(
            path.segments(),
            [
                Segment::Key("agents".into()),
                Segment::Key("list".into()),
                Segment::Index(0),
                Segment::Key("model".into())
            ]
        );
        let group = Path::of(["channels", "telegram", "groups", "-100"]);
        for text in [
            "channels.telegram.groups.\"-100\"",
            "channels.telegram.groups.-100",
        ] {
            assert_eq!(parse(text), group, "{text}");
        }
        assert_eq!(parse(r"models.a\.b"), Path::of(["models", "a.b"]));
        assert_eq!(parse("models[\"a.b\"].c"), Path::of(["models", "a.b", "c"]));
        assert_eq!(parse(""), Path::root());
    }

    #[test]
    fn a_key_that_could_be_misread_is_shown_in_quotes() {
        assert_eq!(
            Path::of(["groups", "-100", "*", "a.b", ""]).to_string(),
            r#"groups."-100".*."a.b"."""#
        );
        assert_eq!(
            Path::of(["a"]).index(3).key("line\nbreak").to_string(),
            r#"a[3]."line\nbreak""#
        );
    }

    #[test]
    fn what_is_no_path_is_refused_with_its_place() {
        for text in [
            "a..b",
            ".a",
            "a[",
            "a[x]",
            "a[0",
            "a.\"b",
            "a[0]b",
            "a\\",
            "a.",
            "a[99999999999999999999999]",
        ] {
            let error = text.parse::<Path>().unwrap_err().to_string();
            assert!(
                error.contains("is no config path") && error.contains("at character"),
                "{text}: {error}"
            );
        }
    }
}
