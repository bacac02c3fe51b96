//! What a turn is set in: its model, its tools, its prompt and the conversation so far.

use openclaw_config::Snapshot;
use openclaw_config::tree::Config;
use std::sync::Arc;

use openclaw_config::tree::agent_defaults::{ContextInjection, Thinking};
use openclaw_models::{Model, ToolDefinition};
use openclaw_sandbox::{Abilities, Rules, Runner};
use serde_json::{Map, Value};

use crate::command::{self, Command};
use crate::context;
use crate::error::Result;
use crate::ledger::{Begun, object};
use crate::message::Message;
use crate::prompt::{self, Facts};
use crate::request::{Chat, Request};
use crate::session::{Key, policy_key};
use crate::shared::Shared;
use crate::tools::elevated::{self, Level, Reach};
use crate::tools::exec::{self, Bench, Settings};
use crate::tools::policy::{Machine, Person, Room, Sources, Subagent, Subject};
use crate::tools::{Card, FileTools, Inside, OnMachine, Standing, Toolbox};
use crate::workspace;

/// How many bytes of the conversation are looked at for each token that the model reads: entries are larger than what they say.
const BYTES_PER_TOKEN: u64 = 8;
/// The window of a model that does not say its own, in tokens.
const WINDOW: u64 = 128_000;
/// The longest answer that room is left for where a model does not say its own, in tokens.
const ANSWER: u64 = 8192;
/// How much of a description is shown in the prompt's list, in characters. The model has the whole beside it.
const ABOUT_CHARS: usize = 120;

/// The variables that say how long a command is waited for, the newer name first.
const PATIENCE: [&str; 2] = ["OPENCLAW_BASH_YIELD_MS", "PI_BASH_YIELD_MS"];

/// What a turn is set in.
pub(crate) struct Scene {
    pub(crate) model: Model,
    pub(crate) thinking: Option<Thinking>,
    pub(crate) max_tokens: Option<u32>,
    pub(crate) temperature: Option<f64>,
    pub(crate) toolbox: Toolbox,
    pub(crate) definitions: Vec<ToolDefinition>,
    /// The tools that whoever asked runs itself.
    client_names: Vec<String>,
    pub(crate) system: String,
    pub(crate) history: Arc<Vec<Message>>,
    /// How many tokens the conversation may have.
    pub(crate) room: usize,
    pub(crate) is_owner: bool,
    card: Card,
}

/// What is said of a turn before anything is read for it: enough to call a tool.
pub(crate) struct Setting {
    snapshot: Snapshot<Config>,
    model: Model,
    pub(crate) toolbox: Toolbox,
    /// How far the commands of a sandboxed session go.
    elevated: Option<Level>,
    pub(crate) card: Card,
    thinking: Option<Thinking>,
}

impl Setting {
    pub(crate) fn of(shared: &Shared, begun: &Begun) -> Result<Self> {
        let snapshot = shared.config.get();
        let (request, session) = (&begun.request, &begun.session);
        let entry = object(&session.entry);
        let reference = request.model.clone().or_else(|| chosen_model(&entry));
        let model = shared.models.resolve_for(&begun.agent_id, reference.as_deref())?;
        let info = model.info();
        let key = Key::parse(&session.key, &begun.agent_id)?;
        let spoken = Some((info.provider.clone(), info.id.clone()));
        let has_shell = shared.machine.is_some();
        let config = &snapshot.config;
        let reach = reach(config, begun);
        let asking = subject(
            config,
            &begun.agent_id,
            &key,
            request,
            spoken,
            (has_shell, &reach),
        );
        let elevated = asking.is_sandboxed.then_some(reach.level);
        let toolbox = toolbox(shared, &snapshot, &key, request, asking, reach);
        let thinking = thinking(config, &begun.agent_id, request, &entry);
        let time_zone = config.agents.defaults.user_timezone.clone();
        let count = |name: &str| entry.get(name).and_then(Value::as_u64).unwrap_or_default();
        let card = Card {
            session_key: session.key.clone(),
            session_id: session.session_id.clone(),
            agent: begun.agent_id.clone(),
            model: info.reference(),
            context_tokens: info.context_window.unwrap_or(WINDOW),
            used_tokens: count("usedTokens"),
            total_tokens: count("totalTokens"),
            waiting: 0,
            thinking: thinking.map_or_else(
                || "default".to_owned(),
                |level| format!("{level:?}").to_lowercase(),
            ),
            has_files: toolbox.reaches_files(),
            time_zone: time_zone.unwrap_or_else(|| "UTC".to_owned()),
        };
        Ok(Self {
            model,
            toolbox,
            elevated,
            card,
            thinking,
            snapshot,
        })
    }
}

