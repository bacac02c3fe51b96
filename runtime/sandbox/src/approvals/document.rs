//! What stands in `exec-approvals.json`.
//!
//! **Promise.** Keys that are not known here are kept as they are. A value that is not understood is a fault that names
//! its place, and then nothing of the file counts. Entries of the agent `*` count for all; what older releases wrote for
//! the agent `default` counts for `main`. **Cost.** One walk.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::arguments;
use super::pattern::PATTERN_CHARS;
use super::policy::{Ask, Said, Security, Wish};

/// The agent whose entries count for all.
pub(super) const ALL: &str = "*";
/// The agent of older releases whose entries count for `main`: none that goes by this name has entries of its own.
pub const LEGACY_AGENT: &str = "default";
const HEIR: &str = "main";
/// The version of the file.
const VERSION: u64 = 1;
/// How much of a command an entry remembers, in characters.
const REMEMBERED_CHARS: usize = 300;
/// The source of entries that a person made by "always allow".
pub(super) const ALWAYS: &str = "allow-always";

/// The file's content.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    root: Map<String, Value>,
}

/// An entry of a list. What else stands in it is kept.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// What it is known by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Which programs it is for.
    pub pattern: String,
    /// Which arguments it is for. None: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arg_pattern: Option<String>,
    /// How it came into the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The command that was allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command_text: Option<String>,
    /// When it was last used, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<i64>,
    /// For which command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_command: Option<String>,
    /// Which program that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_resolved_path: Option<String>,
    /// When it ends, in milliseconds since 1970. None: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

/// An entry, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The agent in whose list it stands, `*` for all.
    pub agent: String,
    /// Its place in that list.
    pub at: usize,
    /// The entry.
    pub entry: Entry,
}

impl Listed {
    /// Where it stands, for people.
    pub fn place(&self) -> String {
        format!("exec-approvals.json agents.{}.allowlist[{}]", self.agent, self.at)
    }
}

/// What the file says for one agent.
#[derive(Clone, Debug, PartialEq)]
pub struct Stance {
    /// How strict it is.
    pub wish: Wish,
    /// What happens when nobody answers.
    pub fallback: Said<Security>,
    /// The list: first what counts for all, then the agent's own.
    pub list: Vec<Listed>,
}

impl Default for Document {
    fn default() -> Self {
        let mut root = Map::new();
        root.insert("version".to_owned(), json!(VERSION));
        root.insert("defaults".to_owned(), json!({}));
        root.insert("agents".to_owned(), json!({}));
        Self { root }
    }
}

impl Document {
    /// Takes a value for the content of the file. Err: what is wrong, and where.
    pub fn of(value: Value) -> Result<Self, String> {
        let Value::Object(mut root) = value else {
            return Err("it is not an object".to_owned());
        };
        match root.get("version").map(Value::as_u64) {
            Some(Some(VERSION)) => {}
            Some(Some(newer)) if newer > VERSION => {
                return Err(format!(
                    "it has version {newer}, and this program knows {VERSION}"
                ));
            }
            Some(_) => return Err(format!("version must be {VERSION}")),
            None => return Err(format!("it has no version; it must say \"version\": {VERSION}")),
        }
        check_socket(root.get("socket"))?;
        check_stance("defaults", root.get("defaults"))?;
        let agents = match root.remove("agents") {
            None => Map::new(),
            Some(Value::Object(agents)) => agents,
            Some(_) => return Err("agents must be an object".to_owned()),
        };
        let mut agents = with_entries(agents)?;
        merge_legacy(&mut agents);
        for (name, agent) in &agents {
            let place = format!("agents.{name}");
            check_stance(&place, Some(agent))?;
            check_list(&place, agent)?;
        }
        root.insert("agents".to_owned(), Value::Object(agents));
        Ok(Self { root })
    }

    /// The content as it is written.
    pub fn to_value(&self) -> Value {
        Value::Object(self.root.clone())
    }

