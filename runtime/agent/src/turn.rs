//! A turn from its beginning to how it ends.
//!
//! **Promise.** It ends: answered, stopped or with an error that says what happened. What a tool did that must not
//! be done twice is kept before and after it is called, so that a turn that is taken up again neither repeats it nor
//! hides that its outcome is unknown. **Bound.** [`ROUNDS`] answers of the model, the turn's time, and what the
//! model reads. **Cost.** One read, and writes only around tools that change something.

mod calling;

use std::time::Duration;

use openclaw_models::{Call, Model};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::answer::{Answer, Cut, ToolCall, listen};
use crate::calls::{result, unanswered};
use crate::clock::now_ms;
use crate::command::{self, Command};
use crate::context;
use crate::emitter::Emitter;
use crate::error::Result;
use crate::event::Body;
use crate::ledger::{Begun, Ending, command_outcome, reply};
use crate::message::{Block, MESSAGE, Message};
use crate::outcome::{ClientCall, Fault, Outcome, Status, Tokens};
use crate::scene::{self, Scene};
use crate::shared::Shared;
use crate::tools::ToolOutput;
use crate::tools::loops::Loops;
use crate::words;

/// How often the model is asked in one turn.
pub(crate) const ROUNDS: usize = 100;
/// How often a conversation that is too long is tried again with half of it.
const HALVINGS: usize = 4;

/// How a turn closed.
struct Close {
    status: Status,
    text: Option<String>,
    fault: Option<Fault>,
    stop_reason: String,
    /// What whoever asked is to run.
    calls: Vec<ClientCall>,
}

impl Close {
    fn said(text: Option<String>, stop_reason: &str) -> Self {
        Self {
            status: Status::Ok,
            text,
            fault: None,
            stop_reason: stop_reason.to_owned(),
            calls: Vec::new(),
        }
    }

    fn failed(kind: &str, message: impl Into<String>) -> Self {
        Self {
            status: Status::Error,
            text: None,
            fault: Some(Fault {
                message: message.into(),
                kind: kind.to_owned(),
            }),
            stop_reason: "error".to_owned(),
            calls: Vec::new(),
        }
    }

    fn aborted(text: &str) -> Self {
        Self {
            status: Status::Aborted,
            text: (!text.is_empty()).then(|| text.to_owned()),
            fault: None,
            stop_reason: "aborted".to_owned(),
            calls: Vec::new(),
        }
    }
}

/// Runs a turn.
pub(crate) async fn run(
    shared: &Shared,
    begun: &Begun,
    stop: &CancellationToken,
    emitter: &mut Emitter,
) -> Ending {
    let mut turn = Turn {
        shared,
        begun,
        stop,
        emitter,
        deadline: deadline(shared, begun),
        unsaved: Vec::new(),
        usage: Tokens::default(),
        last_usage: Tokens::default(),
        done: Vec::new(),
        loops: Loops::of(&shared.config.get().config, &begun.agent_id),
        model: None,
    };
    if let Some(order) = begun.command.as_ref().filter(|order| order.is_answered_here()) {
        // Of an order clients are told the answer alone; one that heard of a beginning would wait for the end.
        return turn.answer_command(order).await;
    }
    turn.emitter.tell(Body::Start);
    let close = match turn.converse().await {
        Ok(close) => close,
        Err(error) => Close::failed("unknown", error.to_string()),
    };
    turn.close(close)
}

/// How a turn ends whose code failed it.
pub(crate) fn broken(begun: &Begun) -> Ending {
    let text = "The turn failed by a mistake of the gateway; its log says where.";
    let outcome = Outcome {
        status: Status::Error,
        text: None,
        error: Some(Fault {
            message: text.to_owned(),
            kind: "internal".to_owned(),
        }),
        stop_reason: "error".to_owned(),
        is_command: false,
        started_ms: begun.started_ms,
        ..command_outcome(&begun.session.session_id, now_ms(), "")
    };
    ending(begun, Vec::new(), outcome, Some(&format!("⚠️ {text}")))
}

fn ending(begun: &Begun, messages: Vec<Message>, outcome: Outcome, told: Option<&str>) -> Ending {
    let route = begun.request.route.as_ref();
    Ending {
        run_id: begun.run_id.clone(),
        session_key: begun.session.key.clone(),
        session_id: begun.session.session_id.clone(),
        messages,
        outbound: told.and_then(|told| reply(&begun.run_id, &begun.session.key, route, told)),
        outcome,
    }
}

/// When the turn has had its time.
fn deadline(shared: &Shared, begun: &Begun) -> Option<Instant> {
    let configured = shared.config.get().config.agents.defaults.timeout_seconds;
    let asked = begun.request.timeout_ms.map(Duration::from_millis);
    let time = asked.unwrap_or(Duration::from_secs(configured));
    // A time beyond what an instant can hold has no end either.
    (!time.is_zero())
        .then(|| Instant::now().checked_add(time))
        .flatten()
}