impl Scene {
    pub(crate) async fn set(shared: &Shared, begun: &Begun) -> Result<Self> {
        let (request, session) = (&begun.request, &begun.session);
        let Setting {
            snapshot,
            model,
            toolbox,
            elevated,
            card,
            thinking,
        } = Setting::of(shared, begun)?;
        let info = model.info();
        let is_owner = request.sender.as_ref().is_none_or(|sender| sender.is_owner);
        let window = card.context_tokens;
        let bytes = usize::try_from(window.saturating_mul(BYTES_PER_TOKEN)).unwrap_or(usize::MAX);
        let (files, history) = tokio::join!(
            files(&snapshot, &begun.agent_id, request.chat, toolbox.reaches_files()),
            async {
                match &begun.opening {
                    // What was kept in the moment in which the turn began need not be read.
                    Some(opening) => Ok(Arc::new(opening.clone())),
                    None => {
                        shared
                            .recall
                            .read(&shared.state, &session.session_id, bytes)
                            .await
                    }
                }
            }
        );
        let mut definitions = toolbox.definitions();
        // A name that is taken stays what it is.
        let client_tools: Vec<_> = request
            .tools
            .iter()
            .filter(|tool| definitions.iter().all(|own| own.name != tool.name))
            .map(|tool| ToolDefinition {
                name: tool.name.clone(),
                description: tool.description.clone(),
                parameters: tool.parameters.clone(),
            })
            .collect();
        let client_names = client_tools.iter().map(|tool| tool.name.clone()).collect();
        definitions.extend(client_tools);
        let system = system(&Prompted {
            snapshot: &snapshot,
            begun,
            definitions: &definitions,
            files: &files,
            model: &model,
            reaches_files: toolbox.reaches_files(),
            sandbox: sandbox_of(shared, &snapshot, begun)?,
            leaves_sandbox: elevated.is_some_and(|level| level != Level::Off),
            time_zone: &card.time_zone,
        });
        let answer = info.max_tokens.unwrap_or(ANSWER).min(window / 4);
        let tools: usize = definitions
            .iter()
            .map(|tool| context::tokens(&tool.description) + context::tokens(&tool.parameters.to_string()))
            .sum();
        let taken = context::tokens(&system) + tools;
        let room = usize::try_from(window - answer)
            .unwrap_or(usize::MAX)
            .saturating_sub(taken);
        Ok(Self {
            card,
            model,
            thinking,
            max_tokens: request.max_tokens,
            temperature: request.temperature,
            toolbox,
            definitions,
            client_names,
            system,
            history: history?,
            room,
            is_owner,
        })
    }

    /// Whether whoever asked runs this tool itself.
    pub(crate) fn is_client_tool(&self, name: &str) -> bool {
        self.client_names.iter().any(|known| known == name)
    }

    /// What can be said of the session, after an answer that took `used` tokens, with `waiting` turns behind it.
    pub(crate) fn card(&self, used: u64, waiting: usize) -> Card {
        let mut card = self.card.clone();
        card.waiting = waiting;
        if used > 0 {
            card.used_tokens = used;
        }
        card
    }
}

/// The tools that a request has in a session.
fn toolbox(
    shared: &Shared,
    snapshot: &Snapshot<Config>,
    key: &Key,
    request: &Request,
    subject: Subject,
    reach: Reach,
) -> Toolbox {
    let agent = subject.agent.clone();
    let inside = subject.is_sandboxed.then(|| Inside {
        sandboxes: shared.sandboxes.clone(),
        snapshot: snapshot.clone(),
        agent: agent.clone(),
        session: policy_key(key, &agent, request).to_string(),
        workspace: workspace::path_of(snapshot, &agent),
    });
    let files: Option<Arc<dyn FileTools>> = match (&inside, subject.machine) {
        (Some(inside), _) => Some(Arc::new(inside.clone())),
        (None, Machine::Host) => Some(Arc::new(OnMachine::new(workspace::path_of(snapshot, &agent)))),
        (None, Machine::Sandbox | Machine::Nowhere) => None,
    };
    let toolbox = Toolbox::open(
        shared.host.as_ref(),
        Standing {
            sources: Sources::from(&**snapshot),
            subject,
            files,
        },
    );
    toolbox.equip(bench(shared, snapshot, &agent, key, request, (inside, reach)))
}

/// How far the commands of a turn go.
fn reach(config: &Config, begun: &Begun) -> Reach {
    let entry = object(&begun.session.entry);
    Reach::of(
        config,
        &begun.agent_id,
        Person::of(&begun.request).as_ref(),
        begun.command.as_ref().and_then(Command::inline_level),
        elevated::set_in(&entry),
    )
}

