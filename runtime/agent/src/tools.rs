//! The tools of a turn: which there are for it, and calling one.
//!
//! **Promise.** What is not listed for a turn cannot be called in it, and the policy says by which rule. A session
//! that has no machine gets no tools that need one; components are held by their own grants. A call whose outcome
//! could not be told after a crash is told apart from one that may be made again.
//! **Bound.** [`OUTPUT_CHARS`] of a result reach the model. **Cost.** Listing starts no component.

mod component;
pub mod elevated;
pub(crate) mod exec;
pub(crate) mod explain;
mod files;
mod inside;
pub(crate) mod loops;
pub mod policy;
mod process;
mod status;

use std::sync::Arc;

use openclaw_components::{CallContext, Host, ToolSpec};
use openclaw_models::ToolDefinition;
use openclaw_policy::PluginId;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::message::Block;

use exec::Bench;
pub(crate) use files::OnMachine;
pub use files::{FileTool, FileTools};
pub(crate) use inside::Inside;
use policy::{Need, Policy, Sources, Subject, Tool};
pub(crate) use status::Card;

/// How much of a tool's result reaches the model, in characters.
pub(crate) const OUTPUT_CHARS: usize = 60_000;

/// The tool that tells what the session is.
pub(crate) const STATUS: &str = "session_status";

/// A tool, for those who list them.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolInfo {
    /// Its name.
    pub name: String,
    /// A name for people.
    pub title: String,
    /// What it does, for the model.
    pub description: String,
    /// The JSON Schema of its arguments.
    pub parameters: Value,
    /// The extension that it comes from; none for the gateway's own.
    pub extension: Option<PluginId>,
    /// Whether calling it twice does no more than calling it once.
    pub is_repeatable: bool,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolOutput {
    /// What the model reads.
    pub text: String,
    /// The same and more for programs.
    pub details: Option<Value>,
    /// Whether it failed.
    pub is_error: bool,
}

impl ToolOutput {
    pub(crate) fn ok(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            details: None,
            is_error: false,
        }
    }

    pub(crate) fn failed(text: impl Into<String>) -> Self {
        Self {
            is_error: true,
            ..Self::ok(text)
        }
    }

    pub(crate) fn with(self, details: Value) -> Self {
        Self {
            details: Some(details),
            ..self
        }
    }

    /// What the model reads, cut in the middle if it is too long.
    pub(crate) fn blocks(&self) -> Vec<Block> {
        vec![Block::text(shorten(&self.text, OUTPUT_CHARS))]
    }

    /// The result as programs are told it.
    pub fn to_value(&self) -> Value {
        json!({"content": self.blocks(), "details": self.details.clone().unwrap_or_else(|| json!({}))})
    }
}

/// Keeps the beginning and the end of a text that is too long.
fn shorten(text: &str, max: usize) -> String {
    let count = text.chars().count();
    if count <= max {
        return text.to_owned();
    }
    let head: String = text.chars().take(max / 4 * 3).collect();
    let tail: String = text.chars().skip(count - max / 4).collect();
    let gone = count - max / 4 * 3 - max / 4;
    format!("{head}\n[… {gone} characters left out …]\n{tail}")
}

/// One of the gateway's own tools.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Core {
    File(FileTool),
    Exec,
    Process,
    Status,
}

impl Core {
    fn all() -> impl Iterator<Item = Self> {
        let others = [Self::Exec, Self::Process, Self::Status];
        FileTool::ALL.into_iter().map(Self::File).chain(others)
    }

