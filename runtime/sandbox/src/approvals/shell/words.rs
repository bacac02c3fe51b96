//! The words of a text, and the operators between them.

use unicode_general_category::{GeneralCategory, get_general_category};

use super::TEXT_BYTES;

/// A word.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Word {
    /// What the program is given.
    Plain(String),
    /// What the shell makes words of, as it is written.
    Open {
        /// As it is written.
        raw: String,
        /// Whether a variable takes part.
        has_variable: bool,
    },
}

impl Word {
    /// What the program is given, if that is known.
    pub fn plain(&self) -> Option<&str> {
        match self {
            Self::Plain(text) => Some(text),
            Self::Open { .. } => None,
        }
    }
}

/// Why a text is not understood.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{what} (at byte {at})")]
pub struct Obscure {
    /// What it has.
    pub what: &'static str,
    /// Where.
    pub at: usize,
}

/// A word or an operator.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Token {
    Word { word: Word, at: usize },
    Pipe(usize),
    And(usize),
    Or(usize),
    Then(usize),
}

/// Splits a text.
pub(super) fn split(text: &str) -> Result<Vec<Token>, Obscure> {
    if text.len() > TEXT_BYTES {
        return Err(Obscure {
            what: "it is too long",
            at: TEXT_BYTES,
        });
    }
    check_characters(text)?;
    let mut reader = Reader {
        text,
        at: 0,
        tokens: Vec::new(),
    };
    while let Some(next) = reader.peek() {
        match next {
            ' ' | '\t' => reader.skip(),
            '|' | '&' | ';' => reader.operator()?,
            _ => reader.word()?,
        }
    }
    Ok(reader.tokens)
}

/// Refuses what a person who looks at the text does not see, or sees as something else.
fn check_characters(text: &str) -> Result<(), Obscure> {
    for (at, character) in text.char_indices() {
        let what = match get_general_category(character) {
            GeneralCategory::Control if character == '\t' => continue,
            GeneralCategory::Control if matches!(character, '\n' | '\r') => "it has several lines",
            GeneralCategory::Control => "it has a control character",
            GeneralCategory::SpaceSeparator if character == ' ' => continue,
            GeneralCategory::SpaceSeparator
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator => "it has a space that is not a plain one",
            GeneralCategory::Format
            | GeneralCategory::PrivateUse
            | GeneralCategory::Surrogate
            | GeneralCategory::Unassigned => "it has a character that cannot be seen",
            _ if is_blank(character) => "it has a character that cannot be seen",
            _ => continue,
        };
        return Err(Obscure { what, at });
    }
    Ok(())
}

