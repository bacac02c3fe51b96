//! Makes a stranger's text safe to show to a person.
//!
//! The result is one line that a terminal shows from left to right as it stands: no control character, no
//! escape sequence, nothing invisible and nothing that turns the direction of writing. It has at most the given
//! number of characters. Linear in the part that is shown.

use std::fmt::Write;

use unicode_general_category::{GeneralCategory, get_general_category};

/// Escapes what a person could not see or a terminal would obey, and cuts the text at `max` characters.
///
/// An escape is written `\u{…}` and is never cut in half. A cut text ends in `…`, which is counted.
pub fn display_safe(text: &str, max: usize) -> String {
    let mut shown = String::new();
    let mut length = 0;
    // Where to cut back to if the mark of the cut must still fit.
    let mut fits = 0;
    // How many marks the last letter carries; none can stand before the first letter.
    let mut marks = MAX_MARKS;
    for c in text.chars() {
        let before = shown.len();
        let is_mark = is_combining(c);
        marks = if is_mark { marks.saturating_add(1) } else { 0 };
        if is_hidden(c) || marks > MAX_MARKS {
            // Writing to a String cannot fail.
            let _ = write!(shown, "{}", c.escape_unicode());
        } else {
            shown.push(c);
        }
        length += shown.get(before..).map_or(0, |added| added.chars().count());
        if length > max {
            shown.truncate(fits);
            if max > 0 {
                shown.push('…');
            }
            return shown;
        }
        if length < max {
            fits = shown.len();
        }
    }
    shown
}

/// How many marks one letter may carry. Written languages need two; a tower of them covers the lines around it.
const MAX_MARKS: usize = 2;

/// Marks that are drawn over, under or through the letter before them.
fn is_combining(c: char) -> bool {
    matches!(
        get_general_category(c),
        GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark
    )
}

/// Characters that are obeyed, invisible, without a shape that everybody sees, or that change how their
/// neighbours are read.
pub(crate) fn is_hidden(c: char) -> bool {
    use GeneralCategory as Is;
    let category = matches!(
        get_general_category(c),
        Is::Control
            | Is::Format
            | Is::PrivateUse
            | Is::Unassigned
            | Is::LineSeparator
            | Is::ParagraphSeparator
    );
    category
        // Letters, marks and signs that are drawn as nothing.
        || matches!(c,
            '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2800}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{fffc}' | '\u{13430}'..='\u{1345f}' | '\u{16fe4}'
            | '\u{1d159}' | '\u{e0100}'..='\u{e01ef}')
        // White space of other widths can push the rest out of sight.
        || (c.is_whitespace() && c != ' ')
}

/// Characters that a terminal obeys, or that change how their neighbours are read. What is only unusual, and what
/// holds emoji together, is not among them: this is for long texts whose every word cannot be spelled out.
pub fn is_obeyed(c: char) -> bool {
    use GeneralCategory as Is;
    let is_obeyed = matches!(
        get_general_category(c),
        Is::Control | Is::Format | Is::LineSeparator | Is::ParagraphSeparator
    );
    is_obeyed && c != '\u{200d}'
}

#[cfg(test)]
mod tests {
    use super::display_safe;

    #[test]
    fn an_escape_sequence_is_shown_and_not_obeyed() {
        assert_eq!(display_safe("a\u{1b}[31mred\n", 80), "a\\u{1b}[31mred\\u{a}");
        assert_eq!(display_safe("\u{9b}2J\u{7f}", 80), "\\u{9b}2J\\u{7f}");
    }

    #[test]
    fn nothing_turns_the_direction_of_writing_or_hides() {
        assert_eq!(
            display_safe("a\u{202e}b\u{2066}c\u{200b}", 80),
            "a\\u{202e}b\\u{2066}c\\u{200b}"
        );
        assert_eq!(
            display_safe("\u{e0041}\u{feff}\u{2028}", 80),
            "\\u{e0041}\\u{feff}\\u{2028}"
        );
    }

    #[test]
    fn no_tower_of_marks_covers_other_lines() {
        assert_eq!(display_safe("Vie\u{302}\u{323}t", 80), "Vie\u{302}\u{323}t");
        let tower = format!("a{}", "\u{301}".repeat(4));
        assert_eq!(display_safe(&tower, 80), "a\u{301}\u{301}\\u{301}\\u{301}");
        assert_eq!(display_safe("\u{301}a", 80), "\\u{301}a");
    }

    #[test]
    fn what_has_no_shape_of_its_own_is_shown_by_its_number() {
        for c in [
            '\u{e000}',
            '\u{f0000}',
            '\u{10fffd}',
            '\u{13430}',
            '\u{16fe4}',
            '\u{600}',
            '\u{1d159}',
        ] {
            assert_eq!(display_safe(&c.to_string(), 80), c.escape_unicode().to_string());
        }
        assert_eq!(display_safe("שלום größe 語", 80), "שלום größe 語");
    }

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        assert_eq!(display_safe("abcdef", 6), "abcdef");
        assert_eq!(display_safe("abcdefg", 6), "abcde…");
        assert_eq!(display_safe("abc\u{1b}def", 6), "abc…");
        assert_eq!(display_safe("ab", 0), "");
        assert_eq!(display_safe("größe", 4), "grö…");
    }
}
