//! `heartbeat`: the regular look around of an agent, and when it may speak.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tree::amounts::Span;

/// The regular look around of an agent. What an agent leaves out is taken from the defaults.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Heartbeat {
    /// How often; a bare number counts minutes, `0m` is never. Unset: 30 minutes, or an hour when the model
    /// is paid by subscription.
    #[schemars(extend("default" = "30m"))]
    pub every: Option<Span>,
    /// The only hours in which it happens.
    pub active_hours: Option<ActiveHours>,
    /// The model for it. Unset: the session's.
    pub model: Option<String>,
    /// The session it happens in: `main`, or a full session key.
    #[schemars(extend("default" = "main"))]
    pub session: Option<String>,
    /// Who hears of it: `last` for where the person last wrote, `owner`, `none`, or a channel's id.
    #[schemars(extend("default" = "owner"))]
    pub target: Option<String>,
    /// Whether direct chats may hear of it.
    #[schemars(extend("default" = "allow"))]
    pub direct_policy: Option<DirectPolicy>,
    /// The recipient on that channel.
    pub to: Option<String>,
    /// The account that sends.
    pub account_id: Option<String>,
    /// What the agent is told, word for word, instead of the built-in text.
    pub prompt: Option<String>,
    /// How long it may take, in seconds.
    #[schemars(range(min = 1))]
    pub timeout_seconds: Option<u64>,
    /// Whether only `HEARTBEAT.md` goes into the prompt.
    #[schemars(extend("default" = false))]
    pub light_context: Option<bool>,
    /// Whether each one starts a session of its own.
    #[schemars(extend("default" = false))]
    pub isolated_session: Option<bool>,
    /// Whether the reasoning follows in a message that starts with `Reasoning:`.
    #[schemars(extend("default" = false))]
    pub include_reasoning: Option<bool>,
    /// How much may stand beside `HEARTBEAT_OK` and still count as nothing to report, in characters.
    #[schemars(extend("default" = 300))]
    pub ack_max_chars: Option<u32>,
    /// Whether failed tools are passed over in silence.
    #[schemars(extend("default" = false))]
    pub suppress_tool_error_warnings: Option<bool>,
    /// The agent it belongs to.
    #[schemars(length(min = 1))]
    pub agent_id: Option<String>,
}

/// Whether direct chats may hear of a heartbeat.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DirectPolicy {
    /// They may.
    Allow,
    /// They may not.
    Block,
}

/// The hours in which heartbeats happen. They may pass midnight; equal ends mean never.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ActiveHours {
    /// The first minute, `HH:MM`.
    pub start: Option<ClockTime>,
    /// The minute after the last, `HH:MM`; `24:00` is the end of the day.
    pub end: Option<ClockTime>,
    /// The time zone: an IANA name, `user` for the person's, `local` for this machine's.
    #[schemars(extend("default" = "user"))]
    pub timezone: Option<String>,
}

/// A time of day, in minutes since midnight; `24:00` is the end of the day.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ClockTime(u16);

impl ClockTime {
    /// Reads `HH:MM`, from `00:00` to `24:00`.
    pub fn parse(text: &str) -> Option<Self> {
        let (hours, minutes) = text.split_once(':')?;
        let two = |part: &str| {
            (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()))
                .then(|| part.parse::<u16>().ok())
                .flatten()
        };
        let (hours, minutes) = (two(hours)?, two(minutes)?);
        let total = hours * 60 + minutes;
        (minutes < 60 && total <= 24 * 60).then_some(Self(total))
    }

    /// Minutes since midnight, 1440 at most.
    pub fn minutes(self) -> u16 {
        self.0
    }
}

impl std::fmt::Display for ClockTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl<'de> Deserialize<'de> for ClockTime {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "\"{text}\" is no time of day: write \"HH:MM\", 24:00 at most"
            ))
        })
    }
}

impl Serialize for ClockTime {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for ClockTime {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ClockTime".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^(?:[01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_runs_from_0000_to_2400() {
        assert_eq!(ClockTime::parse("09:30").map(ClockTime::minutes), Some(570));
        assert_eq!(ClockTime::parse("24:00").map(ClockTime::minutes), Some(1440));
        for wrong in ["24:01", "9:30", "09:60", "0930", "+9:30", "09:3"] {
            assert_eq!(ClockTime::parse(wrong), None, "{wrong}");
        }
    }
}
