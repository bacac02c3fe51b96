//! Whether a script can read what is written to it.
//!
//! **Promise.** Input is waited for only if some command of the script could read it: one that reads by its nature, that
//! was given no file to read instead, and that no pipe or redirection feeds. A function reads where it is called. Because
//! the interpreter takes its input as a whole, it is then read to its end before the script begins; there is no
//! conversation with a script. **Bound.** What cannot be seen without running it — `eval`, `source`, other scripts,
//! functions of earlier calls, names out of variables — counts as not reading. **Cost.** One more parse.

mod readers;

use std::collections::{HashMap, HashSet};

use bashkit::parser::{
    AssignmentValue, Command, CompoundCommand, Parser, Redirect, RedirectKind, Script, SimpleCommand, Word,
    WordPart,
};

use readers::reads;

/// Whether a script can read its input. One that cannot be parsed cannot.
pub(crate) fn is_read(script: &str, deepest: usize, steps: usize) -> bool {
    let parsed = Parser::with_limits(script, deepest, steps).parse();
    parsed.is_ok_and(|Script { commands, .. }| Reading::of(&commands).any(&commands))
}

/// The functions of a script that read what whoever calls them is given.
#[derive(Default)]
struct Reading<'a>(HashSet<&'a str>);

impl<'a> Reading<'a> {
    fn of(commands: &'a [Command]) -> Self {
        let mut bodies = HashMap::new();
        for command in commands {
            functions(command, &mut bodies);
        }
        let mut reading = Self::default();
        // One may read because another does, so it is looked until nothing new is found.
        loop {
            let found = bodies
                .iter()
                .find(|(name, body)| !reading.0.contains(*name) && reading.command(body));
            let Some((name, _)) = found else {
                return reading;
            };
            reading.0.insert(name);
        }
    }

    fn any(&self, commands: &[Command]) -> bool {
        commands.iter().any(|found| self.command(found))
    }

    fn command(&self, found: &Command) -> bool {
        match found {
            Command::Simple(found) => self.simple(found),
            // The others are fed by the one before.
            Command::Pipeline(found) => found.commands.first().is_some_and(|first| self.command(first)),
            Command::Compound(CompoundCommand::Select(_), redirects) => !is_fed(redirects),
            Command::Compound(found, redirects) => {
                !is_fed(redirects) && parts(found).into_iter().any(|part| self.command(part))
            }
            Command::List(_) => inside(found).into_iter().any(|part| self.command(part)),
            Command::Function(_) => false,
        }
    }

    fn simple(&self, found: &SimpleCommand) -> bool {
        let of_words = found.args.iter().any(|word| self.substitutes(word));
        let of_values = found
            .assignments
            .iter()
            .any(|assignment| match &assignment.value {
                AssignmentValue::Scalar(word) => self.substitutes(word),
                AssignmentValue::Array(words) => words.iter().any(|word| self.substitutes(word)),
            });
        of_words || of_values || (!is_fed(&found.redirects) && self.takes(found))
    }

    fn takes(&self, found: &SimpleCommand) -> bool {
        let Some(name) = literal(&found.name) else {
            return false;
        };
        let args: Vec<_> = found.args.iter().map(literal).collect();
        self.0.contains(name.as_str()) || reads(&name, &args)
    }

    fn substitutes(&self, word: &Word) -> bool {
        word.parts
            .iter()
            .any(|part| matches!(part, WordPart::CommandSubstitution(commands) if self.any(commands)))
    }
}

/// The functions that are defined in a command, by name.
fn functions<'a>(found: &'a Command, bodies: &mut HashMap<&'a str, &'a Command>) {
    if let Command::Function(function) = found {
        bodies.insert(&function.name, &function.body);
    }
    for part in inside(found) {
        functions(part, bodies);
    }
}

/// The commands that a command is made of.
fn inside(found: &Command) -> Vec<&Command> {
    match found {
        Command::Simple(_) => Vec::new(),
        Command::Pipeline(found) => found.commands.iter().collect(),
        Command::List(found) => {
            let rest = found.rest.iter().map(|(_, next)| next);
            std::iter::once(&*found.first).chain(rest).collect()
        }
        Command::Compound(found, _) => parts(found),
        Command::Function(found) => vec![&*found.body],
    }
}

fn parts(found: &CompoundCommand) -> Vec<&Command> {
    match found {
        CompoundCommand::If(found) => {
            let others = found.elif_branches.iter();
            let others = others.flat_map(|(first, then)| first.iter().chain(then));
            let first = found.condition.iter().chain(&found.then_branch);
            let last = found.else_branch.iter().flatten();
            first.chain(others).chain(last).collect()
        }
        CompoundCommand::For(found) => found.body.iter().collect(),
        CompoundCommand::ArithmeticFor(found) => found.body.iter().collect(),
        CompoundCommand::While(found) => found.condition.iter().chain(&found.body).collect(),
        CompoundCommand::Until(found) => found.condition.iter().chain(&found.body).collect(),
        CompoundCommand::Case(found) => found.cases.iter().flat_map(|case| &case.commands).collect(),
        CompoundCommand::Select(found) => found.body.iter().collect(),
        CompoundCommand::Subshell(found) | CompoundCommand::BraceGroup(found) => found.iter().collect(),
        CompoundCommand::Time(found) => found.command.as_deref().into_iter().collect(),
        _ => Vec::new(),
    }
}

fn is_fed(redirects: &[Redirect]) -> bool {
    redirects.iter().any(|redirect| {
        redirect.fd.unwrap_or(0) == 0
            && matches!(
                redirect.kind,
                RedirectKind::Input
                    | RedirectKind::HereDoc
                    | RedirectKind::HereDocStrip
                    | RedirectKind::HereString
                    | RedirectKind::DupInput
                    | RedirectKind::ReadWrite
            )
    })
}

fn literal(word: &Word) -> Option<String> {
    word.parts
        .iter()
        .map(|part| match part {
            WordPart::Literal(text) => Some(text.as_str()),
            _ => None,
        })
        .collect()
}
