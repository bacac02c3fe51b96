//! A script before it runs: what can be said about it without running it.

use std::slice;

use bashkit::parser::{Command, CompoundCommand, Parser, Word, WordPart};

/// What stands for a part of a word that only running the script would tell.
pub(crate) const UNKNOWN: char = '\0';

/// How deep commands may lie in each other, as for the interpreter, which refuses a script in which they lie deeper.
const DEEPEST: usize = 100;

/// The commands of a script. One that cannot be parsed has none here; the interpreter says what is wrong with it.
pub(crate) fn parse(script: &str, steps: usize) -> Vec<Command> {
    let parsed = Parser::with_limits(script, DEEPEST, steps).parse();
    parsed.map(|script| script.commands).unwrap_or_default()
}

/// All commands within one.
pub(crate) fn lists(found: &CompoundCommand) -> Vec<&[Command]> {
    match found {
        CompoundCommand::If(found) => {
            let mut all = vec![found.condition.as_slice(), &found.then_branch];
            for (condition, then) in &found.elif_branches {
                all.extend([condition.as_slice(), then]);
            }
            all.extend(found.else_branch.as_deref());
            all
        }
        CompoundCommand::For(found) => vec![&found.body],
        CompoundCommand::ArithmeticFor(found) => vec![&found.body],
        CompoundCommand::Select(found) => vec![&found.body],
        CompoundCommand::While(found) => vec![&found.condition, &found.body],
        CompoundCommand::Until(found) => vec![&found.condition, &found.body],
        CompoundCommand::Case(found) => found.cases.iter().map(|case| case.commands.as_slice()).collect(),
        CompoundCommand::Subshell(found) | CompoundCommand::BraceGroup(found) => vec![found],
        CompoundCommand::Time(found) => found
            .command
            .as_deref()
            .map(slice::from_ref)
            .into_iter()
            .collect(),
        _ => Vec::new(),
    }
}

/// The words that one goes through or decides by.
pub(crate) fn words(found: &CompoundCommand) -> Vec<&[Word]> {
    match found {
        CompoundCommand::For(found) => found.words.as_deref().into_iter().collect(),
        CompoundCommand::Select(found) => vec![&found.words],
        CompoundCommand::Conditional(words) => vec![words],
        CompoundCommand::Case(found) => {
            let patterns = found.cases.iter().map(|case| case.patterns.as_slice());
            patterns.chain([slice::from_ref(&found.word)]).collect()
        }
        _ => Vec::new(),
    }
}

/// What a word says, with [`UNKNOWN`] for what only running tells.
pub(crate) fn text(word: &Word) -> String {
    let mut text = String::new();
    for part in &word.parts {
        match part {
            WordPart::Literal(literal) => text.push_str(literal),
            _ => text.push(UNKNOWN),
        }
    }
    text
}
