//! Lists of people, as operators write them.
//!
//! An entry is an id, with the channel's name before it or not; `*` is everyone; `accessGroup:<name>` stands for the
//! people of that group on this channel. Letter case does not count.
//!
//! **Promise.** An entry for one channel names nobody on another, whatever ids the adapter of that gives to people.

use std::collections::BTreeSet;

use openclaw_config::tree::Config;
use openclaw_config::tree::approvals::AccessGroup;
use openclaw_config::tree::values::PeerId;

/// A list, ready to be asked.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct AllowList {
    everyone: bool,
    ids: BTreeSet<String>,
}

impl AllowList {
    /// The list of these entries on a channel.
    pub(crate) fn new(entries: &[PeerId], config: &Config, channel: &str, prefixes: &[String]) -> Self {
        let mut list = Self::default();
        let is_foreign = |entry: &str| is_foreign(entry, config, channel, prefixes);
        for entry in entries {
            let Some(group) = entry.as_str().trim().strip_prefix("accessGroup:") else {
                if !is_foreign(entry.as_str()) {
                    list.add(entry.as_str(), prefixes);
                }
                continue;
            };
            if let Some(AccessGroup::Senders { members }) = config.access_groups.get(group) {
                let members = [members.get(channel), members.get("*")];
                for member in members.into_iter().flatten().flatten() {
                    if !is_foreign(member) {
                        list.add(member, prefixes);
                    }
                }
            }
        }
        list
    }

    /// The list of these entries, in which no group is meant.
    pub(crate) fn plain(entries: &[PeerId], prefixes: &[String]) -> Self {
        let mut list = Self::default();
        for entry in entries {
            list.add(entry.as_str(), prefixes);
        }
        list
    }

    fn add(&mut self, entry: &str, prefixes: &[String]) {
        match normalise(entry, prefixes).as_str() {
            "" => {}
            "*" => self.everyone = true,
            id => {
                self.ids.insert(id.to_owned());
            }
        }
    }

    /// Whether it says `*`.
    pub(crate) fn is_everyone(&self) -> bool {
        self.everyone
    }

    /// Whether it says nothing.
    pub(crate) fn is_empty(&self) -> bool {
        !self.everyone && self.ids.is_empty()
    }

    /// Whether one of these ids stands in it.
    pub(crate) fn names(&self, ids: &[&str]) -> bool {
        ids.iter().any(|id| self.ids.contains(&normalise(id, &[])))
    }
}

/// Whether an entry begins with the name of another channel.
fn is_foreign(entry: &str, config: &Config, channel: &str, prefixes: &[String]) -> bool {
    let Some((name, _)) = entry.split_once(':') else {
        return false;
    };
    let name = name.trim().to_lowercase();
    let is_own = name == channel.to_lowercase() || prefixes.contains(&name);
    !is_own && config.channels.is_channel(&name)
}

/// An id without the channel's name before it, in one letter case.
pub(crate) fn normalise(entry: &str, prefixes: &[String]) -> String {
    let entry = entry.trim().to_lowercase();
    let bare = prefixes.iter().find_map(|prefix| {
        let rest = entry.strip_prefix(prefix.as_str())?;
        rest.strip_prefix(':')
    });
    let bare = bare.unwrap_or(&entry).trim();
    bare.strip_prefix('@').unwrap_or(bare).to_owned()
}
