//! Lists of the config and what they say about a tool.

use openclaw_config::Path;
use openclaw_policy::PluginId;

use super::names::{fold, is_about};
use super::rule::{Effect, Key, Layer, Rule};

/// A list, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct List {
    /// None for what is so without the config.
    pub(super) path: Option<Path>,
    pub(super) origin: Origin,
    /// As they are written.
    pub(super) entries: Vec<String>,
}

/// Who wrote a list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Origin {
    /// The operator, entry for entry.
    Written,
    /// Nobody: the key is not set.
    Default,
    /// The operator by one word that stands at the path.
    Word(String),
    /// Nobody can: it is so, for this reason.
    Always(&'static str),
}

impl List {
    pub(super) fn written(path: Path, entries: &[String]) -> Self {
        Self {
            path: Some(path),
            origin: Origin::Written,
            entries: entries.to_vec(),
        }
    }

    pub(super) fn default_of(path: Path, entries: Vec<String>) -> Self {
        Self {
            path: Some(path),
            origin: Origin::Default,
            entries,
        }
    }

    fn find(&self, tool: &str, extension: Option<&PluginId>) -> Option<usize> {
        let is_about = |entry: &String| is_about(&fold(entry), tool, extension);
        self.entries.iter().position(is_about)
    }

    /// The key and the entry at an index, or those of the list as a whole.
    fn tell(&self, at: Option<usize>) -> (Option<Key>, Option<String>) {
        let entry = at.and_then(|at| self.entries.get(at)).cloned();
        let key = |path: &Path| match (&self.origin, at) {
            (Origin::Written, Some(at)) => Key {
                path: path.index(at),
                is_default: false,
            },
            (origin, _) => Key {
                path: path.clone(),
                is_default: *origin == Origin::Default,
            },
        };
        let entry = match &self.origin {
            Origin::Word(word) => Some(word.clone()),
            Origin::Always(_) => None,
            Origin::Written | Origin::Default => entry,
        };
        (self.path.as_ref().map(key), entry)
    }
}

/// Which tools there are, as far as one layer goes.
#[derive(Clone, Debug)]
pub(super) enum Allow {
    Everything,
    /// Only what stands in one of these.
    Only(Vec<List>),
}

impl Allow {
    /// Of the lists of the config, in which an empty one takes nothing away.
    pub(super) fn of(lists: Vec<List>) -> Self {
        match lists.first().is_none_or(|list| list.entries.is_empty()) {
            true => Self::Everything,
            false => Self::Only(lists),
        }
    }
}

/// What one layer says.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    pub(super) layer: Layer,
    pub(super) allow: Allow,
    pub(super) deny: Vec<List>,
    /// Named in addition to everything, so that tools which wait to be listed are.
    pub(super) named: Vec<List>,
    /// Why it says nothing.
    pub(super) silence: &'static str,
}

impl Filter {
    pub(super) fn silent(layer: Layer, why: &'static str) -> Self {
        Self {
            layer,
            allow: Allow::Everything,
            deny: Vec::new(),
            named: Vec::new(),
            silence: why,
        }
    }

    /// What it says about a tool.
    pub(super) fn rule(&self, tool: &str, extension: Option<&PluginId>) -> Rule {
        let rule = |list: &List, at, effect| {
            let (key, entry) = list.tell(at);
            let effect = match (&list.origin, effect) {
                (Origin::Always(why), Effect::Denied | Effect::NotListed) => Effect::Refused(why),
                (_, effect) => effect,
            };
            Rule {
                layer: self.layer,
                key,
                entry,
                effect,
            }
        };
        for list in &self.deny {
            if let Some(at) = list.find(tool, extension) {
                return rule(list, Some(at), Effect::Denied);
            }
        }
        let Allow::Only(lists) = &self.allow else {
            return Rule::silent(self.layer, self.silence);
        };
        // Whoever may write files may patch them.
        let mut names = vec![tool];
        if extension.is_none() && fold(tool) == "apply_patch" {
            names.push("write");
        }
        for name in names {
            for list in lists {
                if let Some(at) = list.find(name, extension) {
                    return rule(list, Some(at), Effect::Allowed);
                }
            }
        }
        match lists.first() {
            Some(list) => rule(list, None, Effect::NotListed),
            None => Rule {
                layer: self.layer,
                key: None,
                entry: None,
                effect: Effect::NotListed,
            },
        }
    }

    /// The lists that operators name tools in.
    pub(super) fn written(&self) -> impl Iterator<Item = &List> {
        let allowed = match &self.allow {
            Allow::Everything => [].as_slice(),
            Allow::Only(lists) => lists.as_slice(),
        };
        let lists = allowed.iter().chain(&self.named);
        lists.filter(|list| list.origin == Origin::Written)
    }
}
