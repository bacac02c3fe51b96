//! A body as JSON, and what is said when it is none.
//!
//! Programs show the text to their users, and some look for words in it, so the texts are those that OpenClaw's
//! clients know. An empty body counts as `{}`. Cost: one parse, no copy unless the bytes are no UTF-8.

use serde_json::{Map, Value};

use super::refusal::Refusal;

/// The value in a body.
pub(crate) fn parse(body: &[u8]) -> Result<Value, Refusal> {
    let text = String::from_utf8_lossy(body);
    if text.trim().is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    serde_json::from_str(&text).map_err(|error| Refusal::bad_request(told(&text, &error)))
}

fn told(text: &str, error: &serde_json::Error) -> String {
    if error.is_eof() {
        return "Unexpected end of JSON input".to_owned();
    }
    let why = error.to_string();
    let what = match () {
        () if why.starts_with("key must be a string") => "Expected property name or '}' in JSON",
        () if why.starts_with("trailing comma") => "Expected double-quoted property name in JSON",
        () if why.starts_with("expected `:`") => "Expected ':' after property name in JSON",
        () if why.starts_with("expected `,` or `}`") => "Expected ',' or '}' after property value in JSON",
        () if why.starts_with("expected `,` or `]`") => "Expected ',' or ']' after array element in JSON",
        () if why.starts_with("trailing characters") => "Unexpected non-whitespace character after JSON",
        () if why.starts_with("control character") => "Bad control character in string literal in JSON",
        () => "Unexpected token in JSON",
    };
    let (line, column) = (error.line(), error.column());
    let before: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let position = before + column.saturating_sub(1);
    format!("{what} at position {position} (line {line} column {column})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_body_is_told_with_its_place() {
        let told = |text: &str| parse(text.as_bytes()).unwrap_err().message;
        assert_eq!(
            told("{not json"),
            "Expected property name or '}' in JSON at position 1 (line 1 column 2)"
        );
        assert_eq!(
            told("{\n \"a\" 1}"),
            "Expected ':' after property name in JSON at position 7 (line 2 column 6)"
        );
        assert_eq!(told("{\"a\":"), "Unexpected end of JSON input");
    }

    #[test]
    fn an_empty_body_is_an_empty_object() {
        assert_eq!(parse(b" \n").unwrap(), Value::Object(Map::new()));
    }
}