    /// The content as it may be shown: without the socket's token.
    pub fn shown(&self) -> Value {
        let mut root = self.root.clone();
        if let Some(Value::Object(socket)) = root.get_mut("socket") {
            socket.remove("token");
        }
        Value::Object(root)
    }

    /// Takes over what is not shown from the content that this one is to replace.
    pub fn keep_secrets_of(&mut self, other: &Self) {
        let token = other.root.get("socket").and_then(|socket| socket.get("token"));
        let Some(token) = token else { return };
        let socket = self.root.entry("socket").or_insert_with(|| json!({}));
        if let Value::Object(socket) = socket {
            socket.entry("token").or_insert_with(|| token.clone());
        }
    }

    fn agents(&self) -> Option<&Map<String, Value>> {
        self.root.get("agents").and_then(Value::as_object)
    }

    /// The agents that it says something about.
    pub fn agent_names(&self) -> Vec<String> {
        let names = self.agents().into_iter().flat_map(Map::keys);
        names.cloned().collect()
    }

    /// What it says for an agent.
    pub fn stance(&self, agent: &str) -> Stance {
        let agents = self.agents();
        let under = |name: &str| agents.and_then(|agents| agents.get(name));
        let own = (under(agent), format!("agents.{agent}"));
        let all = (under(ALL), format!("agents.{ALL}"));
        let defaults = (self.root.get("defaults"), "defaults".to_owned());
        let layers = [own, all, defaults];
        Stance {
            wish: Wish {
                security: first(&layers, "security"),
                ask: first(&layers, "ask"),
            },
            fallback: first(&layers, "askFallback").unwrap_or_else(|| Said::default_of(Security::Deny)),
            list: [ALL, agent]
                .into_iter()
                .filter(|name| *name != ALL || agent != ALL)
                .chain((agent == ALL).then_some(ALL))
                .flat_map(|name| self.list(name))
                .collect(),
        }
    }

    /// The list of one agent, `*` for the list of all.
    pub fn list(&self, agent: &str) -> Vec<Listed> {
        let agent_value = self.agents().and_then(|agents| agents.get(agent));
        let entries = agent_value.and_then(|agent| agent.get("allowlist"));
        let entries = entries
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let listed = entries.iter().enumerate().filter_map(|(at, entry)| {
            Some(Listed {
                agent: agent.to_owned(),
                at,
                entry: Entry::deserialize(entry).ok()?,
            })
        });
        listed.collect()
    }

    /// Adds an entry to an agent's list, unless one for the same programs and arguments is there. Whether it was added.
    pub fn add(&mut self, agent: &str, entry: &Entry) -> bool {
        let same = |listed: &Listed| {
            listed.entry.pattern == entry.pattern && listed.entry.arg_pattern == entry.arg_pattern
        };
        if let Some(there) = self.list(agent).iter().find(|listed| same(listed)) {
            // What had an end may get a later one.
            let at = there.at;
            self.with_entry(agent, at, |fields| match entry.expires_at {
                Some(end) => {
                    fields.insert("expiresAt".to_owned(), json!(end));
                }
                None => {
                    fields.remove("expiresAt");
                }
            });
            return false;
        }
        let mut entry = entry.clone();
        entry.id.get_or_insert_with(|| Uuid::new_v4().to_string());
        let Ok(value) = serde_json::to_value(entry) else {
            return false;
        };
        if let Some(list) = self.list_mut(agent) {
            list.push(value);
        }
        true
    }

    /// Removes the entries of an agent's list that `is_meant` picks. How many there were.
    pub fn remove(&mut self, agent: &str, is_meant: impl Fn(&Entry) -> bool) -> usize {
        let gone: Vec<usize> = self
            .list(agent)
            .into_iter()
            .filter(|listed| is_meant(&listed.entry))
            .map(|listed| listed.at)
            .collect();
        if !gone.is_empty()
            && let Some(list) = self.list_mut(agent)
        {
            let mut at = 0;
            list.retain(|_| {
                at += 1;
                !gone.contains(&(at - 1))
            });
        }
        gone.len()
    }

