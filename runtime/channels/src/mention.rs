//! Expressions by which an operator says what else calls the agent.
//!
//! What is not a usable expression is passed over, and said once. **Bound.** [`COMPILED`] bytes for each; none takes
//! more than linear time over a message.

use openclaw_config::tree::Config;
use openclaw_config::tree::channels::{ChannelCommon, MentionPatterns};
use openclaw_config::tree::tools_media::Verdict;
use regex::{Regex, RegexBuilder};

/// How large one expression may become.
const COMPILED: usize = 256 << 10;

/// The expressions of one account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Patterns {
    expressions: Vec<Regex>,
    /// Groups where they count although they do not elsewhere, or the other way round.
    exceptions: Vec<String>,
    counts: bool,
}

impl Patterns {
    /// The expressions of an account that `agent` answers for: the channel's own, else the agent's, else those for all,
    /// else the agent's name and sign.
    pub(crate) fn new(config: &Config, agent: &str, common: &ChannelCommon) -> Self {
        let entry = config.agents.entries.get(agent);
        let own = match &common.mention_patterns {
            Some(MentionPatterns::List(list)) => Some(list),
            Some(MentionPatterns::Places(_)) | None => None,
        };
        let of_agent = entry
            .and_then(|entry| entry.group_chat.as_ref())
            .and_then(|chat| chat.mention_patterns.as_ref());
        let for_all = config.messages.group_chat.mention_patterns.as_ref();
        let expressions = match own.or(of_agent).or(for_all) {
            Some(list) => list.iter().filter_map(|text| compile(text)).collect(),
            None => {
                let identity = entry.map(|entry| &entry.identity);
                let name = identity.and_then(|identity| identity.name.as_deref());
                let sign = identity.and_then(|identity| identity.emoji.as_deref());
                let words = name.map(str::trim).filter(|name| !name.is_empty());
                let words = words.map(|name| format!(r"(?:^|\W)@?{}(?:\W|$)", regex::escape(name)));
                let sign = sign.filter(|sign| !sign.is_empty()).map(regex::escape);
                words
                    .into_iter()
                    .chain(sign)
                    .filter_map(|text| compile(&text))
                    .collect()
            }
        };
        let (counts, exceptions) = match &common.mention_patterns {
            Some(MentionPatterns::Places(places)) => match places.mode {
                Some(Verdict::Deny) => (false, places.allow_in.clone()),
                Some(Verdict::Allow) | None => (true, places.deny_in.clone()),
            },
            Some(MentionPatterns::List(_)) | None => (true, Vec::new()),
        };
        Self {
            expressions,
            exceptions,
            counts,
        }
    }

    /// Whether a message in a group calls the agent.
    pub(crate) fn find(&self, group: &str, text: &str) -> bool {
        let is_exception = self.exceptions.iter().any(|id| id == group);
        self.counts != is_exception
            && self
                .expressions
                .iter()
                .any(|expression| expression.is_match(text))
    }
}

fn compile(text: &str) -> Option<Regex> {
    let built = RegexBuilder::new(text)
        .case_insensitive(true)
        .size_limit(COMPILED)
        .build();
    built
        .inspect_err(
            |error| tracing::warn!(expression = text, %error, "an expression for mentions is passed over"),
        )
        .ok()
}

/// The text without the words by which people mention an account.
pub(crate) fn strip(text: &str, mentions: &[String]) -> String {
    let mut text = text.to_owned();
    for mention in mentions.iter().filter(|mention| !mention.is_empty()) {
        let Some(word) = compile(&format!(r"{}(?:\b|$)", regex::escape(mention))) else {
            continue;
        };
        text = word.replace_all(&text, "").into_owned();
    }
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn patterns(config: Value, channel: Value) -> Patterns {
        let config: Config = serde_json::from_value(config).unwrap();
        Patterns::new(&config, "main", &serde_json::from_value(channel).unwrap())
    }

    #[test]
    fn the_nearest_list_counts_and_an_empty_one_switches_off() {
        let config = json!({
            "agents": { "entries": { "main": {
                "identity": { "name": "Clawd", "emoji": "🦞" }, "groupChat": { "mentionPatterns": ["agent"] }
            } } },
            "messages": { "groupChat": { "mentionPatterns": ["all"] } },
        });
        assert!(patterns(config.clone(), json!({})).find("-1", "dear AGENT"));
        assert!(!patterns(config.clone(), json!({})).find("-1", "all of you"));
        assert!(patterns(config.clone(), json!({ "mentionPatterns": ["own"] })).find("-1", "own"));
        assert!(!patterns(config, json!({ "mentionPatterns": [] })).find("-1", "agent all own Clawd"));
    }

    #[test]
    fn without_a_list_the_agents_name_and_sign_call_it() {
        let config = json!({ "agents": { "entries": { "main": { "identity": { "name": "Clawd", "emoji": "🦞" } } } } });
        let patterns = patterns(config, json!({}));
        for (text, calls) in [
            ("hey clawd!", true),
            ("@Clawd what now", true),
            ("look 🦞", true),
            ("clawdia", false),
            ("nothing", false),
        ] {
            assert_eq!(patterns.find("-1", text), calls, "{text}");
        }
    }

    #[test]
    fn an_expression_that_cannot_be_used_is_passed_over() {
        let patterns = patterns(
            json!({}),
            json!({ "mentionPatterns": ["(", "a{99999}{99999}", "bot"] }),
        );
        assert!(patterns.find("-1", "bot"));
    }

    #[test]
    fn expressions_may_count_in_some_groups_only() {
        let config = json!({ "messages": { "groupChat": { "mentionPatterns": ["bot"] } } });
        let only = json!({ "mentionPatterns": { "mode": "deny", "allowIn": ["-1"] } });
        let only = patterns(config.clone(), only);
        assert!(only.find("-1", "bot") && !only.find("-2", "bot"));
        let except = patterns(config, json!({ "mentionPatterns": { "denyIn": ["-1"] } }));
        assert!(!except.find("-1", "bot") && except.find("-2", "bot"));
    }

    #[test]
    fn mentions_are_stripped_as_whole_words() {
        let mentions = ["@claw_bot".to_owned()];
        assert_eq!(strip("@Claw_Bot do it", &mentions), "do it");
        assert_eq!(strip("mail @claw_bottom", &mentions), "mail @claw_bottom");
    }
}
