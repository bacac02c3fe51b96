//! The orders of `sort`: which part of a line is looked at, and how two such parts compare.
//!
//! **Promise.** Two parts are equal only where the asked order says so; everything is done on bytes, as in the `C` locale.
//! **Cost.** One pass over both parts for each comparison.

use std::cmp::Ordering;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use super::names::versions;

/// How two parts compare.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Way {
    kind: Kind,
    folds_case: bool,
    only: Only,
    pub(super) reverse: bool,
}

#[derive(Clone, Copy, Debug, Default)]
enum Kind {
    #[default]
    Text,
    Number,
    General,
    Human,
    Month,
    Version,
    Random,
}

/// Which bytes of a text count.
#[derive(Clone, Copy, Debug, Default)]
enum Only {
    #[default]
    All,
    Words,
    Printable,
}

impl Way {
    /// The way that option letters ask for; the error is those that cannot go together.
    pub(super) fn of(letters: &str) -> Result<Self, String> {
        let has = |letter: char| letters.contains(letter);
        let only = match (has('d'), has('i')) {
            (true, _) => Only::Words,
            (false, true) => Only::Printable,
            (false, false) => Only::All,
        };
        let of_text = has('V') || has('R') || !matches!(only, Only::All);
        let kinds = ['g', 'h', 'M', 'n']
            .into_iter()
            .filter(|letter| has(*letter))
            .count()
            + usize::from(of_text);
        if kinds > 1 {
            let shown = |letter: &char| has(*letter) && !(*letter == 'i' && has('d'));
            return Err("dfghiMnRV".chars().filter(shown).collect());
        }
        let kind = letters.chars().rev().find_map(|letter| match letter {
            'g' => Some(Kind::General),
            'h' => Some(Kind::Human),
            'M' => Some(Kind::Month),
            'n' => Some(Kind::Number),
            'R' => Some(Kind::Random),
            'V' => Some(Kind::Version),
            _ => None,
        });
        Ok(Self {
            kind: kind.unwrap_or_default(),
            folds_case: has('f'),
            only,
            reverse: has('r'),
        })
    }

    /// Compares two parts; `chance` is what this run throws dice with.
    pub(super) fn compare(&self, one: &[u8], two: &[u8], chance: &RandomState) -> Ordering {
        let order = match self.kind {
            Kind::Text if matches!(self.only, Only::All) && !self.folds_case => one.cmp(two),
            Kind::Text => self.letters(one).cmp(self.letters(two)),
            Kind::Number => Decimal::read(one).cmp(&Decimal::read(two)),
            Kind::Human => Decimal::read(one).cmp_with_units(&Decimal::read(two)),
            Kind::General => general(one).partial_cmp(&general(two)).unwrap_or(Ordering::Equal),
            Kind::Month => month(one).cmp(&month(two)),
            Kind::Version => versions(one, two),
            Kind::Random => {
                let lot = |text| chance.hash_one(self.letters(text).collect::<Vec<u8>>());
                let equal = || self.letters(one).cmp(self.letters(two));
                lot(one).cmp(&lot(two)).then_with(equal)
            }
        };
        match self.reverse {
            true => order.reverse(),
            false => order,
        }
    }

    fn letters<'a>(&self, text: &'a [u8]) -> impl Iterator<Item = u8> + 'a {
        let Self { only, folds_case, .. } = *self;
        text.iter()
            .filter(move |byte| match only {
                Only::All => true,
                Only::Words => byte.is_ascii_alphanumeric() || is_blank(byte),
                Only::Printable => matches!(byte, b' '..=b'~'),
            })
            .map(move |byte| {
                if folds_case {
                    byte.to_ascii_uppercase()
                } else {
                    *byte
                }
            })
    }
}

/// A place in a line: after so many fields, then after so many bytes.
#[derive(Clone, Copy, Debug)]
struct Place {
    fields: usize,
    bytes: usize,
    skips_blanks: bool,
}

/// A part of each line, and how it compares.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    from: Place,
    /// Where it ends; without it, with the line. No bytes mean the whole of the last field.
    to: Option<Place>,
    pub(super) way: Way,
}

impl Key {
    /// The whole line, as the options before any key ask for.
    pub(super) fn line(global: &str) -> Result<Self, String> {
        let from = Place {
            fields: 0,
            bytes: 0,
            skips_blanks: global.contains('b'),
        };
        let way = Way::of(global).map_err(|letters| incompatible(&letters))?;
        Ok(Self { from, to: None, way })
    }

