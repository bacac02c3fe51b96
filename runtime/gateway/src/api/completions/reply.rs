//! What `/v1/chat/completions` answers: whole, or in pieces as server-sent events.
//!
//! The fields and their order are those that OpenClaw sends. A stream begins with the role, goes on with text and
//! calls, and always ends with `[DONE]`, also after a failure. Cost of a piece: one small allocation.

use serde::Serialize;

use crate::api::refusal::text as json;

/// What is answered when a turn ended without a word.
pub(crate) const NOTHING_SAID: &str = "No response from OpenClaw.";

/// The end of every stream.
pub(crate) const DONE: &str = "data: [DONE]\n\n";

/// How much of a call's arguments one piece of a stream holds.
const SLICE: usize = 256;

/// What an answer cost, in tokens.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub(crate) struct Tokens {
    #[serde(rename = "prompt_tokens")]
    pub(crate) prompt: u64,
    #[serde(rename = "completion_tokens")]
    pub(crate) completion: u64,
    #[serde(rename = "total_tokens")]
    pub(crate) total: u64,
}

/// A tool of the client that the model asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Asked {
    pub(crate) id: String,
    pub(crate) name: String,
    /// JSON text.
    pub(crate) arguments: String,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Finish {
    /// It was complete.
    Stop,
    /// It reached the most tokens.
    Length,
    /// The client is to run tools.
    ToolCalls,
}

impl Finish {
    fn word(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
        }
    }
}

/// The name of one answer, the same in all its pieces.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    id: String,
    created: i64,
    model: String,
}

#[derive(Serialize)]
struct Chunk<'a> {
    id: &'a str,
    object: &'static str,
    created: i64,
    model: &'a str,
    choices: [Choice<'a>; 1],
}

#[derive(Serialize)]
struct Choice<'a> {
    index: u8,
    delta: Delta<'a>,
    finish_reason: Option<&'static str>,
}

#[derive(Default, Serialize)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<[Call<'a>; 1]>,
}

#[derive(Serialize)]
struct Call<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    function: Function<'a>,
}

impl<'a> Call<'a> {
    fn of(call: &'a Asked, index: Option<usize>, arguments: &'a str) -> Self {
        Self {
            index,
            id: Some(&call.id),
            kind: Some("function"),
            function: Function {
                name: Some(&call.name),
                arguments,
            },
        }
    }

    fn more(index: usize, arguments: &'a str) -> Self {
        Self {
            index: Some(index),
            id: None,
            kind: None,
            function: Function {
                name: None,
                arguments,
            },
        }
    }
}

#[derive(Serialize)]
struct Function<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    arguments: &'a str,
}

#[derive(Serialize)]
struct Whole<'a> {
    id: &'a str,
    object: &'static str,
    created: i64,
    model: &'a str,
    choices: [WholeChoice<'a>; 1],
    usage: Tokens,
}

#[derive(Serialize)]
struct WholeChoice<'a> {
    index: u8,
    message: Message<'a>,
    finish_reason: &'static str,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Call<'a>>,
}

#[derive(Serialize)]
struct Cost<'a> {
    id: &'a str,
    object: &'static str,
    created: i64,
    model: &'a str,
    choices: [u8; 0],
    usage: Tokens,
}

impl Reply {
    /// A new answer to a request for `model`, at a time in seconds.
    pub(crate) fn new(model: String, created: i64) -> Self {
        Self {
            id: format!("chatcmpl_{}", uuid::Uuid::now_v7()),
            created,
            model,
        }
    }

    /// The name of the run that makes it.
    pub(crate) fn run_id(&self) -> String {
        self.id.clone()
    }

    /// The whole answer.
    pub(crate) fn whole(&self, text: &str, calls: &[Asked], finish: Finish, tokens: Tokens) -> String {
        let calls: Vec<_> = calls
            .iter()
            .map(|call| Call::of(call, None, &call.arguments))
            .collect();
        json(&Whole {
            id: &self.id,
            object: "chat.completion",
            created: self.created,
            model: &self.model,
            choices: [WholeChoice {
                index: 0,
                message: Message {
                    role: "assistant",
                    content: (!text.is_empty() || calls.is_empty()).then_some(text),
                    tool_calls: calls,
                },
                finish_reason: finish.word(),
            }],
            usage: tokens,
        })
    }

