//! What an exec provider printed, read as a pure function of its bytes.
//!
//! Promise: whatever the bytes, the result is an answer for each id that was asked or one failure of the whole reply;
//! nothing of the bytes is in a failure except the two codes that may be shown.

use std::collections::BTreeMap;

use crate::error::{ExecFailure, ShownCode};
use crate::json::Node;
use crate::value::SecretValue;

/// What a reply says about one id.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Its value.
    Value(SecretValue),
    /// The provider reported a failure.
    Failed(Option<ShownCode>),
    /// The reply does not mention it.
    Missing,
    /// It has a value that is no text, or an empty one.
    Empty,
}

/// Reads a reply of protocol version 1. With `json_only` off and a single id, text that is no JSON is the value.
pub fn parse_reply(
    stdout: &[u8],
    ids: &[String],
    json_only: bool,
) -> Result<BTreeMap<String, Answer>, ExecFailure> {
    let output = stdout.trim_ascii();
    if output.is_empty() {
        return Err(ExecFailure::EmptyOutput);
    }
    let only = match ids {
        [id] if !json_only => Some(id),
        _ => None,
    };
    let reply = match (Node::parse(output), only) {
        (Some(Node::Map(reply)), _) => reply,
        (Some(Node::Text(text)), Some(id)) if !text.expose().is_empty() => {
            return Ok(BTreeMap::from([(id.clone(), Answer::Value(text))]));
        }
        // A PIN, and text that only starts like JSON, are values all the same.
        (None | Some(Node::Number(_) | Node::Other), Some(id)) => return bare(output, id),
        (None, None) => return Err(ExecFailure::InvalidJson),
        (Some(_), _) => return Err(ExecFailure::NotAnObject),
    };
    if !matches!(reply.get("protocolVersion"), Some(Node::Number(version)) if *version == 1.0) {
        return Err(ExecFailure::WrongProtocol);
    }
    let Some(Node::Map(values)) = reply.get("values") else {
        return Err(ExecFailure::NoValues);
    };
    let errors = match reply.get("errors") {
        Some(Node::Map(errors)) => Some(errors),
        _ => None,
    };
    let answer = |id: &String| match (errors.and_then(|errors| errors.get(id)), values.get(id)) {
        (Some(error), _) => Answer::Failed(shown_code(error)),
        (None, Some(Node::Text(text))) if !text.expose().is_empty() => Answer::Value(text.clone()),
        (None, Some(_)) => Answer::Empty,
        (None, None) => Answer::Missing,
    };
    Ok(ids.iter().map(|id| (id.clone(), answer(id))).collect())
}

fn bare(output: &[u8], id: &str) -> Result<BTreeMap<String, Answer>, ExecFailure> {
    let text = std::str::from_utf8(output)
        .map_err(|_| ExecFailure::InvalidJson)?
        .trim();
    if text.is_empty() {
        return Err(ExecFailure::EmptyOutput);
    }
    Ok(BTreeMap::from([(
        id.to_owned(),
        Answer::Value(SecretValue::new(text)),
    )]))
}

fn shown_code(error: &Node) -> Option<ShownCode> {
    match error.pointer("/code") {
        Some(Node::Text(code)) => ShownCode::parse(code.expose()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ids(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn one(stdout: &str, json_only: bool) -> Result<String, String> {
        let mut answers =
            parse_reply(stdout.as_bytes(), &ids(&["a"]), json_only).map_err(|e| e.to_string())?;
        match answers.remove("a") {
            Some(Answer::Value(value)) => Ok(value.expose().to_owned()),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn each_broken_reply_has_its_own_words() {
        for (stdout, words) in [
            (" \n", " returned empty stdout."),
            ("{", " returned invalid JSON."),
            ("[]", " response must be an object."),
            ("{}", " protocolVersion must be 1."),
            (
                r#"{"protocolVersion":2,"values":{"a":"x"}}"#,
                " protocolVersion must be 1.",
            ),
            (
                r#"{"protocolVersion":"1","values":{"a":"x"}}"#,
                " protocolVersion must be 1.",
            ),
            (r#"{"protocolVersion":1}"#, " response missing \"values\"."),
            (
                r#"{"protocolVersion":1,"values":[]}"#,
                " response missing \"values\".",
            ),
        ] {
            assert_eq!(one(stdout, true), Err(words.to_owned()), "{stdout}");
        }
    }

    #[test]
    fn only_two_codes_are_shown_and_messages_never() {
        let reply = br#"{"protocolVersion":1,"values":{"d":7,"e":""},"errors":{
            "a":{"code":"NOT_FOUND","message":"leak"},"b":{"code":"leak"},"c":{"code":"AMBIGUOUS_DUPLICATE_KEY"}}}"#;
        let answers = parse_reply(reply, &ids(&["a", "b", "c", "d", "e", "f"]), true).unwrap();
        let shown = format!("{answers:?}");
        assert!(!shown.contains("leak"));
        assert!(matches!(answers["a"], Answer::Failed(Some(ShownCode::NotFound))));
        assert!(matches!(answers["b"], Answer::Failed(None)));
        assert!(matches!(
            answers["c"],
            Answer::Failed(Some(ShownCode::AmbiguousDuplicateKey))
        ));
        assert!(matches!(answers["d"], Answer::Empty) && matches!(answers["e"], Answer::Empty));
        assert!(matches!(answers["f"], Answer::Missing));
    }

    #[test]
    fn bare_text_is_a_value_only_when_allowed_and_alone() {
        assert_eq!(one("hunter2 \n", false), Ok("hunter2".to_owned()));
        assert_eq!(one("123456\n", false), Ok("123456".to_owned()));
        assert_eq!(one("\"quoted\"", false), Ok("quoted".to_owned()));
        assert_eq!(
            one(r#"{"protocolVersion":1,"values":{"a":"x"}}"#, false),
            Ok("x".to_owned())
        );
        assert_eq!(one("hunter2", true), Err(" returned invalid JSON.".to_owned()));
        assert!(parse_reply(b"hunter2", &ids(&["a", "b"]), false).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_upset_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..300), json_only: bool) {
            let _ = parse_reply(&bytes, &ids(&["a"]), json_only);
            let _ = parse_reply(&bytes, &ids(&["a", "b"]), json_only);
        }

        #[test]
        fn any_text_comes_through_whole(text in ".{1,60}") {
            let reply = serde_json::json!({"protocolVersion": 1, "values": {"a": text}}).to_string();
            prop_assert_eq!(one(&reply, true), Ok(text));
        }
    }
}
