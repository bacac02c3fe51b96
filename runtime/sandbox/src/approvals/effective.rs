//! How strict the config and the file together are, told for all agents and for each that either of them names.
//!
//! **Promise.** It is what [`decide`](super::decide()) goes by, before a call makes it stricter, and of each word it says
//! who wants what and whose word counts. **Cost.** No look at the disk.

use std::collections::BTreeSet;
use std::fmt;

use openclaw_config::tree::Config;
use serde_json::{Value, json};

use super::document::{ALL, Document};
use super::policy::{Ask, Policy, Said, Security};
use super::settings::Settings;

/// What comes of the two, for clients.
pub fn effective(config: &Config, document: &Document) -> Value {
    let mut agents: BTreeSet<String> = document.agent_names().into_iter().collect();
    agents.extend(config.agents.entries.keys().cloned());
    agents.remove(ALL);
    let named = agents.iter().map(String::as_str);
    let scopes: Vec<_> = std::iter::once(ALL)
        .chain(named)
        .map(|agent| scope(config, document, agent))
        .collect();
    json!({
        "scopes": scopes,
        "note": "Of the config and the file the stricter counts; a call can only make it stricter.",
    })
}

fn scope(config: &Config, document: &Document, agent: &str) -> Value {
    let wish = Settings::of(config, agent).wish;
    let stance = document.stance(agent);
    let policy = Policy::of(&[&wish, &stance.wish], stance.fallback);
    let mut decisions = vec!["allow-once", "deny"];
    // Where everything is asked about, nothing lasts.
    if policy.ask.what != Ask::Always {
        decisions.insert(1, "allow-always");
    }
    let mut told = json!({
        "scopeLabel": "tools.exec",
        "configPath": "tools.exec",
        "security": word(wish.security, Security::Full, stance.wish.security, &policy.security),
        "ask": word(wish.ask, Ask::Off, stance.wish.ask, &policy.ask),
        "askFallback": {"effective": policy.fallback.what, "source": policy.fallback.by},
        "allowedDecisions": decisions,
    });
    if let (false, Value::Object(told)) = (agent == ALL, &mut told) {
        told.insert("scopeLabel".to_owned(), json!(format!("agent:{agent}")));
        told.insert(
            "configPath".to_owned(),
            json!(format!("agents.entries.{agent}.tools.exec")),
        );
        told.insert("agentId".to_owned(), json!(agent));
    }
    told
}

/// One word: what the config wants, what the file wants, and what counts. Who says nothing wants what the other does.
fn word<T>(config: Option<Said<T>>, default: T, file: Option<Said<T>>, effective: &Said<T>) -> Value
where
    T: Copy + fmt::Display,
{
    let config = config.unwrap_or_else(|| Said::default_of(default));
    let file = file.unwrap_or_else(|| Said::new(config.what, "the file says nothing of it"));
    json!({
        "requested": config.what.to_string(),
        "requestedSource": config.by,
        "host": file.what.to_string(),
        "hostSource": file.by,
        "effective": effective.what.to_string(),
        "note": format!("decided by {}", effective.by),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_word_it_is_told_who_wants_what_and_whose_counts() {
        let config = json!({
            "tools": {"exec": {"mode": "ask"}},
            "agents": {"entries": {"work": {"tools": {"exec": {"ask": "always"}}}}},
        });
        let config: Config = serde_json::from_value(config).unwrap();
        let document = Document::of(json!({
            "version": 1, "defaults": {"askFallback": "full"},
            "agents": {"home": {"security": "deny"}, "*": {"allowlist": []}},
        }));
        let told = effective(&config, &document.unwrap());
        let labels: Vec<_> = told["scopes"].as_array().unwrap().iter().collect();
        let labels: Vec<_> = labels.iter().map(|scope| scope["scopeLabel"].as_str()).collect();
        assert_eq!(labels, ["tools.exec", "agent:home", "agent:work"].map(Some));
        let [all, home, work] = [0, 1, 2].map(|at| &told["scopes"][at]);
        assert_eq!(
            all["security"],
            json!({"requested": "allowlist", "requestedSource": "tools.exec.mode", "host": "allowlist",
                "hostSource": "the file says nothing of it", "effective": "allowlist",
                "note": "decided by tools.exec.mode"})
        );
        // What the file lets happen without an answer is never more than what may run at all.
        assert_eq!(
            all["askFallback"],
            json!({"effective": "allowlist", "source": "tools.exec.mode"})
        );
        assert_eq!(home["security"]["effective"], "deny");
        assert_eq!(
            home["security"]["note"],
            "decided by exec-approvals.json agents.home.security"
        );
        assert_eq!(work["ask"]["effective"], "always");
        assert_eq!(work["configPath"], "agents.entries.work.tools.exec");
        assert_eq!(work["allowedDecisions"], json!(["allow-once", "deny"]));
    }

    #[test]
    fn where_nobody_says_anything_every_command_runs() {
        let told = effective(&Config::default(), &Document::default());
        let all = &told["scopes"][0];
        assert_eq!(all["security"]["effective"], "full");
        assert_eq!(all["ask"]["effective"], "off");
        assert_eq!(all["askFallback"]["effective"], "deny");
        assert_eq!(told["scopes"].as_array().unwrap().len(), 1);
    }
}
