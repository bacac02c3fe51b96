//! For whom it is decided which tools there are.

use openclaw_config::tree::Config;
use openclaw_config::tree::sandbox::SandboxMode;

use crate::request::{Chat, Origin, Request};
use crate::session::Key;

/// Where tools run that need a machine: files and commands.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Machine {
    /// On the gateway's own, with its owner's power.
    Host,
    /// In the session's sandbox.
    Sandbox,
    /// Nowhere.
    #[default]
    Nowhere,
}

/// A turn, as far as it decides which tools there are.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Subject {
    /// The agent's id.
    pub agent: String,
    /// The model's provider and its id there, if they are known.
    pub model: Option<(String, String)>,
    /// The group or chat on a channel.
    pub room: Option<Room>,
    /// Who wrote on a channel; none for the gateway's own clients.
    pub sender: Option<Person>,
    /// Whether whoever asks is the owner.
    pub is_owner: bool,
    /// Whether the session is sandboxed.
    pub is_sandboxed: bool,
    /// Where files are.
    pub machine: Machine,
    /// Where commands run.
    pub commands: Machine,
    /// For agents that an agent started.
    pub subagent: Option<Subagent>,
    /// The only tools that the run was given. Empty: none.
    pub caps: Option<Vec<String>>,
}

/// A group or chat on a channel.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Room {
    /// The channel's id.
    pub channel: String,
    /// The account on it.
    pub account: Option<String>,
    /// Whether it is a chat with one person.
    pub is_direct: bool,
    /// The ids that it may stand under.
    pub ids: Vec<String>,
}

/// Who wrote.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Person {
    /// The channel's id.
    pub channel: String,
    /// The platform's ids of them, telephone numbers with `+`.
    pub ids: Vec<String>,
    /// Their short name there.
    pub username: Option<String>,
    /// What they are called there.
    pub name: Option<String>,
}

/// An agent that an agent started.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Subagent {
    /// Whether it may start none itself.
    pub is_leaf: bool,
}

impl Subagent {
    /// Whether a session is one of such an agent, by its key.
    pub fn of(key: &Key, config: &Config) -> Option<Self> {
        let depth = key.rest().split(':').filter(|part| *part == "subagent").count();
        let most = config.agents.defaults.subagents.max_spawn_depth;
        (depth > 0).then(|| Self {
            is_leaf: u32::try_from(depth).is_ok_and(|depth| depth >= most),
        })
    }
}

impl Room {
    /// The room that a request came from, else the one that its session belongs to.
    pub fn of(key: &Key, request: &Request) -> Option<Self> {
        if let (Origin::Channel | Origin::Http, Some(route)) = (request.origin, &request.route) {
            let mut ids = vec![route.to.clone()];
            if let Some(sender) = request.sender.as_ref().filter(|_| request.chat == Chat::Direct) {
                ids.push(sender.id.clone());
            }
            // A room that has moved is known by its former id too, which the session keeps.
            ids.extend(Self::of_key(key).into_iter().flat_map(|room| room.ids));
            ids.dedup();
            return Some(Self {
                channel: route.channel.clone(),
                account: Some(route.account.clone()),
                is_direct: request.chat == Chat::Direct,
                ids,
            });
        }
        Self::of_key(key)
    }

    /// The room that a session belongs to, by its key.
    pub fn of_key(key: &Key) -> Option<Self> {
        let (base, _) = key.thread();
        let rest = base.strip_prefix("agent:")?.split_once(':')?.1;
        let (head, id, is_direct) = [(":direct:", true), (":group:", false), (":channel:", false)]
            .into_iter()
            .find_map(|(kind, is_direct)| {
                let (head, id) = rest.split_once(kind)?;
                Some((head, id, is_direct))
            })?;
        let (channel, account) = match head.split_once(':') {
            Some((channel, account)) => (channel, Some(account.to_owned())),
            None => (head, None),
        };
        let mut ids = vec![id.to_owned()];
        // A topic belongs to its group.
        if let Some((group, _)) = id.rsplit_once(":topic:") {
            ids.push(group.to_owned());
        }
        Some(Self {
            channel: channel.to_owned(),
            account,
            is_direct,
            ids,
        })
    }
}