    fn name(self) -> &'static str {
        match self {
            Self::File(tool) => tool.name(),
            Self::Exec => "exec",
            Self::Process => "process",
            Self::Status => STATUS,
        }
    }

    fn is_for_files(self) -> bool {
        matches!(self, Self::File(_))
    }

    fn is_for_commands(self) -> bool {
        matches!(self, Self::Exec | Self::Process)
    }

    /// What decides who has it.
    fn tool<'a>(self) -> Tool<'a> {
        Tool {
            name: self.name(),
            extension: None,
            is_owner_only: false,
            is_opt_in: false,
            needs: match self {
                Self::File(_) => Need::Files,
                Self::Exec | Self::Process => Need::Commands,
                Self::Status => Need::Nothing,
            },
        }
    }

    fn is_repeatable(self) -> bool {
        match self {
            Self::File(tool) => !tool.writes(),
            Self::Exec | Self::Process => false,
            Self::Status => true,
        }
    }

    fn info(self) -> ToolInfo {
        let (title, description, parameters) = match self {
            Self::File(tool) => (tool.title(), tool.about(), tool.parameters()),
            Self::Exec => ("Run", exec::ABOUT, exec::parameters()),
            Self::Process => ("Jobs", process::ABOUT, process::parameters()),
            Self::Status => ("Status", status::ABOUT, status::parameters()),
        };
        ToolInfo {
            name: self.name().to_owned(),
            title: title.to_owned(),
            description: description.to_owned(),
            parameters,
            extension: None,
            is_repeatable: self.is_repeatable(),
        }
    }
}

/// What decides which tools a turn has.
pub(crate) struct Standing<'a> {
    pub(crate) sources: Sources<'a>,
    pub(crate) subject: Subject,
    /// Where its file tools work. Without that it has none.
    pub(crate) files: Option<Arc<dyn FileTools>>,
}

/// The tools of one turn.
pub(crate) struct Toolbox {
    host: Option<Host>,
    files: Option<Arc<dyn FileTools>>,
    core: Vec<Core>,
    /// The tools for commands that the policy allows; they are there with what commands are run with.
    commands: Vec<Core>,
    bench: Option<Arc<Bench>>,
    components: Vec<(PluginId, ToolSpec)>,
}

impl Toolbox {
    pub(crate) fn open(host: Option<&Host>, standing: Standing<'_>) -> Self {
        let Standing {
            sources,
            subject,
            files,
        } = standing;
        let policy = Policy::of(sources, subject);
        let mut components = offered(host);
        policy.warn(&tools(&components));
        components.retain(|(id, tool)| policy.judge(&component::tool(id, tool)).allowed);
        let (commands, core) = Core::all()
            .filter(|tool| files.is_some() || !tool.is_for_files())
            .filter(|tool| policy.judge(&tool.tool()).allowed)
            .partition(|tool| tool.is_for_commands());
        Self {
            host: host.cloned(),
            files,
            core,
            commands,
            bench: None,
            components,
        }
    }

    /// The same, with what commands are run with. Without it there are no tools for them.
    pub(crate) fn equip(mut self, bench: Option<Bench>) -> Self {
        let allowed = std::mem::take(&mut self.commands);
        let bench = bench.filter(Bench::is_usable);
        if let Some(mut bench) = bench {
            bench.has_process = allowed.contains(&Core::Process);
            let at = self.core.iter().position(|tool| *tool == Core::Status);
            let at = at.unwrap_or(self.core.len());
            self.core.splice(at..at, allowed);
            self.bench = Some(Arc::new(bench));
        }
        self
    }

    /// Whether file tools are among them.
    pub(crate) fn reaches_files(&self) -> bool {
        self.core.iter().any(|tool| tool.is_for_files())
    }

    pub(crate) fn list(&self) -> Vec<ToolInfo> {
        let core = self.core.iter().map(|tool| tool.info());
        let components = self.components.iter().map(|(id, tool)| component::info(id, tool));
        core.chain(components).collect()
    }

    pub(crate) fn definitions(&self) -> Vec<ToolDefinition> {
        let tools = self.list().into_iter().map(|tool| ToolDefinition {
            name: tool.name,
            description: tool.description,
            parameters: tool.parameters,
        });
        tools.collect()
    }

    /// Whether a call whose outcome is unknown may be made again; none if there is no such tool.
    pub(crate) fn is_repeatable(&self, name: &str) -> Option<bool> {
        if let Some(core) = self.core.iter().find(|core| core.name() == name) {
            return Some(core.is_repeatable());
        }
        let found = self.components.iter().find(|(_, tool)| tool.name == name);
        found.map(|(_, tool)| component::is_repeatable(tool))
    }

