//! Whether a script can read what is written to it.
//!
//! **Promise.** Input is waited for only if some command of the script could read it: one that [reads](readers) by its
//! nature, that was given no file to read instead, and that no pipe or redirection feeds. What a function does counts where
//! it is called. Because the interpreter takes its input as a whole, it is then read to its end before the script begins;
//! there is no conversation with a script. **Bound.** What cannot be seen without running it — `eval`, `source`, other
//! scripts, names out of variables, functions of earlier runs — counts as not reading. **Cost.** A walk through the script.

mod awk;
mod jq;
mod readers;

use std::collections::BTreeMap;
use std::slice;

use bashkit::parser::{
    AssignmentValue, Command, CompoundCommand, Redirect, RedirectKind, SimpleCommand, Word, WordPart,
};

use crate::parsed::{lists, text, words};

/// Whether a script can read its input.
pub(crate) fn is_read(script: &[Command]) -> bool {
    let mut walk = Walk::default();
    walk.define(script);
    walk.any(script)
}

/// What a script defines, on the way through it.
#[derive(Default)]
struct Walk<'a> {
    functions: BTreeMap<&'a str, Vec<&'a Command>>,
    /// Calls that are being looked at, so that one that calls itself is looked at once.
    entered: Vec<&'a str>,
}

impl<'a> Walk<'a> {
    fn define(&mut self, commands: &'a [Command]) {
        for found in commands {
            match found {
                Command::Simple(_) => {}
                Command::Pipeline(found) => self.define(&found.commands),
                Command::List(found) => {
                    self.define(slice::from_ref(&*found.first));
                    found
                        .rest
                        .iter()
                        .for_each(|(_, next)| self.define(slice::from_ref(next)));
                }
                Command::Compound(found, _) => lists(found).into_iter().for_each(|list| self.define(list)),
                Command::Function(found) => {
                    self.functions.entry(&found.name).or_default().push(&found.body);
                    self.define(slice::from_ref(&*found.body));
                }
            }
        }
    }

    fn any(&mut self, commands: &'a [Command]) -> bool {
        commands.iter().any(|found| self.command(found))
    }

    fn command(&mut self, found: &'a Command) -> bool {
        match found {
            Command::Simple(found) => self.simple(found),
            // The others are fed by the one before.
            Command::Pipeline(found) => found.commands.first().is_some_and(|first| self.command(first)),
            Command::List(found) => {
                self.command(&found.first) || found.rest.iter().any(|(_, next)| self.command(next))
            }
            Command::Compound(found, redirects) => {
                words(found).into_iter().any(|list| self.words(list))
                    || (!is_fed(redirects) && self.compound(found))
            }
            Command::Function(_) => false,
        }
    }

    fn compound(&mut self, found: &'a CompoundCommand) -> bool {
        matches!(found, CompoundCommand::Select(_)) || lists(found).into_iter().any(|list| self.any(list))
    }

    fn simple(&mut self, found: &'a SimpleCommand) -> bool {
        let of_values = found
            .assignments
            .iter()
            .any(|assignment| match &assignment.value {
                AssignmentValue::Scalar(word) => self.words(slice::from_ref(word)),
                AssignmentValue::Array(words) => self.words(words),
            });
        self.words(&found.args) || of_values || (!is_fed(&found.redirects) && self.call(found))
    }

    /// Whether what is substituted in words reads.
    fn words(&mut self, words: &'a [Word]) -> bool {
        let mut parts = words.iter().flat_map(|word| &word.parts);
        parts.any(|part| matches!(part, WordPart::CommandSubstitution(commands) if self.any(commands)))
    }

    fn call(&mut self, found: &'a SimpleCommand) -> bool {
        let name = text(&found.name);
        let Some((name, bodies)) = self.functions.get_key_value(name.as_str()) else {
            let args: Vec<String> = found.args.iter().map(text).collect();
            return readers::reads(&name, &args);
        };
        let (name, bodies) = (*name, bodies.clone());
        if self.entered.contains(&name) {
            return false;
        }
        self.entered.push(name);
        let reads = bodies.into_iter().any(|body| self.command(body));
        self.entered.pop();
        reads
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
