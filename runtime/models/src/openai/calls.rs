//! Calls of tools, put together from the pieces in which they arrive.
//!
//! **Promise.** Only calls that are complete are handed out: named, with an id of their own and with arguments that
//! are JSON. **Bound.** [`MAX_CALLS`] calls in one answer. **Cost.** Each piece is appended once.

use std::collections::HashSet;

use serde_json::Value;

use super::chunk::CallDelta;
use super::failure::Fault;
use crate::stream::Piece;

/// The most calls in one answer.
const MAX_CALLS: usize = 256;

/// Calls that are being put together.
#[derive(Default)]
pub(super) struct Calls(Vec<Begun>);

#[derive(Default)]
struct Begun {
    index: Option<u64>,
    id: String,
    name: String,
    arguments: String,
}

impl Calls {
    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a piece.
    pub(super) fn add(&mut self, delta: CallDelta) -> Result<(), Fault> {
        let id = delta.id.unwrap_or_default();
        let at = self.place(delta.index, &id);
        if at.is_none() && self.0.len() >= MAX_CALLS {
            return Err(Fault::broken(format!(
                "it calls more than {MAX_CALLS} tools at once"
            )));
        }
        let at = at.unwrap_or(self.0.len());
        if at == self.0.len() {
            self.0.push(Begun::default());
        }
        let Some(call) = self.0.get_mut(at) else {
            return Ok(());
        };
        call.index = call.index.or(delta.index);
        if call.id.is_empty() {
            call.id = id;
        }
        let Some(function) = delta.function else {
            return Ok(());
        };
        if let Some(name) = function.name
            && call.name != name
        {
            call.name.push_str(&name);
        }
        if let Some(arguments) = function.arguments {
            call.arguments.push_str(&arguments);
        }
        Ok(())
    }

    /// Which call a piece belongs to. Some servers number none, and some give all of them one number.
    fn place(&self, index: Option<u64>, id: &str) -> Option<usize> {
        let is_it = |call: &Begun| {
            let same_index = index.is_none() || call.index.is_none() || call.index == index;
            let same_id = id.is_empty() || call.id.is_empty() || call.id == id;
            same_index && same_id
        };
        self.0.iter().rposition(is_it)
    }

    /// All of them, complete.
    pub(super) fn finish(self) -> Result<Vec<Piece>, Fault> {
        let mut ids = HashSet::new();
        let complete = |call: Begun| {
            if call.name.is_empty() {
                return Err(Fault::broken("it calls a tool without naming it".to_owned()));
            }
            let id = match !call.id.is_empty() && ids.insert(call.id.clone()) {
                true => call.id,
                false => format!("call_{:016x}", fastrand::u64(..)),
            };
            Ok(Piece::ToolCall {
                id,
                name: call.name,
                arguments: json(call.arguments),
            })
        };
        self.0.into_iter().map(complete).collect()
    }
}

/// Arguments that are JSON: what is none becomes a JSON string, so that the tool can say what is wrong with it.
fn json(arguments: String) -> String {
    if arguments.trim().is_empty() {
        return "{}".to_owned();
    }
    match serde_json::from_str::<serde::de::IgnoredAny>(&arguments) {
        Ok(_) => arguments,
        Err(_) => Value::String(arguments).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put_together(deltas: &[&str]) -> Vec<(String, String, String)> {
        let mut calls = Calls::default();
        for delta in deltas {
            calls.add(serde_json::from_str(delta).unwrap()).unwrap();
        }
        let pieces = calls.finish().unwrap().into_iter();
        let call = |piece| match piece {
            Piece::ToolCall { id, name, arguments } => (id, name, arguments),
            other => panic!("{other:?}"),
        };
        pieces.map(call).collect()
    }

    fn call(id: &str, name: &str, arguments: &str) -> (String, String, String) {
        (id.to_owned(), name.to_owned(), arguments.to_owned())
    }

    #[test]
    fn calls_that_arrive_in_turns_are_told_apart_by_their_numbers() {
        let found = put_together(&[
            r#"{"index":0,"id":"a","function":{"name":"one","arguments":""}}"#,
            r#"{"index":1,"id":"b","function":{"name":"two","arguments":"{\"y\""}}"#,
            r#"{"index":0,"function":{"arguments":"{\"x\":"}}"#,
            r#"{"index":1,"function":{"arguments":":2}"}}"#,
            r#"{"index":0,"function":{"arguments":"1}"}}"#,
        ]);
        assert_eq!(
            found,
            [call("a", "one", r#"{"x":1}"#), call("b", "two", r#"{"y":2}"#)]
        );
    }

    #[test]
    fn calls_that_share_a_number_or_have_none_are_told_apart_by_their_ids() {
        for index in [r#""index":0,"#, ""] {
            let one = format!(r#"{{{index}"id":"a","function":{{"name":"one","arguments":"{{}}"}}}}"#);
            let two = format!(r#"{{{index}"id":"b","function":{{"name":"one","arguments":"{{}}"}}}}"#);
            let found = put_together(&[&one, &two]);
            assert_eq!(found, [call("a", "one", "{}"), call("b", "one", "{}")], "{index}");
        }
    }

    #[test]
    fn a_call_without_an_id_of_its_own_gets_one() {
        let found = put_together(&[
            r#"{"index":0,"id":"a","function":{"name":"one"}}"#,
            r#"{"index":1,"id":"a","function":{"name":"two"}}"#,
            r#"{"index":2,"function":{"name":"three"}}"#,
        ]);
        let ids: HashSet<&str> = found.iter().map(|(id, ..)| id.as_str()).collect();
        assert_eq!((ids.len(), ids.contains("")), (3, false));
    }

    #[test]
    fn arguments_are_always_json() {
        let found = put_together(&[
            r#"{"index":0,"id":"a","function":{"name":"one"}}"#,
            r#"{"index":1,"id":"b","function":{"name":"two","arguments":"{\"x\": \"un"}}"#,
        ]);
        assert_eq!(
            found,
            [call("a", "one", "{}"), call("b", "two", r#""{\"x\": \"un""#)]
        );
    }

    #[test]
    fn a_call_that_names_no_tool_is_none() {
        let mut calls = Calls::default();
        calls
            .add(serde_json::from_str(r#"{"index":0,"id":"a"}"#).unwrap())
            .unwrap();
        assert!(calls.finish().is_err());
    }

    #[test]
    fn calls_without_end_are_refused() {
        let mut calls = Calls::default();
        let delta = |n: usize| serde_json::from_str(&format!(r#"{{"index":{n},"id":"{n}"}}"#)).unwrap();
        let all: Result<Vec<()>, Fault> = (0..=MAX_CALLS).map(|n| calls.add(delta(n))).collect();
        assert!(all.is_err());
    }
}
