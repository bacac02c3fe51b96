//! Amounts with a unit: stretches of time such as `30m`, sizes such as `10gb`, and shares such as `80%`.
//!
//! An amount is checked when it is read; afterwards asking for it cannot fail. It is written as it was read.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::tree::values::Scalar;

/// The longest stretch of time that can be meant: a hundred years.
const MAX_MILLIS: f64 = 3.2e12;
/// The largest size that can be meant: a number of bytes that a float holds exactly.
const MAX_BYTES: f64 = 9_007_199_254_740_991.0;

/// A unit of time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TimeUnit {
    /// `ms`
    Milliseconds,
    /// `s`
    Seconds,
    /// `m`
    Minutes,
    /// `h`
    Hours,
    /// `d`
    Days,
}

impl TimeUnit {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "ms" => Self::Milliseconds,
            "s" => Self::Seconds,
            "m" => Self::Minutes,
            "h" => Self::Hours,
            "d" => Self::Days,
            _ => return None,
        })
    }

    fn millis(self) -> f64 {
        match self {
            Self::Milliseconds => 1.0,
            Self::Seconds => 1e3,
            Self::Minutes => 6e4,
            Self::Hours => 3.6e6,
            Self::Days => 8.64e7,
        }
    }
}

/// A stretch of time: `30m`, `1h30m`, `500ms`, or a bare number whose unit depends on the key.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    text: String,
    length: Length,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Length {
    Bare(f64),
    Millis(f64),
}

impl Span {
    /// Reads a stretch of time. `None`: the text is none, or is longer than a century.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        let mut rest = lower.as_str();
        let mut total = 0.0;
        loop {
            let (number, tail) = split_number(rest)?;
            let unit_len = tail
                .find(|c: char| !c.is_ascii_alphabetic())
                .unwrap_or(tail.len());
            let (unit, next) = tail.split_at_checked(unit_len)?;
            if unit.is_empty() && next.is_empty() && rest.len() == lower.len() {
                let length = Length::Bare(number);
                return (number * TimeUnit::Days.millis() <= MAX_MILLIS).then(|| Self {
                    text: text.to_owned(),
                    length,
                });
            }
            total += number * TimeUnit::parse(unit)?.millis();
            if next.is_empty() {
                let length = Length::Millis(total);
                return (total <= MAX_MILLIS).then(|| Self {
                    text: text.to_owned(),
                    length,
                });
            }
            rest = next;
        }
    }

    /// So many hours.
    pub fn hours(count: u32) -> Self {
        let length = Length::Millis(f64::from(count) * TimeUnit::Hours.millis());
        Self {
            text: format!("{count}h"),
            length,
        }
    }

    /// So many days.
    pub fn days(count: u32) -> Self {
        let length = Length::Millis(f64::from(count) * TimeUnit::Days.millis());
        Self {
            text: format!("{count}d"),
            length,
        }
    }

    /// How long it is; `bare` is the unit of a number that stands alone.
    pub fn duration(&self, bare: TimeUnit) -> Duration {
        let millis = match self.length {
            Length::Bare(number) => number * bare.millis(),
            Length::Millis(millis) => millis,
        };
        Duration::from_secs_f64(millis / 1e3)
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// A size: `10gb`, `512m`, or a number of bytes. Units count in steps of 1024.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Size {
    text: String,
    bytes: u64,
}

impl Size {
    /// Reads a size. `None`: the text is none.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        let (number, unit) = split_number(&lower)?;
        let step = match unit.trim_start() {
            "" | "b" => 0,
            "k" | "kb" | "kib" => 1,
            "m" | "mb" | "mib" => 2,
            "g" | "gb" | "gib" => 3,
            "t" | "tb" | "tib" => 4,
            _ => return None,
        };
        let bytes = number * 1024f64.powi(step);
        // The bound makes the conversion exact.
        (bytes <= MAX_BYTES).then(|| Self {
            text: text.to_owned(),
            bytes: bytes as u64,
        })
    }

    /// So many gigabytes.
    pub fn gigabytes(count: u32) -> Self {
        Self {
            text: format!("{count}gb"),
            bytes: u64::from(count) << 30,
        }
    }

    /// How many bytes it is.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// How full something may become: a size, or a percentage of its limit.
#[derive(Clone, Debug, PartialEq)]
pub enum HighWater {
    /// A share of the limit, from 0 to 1.
    Share(f64),
    /// A size.
    Size(Size),
}

impl HighWater {
    /// So many percent of the limit.
    pub fn percent(count: u8) -> Self {
        Self::Share(f64::from(count) / 100.0)
    }

