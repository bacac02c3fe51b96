//! Taking the answer to a poll apart.
//!
//! **Promise.** One update that cannot be read never hides the others: each is read by itself, and even where the
//! whole answer is no JSON the ids in it are found, so that the account can go on behind them.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// One update.
#[derive(Debug, PartialEq)]
pub(crate) struct Update {
    /// Its id; none if it has none that can be read.
    pub(crate) id: Option<i64>,
    /// What it says, or why that cannot be read.
    pub(crate) content: Result<Value, String>,
}

/// What Telegram answered to a method.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    result: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct Numbered {
    update_id: i64,
}

/// The updates in an answer, in the order of their ids.
///
/// Fails if the answer is no list of updates at all.
pub(crate) fn read(body: &[u8]) -> Result<Vec<Update>, String> {
    let text = String::from_utf8_lossy(body);
    let envelope: Envelope<'_> = serde_json::from_str(&text).map_err(|why| why.to_string())?;
    let updates = envelope.result.ok_or("it has no result")?;
    let mut updates: Vec<Update> = updates.into_iter().map(|raw| update(raw.get())).collect();
    // A server may give them in any order, and a conversation is read in the order in which it was written.
    updates.sort_by_key(|update| update.id);
    Ok(updates)
}

/// One update, as a webhook brings it.
pub(crate) fn update(text: &str) -> Update {
    let content = serde_json::from_str::<Value>(text).map_err(|why| why.to_string());
    let id = match &content {
        Ok(value) => value.get("update_id").and_then(Value::as_i64),
        // What no value can hold, such as half of a surrogate pair, is passed over when only the id is read.
        Err(_) => serde_json::from_str::<Numbered>(text)
            .ok()
            .map(|numbered| numbered.update_id),
    };
    Update { id, content }
}

/// The highest id of an update in a text that is no JSON.
pub(crate) fn find_last_id(body: &[u8]) -> Option<i64> {
    let text = String::from_utf8_lossy(body);
    let ids = text.split("\"update_id\"").skip(1).filter_map(|rest| {
        let rest = rest.trim_start().strip_prefix(':')?.trim_start();
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest.get(..end)?.parse().ok()
    });
    ids.max()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_update_that_cannot_be_read_leaves_the_others_readable() {
        let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
        let body = format!(
            r#"{{"ok":true,"result":[{{"update_id":7,"message":{{"text":"\ud800"}}}},3,{{"update_id":5,"a":1}},
               {{"update_id":6,"deep":{deep}}},{{"message":{{}}}}]}}"#
        );
        let updates = read(body.as_bytes()).unwrap();
        let found: Vec<_> = updates.iter().map(|u| (u.id, u.content.is_ok())).collect();
        assert_eq!(
            found,
            [
                (None, true),
                (None, true),
                (Some(5), true),
                (Some(6), false),
                (Some(7), false)
            ]
        );
    }

    #[test]
    fn the_last_id_is_found_even_where_an_answer_is_torn() {
        let torn = br#"{"ok":true,"result":[{"update_id":7,"message":{}},{"update_id" : 12,"mess"#;
        assert!(read(torn).is_err());
        assert_eq!(find_last_id(torn), Some(12));
        assert_eq!(find_last_id(b"<html>502</html>"), None);
        assert_eq!(
            find_last_id(br#""update_id":"update_id":99999999999999999999"#),
            None
        );
    }

    proptest! {
        #[test]
        fn no_answer_ends_in_a_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&body);
            let _ = find_last_id(&body);
            let mut wrapped = br#"{"ok":true,"result":["#.to_vec();
            wrapped.extend(&body);
            wrapped.extend(b"]}");
            let _ = read(&wrapped);
        }
    }
}
