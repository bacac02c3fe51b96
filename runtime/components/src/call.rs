//! Calling a tool: what goes in, what comes out, and the run between them.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use openclaw_policy::Limit;
use serde::Serialize;
use tokio::time::timeout_at;
use wasmtime::{PoolConcurrencyLimitError, Store, Trap};
use wasmtime_wasi::I32Exit;
use wasmtime_wasi::p2::bindings::CommandPre;

use crate::bindings::ToolPre;
use crate::bindings::openclaw::types::errors as wit;
use crate::bindings::skill::SkillPre;
use crate::conceal::{conceal, conceal_failure, conceal_output};
use crate::error::{Error, Failure, Result};
use crate::extension::{Extension, Program, ToolTrait};
use crate::guest::{Begin, Guest};
use crate::host::Parts;
use crate::limits::Stop;

/// What a call is about, as the component is told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CallContext {
    /// Names the action over all attempts at it; the call's own id if there is none.
    pub idempotency_key: Option<String>,
    /// Which attempt this is.
    pub attempt: NonZeroU32,
    /// The agent on whose behalf the call is made.
    pub agent: Option<String>,
    /// The key of the session.
    pub session: Option<String>,
    /// The channel of the conversation.
    pub channel: Option<String>,
    /// The channel's account.
    pub account: Option<String>,
    /// The platform's id of the person who asked.
    pub sender: Option<String>,
    /// Whether that person is an owner.
    pub is_owner: bool,
    /// Whether the session is sandboxed.
    pub is_sandboxed: bool,
    /// The language to answer in.
    pub locale: Option<String>,
    /// The guest path of the workspace.
    pub workspace: Option<String>,
    /// Media that the call may open beside what the extension made itself.
    pub media: Vec<String>,
}

impl Default for CallContext {
    /// A first attempt by nobody in particular.
    fn default() -> Self {
        Self {
            idempotency_key: None,
            attempt: NonZeroU32::MIN,
            agent: None,
            session: None,
            channel: None,
            account: None,
            sender: None,
            is_owner: false,
            is_sandboxed: false,
            locale: None,
            workspace: None,
            media: Vec::new(),
        }
    }
}

/// What a caller sees while it waits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Progress {
    /// How far the work is; takes the place of the step before.
    Step {
        /// What is being done.
        message: String,
        /// Units done.
        done: Option<u64>,
        /// Units in all.
        total: Option<u64>,
    },
    /// A piece of output, behind the pieces before.
    Output {
        /// Whether it is a warning or the like, and not the result as it comes into being.
        is_diagnostic: bool,
        /// The piece.
        text: String,
    },
}

/// What a part weighs beside its texts.
const PART: usize = 64;

/// A piece of an output.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum Part {
    /// Text.
    Text {
        /// The text.
        text: String,
    },
    /// Media.
    Media {
        /// Which.
        media: String,
        /// What it shows.
        description: Option<String>,
    },
    /// A JSON document.
    Json {
        /// The document.
        json: String,
    },
    /// A link.
    Link {
        /// Where to.
        url: String,
        /// What it is called.
        title: Option<String>,
        /// What is there.
        description: Option<String>,
    },
}

impl Part {
    /// The text of a part that is text.
    pub(crate) fn into_text(self) -> Option<String> {
        match self {
            Self::Text { text } => Some(text),
            _ => None,
        }
    }

    /// The media of a part that is media.
    pub(crate) fn media(&self) -> Option<&String> {
        match self {
            Self::Media { media, .. } => Some(media),
            _ => None,
        }
    }

    fn size(&self) -> usize {
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        PART + match self {
            Self::Text { text } => text.len(),
            Self::Media { media, description } => media.len() + length(description),
            Self::Json { json } => json.len(),
            Self::Link {
                url,
                title,
                description,
            } => url.len() + length(title) + length(description),
        }
    }
}

/// Where an output is that was too long to be carried.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Spill {
    /// The whole of it, as media.
    pub media: String,
    /// How many bytes it has.
    pub size: u64,
}

/// What a tool returned.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// What the model sees.
    pub content: Vec<Part>,
    /// The same for programs, as JSON.
    pub structured: Option<String>,
    /// Whether the tool could not do what it was asked.
    pub is_error: bool,
    /// Where the whole is, if the content is only a part.
    pub spilled: Option<Spill>,
    /// What it printed on the way, which no model sees.
    pub printed: String,
    /// Log lines that exceeded its budget.
    pub lost_lines: u64,
    /// How long it computed.
    #[serde(skip)]
    pub computed: Duration,
}

impl Output {
    /// All media that it names.
    pub fn media(&self) -> impl Iterator<Item = &str> {
        let spilled = self.spilled.iter().map(|spill| spill.media.as_str());
        self.content
            .iter()
            .filter_map(Part::media)
            .map(String::as_str)
            .chain(spilled)
    }

