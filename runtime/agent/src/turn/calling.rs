//! The tools that the model calls in a turn.
//!
//! **Promise.** One after the other, each told when it begins and when it ended. A call that the turn's end leaves out is
//! told as not made, so that none stands without an answer; what goes round in circles is refused once and then ends the
//! turn.

use std::num::NonZeroU32;

use openclaw_components::CallContext;
use tokio::sync::mpsc;

use super::{Close, Turn};
use crate::answer::{Cut, ToolCall, until};
use crate::calls::result;
use crate::error::Result;
use crate::event::Body;
use crate::message::Message;
use crate::scene::Scene;
use crate::tools::loops::{Advice, Circle};
use crate::tools::{self, ToolOutput};

/// How many steps of a tool may wait to be told.
const STEPS: usize = 32;
/// The kind of error of a turn that went round in circles.
const CIRCLES: &str = "tool_loop";
/// The kind of error of one that did so right after the conversation had been cut down.
const PERSISTED: &str = "compaction_loop_persisted";

impl Turn<'_> {
    /// Calls tools one after the other. Some close if the turn ends with it.
    pub(super) async fn call_tools(
        &mut self,
        scene: &Scene,
        messages: &mut Vec<Message>,
        calls: Vec<ToolCall>,
    ) -> Result<Option<Close>> {
        let refused = calls.iter().find_map(|call| self.circle(scene, call));
        if let Some(circle) = refused {
            return Ok(self.refuse(messages, &calls, &circle));
        }
        // What is not there does nothing, however often it is called.
        let is_kept = |call: &ToolCall| scene.toolbox.is_repeatable(&call.name) == Some(false);
        if calls.iter().any(is_kept) {
            self.save().await?;
        }
        let mut calls = calls.into_iter();
        while let Some(call) = calls.next() {
            let is_known = scene.toolbox.is_repeatable(&call.name).is_some();
            let advice = self.loops.look(&call.name, &call.arguments, is_known);
            let ended = self.call_tool(scene, &call).await;
            let mut persisted = None;
            let (output, close) = match ended {
                Ok(mut output) => {
                    persisted = self.loops.note(&call.name, &call.arguments, is_known, &output);
                    if let Advice::Warn(circle) = advice {
                        output.text = format!("{}\n\n{}", output.text, circle.warning());
                    }
                    (output, None)
                }
                Err(cut) => (ToolOutput::failed("It was stopped before it ended."), Some(cut)),
            };
            self.note_result(messages, &call, &output);
            if let Some(cut) = close {
                for call in calls {
                    let output = ToolOutput::failed("It was not called, because the turn was stopped.");
                    self.note_result(messages, &call, &output);
                }
                return Ok(Some(match cut {
                    Cut::TimedOut => self.timed_out(),
                    _ => Close::aborted(""),
                }));
            }
            if let Some(circle) = persisted {
                for call in calls {
                    let output = ToolOutput::failed("It was not called, because the turn was ended.");
                    self.note_result(messages, &call, &output);
                }
                return Ok(Some(Close::failed(PERSISTED, circle.ending())));
            }
            if is_kept(&call) {
                self.save().await?;
            }
        }
        Ok(None)
    }

    /// Why a call is not to be made.
    fn circle(&self, scene: &Scene, call: &ToolCall) -> Option<Circle> {
        let is_known = scene.toolbox.is_repeatable(&call.name).is_some();
        match self.loops.look(&call.name, &call.arguments, is_known) {
            Advice::Stop(circle) => Some(circle),
            Advice::Go | Advice::Warn(_) => None,
        }
    }

    /// Makes none of these calls. The model may say one thing more the first time; the second time the turn ends.
    fn refuse(&mut self, messages: &mut Vec<Message>, calls: &[ToolCall], circle: &Circle) -> Option<Close> {
        let output = ToolOutput::failed(circle.refusal());
        for call in calls {
            self.emitter.tell(Body::ToolStart {
                call_id: call.id.clone(),
                name: call.name.clone(),
                arguments: call.arguments.clone(),
            });
            self.note_result(messages, call, &output);
        }
        self.loops.stops += 1;
        (self.loops.stops > 1).then(|| Close::failed(CIRCLES, circle.ending()))
    }

    async fn call_tool(&mut self, scene: &Scene, call: &ToolCall) -> std::result::Result<ToolOutput, Cut> {
        self.emitter.tell(Body::ToolStart {
            call_id: call.id.clone(),
            name: call.name.clone(),
            arguments: call.arguments.clone(),
        });
        if self.stop.is_cancelled() {
            return Err(Cut::Stopped);
        }
        let waiting = match call.name == tools::STATUS {
            true => self.shared.waiting(&self.begun.session.key).await,
            false => 0,
        };
        let card = scene.card(self.last_usage.total_tokens, waiting);
        let (progress, mut steps) = mpsc::channel(STEPS);
        let ask = scene.toolbox.call(tools::Call {
            name: &call.name,
            arguments: &call.arguments,
            context: self.call_context(scene, call),
            progress,
            card: &card,
            may_ask: true,
        });
        tokio::pin!(ask);
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Err(Cut::Stopped),
                () = until(self.deadline) => return Err(Cut::TimedOut),
                output = &mut ask => return Ok(output),
                Some(text) = steps.recv() => self.emitter.tell(Body::ToolUpdate {
                    call_id: call.id.clone(),
                    name: call.name.clone(),
                    text,
                }),
            }
        }
    }

    fn call_context(&self, scene: &Scene, call: &ToolCall) -> CallContext {
        let (request, session) = (&self.begun.request, &self.begun.session);
        let sender = request.sender.as_ref();
        CallContext {
            idempotency_key: Some(format!("{}:{}", self.begun.run_id, call.id)),
            attempt: if self.begun.is_resumed {
                NonZeroU32::MIN.saturating_add(1)
            } else {
                NonZeroU32::MIN
            },
            agent: Some(self.begun.agent_id.clone()),
            session: Some(session.key.clone()),
            channel: sender.map(|sender| sender.channel.clone()),
            account: sender.map(|sender| sender.account.clone()),
            sender: sender.map(|sender| sender.id.clone()),
            is_owner: scene.is_owner,
            ..CallContext::default()
        }
    }

    fn note_result(&mut self, messages: &mut Vec<Message>, call: &ToolCall, output: &ToolOutput) {
        if !output.is_error && !self.done.contains(&call.name) {
            self.done.push(call.name.clone());
        }
        self.emitter.tell(Body::ToolResult {
            call_id: call.id.clone(),
            name: call.name.clone(),
            result: output.to_value(),
            is_error: output.is_error,
        });
        let message = result(call, output);
        self.unsaved.push(message.clone());
        messages.push(message);
    }
}
