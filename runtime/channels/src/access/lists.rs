//! Lists of people, as operators write them.
//!
//! An entry is an id, with the channel's name before it or not; `*` is everyone; `accessGroup:<name>` stands for the
//! people of that group on this channel. Letter case does not count.

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
        for entry in entries {
            let Some(group) = entry.as_str().trim().strip_prefix("accessGroup:") else {
                list.add(entry.as_str(), prefixes);
                continue;
            };
            if let Some(AccessGroup::Senders { members }) = config.access_groups.get(group) {
                let members = [members.get(channel), members.get("*")];
                for member in members.into_iter().flatten().flatten() {
                    list.add(member, prefixes);
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
