//! Paths as they are told: one line each, whatever is in them.

use std::path::Path;

use serde_json::json;

/// A path as it is, or in quotes if it has characters that would break a line or hide something.
pub(crate) fn show(path: &Path) -> String {
    let shown = path.display().to_string();
    match shown.chars().any(|c| c.is_control() || is_hidden(c)) || shown.starts_with('"') {
        true => json!(shown).to_string(),
        false => shown,
    }
}

/// Line and paragraph separators, and what turns the direction of writing.
fn is_hidden(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_break_a_line_is_told_in_quotes() {
        assert_eq!(show(Path::new("a b/ä.txt")), "a b/ä.txt");
        assert_eq!(show(Path::new("a\nb: secret")), r#""a\nb: secret""#);
        assert_eq!(show(Path::new("\"x\"")), r#""\"x\"""#);
    }
}
