//! What could be in a text that was not understood.
//!
//! **Promise.** Where it could have a program that is told code, it is said to have one, also where the shell makes the
//! program's name up only when it runs. **Cost.** One walk over the text.

use super::inline::is_stream;
use super::programs::{bare, interpreter, is_shell, starts_another, told};

/// Words of the shell that stand before a command.
const BEFORE: &[&str] = &[
    "!", "if", "then", "else", "elif", "while", "until", "do", "time", "{", "[", "[[",
];
/// Words of the shell behind which a command stands in a way of its own.
const OWN_WAY: &[&str] = &["alias", "coproc", "function", "repeat", "trap"];
/// Programs that run commands later, and whose names are words that people write.
pub(super) const ALSO_WORDS: &[&str] = &["at", "batch"];

/// Whether a command of a text could be code by what it begins with.
pub(super) fn begins_with_code(text: &str) -> bool {
    // What is written in numbers is written so to be hidden.
    if text.contains("$'") {
        return true;
    }
    text.split(['|', '&', ';', '\n', '(', ')'])
        .any(is_begun_with_code)
}

/// Whether a command could be code by the name of its program, or because the shell makes that up only when it runs.
fn is_begun_with_code(command: &str) -> bool {
    let is_open = |word: &str| word.contains(['*', '?', '[', '{', '$', '`']);
    let is_value = |word: &str| word.split_once('=').is_some_and(|(name, _)| !name.contains('$'));
    let mut words = command.split_whitespace();
    let mut is_timed = false;
    while let Some(word) = words.next() {
        if word.contains(['<', '>']) {
            // The file that it leads to may be the next word.
            if word.ends_with(['<', '>']) {
                words.next();
            }
            continue;
        }
        if BEFORE.contains(&word) || is_value(word) || is_timed && word.starts_with('-') {
            is_timed |= word == "time";
            continue;
        }
        if matches!(word, "." | "source") {
            let script = words.next();
            return script
                .is_none_or(|script| script.contains(['<', '>']) || is_open(script) || is_stream(script));
        }
        let name = bare(word.rsplit('/').next().unwrap_or(word));
        return OWN_WAY.contains(&word)
            || ALSO_WORDS.contains(&&*name)
            || is_open(word)
            || starts_another(&name) && words.any(|word| is_open(word) || ALSO_WORDS.contains(&word));
    }
    false
}

/// Whether a text that was not understood names a program that could be told code in it, or hides one.
pub(super) fn could_be_code(text: &str) -> bool {
    // Where a line goes on in the next, a word may.
    let text = text.replace("\\\n", "");
    begins_with_code(&text) || names_code(&text)
}

/// Whether a text names a program that could be told code in it.
pub(super) fn names_code(text: &str) -> bool {
    let without_quotes: String = text
        .chars()
        .filter(|next| !matches!(next, '\'' | '"' | '\\'))
        .collect();
    let words = || {
        without_quotes.split(|next: char| {
            next.is_whitespace()
                || matches!(
                    next,
                    '|' | '&' | ';' | '<' | '>' | '(' | ')' | '`' | '$' | '{' | '}' | '=' | ','
                )
        })
    };
    words().any(|word| {
        let name = bare(word.rsplit('/').next().unwrap_or(word));
        let is_told = || told(&name).is_some_and(|told| told.by(words(), false).is_some());
        let is_told = || !ALSO_WORDS.contains(&&*name) && is_told();
        name == "eval" || interpreter(&name).is_some() || is_shell(&name) || is_told()
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
            "gfind . -exec rm {} \\; > x",
            "time -p p${z}ython3 -c x > o",
            "coproc p${z}ython3 -c x > o",
            "function f { p${z}ython3 -c x > o; }; f",
            "trap 'p${z}ython3 -c x' EXIT > o",
            ". <(base64 -d x)",
            "source /dev/stdin < x",
            "echo x | at now > y",
            "echo x | sudo at now > y",
        ] {
            assert!(could_be_code(text), "{text}");
        }
        for text in [
            "echo x > y",
            "ls $(pwd)",
            "git log > pythonic.txt",
            "make all > x",
            "time -p ls > x",
            "echo meet me at noon > x",
            ". ./settings.sh > x",
        ] {
            assert!(!could_be_code(text), "{text}");
        }
    }
}
