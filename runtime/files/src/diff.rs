//! What differs between two texts, for people.
//!
//! **Bound.** [`COMPARED_BYTES`] of text together, and [`COMPARED_LINES`] lines that differ; where there are more, they
//! are told as one piece that was replaced by another. [`DIFF_BYTES`] are kept. **Cost.** At worst the square of those
//! lines: it is not the clock that ends it, so that it ends alike everywhere.

use std::fmt::Write as _;

use similar::TextDiff;

/// The longest diff that is kept, in bytes.
const DIFF_BYTES: usize = 64 * 1024;
/// The longest texts that are compared, in bytes together.
const COMPARED_BYTES: usize = 1 << 20;
/// The most lines that are compared, between those that both texts begin with and those that both end with.
const COMPARED_LINES: usize = 3000;
/// How many lines around a change are shown.
const AROUND: usize = 3;

/// What differs between two texts.
#[derive(Debug)]
pub(crate) struct Changes {
    /// In the unified form.
    pub(crate) text: String,
    /// The first line that differs, in the new text, counted from one.
    pub(crate) first_line: Option<usize>,
}

/// Compares two texts.
pub(crate) fn diff(shown: &str, before: &str, after: &str) -> Changes {
    if before == after {
        return Changes {
            text: String::new(),
            first_line: None,
        };
    }
    let same = before
        .split_inclusive('\n')
        .zip(after.split_inclusive('\n'))
        .take_while(|(old, new)| old == new)
        .count();
    let text = match before.len() + after.len() > COMPARED_BYTES {
        true => too_long(before.len() as u64, after.len()),
        false => compare(shown, before, after, same),
    };
    Changes {
        text: cut(text),
        first_line: Some(same + 1),
    }
}

/// What is said in place of a diff.
pub(crate) fn too_long(before: u64, after: usize) -> String {
    format!("[too long to be compared: {before} and {after} bytes]")
}

fn compare(shown: &str, before: &str, after: &str, same: usize) -> String {
    let old: Vec<_> = before.split_inclusive('\n').collect();
    let new: Vec<_> = after.split_inclusive('\n').collect();
    let room = old.len().min(new.len()) - same;
    let ends = old.iter().rev().zip(new.iter().rev());
    let tail = ends.take(room).take_while(|(old, new)| old == new).count();
    if old.len() + new.len() - 2 * (same + tail) <= COMPARED_LINES {
        let compared = TextDiff::from_lines(before, after);
        let mut unified = compared.unified_diff();
        return unified.context_radius(AROUND).header(shown, shown).to_string();
    }
    let (first, last) = (same.saturating_sub(AROUND), AROUND.min(tail));
    let shown_of = |lines: &[&str]| lines.len() - tail + last - first;
    let mut text = format!("--- {shown}\n+++ {shown}\n");
    let (olds, news) = (shown_of(&old), shown_of(&new));
    let _ = writeln!(text, "@@ -{},{olds} +{},{news} @@", first + 1, first + 1);
    let parts = [
        (' ', old.get(first..same)),
        ('-', old.get(same..old.len() - tail)),
        ('+', new.get(same..new.len() - tail)),
        (' ', old.get(old.len() - tail..old.len() - tail + last)),
    ];
    for (sign, lines) in parts {
        for line in lines.unwrap_or_default() {
            if text.len() > DIFF_BYTES {
                return text;
            }
            text.push(sign);
            text.push_str(line);
            if !line.ends_with('\n') {
                text.push_str("\n\\ No newline at end of file\n");
            }
        }
    }
    text
}

fn cut(mut text: String) -> String {
    if text.len() > DIFF_BYTES {
        text.truncate(text.floor_char_boundary(DIFF_BYTES));
        text.push_str("\n[… cut]");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn lines(factor: u64, count: u64) -> String {
        let numbers = (0..count).map(|n| n.wrapping_mul(n + 1).wrapping_mul(factor) >> 7 & 0xFFFF);
        numbers.map(|number| format!("{number:x}\n")).collect()
    }

    const ONE: u64 = 0x9E37_79B9_7F4A_7C15;
    const OTHER: u64 = 0xD1B5_4A32_D192_ED03;

    #[test]
    fn texts_that_have_nothing_in_common_are_compared_no_longer_than_may_be() {
        let began = Instant::now();
        let changes = diff("a.txt", &lines(ONE, 1400), &lines(OTHER, 1400));
        assert_eq!(changes.first_line, Some(2));
        let changes = diff("a.txt", &lines(ONE, 60_000), &lines(OTHER, 60_000));
        assert_eq!(changes.first_line, Some(2));
        let head = "--- a.txt\n+++ a.txt\n@@ -1,60000 +1,60000 @@\n 0\n-";
        assert!(changes.text.starts_with(head), "{}", &changes.text[..80]);
        let changes = diff("a.txt", &lines(ONE, 150_000), &lines(OTHER, 150_000));
        assert_eq!(changes.first_line, Some(2));
        assert!(
            changes.text.contains("too long to be compared"),
            "{}",
            changes.text
        );
        // Left to itself, the second pair takes minutes.
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    }

    #[test]
    fn a_piece_that_is_too_long_to_be_compared_is_told_with_what_is_around_it() {
        let around = |middle: String| format!("a\nb\nc\nd\n{middle}e\nf\ng\nh");
        let (old, new) = (around(lines(ONE, 2000)), around(lines(OTHER, 2000)));
        let text = diff("a.txt", &old, &new).text;
        assert!(
            text.contains("\n@@ -3,2005 +3,2005 @@\n c\n d\n 0\n-"),
            "{}",
            &text[..80]
        );
        assert!(text.ends_with("\n e\n f\n g\n"), "{}", &text[text.len() - 80..]);
    }

    #[test]
    fn a_long_diff_is_cut_at_a_character() {
        let changes = diff("a.txt", "", &"ä".repeat(DIFF_BYTES));
        assert!(changes.text.ends_with("[… cut]") && changes.text.len() < DIFF_BYTES + 20);
    }
}
