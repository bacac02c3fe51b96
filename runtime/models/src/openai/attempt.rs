//! One attempt: a request, and its answer event by event.
//!
//! **Promise.** An answer counts as complete only if the model or its server said that it is. Bytes that make no
//! line do not count as a sign of life. The connection is kept for the next call. **Bound.** [`MAX_LINE`] bytes for
//! one event. **Cost.** Each byte is looked at once for the ends of lines, and once as JSON.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use openclaw_egress::{Body, Limits, Request, Response};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::codec::{Decoder as _, LinesCodec, LinesCodecError};

use super::calls::Calls;
use super::chunk::{Choice, Chunk};
use super::failure::Fault;
use crate::error::Class;
use crate::provider::{Chosen, Provider, merge};
use crate::stream::{Piece, Speaker, StopReason, Usage};

/// The most bytes of one event of an answer.
pub const MAX_LINE: usize = 8 << 20;
/// What ends an answer.
const DONE: &str = "[DONE]";
/// How long is waited for what may follow the end of an answer: what it cost, and its last mark.
const AFTERWARDS: Duration = Duration::from_secs(5);
/// How long is waited for the end of a body behind the last mark, so that its connection can be used again.
const FAREWELL: Duration = Duration::from_millis(50);

/// A call, ready to be sent.
pub(super) struct Asked {
    pub(super) provider: Arc<Provider>,
    pub(super) chosen: Arc<Chosen>,
    pub(super) body: Bytes,
}

impl Asked {
    fn request(&self) -> Request {
        let own = [
            ("accept", "text/event-stream, application/json"),
            ("content-type", "application/json"),
        ];
        let own = own.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
        let configured = merge(&self.provider.headers, &self.chosen.headers);
        Request {
            method: "POST".to_owned(),
            url: self.chosen.endpoint.url().to_owned(),
            headers: merge(&configured, &own),
            body: Body::Bytes(self.body.clone()),
            limits: Limits {
                first_byte: Some(self.provider.patience),
                redirects: Some(0),
                ..Limits::default()
            },
        }
    }
}

/// Asks once.
pub(super) async fn attempt(asked: &Asked, speaker: &mut Speaker) -> Result<(), Fault> {
    let response = asked.provider.client.send(asked.request()).await?;
    if !(200..300).contains(&response.status()) {
        return Err(Fault::of_response(response).await);
    }
    let patience = asked.provider.patience;
    let answer = match kind(&response).as_str() {
        "" | "text/event-stream" => streamed(response, patience, speaker).await?,
        "application/json" => whole(response, patience, speaker).await?,
        other => {
            let other = openclaw_policy::display_safe(other, 80);
            let why = format!(
                "the provider answered with {other}, which is no answer of a model; check its baseUrl"
            );
            return Err(Fault::new(Class::BadRequest, why));
        }
    };
    answer.finish(speaker).await
}

/// The media type of a response.
fn kind(response: &Response) -> String {
    let mut headers = response.headers().iter();
    let kind = headers.find(|(name, _)| name == "content-type");
    let kind = kind
        .map(|(_, value)| String::from_utf8_lossy(value))
        .unwrap_or_default();
    kind.split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

/// An answer that arrives event by event.
async fn streamed(
    mut response: Response,
    patience: Duration,
    speaker: &mut Speaker,
) -> Result<Answer, Fault> {
    let (mut answer, mut events) = (Answer::default(), Events::default());
    let mut since = Instant::now();
    loop {
        let patience = match answer.finish {
            Some(_) => patience.min(AFTERWARDS),
            None => patience,
        };
        let is_over = match timeout_at(since + patience, response.chunk()).await {
            Ok(Ok(Some(piece))) => events.push(&piece),
            Ok(Ok(None)) => events.end(),
            // Whatever becomes of the rest, the answer is there.
            Ok(Err(_)) | Err(_) if answer.finish.is_some() => return Ok(answer),
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => {
                let why = format!("the provider said nothing for {} s", patience.as_secs());
                return Err(Fault::new(Class::Timeout, why));
            }
        };
        let before = events.lines;
        while let Some(event) = events.next()? {
            if event == DONE {
                answer.is_done = true;
                // A connection that does not end in time is not used again.
                let _ = timeout(FAREWELL, response.bytes()).await;
                return Ok(answer);
            }
            answer.take(&event, speaker).await?;
        }
        if is_over {
            return Ok(answer);
        }
        if events.lines > before {
            since = Instant::now();
        }
    }
}

/// An answer of a server that does not stream.
async fn whole(mut response: Response, patience: Duration, speaker: &mut Speaker) -> Result<Answer, Fault> {
    let body = timeout(patience, response.bytes()).await;
    let body =
        body.map_err(|_| Fault::new(Class::Timeout, "the provider did not finish its answer in time"))??;
    let body = std::str::from_utf8(&body).map_err(|_| Fault::broken("the provider's answer is no text"))?;
    let mut answer = Answer::default();
    answer.take(body, speaker).await?;
    answer.is_done = true;
    Ok(answer)
}

/// The events of a stream: what its lines say behind `data:`.
struct Events {
    codec: LinesCodec,
    buffer: BytesMut,
    data: String,
    is_over: bool,
    /// How many lines there were, those that say nothing included.
    lines: u64,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            codec: LinesCodec::new_with_max_length(MAX_LINE),
            buffer: BytesMut::new(),
            data: String::new(),
            is_over: false,
            lines: 0,
        }
    }
}

