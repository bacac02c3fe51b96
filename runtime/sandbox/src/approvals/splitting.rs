//! The words of a text that was not understood, as near as can be.
//!
//! **Promise.** What stands in quotes, or behind a backslash, is one word, and is taken apart once more beside that, since
//! a shell may be given it as a text. **Bound.** [`DEPTH`] texts in each other. **Cost.** One walk for each of them.

/// How deep texts in quotes are taken apart.
const DEPTH: usize = 6;

/// The words of a text.
pub(super) struct Split {
    pub(super) words: Vec<String>,
    /// Whether no text in it was left out.
    pub(super) is_whole: bool,
}

/// Takes a text apart.
pub(super) fn split(text: &str) -> Split {
    let mut split = Split {
        words: Vec::new(),
        is_whole: true,
    };
    split.take(text, 0);
    split
}

impl Split {
    fn take(&mut self, text: &str, depth: usize) {
        if depth > DEPTH {
            self.is_whole = false;
            return;
        }
        let mut word = String::new();
        let mut quote = None;
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            match (quote, letter) {
                (Some(open), letter) if open == letter => quote = None,
                (None, '\'' | '"') => quote = Some(letter),
                // Where a line goes on in the next, a word does.
                (None | Some('"'), '\\') => word.extend(letters.next().filter(|next| *next != '\n')),
                (None, letter) if is_between(letter) => self.end(&mut word, depth),
                (_, letter) => word.push(letter),
            }
        }
        self.end(&mut word, depth);
    }

    /// Ends a word, and takes apart what is in it.
    fn end(&mut self, word: &mut String, depth: usize) {
        let word = std::mem::take(word);
        let is_text = word.contains(|letter| is_between(letter) || matches!(letter, '\'' | '"' | '\\'));
        if !word.is_empty() {
            self.words.push(word.clone());
        }
        if is_text {
            self.take(&word, depth + 1);
        }
    }
}

/// Whether a letter stands between words.
fn is_between(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '|' | '&' | ';' | '<' | '>' | '(' | ')' | '`' | '{' | '}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_quotes_is_one_word_and_several() {
        for (text, expected) in [
            ("sh x.sh>y", vec!["sh", "x.sh", "y"]),
            ("sh \"a b\" > y", vec!["sh", "a b", "a", "b", "y"]),
            ("sh a\\ b", vec!["sh", "a b", "a", "b"]),
            ("s\"\"h 'x'.sh", vec!["sh", "x.sh"]),
            ("sh \\\n x", vec!["sh", "x"]),
            (
                "sh -c \"sh 'a b'\" > y",
                vec!["sh", "-c", "sh 'a b'", "sh", "a b", "a", "b", "y"],
            ),
            ("(\"cd\";'a", vec!["cd", "a"]),
        ] {
            let split = split(text);
            assert!(split.is_whole, "{text}");
            assert_eq!(split.words, expected, "{text}");
        }
    }

    #[test]
    fn a_text_that_is_nested_too_deeply_is_not_taken_apart_whole() {
        let mut text = "sh a b".to_owned();
        for _ in 0..DEPTH + 2 {
            text = format!("sh -c \"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        }
        assert!(!split(&text).is_whole);
    }
}
