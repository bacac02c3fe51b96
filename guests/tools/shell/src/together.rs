//! Whether the stages of a script's pipelines, and its jobs, run beside each other.
//!
//! **Promise.** What a pipe brings to a loop reaches the loop. Where stages run beside each other, the interpreter gives all
//! that a pipe still holds to the first command that could ask for it, whether it does or not: `cat list | while read -r
//! name; do grep -q x "$name"; done` would see one name. So a script runs one thing after another, unless it wants more —
//! it begins a job, or feeds a pipe from a loop that may have no end — and nothing in it could lose its input by that.
//! **Bound.** What is run by `eval`, `source` or another shell is not seen, and counts as something that could; what awk,
//! `make` or `watch` run, and a file on a changed `PATH`, does not. A coprocess is always fed by a pipe. **Cost.** A walk
//! through the script.

use std::collections::{BTreeSet, HashMap};
use std::slice;

use bashkit::parser::{
    AssignmentValue, Command, CompoundCommand, FunctionDef, ListOperator, Pipeline, Redirect, SimpleCommand,
    Word, WordPart,
};

use crate::parsed::{UNKNOWN, lists, text, words};

/// What runs commands that do not stand in the script.
const UNSEEN: [&str; 3] = ["eval", "source", "."];

/// What does so too when another command runs it.
const SHELLS: [&str; 2] = ["bash", "sh"];

/// What runs a command that stands among its words.
const RUNNERS: [&str; 9] = [
    "command", "builtin", "exec", "env", "timeout", "xargs", "nice", "nohup", "time",
];

/// Whether a script, in a session that has these functions, runs its stages and jobs beside each other.
pub(crate) fn is_wanted(script: &[Command], functions: &HashMap<String, FunctionDef>) -> bool {
    let mut look = Look {
        functions,
        entered: BTreeSet::new(),
        defined: BTreeSet::new(),
        wants: false,
        could_lose: false,
    };
    // Once more, now that all functions are known: one can be called above the place where it is defined.
    for _ in 0..2 {
        look.entered.clear();
        look.all(script);
    }
    look.wants && !look.could_lose
}

struct Look<'a> {
    /// Those of earlier runs.
    functions: &'a HashMap<String, FunctionDef>,
    entered: BTreeSet<&'a str>,
    defined: BTreeSet<&'a str>,
    wants: bool,
    could_lose: bool,
}

impl<'a> Look<'a> {
    fn all(&mut self, commands: &'a [Command]) {
        commands.iter().for_each(|found| self.one(found));
    }

    fn one(&mut self, found: &'a Command) {
        match found {
            Command::Simple(found) => self.simple(found),
            Command::Pipeline(found) => self.pipeline(found),
            Command::List(found) => {
                self.one(&found.first);
                for (operator, next) in &found.rest {
                    self.wants |= *operator == ListOperator::Background;
                    self.one(next);
                }
            }
            Command::Compound(found, redirects) => {
                if let CompoundCommand::Coproc(found) = found {
                    self.wants = true;
                    self.one(&found.body);
                }
                lists(found).into_iter().for_each(|list| self.all(list));
                words(found).into_iter().for_each(|list| self.words(list));
                self.could_lose |= match found {
                    CompoundCommand::Arithmetic(text) => substitutes(text),
                    CompoundCommand::ArithmeticFor(found) => [&found.init, &found.condition, &found.step]
                        .into_iter()
                        .any(|text| substitutes(text)),
                    _ => false,
                };
                self.targets(redirects);
            }
            Command::Function(found) => {
                self.defined.insert(&found.name);
                self.one(&found.body);
            }
        }
    }

    fn pipeline(&mut self, found: &'a Pipeline) {
        for (nth, stage) in found.commands.iter().enumerate() {
            self.could_lose |= nth > 0 && !self.is_plain(stage);
            self.wants |= nth + 1 < found.commands.len() && self.may_go_on(stage);
            self.one(stage);
        }
    }

