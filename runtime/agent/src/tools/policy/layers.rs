//! The layers of lists, from the config and for one turn.

use std::collections::BTreeMap;

use openclaw_config::Path;
use openclaw_config::tree::Config;
use openclaw_config::tree::sandbox::{SandboxMode, WorkspaceAccess};
use openclaw_config::tree::tools::{AgentTools, ToolLists, ToolPolicy, ToolProfile};

use super::lists::{Allow, Filter, List, Origin};
use super::names::{fold, is_about};
use super::rule::{Effect, Key, Layer, Rule};
use super::sandbox::SandboxTools;
use super::subject::Subject;
use super::{Sources, rooms, senders};
use crate::tools::files::offers_patch;

/// What only the owner gets of the gateway's own tools.
const OWNERS: &[&str] = &["automations", "gateway", "nodes", "whatsapp_login"];
/// What agents that agents start never have: what speaks for the person or changes the gateway.
const NOT_FOR_SUBAGENTS: &[&str] = &[
    "gateway",
    "agents_list",
    "session_status",
    "automations",
    "message",
    "sessions_send",
    "conversations_*",
];
/// What those of them do not have that may start none themselves.
const NOT_FOR_LEAVES: &[&str] = &["subagents", "sessions_list", "sessions_history", "sessions_spawn"];

/// The sets of tools to start from.
const PROFILES: [(ToolProfile, &str, &[&str]); 4] = [
    (ToolProfile::Minimal, "minimal", &["session_status"]),
    (
        ToolProfile::Coding,
        "coding",
        &[
            "group:fs",
            "group:runtime",
            "group:sessions",
            "group:memory",
            "group:web",
            "automations",
            "view_image",
            "image_generate",
            "music_generate",
            "video_generate",
            "bundle-mcp",
        ],
    ),
    (
        ToolProfile::Messaging,
        "messaging",
        &[
            "group:messaging",
            "sessions_list",
            "sessions_history",
            "sessions_send",
            "session_status",
            "bundle-mcp",
        ],
    ),
    (ToolProfile::Full, "full", &[]),
];

/// The names of the profiles that have a tool of the gateway's own, besides the one that has everything.
pub fn profiles_of(tool: &str) -> Vec<&'static str> {
    let named = PROFILES
        .iter()
        .filter(|(_, _, entries)| entries.iter().any(|entry| is_about(entry, tool, None)));
    named.map(|(_, word, _)| *word).collect()
}

pub(super) fn is_for_owner(tool: &str) -> bool {
    OWNERS.contains(&fold(tool).as_str())
}

pub(super) fn mode_word(mode: SandboxMode) -> &'static str {
    match mode {
        SandboxMode::Off => "off",
        SandboxMode::NonMain => "non-main",
        SandboxMode::All => "all",
    }
}

/// What keeps `apply_patch` away: its switch, or the models that it is for.
pub(super) fn patch(config: &Config, subject: &Subject) -> Option<Rule> {
    let model = subject
        .model
        .as_ref()
        .map(|(provider, id)| format!("{provider}/{id}"));
    if offers_patch(config, &subject.agent, model.as_deref()) {
        return None;
    }
    let own = config.agents.entries.get(&subject.agent);
    let own = own.and_then(|own| own.tools.as_ref()?.exec.as_ref()?.apply_patch.as_ref());
    let path = match own {
        Some(_) => Path::of(["agents", "entries", &subject.agent, "tools", "exec", "applyPatch"]),
        None => Path::of(["tools", "exec", "applyPatch"]),
    };
    let (name, why) = match own.unwrap_or(&config.tools.exec.apply_patch).enabled {
        false => ("enabled", "it is switched off"),
        true => ("allowModels", "it is for other models"),
    };
    Some(Rule {
        layer: Layer::Switch,
        key: Some(Key {
            path: path.key(name),
            is_default: false,
        }),
        entry: None,
        effect: Effect::Refused(why),
    })
}

/// What keeps the tools that change files away: a sandboxed session is lent the agent's workspace to read.
pub(super) fn lent(config: &Config, subject: &Subject) -> Option<Rule> {
    let own = config.agents.entries.get(&subject.agent);
    let own = own.and_then(|agent| agent.sandbox.as_ref()?.workspace_access);
    let access = own.or(config.agents.defaults.sandbox.workspace_access);
    if !subject.is_sandboxed || access != Some(WorkspaceAccess::Ro) {
        return None;
    }
    let path = match own {
        Some(_) => Path::of(["agents", "entries", &subject.agent, "sandbox"]),
        None => Path::of(["agents", "defaults", "sandbox"]),
    };
    Some(Rule {
        layer: Layer::Switch,
        key: Some(Key {
            path: path.key("workspaceAccess"),
            is_default: false,
        }),
        entry: Some("ro".to_owned()),
        effect: Effect::Refused("the agent's workspace is lent to be read"),
    })
}