    /// Notes that an entry was used.
    pub fn note_use(&mut self, agent: &str, id: Option<&str>, pattern: &str, used: &Use<'_>) {
        let meant = |listed: &Listed| match id {
            Some(id) => listed.entry.id.as_deref() == Some(id),
            None => listed.entry.id.is_none() && listed.entry.pattern == pattern,
        };
        let Some(listed) = self.list(agent).into_iter().find(meant) else {
            return;
        };
        let command: String = used.command.chars().take(REMEMBERED_CHARS).collect();
        self.with_entry(agent, listed.at, |fields| {
            fields.insert("lastUsedAt".to_owned(), json!(used.at_ms));
            fields.insert("lastUsedCommand".to_owned(), json!(command));
            fields.insert("lastResolvedPath".to_owned(), json!(used.path));
        });
    }

    fn with_entry(&mut self, agent: &str, at: usize, change: impl FnOnce(&mut Map<String, Value>)) {
        if let Some(Value::Object(fields)) = self.list_mut(agent).and_then(|list| list.get_mut(at)) {
            change(fields);
        }
    }

    fn list_mut(&mut self, agent: &str) -> Option<&mut Vec<Value>> {
        let agents = self.root.entry("agents").or_insert_with(|| json!({}));
        let agent = agents.as_object_mut()?.entry(agent).or_insert_with(|| json!({}));
        let list = agent
            .as_object_mut()?
            .entry("allowlist")
            .or_insert_with(|| json!([]));
        list.as_array_mut()
    }

    /// The entries that fit nothing because their arguments' pattern is not understood: where, and why.
    pub fn faults(&self) -> Vec<(Listed, String)> {
        let all = self.agent_names().into_iter().flat_map(|agent| self.list(&agent));
        let faulty = all.filter_map(|listed| {
            let why = arguments::fault(listed.entry.arg_pattern.as_deref()?)?;
            Some((listed, why))
        });
        faulty.collect()
    }
}

/// How an entry was used.
#[derive(Clone, Copy, Debug)]
pub struct Use<'a> {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// For which command.
    pub command: &'a str,
    /// Which program it was.
    pub path: &'a str,
}

/// The first layer that says something under a key.
fn first<T: for<'de> Deserialize<'de>>(layers: &[(Option<&Value>, String)], key: &str) -> Option<Said<T>> {
    layers.iter().find_map(|(layer, place)| {
        let said = T::deserialize(layer.as_ref()?.get(key)?).ok()?;
        Some(Said::new(said, format!("exec-approvals.json {place}.{key}")))
    })
}

fn check_socket(socket: Option<&Value>) -> Result<(), String> {
    let Some(socket) = socket else { return Ok(()) };
    let Some(fields) = socket.as_object() else {
        return Err("socket must be an object".to_owned());
    };
    for key in ["path", "token"] {
        if fields.get(key).is_some_and(|value| !value.is_string()) {
            return Err(format!("socket.{key} must be text"));
        }
    }
    Ok(())
}

fn check_stance(place: &str, stance: Option<&Value>) -> Result<(), String> {
    let Some(stance) = stance else { return Ok(()) };
    let Some(fields) = stance.as_object() else {
        return Err(format!("{place} must be an object"));
    };
    let check = |key: &str, is_known: fn(&Value) -> bool, known: &str| match fields.get(key) {
        Some(value) if !is_known(value) => Err(format!("{place}.{key} must be {known}")),
        _ => Ok(()),
    };
    let security = |value: &Value| Security::deserialize(value).is_ok();
    check("security", security, "deny, allowlist or full")?;
    check("askFallback", security, "deny, allowlist or full")?;
    let ask = |value: &Value| Ask::deserialize(value).is_ok();
    check("ask", ask, "off, on-miss or always")?;
    check("autoAllowSkills", Value::is_boolean, "true or false")
}