/// Letters and marks that leave no ink.
fn is_blank(character: char) -> bool {
    matches!(
        character,
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'
            ..='\u{180f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0100}'
            ..='\u{e01ef}'
    )
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token>,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    fn obscure<T>(&self, what: &'static str) -> Result<T, Obscure> {
        Err(Obscure { what, at: self.at })
    }

    fn operator(&mut self) -> Result<(), Obscure> {
        let at = self.at;
        let run = self
            .rest()
            .find(|next| !matches!(next, '|' | '&' | ';'))
            .unwrap_or(self.rest().len());
        let token = match self.rest().get(..run).unwrap_or_default() {
            "|" => Token::Pipe(at),
            "||" => Token::Or(at),
            "&&" => Token::And(at),
            ";" => Token::Then(at),
            "&" => return self.obscure("it leaves a command in the background"),
            _ => return self.obscure("it has an operator that is not understood"),
        };
        self.at += run;
        self.tokens.push(token);
        Ok(())
    }

    fn word(&mut self) -> Result<(), Obscure> {
        let mut word = Building {
            begun: self.at,
            plain: String::new(),
            is_open: false,
            has_variable: false,
            brace: Brace::None,
        };
        while let Some(next) = self.peek() {
            let is_first = self.at == word.begun;
            match next {
                ' ' | '\t' | '|' | '&' | ';' => break,
                '<' | '>' => return self.obscure("it has a redirection"),
                '(' | ')' => return self.obscure("it has a parenthesis"),
                '`' => return self.obscure("it has a command in backticks"),
                '#' if is_first => return self.obscure("it has a comment"),
                // To zsh this is the path of a program.
                '=' if is_first => return self.obscure("it has a word that begins with ="),
                '!' if is_first => return self.obscure("it has a !"),
                '\\' => self.escaped(&mut word)?,
                '\'' => self.single(&mut word)?,
                '"' => self.double(&mut word)?,
                '$' => self.variable(&mut word)?,
                '~' if is_first => self.home(&mut word)?,
                _ => self.bare(&mut word, next),
            }
        }
        let raw = self.text.get(word.begun..self.at).unwrap_or_default();
        let token = Token::Word {
            at: word.begun,
            word: if word.is_open || word.brace == Brace::Opens {
                Word::Open {
                    raw: raw.to_owned(),
                    has_variable: word.has_variable,
                }
            } else {
                Word::Plain(word.plain)
            },
        };
        self.tokens.push(token);
        Ok(())
    }

    fn escaped(&mut self, word: &mut Building) -> Result<(), Obscure> {
        self.skip();
        let Some(next) = self.peek() else {
            return self.obscure("it ends with a backslash");
        };
        word.plain.push(next);
        self.skip();
        Ok(())
    }

    fn single(&mut self, word: &mut Building) -> Result<(), Obscure> {
        self.skip();
        let Some(length) = self.rest().find('\'') else {
            return self.obscure("it has a quote without its end");
        };
        word.plain.push_str(self.rest().get(..length).unwrap_or_default());
        self.at += length + 1;
        Ok(())
    }

    fn double(&mut self, word: &mut Building) -> Result<(), Obscure> {
        self.skip();
        loop {
            let Some(next) = self.peek() else {
                return self.obscure("it has a quote without its end");
            };
            match next {
                '"' => {
                    self.skip();
                    return Ok(());
                }
                '`' => return self.obscure("it has a command in backticks"),
                '$' => self.variable(word)?,
                '\\' => {
                    self.skip();
                    match self.peek() {
                        Some(next @ ('$' | '`' | '"' | '\\')) => {
                            word.plain.push(next);
                            self.skip();
                        }
                        _ => word.plain.push('\\'),
                    }
                }
                _ => {
                    word.plain.push(next);
                    self.skip();
                }
            }
        }
    }

    /// `$NAME` and `${NAME}`. All other forms compute something, and some of them run commands.
    fn variable(&mut self, word: &mut Building) -> Result<(), Obscure> {
        let begun = self.at;
        self.skip();
        let has_brace = self.peek() == Some('{');
        if has_brace {
            self.skip();
        }
        let length = self
            .rest()
            .find(|next: char| !(next.is_ascii_alphanumeric() || next == '_'))
            .unwrap_or(self.rest().len());
        let name = self.rest().get(..length).unwrap_or_default();
        let is_name = name
            .chars()
            .next()
            .is_some_and(|first| first.is_ascii_alphabetic() || (first == '_' && length > 1));
        self.at += length;
        let is_closed = !has_brace || self.peek() == Some('}');
        if !is_name || !is_closed {
            self.at = begun;
            return self.obscure("it has a substitution");
        }
        if has_brace {
            self.skip();
        }
        // To zsh a bracket is a subscript, which it computes, and computing can run commands.
        if self.peek() == Some('[') {
            return self.obscure("it has a substitution");
        }
        word.is_open = true;
        word.has_variable = true;
        Ok(())
    }

    /// `~` and `~/…`. What follows a tilde otherwise is a person's name, or whatever zsh makes of it.
    fn home(&mut self, word: &mut Building) -> Result<(), Obscure> {
        self.skip();
        if !matches!(self.peek(), None | Some('/' | ' ' | '\t' | '|' | '&' | ';')) {
            return self.obscure("it has a tilde that is not understood");
        }
        word.is_open = true;
        word.plain.push('~');
        Ok(())
    }

    fn bare(&mut self, word: &mut Building, next: char) {
        match next {
            '*' | '?' | '[' => word.is_open = true,
            // After these some shells expand it even in the middle.
            '~' if word.plain.ends_with(['=', ':']) => word.is_open = true,
            '{' => word.brace = Brace::Open,
            ',' if word.brace == Brace::Open => word.brace = Brace::Opens,
            '.' if word.brace == Brace::Open && word.plain.ends_with('.') => word.brace = Brace::Opens,
            _ => {}
        }
        word.plain.push(next);
        self.skip();
    }
}

struct Building {
    begun: usize,
    plain: String,
    is_open: bool,
    has_variable: bool,
    brace: Brace,
}

/// How far a word is on its way to `{a,b}` or `{1..9}`.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Brace {
    None,
    Open,
    Opens,
}
