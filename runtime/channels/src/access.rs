//! Whom an account listens to: pure decisions over the config and the facts of one message.
//!
//! **Promise.** In doubt the answer is no. Who was let in by a code may write directly for as long as the policy is
//! pairing, and counts for nothing in a group. A name that people choose themselves decides nothing, unless the operator says so.

mod lists;

pub(crate) use lists::{AllowList, normalise};

use openclaw_config::tree::Config;
use openclaw_config::tree::channels::{ChannelCommon, ContextVisibility, DmPolicy, Group, GroupPolicy};
use openclaw_config::tree::values::AllowBots;

use crate::adapter::inbound::{Mention, Message, Person};

/// The rules of one account.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) common: ChannelCommon,
    dm: DmPolicy,
    allow_from: AllowList,
    group: GroupPolicy,
    group_allow_from: Option<AllowList>,
    commands: Option<AllowList>,
    owners: AllowList,
    prefixes: Vec<String>,
    names_count: bool,
}

/// Whether a direct message is taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Direct {
    /// It is.
    Admit,
    /// Its sender gets a code.
    Pair,
    /// It is not; why.
    Drop(&'static str),
}

/// Whether a message in a group is taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Room {
    /// It is, and calls the agent.
    Admit,
    /// It is, and passes the agent by.
    Pass,
    /// It is not; why.
    Drop(&'static str),
}

/// What is known of a message in a group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RoomFacts<'a> {
    /// The ids that the group may be listed under.
    pub(crate) ids: [&'a str; 2],
    pub(crate) thread: Option<&'a str>,
    pub(crate) sender: Option<&'a Person>,
    pub(crate) mention: Mention,
    /// Whether an expression of the operator's finds a mention in it.
    pub(crate) is_matched: bool,
    /// Whether it is a command of somebody who may give commands.
    pub(crate) is_command: bool,
}

impl Rules {
    /// The rules of an account of a channel. `prefixes` say that an entry of a list is for this channel.
    pub(crate) fn new(config: &Config, channel: &str, common: ChannelCommon, prefixes: &[String]) -> Self {
        let common = crate::settings::with_defaults(common, &config.channels.defaults);
        let list = |entries: &[openclaw_config::tree::values::PeerId]| {
            AllowList::new(entries, config, channel, prefixes)
        };
        let commands = &config.commands.allow_from;
        let commands = commands.get(channel).or_else(|| commands.get("*"));
        Self {
            dm: common.dm_policy.unwrap_or(DmPolicy::Pairing),
            allow_from: list(common.allow_from.as_deref().unwrap_or_default()),
            group: common.group_policy.unwrap_or(GroupPolicy::Allowlist),
            group_allow_from: common.group_allow_from.as_deref().map(list),
            commands: commands.map(|entries| list(entries)),
            owners: list(&config.commands.owner_allow_from),
            prefixes: prefixes.to_vec(),
            names_count: common.dangerously_allow_name_matching == Some(true),
            common,
        }
    }

    /// Whether somebody's direct message is taken. `is_paired` says whether they were let in by a code.
    pub(crate) fn direct(&self, sender: Option<&Person>, is_paired: bool) -> Direct {
        if self.dm == DmPolicy::Disabled {
            return Direct::Drop("direct messages are switched off");
        }
        let Some(sender) = sender else {
            return match self.allow_from.is_everyone() {
                true => Direct::Admit,
                false => Direct::Drop("nobody says who wrote it"),
            };
        };
        let chat = self.common.dms.get(&sender.id);
        if chat.is_some_and(|chat| chat.enabled == Some(false)) {
            return Direct::Drop("this direct chat is switched off");
        }
        if self.counts(is_paired) || self.is_listed(&self.allow_from, sender) {
            return Direct::Admit;
        }
        match self.dm {
            DmPolicy::Pairing => Direct::Pair,
            DmPolicy::Allowlist | DmPolicy::Open | DmPolicy::Disabled => {
                Direct::Drop("its sender is not listed")
            }
        }
    }

    /// Whether somebody's message in a group is taken.
    pub(crate) fn room(&self, facts: &RoomFacts<'_>) -> Room {
        let group = self.group_of(&facts.ids);
        if let Some(why) = self.refuses(group, facts) {
            return Room::Drop(why);
        }
        let is_called = facts.is_matched || facts.is_command || self.is_mention(facts.mention);
        match is_called || !self.asks_for_mention(group, facts.thread) {
            true => Room::Admit,
            false => Room::Pass,
        }
    }

