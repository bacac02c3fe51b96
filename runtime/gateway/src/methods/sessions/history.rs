//! What was said, as clients read it: the entries of a transcript as messages, the newest that fit.
//!
//! **Bound.** [`MOST`] messages and [`BYTES`] of one answer; a text that is longer than [`CHARS`] is cut, and says so.

use openclaw_state::Entry;
use serde_json::{Map, Value, json};

/// As many messages as are told when nobody says how many.
pub(crate) const USUAL: usize = 200;
/// The most messages of an answer.
pub(crate) const MOST: usize = 1_000;
/// The most bytes of an answer.
pub(crate) const BYTES: usize = 6_291_456;
/// The most characters of one text.
pub(crate) const CHARS: usize = 500_000;

/// What stands in the place of a message that is too long to be sent.
const TOO_LONG: &str = "[This message is too long to be shown here.]";

/// The message of an entry; none for what is no message.
pub(crate) fn message(entry: &Entry, chars: usize) -> Option<Value> {
    let body: Map<String, Value> = serde_json::from_str(&entry.body).ok()?;
    let mut message = match entry.kind.as_str() {
        "message" => {
            let mut message = body.get("message")?.as_object()?.clone();
            // What the model read in the place of the message is not what the person wrote.
            message.remove("prompt");
            message
        }
        "custom_message" => {
            let mut message = body;
            message.insert("role".to_owned(), json!("custom"));
            message.entry("timestamp").or_insert_with(|| json!(entry.at_ms));
            message
        }
        _ => return None,
    };
    let mut known = json!({ "id": entry.id(), "recordTimestampMs": entry.at_ms, "seq": entry.seq });
    if let (Some(run), Some(fields)) = (&entry.run_id, known.as_object_mut()) {
        if message.get("role") == Some(&json!("user")) {
            // By this a client knows its own message again, which it showed before it was kept.
            let key = json!(format!("{run}:user"));
            fields.insert("idempotencyKey".to_owned(), key.clone());
            message.entry("idempotencyKey").or_insert(key);
        } else {
            fields.insert("runId".to_owned(), json!(run));
        }
    }
    if let Some(content) = message.get_mut("content") {
        shorten(content, chars);
    }
    message.insert("__openclaw".to_owned(), known);
    Some(Value::Object(message))
}

/// The newest of the entries as messages, oldest first, and whether some were left out for their size.
pub(crate) fn messages(entries: &[Entry], most: usize, bytes: usize, chars: usize) -> (Vec<Value>, bool) {
    let mut room = bytes.min(BYTES);
    let mut found = Vec::new();
    for entry in entries.iter().rev() {
        let Some(mut message) = message(entry, chars) else {
            continue;
        };
        if found.len() == most {
            return (finish(found), true);
        }
        let mut size = message.to_string().len();
        if size > bytes.min(BYTES) / 2 {
            if let Some(fields) = message.as_object_mut() {
                fields.insert(
                    "content".to_owned(),
                    json!([{ "type": "text", "text": TOO_LONG }]),
                );
                fields.remove("details");
            }
            size = message.to_string().len();
        }
        match room.checked_sub(size) {
            Some(left) => room = left,
            None => return (finish(found), true),
        }
        found.push(message);
    }
    (finish(found), false)
}

fn finish(mut found: Vec<Value>) -> Vec<Value> {
    found.reverse();
    found
}

/// Cuts long texts, wherever they stand.
fn shorten(value: &mut Value, chars: usize) {
    match value {
        Value::String(text) if text.len() > chars => {
            if let Some((at, _)) = text.char_indices().nth(chars) {
                text.truncate(at);
                text.push_str("\n…(truncated)…");
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| shorten(value, chars)),
        Value::Object(fields) => {
            let texts = fields
                .iter_mut()
                .filter(|(name, _)| *name == "text" || *name == "thinking");
            texts.for_each(|(_, value)| shorten(value, chars));
        }
        _ => {}
    }
}

/// The beginning of what a message says, in one line.
pub(crate) fn preview(message: &Value) -> Option<String> {
    const CHARS: usize = 200;
    let content = message.get("content")?;
    let text = match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts: Vec<_> = parts
                .iter()
                .filter_map(|part| part.get("text")?.as_str())
                .collect();
            texts.join(" ")
        }
        _ => return None,
    };
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((at, _)) = line.char_indices().nth(CHARS) {
        line.truncate(at);
        line.push_str("...");
    }
    (!line.is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(seq: i64, kind: &str, body: Value) -> Entry {
        Entry {
            seq,
            parent: None,
            at_ms: 5,
            kind: kind.to_owned(),
            run_id: Some("r".to_owned()),
            body: body.to_string(),
        }
    }

    fn said(seq: i64, role: &str, text: &str) -> Entry {
        entry(
            seq,
            "message",
            json!({ "message": { "role": role, "content": text, "prompt": "x", "timestamp": 1 } }),
        )
    }

    #[test]
    fn a_client_knows_its_own_message_again() {
        let user = message(&said(1, "user", "hi"), CHARS).unwrap();
        assert_eq!(user["idempotencyKey"], "r:user");
        assert_eq!(user["__openclaw"]["idempotencyKey"], "r:user");
        assert!(user.get("prompt").is_none());
        let answer = message(&said(2, "assistant", "hi"), CHARS).unwrap();
        assert_eq!(
            (&answer["__openclaw"]["runId"], &answer["__openclaw"]["seq"]),
            (&json!("r"), &json!(2))
        );
    }

    #[test]
    fn what_is_no_message_is_not_told() {
        assert_eq!(message(&entry(1, "reset", json!({})), CHARS), None);
        let note = entry(
            1,
            "custom_message",
            json!({ "customType": "x", "content": "note", "display": true }),
        );
        assert_eq!(message(&note, CHARS).unwrap()["role"], "custom");
    }

    #[test]
    fn the_newest_that_fit_are_told_oldest_first() {
        let entries: Vec<_> = (1..=5).map(|seq| said(seq, "user", &format!("m{seq}"))).collect();
        let texts = |most, bytes| {
            let (found, is_cut) = messages(&entries, most, bytes, CHARS);
            let texts: Vec<_> = found
                .iter()
                .map(|message| message["content"].as_str().unwrap().to_owned())
                .collect();
            (texts, is_cut)
        };
        assert_eq!(texts(2, BYTES), (vec!["m4".to_owned(), "m5".to_owned()], true));
        assert!(!texts(5, BYTES).1);
        let (few, is_cut) = texts(5, 450);
        assert!(is_cut && few.last().unwrap() == "m5" && few.len() < 5);
    }

    #[test]
    fn a_text_that_is_too_long_is_cut_and_says_so() {
        let long = said(1, "assistant", &"é".repeat(50));
        let text = message(&long, 10).unwrap()["content"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(text.starts_with(&"é".repeat(10)) && text.contains("truncated"));
        let huge = said(1, "assistant", &"x".repeat(4_000_000));
        let (found, _) = messages(&[huge], 5, BYTES, usize::MAX);
        assert_eq!(found[0]["content"][0]["text"], TOO_LONG);
    }
}