/// All layers of lists, in their order.
pub(super) fn all(sources: Sources<'_>, subject: &Subject) -> Vec<Filter> {
    let config = sources.config;
    let tools = &config.tools;
    let own = config
        .agents
        .entries
        .get(&subject.agent)
        .and_then(|agent| agent.tools.as_ref());
    let shared_path = Path::of(["tools"]);
    let own_path = Path::of(["agents", "entries", &subject.agent, "tools"]);
    let none = AgentTools::default();
    let own = own.unwrap_or(&none);
    let shared_provider = by_provider(&shared_path, &tools.by_provider, subject);
    let own_provider = by_provider(&own_path, &own.by_provider, subject);
    vec![
        profile(
            Layer::Profile,
            &[
                Scope::new(&own_path, own.profile, own.also_allow.as_ref()),
                Scope::new(&shared_path, tools.profile, tools.also_allow.as_ref()),
            ],
        ),
        profile(
            Layer::ProviderProfile,
            &[&own_provider, &shared_provider]
                .into_iter()
                .flatten()
                .map(|(path, policy)| Scope::new(path, policy.profile, policy.also_allow.as_ref()))
                .collect::<Vec<_>>(),
        ),
        // What is listed beside a profile is merged into it, and takes nothing away here.
        plain(
            Layer::Global,
            &shared_path,
            tools.allow.as_ref(),
            None,
            tools.deny.as_ref(),
        ),
        provider(Layer::Provider, shared_provider.as_ref(), subject),
        plain(
            Layer::Agent,
            &own_path,
            own.allow.as_ref(),
            None,
            own.deny.as_ref(),
        ),
        provider(Layer::AgentProvider, own_provider.as_ref(), subject),
        room(sources, subject),
        sender(Layer::Sender, &shared_path, &tools.tools_by_sender, subject),
        sender(Layer::AgentSender, &own_path, &own.tools_by_sender, subject),
        match subject.is_sandboxed {
            true => SandboxTools::of(config, &subject.agent).into_filter(),
            false => Filter::silent(Layer::Sandbox, "the session is not sandboxed"),
        },
        subagent(sources, subject),
        run(subject),
    ]
}

/// Where a profile may be chosen.
struct Scope<'a> {
    path: &'a Path,
    profile: Option<ToolProfile>,
    also: Option<&'a Vec<String>>,
}

impl<'a> Scope<'a> {
    fn new(path: &'a Path, profile: Option<ToolProfile>, also: Option<&'a Vec<String>>) -> Self {
        Self { path, profile, also }
    }
}

