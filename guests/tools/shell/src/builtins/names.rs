//! Patterns of names, and the order of names with numbers in them.

use std::cmp::Ordering;
use std::collections::BTreeSet;

/// Whether a shell's pattern fits a whole name.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    let mut reached: BTreeSet<usize> = BTreeSet::from([0]);
    let mut pattern = pattern.chars().peekable();
    while let Some(letter) = pattern.next() {
        let fits: Box<dyn Fn(char) -> bool> = match letter {
            '*' => {
                reached = reached
                    .first()
                    .map_or_else(BTreeSet::new, |first| (*first..=name.len()).collect());
                continue;
            }
            '?' => Box::new(|_| true),
            '[' => {
                let class: String = pattern.by_ref().take_while(|letter| *letter != ']').collect();
                Box::new(move |found| in_class(&class, found))
            }
            '\\' => {
                let next = pattern.next();
                Box::new(move |found| Some(found) == next)
            }
            letter => Box::new(move |found| found == letter),
        };
        let next = reached
            .iter()
            .filter(|at| name.get(**at).is_some_and(|found| fits(*found)));
        reached = next.map(|at| at + 1).collect();
    }
    reached.contains(&name.len())
}

fn in_class(class: &str, found: char) -> bool {
    let (negated, class) = match class.strip_prefix(['!', '^']) {
        Some(rest) => (true, rest),
        None => (false, class),
    };
    let letters: Vec<char> = class.chars().collect();
    let mut at = 0;
    let mut is_in = false;
    while let Some(first) = letters.get(at) {
        match (letters.get(at + 1), letters.get(at + 2)) {
            (Some('-'), Some(last)) => {
                is_in |= (*first..=*last).contains(&found);
                at += 3;
            }
            _ => {
                is_in |= *first == found;
                at += 1;
            }
        }
    }
    is_in != negated
}

/// The order of names in which numbers count as numbers.
pub(super) fn versions(one: &str, two: &str) -> Ordering {
    let (mut left, mut right) = (one, two);
    loop {
        let (start, other) = (
            left.find(|c: char| c.is_ascii_digit()),
            right.find(|c: char| c.is_ascii_digit()),
        );
        let (text, beside) = (
            left.split_at(start.unwrap_or(left.len())),
            right.split_at(other.unwrap_or(right.len())),
        );
        let order = letters(text.0, beside.0);
        if order != Ordering::Equal || (text.1.is_empty() && beside.1.is_empty()) {
            return order.then_with(|| one.cmp(two));
        }
        let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, rest) = text.1.split_at(digits(text.1));
        let (against, after) = beside.1.split_at(digits(beside.1));
        let (number, against) = (number.trim_start_matches('0'), against.trim_start_matches('0'));
        let order = number.len().cmp(&against.len()).then_with(|| number.cmp(against));
        if order != Ordering::Equal {
            return order;
        }
        (left, right) = (rest, after);
    }
}

/// Letters before other signs, and `~` before the end.
fn letters(one: &str, two: &str) -> Ordering {
    let weight = |byte: Option<&u8>| match byte {
        None => 0,
        Some(b'~') => -1,
        Some(byte) if byte.is_ascii_alphabetic() => i32::from(*byte),
        Some(byte) => i32::from(*byte) + 256,
    };
    for at in 0..one.len().max(two.len()) {
        let order = weight(one.as_bytes().get(at)).cmp(&weight(two.as_bytes().get(at)));
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}
