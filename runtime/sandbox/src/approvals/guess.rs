//! What could be in a text that was not understood.
//!
//! **Promise.** Where it could have a program that is told code, it is said to have one, also where the shell makes the
//! program's name up only when it runs. **Cost.** One walk over the text.

use super::programs::{bare, interpreter, is_shell, starts_another};

/// Words of the shell that stand before a command.
const BEFORE: &[&str] = &[
    "!", "if", "then", "else", "elif", "while", "until", "do", "time", "{", "[", "[[",
];

/// Whether a text that was not understood has a program whose name the shell makes up only when it runs.
fn hides_a_name(text: &str) -> bool {
    // What is written in numbers is written so to be hidden.
    if text.contains("$'") {
        return true;
    }
    let is_hidden = |word: &str| word.contains(['*', '?', '[', '{', '$', '`']);
    let mut commands = text.split(['|', '&', ';', '\n', '(', ')']);
    commands.any(|command| {
        let is_value = |word: &str| word.split_once('=').is_some_and(|(name, _)| !name.contains('$'));
        let mut words = command.split_whitespace();
        while let Some(word) = words.next() {
            if word.contains(['<', '>']) {
                // The file that it leads to may be the next word.
                if word.ends_with(['<', '>']) {
                    words.next();
                }
                continue;
            }
            if BEFORE.contains(&word) || is_value(word) {
                continue;
            }
            let name = bare(word.rsplit('/').next().unwrap_or(word));
            return is_hidden(word) || (starts_another(&name) && words.any(is_hidden));
        }
        false
    })
}

/// Whether a text that was not understood names a program that could be told code in it, or hides one.
pub(super) fn could_be_code(text: &str) -> bool {
    // Where a line goes on in the next, a word may.
    let text = text.replace("\\\n", "");
    hides_a_name(&text) || names_code(&text)
}

/// Whether a text names a program that could be told code in it.
pub(super) fn names_code(text: &str) -> bool {
    let without_quotes: String = text
        .chars()
        .filter(|next| !matches!(next, '\'' | '"' | '\\'))
        .collect();
    let mut words = without_quotes.split(|next: char| {
        next.is_whitespace()
            || matches!(
                next,
                '|' | '&' | ';' | '<' | '>' | '(' | ')' | '`' | '$' | '{' | '}' | '='
            )
    });
    words.any(|word| {
        let name = word.rsplit('/').next().unwrap_or(word);
        let name = bare(name);
        interpreter(&name).is_some()
            || is_shell(&name)
            || matches!(
                &*name,
                "awk" | "gawk" | "mawk" | "nawk" | "sed" | "gsed" | "xargs" | "parallel" | "eval"
            )
            || matches!(&*name, "find" | "fd" | "make" | "gmake")
                && (without_quotes.contains("-exec")
                    || without_quotes.contains("-ok")
                    || without_quotes.contains("-f")
                    || without_quotes.contains("-x"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_not_understood_is_searched_for_programs_that_take_code() {
        for text in [
            "python3 -c x > y",
            "$(echo node) -e x",
            "p\"yth\"on3 -c x > y",
            "/usr/bin/perl -e x >y",
            "(sh -c x)",
            "X=1 ruby -e x",
            "find . -exec rm {} \\; >x",
            "cat x | eval \"$(y)\"",
        ] {
            assert!(could_be_code(text), "{text}");
        }
        for text in [
            "echo x > y",
            "ls $(pwd)",
            "git log > pythonic.txt",
            "make all > x",
        ] {
            assert!(!could_be_code(text), "{text}");
        }
    }
}