    /// The first piece of a stream.
    pub(crate) fn first(&self) -> String {
        self.chunk(
            Delta {
                role: Some("assistant"),
                ..Delta::default()
            },
            None,
        )
    }

    /// A piece of text.
    pub(crate) fn text(&self, text: &str) -> String {
        self.chunk(
            Delta {
                content: Some(text),
                ..Delta::default()
            },
            None,
        )
    }

    /// The calls, each in as many pieces as its arguments need.
    pub(crate) fn calls(&self, calls: &[Asked]) -> String {
        let mut out = String::new();
        for (index, call) in calls.iter().enumerate() {
            let mut rest = call.arguments.as_str();
            let mut is_first = true;
            while is_first || !rest.is_empty() {
                let (slice, after) = rest.split_at(rest.floor_char_boundary(SLICE));
                let piece = match is_first {
                    true => Call::of(call, Some(index), slice),
                    false => Call::more(index, slice),
                };
                let delta = Delta {
                    tool_calls: Some([piece]),
                    ..Delta::default()
                };
                out += &self.chunk(delta, None);
                (rest, is_first) = (after, false);
            }
        }
        out
    }

    /// The piece that says why the answer ended.
    pub(crate) fn last(&self, finish: Finish) -> String {
        self.chunk(Delta::default(), Some(finish.word()))
    }

    /// The piece that says what the answer cost.
    pub(crate) fn usage(&self, tokens: Tokens) -> String {
        event(&Cost {
            id: &self.id,
            object: "chat.completion.chunk",
            created: self.created,
            model: &self.model,
            choices: [],
            usage: tokens,
        })
    }

    fn chunk(&self, delta: Delta<'_>, finish_reason: Option<&'static str>) -> String {
        event(&Chunk {
            id: &self.id,
            object: "chat.completion.chunk",
            created: self.created,
            model: &self.model,
            choices: [Choice {
                index: 0,
                delta,
                finish_reason,
            }],
        })
    }
}

/// One server-sent event.
pub(crate) fn event(value: &impl Serialize) -> String {
    format!("data: {}\n\n", json(value))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn reply() -> Reply {
        Reply {
            id: "chatcmpl_1".to_owned(),
            created: 7,
            model: "openclaw".to_owned(),
        }
    }

    #[test]
    fn a_stream_has_the_fields_and_their_order() {
        assert_eq!(
            reply().first(),
            "data: {\"id\":\"chatcmpl_1\",\"object\":\"chat.completion.chunk\",\"created\":7,\"model\":\"openclaw\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"},\"finish_reason\":null}]}\n\n"
        );
        assert_eq!(
            reply().last(Finish::Stop),
            "data: {\"id\":\"chatcmpl_1\",\"object\":\"chat.completion.chunk\",\"created\":7,\"model\":\"openclaw\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
        );
    }

    #[test]
    fn the_arguments_of_a_call_come_whole_in_slices() {
        let arguments = format!("{{\"text\":\"{}\"}}", "æ".repeat(400));
        let asked = Asked {
            id: "c1".to_owned(),
            name: "say".to_owned(),
            arguments: arguments.clone(),
        };
        let mut joined = String::new();
        let stream = reply().calls(&[asked]);
        for piece in stream.split("\n\n").filter(|piece| !piece.is_empty()) {
            let piece: Value = serde_json::from_str(piece.strip_prefix("data: ").unwrap()).unwrap();
            let call = &piece["choices"][0]["delta"]["tool_calls"][0];
            assert_eq!(call["id"].is_string(), joined.is_empty());
            let slice = call["function"]["arguments"].as_str().unwrap();
            assert!(slice.len() <= SLICE);
            joined += slice;
        }
        assert_eq!(joined, arguments);
    }

    #[test]
    fn a_call_without_arguments_is_still_told() {
        let asked = Asked {
            id: "c1".to_owned(),
            name: "now".to_owned(),
            arguments: String::new(),
        };
        assert!(reply().calls(&[asked]).contains("\"name\":\"now\""));
    }
}
