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

/// The order of names in which numbers count as numbers. Hidden names come first, and endings like `.tar.gz` count only
/// where nothing else differs.
pub(super) fn versions(one: &[u8], two: &[u8]) -> Ordering {
    let hidden = |name: &[u8]| name.starts_with(b".");
    match (hidden(one), hidden(two)) {
        (true, false) => return Ordering::Less,
        (false, true) => return Ordering::Greater,
        _ => {}
    }
    parts(without_ending(one), without_ending(two)).then_with(|| parts(one, two))
}

/// A name without what it ends with: dots, each with a letter behind it and letters or digits behind that.
fn without_ending(name: &[u8]) -> &[u8] {
    let mut end = name.len();
    while let Some(dot) = name
        .get(..end)
        .and_then(|name| name.iter().rposition(|byte| *byte == b'.'))
    {
        let is_ending = match name.get(dot + 1..end) {
            Some([first, rest @ ..]) => {
                (first.is_ascii_alphabetic() || *first == b'~')
                    && rest
                        .iter()
                        .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'~')
            }
            _ => false,
        };
        if !is_ending || dot == 0 {
            break;
        }
        end = dot;
    }
    name.get(..end).unwrap_or(name)
}

fn parts(one: &[u8], two: &[u8]) -> Ordering {
    let (mut left, mut right) = (one, two);
    while !left.is_empty() || !right.is_empty() {
        let text = |name: &[u8]| name.iter().take_while(|byte| !byte.is_ascii_digit()).count();
        let ((text_left, number_left), (text_right, number_right)) =
            (left.split_at(text(left)), right.split_at(text(right)));
        let digits = |name: &[u8]| name.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let ((digits_left, rest_left), (digits_right, rest_right)) = (
            number_left.split_at(digits(number_left)),
            number_right.split_at(digits(number_right)),
        );
        let trimmed = |digits: &[u8]| -> usize { digits.iter().take_while(|digit| **digit == b'0').count() };
        let (value, against) = (
            digits_left.get(trimmed(digits_left)..).unwrap_or_default(),
            digits_right.get(trimmed(digits_right)..).unwrap_or_default(),
        );
        let order = letters(text_left, text_right)
            .then(value.len().cmp(&against.len()))
            .then(value.cmp(against));
        if order != Ordering::Equal {
            return order;
        }
        (left, right) = (rest_left, rest_right);
    }
    Ordering::Equal
}

/// Letters before other signs, and `~` before the end.
fn letters(one: &[u8], two: &[u8]) -> Ordering {
    let weight = |byte: Option<&u8>| match byte {
        None => 0,
        Some(b'~') => -1,
        Some(byte) if byte.is_ascii_alphabetic() => i32::from(*byte),
        Some(byte) => i32::from(*byte) + 256,
    };
    let places = 0..one.len().max(two.len());
    let mut orders = places.map(|at| weight(one.get(at)).cmp(&weight(two.get(at))));
    orders
        .find(|order| *order != Ordering::Equal)
        .unwrap_or(Ordering::Equal)
}