fn check_list(place: &str, agent: &Value) -> Result<(), String> {
    let entries = match agent.get("allowlist") {
        None => return Ok(()),
        Some(Value::Array(entries)) => entries,
        Some(_) => return Err(format!("{place}.allowlist must be a list")),
    };
    for (at, value) in entries.iter().enumerate() {
        let place = format!("{place}.allowlist[{at}]");
        let entry = Entry::deserialize(value).map_err(|fault| format!("{place}: {fault}"))?;
        let length = entry.pattern.trim().len();
        if length == 0 || length > PATTERN_CHARS {
            return Err(format!(
                "{place}.pattern must have 1 to {PATTERN_CHARS} characters"
            ));
        }
    }
    Ok(())
}

/// Entries that are bare texts, as some releases wrote them, become entries with a pattern.
fn with_entries(mut agents: Map<String, Value>) -> Result<Map<String, Value>, String> {
    for (name, agent) in &mut agents {
        let Some(fields) = agent.as_object_mut() else {
            return Err(format!("agents.{name} must be an object"));
        };
        if let Some(Value::Array(entries)) = fields.get_mut("allowlist") {
            for entry in entries {
                if let Value::String(pattern) = entry {
                    *entry = json!({ "pattern": pattern });
                }
            }
        }
    }
    Ok(agents)
}

