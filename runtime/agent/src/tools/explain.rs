//! Which tools a session has, which rule decided each, and the command that would change it.
//!
//! **Promise.** What is told is decided by the same code as a turn's tools, for the next message of the session as
//! its key tells who will have written it: the owner in a session of the gateway's own, the person of a direct chat,
//! somebody unknown in a group. **Cost.** A walk over the config for each tool; nothing is started.

use openclaw_components::ToolSpec;
use openclaw_config::tree::Config;
use openclaw_config::tree::tools::ToolProfile;
use openclaw_policy::PluginId;
use serde_json::{Map, Value, json};

use super::elevated::{Level, Reach};
use super::policy::{Change, Person, Policy, Room, Rule, Sources, Subject, Tool, Verdict, fold};
use super::{Core, ToolInfo, component};
use crate::request::{Chat, Origin, Request, Route, Sender};
use crate::scene;
use crate::session::Key;

/// A session that is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The config.
    pub sources: Sources<'a>,
    /// The session.
    pub key: &'a Key,
    /// Its agent.
    pub agent: &'a str,
    /// The model's provider and its id there; none: what the config says.
    pub model: Option<(&'a str, &'a str)>,
    /// The tools of extensions that are enabled.
    pub extensions: &'a [(PluginId, ToolSpec)],
    /// Whether the gateway can run commands on its machine.
    pub has_shell: bool,
    /// How far the session was set to let its commands go.
    pub elevated: Option<Level>,
}

/// Which tools a session has, and why.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The session.
    pub session_key: String,
    /// For whom it was decided.
    pub subject: Subject,
    /// The profile that holds.
    pub profile: &'static str,
    /// All tools that are built in or that an enabled extension brings.
    pub tools: Vec<Explained>,
    /// How far its commands go.
    pub reach: Reach,
}

/// A tool, and whether a session has it.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The tool.
    pub tool: ToolInfo,
    /// Whether it waits to be listed.
    pub is_opt_in: bool,
    /// Whether it is there, and what decided.
    pub verdict: Verdict,
    /// What each layer says, in their order.
    pub rules: Vec<Rule>,
    /// The command after which it is otherwise; none where the config does not decide.
    pub change: Option<Change>,
}

impl Explanation {
    /// Answers the question.
    pub fn of(question: &Question<'_>) -> Self {
        let config = question.sources.config;
        let model = match question.model {
            Some((provider, id)) => Some((provider.to_owned(), id.to_owned())),
            None => configured(config, question.agent),
        };
        let request = next_request(config, question.key);
        let person = Person::of(&request);
        let reach = Reach::of(config, question.agent, person.as_ref(), None, question.elevated);
        let subject = scene::subject(
            config,
            question.agent,
            question.key,
            &request,
            model,
            (question.has_shell, &reach),
        );
        let policy = Policy::of(question.sources, subject);
        let explain = |tool: ToolInfo, facts: Tool<'_>| {
            let rules: Vec<_> = policy.rules(&facts).collect();
            let verdict = policy.judge(&facts);
            let change = match verdict.allowed {
                true => Some(policy.take(question.sources, &facts)),
                false => policy.give(question.sources, &facts, &verdict.rule),
            };
            Explained {
                tool,
                is_opt_in: facts.is_opt_in,
                verdict,
                rules,
                change,
            }
        };
        let core = Core::all().map(|core| explain(core.info(), core.tool()));
        let extensions = question
            .extensions
            .iter()
            .filter(|(_, tool)| Core::all().all(|core| core.name() != tool.name))
            .map(|(id, tool)| explain(component::info(id, tool), component::tool(id, tool)));
        Self {
            session_key: question.key.to_string(),
            profile: profile(config, question.agent),
            tools: core.chain(extensions).collect(),
            subject: policy.subject().clone(),
            reach,
        }
    }

    /// A tool by any of its names.
    pub fn find(&self, name: &str) -> Option<&Explained> {
        let name = fold(name);
        self.tools.iter().find(|known| fold(&known.tool.name) == name)
    }

    fn session(&self) -> Map<String, Value> {
        let subject = &self.subject;
        let mut told = Map::new();
        told.insert("sessionKey".to_owned(), json!(self.session_key));
        told.insert("agentId".to_owned(), json!(subject.agent));
        let model = subject
            .model
            .as_ref()
            .map(|(provider, id)| format!("{provider}/{id}"));
        told.insert("model".to_owned(), json!(model));
        told.insert("profile".to_owned(), json!(self.profile));
        told.insert("sandboxed".to_owned(), json!(subject.is_sandboxed));
        told.insert("owner".to_owned(), json!(subject.is_owner));
        told
    }

    /// All tools, for programs.
    pub fn to_value(&self) -> Value {
        let mut told = self.session();
        let tools = self.tools.iter().map(Explained::in_short);
        told.insert("tools".to_owned(), tools.collect());
        Value::Object(told)
    }

    /// One tool with every layer, for programs.
    pub fn of_tool(&self, name: &str) -> Value {
        let mut told = self.session();
        let Some(found) = self.find(name) else {
            told.insert("tool".to_owned(), json!(name));
            told.insert("available".to_owned(), json!(false));
            let text = "none of that name is built in, and no enabled extension brings one";
            let rule = json!({ "layer": "catalog", "verdict": "denies", "text": text });
            told.insert("decidedBy".to_owned(), rule);
            told.insert("layers".to_owned(), json!([]));
            return Value::Object(told);
        };
        if let Value::Object(short) = found.in_short() {
            told.extend(short);
        }
        let layers = found.rules.iter().map(Rule::to_value);
        told.insert("layers".to_owned(), layers.collect());
        Value::Object(told)
    }
}

