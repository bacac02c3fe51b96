//! Amounts of bytes and time as people write them: `64 MiB`, `2 s`.
//!
//! Whole numbers with a unit, from 1 to below the largest number there is: "none" and "without end" are not
//! amounts. An amount is printed with the largest unit that keeps it whole, and reads back as itself.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::text::text_type;

/// Units from the largest to the smallest; the second half is read and never printed.
const BYTES: &[(&str, u64)] = &[
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1000),
];

const TIMES: &[(&str, u64)] = &[("h", 3_600_000), ("min", 60_000), ("s", 1000), ("ms", 1)];

fn read(text: &str, units: &[(&str, u64)]) -> Option<NonZeroU64> {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, unit) = text.split_at_checked(end)?;
    let unit = unit.strip_prefix(' ').unwrap_or(unit);
    let (_, size) = units.iter().find(|(name, _)| *name == unit)?;
    let amount: u64 = digits.parse().ok()?;
    let amount = amount.checked_mul(*size).filter(|amount| *amount < u64::MAX)?;
    NonZeroU64::new(amount)
}

fn write(f: &mut fmt::Formatter<'_>, amount: u64, units: &[(&str, u64)]) -> fmt::Result {
    let unit = units.iter().find(|(_, size)| amount.is_multiple_of(*size));
    let (name, size) = unit.unwrap_or(&("", 1));
    write!(f, "{} {name}", amount / size)
}

/// An amount of bytes.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Bytes(NonZeroU64);

impl Bytes {
    /// So many; none for 0 and for the largest number.
    pub fn new(bytes: u64) -> Option<Self> {
        NonZeroU64::new(bytes)
            .filter(|bytes| bytes.get() < u64::MAX)
            .map(Self)
    }

    pub(crate) const fn mebi(count: u32) -> Self {
        match NonZeroU64::new((count as u64) << 20) {
            Some(bytes) => Self(bytes),
            None => Self(NonZeroU64::MIN),
        }
    }

    /// The number.
    pub fn get(self) -> u64 {
        self.0.get()
    }
}

impl FromStr for Bytes {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let why = "is no amount; write a whole number above 0 and B, KiB, MiB or GiB";
        read(text, BYTES)
            .map(Self)
            .ok_or_else(|| Error::value("size", text, why))
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, self.get(), BYTES)
    }
}

text_type!(Bytes);

/// An amount of time, in milliseconds.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Millis(NonZeroU64);

impl Millis {
    /// So many; none for 0 and for the largest number.
    pub fn new(millis: u64) -> Option<Self> {
        NonZeroU64::new(millis)
            .filter(|millis| millis.get() < u64::MAX)
            .map(Self)
    }

    /// The number.
    pub fn get(self) -> u64 {
        self.0.get()
    }

    /// The same as a duration.
    pub fn as_duration(self) -> Duration {
        Duration::from_millis(self.get())
    }
}

impl FromStr for Millis {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let why = "is no amount; write a whole number above 0 and ms, s, min or h";
        read(text, TIMES)
            .map(Self)
            .ok_or_else(|| Error::value("time", text, why))
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, self.get(), TIMES)
    }
}

text_type!(Millis);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_printed_as_people_write_them() {
        for (text, bytes, printed) in [
            ("64 MiB", 64 << 20, "64 MiB"),
            ("64MiB", 64 << 20, "64 MiB"),
            ("1536 KiB", 1536 << 10, "1536 KiB"),
            ("1024 KiB", 1 << 20, "1 MiB"),
            ("5 MB", 5_000_000, "5000000 B"),
            ("7 B", 7, "7 B"),
        ] {
            let amount: Bytes = text.parse().unwrap();
            assert_eq!(
                (amount.get(), amount.to_string().as_str()),
                (bytes, printed),
                "{text}"
            );
        }
        for (text, printed) in [
            ("2 s", "2 s"),
            ("90s", "90 s"),
            ("60 s", "1 min"),
            ("500 ms", "500 ms"),
            ("24 h", "24 h"),
        ] {
            assert_eq!(text.parse::<Millis>().unwrap().to_string(), printed, "{text}");
        }
        assert_eq!(
            "2 s".parse::<Millis>().unwrap().as_duration(),
            Duration::from_secs(2)
        );
    }

    #[test]
    fn nothing_and_everything_are_no_amounts() {
        for text in [
            "0 B",
            "0 s",
            "",
            "5",
            " 5 B",
            "5  B",
            "-1 B",
            "1.5 MiB",
            "5 mib",
            "18446744073709551615 B",
            "18446744073709551615 GiB",
            "é",
        ] {
            assert!(
                text.parse::<Bytes>().is_err() && text.parse::<Millis>().is_err(),
                "{text}"
            );
        }
        assert!(Bytes::new(0).is_none() && Bytes::new(u64::MAX).is_none() && Millis::new(0).is_none());
    }
}
