//! How much of the machine a component may use, each limit with its usual value, its ceiling and its range.
//!
//! What holds is the request, or the usual value, cut at the operator's ceiling. Every limit is finite and above
//! zero: a value outside of its range cannot be made.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU64;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Result};
use crate::units::{Bytes, Millis};

/// What a limit counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unit {
    /// Milliseconds.
    Time,
    /// Bytes.
    Size,
    /// Things.
    Count,
}

/// A limit.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Limit {
    /// Time that one call computes.
    Cpu,
    /// Time from the start of one call to its end, waiting included.
    Deadline,
    /// Calls from the component to the host, in one call of the component.
    HostCalls,
    /// Bytes that the host hands to one call.
    BytesIn,
    /// Bytes that one call hands to the host.
    BytesOut,
    /// All memories of one call together.
    Memory,
    /// Elements of all tables of one call together.
    TableElements,
    /// Log lines of one call.
    Log,
    /// The result of one call, what it prints included.
    Output,
    /// Calls at the same time.
    Concurrency,
    /// The store of one extension and account. A manifest asks for it as a capability.
    Kv,
}

struct Row {
    key: &'static str,
    unit: Unit,
    /// If nothing is asked.
    usual: u64,
    /// If the operator sets none.
    ceiling: u64,
    least: u64,
    most: u64,
}

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const SECOND: u64 = 1000;
const HOUR: u64 = 3600 * SECOND;

impl Limit {
    /// Every limit.
    pub const ALL: [Self; 11] = [
        Self::Cpu,
        Self::Deadline,
        Self::HostCalls,
        Self::BytesIn,
        Self::BytesOut,
        Self::Memory,
        Self::TableElements,
        Self::Log,
        Self::Output,
        Self::Concurrency,
        Self::Kv,
    ];

    const fn row(self) -> Row {
        let (key, unit, [usual, ceiling, least, most]) = match self {
            Self::Cpu => ("cpu", Unit::Time, [SECOND, 30 * SECOND, 1, HOUR]),
            Self::Deadline => ("deadline", Unit::Time, [30 * SECOND, 600 * SECOND, 1, 24 * HOUR]),
            Self::HostCalls => ("hostCalls", Unit::Count, [10_000, 1_000_000, 1, 1_000_000_000]),
            Self::BytesIn => ("bytesIn", Unit::Size, [16 * MIB, 256 * MIB, 1, 64 * GIB]),
            Self::BytesOut => ("bytesOut", Unit::Size, [16 * MIB, 256 * MIB, 1, 64 * GIB]),
            Self::Memory => ("memory", Unit::Size, [64 * MIB, 512 * MIB, 64 * KIB, 4 * GIB]),
            Self::TableElements => ("tableElements", Unit::Count, [20_000, 200_000, 1, 10_000_000]),
            Self::Log => ("log", Unit::Size, [64 * KIB, MIB, 1, 64 * MIB]),
            Self::Output => ("output", Unit::Size, [MIB, 16 * MIB, 1, GIB]),
            Self::Concurrency => ("concurrency", Unit::Count, [4, 32, 1, 1024]),
            Self::Kv => ("kv", Unit::Size, [MIB, 64 * MIB, 1, 16 * GIB]),
        };
        Row {
            key,
            unit,
            usual,
            ceiling,
            least,
            most,
        }
    }

    /// Its key in a manifest and in the config.
    pub fn key(self) -> &'static str {
        self.row().key
    }

    /// What it counts.
    pub fn unit(self) -> Unit {
        self.row().unit
    }

    /// Takes an amount within the limit's range.
    pub fn value(self, amount: u64) -> Result<Amount> {
        let row = self.row();
        let within = NonZeroU64::new(amount).filter(|_| (row.least..=row.most).contains(&amount));
        let amount_of = |amount| Amount {
            unit: row.unit,
            amount,
        };
        within.map(amount_of).ok_or_else(|| Error::Range {
            limit: row.key,
            given: print(row.unit, amount),
            least: print(row.unit, row.least),
            most: print(row.unit, row.most),
        })
    }

    /// Reads an amount: a text with a unit, or digits where things are counted.
    pub fn read(self, text: &str) -> Result<Amount> {
        let amount = match self.unit() {
            Unit::Time => text.parse::<Millis>()?.get(),
            Unit::Size => text.parse::<Bytes>()?.get(),
            Unit::Count => {
                let digits = text.bytes().all(|c| c.is_ascii_digit());
                let number = text.parse().ok().filter(|_| digits);
                number.ok_or_else(|| Error::value("count", text, "is no whole number"))?
            }
        };
        self.value(amount)
    }

    /// The value that holds if nothing is asked.
    pub fn usual(self) -> Amount {
        Amount::fixed(self.row().unit, self.row().usual)
    }

    /// The ceiling that holds if the operator sets none.
    pub fn usual_ceiling(self) -> Amount {
        Amount::fixed(self.row().unit, self.row().ceiling)
    }
}

