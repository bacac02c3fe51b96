//! Other tools that a component may call, each under an alias of its own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::atom::check_count;
use crate::error::{Error, Result};
use crate::text::{is_word, name_type};

name_type!(
    /// What the component calls a tool.
    ToolAlias,
    "tool alias",
    is_tool_word,
    "must begin with a letter and have letters, digits, \"_\" and \"-\", 64 at most"
);

name_type!(
    /// The name of a tool as the agent knows it.
    ToolName,
    "tool",
    is_tool_word,
    "must begin with a letter and have letters, digits, \"_\" and \"-\", 64 at most"
);

fn is_tool_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && is_word(text, "_-")
}

/// Aliases and the tools behind them.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
#[serde(
    try_from = "BTreeMap<ToolAlias, ToolName>",
    into = "BTreeMap<ToolAlias, ToolName>"
)]
pub struct Tools(BTreeMap<ToolAlias, ToolName>);

impl Tools {
    /// Takes aliases.
    pub fn new(aliases: BTreeMap<ToolAlias, ToolName>) -> Result<Self> {
        check_count("tools", std::iter::once(aliases.len()))?;
        Ok(Self(aliases))
    }

    /// The aliases and their tools, sorted.
    pub fn aliases(&self) -> &BTreeMap<ToolAlias, ToolName> {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether each alias that is asked for is granted for the same tool.
    pub fn covers(&self, asked: &Self) -> bool {
        self.difference(asked).is_empty()
    }

    /// What is asked and not within this.
    pub fn difference(&self, asked: &Self) -> Self {
        let beyond = asked
            .0
            .iter()
            .filter(|(alias, tool)| self.0.get(*alias) != Some(*tool));
        Self(
            beyond
                .map(|(alias, tool)| (alias.clone(), tool.clone()))
                .collect(),
        )
    }

    /// The tool behind an alias.
    pub fn find(&self, alias: &str) -> Option<&ToolName> {
        let found = self.0.iter().find(|(granted, _)| granted.as_str() == alias);
        found.map(|(_, tool)| tool)
    }
}

impl TryFrom<BTreeMap<ToolAlias, ToolName>> for Tools {
    type Error = Error;

    fn try_from(aliases: BTreeMap<ToolAlias, ToolName>) -> Result<Self> {
        Self::new(aliases)
    }
}

impl From<Tools> for BTreeMap<ToolAlias, ToolName> {
    fn from(tools: Tools) -> Self {
        tools.0
    }
}
