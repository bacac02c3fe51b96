//! What decides about the messages of one account: its rules, its agent and what its adapter says of itself.
//!
//! One value that fits together, made anew when the config changes and never changed.

use openclaw_config::Snapshot;
use openclaw_config::tree::Config;
use openclaw_config::tree::channels::{ChunkMode, ReplyToMode, StreamingMode, TableStyle};
use openclaw_state::ChannelAccount;

use crate::access::Rules;
use crate::adapter::description::{CapabilitySet, Feature, ReplyMode};
use crate::adapter::{ChannelSpec, TextForm};
use crate::mention::Patterns;
use crate::settings::Settings;
use crate::text::Shape;

/// What decides about the messages of one account.
pub(crate) struct Desk {
    pub(crate) of: ChannelAccount,
    pub(crate) config: Snapshot<Config>,
    /// The agent that answers.
    pub(crate) agent: String,
    pub(crate) rules: Rules,
    pub(crate) patterns: Patterns,
    pub(crate) spec: ChannelSpec,
    pub(crate) can: CapabilitySet,
}

impl Desk {
    pub(crate) fn new(
        config: Snapshot<Config>,
        settings: &Settings,
        spec: ChannelSpec,
        can: CapabilitySet,
    ) -> Self {
        let agent = openclaw_agent::default_id(&config.config).to_owned();
        let prefixes = prefixes(&spec, &config.config);
        let common = settings.common.clone();
        let patterns = Patterns::new(&config.config, &agent, &common);
        let rules = Rules::new(&config.config, settings.of.channel(), common, &prefixes);
        Self {
            of: settings.of.clone(),
            agent,
            rules,
            patterns,
            spec,
            can,
            config,
        }
    }

    /// Whether the adapter can do something.
    pub(crate) fn can(&self, feature: Feature) -> bool {
        self.can.features.contains(&feature)
    }

    /// How text for this account is cut.
    pub(crate) fn shape(&self) -> Shape {
        let common = &self.rules.common;
        let limit = usize::try_from(self.can.text_limit).unwrap_or(usize::MAX);
        let own = common
            .text_chunk_limit
            .and_then(|limit| usize::try_from(limit).ok());
        let tables = common.markdown.as_ref().and_then(|markdown| markdown.tables);
        let form = self.can.text_form;
        let chunks = common
            .streaming
            .as_ref()
            .and_then(|streaming| streaming.chunk_mode);
        Shape {
            form,
            // What the platform does not take, no setting makes it take.
            limit: own.map_or(limit, |own| own.min(limit)),
            unit: self.can.length_unit,
            lines: self.can.line_limit.and_then(|lines| usize::try_from(lines).ok()),
            mode: chunks.unwrap_or(ChunkMode::Length),
            tables: tables.unwrap_or(match form {
                TextForm::Markdown => TableStyle::Block,
                TextForm::Runs | TextForm::Plain | TextForm::Other => TableStyle::Code,
            }),
        }
    }

    /// Which parts of an answer show what they answer.
    pub(crate) fn reply_mode(&self) -> ReplyMode {
        match self.rules.common.reply_to_mode {
            Some(ReplyToMode::Off) => ReplyMode::Off,
            Some(ReplyToMode::First) => ReplyMode::First,
            Some(ReplyToMode::All) => ReplyMode::All,
            Some(ReplyToMode::Batched) => ReplyMode::Batched,
            None => self.can.reply_modes.first().copied().unwrap_or(ReplyMode::Off),
        }
    }

    /// Whether an answer is shown while it is written.
    pub(crate) fn previews(&self) -> bool {
        let mode = self
            .rules
            .common
            .streaming
            .as_ref()
            .and_then(|streaming| streaming.mode);
        let is_wanted = matches!(mode, Some(StreamingMode::Partial | StreamingMode::Quiet));
        is_wanted && (self.can(Feature::Drafts) || self.can(Feature::Edit))
    }

    /// Whether anything of a run can be shown before its answer is there.
    pub(crate) fn shows_runs(&self) -> bool {
        self.can(Feature::Typing) || self.previews()
    }

    /// What precedes every answer.
    pub(crate) fn prefix(&self) -> Option<String> {
        let config = &self.config.config;
        let own = self.rules.common.response_prefix.as_deref();
        let prefix = own.or(config.messages.response_prefix.as_deref())?;
        let entry = config.agents.entries.get(&self.agent);
        let name = entry.and_then(|entry| entry.identity.name.as_deref());
        match prefix.trim() {
            "" => None,
            "auto" => name.map(|name| format!("[{name}]")),
            template => Some(template.replace("{identity.name}", name.unwrap_or(&self.agent))),
        }
    }
}

/// What says that a target or an entry of a list is for this channel, in lower case. An adapter that calls itself by
/// the name of another channel does not get what is meant for that one.
fn prefixes(spec: &ChannelSpec, config: &Config) -> Vec<String> {
    let names = [&spec.aliases, &spec.target_prefixes].into_iter().flatten();
    let own = names.filter(|name| !config.channels.is_channel(name));
    let mut prefixes: Vec<_> = own.map(|name| name.to_lowercase()).collect();
    prefixes.push(spec.id.to_lowercase());
    prefixes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_adapter_that_goes_by_the_name_of_another_channel_gets_nothing_that_is_meant_for_that() {
        let config: Config = serde_json::from_value(json!({ "channels": { "bird": {} } })).unwrap();
        let spec = ChannelSpec {
            id: "parrot".to_owned(),
            label: "Telegram".to_owned(),
            aliases: vec!["polly".to_owned(), "Telegram".to_owned()],
            target_prefixes: vec!["discord".to_owned(), "BIRD".to_owned()],
            person_id_label: None,
            docs_url: None,
            order: None,
            extra: None,
        };
        assert_eq!(prefixes(&spec, &config), ["polly", "parrot"]);
    }
}