fn print(unit: Unit, amount: u64) -> String {
    let printed = match unit {
        Unit::Time => Millis::new(amount).map(|amount| amount.to_string()),
        Unit::Size => Bytes::new(amount).map(|amount| amount.to_string()),
        Unit::Count => None,
    };
    printed.unwrap_or_else(|| amount.to_string())
}

/// A value of a limit, within its range.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Amount {
    unit: Unit,
    amount: NonZeroU64,
}

impl Amount {
    /// For the table above only, whose values are within their ranges by its test.
    fn fixed(unit: Unit, amount: u64) -> Self {
        Self {
            unit,
            amount: NonZeroU64::new(amount).unwrap_or(NonZeroU64::MIN),
        }
    }

    /// The number: milliseconds, bytes or things.
    pub fn get(self) -> u64 {
        self.amount.get()
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&print(self.unit, self.get()))
    }
}

/// Values for some limits: what a manifest asks, what a person granted, or the operator's ceilings.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LimitSet(BTreeMap<Limit, Amount>);

impl LimitSet {
    /// Sets one limit.
    pub fn set(&mut self, limit: Limit, amount: u64) -> Result<()> {
        self.0.insert(limit, limit.value(amount)?);
        Ok(())
    }

    /// The value for a limit, if there is one.
    pub fn get(&self, limit: Limit) -> Option<Amount> {
        self.0.get(&limit).copied()
    }

    /// The limits and their values.
    pub fn iter(&self) -> impl Iterator<Item = (Limit, Amount)> {
        self.0.iter().map(|(limit, amount)| (*limit, *amount))
    }

    /// Whether no limit is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is asked beyond this. What either does not set is at its usual value, so whoever holds less than usual
    /// is asked when somebody wants the usual. A store that is not asked for is none.
    pub fn difference(&self, asked: &Self) -> Self {
        let beyond = |limit: &Limit| {
            let unset = (*limit != Limit::Kv).then(|| limit.usual());
            let wanted = asked.get(*limit).or(unset)?;
            let held = self.get(*limit).unwrap_or_else(|| limit.usual());
            (wanted.get() > held.get()).then_some((*limit, wanted))
        };
        Self(Limit::ALL.iter().filter_map(beyond).collect())
    }

    /// Only what is below the usual values, which holds whatever else is agreed to.
    pub(crate) fn below_usual(&self) -> Self {
        let below = |(limit, amount): &(Limit, Amount)| amount.get() < limit.usual().get();
        Self(self.iter().filter(below).collect())
    }

    /// Whether all that is asked is within this.
    pub fn covers(&self, asked: &Self) -> bool {
        self.difference(asked).is_empty()
    }
}

impl Serialize for LimitSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = self.iter().map(|(limit, amount)| match limit.unit() {
            Unit::Count => (limit.key(), Written::Count(amount.get())),
            _ => (limit.key(), Written::Text(amount.to_string())),
        });
        serializer.collect_map(written)
    }
}

impl<'de> Deserialize<'de> for LimitSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let written = BTreeMap::<Limit, serde_json::Value>::deserialize(deserializer)?;
        let mut limits = BTreeMap::new();
        for (limit, value) in written {
            let amount = match (limit.unit(), &value) {
                (Unit::Count, serde_json::Value::Number(number)) => limit.read(&number.to_string()),
                (Unit::Time | Unit::Size, serde_json::Value::String(text)) => limit.read(text),
                (Unit::Time, _) => Err(Error::value(
                    "time",
                    &value.to_string(),
                    "must be a text, as in \"2 s\"",
                )),
                (Unit::Size, _) => Err(Error::value(
                    "size",
                    &value.to_string(),
                    "must be a text, as in \"64 MiB\"",
                )),
                (Unit::Count, _) => Err(Error::value("count", &value.to_string(), "must be a number")),
            };
            let name = |error| D::Error::custom(format_args!("{}: {error}", limit.key()));
            limits.insert(limit, amount.map_err(name)?);
        }
        Ok(Self(limits))
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Written {
    Count(u64),
    Text(String),
}

