//! A time as people write it: `2024-01-31 10:00 +1 month`, `next monday`, `2 days ago`, `@86400`.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, TimeZone, Weekday};
use chrono_tz::Tz;

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number {
        value: i64,
        digits: usize,
        sign: Option<char>,
    },
    Word(String),
    Sign(char),
}

#[derive(Default)]
struct Said {
    date: Option<NaiveDate>,
    time: Option<NaiveTime>,
    offset: Option<i64>,
    months: i64,
    days: i64,
    seconds: i64,
    weekday: Option<(i64, Weekday)>,
    today: bool,
}

/// Reads a time. What is not said is as it is now; a day without a time begins at midnight.
pub(super) fn read(text: &str, now: DateTime<Tz>) -> Option<DateTime<Tz>> {
    let text = text.trim();
    if let Some(epoch) = text.strip_prefix('@') {
        let (seconds, part) = epoch.split_once('.').unwrap_or((epoch, "0"));
        let nanoseconds = format!("{part:0<9}").get(..9)?.parse().ok()?;
        return now
            .timezone()
            .timestamp_opt(seconds.parse().ok()?, nanoseconds)
            .single();
    }
    let tokens = tokens(&text.to_lowercase())?;
    let mut said = Said::default();
    let mut at = 0;
    while at < tokens.len() {
        at += said.take(tokens.get(at..)?, now)?;
    }
    said.resolve(now)
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' | '\t' | ',' | '\n' => {}
            '0'..='9' => {
                let mut digits = letter.to_string();
                while let Some(digit) = letters.next_if(char::is_ascii_digit) {
                    digits.push(digit);
                }
                tokens.push(Token::Number {
                    value: digits.parse().ok()?,
                    digits: digits.len(),
                    sign: None,
                });
            }
            'a'..='z' => {
                let mut word = letter.to_string();
                while let Some(letter) = letters.next_if(char::is_ascii_lowercase) {
                    word.push(letter);
                }
                letters.next_if_eq(&'.');
                tokens.push(Token::Word(word));
            }
            '+' | '-' => {
                let spaced = letters.peek() == Some(&' ');
                while letters.next_if_eq(&' ').is_some() {}
                match letters.peek() {
                    Some('0'..='9') => {
                        let mut digits = String::new();
                        while let Some(digit) = letters.next_if(char::is_ascii_digit) {
                            digits.push(digit);
                        }
                        let sign = Some(letter);
                        let wide = if spaced { 0 } else { digits.len() };
                        tokens.push(Token::Number {
                            value: digits.parse().ok()?,
                            digits: wide,
                            sign,
                        });
                    }
                    _ => tokens.push(Token::Sign(letter)),
                }
            }
            ':' | '/' | '.' => tokens.push(Token::Sign(letter)),
            _ => return None,
        }
    }
    Some(tokens)
}