impl Explained {
    fn in_short(&self) -> Value {
        let mut told = Map::new();
        told.insert("tool".to_owned(), json!(self.tool.name));
        let extension = self.tool.extension.as_ref();
        let source = if extension.is_some() { "plugin" } else { "core" };
        told.insert("source".to_owned(), json!(source));
        if let Some(id) = extension {
            told.insert("pluginId".to_owned(), json!(id.as_str()));
        }
        told.insert("available".to_owned(), json!(self.verdict.allowed));
        told.insert("decidedBy".to_owned(), self.verdict.rule.to_value());
        if let Some(change) = &self.change {
            let mut to = json!({
                "to": if self.verdict.allowed { "take" } else { "give" },
                "command": change.command,
            });
            if let (Some(note), Some(fields)) = (&change.note, to.as_object_mut()) {
                fields.insert("note".to_owned(), json!(note));
            }
            told.insert("change".to_owned(), to);
        }
        Value::Object(told)
    }
}

fn profile(config: &Config, agent: &str) -> &'static str {
    let own = config.agents.entries.get(agent);
    let own = own.and_then(|agent| agent.tools.as_ref()?.profile);
    match own.or(config.tools.profile) {
        Some(ToolProfile::Minimal) => "minimal",
        Some(ToolProfile::Coding) => "coding",
        Some(ToolProfile::Messaging) => "messaging",
        Some(ToolProfile::Full) | None => "full",
    }
}

/// The model that the config names for an agent, where it names a provider with it.
fn configured(config: &Config, agent: &str) -> Option<(String, String)> {
    let own = config.agents.entries.get(agent);
    let own = own.and_then(|agent| agent.model.as_ref()?.primary());
    let shared = || config.agents.defaults.model.as_ref()?.primary();
    let (provider, id) = own.or_else(shared)?.split_once('/')?;
    Some((provider.to_lowercase(), id.to_owned()))
}

/// The next message of a session, as far as its key tells whose it will be.
fn next_request(config: &Config, key: &Key) -> Request {
    let Some(room) = Room::of_key(key) else {
        return Request::default();
    };
    let id = room.ids.first().cloned().unwrap_or_default();
    let is_owner = room.is_direct && is_owner(config, &room.channel, &id);
    let account = room.account.unwrap_or_else(|| "default".to_owned());
    Request {
        origin: Origin::Channel,
        chat: if room.is_direct { Chat::Direct } else { Chat::Group },
        route: Some(Route {
            channel: room.channel.clone(),
            account: account.clone(),
            to: id.clone(),
            ..Route::default()
        }),
        sender: Some(Sender {
            channel: room.channel,
            account,
            id: if room.is_direct { id } else { String::new() },
            is_owner,
            ..Sender::default()
        }),
        ..Request::default()
    }
}

/// Whether somebody is listed as the owner, by an id with the channel before it or without one.
fn is_owner(config: &Config, channel: &str, id: &str) -> bool {
    config.commands.owner_allow_from.iter().any(|owner| {
        let owner = owner.as_str().trim();
        match owner.split_once(':') {
            Some((named, rest)) if named.eq_ignore_ascii_case(channel) => rest.eq_ignore_ascii_case(id),
            Some((named, _)) if config.channels.is_channel(named) => false,
            _ => owner == "*" || owner.eq_ignore_ascii_case(id),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explain(config: &Value, key: &str) -> Explanation {
        let typed = serde_json::from_value(config.clone()).unwrap();
        let channels = config.get("channels").cloned().unwrap_or_default();
        Explanation::of(&Question {
            sources: Sources {
                config: &typed,
                channels: &channels,
            },
            key: &Key::parse(key, "main").unwrap(),
            agent: "main",
            model: None,
            extensions: &[],
            has_shell: true,
            elevated: None,
        })
    }

    #[test]
    fn a_session_tells_whose_its_next_message_is() {
        let config = json!({"commands": {"ownerAllowFrom": ["telegram:42"]}});
        for (key, is_owner) in [
            ("main", true),
            ("agent:main:telegram:direct:42", true),
            ("agent:main:irc:direct:42", false),
            ("agent:main:telegram:direct:43", false),
            ("agent:main:telegram:group:42", false),
        ] {
            let subject = explain(&config, key).subject;
            assert_eq!(subject.is_owner, is_owner, "{key}");
        }
    }

    #[test]
    fn what_is_not_there_is_told_with_its_rule_and_what_would_change_it() {
        let config = json!({"tools": {"deny": ["write"]}, "agents": {"defaults": {"model": "openai/small"}}});
        let explanation = explain(&config, "main");
        assert_eq!(
            explanation.of_tool("write")["decidedBy"]["text"],
            "tools.deny[0] = \"write\" denies it"
        );
        assert_eq!(
            explanation.of_tool("WRITE")["change"]["command"],
            "openclaw config set tools.deny '[]'"
        );
        assert_eq!(explanation.of_tool("read")["available"], true);
        assert_eq!(
            explanation.of_tool("read")["layers"].as_array().unwrap().len(),
            16
        );
        assert_eq!(explanation.of_tool("nope")["decidedBy"]["layer"], "catalog");
        assert_eq!(explanation.to_value()["model"], "openai/small");
        let group = explain(&config, "agent:main:telegram:group:-7");
        assert_eq!(group.of_tool("read")["decidedBy"]["layer"], "machine");
    }
}