    fn refuses(&self, group: Option<&Group>, facts: &RoomFacts<'_>) -> Option<&'static str> {
        let policy = group.and_then(|group| group.group_policy).unwrap_or(self.group);
        let topic = group.and_then(|group| group.topics.get(facts.thread?));
        if policy == GroupPolicy::Disabled || self.group == GroupPolicy::Disabled {
            return Some("groups are switched off");
        }
        if group.is_none() && !self.common.groups.is_empty() {
            return Some("this group is not listed");
        }
        if group.is_some_and(|group| group.enabled == Some(false))
            || topic.is_some_and(|topic| topic.enabled == Some(false))
        {
            return Some("this group is switched off");
        }
        let own = topic.and_then(|topic| topic.allow_from.as_ref()).or_else(|| {
            let group = group?;
            let spellings = [&group.allow_from, &group.group_allow_from, &group.users];
            spellings.into_iter().find_map(Option::as_ref)
        });
        let own = own.map(|entries| AllowList::plain(entries, &self.prefixes));
        let listed = match (&own, &self.group_allow_from) {
            (Some(own), _) => Some(own),
            (None, Some(everywhere)) => Some(everywhere),
            (None, None) if policy == GroupPolicy::Allowlist && !self.allow_from.is_empty() => {
                Some(&self.allow_from)
            }
            (None, None) => None,
        };
        match listed {
            None if policy == GroupPolicy::Allowlist && group.is_none() => {
                Some("no group and nobody in groups is listed")
            }
            None => None,
            Some(_) if policy == GroupPolicy::Open && own.is_none() => None,
            Some(list) => {
                let passes = match facts.sender {
                    Some(sender) => self.is_listed(list, sender),
                    None => list.is_everyone(),
                };
                (!passes).then_some("its sender is not listed for groups")
            }
        }
    }

    fn group_of(&self, ids: &[&str]) -> Option<&Group> {
        let groups = &self.common.groups;
        let named = ids.iter().find_map(|id| groups.get(*id));
        named.or_else(|| groups.get("*"))
    }

    fn asks_for_mention(&self, group: Option<&Group>, thread: Option<&str>) -> bool {
        let topic = group.and_then(|group| group.topics.get(thread?));
        let everywhere = self.common.groups.get("*");
        topic
            .and_then(|topic| topic.require_mention)
            .or_else(|| group?.require_mention)
            .or_else(|| everywhere?.require_mention)
            .or(self.common.require_mention)
            .unwrap_or(true)
    }

    fn is_mention(&self, mention: Mention) -> bool {
        let implicit = self.common.implicit_mentions.as_ref();
        match mention {
            Mention::Named | Mention::Unknown => true,
            Mention::Replied => implicit.and_then(|it| it.reply_to_bot).unwrap_or(true),
            Mention::Thread => implicit.and_then(|it| it.thread_participation).unwrap_or(true),
            Mention::None | Mention::Other => false,
        }
    }

    /// Whether a program is listened to.
    pub(crate) fn hears_bot(&self, ids: &[&str], is_called: bool) -> bool {
        let group = self.group_of(ids).and_then(|group| group.allow_bots);
        match group.or(self.common.allow_bots) {
            Some(AllowBots::On) => true,
            Some(AllowBots::Mentions) => is_called,
            Some(AllowBots::Off) | None => false,
        }
    }

    /// Whether somebody's commands are obeyed, who was admitted.
    pub(crate) fn may_command(&self, sender: Option<&Person>, is_paired: bool) -> bool {
        let Some(sender) = sender else {
            return false;
        };
        match &self.commands {
            Some(list) => self.is_listed(list, sender),
            None => {
                let in_groups = self.group_allow_from.as_ref();
                self.counts(is_paired)
                    || self.is_listed(&self.allow_from, sender)
                    || in_groups.is_some_and(|list| self.is_listed(list, sender))
            }
        }
    }

    /// Whether it lets anybody in that they were let in by a code: whoever narrows the policy to a list means the list.
    fn counts(&self, is_paired: bool) -> bool {
        is_paired && self.dm == DmPolicy::Pairing
    }

    /// Whether somebody is an owner of the gateway.
    pub(crate) fn is_owner(&self, sender: Option<&Person>) -> bool {
        sender.is_some_and(|sender| self.owners.names(&ids_of(sender)))
    }

    /// Whether the model is shown what a message in a group quotes.
    pub(crate) fn shows_quote(&self, message: Option<&Message>) -> bool {
        let author = message
            .and_then(|message| message.quote.as_ref())
            .and_then(|quote| quote.sender.as_ref());
        match self.common.context_visibility {
            None | Some(ContextVisibility::All | ContextVisibility::AllowlistQuote) => true,
            Some(ContextVisibility::Allowlist) => {
                author.is_some_and(|author| author.is_self) || self.may_command(author, false)
            }
        }
    }

    /// How many messages that passed the agent by are kept for each group.
    pub(crate) fn history_limit(&self) -> u32 {
        self.common.history_limit.unwrap_or(50)
    }

    /// What the model is told of a room, in the operator's words.
    pub(crate) fn room_prompt(&self, ids: &[&str], thread: Option<&str>) -> Option<String> {
        let group = self.group_of(ids)?;
        let topic = group.topics.get(thread.unwrap_or_default());
        let prompts = [
            group.system_prompt.as_ref(),
            topic.and_then(|topic| topic.system_prompt.as_ref()),
        ];
        let said: Vec<_> = prompts.into_iter().flatten().map(String::as_str).collect();
        (!said.is_empty()).then(|| said.join("\n\n"))
    }

    /// What the model is told of a direct chat, in the operator's words.
    pub(crate) fn chat_prompt(&self, sender: Option<&Person>) -> Option<String> {
        self.common.dms.get(&sender?.id)?.system_prompt.clone()
    }

    /// Who may write directly, as status shows it.
    pub(crate) fn shown_policy(&self) -> &'static str {
        match self.dm {
            DmPolicy::Pairing => "pairing",
            DmPolicy::Allowlist => "allowlist",
            DmPolicy::Open => "open",
            DmPolicy::Disabled => "disabled",
        }
    }

    fn is_listed(&self, list: &AllowList, sender: &Person) -> bool {
        if list.is_everyone() || list.names(&ids_of(sender)) {
            return true;
        }
        let names = [sender.username.as_deref(), sender.name.as_deref()];
        self.names_count && list.names(&names.into_iter().flatten().collect::<Vec<_>>())
    }
}

/// The ids that a person may be listed under: those that last.
fn ids_of(person: &Person) -> Vec<&str> {
    let others = person.other_ids.iter().map(String::as_str);
    let phone = person.phone.as_deref();
    std::iter::once(person.id.as_str())
        .chain(others)
        .chain(phone)
        .filter(|id| !id.is_empty())
        .collect()
}

#[cfg(test)]
mod tests;