/// The set to start from: the first scope that says one, and the first that adds to it.
fn profile(layer: Layer, scopes: &[Scope<'_>]) -> Filter {
    let chosen = scopes
        .iter()
        .find_map(|scope| Some((scope.path.key("profile"), scope.profile?)));
    let also = scopes
        .iter()
        .find_map(|scope| Some(List::written(scope.path.key("alsoAllow"), scope.also?)));
    let mut filter = Filter::silent(layer, "no profile is set");
    let Some((path, profile)) = chosen else {
        filter.named.extend(also);
        return filter;
    };
    let Some((_, word, entries)) = PROFILES.iter().find(|(known, _, _)| *known == profile) else {
        return filter;
    };
    let base = List {
        path: Some(path),
        origin: Origin::Word((*word).to_owned()),
        entries: entries.iter().map(|&entry| entry.to_owned()).collect(),
    };
    match base.entries.is_empty() {
        true => {
            filter.silence = "the profile is \"full\", which is everything";
            filter.named.extend(also);
        }
        false => filter.allow = Allow::Only(std::iter::once(base).chain(also).collect()),
    }
    filter
}

/// The lists of one scope.
fn plain(
    layer: Layer,
    path: &Path,
    allow: Option<&Vec<String>>,
    also: Option<&Vec<String>>,
    deny: Option<&Vec<String>>,
) -> Filter {
    let mut filter = Filter::silent(layer, "it lists nothing");
    let allow = allow.map(|entries| List::written(path.key("allow"), entries));
    let also = also.map(|entries| List::written(path.key("alsoAllow"), entries));
    match allow {
        Some(allow) if !allow.entries.is_empty() => {
            filter.allow = Allow::Only(std::iter::once(allow).chain(also).collect());
        }
        // In addition to everything.
        _ => filter.named.extend(also),
    }
    filter.deny = deny
        .map(|entries| List::written(path.key("deny"), entries))
        .into_iter()
        .collect();
    if !filter.deny.is_empty() || !filter.named.is_empty() {
        filter.silence = "it does not take it away";
    }
    filter
}

fn of_lists(layer: Layer, path: &Path, lists: &ToolLists) -> Filter {
    plain(
        layer,
        path,
        lists.allow.as_ref(),
        lists.also_allow.as_ref(),
        lists.deny.as_ref(),
    )
}

/// The entry for the model, else the one for its provider.
fn by_provider<'c>(
    path: &Path,
    policies: &'c BTreeMap<String, ToolPolicy>,
    subject: &Subject,
) -> Option<(Path, &'c ToolPolicy)> {
    let (provider, model) = subject.model.as_ref()?;
    let exact = format!("{provider}/{model}");
    let find = |wanted: &str| {
        let (key, policy) = policies
            .iter()
            .find(|(key, _)| key.trim().eq_ignore_ascii_case(wanted))?;
        Some((path.key("byProvider").key(key), policy))
    };
    find(&exact).or_else(|| find(provider))
}

fn provider(layer: Layer, found: Option<&(Path, &ToolPolicy)>, subject: &Subject) -> Filter {
    match found {
        None if subject.model.is_none() => Filter::silent(layer, "the model is not known"),
        None => Filter::silent(layer, "it says nothing about the model or its provider"),
        // What is listed in addition is merged into the profile.
        Some((path, policy)) => plain(layer, path, policy.allow.as_ref(), None, policy.deny.as_ref()),
    }
}

fn room(sources: Sources<'_>, subject: &Subject) -> Filter {
    let Some(room) = &subject.room else {
        return Filter::silent(
            Layer::Room,
            "the session belongs to no group or chat of a channel",
        );
    };
    match rooms::find(sources.channels, room, subject.sender.as_ref()) {
        Some((path, lists)) => of_lists(Layer::Room, &path, &lists),
        None => Filter::silent(Layer::Room, "its channel says nothing of tools there"),
    }
}

fn sender(layer: Layer, path: &Path, by_sender: &BTreeMap<String, ToolLists>, subject: &Subject) -> Filter {
    if by_sender.is_empty() {
        return Filter::silent(layer, "it says nothing of senders");
    }
    if subject.sender.is_none() {
        return Filter::silent(layer, "nobody wrote on a channel");
    }
    let keys = by_sender.keys().map(String::as_str);
    let found = senders::find(keys, subject.sender.as_ref());
    match found.and_then(|key| Some((key, by_sender.get(key)?))) {
        Some((key, lists)) => of_lists(layer, &path.key("toolsBySender").key(key), lists),
        None => Filter::silent(layer, "it says nothing of this sender"),
    }
}

fn subagent(sources: Sources<'_>, subject: &Subject) -> Filter {
    let Some(agent) = subject.subagent else {
        return Filter::silent(Layer::Subagent, "the agent was started by none");
    };
    let path = Path::of(["tools", "subagents", "tools"]);
    let mut filter = of_lists(Layer::Subagent, &path, &sources.config.tools.subagents.tools);
    let never = |names: &[&str], why| List {
        path: None,
        origin: Origin::Always(why),
        entries: names.iter().map(|&name| name.to_owned()).collect(),
    };
    filter.deny.push(never(
        NOT_FOR_SUBAGENTS,
        "an agent that an agent started never has it",
    ));
    if agent.is_leaf {
        filter.deny.push(never(
            NOT_FOR_LEAVES,
            "an agent that may start none itself never has it",
        ));
    }
    filter.silence = "it does not take it away";
    filter
}

fn run(subject: &Subject) -> Filter {
    let mut filter = Filter::silent(Layer::Run, "the run has every tool of its session");
    if let Some(caps) = &subject.caps {
        filter.allow = Allow::Only(vec![List {
            path: None,
            origin: Origin::Always("the run was given other tools only"),
            entries: caps.clone(),
        }]);
    }
    filter
}