    /// Reads `F[.C][OPTIONS][,F[.C][OPTIONS]]`. One without options of its own has the global ones.
    pub(super) fn read(spec: &str, global: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("{why}: invalid field specification ‘{spec}’");
        let counted = |text: &mut &str, place: &str| {
            let digits = text.bytes().take_while(u8::is_ascii_digit).count();
            let (number, rest) = text.split_at(digits);
            if number.is_empty() {
                return Err(format!(
                    "invalid number {place}: invalid count at start of ‘{text}’"
                ));
            }
            *text = rest;
            // One that is too large is beyond the end of any line, like the largest.
            Ok(number.parse::<usize>().unwrap_or(usize::MAX))
        };
        let options = |text: &mut &str| {
            let end = text
                .bytes()
                .take_while(|byte| b"bdfghiMnRrV".contains(byte))
                .count();
            let (found, rest) = text.split_at(end);
            *text = rest;
            found.to_owned()
        };

        let mut text = spec;
        let field = counted(&mut text, "at field start")?;
        let field = field
            .checked_sub(1)
            .ok_or_else(|| wrong("field number is zero"))?;
        let mut byte = 0;
        if let Some(rest) = text.strip_prefix('.') {
            text = rest;
            byte = counted(&mut text, "after '.'")?;
            byte = byte
                .checked_sub(1)
                .ok_or_else(|| wrong("character offset is zero"))?;
        }
        let at_start = options(&mut text);

        let mut end = None;
        let mut at_end = String::new();
        if let Some(rest) = text.strip_prefix(',') {
            text = rest;
            let field = counted(&mut text, "after ','")?;
            let field = field
                .checked_sub(1)
                .ok_or_else(|| wrong("field number is zero"))?;
            let mut byte = 0;
            if let Some(rest) = text.strip_prefix('.') {
                text = rest;
                byte = counted(&mut text, "after '.'")?;
            }
            at_end = options(&mut text);
            end = Some((field, byte));
        }
        if !text.is_empty() {
            return Err(wrong("stray character in field spec"));
        }

        let own = format!("{at_start}{at_end}");
        let (letters, at_start, at_end) = match own.is_empty() {
            true => (global, global, global),
            false => (own.as_str(), at_start.as_str(), at_end.as_str()),
        };
        let way = Way::of(letters).map_err(|letters| incompatible(&letters))?;
        Ok(Self {
            from: Place {
                fields: field,
                bytes: byte,
                skips_blanks: at_start.contains('b'),
            },
            to: end.map(|(fields, bytes)| Place {
                fields,
                bytes,
                skips_blanks: at_end.contains('b'),
            }),
            way,
        })
    }

    /// The part of a line that this key is about.
    pub(super) fn part<'a>(&self, line: &'a [u8], tab: Option<u8>) -> &'a [u8] {
        let mut start = after_fields(line, self.from.fields, tab, true);
        if self.from.skips_blanks {
            start = after_blanks(line, start);
        }
        let start = start.saturating_add(self.from.bytes).min(line.len());
        let end = match self.to {
            None => line.len(),
            Some(Place { fields, bytes: 0, .. }) => after_fields(line, fields.saturating_add(1), tab, false),
            Some(to) => {
                let mut end = after_fields(line, to.fields, tab, true);
                if to.skips_blanks {
                    end = after_blanks(line, end);
                }
                end.saturating_add(to.bytes).min(line.len())
            }
        };
        line.get(start..end).unwrap_or_default()
    }
}

fn incompatible(letters: &str) -> String {
    format!("options '-{letters}' are incompatible")
}

fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n')
}

fn after_blanks(line: &[u8], at: usize) -> usize {
    let rest = line.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| is_blank(byte)).count()
}

/// The byte behind so many fields. What parts the last of them from the next counts to it if `with_tab` says so; without
/// `tab` a field begins with its blanks, and nothing parts them.
fn after_fields(line: &[u8], fields: usize, tab: Option<u8>, with_tab: bool) -> usize {
    let mut at = 0;
    for nth in 0..fields {
        if at >= line.len() {
            break;
        }
        match tab {
            Some(tab) => {
                let rest = line.get(at..).unwrap_or_default();
                at += rest.iter().take_while(|byte| **byte != tab).count();
                if at < line.len() && (with_tab || nth + 1 < fields) {
                    at += 1;
                }
            }
            None => {
                at = after_blanks(line, at);
                let rest = line.get(at..).unwrap_or_default();
                at += rest.iter().take_while(|byte| !is_blank(byte)).count();
            }
        }
    }
    at
}