/// Who decided a value, and so who can raise it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Source {
    /// Nobody asked: the usual value.
    Usual,
    /// The manifest asked for it.
    Request,
    /// The operator's ceiling cut it.
    Ceiling,
}

/// A limit as it holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Setting {
    /// Which.
    pub limit: Limit,
    /// Its value.
    pub amount: Amount,
    /// Who decided it.
    pub source: Source,
}

/// The limits that hold for a component.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Effective {
    request: LimitSet,
    ceilings: LimitSet,
}

impl Effective {
    /// Cuts a request at the operator's ceilings.
    pub fn new(request: LimitSet, ceilings: LimitSet) -> Self {
        Self { request, ceilings }
    }

    /// The value that holds for a limit, and who decided it.
    pub fn get(&self, limit: Limit) -> Setting {
        let Self { request, ceilings } = self;
        let (wanted, source) = match request.get(limit) {
            Some(amount) => (amount, Source::Request),
            None => (limit.usual(), Source::Usual),
        };
        let ceiling = ceilings.get(limit).unwrap_or_else(|| limit.usual_ceiling());
        let (amount, source) = match wanted.get() > ceiling.get() {
            true => (ceiling, Source::Ceiling),
            false => (wanted, source),
        };
        Setting {
            limit,
            amount,
            source,
        }
    }

    /// All limits; that of a store only if there is one.
    pub fn settings(&self) -> impl Iterator<Item = Setting> {
        let there = |limit: &Limit| *limit != Limit::Kv || self.request.get(Limit::Kv).is_some();
        let limits = Limit::ALL.into_iter().filter(there);
        limits.map(|limit| self.get(limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_agrees_with_itself() {
        for limit in Limit::ALL {
            let row = limit.row();
            assert!(
                row.least <= row.usual && row.usual <= row.ceiling && row.ceiling <= row.most,
                "{limit:?}"
            );
            assert!(row.least > 0 && row.most < u64::MAX);
            assert_eq!(serde_json::to_value(limit).unwrap(), row.key);
            assert_eq!(limit.read(&limit.usual().to_string()).unwrap(), limit.usual());
        }
    }

    #[test]
    fn zero_and_what_is_beyond_the_range_are_no_values() {
        for limit in Limit::ALL {
            for amount in [0, limit.row().most + 1, u64::MAX] {
                assert!(
                    matches!(limit.value(amount), Err(Error::Range { .. })),
                    "{limit:?} {amount}"
                );
            }
        }
        let error = Limit::Cpu.value(0).unwrap_err().to_string();
        assert_eq!(error, "limit cpu: 0 is outside of its range, 1 ms to 1 h");
    }

    #[test]
    fn what_holds_is_the_request_cut_at_the_ceiling() {
        let set = |amount| {
            let mut set = LimitSet::default();
            set.set(Limit::Cpu, amount).unwrap();
            set
        };
        let cpu = |request, ceilings| {
            let setting = Effective::new(request, ceilings).get(Limit::Cpu);
            (setting.amount.get(), setting.source)
        };
        let none = LimitSet::default;
        assert_eq!(cpu(none(), none()), (1000, Source::Usual));
        assert_eq!(cpu(set(2000), none()), (2000, Source::Request));
        assert_eq!(cpu(set(40_000), none()), (30_000, Source::Ceiling));
        assert_eq!(cpu(set(40_000), set(60_000)), (40_000, Source::Request));
        assert_eq!(cpu(none(), set(10)), (10, Source::Ceiling));
    }

    #[test]
    fn less_than_usual_needs_no_new_consent() {
        let mut less = LimitSet::default();
        less.set(Limit::Memory, 1 << 20).unwrap();
        assert!(LimitSet::default().covers(&less));
        // Who holds less than usual is asked for the usual, whether it is written or not.
        let usual = LimitSet(BTreeMap::from([(Limit::Memory, Limit::Memory.usual())]));
        assert_eq!(less.difference(&usual), usual);
        assert_eq!(less.difference(&LimitSet::default()), usual);
        let mut store = LimitSet::default();
        store.set(Limit::Kv, 1).unwrap();
        assert!(store.covers(&LimitSet::default()));
    }
}