    /// How many bytes a caller has to carry.
    pub(crate) fn size(&self) -> usize {
        let parts = self.content.iter().map(Part::size).sum::<usize>();
        let spilled = self.spilled.as_ref().map_or(0, |spill| spill.media.len());
        parts + self.structured.as_ref().map_or(0, String::len) + spilled
    }
}

/// Refuses arguments that are more than a call of the extension may hear.
pub(crate) fn check_size(extension: &Extension, arguments: &str) -> Result<()> {
    let most = extension.limits.get(Limit::BytesIn);
    match arguments.len() as u64 > most.amount.get() {
        true => Err(Error::Stopped {
            extension: extension.id.to_string(),
            stop: Stop::Limit(most),
        }),
        false => Ok(()),
    }
}

/// Tools are given an object; a model's slip should not reach them.
pub(crate) fn check_arguments(tool: &str, arguments: &str) -> Result<()> {
    let object = arguments.trim_start().starts_with('{');
    match object && serde_json::from_str::<serde::de::IgnoredAny>(arguments).is_ok() {
        true => Ok(()),
        false => Err(Error::Arguments {
            tool: tool.to_owned(),
        }),
    }
}

/// What is asked of a component.
pub(crate) enum Ask {
    /// To run a tool with a JSON object.
    Tool {
        /// Which.
        name: String,
        /// With what.
        arguments: String,
    },
    /// What it tells the model. The text is the output.
    Instructions,
}

impl Ask {
    /// What is called.
    fn name(&self) -> &str {
        match self {
            Self::Tool { name, .. } => name,
            Self::Instructions => "instructions",
        }
    }
}

/// Tools that say so are for owners, whoever passes the call on.
pub(crate) fn check_owner(extension: &Extension, tool: &str, context: &CallContext) -> Result<()> {
    let spec = extension.tools.iter().find(|spec| spec.name == tool);
    let is_kept = spec.is_some_and(|spec| spec.traits.contains(&ToolTrait::OwnerOnly));
    match is_kept && !context.is_owner {
        true => Err(Error::OwnerOnly {
            tool: tool.to_owned(),
        }),
        false => Ok(()),
    }
}

/// Runs a call on the guests' threads until it is over or its deadline comes. Dropping this ends the call.
pub(crate) async fn start(
    host: &Arc<Parts>,
    extension: &Arc<Extension>,
    ask: Ask,
    mut begin: Begin,
) -> Result<Output> {
    let root = Arc::clone(&begin.root);
    let name = extension.id.to_string();
    let late = || Error::Stopped {
        extension: extension.id.to_string(),
        stop: root.late(),
    };
    let program = timeout_at(root.end().into(), host.program(extension)).await;
    let program = program.map_err(|_| late())??;
    if let (Program::Command(_), Ask::Tool { arguments, .. }) = (&*program, &ask) {
        begin.input = Some(arguments.clone());
    }
    let store = Guest::store(begin, extension, host);
    let slice = Arc::clone(&store.data().slice);
    let called = ask.name().to_owned();
    let task = host.scheduler.run(&root, slice, run(store, program, ask));
    host.scheduler.linger(&task);
    let ended = match timeout_at(root.end().into(), task).await {
        Ok(Some(ended)) => ended,
        Ok(None) => Err(Error::Panicked { extension: name }),
        Err(_) => Err(late()),
    };
    ended.inspect_err(|error| host.breaks.note(extension, &called, error))
}

async fn run(mut store: Store<Guest>, program: Arc<Program>, ask: Ask) -> Result<Output> {
    let ended = match (&*program, &ask) {
        (Program::Toolbox(toolbox, _), Ask::Tool { name, arguments }) => {
            run_tool(&mut store, toolbox, name, arguments).await
        }
        (Program::Toolbox(_, Some(skill)), Ask::Instructions) => instruct(&mut store, skill).await,
        (Program::Command(command), Ask::Tool { arguments, .. }) => {
            run_command(&mut store, command, arguments).await
        }
        (Program::Toolbox(_, None) | Program::Command(_), Ask::Instructions) | (Program::Channel(_), _) => {
            Err(Ended::NoSkill)
        }
    };
    let guest = store.data();
    let ended = ended.and_then(|output| {
        guest.volume.check()?;
        Ok(output)
    });
    let vault = guest.extension.vault();
    let output = ended.map_err(|ended| {
        let (_, said) = guest.printed.take();
        let ended = match ended {
            Ended::Failed(failure) => Ended::Failed(Box::new(conceal_failure(vault, *failure))),
            other => other,
        };
        ended.explain(&guest.extension, &conceal(vault, said))
    })?;
    let mut output = conceal_output(vault, output);
    output.lost_lines = guest.lost_lines;
    guest.slice.settle();
    output.computed = guest.root.computed();
    Ok(output)
}

/// What ended a guest, before it is told whose it was.
pub(crate) enum Ended {
    /// It said so itself.
    Failed(Box<Failure>),
    /// It has no instructions.
    NoSkill,
    /// It returned media that it may not open.
    ForeignMedia,
    /// The engine or a limit did.
    Broken(wasmtime::Error),
}

