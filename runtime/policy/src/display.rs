//! Makes a stranger's text safe to show to a person.
//!
//! The result is one line that a terminal shows from left to right as it stands: no control character, no
//! escape sequence, nothing invisible and nothing that turns the direction of writing. It has at most the given
//! number of characters. Linear in the part that is shown.

use std::fmt::Write;

/// Escapes what a person could not see or a terminal would obey, and cuts the text at `max` characters.
///
/// An escape is written `\u{…}` and is never cut in half. A cut text ends in `…`, which is counted.
pub fn display_safe(text: &str, max: usize) -> String {
    let mut shown = String::new();
    let mut length = 0;
    // Where to cut back to if the mark of the cut must still fit.
    let mut fits = 0;
    for c in text.chars() {
        let before = shown.len();
        if is_hidden(c) {
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

/// Characters that are obeyed, invisible, or change how their neighbours are read.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
        // White space of other widths can push the rest out of sight.
        || (c.is_whitespace() && c != ' ')
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
    fn a_long_text_is_cut_and_says_so() {
        assert_eq!(display_safe("abcdef", 6), "abcdef");
        assert_eq!(display_safe("abcdefg", 6), "abcde…");
        assert_eq!(display_safe("abc\u{1b}def", 6), "abc…");
        assert_eq!(display_safe("ab", 0), "");
        assert_eq!(display_safe("größe", 4), "grö…");
    }
}