/// What `/elevated` is answered.
pub(crate) fn elevated_text(config: &Config, begun: &Begun, is_set: bool) -> String {
    let is_inside = Key::parse(&begun.session.key, &begun.agent_id).is_ok_and(|key| {
        let rights = policy_key(&key, &begun.agent_id, &begun.request);
        is_sandboxed(config, &begun.agent_id, &rights)
    });
    command::elevated_text(&reach(config, begun), is_inside, is_set)
}

/// The turn of a request in a session, as far as it decides which tools there are. `model` is a provider and an id;
/// `machine` says whether this gateway can run commands on its machine, and how far those of a sandboxed session go.
pub(crate) fn subject(
    config: &Config,
    agent: &str,
    key: &Key,
    request: &Request,
    model: Option<(String, String)>,
    (has_shell, reach): (bool, &Reach),
) -> Subject {
    let rights = policy_key(key, agent, request);
    let is_owner = request.sender.as_ref().is_none_or(|sender| sender.is_owner);
    let is_sandboxed = is_sandboxed(config, agent, &rights);
    let may_leave = is_sandboxed && reach.may_leave();
    let has_machine = has_shell && (may_leave || (is_owner && rights.is_main()));
    Subject {
        agent: agent.to_owned(),
        model,
        room: Room::of(key, request),
        sender: Person::of(request),
        is_owner,
        is_sandboxed,
        // Only what is trusted with this machine runs on it.
        machine: match (is_sandboxed, rights.is_main()) {
            (true, _) => Machine::Sandbox,
            (false, true) => Machine::Host,
            (false, false) => Machine::Nowhere,
        },
        commands: exec::machine_of(config, agent, is_sandboxed, has_machine, reach),
        subagent: Subagent::of(key, config),
        caps: None,
    }
}

/// What commands of a request are run with; none if it may run none.
fn bench(
    shared: &Shared,
    snapshot: &Snapshot<Config>,
    agent: &str,
    key: &Key,
    request: &Request,
    (sandbox, elevated): (Option<Inside>, Reach),
) -> Option<Bench> {
    let is_owner = request.sender.as_ref().is_none_or(|sender| sender.is_owner);
    let is_trusted = is_owner && policy_key(key, agent, request).is_main();
    let may_leave = sandbox.is_some() && elevated.may_leave();
    let scope = sandbox.as_ref().map(Inside::scope);
    let known = shared.machine.as_ref();
    let environment =
        known.and_then(|machine| PATIENCE.iter().find_map(|name| machine.variable(name)?.to_str()));
    let settings = Settings::of(
        &snapshot.config,
        agent,
        environment.and_then(|ms| ms.parse().ok()),
    );
    let workspace = workspace::path_of(snapshot, agent);
    Some(Bench {
        jobs: shared.jobs.clone(),
        machine: known
            .filter(|_| is_trusted || may_leave)
            .map(|machine| machine.with(workspace.clone(), settings.prepended.clone())),
        sandbox: sandbox.map(|sandbox| Arc::new(sandbox) as Arc<dyn Runner>),
        scope,
        gate: shared.gate.clone(),
        notes: shared.notes.clone(),
        settings,
        agent: agent.to_owned(),
        session: key.to_string(),
        workspace,
        elevated,
        has_process: false,
    })
}

/// What the sandbox can and cannot that a turn's tools run in. None: in none, or in one that is not there, which each tool
/// says by itself.
fn sandbox_of(shared: &Shared, snapshot: &Snapshot<Config>, begun: &Begun) -> Result<Option<Abilities>> {
    let (agent, request) = (begun.agent_id.as_str(), &begun.request);
    let key = Key::parse(&begun.session.key, agent)?;
    let config = &snapshot.config;
    if !is_sandboxed(config, agent, &policy_key(&key, agent, request)) {
        return Ok(None);
    }
    let backend = shared.sandboxes.as_ref();
    let backend = backend.and_then(|all| all.backend(&Rules::of(config, agent), "exec").ok());
    Ok(backend.map(|backend| backend.about()))
}

/// Whether the tools of a session run in a sandbox. `rights` is the key by which they are decided.
fn is_sandboxed(config: &Config, agent: &str, rights: &Key) -> bool {
    Rules::of(config, agent).is_sandboxed(rights.is_main())
}

/// The model that a session was set to.
pub(crate) fn chosen_model(entry: &Map<String, Value>) -> Option<String> {
    let model = entry.get("modelOverride")?.as_str()?;
    match entry.get("providerOverride").and_then(Value::as_str) {
        Some(provider) => Some(format!("{provider}/{model}")),
        None => Some(model.to_owned()),
    }
}