/// A decimal number of any length at the start of a text.
struct Decimal<'a> {
    is_negative: bool,
    /// Its digits without zeros in front, and those behind the point without zeros at the end.
    digits: (&'a [u8], &'a [u8]),
    /// How many times a thousand its unit stands for.
    unit: usize,
}

impl<'a> Decimal<'a> {
    fn read(text: &'a [u8]) -> Self {
        let text = text.get(after_blanks(text, 0)..).unwrap_or_default();
        let (is_negative, text) = match text.strip_prefix(b"-") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (whole, mut rest) = text.split_at(digits(text));
        let mut part: &[u8] = b"";
        if let Some(behind) = rest.strip_prefix(b".") {
            (part, rest) = behind.split_at(digits(behind));
        }
        let zeros = whole.iter().take_while(|byte| **byte == b'0').count();
        let ending = part.iter().rev().take_while(|byte| **byte == b'0').count();
        let unit = rest.first().and_then(|unit| {
            b"KMGTPEZY"
                .iter()
                .position(|known| known == unit || (*unit == b'k' && *known == b'K'))
        });
        Self {
            is_negative,
            digits: (
                whole.get(zeros..).unwrap_or_default(),
                part.get(..part.len() - ending).unwrap_or_default(),
            ),
            unit: unit.map_or(0, |nth| nth + 1),
        }
    }

    fn sign(&self) -> i8 {
        match (self.digits, self.is_negative) {
            ((b"", b""), _) => 0,
            (_, true) => -1,
            (_, false) => 1,
        }
    }

    fn compare(&self, other: &Self, size: impl Fn(&Self, &Self) -> Ordering) -> Ordering {
        self.sign().cmp(&other.sign()).then_with(|| match self.sign() {
            0 => Ordering::Equal,
            1 => size(self, other),
            _ => size(other, self),
        })
    }

    fn cmp(&self, other: &Self) -> Ordering {
        self.compare(other, Self::sizes)
    }

    fn cmp_with_units(&self, other: &Self) -> Ordering {
        self.compare(other, |one, two| {
            one.unit.cmp(&two.unit).then_with(|| one.sizes(two))
        })
    }

    fn sizes(&self, other: &Self) -> Ordering {
        let ((whole, part), (against, behind)) = (self.digits, other.digits);
        whole
            .len()
            .cmp(&against.len())
            .then(whole.cmp(against))
            .then(part.cmp(behind))
    }
}

/// What is no number comes first, then what says that it is none, then numbers.
fn general(text: &[u8]) -> (u8, f64) {
    let text = text.get(after_blanks(text, 0)..).unwrap_or_default();
    // Only what a number can consist of, so that no long line is tried letter by letter.
    let known = text
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte));
    let Some(text) = text
        .get(..known.count())
        .and_then(|text| str::from_utf8(text).ok())
    else {
        return (0, 0.0);
    };
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let word = |word: &str| {
        unsigned
            .get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word))
    };
    let number = match () {
        () if word("nan") => return (1, 0.0),
        () if word("inf") => f64::INFINITY,
        () => {
            let whole = digits(unsigned);
            let mut end = whole;
            if let Some(behind) = unsigned.get(end..).and_then(|rest| rest.strip_prefix('.')) {
                end += 1 + digits(behind);
                if end == 1 {
                    return (0, 0.0);
                }
            }
            if let Some(exponent) = unsigned.get(end..).and_then(|rest| rest.strip_prefix(['e', 'E'])) {
                let number = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
                if digits(number) > 0 {
                    end += 1 + (exponent.len() - number.len()) + digits(number);
                }
            }
            match unsigned.get(..end).unwrap_or_default().parse() {
                Ok(number) => number,
                Err(_) => return (0, 0.0),
            }
        }
    };
    (2, if text.starts_with('-') { -number } else { number })
}

/// January is 1; what is no month is 0.
fn month(text: &[u8]) -> usize {
    const MONTHS: [&[u8]; 12] = [
        b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec",
    ];
    let text = text.get(after_blanks(text, 0)..).unwrap_or_default();
    let found = text
        .get(..3)
        .and_then(|start| MONTHS.iter().position(|month| start.eq_ignore_ascii_case(month)));
    found.map_or(0, |nth| nth + 1)
}
