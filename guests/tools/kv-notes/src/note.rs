//! A note and its key. Titles are short and on one line, so that a list of them can be read.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// What every key begins with.
pub(crate) const PREFIX: &str = "note/";
/// In characters; four bytes each still fit into a key.
const MAX_TITLE: usize = 200;
const SECONDS_OF_A_DAY: u64 = 24 * 60 * 60;

/// What is kept under a key.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Note {
    pub(crate) text: String,
    /// Seconds since 1970.
    added: u64,
}

impl Note {
    /// A note of this moment.
    pub(crate) fn new(text: String) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let added = since.map(|since| since.as_secs()).unwrap_or_default();
        Self { text, added }
    }
}

/// Why a text is no title.
#[derive(Debug)]
pub(crate) enum TitleMistake {
    Empty,
    TooLong(usize),
    Control,
}

impl fmt::Display for TitleMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the title is empty"),
            Self::TooLong(length) => {
                write!(f, "the title has {length} characters; {MAX_TITLE} are the most")
            }
            Self::Control => f.write_str("the title has a line break or a control character"),
        }
    }
}

impl std::error::Error for TitleMistake {}

/// The key of the note with this title. Spaces around it do not count.
pub(crate) fn find_key(title: &str) -> Result<String, TitleMistake> {
    let title = title.trim();
    let length = title.chars().count();
    if title.is_empty() {
        Err(TitleMistake::Empty)
    } else if length > MAX_TITLE {
        Err(TitleMistake::TooLong(length))
    } else if title.contains(char::is_control) {
        Err(TitleMistake::Control)
    } else {
        Ok(format!("{PREFIX}{title}"))
    }
}

/// Notes by their keys as lines of day and title.
pub(crate) fn write_list(notes: &[(String, Note)]) -> String {
    if notes.is_empty() {
        return "There are no notes.".to_owned();
    }
    let lines = notes.iter().map(|(key, note)| {
        let title = key.strip_prefix(PREFIX).unwrap_or(key);
        format!("{}  {title}", write_day(note.added))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The day of a moment in UTC. Counting begins on the first of March of the year 0, so that a leap day is the
/// last day of its year; 400 years have 146,097 days.
fn write_day(seconds: u64) -> String {
    let days = seconds / SECONDS_OF_A_DAY + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next_year) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    format!("{:04}-{month:02}-{day:02}", era * 400 + year + next_year)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_makes_a_key_and_spaces_around_it_do_not_count() {
        assert_eq!(find_key(" Milk  and eggs ").unwrap(), "note/Milk  and eggs");
        assert!(find_key(&"ä".repeat(200)).unwrap().len() < 1024);
    }

    #[test]
    fn what_cannot_be_a_title_is_refused_with_the_reason() {
        assert!(matches!(find_key("  "), Err(TitleMistake::Empty)));
        assert!(matches!(
            find_key(&"ä".repeat(201)),
            Err(TitleMistake::TooLong(201))
        ));
        assert!(matches!(find_key("a\nb"), Err(TitleMistake::Control)));
    }

    #[test]
    fn a_list_has_a_day_and_a_title_a_line() {
        let note = |added| Note {
            text: "x".to_owned(),
            added,
        };
        let notes = [
            ("note/a".to_owned(), note(0)),
            ("note/b".to_owned(), note(951_782_400)),
        ];
        assert_eq!(write_list(&notes), "1970-01-01  a\n2000-02-29  b");
        assert_eq!(write_list(&[]), "There are no notes.");
    }

    #[test]
    fn days_follow_the_calendar() {
        for (seconds, day) in [
            (86_399, "1970-01-01"),
            (86_400, "1970-01-02"),
            (951_868_800, "2000-03-01"),
            (1_735_603_200, "2024-12-31"),
            (1_735_689_600, "2025-01-01"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(write_day(seconds), day);
        }
    }
}