/// What stands under the older name counts where the newer one says nothing; the lists are joined.
fn merge_legacy(agents: &mut Map<String, Value>) {
    let Some(Value::Object(legacy)) = agents.remove(LEGACY_AGENT) else {
        return;
    };
    let agent = agents.entry(HEIR).or_insert_with(|| json!({}));
    let Value::Object(agent) = agent else { return };
    for (key, value) in legacy {
        match (agent.get_mut(&key), value) {
            (Some(Value::Array(own)), Value::Array(more)) => own.extend(more),
            (Some(_), _) => {}
            (None, value) => {
                agent.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: Value) -> Document {
        Document::of(value).unwrap()
    }

    fn example() -> Document {
        of(json!({
            "version": 1,
            "socket": {"path": "/x.sock", "token": "hush"},
            "later": {"kept": true},
            "defaults": {"security": "allowlist", "ask": "on-miss"},
            "agents": {
                "*": {"ask": "always", "allowlist": [{"pattern": "/usr/bin/uname", "color": "red"}]},
                "main": {"security": "full", "askFallback": "allowlist", "allowlist": ["~/bin/rg"], "mcpTools": [1]},
            },
        }))
    }

    #[test]
    fn an_agent_says_more_than_all_and_all_say_more_than_the_defaults() {
        let stance = example().stance("main");
        let (security, ask) = (stance.wish.security.unwrap(), stance.wish.ask.unwrap());
        assert_eq!(
            (security.what, security.by.as_str()),
            (Security::Full, "exec-approvals.json agents.main.security")
        );
        assert_eq!(
            (ask.what, ask.by.as_str()),
            (Ask::Always, "exec-approvals.json agents.*.ask")
        );
        assert_eq!(stance.fallback.what, Security::Allowlist);
        let patterns: Vec<_> = stance
            .list
            .iter()
            .map(|listed| listed.entry.pattern.as_str())
            .collect();
        assert_eq!(patterns, ["/usr/bin/uname", "~/bin/rg"]);
        let other = example().stance("other");
        assert_eq!(other.wish.security.unwrap().what, Security::Allowlist);
        assert_eq!(other.fallback.what, Security::Deny);
        assert_eq!(other.list.len(), 1);
        assert_eq!(example().stance("*").list.len(), 1);
    }

    #[test]
    fn what_is_not_known_is_kept_and_the_token_is_not_shown() {
        let mut document = example();
        document.add(
            "main",
            &Entry {
                pattern: "/bin/x".to_owned(),
                ..Entry::default()
            },
        );
        let value = document.to_value();
        assert_eq!(value["later"], json!({"kept": true}));
        assert_eq!(value["agents"]["main"]["mcpTools"], json!([1]));
        assert_eq!(value["agents"]["*"]["allowlist"][0]["color"], "red");
        assert_eq!(value["socket"]["token"], "hush");
        assert_eq!(document.shown()["socket"], json!({"path": "/x.sock"}));
        let mut written = of(document.shown());
        written.keep_secrets_of(&document);
        assert_eq!(written, document);
    }

    #[test]
    fn what_was_written_for_default_counts_for_main() {
        let document = of(json!({
            "version": 1,
            "agents": {
                "default": {"security": "deny", "ask": "always", "allowlist": [{"pattern": "a/b"}]},
                "main": {"security": "full", "allowlist": [{"pattern": "c/d"}]},
            },
        }));
        let stance = document.stance("main");
        assert_eq!(stance.wish.security.unwrap().what, Security::Full);
        assert_eq!(stance.wish.ask.unwrap().what, Ask::Always);
        assert_eq!(stance.list.len(), 2);
        assert_eq!(document.agent_names(), ["main"]);
    }

    #[test]
    fn whatever_is_not_understood_is_a_fault_at_its_place() {
        for (value, expected) in [
            (json!([]), "it is not an object"),
            (json!({}), "it has no version; it must say \"version\": 1"),
            (
                json!({"version": 2}),
                "it has version 2, and this program knows 1",
            ),
            (json!({"version": "1"}), "version must be 1"),
            (json!({"version": 1, "agents": []}), "agents must be an object"),
            (
                json!({"version": 1, "agents": {"a": 1}}),
                "agents.a must be an object",
            ),
            (
                json!({"version": 1, "defaults": {"security": "loose"}}),
                "defaults.security must be deny, allowlist or full",
            ),
            (
                json!({"version": 1, "agents": {"a": {"ask": "never"}}}),
                "agents.a.ask must be off, on-miss or always",
            ),
            (
                json!({"version": 1, "agents": {"a": {"allowlist": {}}}}),
                "agents.a.allowlist must be a list",
            ),
            (
                json!({"version": 1, "agents": {"a": {"allowlist": [{"pattern": " "}]}}}),
                "agents.a.allowlist[0].pattern must have 1 to 4096 characters",
            ),
            (
                json!({"version": 1, "agents": {"a": {"allowlist": [{}]}}}),
                "agents.a.allowlist[0]: missing field `pattern`",
            ),
            (
                json!({"version": 1, "socket": {"token": 1}}),
                "socket.token must be text",
            ),
        ] {
            assert_eq!(Document::of(value.clone()).unwrap_err(), expected, "{value}");
        }
    }

    #[test]
    fn an_entry_is_added_once_and_removed_by_its_pattern() {
        let mut document = Document::default();
        let entry = Entry {
            pattern: "/bin/x".to_owned(),
            expires_at: Some(5),
            ..Entry::default()
        };
        assert!(document.add("*", &entry));
        let longer = Entry {
            expires_at: None,
            ..entry.clone()
        };
        assert!(!document.add("*", &longer));
        let list = document.list("*");
        assert_eq!((list.len(), list[0].entry.expires_at), (1, None));
        assert!(list[0].entry.id.is_some());
        assert_eq!(document.remove("*", |entry| entry.pattern == "/bin/y"), 0);
        assert_eq!(document.remove("*", |entry| entry.pattern == "/bin/x"), 1);
        assert!(document.list("*").is_empty());
    }

    #[test]
    fn an_entry_remembers_its_last_use() {
        let mut document = example();
        let used = Use {
            at_ms: 7,
            command: "rg x",
            path: "/usr/bin/rg",
        };
        document.note_use("main", None, "~/bin/rg", &used);
        let entry = document.list("main").remove(0).entry;
        assert_eq!(entry.last_used_at, Some(7));
        assert_eq!(entry.last_used_command.as_deref(), Some("rg x"));
        assert_eq!(entry.last_resolved_path.as_deref(), Some("/usr/bin/rg"));
    }

    #[test]
    fn an_entry_whose_arguments_are_not_understood_is_shown() {
        let document = of(json!({
            "version": 1,
            "agents": {"a": {"allowlist": [{"pattern": "x"}, {"pattern": "y", "argPattern": "(?=a)"}]}},
        }));
        let faults = document.faults();
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].0.place(), "exec-approvals.json agents.a.allowlist[1]");
    }
}