fn thinking(config: &Config, agent: &str, request: &Request, entry: &Map<String, Value>) -> Option<Thinking> {
    let named = request.thinking.as_deref();
    let named = named.or_else(|| entry.get("thinkingLevel").and_then(Value::as_str));
    let level = named.and_then(|name| serde_json::from_value(Value::String(name.to_lowercase())).ok());
    let own = config
        .agents
        .entries
        .get(agent)
        .and_then(|agent| agent.thinking_default);
    level.or(own).or(config.agents.defaults.thinking_default)
}

/// Has an agent's workspace made if it is not there, as a turn has it with its files.
pub(crate) async fn need_workspace(shared: &Shared, agent: &str) {
    let snapshot = shared.config.get();
    let path = workspace::path_of(&snapshot, agent);
    if path.is_dir() {
        return;
    }
    let create = move || workspace::create(&path, &snapshot.config);
    if let Ok(Err(error)) = tokio::task::spawn_blocking(create).await {
        tracing::warn!(%error, "an agent goes without its workspace");
    }
}

async fn files(
    snapshot: &Snapshot<Config>,
    agent: &str,
    chat: Chat,
    reaches_files: bool,
) -> Vec<workspace::File> {
    let (snapshot, agent) = (snapshot.clone(), agent.to_owned());
    let look = move || {
        let config = &snapshot.config;
        let path = workspace::path_of(&snapshot, &agent);
        if let Err(error) = workspace::create(&path, config) {
            tracing::warn!(%error, "an agent goes without its workspace");
            return Vec::new();
        }
        let own = config
            .agents
            .entries
            .get(&agent)
            .and_then(|agent| agent.context_injection);
        match own.unwrap_or(config.agents.defaults.context_injection) {
            ContextInjection::Never => Vec::new(),
            _ => workspace::read(&path, chat == Chat::Direct),
        }
    };
    let mut found = tokio::task::spawn_blocking(look).await.unwrap_or_default();
    // The first conversation writes files; where that cannot be done it is not asked for.
    if !reaches_files {
        found.retain(|file| file.name != "BOOTSTRAP.md");
    }
    found
}

struct Prompted<'a> {
    snapshot: &'a Snapshot<Config>,
    begun: &'a Begun,
    definitions: &'a [ToolDefinition],
    files: &'a [workspace::File],
    model: &'a Model,
    reaches_files: bool,
    sandbox: Option<Abilities>,
    /// Whether its commands run on this machine all the same.
    leaves_sandbox: bool,
    time_zone: &'a str,
}

fn system(given: &Prompted<'_>) -> String {
    let config = &given.snapshot.config;
    let defaults = &config.agents.defaults;
    let own = config.agents.entries.get(&given.begun.agent_id);
    let workspace = workspace::path_of(given.snapshot, &given.begun.agent_id);
    let workspace = workspace.display().to_string();
    let tools: Vec<_> = given
        .definitions
        .iter()
        .map(|tool| (tool.name.clone(), first_sentence(&tool.description)))
        .collect();
    let owners: Vec<_> = config
        .commands
        .owner_allow_from
        .iter()
        .map(|owner| owner.as_str().to_owned())
        .collect();
    let request = &given.begun.request;
    let channel = request.route.as_ref().map(|route| route.channel.clone());
    let runtime = [
        ("agent", given.begun.agent_id.clone()),
        ("os", std::env::consts::OS.to_owned()),
        ("model", given.model.reference()),
        ("channel", channel.unwrap_or_else(|| "webchat".to_owned())),
    ];
    let chars = |own: Option<u64>, shared: u64| usize::try_from(own.unwrap_or(shared)).unwrap_or(usize::MAX);
    prompt::write(&Facts {
        name: own.and_then(|agent| agent.identity.name.as_deref().or(agent.name.as_deref())),
        tools: &tools,
        // Inside of a sandbox it has another name, which is told with that.
        workspace: (given.reaches_files && given.sandbox.is_none()).then_some(workspace.as_str()),
        sandbox: given
            .sandbox
            .as_ref()
            .map(|about| (about.can.as_str(), about.cannot.as_str())),
        leaves_sandbox: given.leaves_sandbox,
        files: given.files,
        file_chars: chars(
            own.and_then(|agent| agent.bootstrap_max_chars),
            defaults.bootstrap_max_chars,
        ),
        total_chars: chars(
            own.and_then(|agent| agent.bootstrap_total_max_chars),
            defaults.bootstrap_total_max_chars,
        ),
        owners: &owners,
        time_zone: given.time_zone,
        extra: request.extra_system_prompt.as_deref(),
        is_group: request.chat != Chat::Direct,
        runtime: &runtime,
    })
}

fn first_sentence(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let end = line.find(". ").map_or(line.len(), |at| at + 1);
    line.get(..end)
        .unwrap_or_default()
        .chars()
        .take(ABOUT_CHARS)
        .collect()
}