    /// Calls a tool. What goes wrong is for the model to read. Dropping the future ends the call; a file tool that
    /// has begun to write ends by itself.
    pub(crate) async fn call(&self, call: Call<'_>) -> ToolOutput {
        if let Some(core) = self.core.iter().find(|core| core.name() == call.name) {
            return self.call_core(*core, call).await;
        }
        let found = self.components.iter().find(|(_, tool)| tool.name == call.name);
        match (found, &self.host) {
            (Some(_), Some(host)) => component::call(host, call).await,
            _ => none(call.name),
        }
    }

    async fn call_core(&self, core: Core, call: Call<'_>) -> ToolOutput {
        match (core, &self.files, &self.bench) {
            (Core::Status, ..) => call.card.show(),
            (Core::File(tool), Some(files), _) => files.call(tool, call.arguments.clone()).await,
            (Core::Exec, _, Some(bench)) => exec::call(bench, call).await,
            (Core::Process, _, Some(bench)) => process::call(bench, call.arguments).await,
            (Core::File(_) | Core::Exec | Core::Process, ..) => none(call.name),
        }
    }
}

fn none(name: &str) -> ToolOutput {
    ToolOutput::failed(format!("There is no tool {name} in this conversation."))
}

/// The tools of extensions that there are for anybody. What is named like one of the gateway's own is not.
fn offered(host: Option<&Host>) -> Vec<(PluginId, ToolSpec)> {
    let mut offered = host.map(Host::tools).unwrap_or_default();
    offered.retain(|(_, tool)| Core::all().all(|core| core.name() != tool.name));
    offered
}

/// All tools that there are for anybody, with these of extensions.
fn tools(components: &[(PluginId, ToolSpec)]) -> Vec<Tool<'_>> {
    let core = Core::all().map(Core::tool);
    let components = components.iter().map(|(id, tool)| component::tool(id, tool));
    core.chain(components).collect()
}

/// A call of a tool.
pub(crate) struct Call<'a> {
    pub(crate) name: &'a str,
    pub(crate) arguments: &'a Value,
    /// What a component is told of it.
    pub(crate) context: CallContext,
    /// Where it says how far it is.
    pub(crate) progress: mpsc::Sender<String>,
    /// What `session_status` shows.
    pub(crate) card: &'a Card,
    /// Whether a person may be asked about it, who would answer later.
    pub(crate) may_ask: bool,
}

#[cfg(test)]
mod tests {
    use openclaw_config::tree::Config;

    use super::policy::Machine;
    use super::*;

    fn names(config: &Config, machine: Machine) -> Vec<String> {
        let standing = Standing {
            sources: Sources {
                config,
                channels: &Value::Null,
            },
            subject: Subject {
                agent: "main".to_owned(),
                machine,
                ..Subject::default()
            },
            files: Some(Arc::new(OnMachine::new("/nowhere".into()))),
        };
        let tools = Toolbox::open(None, standing).list().into_iter();
        tools.map(|tool| tool.name).collect()
    }

    #[test]
    fn only_a_session_with_a_machine_gets_file_tools() {
        let config = Config::default();
        assert_eq!(
            names(&config, Machine::Host),
            [
                "read",
                "write",
                "edit",
                "apply_patch",
                "grep",
                "find",
                "ls",
                "session_status"
            ]
        );
        assert_eq!(names(&config, Machine::Nowhere), ["session_status"]);
    }

    #[test]
    fn what_config_denies_is_not_there() {
        let mut config = Config::default();
        config.tools.deny = Some(vec!["WRITE".to_owned(), "group:sessions".to_owned()]);
        assert_eq!(
            names(&config, Machine::Host),
            ["read", "edit", "apply_patch", "grep", "find", "ls"]
        );
        config.tools.exec.apply_patch.enabled = false;
        assert_eq!(
            names(&config, Machine::Host),
            ["read", "edit", "grep", "find", "ls"]
        );
    }

    #[test]
    fn a_long_result_keeps_its_beginning_and_its_end() {
        let text = format!("begin{}end", "x".repeat(OUTPUT_CHARS));
        let output = ToolOutput::ok(text);
        let Some(Block::Text { text }) = output.blocks().into_iter().next() else {
            panic!("no text");
        };
        assert!(text.starts_with("begin") && text.ends_with("end") && text.contains("8 characters left out"));
    }
}