struct Turn<'a> {
    shared: &'a Shared,
    begun: &'a Begun,
    stop: &'a CancellationToken,
    emitter: &'a mut Emitter,
    deadline: Option<Instant>,
    /// What was said and is not kept yet.
    unsaved: Vec<Message>,
    usage: Tokens,
    last_usage: Tokens,
    /// The tools that did what they were asked.
    done: Vec<String>,
    /// What it did so far, to notice when it goes round in circles.
    loops: Loops,
    model: Option<Model>,
}

impl Turn<'_> {
    async fn answer_command(&mut self, order: &Command) -> Ending {
        let begun = self.begun;
        let text = match order {
            Command::Help => command::HELP.to_owned(),
            Command::Whoami => command::whoami(&begun.request, &begun.session.key),
            Command::Approve(answer) => {
                command::approve(self.shared.gate.as_deref(), &begun.request, answer.as_ref())
            }
            Command::Stop => "Nothing was running.".to_owned(),
            Command::Unelevated => command::UNELEVATED.to_owned(),
            Command::Elevated { level, .. } => {
                scene::elevated_text(&self.shared.config.get().config, begun, level.is_some())
            }
            Command::Reset { .. } => "A new conversation has begun.".to_owned(),
            Command::Status => match Scene::set(self.shared, begun).await {
                Ok(scene) => scene
                    .card(0, self.shared.waiting(&begun.session.key).await)
                    .text(),
                Err(error) => format!("⚠️ {error}"),
            },
        };
        let mut messages = Vec::new();
        if !matches!(order, Command::Reset { .. }) {
            let now = now_ms();
            let mut said = Message::of_user(&begun.request.message, None, &[], now);
            if let Message::User {
                exclude_from_context, ..
            } = &mut said
            {
                *exclude_from_context = true;
            }
            messages = vec![said, Message::of_gateway(&text, now)];
        }
        let outcome = Outcome {
            started_ms: begun.started_ms,
            ..command_outcome(&begun.session.session_id, now_ms(), &text)
        };
        ending(begun, messages, outcome, Some(&text))
    }

    async fn converse(&mut self) -> Result<Close> {
        let scene = Scene::set(self.shared, self.begun).await?;
        self.model = Some(scene.model.clone());
        // What is said from here on; the conversation before is shared.
        let mut since = Vec::new();
        let mut pending = if self.begun.is_resumed {
            unanswered(&scene.history)
        } else {
            Vec::new()
        };
        // One that is not there any more may have been there when it was called.
        if let Some(unknown) = pending
            .iter()
            .find(|call| scene.toolbox.is_repeatable(&call.name) != Some(true))
        {
            return Ok(self.give_up(&unknown.name, &pending));
        }
        let mut room = scene.room;
        let mut halvings = 0;
        let mut earlier = None;
        let mut round = 0;
        loop {
            let calls = std::mem::take(&mut pending);
            if let Some(close) = self.call_tools(&scene, &mut since, calls).await? {
                return Ok(close);
            }
            if round == ROUNDS {
                let text = format!("The turn was ended after {ROUNDS} rounds of tool calls.");
                return Ok(Close::failed("rounds", text));
            }
            let talk: Vec<_> = scene.history.iter().chain(&since).collect();
            let (answer, cut) = self.ask(&scene, &talk, room).await;
            self.usage.add(answer.usage);
            self.last_usage = answer.usage;
            if let Some(cut) = cut {
                if cut.is_too_long() && halvings < HALVINGS {
                    halvings += 1;
                    // The provider counts otherwise, so that what was sent is what is halved.
                    room = context::weigh(&context::fit(&talk, room)) / 2;
                    self.loops.cut();
                    continue;
                }
                return Ok(self.cut_off(&scene, answer, cut));
            }
            round += 1;
            self.emitter.tell(Body::Usage {
                output: self.usage.output,
            });
            let message = self.assistant(&scene, answer.blocks(), answer.usage, answer.stop_reason(), None);
            self.unsaved.push(message.clone());
            since.push(message);
            if answer.calls.is_empty() {
                return Ok(conclude(&answer, earlier));
            }
            if let Some(text) = words::audible(&answer.text) {
                earlier = Some(text.to_owned());
            }
            if answer.calls.iter().any(|call| scene.is_client_tool(&call.name)) {
                return Ok(self.hand_over(&scene, &answer));
            }
            pending = answer.calls;
        }
    }

    /// Ends the turn with what whoever asked is to run. What else was called is not done in the middle of that.
    fn hand_over(&mut self, scene: &Scene, answer: &Answer) -> Close {
        let mut calls = Vec::new();
        for call in &answer.calls {
            let output = match scene.is_client_tool(&call.name) {
                true => {
                    calls.push(ClientCall {
                        id: call.id.clone(),
                        name: call.name.clone(),
                        arguments: call.arguments.to_string(),
                    });
                    ToolOutput::ok("Whoever asked runs this; what came of it stands in their next message.")
                }
                false => ToolOutput::failed("It was not called: call it again in a turn of its own."),
            };
            self.unsaved.push(result(call, &output));
        }
        Close {
            calls,
            ..Close::said(words::audible(&answer.text).map(str::to_owned), "tool_calls")
        }
    }

    async fn ask(&mut self, scene: &Scene, talk: &[&Message], room: usize) -> (Answer, Option<Cut>) {
        let info = scene.model.info();
        self.emitter.tell(Body::Model {
            provider: info.provider.clone(),
            model: info.id.clone(),
        });
        let call = Call {
            system: scene.system.clone(),
            messages: context::fit(talk, room),
            tools: scene.definitions.clone(),
            thinking: scene.thinking,
            max_tokens: scene.max_tokens,
            temperature: scene.temperature,
        };
        let item = Uuid::new_v4().to_string();
        listen(
            &self.shared.models,
            &scene.model,
            call,
            self.emitter,
            &item,
            self.stop,
            self.deadline,
        )
        .await
    }

    /// Keeps what was said so far.
    async fn save(&mut self) -> Result<()> {
        let unsaved = std::mem::take(&mut self.unsaved);
        if unsaved.is_empty() {
            return Ok(());
        }
        let (session, run) = (self.begun.session.session_id.clone(), self.begun.run_id.clone());
        let work = move |tx: &openclaw_state::Tx<'_>| {
            for message in &unsaved {
                tx.transcript_append(&session, Some(&run), MESSAGE, &message.body())?;
            }
            Ok::<_, openclaw_state::Error>(())
        };
        Ok(self.shared.state.write(work).await?)
    }

    /// A tool had begun when the process ended, and nobody knows what it did.
    fn give_up(&mut self, name: &str, pending: &[ToolCall]) -> Close {
        for call in pending {
            let output = ToolOutput::failed("The gateway was ended while it ran; what it did is not known.");
            self.unsaved.push(result(call, &output));
        }
        let text = format!(
            "The gateway was restarted while the tool {name} ran, and what it did is not known. It was not called \
             again; look before you ask for it again."
        );
        Close::failed("interrupted", text)
    }

    fn cut_off(&mut self, scene: &Scene, answer: Answer, cut: Cut) -> Close {
        let close = match cut {
            Cut::Stopped => Close::aborted(answer.text.trim()),
            Cut::TimedOut => self.timed_out(),
            Cut::Failed(error) => {
                tracing::warn!(%error, run = %self.begun.run_id, "a model did not answer");
                Close::failed(error.class().as_str(), error.to_string())
            }
        };
        // Calls that were not made have no results, so they are not kept.
        let partial = Answer {
            calls: Vec::new(),
            ..answer
        };
        let fault = close.fault.as_ref().map(|fault| fault.message.clone());
        let blocks = partial.blocks();
        if !blocks.is_empty() || fault.is_some() {
            let message = self.assistant(scene, blocks, partial.usage, &close.stop_reason, fault);
            self.unsaved.push(message);
        }
        close
    }

    fn timed_out(&self) -> Close {
        Close::failed(
            "timeout",
            "The turn took longer than it may; agents.defaults.timeoutSeconds says how long.",
        )
    }

    fn assistant(
        &self,
        scene: &Scene,
        content: Vec<Block>,
        usage: Tokens,
        stop_reason: &str,
        error_message: Option<String>,
    ) -> Message {
        let info = scene.model.info();
        Message::Assistant {
            content,
            api: if info.provider == "offline" {
                "offline"
            } else {
                "openai-completions"
            }
            .to_owned(),
            provider: info.provider.clone(),
            model: info.id.clone(),
            usage,
            stop_reason: stop_reason.to_owned(),
            error_message,
            timestamp: now_ms(),
            exclude_from_context: false,
        }
    }

    fn close(self, close: Close) -> Ending {
        let info = self.model.as_ref().map(|model| model.info().clone());
        let told = match (&close.status, &close.fault) {
            (Status::Ok, _) => close.text.clone(),
            (Status::Error, fault) => fault.as_ref().map(|fault| format!("⚠️ {}", fault.message)),
            // Whoever stopped it was told so.
            (Status::Aborted, _) => None,
        };
        let outcome = Outcome {
            status: close.status,
            text: close.text,
            error: close.fault,
            stop_reason: close.stop_reason,
            is_command: false,
            session_id: self.begun.session.session_id.clone(),
            started_ms: self.begun.started_ms,
            ended_ms: now_ms(),
            context_tokens: info
                .as_ref()
                .and_then(|info| info.context_window)
                .unwrap_or_default(),
            provider: info.as_ref().map(|info| info.provider.clone()),
            model: info.map(|info| info.id),
            usage: self.usage,
            last_usage: self.last_usage,
            tools: self.done,
            calls: close.calls,
        };
        ending(self.begun, self.unsaved, outcome, told.as_deref())
    }
}

/// What a complete answer comes to.
fn conclude(answer: &Answer, earlier: Option<String>) -> Close {
    let heard = words::audible(&answer.text).map(str::to_owned);
    let was_empty = answer.text.trim().is_empty();
    match heard.or_else(|| earlier.filter(|_| was_empty)) {
        None if was_empty => Close::failed(
            "empty",
            "The model gave no answer. Ask again, or choose another model.",
        ),
        text => Close::said(text, answer.stop_reason()),
    }
}