impl From<wasmtime::Error> for Ended {
    fn from(error: wasmtime::Error) -> Self {
        Self::Broken(error)
    }
}

impl From<Stop> for Ended {
    fn from(stop: Stop) -> Self {
        Self::Broken(stop.into())
    }
}

async fn run_tool(
    store: &mut Store<Guest>,
    toolbox: &ToolPre<Guest>,
    tool: &str,
    arguments: &String,
) -> Result<Output, Ended> {
    store.data().volume.bytes_in.spend(arguments.len() as u64)?;
    let instance = toolbox.instantiate_async(&mut *store).await?;
    let toolbox = instance.openclaw_tool_toolbox();
    let answer = toolbox.call_call(&mut *store, tool, arguments).await?;
    let output = Output::from(weigh_failure(store, answer)?);
    let output = weigh(store, output)?;
    for media in output.media() {
        // A caller may open what it is given, so nobody gives what he may not open himself.
        if !store.data_mut().may_open(media).await {
            return Err(Ended::ForeignMedia);
        }
    }
    Ok(output)
}

/// Counts what a component says when it fails.
fn weigh_failure<T>(store: &Store<Guest>, answer: Result<T, wit::Error>) -> Result<T, Ended> {
    answer.map_err(|failure| {
        let failure = Failure::from(failure);
        match store.data().volume.output.spend(failure.size() as u64) {
            Ok(()) => Ended::Failed(Box::new(failure)),
            Err(stop) => stop.into(),
        }
    })
}

/// Counts what is returned, and adds what was printed on the way.
fn weigh(store: &Store<Guest>, mut output: Output) -> Result<Output, Ended> {
    let guest = store.data();
    guest.volume.output.spend(output.size() as u64)?;
    let (out, err) = guest.printed.take();
    output.printed = out + &err;
    Ok(output)
}

async fn instruct(store: &mut Store<Guest>, skill: &SkillPre<Guest>) -> Result<Output, Ended> {
    let instance = skill.instantiate_async(&mut *store).await?;
    let text = instance.openclaw_tool_skill_text();
    let text = text.call_instructions(&mut *store).await?;
    let text = weigh_failure(store, text)?;
    let output = Output {
        content: vec![Part::Text { text }],
        ..Output::default()
    };
    weigh(store, output)
}

/// The output of a program is what it prints; that it failed is told by its exit code alone.
async fn run_command(
    store: &mut Store<Guest>,
    command: &CommandPre<Guest>,
    arguments: &str,
) -> Result<Output, Ended> {
    store.data().volume.bytes_in.spend(arguments.len() as u64)?;
    let instance = command.instantiate_async(&mut *store).await?;
    let is_ok = match instance.wasi_cli_run().call_run(&mut *store).await {
        Ok(ended) => ended.is_ok(),
        Err(error) => match error.downcast_ref::<I32Exit>() {
            Some(exit) => exit.0 == 0,
            None => return Err(error.into()),
        },
    };
    let (out, err) = store.data().printed.take();
    let text = match (is_ok, out.is_empty()) {
        (false, true) => err.clone(),
        _ => out,
    };
    Ok(Output {
        content: vec![Part::Text { text }],
        is_error: !is_ok,
        printed: err,
        ..Output::default()
    })
}

impl Ended {
    /// Tells it for an extension, with the last of what it printed.
    pub(crate) fn explain(self, extension: &Extension, said: &str) -> Error {
        let (extension, limits) = (extension.id.to_string(), &extension.limits);
        let error = match self {
            Self::Failed(failure) => return Error::Failed { extension, failure },
            Self::NoSkill => return Error::NoSkill { extension },
            Self::ForeignMedia => return Error::ForeignMedia { extension },
            Self::Broken(error) => error,
        };
        if let Some(stop) = error.downcast_ref::<Stop>() {
            return Error::Stopped {
                extension,
                stop: *stop,
            };
        }
        if error.downcast_ref::<PoolConcurrencyLimitError>().is_some() {
            let waited = Duration::ZERO;
            return Error::Busy { extension, waited };
        }
        let what = match error.downcast_ref::<Trap>() {
            Some(trap) => trap.to_string(),
            None => error.root_cause().to_string(),
        };
        // The engine has no type for an argument that is larger than what the host may allocate for it.
        if what.contains("hostcalls has been exhausted") {
            let stop = Stop::Limit(limits.get(Limit::BytesOut));
            return Error::Stopped { extension, stop };
        }
        Error::Trap {
            extension,
            what,
            said: tail(said).to_owned(),
        }
    }
}

/// The last of a text, which is where a program says why it gave up.
fn tail(text: &str) -> &str {
    const TAIL: usize = 1000;
    let from = text.len().saturating_sub(TAIL);
    let from = (from..=text.len()).find(|at| text.is_char_boundary(*at));
    from.and_then(|from| text.get(from..)).unwrap_or_default()
}