    /// Reads a percentage up to 100, or a size. `None`: the text is neither.
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim().strip_suffix('%') {
            Some(number) => {
                let (percent, rest) = split_number(number.trim_end())?;
                (rest.is_empty() && percent <= 100.0).then_some(Self::Share(percent / 100.0))
            }
            None => Size::parse(text).map(Self::Size),
        }
    }

    /// How many bytes it is, of this limit.
    pub fn bytes(&self, limit: u64) -> u64 {
        match self {
            Self::Share(share) => (limit as f64 * share) as u64,
            Self::Size(size) => size.bytes,
        }
    }
}

/// A number without sign or exponent at the front of the text, and what follows it.
fn split_number(text: &str) -> Option<(f64, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, rest) = text.split_at_checked(end)?;
    (number.starts_with(|c: char| c.is_ascii_digit()) && !number.ends_with('.'))
        .then(|| number.parse().ok())
        .flatten()
        .map(|number| (number, rest))
}

/// Reading and writing of an amount: as text or a bare number in, as it was written out.
macro_rules! amount {
    ($name:ident, $parse:expr, $show:expr, $pattern:literal, $error:literal) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Scalar::deserialize(deserializer)?.to_string();
                $parse(&text).ok_or_else(|| D::Error::custom(format!("\"{text}\" is {}", $error)))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let show: fn(&$name) -> String = $show;
                serializer.serialize_str(&show(self))
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": ["string", "number"], "minimum": 0, "pattern": $pattern })
            }
        }
    };
}

amount!(
    Span,
    Span::parse,
    |span| span.text.clone(),
    r"^\s*(?:[0-9]+(?:\.[0-9]+)?|(?:[0-9]+(?:\.[0-9]+)?(?:[mM][sS]|[smhdSMHD]))+)\s*$",
    "no stretch of time: write a number and one of ms, s, m, h, d, such as \"30m\""
);
amount!(
    Size,
    Size::parse,
    |size| size.text.clone(),
    r"^\s*[0-9]+(?:\.[0-9]+)?\s*(?:[bB]|[kmgtKMGT](?:[iI]?[bB])?)?\s*$",
    "no size: write a number and one of b, kb, mb, gb, tb, such as \"10gb\""
);
amount!(
    HighWater,
    HighWater::parse,
    |mark| match mark {
        HighWater::Share(share) => format!("{}%", (share * 1e4).round() / 100.0),
        HighWater::Size(size) => size.text.clone(),
    },
    r"^\s*[0-9]+(?:\.[0-9]+)?\s*(?:%|[bB]|[kmgtKMGT](?:[iI]?[bB])?)?\s*$",
    "neither a size such as \"10gb\" nor a percentage such as \"80%\""
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_of_time_add_up_and_bare_numbers_take_the_unit_of_their_key() {
        let seconds =
            |text: &str| Span::parse(text).map(|span| span.duration(TimeUnit::Minutes).as_secs_f64());
        assert_eq!(seconds("30m"), Some(1800.0));
        assert_eq!(seconds("1h30m"), Some(5400.0));
        assert_eq!(seconds("500ms"), Some(0.5));
        assert_eq!(seconds("0m"), Some(0.0));
        assert_eq!(seconds("45"), Some(2700.0));
        for wrong in [
            "",
            "m",
            "-5m",
            "5x",
            "5m3",
            "1e3s",
            "5 m",
            ".5m",
            "5.m",
            "99999999d",
        ] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sizes_count_in_steps_of_1024() {
        let bytes = |text: &str| Size::parse(text).map(|size| size.bytes());
        assert_eq!(bytes("10gb"), Some(Size::gigabytes(10).bytes()));
        assert_eq!(bytes("512m"), Some(512 << 20));
        assert_eq!(bytes("1.5kb"), Some(1536));
        assert_eq!(bytes("7"), Some(7));
        for wrong in ["", "gb", "-1", "1pb", "99999999tb"] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_high_water_mark_is_a_share_or_a_size() {
        assert_eq!(HighWater::parse("80%").map(|mark| mark.bytes(1000)), Some(800));
        assert_eq!(HighWater::parse("1kb").map(|mark| mark.bytes(1)), Some(1024));
        assert_eq!(HighWater::parse("101%"), None);
    }

    #[test]
    fn amounts_are_written_as_they_were_read() {
        for text in ["\"1h30m\"", "\"45\""] {
            let span: Span = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&span).unwrap(), text);
        }
        let mark: HighWater = serde_json::from_str("\"62.5%\"").unwrap();
        assert_eq!(serde_json::to_string(&mark).unwrap(), "\"62.5%\"");
        assert_eq!(serde_json::from_str::<Size>("1024").unwrap().bytes(), 1024);
    }
}
