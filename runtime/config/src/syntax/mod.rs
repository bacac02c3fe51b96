//! JSON5 text: from bytes to a value, and from a place in the value back to its line.
//!
//! No bytes can exhaust the stack or the memory: size and nesting are checked before the parser sees them. What
//! JSON cannot hold, infinity and not-a-number, is an error.

mod lexer;
mod outline;
mod value;

pub use lexer::Span;
pub use outline::{Content, Outline, line_column};
pub use value::Parsed;

use lexer::{Kind, Lexer};

/// The largest file that is read, in bytes.
pub const MAX_FILE_BYTES: usize = 2 * 1024 * 1024;
/// How deep objects and arrays may be nested, includes counted in.
pub const MAX_NESTING: usize = 128;

/// Why a text is no config.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// What is wrong.
    pub message: String,
    /// Line and column, both from 1, where known.
    pub position: Option<(usize, usize)>,
}

impl SyntaxError {
    fn new(message: impl Into<String>, position: Option<(usize, usize)>) -> Self {
        Self {
            message: message.into(),
            position,
        }
    }
}

/// Takes the bytes of a file as text.
pub fn decode(bytes: Vec<u8>) -> Result<String, SyntaxError> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(SyntaxError::new(
            format!("the file is larger than {MAX_FILE_BYTES} bytes"),
            None,
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let head = error.as_bytes().get(..valid).unwrap_or_default();
        let head = String::from_utf8_lossy(head);
        SyntaxError::new("the file is not UTF-8 text", Some(line_column(&head, valid)))
    })
}

/// Parses a JSON5 text.
pub fn parse(text: &str) -> Result<Parsed, SyntaxError> {
    if text.len() > MAX_FILE_BYTES {
        return Err(SyntaxError::new(
            format!("the text is larger than {MAX_FILE_BYTES} bytes"),
            None,
        ));
    }
    check_nesting(text)?;
    value::read(text)
}

fn check_nesting(text: &str) -> Result<(), SyntaxError> {
    let mut depth = 0_usize;
    let mut empty = true;
    for (kind, span) in Lexer::new(text) {
        empty = false;
        match kind {
            Kind::OpenObject | Kind::OpenArray => depth += 1,
            Kind::CloseObject | Kind::CloseArray => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_NESTING {
            let message = format!("nested deeper than {MAX_NESTING} levels");
            return Err(SyntaxError::new(message, Some(line_column(text, span.start))));
        }
    }
    // Only blanks and comments: the parser would speak of an end of file, which tells a person little.
    if empty && text.chars().all(json5::char::is_json5_whitespace) {
        return Err(SyntaxError::new(
            "the file is empty; the smallest config is {}",
            None,
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        parse(text).unwrap_err().message
    }

    #[test]
    fn json5_is_read() {
        let parsed = parse("{ a: 0x10, 'b': [1, 2,], c: \"x\\\ny\", d: .5, /* e */ e: +1, }").unwrap();
        assert_eq!(
            parsed.value,
            serde_json::json!({"a": 16, "b": [1, 2], "c": "xy", "d": 0.5, "e": 1})
        );
    }

    #[test]
    fn a_whole_number_with_a_fraction_of_zero_is_an_integer() {
        assert!(
            parse("[1.0, 1e3, -0.0]")
                .unwrap()
                .value
                .as_array()
                .unwrap()
                .iter()
                .all(serde_json::Value::is_i64)
        );
    }

    #[test]
    fn numbers_that_json_cannot_hold_are_refused_with_their_place() {
        for number in ["Infinity", "-Infinity", "NaN", "1e999"] {
            let error = parse(&format!("{{\n a: {number} }}")).unwrap_err();
            assert!(
                error.message.contains("not a finite number"),
                "{number}: {}",
                error.message
            );
            assert_eq!(error.position.map(|(line, _)| line), Some(2), "{number}");
        }
    }

    #[test]
    fn nesting_is_bounded_however_it_is_spelled() {
        for (open, close) in [("[", "]"), ("{a:", "}"), ("[/*{*/", "]")] {
            let nest = |depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
            assert!(parse(&nest(MAX_NESTING)).is_ok(), "{open}");
            assert!(
                message(&nest(MAX_NESTING + 1)).contains("nested deeper"),
                "{open}"
            );
        }
        assert!(message(&"[".repeat(2_000_000)).contains("nested deeper"));
        assert!(message(&"{\"\\\"\":[".repeat(200_000)).contains("nested deeper"));
    }

    #[test]
    fn a_repeated_key_is_reported_with_both_lines_and_the_last_wins() {
        let parsed = parse("{ a: 1,\n b: { c: 1,\n c: 2 },\n a: 3 }").unwrap();
        assert_eq!(parsed.value, serde_json::json!({"a": 3, "b": {"c": 2}}));
        let found: Vec<_> = parsed
            .repeated
            .iter()
            .map(|r| (r.path.to_string(), r.first.0, r.last.0))
            .collect();
        assert_eq!(found, [("a".to_owned(), 1, 4), ("b.c".to_owned(), 2, 3)]);
    }

    #[test]
    fn a_syntax_error_has_its_line() {
        assert_eq!(
            parse("{\n a: 1\n b: 2 }")
                .unwrap_err()
                .position
                .map(|(line, _)| line),
            Some(3)
        );
        assert!(message("").contains("empty") && message(" \n").contains("empty"));
        assert!(
            decode(b"{ a: \xff }".to_vec())
                .unwrap_err()
                .message
                .contains("UTF-8")
        );
    }

    #[test]
    fn a_file_of_exactly_the_limit_is_read() {
        let fill = |length: usize| format!("{{}}{}", " ".repeat(length - 2)).into_bytes();
        assert!(decode(fill(MAX_FILE_BYTES)).is_ok());
        assert!(decode(fill(MAX_FILE_BYTES + 1)).is_err());
    }
}