    /// Whether a stage is one command and nothing else that could ask for what the pipe brings.
    fn is_plain(&self, stage: &Command) -> bool {
        let Command::Simple(found) = stage else {
            return false;
        };
        let targets = found.redirects.iter().map(|redirect| &redirect.target);
        let mut parts = found.args.iter().chain(targets).flat_map(|word| &word.parts);
        let substitutes = parts.any(|part| {
            is_unparsed(part)
                || matches!(
                    part,
                    WordPart::CommandSubstitution(_) | WordPart::ProcessSubstitution { .. }
                )
        });
        !substitutes && found.assignments.is_empty() && !self.is_function(&text(&found.name))
    }

    /// Whether a stage may have no end of its own.
    fn may_go_on(&self, stage: &Command) -> bool {
        match stage {
            Command::Simple(found) => self.is_function(&text(&found.name)),
            Command::Pipeline(found) => found.commands.iter().any(|stage| self.may_go_on(stage)),
            Command::List(found) => {
                self.may_go_on(&found.first) || found.rest.iter().any(|(_, next)| self.may_go_on(next))
            }
            Command::Compound(found, _) => {
                matches!(
                    found,
                    CompoundCommand::While(_) | CompoundCommand::Until(_) | CompoundCommand::ArithmeticFor(_)
                ) || lists(found)
                    .into_iter()
                    .flatten()
                    .any(|stage| self.may_go_on(stage))
            }
            Command::Function(_) => false,
        }
    }

    fn is_function(&self, name: &str) -> bool {
        self.defined.contains(name) || self.functions.contains_key(name)
    }

    fn simple(&mut self, found: &'a SimpleCommand) {
        let name = text(&found.name);
        let is_shell = |word: &str| SHELLS.contains(&word.rsplit('/').next().unwrap_or(word));
        let is_runner = RUNNERS.contains(&name.as_str());
        self.could_lose |=
            UNSEEN.contains(&name.as_str()) || is_shell(&name) || name.contains([UNKNOWN, '/']);
        for arg in found.args.iter().map(text) {
            self.could_lose |= is_shell(&arg)
                || (is_runner && (UNSEEN.contains(&arg.as_str()) || arg.contains([UNKNOWN, '/'])))
                // Code of a trap is parsed when it runs.
                || (name == "trap" && arg.contains('|'));
        }
        self.could_lose |= name == "alias";
        self.could_lose |= found
            .assignments
            .iter()
            .any(|assignment| assignment.index.as_deref().is_some_and(substitutes));
        if let Some((name, kept)) = self.functions.get_key_value(&name)
            && self.entered.insert(name)
        {
            self.one(&kept.body);
        }
        for assignment in &found.assignments {
            match &assignment.value {
                AssignmentValue::Scalar(word) => self.words(slice::from_ref(word)),
                AssignmentValue::Array(words) => self.words(words),
            }
        }
        self.words(&found.args);
        self.targets(&found.redirects);
    }

    fn targets(&mut self, redirects: &'a [Redirect]) {
        for redirect in redirects {
            self.words(slice::from_ref(&redirect.target));
        }
    }

    /// What is substituted in words.
    fn words(&mut self, words: &'a [Word]) {
        for part in words.iter().flat_map(|word| &word.parts) {
            match part {
                WordPart::CommandSubstitution(commands) | WordPart::ProcessSubstitution { commands, .. } => {
                    self.all(commands);
                }
                WordPart::CompoundAssignment { elements, .. } => self.words(elements),
                part => self.could_lose |= is_unparsed(part),
            }
        }
    }
}

/// Whether a part of a word holds commands as text, which are parsed when they run.
fn is_unparsed(part: &WordPart) -> bool {
    match part {
        WordPart::ArithmeticExpansion(text) | WordPart::ParameterExpansion { operand: text, .. } => {
            substitutes(text)
        }
        WordPart::ArrayAccess { index: text, .. } | WordPart::IndirectExpansion { operand: text, .. } => {
            substitutes(text)
        }
        WordPart::IndirectSuffix { suffix: text, .. } => substitutes(text),
        WordPart::Substring { offset, length, .. } => {
            substitutes(offset) || length.as_deref().is_some_and(substitutes)
        }
        _ => false,
    }
}

fn substitutes(text: &str) -> bool {
    text.contains('`') || text.contains("$(") || text.contains("<(")
}
