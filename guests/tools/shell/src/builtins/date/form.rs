//! A time in the form that `+FORMAT` asks for.

use std::fmt::Write;

use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, Datelike, Timelike};
use chrono_tz::Tz;

/// Writes a time.
pub(super) fn show(form: &str, time: &DateTime<Tz>) -> String {
    let mut out = String::new();
    let mut rest = form;
    while let Some(at) = rest.find('%') {
        out.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at + 1..).unwrap_or_default();
        let flags: String = rest
            .chars()
            .take_while(|letter| "-_0^#+".contains(*letter))
            .collect();
        rest = rest.get(flags.len()..).unwrap_or_default();
        let width: String = rest.chars().take_while(char::is_ascii_digit).collect();
        rest = rest.get(width.len()..).unwrap_or_default();
        let colons: String = rest.chars().take_while(|letter| *letter == ':').collect();
        rest = rest.get(colons.len()..).unwrap_or_default();
        let Some(letter) = rest.chars().next() else {
            out.push('%');
            break;
        };
        rest = rest.get(letter.len_utf8()..).unwrap_or_default();
        let text = one(letter, &colons, width.parse().ok(), time);
        let Some(text) = text else {
            let _ = write!(out, "%{flags}{width}{colons}{letter}");
            continue;
        };
        out.push_str(&dressed(text, letter, &flags, width.parse().unwrap_or(0)));
    }
    out.push_str(rest);
    out
}

fn dressed(mut text: String, letter: char, flags: &str, width: usize) -> String {
    let is_number = text.trim_start().chars().all(|c| c.is_ascii_digit()) && letter != 'N';
    let bare = |text: &str| match text.trim_start_matches(['0', ' ']) {
        "" => "0".to_owned(),
        bare => bare.to_owned(),
    };
    if is_number && flags.contains('-') {
        text = bare(&text);
    }
    if is_number && flags.contains('_') {
        let wide = text.len();
        text = format!("{:>wide$}", bare(&text));
    }
    if is_number && flags.contains('0') {
        text = text.replace(' ', "0");
    }
    if letter == 'N' && flags.contains('-') {
        text = text.trim_end_matches('0').to_owned();
    }
    if flags.contains('^') {
        text = text.to_uppercase();
    }
    if flags.contains('#') {
        let is_upper = text.chars().all(|c| !c.is_lowercase());
        text = if is_upper {
            text.to_lowercase()
        } else {
            text.to_uppercase()
        };
    }
    match (letter, is_number && !flags.contains('_')) {
        ('N', _) => text,
        (_, true) => format!("{text:0>width$}"),
        (_, false) => format!("{text:>width$}"),
    }
}

fn one(letter: char, colons: &str, width: Option<usize>, time: &DateTime<Tz>) -> Option<String> {
    let plain = match letter {
        'N' => {
            let digits = format!("{:09}", time.nanosecond());
            return Some(digits.chars().take(width.unwrap_or(9)).collect());
        }
        'q' => return Some(time.month0().div_euclid(3).checked_add(1)?.to_string()),
        'z' => format!("%{colons}z"),
        'c' => "%a %b %e %H:%M:%S %Y".to_owned(),
        'x' => "%m/%d/%y".to_owned(),
        'X' => "%H:%M:%S".to_owned(),
        'r' => "%I:%M:%S %p".to_owned(),
        letter if "aAbBCdDeFgGhHIjklmMnpPRsStTuUVwWyYZ%".contains(letter) => format!("%{letter}"),
        _ => return None,
    };
    let items: Vec<Item<'_>> = StrftimeItems::new(&plain).collect();
    let mut text = String::new();
    write!(text, "{}", time.format_with_items(items.iter())).ok()?;
    Some(text)
}