impl Said {
    /// Takes what stands first, and says how many tokens that were.
    fn take(&mut self, tokens: &[Token], now: DateTime<Tz>) -> Option<usize> {
        use Token::{Number, Sign, Word};
        match tokens {
            [
                Number {
                    value: year,
                    digits: 4..,
                    sign: None,
                },
                Number {
                    value: month,
                    digits: 1..=2,
                    sign: Some('-'),
                },
                Number {
                    value: day,
                    digits: 1..=2,
                    sign: Some('-'),
                },
                rest @ ..,
            ] => {
                self.day(*year, *month, *day)?;
                // A `t` may join it to the time.
                let joined = matches!(rest, [Word(t), Number { .. }, ..] if t == "t");
                Some(if joined { 4 } else { 3 })
            }
            [
                Number {
                    value: hour,
                    sign: None,
                    ..
                },
                Sign(':'),
                Number { value: minute, .. },
                rest @ ..,
            ] => self.clock(*hour, *minute, rest),
            [
                Number { value: month, .. },
                Sign('/'),
                Number { value: day, .. },
                Sign('/'),
                Number {
                    value: year, digits, ..
                },
                ..,
            ] => {
                self.day(if *digits <= 2 { 2000 + year } else { *year }, *month, *day)?;
                Some(5)
            }
            [
                Number { value: month, .. },
                Sign('/'),
                Number { value: day, .. },
                ..,
            ] => {
                self.day(i64::from(now.year()), *month, *day)?;
                Some(3)
            }
            [
                Number {
                    value: hour,
                    sign: None,
                    ..
                },
                Word(half),
                ..,
            ] if half == "am" || half == "pm" => {
                self.time = NaiveTime::from_hms_opt(halved(*hour, half)?, 0, 0);
                self.time.map(|_| 2)
            }
            [
                Number {
                    value: day,
                    sign: None,
                    ..
                },
                Word(month),
                Number {
                    value: year,
                    digits: 4,
                    ..
                },
                ..,
            ] if month_of(month).is_some() => {
                self.day(*year, month_of(month)?, *day)?;
                Some(3)
            }
            [
                Number {
                    value: day,
                    sign: None,
                    ..
                },
                Word(month),
                ..,
            ] if month_of(month).is_some() => {
                self.day(i64::from(now.year()), month_of(month)?, *day)?;
                Some(2)
            }
            [
                Word(month),
                Number {
                    value: day,
                    digits: 1..=2,
                    ..
                },
                rest @ ..,
            ] if month_of(month).is_some() => {
                let year = match rest {
                    [
                        Number {
                            value: year,
                            digits: 4,
                            ..
                        },
                        Sign(':'),
                        ..,
                    ] => Err(*year),
                    [
                        Number {
                            value: year,
                            digits: 4,
                            ..
                        },
                        ..,
                    ] => Ok(*year),
                    _ => Err(0),
                };
                self.day(
                    year.unwrap_or_else(|_| i64::from(now.year())),
                    month_of(month)?,
                    *day,
                )?;
                Some(if year.is_ok() { 3 } else { 2 })
            }
            [Number { value, sign, .. }, Word(unit), rest @ ..] if unit_of(unit).is_some() => {
                let ago = matches!(rest, [Word(ago), ..] if ago == "ago");
                let value = if (*sign == Some('-')) != ago {
                    -value
                } else {
                    *value
                };
                self.shift(value, unit)?;
                Some(if ago { 3 } else { 2 })
            }
            [
                Number {
                    value,
                    digits: 8,
                    sign: None,
                },
                ..,
            ] => {
                self.day(value / 10_000, value / 100 % 100, value % 100)?;
                Some(1)
            }
            [
                Number {
                    value,
                    digits: 4,
                    sign: None,
                },
                ..,
            ] if self.time.is_none() && self.date.is_some() => {
                self.time = NaiveTime::from_hms_opt(
                    u32::try_from(value / 100).ok()?,
                    u32::try_from(value % 100).ok()?,
                    0,
                );
                self.time.map(|_| 1)
            }
            [
                Number {
                    value,
                    digits: 4,
                    sign: Some(sign),
                },
                ..,
            ] if self.time.is_some() => {
                self.offset = Some(east(*sign, value / 100, value % 100));
                Some(1)
            }
            [Word(word), rest @ ..] => self.word(word, rest),
            _ => None,
        }
    }

    fn word(&mut self, word: &str, rest: &[Token]) -> Option<usize> {
        match word {
            "now" => {}
            "today" => self.today = true,
            "yesterday" => self.days -= 1,
            "tomorrow" => self.days += 1,
            "midnight" => self.time = NaiveTime::from_hms_opt(0, 0, 0),
            "noon" => self.time = NaiveTime::from_hms_opt(12, 0, 0),
            "utc" | "gmt" | "z" => self.offset = Some(0),
            "est" => self.offset = Some(-5 * 3600),
            "edt" => self.offset = Some(-4 * 3600),
            "pst" => self.offset = Some(-8 * 3600),
            "pdt" => self.offset = Some(-7 * 3600),
            "cet" => self.offset = Some(3600),
            "cest" => self.offset = Some(2 * 3600),
            "next" | "last" | "this" => {
                let count = match word {
                    "next" => 1,
                    "last" => -1,
                    _ => 0,
                };
                let Some(Token::Word(what)) = rest.first() else {
                    return None;
                };
                match day_of(what) {
                    Some(day) => self.weekday = Some((count, day)),
                    None => self.shift(count, what)?,
                }
                return Some(2);
            }
            word => match (day_of(word), unit_of(word)) {
                (Some(day), _) => self.weekday = Some((0, day)),
                (None, Some(_)) => {
                    let ago = matches!(rest, [Token::Word(ago), ..] if ago == "ago");
                    self.shift(if ago { -1 } else { 1 }, word)?;
                    return Some(if ago { 2 } else { 1 });
                }
                (None, None) => return None,
            },
        }
        Some(1)
    }

    fn day(&mut self, year: i64, month: i64, day: i64) -> Option<()> {
        let (year, month, day) = (
            i32::try_from(year).ok()?,
            u32::try_from(month).ok()?,
            u32::try_from(day).ok()?,
        );
        self.date = Some(NaiveDate::from_ymd_opt(year, month, day)?);
        Some(())
    }

