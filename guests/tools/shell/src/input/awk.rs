//! Whether a program of awk reads. What is not understood counts as reading.

/// Whether all of it runs before the first line is read, and none of it asks for a line.
pub(super) fn only_begins(program: &str) -> bool {
    let mut rest = program;
    loop {
        rest = rest.trim_start_matches(|letter: char| letter.is_whitespace() || letter == ';');
        if rest.is_empty() {
            return !gets_line(program);
        }
        let after = match rest.strip_prefix("BEGIN") {
            _ if rest.starts_with('#') => rest.split_once('\n').map(|(_, next)| next).or(Some("")),
            Some(next) if next.trim_start().starts_with('{') => block(next),
            _ if rest.starts_with("function ") => block(rest),
            _ => None,
        };
        match after {
            Some(after) => rest = after,
            None => return false,
        }
    }
}

/// Whether an operand gives a value to a variable and is no file.
pub(super) fn assigns(operand: &str) -> bool {
    operand.split_once('=').is_some_and(|(name, _)| {
        let mut letters = name.chars();
        let is_letter = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
        letters.next().is_some_and(is_letter)
            && letters.all(|letter| is_letter(letter) || letter.is_ascii_digit())
    })
}

/// What comes after the first block in braces.
fn block(text: &str) -> Option<&str> {
    let mut depth = 0usize;
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '{' => depth += 1,
            '}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return text.get(at + 1..);
                }
            }
            '"' => {
                while let Some((_, letter)) = letters.next().filter(|(_, letter)| *letter != '"') {
                    if letter == '\\' {
                        letters.next();
                    }
                }
            }
            '#' => drop(letters.find(|(_, letter)| *letter == '\n')),
            _ => {}
        }
    }
    None
}

/// Whether it asks for a line that comes neither from a file nor from a command.
fn gets_line(program: &str) -> bool {
    let of_input = program.contains("\"-\"") || program.contains("/dev/stdin");
    program.match_indices("getline").any(|(at, word)| {
        let before = program.get(..at).unwrap_or_default().trim_end();
        let after = program.get(at + word.len()..).unwrap_or_default();
        let is_name = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$' | '[' | ']');
        let target = after.trim_start().trim_start_matches(is_name);
        of_input || !(before.ends_with(['|', '&']) || target.trim_start().starts_with('<'))
    })
}
