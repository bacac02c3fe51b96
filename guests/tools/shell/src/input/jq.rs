//! Whether a program of jq reads although it was told to begin with nothing. What is not understood counts as reading.

/// Whether it names `input` or `inputs`, and not as a field or a variable or within a text.
pub(super) fn asks(program: &str) -> bool {
    let code = without_texts(program);
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    code.match_indices("input").any(|(at, word)| {
        let before = code.get(..at).unwrap_or_default();
        let after = code.get(at + word.len()..).unwrap_or_default();
        let after = after.strip_prefix('s').unwrap_or(after);
        let is_part = before.ends_with(is_name) || after.starts_with(is_name);
        let is_field = before.ends_with(['.', '$', '@']) || after.trim_start().starts_with(':');
        !is_part && !is_field && !before.trim_end().ends_with('{')
    })
}

/// The program with nothing in its texts, but for those that something is computed in.
fn without_texts(program: &str) -> String {
    let mut code = String::new();
    let mut letters = program.chars();
    while let Some(letter) = letters.next() {
        code.push(letter);
        if letter != '"' {
            continue;
        }
        let mut text = String::new();
        while let Some(letter) = letters.next().filter(|letter| *letter != '"') {
            text.push(letter);
            if letter == '\\' {
                text.extend(letters.next());
            }
        }
        if text.contains("\\(") {
            code.push_str(&text);
        }
        code.push('"');
    }
    code
}