    fn clock(&mut self, hour: i64, minute: i64, rest: &[Token]) -> Option<usize> {
        use Token::{Number, Sign, Word};
        let mut taken = 3;
        let (mut second, mut nanosecond) = (0, 0);
        let mut rest = rest;
        if let [Sign(':'), Number { value, .. }, after @ ..] = rest {
            (second, rest, taken) = (*value, after, taken + 2);
        }
        if let [Sign('.'), Number { value, digits, .. }, after @ ..] = rest {
            nanosecond =
                value.checked_mul(10i64.checked_pow(9u32.saturating_sub(u32::try_from(*digits).ok()?))?)?;
            (rest, taken) = (after, taken + 2);
        }
        let mut hour = u32::try_from(hour).ok()?;
        if let [Word(half), after @ ..] = rest
            && (half == "am" || half == "pm")
        {
            hour = halved(i64::from(hour), half)?;
            (rest, taken) = (after, taken + 1);
        }
        match rest {
            [
                Number {
                    value,
                    digits: 2,
                    sign: Some(sign),
                },
                Sign(':'),
                Number { value: minutes, .. },
                ..,
            ] => {
                self.offset = Some(east(*sign, *value, *minutes));
                taken += 3;
            }
            [
                Number {
                    value,
                    digits: 4,
                    sign: Some(sign),
                },
                ..,
            ] => {
                self.offset = Some(east(*sign, value / 100, value % 100));
                taken += 1;
            }
            [
                Number {
                    value,
                    digits: 2,
                    sign: Some(sign),
                },
                after @ ..,
            ] if !matches!(after, [Word(unit), ..] if unit_of(unit).is_some()) => {
                self.offset = Some(east(*sign, *value, 0));
                taken += 1;
            }
            _ => {}
        }
        let (minute, second) = (u32::try_from(minute).ok()?, u32::try_from(second).ok()?);
        self.time = Some(NaiveTime::from_hms_nano_opt(
            hour,
            minute,
            second,
            u32::try_from(nanosecond).ok()?,
        )?);
        Some(taken)
    }

    fn shift(&mut self, count: i64, unit: &str) -> Option<()> {
        let (months, days, seconds) = unit_of(unit)?;
        self.months = self.months.checked_add(months.checked_mul(count)?)?;
        self.days = self.days.checked_add(days.checked_mul(count)?)?;
        self.seconds = self.seconds.checked_add(seconds.checked_mul(count)?)?;
        Some(())
    }

    fn resolve(self, now: DateTime<Tz>) -> Option<DateTime<Tz>> {
        let mut date = self.date.unwrap_or_else(|| now.date_naive());
        let says_day = self.date.is_some() || self.weekday.is_some();
        let time = self
            .time
            .unwrap_or(if says_day { NaiveTime::MIN } else { now.time() });
        // Months overflow into the next, as calendars on computers do: one month after January 31 is March 2.
        let total = i64::from(date.year()) * 12 + i64::from(date.month0()) + self.months;
        let day = date.day0();
        if self.months != 0 {
            let year = i32::try_from(total.div_euclid(12)).ok()?;
            date = NaiveDate::from_ymd_opt(year, 1, 1)?
                .checked_add_months(Months::new(u32::try_from(total.rem_euclid(12)).ok()?))?
                .checked_add_days(Days::new(u64::from(day)))?;
        }
        date = date.checked_add_signed(TimeDelta::try_days(self.days)?)?;
        if let Some((count, weekday)) = self.weekday {
            let ahead = (7 + i64::from(weekday.num_days_from_monday())
                - i64::from(date.weekday().num_days_from_monday()))
                % 7;
            let more = match count {
                0 => ahead,
                1 if ahead == 0 => 7,
                1 => ahead,
                _ => ahead - 7,
            };
            date = date.checked_add_signed(TimeDelta::try_days(more)?)?;
        }
        let naive = date.and_time(time);
        let zone = now.timezone();
        let at = match self.offset {
            Some(offset) => {
                zone.from_utc_datetime(&naive.checked_sub_signed(TimeDelta::try_seconds(offset)?)?)
            }
            None => zone.from_local_datetime(&naive).earliest()?,
        };
        at.checked_add_signed(TimeDelta::try_seconds(self.seconds)?)
    }
}

fn east(sign: char, hours: i64, minutes: i64) -> i64 {
    let seconds = hours * 3600 + minutes * 60;
    if sign == '-' { -seconds } else { seconds }
}

fn halved(hour: i64, half: &str) -> Option<u32> {
    let hour = u32::try_from(hour).ok().filter(|hour| (1..=12).contains(hour))?;
    Some(hour % 12 + if half == "pm" { 12 } else { 0 })
}

fn month_of(word: &str) -> Option<i64> {
    let at = MONTHS
        .iter()
        .position(|month| word.starts_with(month) && word.len() >= 3)?;
    i64::try_from(at + 1).ok()
}

fn day_of(word: &str) -> Option<Weekday> {
    let at = DAYS.iter().position(|day| word.starts_with(day))?;
    // `month` begins like a monday.
    (!word.starts_with("month")).then(|| Weekday::try_from(u8::try_from(at).ok()?).ok())?
}

/// A unit as months, days and seconds.
fn unit_of(word: &str) -> Option<(i64, i64, i64)> {
    let word = word
        .strip_suffix('s')
        .filter(|word| word.len() > 2)
        .unwrap_or(word);
    Some(match word {
        "year" => (12, 0, 0),
        "month" => (1, 0, 0),
        "fortnight" => (0, 14, 0),
        "week" => (0, 7, 0),
        "day" => (0, 1, 0),
        "hour" => (0, 0, 3600),
        "minute" | "min" => (0, 0, 60),
        "second" | "sec" => (0, 0, 1),
        _ => return None,
    })
}