impl Person {
    /// Whoever sent a request on a channel.
    pub fn of(request: &Request) -> Option<Self> {
        let sender = request.sender.as_ref()?;
        let ids = std::iter::once(&sender.id).chain(&sender.other_ids);
        Some(Self {
            channel: sender.channel.clone(),
            ids: ids.filter(|id| !id.is_empty()).cloned().collect(),
            username: sender.username.clone(),
            name: sender.name.clone(),
        })
    }
}

/// Which sessions of an agent are sandboxed, and whether the agent itself says so.
pub fn sandbox_mode(config: &Config, agent: &str) -> (SandboxMode, bool) {
    let own = config.agents.entries.get(agent);
    let own = own.and_then(|agent| agent.sandbox.as_ref()?.mode);
    let shared = config.agents.defaults.sandbox.mode;
    (own.or(shared).unwrap_or(SandboxMode::Off), own.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{Route, Sender};

    fn room(key: &str) -> Option<Room> {
        Room::of_key(&Key::parse(key, "main").unwrap())
    }

    #[test]
    fn a_session_tells_its_room_and_a_topic_its_group() {
        let found = room("agent:main:telegram:group:-7:topic:3").unwrap();
        assert_eq!((found.channel.as_str(), found.is_direct), ("telegram", false));
        assert_eq!(found.ids, ["-7:topic:3", "-7"]);
        let found = room("agent:main:telegram:home:direct:42").unwrap();
        assert_eq!(
            (found.account.as_deref(), found.is_direct, found.ids.as_slice()),
            (Some("home"), true, ["42".to_owned()].as_slice())
        );
        assert_eq!(room("agent:main:slack:channel:c1:thread:9").unwrap().ids, ["c1"]);
        assert_eq!((room("main"), room("desk"), room("global")), (None, None, None));
    }

    #[test]
    fn a_message_tells_the_room_that_it_came_from_also_in_the_main_session() {
        let request = Request {
            sender: Some(Sender {
                id: "42".to_owned(),
                ..Sender::default()
            }),
            route: Some(Route {
                channel: "telegram".to_owned(),
                to: "chat-42".to_owned(),
                ..Route::default()
            }),
            origin: Origin::Channel,
            ..Request::default()
        };
        let found = Room::of(&Key::main("main"), &request).unwrap();
        assert_eq!(found.ids, ["chat-42", "42"]);
        assert_eq!(Room::of(&Key::main("main"), &Request::default()), None);
    }

    #[test]
    fn an_agent_says_for_itself_which_sessions_are_sandboxed() {
        let mut config = Config::default();
        assert_eq!(sandbox_mode(&config, "work"), (SandboxMode::Off, false));
        config.agents.defaults.sandbox.mode = Some(SandboxMode::NonMain);
        let own = config.agents.entries.entry("work".to_owned()).or_default();
        own.sandbox = Some(Default::default());
        assert_eq!(sandbox_mode(&config, "work"), (SandboxMode::NonMain, false));
        let own = config.agents.entries.entry("work".to_owned()).or_default();
        own.sandbox.as_mut().unwrap().mode = Some(SandboxMode::All);
        assert_eq!(sandbox_mode(&config, "work"), (SandboxMode::All, true));
    }

    #[test]
    fn the_deepest_agents_may_start_none() {
        let mut config = Config::default();
        config.agents.defaults.subagents.max_spawn_depth = 2;
        let of = |key: &str| Subagent::of(&Key::parse(key, "main").unwrap(), &config);
        assert_eq!(of("main"), None);
        assert_eq!(of("agent:main:subagent:a"), Some(Subagent { is_leaf: false }));
        assert_eq!(
            of("agent:main:subagent:a:subagent:b"),
            Some(Subagent { is_leaf: true })
        );
    }
}