impl Events {
    /// Adds what arrived, and says that there may be more.
    fn push(&mut self, piece: &[u8]) -> bool {
        self.buffer.extend_from_slice(piece);
        false
    }

    /// Nothing more will arrive; says so.
    fn end(&mut self) -> bool {
        self.is_over = true;
        true
    }

    /// The next event that is complete.
    fn next(&mut self) -> Result<Option<String>, Fault> {
        loop {
            let line = match self.is_over {
                false => self.codec.decode(&mut self.buffer),
                true => self.codec.decode_eof(&mut self.buffer),
            };
            let line = line.map_err(|error| match error {
                LinesCodecError::MaxLineLengthExceeded => Fault::broken(format!(
                    "the provider sent a line of more than {} MiB",
                    MAX_LINE >> 20
                )),
                LinesCodecError::Io(_) => Fault::broken("the provider sent what is no text"),
            })?;
            let Some(line) = line else {
                // The last event may lack the empty line behind it.
                let rest = self.is_over && !self.data.is_empty();
                return Ok(rest.then(|| std::mem::take(&mut self.data)));
            };
            self.lines += 1;
            if line.is_empty() {
                if !self.data.is_empty() {
                    return Ok(Some(std::mem::take(&mut self.data)));
                }
                continue;
            }
            let line = line.strip_prefix('\u{feff}').unwrap_or(&line);
            let Some(data) = line.strip_prefix("data:") else {
                continue;
            };
            if self.data.len().saturating_add(data.len()) > MAX_LINE {
                return Err(Fault::broken(format!(
                    "the provider sent an event of more than {} MiB",
                    MAX_LINE >> 20
                )));
            }
            if !self.data.is_empty() {
                self.data.push('\n');
            }
            self.data.push_str(data.strip_prefix(' ').unwrap_or(data));
        }
    }
}

/// What is known of an answer.
#[derive(Default)]
struct Answer {
    calls: Calls,
    usage: Option<Usage>,
    /// Why the model stopped, once it has.
    finish: Option<String>,
    /// Whether the server said that there is no more.
    is_done: bool,
}

impl Answer {
    /// Takes one event in and hands out what it says.
    async fn take(&mut self, event: &str, speaker: &mut Speaker) -> Result<(), Fault> {
        let chunk: Chunk = serde_json::from_str(event).map_err(|error| {
            let why = openclaw_policy::display_safe(&error.to_string(), 120);
            Fault::broken(format!("the provider sent an event that is none: {why}"))
        })?;
        if let Some(error) = chunk.error.as_ref().filter(|error| !error.is_null()) {
            return Err(Fault::of_event(error));
        }
        self.usage = chunk.usage().or(self.usage);
        for choice in chunk
            .choices
            .into_iter()
            .flatten()
            .filter(|choice| choice.index == 0)
        {
            self.hear(choice, speaker).await?;
        }
        Ok(())
    }

    async fn hear(&mut self, choice: Choice, speaker: &mut Speaker) -> Result<(), Fault> {
        if let Some(mut delta) = choice.delta {
            if let Some(text) = delta.thinking() {
                speaker.say(Piece::Thinking(text)).await;
            }
            let text = delta.content.map(|text| text.into_text());
            for text in [text, delta.refusal].into_iter().flatten() {
                if !text.is_empty() {
                    speaker.say(Piece::Text(text)).await;
                }
            }
            for call in delta.tool_calls.into_iter().flatten() {
                self.calls.add(call)?;
            }
        }
        let finish = choice.finish_reason.filter(|reason| !reason.is_empty());
        self.finish = finish.or(self.finish.take());
        Ok(())
    }

    /// Hands out what was waiting for the end.
    async fn finish(self, speaker: &mut Speaker) -> Result<(), Fault> {
        let reason = match (self.finish.as_deref(), self.is_done) {
            (Some("content_filter"), _) => {
                let why = "the provider withheld the answer, because its filter for content met something";
                return Err(Fault::new(Class::Refusal, why));
            }
            (Some("error"), _) => {
                return Err(Fault::broken("the provider failed in the middle of the answer"));
            }
            (Some("length"), _) => StopReason::MaxTokens,
            (None, false) => {
                let why = "the provider broke the answer off before its end";
                return Err(Fault::new(Class::Connection, why));
            }
            (None, true) if self.calls.is_empty() && !speaker.has_spoken() => {
                return Err(Fault::broken("the provider's answer is empty"));
            }
            (Some(_) | None, _) if self.calls.is_empty() => StopReason::End,
            (Some(_) | None, _) => StopReason::ToolUse,
        };
        // Calls of an answer that was cut short may lack their end, and are not made.
        if reason == StopReason::ToolUse {
            for call in self.calls.finish()? {
                speaker.say(call).await;
            }
        }
        if let Some(usage) = self.usage {
            speaker.say(Piece::Usage(usage)).await;
        }
        speaker.say(Piece::Stop(reason)).await;
        Ok(())
    }
}
